"""Bytes read as an entity: what is one, what is not and why, and the revision reported."""

from __future__ import annotations

import hashlib

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.core.records.record import History
from loop_cli.errors import InvalidFile
from loop_cli.planning import snapshot
from loop_cli.planning.snapshot import Parsed, etag_of, observe, parse

NAMES = FieldNames()
NOTES = FieldNames(id="@stem", type="@folder")
HEAD = b"---\nentity_id: tsk-1\nentity_type: Task\n"


def read(data: bytes, path: str = "a/b.md", names: FieldNames = NAMES) -> Parsed:
    return parse(data, path, names)


def reason(data: bytes, names: FieldNames = NAMES) -> tuple[str, int | None]:
    with pytest.raises(InvalidFile) as caught:
        read(data, names=names)
    assert caught.value.details["path"] == "a/b.md"
    return caught.value.details["reason"], caught.value.details["line"]


def test_the_etag_is_the_beginning_of_the_sha_256_of_the_bytes() -> None:
    assert etag_of(b"") == "e3b0c44298fc1c14"
    assert etag_of(HEAD) == hashlib.sha256(HEAD).hexdigest()[:16]


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"---\n",
        HEAD + b"---",
        b"\xef\xbb\xbf" + HEAD + b"---\nbody",
        HEAD.replace(b"\n", b"\r\n") + b"---\r\n",
        HEAD + "한글: 값\n---\n본문".encode(),
    ],
)
def test_what_is_an_entity(data: bytes) -> None:
    found = read(data)

    assert (found.id, found.type, found.name) == ("tsk-1", "Task", None)
    assert found.document.text.encode() == data


@pytest.mark.parametrize(
    ("data", "words", "line"),
    [
        (b"", "no frontmatter", 1),
        (b"text\n", "no frontmatter", 1),
        (b"\n" + HEAD + b"---\n", "no frontmatter", 1),
        (HEAD, "not closed", 1),
        (HEAD + b"x: [\n---\n", "broken YAML", 4),
        (HEAD + b'x: 1\ny: "\\q"\n---\n', "broken YAML", 5),
        (b"---\n- a\n---\n", "not a mapping", 2),
        (b"---\nentity_id: {{ID}}\n---\n", "template", 2),
        (b"---\nentity_id: a\n---\n", "has no entity_type", 1),
        (b"---\nentity_type: Task\n---\n", "has no entity_id", 1),
        (b"---\nentity_type: Task\nentity_id:\n---\n", "has no entity_id", 1),
        (b"---\nentity_type: Task\nentity_id: [a]\n---\n", "has no entity_id", 1),
        (b"---\nentity_type: Task\nentity_id: true\n---\n", "has no entity_id", 1),
        (HEAD + b"x: \xff\n---\n", "not UTF-8", 4),
    ],
)
def test_what_is_none_and_why(data: bytes, words: str, line: int) -> None:
    why, where = reason(data)

    assert words in why
    assert where == line


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    assert "too large" in reason(HEAD + b"---\n" + b"x" * snapshot.MAX_FILE_BYTES)[0]


def test_an_id_may_be_a_number() -> None:
    assert read(b"---\nentity_id: 12\nentity_type: Task\n---\n").id == "12"


def test_names_of_fields_are_settings() -> None:
    names = FieldNames(id="key", type="kind", name="title")

    found = read(b"---\nkey: k\nkind: Note\ntitle: t\n---\n", names=names)

    assert (found.id, found.type, found.name) == ("k", "Note", "t")


def test_stem_and_folder() -> None:
    found = parse(b"---\n---\n", "요리/한식/김치.md", NOTES)

    assert (found.id, found.type) == ("김치", "요리")
    assert parse(b"---\n---\n", "top.md", NOTES).type == "Note"


def test_duplicate_keys_are_warned_of_with_their_lines() -> None:
    found = read(HEAD + b"a: 1\nb: 2\na: 3\n---\n")

    assert found.fields["a"] == 3
    assert found.warnings == ("a/b.md: a is there 2 times (lines 4, 6); the last one counts",)


@pytest.mark.parametrize("value", ["yesterday", "20260109", "2026-01-09T10:00:00.1234567", "[]"])
def test_a_time_that_is_none_counts_as_no_updated(value: str) -> None:
    parsed = read(HEAD + f"updated: {value}\n---\n".encode())

    found = observe(parsed, modified=0, history=History(), names=NAMES)

    assert found.literal is None
    assert found.stand_in
    assert not found.edited_outside
    assert found.entity.revision.updated_at.startswith("1970-01-01T00:00:00.")
