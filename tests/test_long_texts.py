"""Long hostile texts: whatever a file holds, reading it takes no more than its length in time.

Each shape once took the square of its length, or of a part of it.
"""

from __future__ import annotations

import re
import time
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core import links, places
from loop_cli.core.entity import FieldNames
from loop_cli.core.names import nfc
from loop_cli.core.wanted import Wanted
from loop_cli.markdown import duplicates, notes, patch, reader
from loop_cli.markdown.lines import Lines
from loop_cli.planning import relinking, resolution
from loop_cli.vault.index import refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

LENGTH = 400_000
NAMES = FieldNames()


@contextmanager
def soon() -> Iterator[None]:
    """What takes the square takes minutes."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 10


def of(text: str, length: int = LENGTH) -> str:
    return text * (length // len(text))


KEYS = "".join(f"k{number}: v\n" for number in range(LENGTH // 12))


@pytest.mark.parametrize(
    "text",
    [
        KEYS,
        of("k: v\n"),
        "".join(f"k{number % 99}: v{number}\n" for number in range(LENGTH // 12)),
        "".join(f"k{number}: 99999999999999999999\n" for number in range(LENGTH // 30)),
        "".join(f'"k{number}": v\n' for number in range(LENGTH // 14)),
        "a:\n" + "".join(f"  k{number}: v\n" for number in range(LENGTH // 14)),
        "a:\n" + of("- b\n"),
        KEYS + "".join(f"t{number}:\tv\n" for number in range(190)),
    ],
    ids=["keys", "one key", "few keys", "numbers", "quoted", "nested", "list", "tabs"],
)
def test_frontmatter(text: str) -> None:
    with soon():
        try:
            fields = reader.read(text)
        except reader.YamlSyntaxError as error:
            assert "tabs" in error.reason
            return
        name = next(iter(fields))
        duplicates.duplicate_paths(text)
        duplicates.without_repeats(text, name)
        lines = Lines(text)
        for key, value in list(fields.items())[:3000]:
            assert lines.of((key,)) > 0
            items = range(len(value)) if isinstance(value, list) else ()
            assert all(lines.of((key, item)) == item + 2 for item in items[:3000])
        notes.above(text, {key: ["note"] for key in list(fields)[:3000]}, "#~")
        try:
            patch.patch(text, [patch.Set((name,), "10:30"), patch.Set(("new",), {"a": "b: c"})])
        except patch.PatchError as error:
            assert "more than once" in error.reason


@pytest.mark.parametrize(
    "line", [" " * LENGTH + "x", "\t" * LENGTH + "x", "'" * LENGTH, "a " * LENGTH, "\n" * LENGTH]
)
def test_the_line_of_an_id_in_a_broken_file(line: str) -> None:
    with soon():
        refresh.broken(f"---\nentity_id: a{line}".encode()[: 1 << 16], "a.md", NAMES, problem="x")
        resolution.claims(f"---\nentity_id: a{line}".encode()[: 1 << 16], "b.md", "a", NAMES)


@pytest.mark.parametrize(
    ("line", "claim"),
    [
        ("entity_id: tsk-1", "tsk-1"),
        ("entity_id: 'tsk-1'  # why", "tsk-1"),
        ('"entity_id" : "tsk-1"', "tsk-1"),
        ("entity_id:\n  tsk-1", "tsk-1"),
        ("entity_id: tsk-1#x", "tsk-1"),
        ("entity_id: tsk 1 ", "tsk 1"),
        (r'entity_id: "\u0041"', "A"),
    ],
)
def test_such_a_line_is_still_understood(line: str, claim: str) -> None:
    assert claim in refresh.broken(f"---\n{line}\n: [".encode(), "a.md", NAMES, problem="x").claims


LINKED = {
    "ticks": of("`"),
    "rising ticks": " ".join("`" * number for number in range(1, 900)),
    "falling ticks": " ".join("`" * number for number in range(900, 1, -1)),
    "tildes": of("~"),
    "fences": "".join("`" * (3 + number) + " a\n" for number in range(800)),
    "brackets": of("[["),
    "links": of("](<"),
    "blanks": "](" + " " * LENGTH,
}


@pytest.mark.parametrize("text", LINKED.values(), ids=LINKED)
def test_links(text: str) -> None:
    found = links.Moving({"a/x.md": "b/y.md"}, links.Files(["a/x.md"]))
    with soon():
        relinking.relinked(f"{text}[[x]](q)", "a/h.md", found)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("[[x]]", True),
        ("`[[x]]`", False),
        ("``[[x]]`", True),
        ("``a`[[x]]``", False),
        ("`` ` [[x]]", True),
        ("`a\n\n[[x]]`", True),
        ("`a\n[[x]]`", False),
        ("```\n[[x]]\n```", False),
        ("```\n[[x]]", False),
        ("``` a ``` [[x]]", True),
        ("````\n```\n[[x]]\n````", False),
        ("~~~\n[[x]]\n~~~\n", False),
        ("`b` [[x]] `c`", True),
    ],
)
def test_what_stands_in_code_is_no_link(text: str, changed: bool) -> None:
    found = links.Moving({"a/x.md": "b/y.md"}, links.Files(["a/x.md"]))
    new = text.replace("[[x]]", "[[y]]") if changed else text
    assert relinking.relinked(text, "a/h.md", found).text == new


def test_a_search_in_one_long_line() -> None:
    with soon():
        found = Wanted("needle").found(["n"], of("needle ", 4 * LENGTH))
    assert found is not None
    assert found.text is not None
    assert len(found.text) < 500


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0316", "가\u0301\u0316"])
def test_a_text_of_marks_alone(marks: str) -> None:
    with soon():
        nfc(of(marks))
        Wanted("needle").found(["n"], of(marks))


@given(st.text("ae\u0301\u0316\u0323가ᄀ\u1161\u11a8é ", max_size=40), st.integers(0, 3000))
def test_other_long_texts_are_put_in_normal_form(text: str, blanks: int) -> None:
    long = f"{text}{'한 글 ' * blanks}{text}"
    assert nfc(long) == unicodedata.normalize("NFC", long)


def test_many_folders_with_many_ways_to_be_as_a_place_says() -> None:
    deep = "/".join(["a"] * 900)
    with soon():
        for folder in ("/".join(["..."] * 30) + "/b", "{x}" * 60 + "b", "/".join(["{x}a{y}"] * 9)):
            with pytest.raises(places.NoPlace):
                places._like(folder, "Task", [f"{deep}/x.md", "a" * 250 + "/x.md"])


PARTS = st.lists(st.sampled_from(["...", "a", "{x}", "a{x}", "{x}b", "{x}{y}", "a{x}b{y}"]))


@given(PARTS.filter(bool), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6))
def test_a_place_means_what_a_pattern_of_it_would(parts: list[str], names: list[str]) -> None:
    pattern = "/".join(
        "[^/]+(?:/[^/]+)*" if part == "..." else re.sub(r"\{.\}", "[^/]+", part) for part in parts
    )
    expected = re.fullmatch(pattern, "/".join(names)) is not None
    assert places._fits(names, parts) is expected
