"""Bodies put back and appended, frontmatter of other shapes, files that can't be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_values import kept, note

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


def vault(own: Path, data: bytes) -> Path:
    """A vault of one note `n` with these bytes."""
    file = note(own, "")
    file.write_bytes(data)
    return file


@pytest.mark.parametrize(
    "body",
    ["one\ntwo\n", "one\ntwo", "", "\n\none\n\n\n", "one\r\ntwo\r\n", "mixed\r\nlines\nhere\r\n"],
)
def test_a_body_put_back_is_no_change(loop: Loop, own: Path, body: str) -> None:
    file = vault(own, f"---\na: 1\n---\n{body}".encode())
    place = ("--vault", str(own))
    before = file.read_bytes()

    printed = loop("get", "n", "--field", "body", *place).stdout
    (own / "body").write_bytes(printed)
    done = loop("update", "n", "--body-file", str(own / "body"), "--force", "--json", *place)

    assert printed == body.encode()
    assert done.json["changed"] is False
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        (b"---\r\na: 1\r\n---\r\none\r\n", b"two\nthree\n", b"one\r\ntwo\r\nthree\r\n"),
        (b"---\na: 1\n---\none\n", b"two\r\n", b"one\ntwo\n"),
        (b"---\na: 1\n---\none", b"two\n", b"one\ntwo\n"),
        (b"---\r\na: 1\r\n---\r\n", b"\xef\xbb\xbftwo\n", b"two\r\n"),
    ],
)
def test_lines_are_appended_in_the_file_s_line_ending(
    loop: Loop, own: Path, before: bytes, given: bytes, after: bytes
) -> None:
    file = vault(own, before)
    (own / "more").write_bytes(given)

    done = loop("update", "n", "--append-body", str(own / "more"), "--force",
                "--vault", str(own))  # fmt: skip

    assert done.code == 0, done.err
    assert file.read_bytes().endswith(b"---\r\n" + after if b"\r" in before else b"---\n" + after)


def test_a_whole_file_is_no_body(loop: Loop, own: Path) -> None:
    file = note(own, "a: 1\n")
    (own / "whole").write_bytes(file.read_bytes() + b"more\n")
    before = file.read_bytes()

    done = loop("update", "n", "--body-file", str(own / "whole"), "--force", "--json",
                "--vault", str(own))  # fmt: skip

    assert done.code == 6
    assert "loop edit" in done.error["hint"]
    assert file.read_bytes() == before


def test_a_body_may_begin_with_a_rule(loop: Loop, own: Path) -> None:
    file = note(own, "a: 1\n")
    (own / "rule").write_text("---\nnote: to the reader\n---\n")

    done = loop("update", "n", "--body-file", str(own / "rule"), "--force",
                "--vault", str(own))  # fmt: skip

    assert done.code == 0, done.err
    assert file.read_text().endswith("---\n---\nnote: to the reader\n---\n")


@pytest.mark.parametrize(
    "data", [b"---\n\n# Title\n\ntext\n", b"---\n", b"---", b"text\n", b"", b"\xef\xbb\xbftext\n"]
)
def test_a_note_without_frontmatter_gets_it_with_its_first_field(
    loop: Loop, own: Path, data: bytes
) -> None:
    file = vault(own, data)
    place = ("--vault", str(own))
    assert loop("check", *place).code == 0

    assert loop("update", "n", "status=done", "--force", *place).code == 0

    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef") else b""
    assert file.read_bytes().startswith(mark + b"---\nstatus: done\n")
    assert file.read_bytes().endswith(b"---\n" + data.removeprefix(mark))
    assert loop("get", "n", "--field", "status", *place).out == "done\n"


def test_dots_close_frontmatter_and_stay(loop: Loop, own: Path) -> None:
    file = vault(own, b"---\na: 1\n...\nbody\n---\nmore\n")

    assert loop("update", "n", "a=2", "--force", "--vault", str(own)).code == 0

    assert file.read_text().startswith("---\na: 2\n")
    assert file.read_text().endswith("\n...\nbody\n---\nmore\n")


@pytest.mark.parametrize(
    "data",
    [
        b"---\ntitle: x\n<<<<<<< HEAD\nstatus: todo\n=======\nstatus: done\n>>>>>>> other\n---\n",
        b"<<<<<<< HEAD\n---\na: 1\n=======\n---\na: 2\n>>>>>>> other\n---\n",
    ],
)
def test_conflict_markers_are_called_that(loop: Loop, own: Path, data: bytes) -> None:
    vault(own, data)

    found = loop("check", "--json", "--vault", str(own))

    assert found.code == 6
    assert "conflict markers" in found.out
    line = data.split(b"<<<<")[0].count(b"\n") + 1
    assert f'"line": {line}' in found.out


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        ("a: 1\ntags:\n\u00a0 - x\n", 4),
        ("a: 1\ntitle:\u00a0Foo\nb: 2\n", 3),
        ("a: 1\n\u3000b: [\n", 3),
    ],
)
def test_a_no_break_space_is_named_where_it_stands(
    loop: Loop, own: Path, yaml: str, line: int
) -> None:
    note(own, yaml)

    done = loop("get", "n", "--json", "--vault", str(own))

    assert done.code == 6
    assert done.error["line"] == line
    assert "blank" in done.error["reason"]


def test_a_mark_before_lines_of_json_is_passed_over(loop: Loop, own: Path) -> None:
    file = note(own, "a: 1\n")
    (own / "lines").write_bytes(b'\xef\xbb\xbf{"id": "n", "set": {"a": 2}}\n')

    done = loop("apply", str(own / "lines"), "--force", "--vault", str(own))

    assert done.code == 0, done.err
    assert kept(file) == "a: 2\n"


@pytest.mark.parametrize(
    ("frontmatter", "name"),
    [("title: 1984\n", "1984"), ("aliases: [1984]\n", "1984"), ("aliases: 1984\n", "1984")],
)
def test_numbers_are_names(loop: Loop, own: Path, frontmatter: str, name: str) -> None:
    note(own, frontmatter)
    place = ("--vault", str(own))

    if frontmatter.startswith("title"):
        assert loop("search", name, "--ids", *place).out == "n\n"
    else:
        assert loop("get", name, "--field", "entity_id", *place).out == "n\n"
