"""Eight agents on one vault at once: nothing is lost, and who is refused understands why.

How long they work is `LOOP_AGENTS_SECONDS`: 12 otherwise.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.mcp.conftest import TASK, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mcp.conftest import Agent, Way

AGENTS = 8
SECONDS = float(os.environ.get("LOOP_AGENTS_SECONDS", "12"))
TASKS = (TASK, "tsk-019-07")


class Worker:
    """A script that does what a refusal says. It counts up a number, and adds tags of its own."""

    def __init__(self, agent: Agent, name: str) -> None:
        self._agent = agent
        self._name = name
        self.counted: Counter[str] = Counter()  # by task, what it has added
        self.tags: list[tuple[str, str]] = []
        self.refusals: Counter[str] = Counter()

    async def work(self, until: float) -> None:
        number = 0
        while time.monotonic() < until:
            task = TASKS[number % len(TASKS)]
            await self._count(task)
            await self._tag(task, f"{self._name}-{number}")
            number += 1

    async def _count(self, task: str) -> None:
        """The new value depends on the old one, so a refusal means: read again, decide again."""
        while True:
            read = await self._agent("get", id=task, fields=["estimated_hours"])
            wanted = (read["fields"].get("estimated_hours") or 0) + 1
            change = {"id": task, "set": {"estimated_hours": wanted}, "if_match": read["etag"]}
            if await self._try("update", change):
                self.counted[task] += 1
                return

    async def _tag(self, task: str, tag: str) -> None:
        """What others do to other fields does not matter here."""
        etag = await self._agent.etag(task)
        change = {"id": task, "add": {"tags": [tag]}, "if_match": etag}
        while not await self._try("update", change):
            change["if_match"] = await self._agent.etag(task)
        self.tags.append((task, tag))

    async def _try(self, tool: str, given: dict[str, Any]) -> bool:
        """Whether it landed; as the error says, it is tried again on top, or to be read again."""
        done = await self._agent.client.call_tool(tool, given)
        found: dict[str, Any] = done.structured_content
        if not done.is_error:
            return True
        assert (found["code"], found["nothing_written"], found["retryable"]) == (
            "conflict", True, True,
        ), found  # fmt: skip
        assert found["changes"], found
        assert "Nothing was written" in found["message"]
        assert all(one["actor"] and one["source"] for one in found["changes"])
        overlap = any(one["overlap"] for one in found["fields"])
        self.refusals["overlap" if overlap else "no overlap"] += 1
        if not overlap:
            assert found["hint"] == "repeat the call with on_conflict: rebase"
            again = await self._agent.client.call_tool(tool, {**given, "on_conflict": "rebase"})
            return not again.is_error
        assert found["hint"].startswith(f"call get with id {given['id']}")
        return False


def value(way: Way, task: str, field: str) -> Any:
    return way.files("get", task, "--json").json["fields"].get(field)


@pytest.mark.parametrize("door", ["files", "mcp of serve"])
def test_nothing_is_lost_and_each_refusal_leads_on(opened: Callable[[str], Way], door: str) -> None:
    way = opened(door)
    before = {task: value(way, task, "estimated_hours") or 0 for task in TASKS}
    workers: list[Worker] = []

    async def work() -> None:
        ready = anyio.Event()

        async def one(name: str) -> None:
            async with way.agent() as agent:
                worker = Worker(agent, name)
                workers.append(worker)
                if len(workers) == AGENTS:
                    ready.set()
                await ready.wait()
                await worker.work(time.monotonic() + SECONDS / 2)

        async with anyio.create_task_group() as tasks:
            for number in range(AGENTS):
                tasks.start_soon(one, f"agent{number}")

    run(work, seconds=SECONDS + 120)

    refused = sum((one.refusals for one in workers), Counter[str]())
    for task in TASKS:
        counted = sum(one.counted[task] for one in workers)
        assert value(way, task, "estimated_hours") == before[task] + counted
        tags = [tag for one in workers for of, tag in one.tags if of == task]
        assert set(tags) <= set(value(way, task, "tags"))
    acknowledged = sum(one.counted.total() + len(one.tags) for one in workers)
    assert acknowledged == len(way.files.records)
    assert refused["overlap"] + refused["no overlap"] > 0
    assert way.files("audit", "verify").code == 0
    print(f"\n{door}: {acknowledged} changes landed, {dict(refused)} refused")
