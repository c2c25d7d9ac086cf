"""`loop` without arguments: what there is, what has happened, what is usually done next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from loop_cli.core import days
from loop_cli.wire import check as models_check
from tests.cli.test_times import instant
from tests.zones import in_zone

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


def overview(loop: Loop) -> dict[str, Any]:
    """The document, whose shape is checked on the way."""
    document: dict[str, Any] = loop("--json").json
    models_check.OverviewDocument.model_validate(document)
    return document


def test_what_is_next_names_the_day_of_the_zone(loop: Loop) -> None:
    """East of UTC a day begins on the day before in UTC."""
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    loop.extra["TZ"] = zone = "Pacific/Kiritimati"
    found = overview(loop)
    with in_zone(zone):
        yesterday = days.local_day(instant(found["since"]))

    assert f"loop log --since {yesterday}" in found["next"]
    assert found["since"][:10] < yesterday
    assert len(loop("log", "--since", yesterday, "--json").lines) == 1


class TestWithAVault:
    def test_it_counts_by_type_and_status_in_the_schemas_order(self, read_only: Loop) -> None:
        types = overview(read_only)["types"]

        assert types["Task"] == {
            "count": 8,
            "status": {"todo": 1, "doing": 2, "hold": 1, "done": 3, "blocked": 1},
        }
        assert sum(one["count"] for one in types.values()) == overview(read_only)["entities"] == 22

    def test_it_names_what_is_overdue_and_not_done(self, loop: Loop) -> None:
        before = {one["entity_id"] for one in overview(loop)["overdue"]}
        loop.write_task("tsk-019-90", "due: 2020-01-01")
        loop.write_task("tsk-019-91", "due: 2999-01-01")
        done = loop.write_task("tsk-019-92", "due: 2020-01-01")
        done.write_text(done.read_text().replace("status: todo", "status: done"))

        found = overview(loop)["overdue"]

        assert {one["entity_id"] for one in found} - before == {"tsk-019-90"}
        assert found[0] == {"entity_id": "tsk-019-90", "entity_name": "made", "due": "2020-01-01"}

    def test_it_tells_of_changes_in_the_log(self, loop: Loop) -> None:
        assert overview(loop)["changes"] == {"records": 0, "entities": 0, "actors": {}}
        for value in ("low", "high"):
            assert loop("update", "tsk-019-14", f"priority={value}", "--force").code == 0

        changes = overview(loop)["changes"]

        assert (changes["records"], changes["entities"]) == (2, 1)
        assert [*changes["actors"].values()] == [2]

    def test_it_tells_of_edits_outside_and_only_of_recorded_entities(self, loop: Loop) -> None:
        assert loop("update", "tsk-019-14", "priority=low", "--force").code == 0
        assert overview(loop)["edited_outside"] == []
        for entity in ("tsk-019-14", "tsk-019-13"):  # the second has no record
            path = loop.path(f"{loop.TASKS}/{entity}.md")
            path.write_text(path.read_text() + "one line more\n")

        (one,) = overview(loop)["edited_outside"]

        assert (one["entity_id"], one["path"]) == ("tsk-019-14", loop.TASK)

    def test_people_get_a_page_and_exit_0(self, loop: Loop) -> None:
        loop.write_task("tsk-019-90", "due: 2020-01-01")

        done = loop()

        assert (done.code, done.err) == (0, "")
        assert re.search(r"Task +9 +todo 2, doing 2, hold 1, done 3, blocked 1", done.out)
        assert re.search(r"tsk-019-90 +2020-01-01 +made", done.out)
        assert "No changes in the log since yesterday" in done.out
        assert "loop help" in done.out

    def test_a_vault_named_in_front_does_as_well(self, loop: Loop) -> None:
        done = loop("--vault", str(loop.vault), env={"LOOP_VAULT": None})

        assert (done.code, str(loop.vault) in done.out) == (0, True)

    def test_names_are_shown_and_never_interpreted(self, loop: Loop) -> None:
        text = '"[bold]\\e]0;x\\a"'
        path = loop.write_task("tsk-019-90", "due: 2020-01-01")
        path.write_text(path.read_text().replace("entity_name: made", f"entity_name: {text}"))

        assert "[bold]\\x1b]0;x\\x07" in loop().out

    def test_it_writes_nothing_into_the_vault(self, loop: Loop) -> None:
        before = sorted(loop.vault.rglob("*"))
        assert loop().code == 0
        assert sorted(loop.vault.rglob("*")) == before


class TestWithoutAVault:
    def test_people_get_the_help_and_exit_2(self, loop: Loop) -> None:
        done = loop(env={"LOOP_VAULT": None})

        assert done.code == 2
        assert "Usage" in done.out
        assert "loop help" in done.out

    def test_programs_get_an_error(self, loop: Loop) -> None:
        error = loop("--json", env={"LOOP_VAULT": None}).error

        assert error["code"] == "no_vault"

    def test_a_vault_that_is_not_there_is_said(self, loop: Loop) -> None:
        done = loop(env={"LOOP_VAULT": "/nowhere"})

        assert (done.code, done.out) == (3, "")
        assert "/nowhere" in done.err


def test_json_belongs_after_a_command(read_only: Loop) -> None:
    error = read_only("--json", "get", "tsk-019-14").error

    assert (error["code"], "after the command" in error["error"]) == ("usage", True)
