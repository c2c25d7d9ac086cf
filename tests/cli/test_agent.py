"""`LOOP_AGENT`: what a program says of itself, never the actor (SPEC §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


def test_it_is_recorded_and_shown_and_is_not_the_actor(loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force")
    named = {"LOOP_AGENT": "정리 bot"}
    assert loop("update", "tsk-019-14", "status=hold", "--force", env=named).code == 0
    first, second = loop.records
    models.AuditRecord.model_validate(second)
    assert "agent" not in first["metadata"]
    assert (second["metadata"]["agent"], second["actor"]) == ("정리 bot", first["actor"])
    for command in (("history", "tsk-019-14"), ("log",), ("diff", "tsk-019-14")):
        shown = loop(*command)
        assert f"{second['actor']}, via 정리 bot (as it says)" in shown.out, command


def test_a_claim_that_was_refused_names_it_too(loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force", env={"LOOP_AGENT": "one"})
    screen = loop.on_terminal("update", "tsk-019-14", "status=hold", "--if", "status=todo")
    assert screen.code == 4


@pytest.mark.parametrize("label", ["a\nb", "\x1b[31m", "x" * 101])
def test_what_is_no_label_is_a_usage_error(loop: Loop, label: str) -> None:
    done = loop("update", "tsk-019-14", "status=doing", "--force", env={"LOOP_AGENT": label})
    assert (done.code, loop.records) == (2, [])


def test_reading_needs_none(loop: Loop) -> None:
    assert loop("get", "tsk-019-14", env={"LOOP_AGENT": "a\nb"}).code == 0
