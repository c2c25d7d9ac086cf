"""`loop update --where`: the plan, the question, what became of each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from loop_cli.wire import find as models_find

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

WHERE = ("--where", "entity_type=Task", "--where", "status=doing")


def statuses(loop: Loop) -> dict[str, str]:
    found = [json.loads(line) for line in loop("list", "task", "--json").lines]
    return {one["entity_id"]: one["fields"]["status"] for one in found}


def test_off_a_terminal_it_asks_for_yes(loop: Loop) -> None:
    before = statuses(loop)

    refused = loop("update", *WHERE, "status=hold")

    assert refused.code == 9
    assert "--yes confirms" in refused.err
    assert statuses(loop) == before


def test_all_that_fit_are_changed_in_one_run(loop: Loop) -> None:
    before = statuses(loop)
    wanted = {one for one, status in before.items() if status == "doing"}

    done = loop("update", *WHERE, "status=hold", "--yes", "--json")

    found = [json.loads(line) for line in done.lines]
    assert done.code == 0
    assert {one["entity_id"] for one in found} == wanted != set()
    for one in found:
        models_find.OutcomeDocument.model_validate(one)
    assert len({one["run_id"] for one in found}) == 1
    after = statuses(loop)
    assert after == {**before, **dict.fromkeys(wanted, "hold")}
    assert len(loop("log", "--run", found[0]["run_id"], "--json").lines) == len(wanted)


def test_a_dry_run_shows_the_plan_and_writes_nothing(loop: Loop) -> None:
    before = statuses(loop)

    done = loop("update", *WHERE, "status=hold", "--dry-run")

    assert done.code == 0
    count = list(before.values()).count("doing")
    assert f"{count} of {count} would change" in done.out
    assert "doing → hold" in done.out
    assert statuses(loop) == before


def test_at_a_terminal_the_plan_is_shown_and_asked_about(loop: Loop) -> None:
    before = statuses(loop)

    no = loop.on_terminal("update", *WHERE, "status=hold", replies=(("[y/N]", "n\r"),))
    assert no.code == 9
    assert "would change" in no.text
    assert statuses(loop) == before
    yes = loop.on_terminal("update", *WHERE, "status=hold", replies=(("[y/N]", "y\r"),))
    assert yes.code == 0
    assert statuses(loop) != before


def test_the_question_tells_of_those_that_can_t_be_changed_so(loop: Loop) -> None:
    change = ("update", "--where", "status=doing", "priority=high")

    no = loop.on_terminal(*change, replies=(("[y/N]", "n\r"),))

    assert "2 of 8 would change, 6 can't be" in no.text
    assert "priority: is not a field of Hypothesis" in no.text
    assert "and 3 more that can't be changed" in no.text
    assert no.code == 9


def test_what_fails_is_told_and_the_others_land(loop: Loop) -> None:
    """In one of them the tags are neither a list nor a text."""
    path = loop.vault / loop("get", "tsk-019-02", "--field", "path").out.rstrip("\n")
    text = re.sub(r"(?ms)^tags:.*?^(?=\w|---)", "tags: {없음: 1}\n", path.read_text())
    path.write_text(text)
    where = ("--where", "entity_id=tsk-019-14,tsk-019-02,tsk-019-07")

    done = loop("update", *where, "tags+=새것", "--yes")

    assert done.code == 6
    assert "tsk-019-02: " in done.out
    assert "2 changed, 0 unchanged, 1 failed" in done.out
    assert "1 of 3 changes did not land" in done.err
    assert path.read_text() == text
    assert "새것" in loop("get", "tsk-019-14", "--field", "tags").out


def test_atomic_changes_all_or_none(loop: Loop) -> None:
    done = loop("update", *WHERE, "status=hold", "--yes", "--atomic", "--json")

    groups = {
        json.loads(line)["metadata"]["group"]["count"] for line in loop("log", "--json").lines
    }
    assert done.code == 0
    assert groups == {len(done.lines)}


def test_nothing_fits(loop: Loop) -> None:
    done = loop("update", "--where", "status=none-such", "status=hold")

    assert done.code == 0
    assert "0 changed" in done.out


def test_a_precondition_is_refused(loop: Loop) -> None:
    for more in (("--if-match", "0" * 16), ("--force",), ("--path", "x.md")):
        assert loop("update", *WHERE, "status=hold", *more).code == 2
    assert loop("update", "tsk-019-14", "status=hold", "--atomic", "--force").code == 2
    assert loop("update").code == 2
    assert loop("update", *WHERE).code == 2
