"""`loop update --where`: the plan, the question, what became of each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.commits import CommitResult
from loop_cli.operations import bulk
from loop_cli.wire import find as models_find

if TYPE_CHECKING:
    from pathlib import Path

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


class TestWarnings:
    """SPEC §4: other conditional rules warn, in bulk too; a date that was filled in is said."""

    CLOSING = ("update", "--where", "entity_type=Task", "--where", "status!=done", "status=done")
    PROJECTS = ("update", "--where", "entity_type=Project", "--where", "status=doing")

    def test_each_is_said_once_with_how_many_and_some_of_the_ids(self, loop: Loop) -> None:
        count = len(loop("list", "task", "--where", "status!=done", "--ids").lines)

        done = loop(*self.CLOSING, "--yes")

        (said,) = [one for one in done.err.splitlines() if "closed was set to" in one]
        assert done.code == 0
        assert said.startswith(f"loop: warning: {count} entities (tsk-")
        assert said.count("tsk-") == 3
        assert said.endswith("it is required when status = done")

    @pytest.mark.parametrize("how", ["--dry-run", "--yes"])
    def test_the_plan_and_the_result_have_them(self, how: str, loop: Loop) -> None:
        (project,) = loop(
            "list", "--where", "entity_type=Project", *self.PROJECTS[3:], "--ids"
        ).lines

        done = loop(*self.PROJECTS, "status=done", how)

        assert done.err == (
            f"loop: warning: {project}: realized_impact is required when status in "
            "[done, cancelled]\n"
        )

    def test_a_person_reads_them_before_the_question_and_not_again(self, loop: Loop) -> None:
        yes = loop.on_terminal(*self.PROJECTS, "status=done", replies=(("[y/N]", "y\r"),))

        before, _question, after = yes.text.partition("[y/N]")
        assert "realized_impact is required" in " ".join(before.split())
        assert "realized_impact" not in after

    def test_a_program_gets_them_in_the_lines_alone(self, loop: Loop) -> None:
        done = loop(*self.PROJECTS, "status=done", "--yes", "--json")

        assert done.err == ""
        assert "realized_impact" in json.loads(done.out)["warnings"][0]

    def test_a_typo_in_an_open_schema(self, loop: Loop, tmp_path: Path) -> None:
        folder = tmp_path / "notes"
        folder.mkdir()
        for number in range(5):
            (folder / f"n{number}.md").write_text(f"---\nstatus: todo\ntitle: N {number}\n---\n")
        assert loop("init", str(folder), "--yes").code == 0
        where = ("--where", "status=todo", "--vault", str(folder))

        done = loop("update", *where, "stauts=done", "--yes")

        assert done.code == 0
        assert "5 entities (n0, n1, n2, ...): stauts is new" in done.err
        assert "did you mean status?" in done.err
        assert "5 changed" in done.out

    def test_so_does_apply_without_json(self, loop: Loop) -> None:
        ids = loop("list", "task", "--where", "status!=done", "--ids").lines
        text = "".join(json.dumps({"id": one, "set": {"status": "done"}}) + "\n" for one in ids)

        done = loop("apply", "-", "--dry-run", "--force", stdin=text)

        (said,) = done.err.splitlines()
        assert said.startswith(f"loop: warning: {len(ids)} entities ({ids[0]}, ")
        assert loop("apply", "-", "--dry-run", "--force", "--json", stdin=text).err == ""

    def test_where_a_line_fails_stderr_stays_one_object(self, loop: Loop) -> None:
        lines = [
            {"id": "tsk-019-14", "set": {"status": "done"}},
            {"id": "nosuch", "unset": ["due"]},
        ]

        done = loop("apply", "-", "--force", stdin="\n".join(map(json.dumps, lines)))

        assert done.code == 3
        assert json.loads(done.err)["failed"] == 1


def test_a_warning_of_each_type_names_the_command_that_settles_it(loop: Loop, own: Path) -> None:
    for name, kind in (("t1", "task"), ("t2", "task"), ("t3", "task"), ("kim", "person")):
        (own / f"{name}.md").write_text(f"---\ntype: {kind}\ntitle: {name}\n---\n")
    assert loop("init", str(own), "--yes").code == 0
    place = "--vault", str(own)
    wanted = {
        f"loop: warning: {named}: mood is new: the schema does not know it "
        f"(to allow it: loop schema allow {kind} mood)"
        for named, kind in (("t1, t2, t3", "task"), ("kim", "person"))
    }

    done = loop("update", "--where", "has:title", "mood=x", "--dry-run", *place)
    assert set(done.err.splitlines()) == wanted

    lines = [json.dumps({"id": one, "set": {"mood": "x"}}) for one in ("kim", "t1", "t2", "t3")]
    done = loop("apply", "-", "--force", *place, stdin="\n".join(lines))
    assert set(done.err.splitlines()) == wanted


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.lists(st.sampled_from("xyz"))), max_size=9))
def test_every_warning_counts_each_entity_once(found: list[tuple[str, list[str]]]) -> None:
    results = [(entity_id, _with_warnings(words)) for entity_id, words in found]

    warned = {text: (count, ids) for text, count, ids in bulk.Warned(results)}

    about = {word: [name for name, words in found if word in words] for word in "xyz"}
    assert warned == {word: (len(ids), tuple(ids[:3])) for word, ids in about.items() if ids}


def _with_warnings(words: list[str]) -> CommitResult:
    entity: Any = None  # not looked at where the id is given
    return CommitResult(
        before=entity, after=entity, diff={}, changed=True, record=None, warnings=tuple(words)
    )
