"""An edit in place is the edit that the syntax tree would make, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.lean.plain import same
from loop_cli.markdown import document, patch, reader, tree
from loop_cli.markdown.limits import PatchError
from tests.markdown.written import LOOKALIKES, Text, checked, scalars, texts

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
VALUES: tuple[Any, ...] = ("doing", "2026-01-09T14:35:10.123456Z", "a: b", "it's", 'x "y"', 3, True)


def by_tree(text: str, wanted: dict[str, Any], newline: str = "\n") -> str | None:
    try:
        return tree.rewritten(text, reader.read(text), wanted, newline=newline)
    except PatchError:
        return None


def reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return same(reader.read(text), wanted)
    except reader.YamlSyntaxError:
        return False


def in_place(text: str, wanted: dict[str, Any]) -> str | None:
    """What ``patch`` would take of it: what reads as it shall."""
    found = patch.replaced_on_lines(text, reader.read(text), wanted)
    return found if found is not None and reads_as(found, wanted) else None


@checked
@given(texts(), st.dictionaries(st.integers(0, 4), scalars, min_size=1, max_size=3))
def test_it_is_the_edit_of_the_tree(text: Text, values: dict[int, Any]) -> None:
    keys = [entry.key for entry in text.entries]
    changed = {keys[index % len(keys)]: value for index, value in values.items()}
    wanted = {**reader.read(text.yaml), **changed}
    found = in_place(text.yaml, wanted)
    assert found is None or found == by_tree(text.yaml, wanted, text.newline)


KEYS = ("a", "b", "가나", "a b", "true", "null", "'a'", '"a"', '"\\u0061"', "a ", "? a", "1", "a:b")
PIECES = (*LOOKALIKES, "x # c", "x\t# c", "'x' # c", "'x'# c", '"x" ', "5 # c", "5\t# c", "&k x",
          "*k", "!!str 5", "|", ">-", "[x]", "{a: x}", "x\n  y", "'x\n\n  y'", "|\n  a: x", "- x",
          "\n  a: x", "\n- a: x", "-5", "1_000", "0x1F", "  x", "x  ")  # fmt: skip
LINES = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(PIECES)), min_size=1, max_size=4)


@checked
@given(LINES, st.sampled_from(["a", "b", "가나", "a b", "true", "null", "1"]), scalars)
def test_nor_is_it_of_any_other_text(lines: list[tuple[str, str]], key: str, new: Any) -> None:
    text = "".join(f"{name}: {piece}\n" for name, piece in lines)
    try:
        old = reader.read(text)
    except reader.YamlSyntaxError:
        return
    wanted = {**old, key: new}
    found = in_place(text, wanted)
    assert found is None or same(old, wanted) or found == by_tree(text, wanted)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the project")
def test_it_does_for_most_fields_of_a_real_vault() -> None:
    tried = done = 0
    for path in sorted(CORPUS.rglob("*.md")):
        try:
            text = document.split(path.read_bytes().decode()).yaml
            old = reader.read(text)
        except ValueError:
            continue
        for number, (key, value) in enumerate(old.items()):
            if not isinstance(value, str) or not value:
                continue
            wanted = {**old, key: VALUES[number % len(VALUES)]}
            found = in_place(text, wanted)
            tried, done = tried + 1, done + (found is not None)
            assert found in (None, by_tree(text, wanted)), path
    assert (tried, done / tried) > (1_000, 0.8)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("a: x # why\n", "a: new # why\n"),
        ("a:   'x'  # why\nb: 1", "a:   'new'  # why\nb: 1"),
        ('a: "x"\n', 'a: "new"\n'),
        ("b: 1\n\na: x\n# end\n", "b: 1\n\na: new\n# end\n"),
        ("한글: 1\na: x", "한글: 1\na: new"),
    ],
)
def test_the_value_alone_is_another(text: str, new: str) -> None:
    assert in_place(text, {**reader.read(text), "a": "new"}) == new


@pytest.mark.parametrize(
    "text",
    [
        "a: x\n\"a\": x\n", "a: x\na: x\n", "a: x\na : x\n", "a:\n  x\n", "a: |\n  x\n",
        "a: &k x\n", "a: !t x\n", "a: [x]\n", "{a: x}\n", "? a\n: x\n", "a: 'it''s'\n", "a: x\r\n",
        "b: 1\n", "a: \"\\u0041\"\n", "a: x\n  y\n", "a: null\n", "a:\n", "a: 5\t# c\n",
        "&k a: x\n",
    ],
)  # fmt: skip
def test_doubt_is_left_to_the_tree(text: str) -> None:
    assert in_place(text, {**reader.read(text), "a": "new"}) is None
