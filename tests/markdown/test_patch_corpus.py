"""Every file of a real vault can be edited without touching what was not asked for."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import frontmatter
import pytest
import yaml

from loop_cli.lean.plain import same
from loop_cli.markdown import document, reader
from loop_cli.markdown.dialects import is_same_time
from loop_cli.markdown.patch import Remove, Set, apply, patch

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the project"),
]


def readable() -> list[tuple[Path, document.Document, dict[str, Any]]]:
    found = []
    for path in sorted(CORPUS.rglob("*.md")):
        try:
            parts = document.split(path.read_bytes().decode())
            found.append((path, parts, reader.read(parts.yaml)))
        except (document.FrontmatterError, reader.YamlSyntaxError):
            continue
    return found


FILES = readable() if CORPUS.is_dir() else []


def span(lines: list[str], key: str) -> tuple[int, int]:
    """The lines of a top-level entry, from its key to its last indented line or item."""
    start = next(i for i, line in enumerate(lines) if line.partition(":")[0].strip("'\"") == key)
    end = start + 1
    while end < len(lines) and lines[end][:1] in (" ", "-", "#", "\n", "\r"):
        end += 1
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1
    return start, end


@functools.cache
def reads_as_yaml_1_1(text: str) -> bool:
    try:
        frontmatter.loads(text)
    except (yaml.YAMLError, ValueError):
        return False
    return True


def check(path: Path, parts: document.Document, edit: Set | Remove) -> document.Document:
    """Make one edit; all lines outside its entry are the same and all readers agree."""
    edited = parts.replace(yaml=patch(parts.yaml, [edit], newline=parts.newline))
    old = reader.read(parts.yaml)
    wanted = apply(old, [edit])
    assert same(reader.read(edited.yaml), wanted), path
    assert (edited.head, edited.foot, edited.body) == (parts.head, parts.foot, parts.body)
    before, after = parts.yaml.splitlines(True), edited.yaml.splitlines(True)
    key = edit.path[0]
    if key in old:
        start, end = span(before, key)
        assert after[:start] == before[:start], path
        rest = len(before) - end
        assert after[len(after) - rest :] == before[end:], path
    else:
        kept = iter(after)
        assert all(line in kept for line in before), path
    if not reads_as_yaml_1_1(parts.head + parts.yaml + parts.foot):
        return edited
    seen: Any = frontmatter.loads(edited.replace(body="").text).metadata
    if isinstance(edit, Remove):
        assert key not in seen or len(edit.path) > 1, path
    elif not isinstance(edit.value, list):
        for part in edit.path:
            seen = seen[part]
        assert same(seen, edit.value) or is_same_time(edit.value, seen), path
    return edited


def editable(values: dict[str, Any], parts: document.Document) -> list[str]:
    repeated = reader.duplicate_keys(parts.yaml)
    return [key for key in values if key not in repeated]


def rotated(items: list[Any], start: int, most: int) -> list[Any]:
    """Up to ``most`` of the items, from another one on in every file."""
    return [items[(start + step) % len(items)] for step in range(min(most, len(items)))]


def test_the_corpus_is_read() -> None:
    assert len(FILES) > 300
    assert all(parts.text.encode() == path.read_bytes() for path, parts, _ in FILES)


def test_scalars_are_replaced() -> None:
    replaced = 0
    for number, (path, parts, values) in enumerate(FILES):
        keys = [k for k in editable(values, parts) if not isinstance(values[k], (dict, list))]
        for key in rotated(keys, number, 3):
            value = "done" if replaced % 2 else "2026-01-09T14:35:10.123456Z"
            check(path, parts, Set((key,), value))
            replaced += 1
    assert replaced > 2 * len(FILES)


def test_every_kind_of_value_is_written() -> None:
    prose = "첫 줄\n\n- 둘째\n"
    samples: list[Any] = ["10:30", "it's: #1", prose, 3, 1e3, True, None, ["x", "yes"], {"k": [1]}]
    written = set()
    for number, (path, parts, values) in enumerate(FILES):
        keys = editable(values, parts)
        for step, sample in enumerate(rotated(samples, number, 3)):
            check(path, parts, Set((keys[(number + step) % len(keys)],), sample))
            written.add(repr(sample))
    assert len(written) == len(samples)


def test_lists_grow_and_shrink_item_by_item() -> None:
    grown = 0
    for number, (path, parts, values) in enumerate(FILES):
        keys = [key for key in editable(values, parts) if isinstance(values[key], list)]
        for key in rotated(keys, number, 1):
            items = values[key]
            edited = check(path, parts, Set((key,), [*items, "새 항목"]))
            grown += 1
            if items:
                again = check(path, edited, Set((key,), items))
                assert again.text == parts.text, path
                check(path, parts, Set((key,), items[1:]))
    assert grown > 300


def test_nested_fields_change_alone() -> None:
    nested = 0
    for path, parts, values in FILES:
        for key in editable(values, parts):
            if isinstance(values[key], dict):
                for below in values[key]:
                    check(path, parts, Set((key, below), "새 값"))
                    check(path, parts, Remove((key, below)))
                    nested += 1
                check(path, parts, Set((key, "새 필드"), 1))
    assert nested > 20


def test_fields_come_and_go() -> None:
    gone = 0
    for number, (path, parts, values) in enumerate(FILES):
        edited = check(path, parts, Set(("새_필드",), "값"))
        assert patch(edited.yaml, [Remove(("새_필드",))]) == parts.yaml, path
        for key in rotated(editable(values, parts), number, 3):
            check(path, parts, Remove((key,)))
            gone += 1
    assert gone > 2 * len(FILES)
