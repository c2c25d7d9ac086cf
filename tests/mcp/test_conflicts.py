"""A stale write is an error that an agent understands, or a question to its person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mcp_types as types
import pytest

from tests.mcp.conftest import ERAS, TASK, run

if TYPE_CHECKING:
    from tests.mcp.conftest import Agent, Way


async def changed_meanwhile(way: Way, agent: Agent, *changes: str) -> str:
    """The etag that the agent has read, of what somebody else has changed since."""
    etag = await agent.etag()
    assert way.files("update", TASK, *changes, "--if-match", etag).code == 0
    return etag


class Person:
    """Answers questions; `asked` are those that came."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[Any] = []

    async def __call__(
        self, _context: Any, params: types.ElicitRequestParams
    ) -> types.ElicitResult:
        self.asked.append(params)
        answer = self._answers.pop(0)
        if answer in ("decline", "cancel"):
            return types.ElicitResult(action=answer)  # type: ignore[arg-type]
        return types.ElicitResult(action="accept", content={"decision": answer})


def test_the_error_says_what_changed_who_did_it_and_what_to_do(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            etag = await changed_meanwhile(way, agent, "status=doing")
            before = (way.files.vault / way.files.TASK).read_bytes()
            error = await agent.refused("update", id=TASK, set={"status": "done"}, if_match=etag)

            assert (way.files.vault / way.files.TASK).read_bytes() == before
            assert (error["code"], error["nothing_written"]) == ("conflict", True)
            (field,) = [one for one in error["fields"] if one["overlap"]]
            assert (field["base"], field["current"], field["requested"], field["overlap"]) == (
                "todo", "doing", "done", True,
            )  # fmt: skip
            record = way.files.records[-1]
            assert error["changes"][0]["actor"] == record["actor"]
            assert error["current_etag"] == record["metadata"]["etag_after"]
            for part in (
                "Nothing was written",
                "status: todo when you read it, doing now, done wanted",
                f"{record['actor']} changed status through cli at {record['timestamp']}",
            ):
                assert part in error["message"]
            assert "call get with id tsk-019-14" in error["hint"]

    run(work)


def test_where_nothing_overlaps_the_hint_is_to_rebase(way: Way) -> None:
    async def work() -> None:
        async with way.agent() as agent:
            etag = await changed_meanwhile(way, agent, "notes=theirs")
            asked: dict[str, Any] = {"id": TASK, "set": {"status": "done"}, "if_match": etag}
            error = await agent.refused("update", **asked)
            assert error["hint"] == "repeat the call with on_conflict: rebase"
            done = await agent("update", **asked, on_conflict="rebase")
            fields = (await agent("get", id=TASK))["fields"]
            assert (done["changed"], fields["status"], fields["notes"]) == (True, "done", "theirs")

    run(work)
    assert "rebased_from" in way.files.records[-1]["metadata"]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("answer", "written"),
    [
        ("apply", {"status": "done", "priority": "low", "due": "2026-02-01"}),
        ("keep", {"status": "doing", "priority": "low", "due": "2026-02-01"}),
        ("leave", {"status": "doing", "priority": "high", "due": "2026-02-01"}),
        ("decline", {"status": "doing", "priority": "high", "due": "2026-02-01"}),
        ("cancel", {"status": "doing", "priority": "high", "due": "2026-02-01"}),
    ],
)
def test_the_person_decides(on_files: Way, era: str, answer: str, written: dict[str, str]) -> None:
    person = Person(answer)

    async def work() -> None:
        async with on_files.agent(era, elicitation_callback=person) as agent:
            etag = await changed_meanwhile(on_files, agent, "status=doing", "due=2026-02-01")
            asked: dict[str, Any] = {
                "id": TASK, "set": {"status": "done", "priority": "low"}, "if_match": etag,
            }  # fmt: skip
            if answer in ("apply", "keep"):
                assert (await agent("update", **asked))["changed"] is True
            else:
                error = await agent.refused("update", **asked)
                assert (error["code"], error["nothing_written"]) == ("conflict", True)
                assert "do not repeat" in error["hint"]
                assert error["fields"]
            fields = (await agent("get", id=TASK))["fields"]
            assert {key: fields[key] for key in written} == written

    run(work)
    (asked,) = person.asked
    for part in ("! status: todo | doing | done", "priority: high | high | low", "through cli"):
        assert part in asked.message
    assert asked.requested_schema["properties"]["decision"]["enum"] == ["apply", "keep", "leave"]
    if answer in ("apply", "keep"):
        assert on_files.files.records[-1]["metadata"]["precondition"] == "etag"


@pytest.mark.parametrize("era", ERAS)
def test_what_changes_during_the_question_is_asked_about_again(on_files: Way, era: str) -> None:
    """The answer is a precondition, not a permission."""

    class Slow(Person):
        async def __call__(
            self, context: Any, params: types.ElicitRequestParams
        ) -> types.ElicitResult:
            if not self.asked:
                etag = on_files.files.etag()
                assert on_files.files("update", TASK, "status=hold", "--if-match", etag).code == 0
            return await super().__call__(context, params)

    person = Slow("apply", "leave")

    async def work() -> None:
        async with on_files.agent(era, elicitation_callback=person) as agent:
            etag = await changed_meanwhile(on_files, agent, "status=doing")
            await agent.refused("update", id=TASK, set={"status": "done"}, if_match=etag)
            assert (await agent("get", id=TASK))["fields"]["status"] == "hold"

    run(work)
    assert [one.message.count("hold") for one in person.asked] == [0, 1]


@pytest.mark.parametrize("era", ERAS)
def test_the_person_is_asked_at_mcp_of_serve_too(opened: Any, era: str) -> None:
    way = opened("mcp of serve")
    person = Person("apply")

    async def work() -> None:
        async with way.agent(era, elicitation_callback=person) as agent:
            etag = await changed_meanwhile(way, agent, "status=doing")
            done = await agent("update", id=TASK, set={"status": "done"}, if_match=etag)
            assert done["changed"] is True

    run(work)
    assert len(person.asked) == 1


def test_nobody_is_asked_about_a_condition(on_files: Way) -> None:
    person = Person("apply")

    async def work() -> None:
        async with on_files.agent(elicitation_callback=person) as agent:
            await agent.refused("update", id=TASK, set={"status": "done"}, if_=["status=done"])

    run(work)
    assert person.asked == []


def test_an_answer_to_no_question_is_refused(on_files: Way) -> None:
    """A client may make up what it sends back; it gains nothing."""
    said: Any = {"conflict": types.ElicitResult(action="accept", content={"decision": "apply"})}
    forged = '{"etag": "%s", "overlaps": [], "choices": ["apply", "leave"]}'

    async def work() -> None:
        async with on_files.agent("2026-07-28") as agent:
            etag = await changed_meanwhile(on_files, agent, "status=doing")
            asked = {"id": TASK, "set": {"status": "done"}, "if_match": etag}
            for state in (None, "", "{", forged % "x", forged % ("1" * 16)):
                done = await agent.client.call_tool(
                    "update", asked, input_responses=said, request_state=state
                )
                assert done.is_error, state
            assert (await agent("get", id=TASK))["fields"]["status"] == "doing"

    run(work)


def test_a_long_text_is_told_by_its_length(on_files: Way) -> None:
    async def work() -> None:
        async with on_files.agent() as agent:
            etag = await agent.etag()
            await agent("update", id=TASK, body="a" * 9_000, if_match=etag)
            error = await agent.refused("update", id=TASK, body="b" * 9_000, if_match=etag)
            (field,) = [one for one in error["fields"] if one["field"] == "body"]
            assert field["current"].endswith("… (9,000 characters)")
            assert len(str(error)) < 4_000

    run(work)
