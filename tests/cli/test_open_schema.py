"""A schema that `loop init` proposed is open: new fields are written, with a warning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import check as models

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop


@pytest.fixture
def place(loop: Loop, own: Path) -> tuple[str, str]:
    """A vault that `loop init` made."""
    (own / "n.md").write_text("---\ntitle: x\nrating: 1\n---\nbody\n")
    assert loop("init", str(own), "--yes").code == 0
    return "--vault", str(own)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("mood=fine", "fine"),
        ("mood=5", 5),
        ("mood=1.5", 1.5),
        ("mood=true", True),
        ("mood=04321", "04321"),
        ("mood=+15550000", "+15550000"),
        ("mood=2026-01-09", "2026-01-09"),
        ("mood=규칙", "규칙"),
        ("mood:=[1, 2]", [1, 2]),
        ("mood+=a", ["a"]),
        ("mood.inner=5", "5"),
        ("mood=", ""),
    ],
)
def test_a_field_that_it_does_not_know_is_written_and_typed_by_its_value(
    loop: Loop, place: tuple[str, str], given: str, value: object
) -> None:
    done = loop("update", "n", given, "--force", "--json", *place).json
    mood = done["fields"]["mood"]
    assert (mood["inner"] if isinstance(mood, dict) else mood) == value
    assert any("loop schema allow" in one and "mood" in one for one in done["warnings"])


def test_a_misspelt_field_is_written_and_the_nearest_is_named(
    loop: Loop, place: tuple[str, str]
) -> None:
    done = loop("update", "n", "ratings=5", "--force", "--json", *place).json
    assert any("did you mean rating?" in one for one in done["warnings"])


def test_create_and_apply_are_as_open(loop: Loop, place: tuple[str, str]) -> None:
    made = loop("create", "Note", "mood=5", "--name", "new", "--json", *place).json
    assert made["fields"]["mood"] == 5
    assert any("mood" in one for one in made["warnings"])
    line = '{"id": "n", "set": {"mood": 7}}'
    assert "schema allow" in loop("apply", "-", "--force", *place, stdin=line).out


def test_what_stands_there_already_is_no_warning(loop: Loop, place: tuple[str, str]) -> None:
    loop("update", "n", "mood=5", "--force", *place)
    done = loop("update", "n", "rating=3", "--force", "--json", *place).json
    assert "warnings" not in done


def test_identity_stays_read_only(loop: Loop, place: tuple[str, str]) -> None:
    assert loop("update", "n", "updated=2026-01-09", "--force", *place).code == 6


def test_check_lists_such_fields_as_warnings(loop: Loop, place: tuple[str, str]) -> None:
    loop("update", "n", "mood=5", "--force", *place)
    done = loop("check", "--json", *place)
    found = [one["rule"] for one in done.json["findings"]]
    assert (done.code, found) == (0, ["open-field"])


def test_allow_settles_a_field_and_close_ends_it(loop: Loop, place: tuple[str, str]) -> None:
    loop("update", "n", "mood=5", "other=x", "--force", *place)
    assert loop("schema", "allow", "Note", "mood=number", *place).code == 0
    dry = loop("schema", "close", "--dry-run", "--json", *place).json
    models.ClosedSchemaDocument.model_validate(dry)
    assert (dry["changed"], dry["dry_run"]) == (True, True)
    closed = loop("schema", "close", "--json", *place).json
    models.ClosedSchemaDocument.model_validate(closed)
    assert closed["diff"] == {"open": {"old": True, "new": False}}
    assert loop("schema", "close", "--json", *place).json["changed"] is False
    assert loop("update", "n", "new=5", "--force", *place).code == 6
    errors = json.loads(loop("check", "--json", *place).stdout)
    assert [one["rule"] for one in errors["findings"]] == ["unknown-field"]
    assert loop("audit", "verify", *place).code == 0


def test_the_schema_says_that_it_is_open(loop: Loop, place: tuple[str, str]) -> None:
    assert loop("schema", "Note", "--json", *place).json["additionalProperties"] is True
    assert "open" in loop("schema", "Note", *place).out


def test_a_vault_with_a_schema_of_its_own_stays_closed(loop: Loop) -> None:
    assert loop("update", "tsk-019-14", "mood=5", "--force").code == 6


class TestATypeThatItDoesNotKnow:
    """`loop init` lists the types that are there; a note of another may come later."""

    @pytest.fixture
    def typed(self, loop: Loop, own: Path) -> tuple[str, str]:
        (own / "Recipe.md").write_text("---\ntype: Recipe\ntags: [a]\n---\nbody\n")
        assert loop("init", str(own), "--yes").code == 0
        (own / "n.md").write_text("no frontmatter\n")
        return "--vault", str(own)

    def test_gets_the_field_by_the_command_that_the_warning_names(
        self, loop: Loop, typed: tuple[str, str], own: Path
    ) -> None:
        done = loop("update", "n", "stage=open", "--force", "--json", *typed).json
        (warning,) = done["warnings"]
        assert warning == (
            "stage is new: the schema does not know it (to allow it: loop schema allow Note stage)"
        )

        settled = loop("schema", "allow", "Note", "stage", "--json", *typed).json

        assert settled["diff"] == {
            "entity_types": {"old": ["Recipe"], "new": ["Recipe", "Note"]},
            "known_fields.Note": {"old": None, "new": ["stage"], "added": True},
        }
        again = loop("update", "n", "stage=late", "--force", "--json", *typed).json
        assert "warnings" not in again
        assert loop("check", *typed).code == 0
        assert loop("check", "--json", *typed).json["findings"] == []
        loop("schema", "close", *typed)
        assert loop("update", "n", "stage=done", "--force", *typed).code == 0

    def test_a_slip_of_a_type_becomes_none_and_no_warning_asks_for_it(
        self, loop: Loop, typed: tuple[str, str], own: Path
    ) -> None:
        before = (own / ".loop/schema.yaml").read_bytes()
        refused = loop("schema", "allow", "Recipes", "stage", *typed)
        assert (refused.code, (own / ".loop/schema.yaml").read_bytes()) == (2, before)
        assert "did you mean Recipe?" in refused.err

        (own / "m.md").write_text("---\ntype: Recipes\n---\n")
        told = loop("update", "m", "stage=open", "--force", "--json", *typed).json["warnings"]
        assert "stage is new: the schema does not know it" in told
        assert "schema allow" not in str(told)

    def test_a_closed_schema_does_not_recommend_what_it_refuses(
        self, loop: Loop, typed: tuple[str, str]
    ) -> None:
        loop("schema", "close", *typed)
        refused = loop("update", "n", "velocity=3", "--force", "--json", *typed)
        assert refused.code == 6
        assert refused.error["hint"].endswith("lists the fields")
        assert loop("schema", "allow", "Note", "stage", *typed).code == 2

    def test_only_what_is_nearly_a_field_is_meant(
        self, loop: Loop, own: Path, typed: tuple[str, str]
    ) -> None:
        schema = own / ".loop/schema.yaml"
        schema.write_text(schema.read_text().replace("    - status\n", ""))
        given = ("status=open", "tagss=a", "--force", "--json", *typed)
        status, tagss = loop("update", "Recipe", *given).json["warnings"]
        assert "did you mean" not in status
        assert "did you mean tags?" in tagss
        findings = loop("check", "--json", *typed).json["findings"]
        told = {one["field"]: "did you mean" in one["message"] for one in findings}
        assert told["status"] is False
        assert told["tagss"] is True


@pytest.fixture
def folders(loop: Loop, own: Path) -> tuple[str, str]:
    """A vault that `loop init` made, where types are folders."""
    for path in ("Tasks/one.md", "Stories/two.md"):
        (own / path).parent.mkdir()
        (own / path).write_text("---\ntitle: x\n---\n")
    assert loop("init", str(own), "--yes").code == 0
    return "--vault", str(own)


@pytest.mark.parametrize("word", ["Tasks", "tasks", "Task", "task"])
def test_a_word_means_the_type_however_it_is_written(
    loop: Loop, folders: tuple[str, str], word: str
) -> None:
    made = loop("create", word, "--name", "new", "--json", *folders).json
    line = json.dumps({"op": "create", "type": word, "name": "newer"})
    applied = json.loads(loop("apply", "-", *folders, stdin=line).out)

    assert (made["path"], applied["path"]) == ("Tasks/new.md", "Tasks/newer.md")
    listed = loop("list", word, "--ids", *folders).lines
    assert {one.rpartition("/")[2] for one in listed} == {"one", "new", "newer"}


def test_a_type_that_is_no_folder_is_refused(loop: Loop, folders: tuple[str, str]) -> None:
    done = loop("create", "Storys", "--name", "new", "--json", *folders)

    (problem,) = json.loads(done.err)["problems"]
    assert (done.code, problem["problem"]) == (6, "unknown_type")
    assert problem["nearest"] == ["Stories"]
    assert "did you mean Stories?" in done.err
    assert loop("create", "nosuchtype", "--name", "new", *folders).code == 6


def test_a_folder_of_later_and_the_top_are_types_too(
    loop: Loop, own: Path, folders: tuple[str, str]
) -> None:
    (own / "People").mkdir()
    (own / "People/x.md").write_text("---\ntitle: x\n---\n")

    assert loop("create", "People", "--name", "new", "--json", *folders).json["path"]
    for word, name in (("Note", "n1"), ("note", "n2")):
        made = loop("create", word, "--name", name, "--json", *folders).json
        assert made["path"] == f"{name}.md"


def test_the_name_that_names_the_file_is_asked_for_first(
    loop: Loop, own: Path, folders: tuple[str, str]
) -> None:
    screen = loop.on_terminal("create", "Tasks", *folders, replies=(("title: ", "asked for\n"),))

    assert screen.code == 0, screen.text
    assert "title: asked for" in (own / "Tasks/asked for.md").read_text()


def test_where_nobody_can_be_asked_the_name_is_required(
    loop: Loop, folders: tuple[str, str]
) -> None:
    done = loop("create", "Tasks", "--json", *folders)
    (problem,) = done.error["problems"]
    assert (done.code, problem["field"], problem["problem"]) == (6, "title", "required")
    odd = loop("create", "Tasks", "--name", "///", "--json", *folders).error["problems"]
    assert [one["problem"] for one in odd] == ["name"]
    assert loop("create", "Tasks", "--id", "other", "--json", *folders).json["entity_id"]
