"""A bench with a project, and what entities that come and go are tried with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.commits import CommitResult, Create
from loop_cli.core.entity import Precondition
from loop_cli.errors import LoopError
from tests.store.conftest import ONE, TWO, Bench, Harness, text

if TYPE_CHECKING:
    from loop_cli.core.commits import AnyChange
    from loop_cli.core.ids import IdRule
    from loop_cli.core.records.record import AuditRecord

PROJECT = "work/project.md"
THREE = "work/2026/새 폴더/tsk-3.md"
TEXT = """---
entity_type: Task
entity_id: x  # made
entity_name: 새 일
created: {{DATE}}
status: todo
assignee: 개발팀
---

Body of {{ID}}
"""


def new(
    entity_id: str = "tsk-3", *, path: str = THREE, parent: str = "prj-1", **more: Any
) -> Create:
    return Create(
        entity_id=entity_id,
        entity_type="Task",
        path=path,
        fields={"project_id": "prj-1", "parent_id": parent, **more.pop("fields", {})},
        template=TEXT,
        **more,
    )


def made(rule: IdRule, **more: Any) -> Create:
    return new(path="work/{entity_id}.md", **more).replace(entity_id=rule)


@pytest.fixture
def bench(harness: Harness) -> Bench:
    """A store of two Tasks and their project, files of one hour ago."""
    harness.clock.advance(-3600)
    project = text("prj-1").replace(b"entity_type: Task", b"entity_type: Project")
    harness.make({ONE: text("tsk-1", body="Body\n"), TWO: text("tsk-2"), PROJECT: project})
    harness.clock.advance(3600)
    return Bench(harness)


def commit(bench: Bench, *changes: AnyChange, **more: Any) -> list[CommitResult]:
    found = bench.store.commit(changes, origin=bench.origin, **more)
    for one in found:
        assert isinstance(one, CommitResult), one
    return [one for one in found if isinstance(one, CommitResult)]


def refused(bench: Bench, change: AnyChange) -> LoopError:
    (found,) = bench.store.commit([change], origin=bench.origin)
    assert isinstance(found, LoopError), found
    return found


def seen(bench: Bench, entity_id: str = "tsk-1") -> Precondition:
    return Precondition(if_match=bench.find(entity_id).revision.etag)


def last_record(bench: Bench) -> AuditRecord:
    return next(bench.store.records())


def is_there(bench: Bench, path: str) -> bool:
    try:
        bench.harness.bytes_of(path)
    except (KeyError, FileNotFoundError):
        return False
    return True
