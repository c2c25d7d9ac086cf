"""What is written is what was typed: digits, dates, items of lists, keys in another case; and an
undo puts back the text that stood there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.changes import parse_changes
from loop_cli.core.digits import is_exact_number, says_same
from loop_cli.markdown import reader, spelling

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


def note(path: Path, frontmatter: str) -> Path:
    """A vault of one note, `n`, with this frontmatter."""
    (path / ".loop").mkdir()
    (path / ".loop/config.toml").write_text(
        '[fields]\nid = "@stem"\ntype = "@folder"\nname = "title"\n'
    )
    (path / "notes").mkdir()
    file = path / "notes/n.md"
    file.write_text(f"---\n{frontmatter}---\nbody\n")
    return file


def kept(file: Path) -> str:
    """Its frontmatter without what loop adds."""
    lines = file.read_text().split("---\n")[1].splitlines()
    return "".join(f"{line}\n" for line in lines if not line.startswith("updated:"))


def changed(loop: Loop, own: Path, before: str, *changes: str) -> tuple[str, str]:
    """What becomes of a frontmatter by changes, and what is said on stderr."""
    file = note(own, before)
    done = loop("update", "n", *changes, "--force", "--vault", str(own))
    assert done.code == 0, done.stderr
    return kept(file), done.stderr.decode()


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("v: 1.9\n", "v=1.10", "v: 1.10\n"),
        ("v: 1.9 # of the tool\n", "v=1.10", "v: 1.10 # of the tool\n"),
        ("v: 1.1\n", "v=1.10", "v: 1.10\n"),
        ("v: 1\n", "v=1.0", "v: 1.0\n"),
        ("v: 1\n", "v=-0.50", "v: -0.50\n"),
        ("v: 1\n", "v:=1.10", "v: 1.10\n"),
        ("v: 1.10\n", "v:=1.1", "v: 1.10\n"),
        ("a:\n  v: 1\n", "a.v=2.50", "a:\n  v: 2.50\n"),
        ("v: [1.9, 2.0]\n", "v+=1.10", "v: [1.9, 2.0, 1.10]\n"),
        ("v:\n  - 1.9\n", "v+=1.10", "v:\n  - 1.9\n  - 1.10\n"),
        ("v: 0.1\n", "v=0.12345678901234567890123", "v: 0.12345678901234567890123\n"),
    ],
)
def test_a_number_keeps_the_digits_that_were_typed(
    loop: Loop, own: Path, before: str, change: str, after: str
) -> None:
    assert changed(loop, own, before, change)[0] == after


@pytest.mark.parametrize("text", ["04321", "+15550000", "7654321e8", "0x1F", "1_000", "1e5"])
def test_text_is_not_bent_to_fit_an_inferred_number(loop: Loop, own: Path, text: str) -> None:
    after, said = changed(loop, own, "v: 1\n", f"v={text}")

    assert after == f"v: '{text}'\n"
    assert text in said and "text" in said


def test_a_number_of_the_schema_takes_what_comes_back_only(loop: Loop, own: Path) -> None:
    note(own, "estimated_hours: 1\n")

    done = loop("update", "n", "estimated_hours=08", "--force", "--vault", str(own))

    assert done.code == 6
    assert ":=" in done.stderr.decode()


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("a: 2026-01-08\n", "a=2026-01-09", "a: 2026-01-09\n"),
        ("a: '2026-01-08'\n", "a=2026-01-09", "a: '2026-01-09'\n"),
        ("a: 2026-01-08 10:00\n", "a=2026-01-09T11:00:00+09:00", "a: 2026-01-09T11:00:00+09:00\n"),
        ("a: 2026-01-08\nb: x\n", "b=2026-01-09", "a: 2026-01-08\nb: 2026-01-09\n"),
        ("a: '2026-01-08'\nb: x\n", "b=2026-01-09", "a: '2026-01-08'\nb: '2026-01-09'\n"),
        ("a: 2026-01-08\n", "due=2026-01-09", "a: 2026-01-08\ndue: 2026-01-09\n"),
        ("b: x\n", "due=2026-01-09", "b: x\ndue: '2026-01-09'\n"),
        ("a: [2026-01-08]\n", "a+=2026-01-09", "a: [2026-01-08, '2026-01-09']\n"),
        ("a: 2026-01-08\n", "a=2026-02-30", "a: '2026-02-30'\n"),
    ],
)
def test_a_date_keeps_its_form(loop: Loop, own: Path, before: str, change: str, after: str) -> None:
    assert changed(loop, own, before, change)[0] == after


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("tags: tool\n", "tags+=new", "tags:\n  - tool\n  - new\n"),
        ("tags: a, b\n", "tags+=c", "tags:\n  - a\n  - b\n  - c\n"),
        ("tags: tool\n", "tags+=tool", "tags: tool\n"),
        ("tags: 2024\n", "tags+=new", "tags:\n  - 2024\n  - new\n"),
        ("Tags: [a]\n", "tags+=b", "Tags: [a, b]\n"),
        ("tags: [2024, x]\n", "tags+=2024", "tags: [2024, x]\n"),
        ("tags: [2024, x]\n", "tags-=2024", "tags: [x]\n"),
        ("v: [1.10, 2]\n", "v-=1.10", "v: [2]\n"),
        ("v: ['1.10', a]\n", "v-=1.10", "v: [a]\n"),
        ("v: [true, a]\n", "v-=true", "v: [a]\n"),
    ],
)
def test_lists_are_of_what_their_items_say(
    loop: Loop, own: Path, before: str, change: str, after: str
) -> None:
    assert changed(loop, own, before, change)[0] == after


def test_a_key_in_another_case_is_named(loop: Loop, own: Path) -> None:
    after, said = changed(loop, own, "Status: todo\n", "status=done")

    assert after == "Status: done\n"
    assert "Status" in said


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        ("v: 1.10\n", ["v=2"]),
        ("v: 1.10\n", ["v!"]),
        ("v: 1.10\n", ["v=1.1"]),
        ("v: 0x1F\n", ["v:=7"]),
        ("v: 0o17 # mode\n", ["v:=7"]),
        ("v: 1e3\n", ["v:=7"]),
        ("v: ~\n", ["v=x"]),
        ("v: True\n", ["v:=false"]),
        ("day: 2026-01-08\n", ["day=2026-02-01"]),
        ("day: 2026-01-08\n", ["day=soon"]),
        ("day: 2026-01-08\n", ["day!"]),
        ("at: 2026-01-09 22:44:26 +0900\n", ["at=x"]),
        ("m:\n  v: 1.10\n", ["m.v=2"]),
        ("m: {v: 1.10, w: 0x1F}\n", ["m!"]),
        ("l: [1.10, 2.0]\n", ["l:=[3]"]),
    ],
)
def test_an_undo_puts_back_the_text(loop: Loop, own: Path, before: str, changes: list[str]) -> None:
    file = note(own, f"title: T\n{before}")
    place = ("--vault", str(own))
    assert loop("update", "n", *changes, "--force", *place).code == 0

    assert loop("undo", "--last", "--yes", *place).code == 0

    values = {line.partition(" #")[0] for line in before.splitlines()}
    flat = {line.partition(" #")[0] for line in kept(file).splitlines()}
    if before.startswith(("m: {", "l: [")):  # the layout of a value that was replaced is its own
        assert all(text in kept(file) for text in ("1.10",))
    else:
        assert values <= flat


def test_what_a_private_field_held_is_not_told_by_its_spelling(loop: Loop, own: Path) -> None:
    note(own, "pay: 1.10\n")
    with (own / ".loop/config.toml").open("a") as config:
        config.write('\n[audit]\nprivate = ["pay"]\n')
    place = ("--vault", str(own))

    assert loop("update", "n", "pay=2.50", "--force", *place).code == 0

    logs = [file.read_text() for file in own.rglob("*.jsonl")]
    assert logs and not any("1.10" in text for text in logs)


def test_a_redacted_value_is_not_told_by_its_spelling(loop: Loop, own: Path) -> None:
    note(own, "pay: 1.10\n")
    place = ("--vault", str(own))
    assert loop("update", "n", "pay=2", "--force", *place).code == 0

    assert loop("audit", "redact", "n", "pay", "--yes", *place).code == 0

    assert not any("1.10" in file.read_text() for file in own.rglob("*.jsonl"))
    assert loop("audit", "verify", *place).code == 0


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,12})?", fullmatch=True))
def test_exact_numbers_come_back_with_their_digits(text: str) -> None:
    assert is_exact_number(text)
    made = spelling.respelled(f"v: {reader.read(f'v: {text}')['v']}\n", {("v",): text})
    assert reader.read(made) == reader.read(f"v: {text}\n")


@given(st.text(max_size=8), st.text(max_size=8))
def test_texts_say_the_same_only_where_they_are(one: str, other: str) -> None:
    assert says_same(one, other) == (one == other)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_named_by_its_text(number: float) -> None:
    assert says_same(number, str(number))
    (change,) = parse_changes([f"v:={number!r}"], read=str)
    assert change.value == number
