"""`loop schema allow`: a field more for a type, in one line of the schema, with a record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_values import note

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

SCHEMA = """# ours
---
entity_types: [notes]  # one
known_fields:
  all: [title]
  notes:
    - status  # of the note
required_fields: {}
"""


@pytest.fixture
def closed(own: Path) -> Path:
    """A vault with a schema of its own."""
    note(own, "title: x\n")
    (own / "00_Meta").mkdir()
    (own / "00_Meta/schema_constants.yaml").write_text(SCHEMA)
    return own


def test_a_refusal_names_the_line_that_would_allow_it(loop: Loop, closed: Path) -> None:
    done = loop("update", "n", "rating:=5", "--force", "--json", "--vault", str(closed))

    assert done.code == 6
    (problem,) = done.error["problems"]
    assert problem["allowed_by"] == "00_Meta/schema_constants.yaml:6"
    assert "loop schema allow notes rating" in done.error["hint"]


def test_the_field_is_allowed_in_one_line(loop: Loop, closed: Path) -> None:
    place = ("--vault", str(closed))

    done = loop("schema", "allow", "notes", "rating", "--json", *place)

    assert done.json["changed"] is True
    assert done.json["diff"] == {
        "known_fields.notes": {"old": ["status"], "new": ["status", "rating"]}
    }
    text = (closed / "00_Meta/schema_constants.yaml").read_text()
    assert text == SCHEMA.replace(
        "    - status  # of the note\n", "    - status  # of the note\n    - rating\n"
    )
    assert loop("update", "n", "rating:=5", "--force", *place).code == 0


def test_its_kind_is_kept_to(loop: Loop, closed: Path) -> None:
    place = ("--vault", str(closed))
    assert loop("schema", "allow", "notes", "rating=number", "day=date", *place).code == 0

    assert loop("update", "n", "rating=5", "day=2026-01-09", "--force", *place).code == 0
    assert loop("update", "n", "rating=good", "--force", *place).code == 6
    assert loop("update", "n", "day=soon", "--force", *place).code == 6
    assert loop("get", "n", "--json", *place).json["fields"]["rating"] == 5


def test_it_is_recorded_and_the_log_is_whole(loop: Loop, closed: Path) -> None:
    place = ("--vault", str(closed))
    assert loop("schema", "allow", "notes", "rating", *place).code == 0

    (line,) = [line for log in closed.rglob("*.jsonl") for line in log.open()]
    record = json.loads(line)

    assert (record["entity_type"], record["metadata"]["schema"]) == ("Schema", True)
    assert record["modified_fields"] == ["known_fields.notes"]
    assert loop("audit", "verify", *place).code == 0


def test_what_is_allowed_already_changes_nothing(loop: Loop, closed: Path) -> None:
    done = loop("schema", "allow", "notes", "status", "title", "--vault", str(closed))

    assert done.code == 0
    assert (closed / "00_Meta/schema_constants.yaml").read_text() == SCHEMA
    assert not list(closed.rglob("*.jsonl"))


def test_a_dry_run_writes_nothing(loop: Loop, closed: Path) -> None:
    done = loop("schema", "allow", "notes", "rating", "-n", "--json", "--vault", str(closed))

    assert (done.json["dry_run"], done.json["changed"]) == (True, True)
    assert (closed / "00_Meta/schema_constants.yaml").read_text() == SCHEMA


def test_the_last_change_of_an_entity_is_still_undone(loop: Loop, closed: Path) -> None:
    place = ("--vault", str(closed))
    assert loop("update", "n", "status=done", "--force", *place).code == 0
    assert loop("schema", "allow", "notes", "rating", *place).code == 0

    assert loop("undo", "--last", "--yes", *place).code == 0

    assert loop("get", "n", "--field", "status", *place).out == "\n"


@pytest.mark.parametrize(
    "words", [("nots", "x"), ("notes", "x=thing"), ("notes",), (), ("notes", "=number")]
)
def test_what_makes_no_sense_is_2(loop: Loop, closed: Path, words: tuple[str, ...]) -> None:
    assert loop("schema", "allow", *words, "--vault", str(closed)).code == 2
    assert (closed / "00_Meta/schema_constants.yaml").read_text() == SCHEMA


def test_a_vault_without_a_schema_has_none_to_change(loop: Loop, own: Path) -> None:
    note(own, "title: x\n")

    done = loop("schema", "allow", "Task", "x", "--vault", str(own))

    assert done.code == 2
    assert "loop init" in done.err
