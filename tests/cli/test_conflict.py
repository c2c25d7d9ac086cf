"""A conflict: exit 4, the data that is needed to decide, and a hint that runs (SPEC §5)."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

KEYS = [
    "error", "entity_id", "current_updated_at", "expected_updated_at", "code", "reason",
    "current_etag", "expected_etag", "fields", "changes", "path", "retryable", "hint",
]  # fmt: skip
UPDATE = ("update", "tsk-019-14")


@pytest.fixture
def etag(loop: Loop) -> str:
    """The etag that a first reader saw, before somebody set the status to doing."""
    seen = loop.etag()
    assert loop(*UPDATE, "status=doing", "--if-match", seen).code == 0
    return seen


def test_it_is_one_json_object_with_frozen_keys(loop: Loop, etag: str) -> None:
    before = loop.path().read_bytes()
    error = loop(*UPDATE, "status=hold", "--if-match", etag, "--json").error
    assert list(error) == KEYS
    assert list(error["fields"][0]) == [
        "field", "base", "base_known", "current", "requested", "wanted", "overlap",
    ]  # fmt: skip
    assert list(error["changes"][0]) == [
        "run_id", "timestamp", "actor", "source", "modified_fields",
    ]  # fmt: skip
    found = models.ConflictDocument.model_validate(error)
    (status,) = found.fields
    assert (status.base, status.current, status.requested) == ("todo", "doing", "hold")
    assert (found.reason, found.expected_etag) == ("etag_changed", etag)
    assert found.current_etag == loop.records[-1]["metadata"]["etag_after"]
    assert found.changes[0].run_id == loop.records[-1]["run_id"]
    assert loop.path().read_bytes() == before
    assert len(loop.records) == 1


def test_people_see_three_columns_and_who_it_was(loop: Loop, etag: str) -> None:
    done = loop(*UPDATE, "status=done", "--if-match", etag)
    assert (done.code, done.stdout) == (4, b"")
    for words in ("when you read it", "now", "yours", "todo", "doing", "done", "through cli"):
        assert words in done.err
    assert "\x1b" not in done.err


def test_with_an_overlap_the_hint_reads_again(loop: Loop, etag: str) -> None:
    error = loop(*UPDATE, "status=done", "--if-match", etag, "--json").error
    assert error["hint"] == "loop get tsk-019-14 --json"
    assert run(loop, error["hint"]).returncode == 0


def test_the_hint_names_the_vault_that_was_named(loop: Loop, etag: str) -> None:
    where = ("--vault", str(loop.vault), f"--path={loop.TASK}")
    error = loop(
        *UPDATE, "status=done", "--if-match", etag, *where, "--json", env={"LOOP_VAULT": None}
    ).error
    assert json.loads(run(loop, error["hint"], vault=False).stdout)["path"] == loop.TASK


@pytest.mark.parametrize(
    "more",
    [
        ("priority=low",),
        ("--on-conflict=fail", "priority=low"),
        ("--on-conflict", "fail", "priority=low"),
        ("notes=it's $HOME; `x` & 한글",),
        ("--", "priority=low"),
    ],
    ids=["plain", "a policy", "a policy in two words", "quoting", "a double dash"],
)
def test_without_one_the_hint_is_the_same_command_rebased(
    loop: Loop, etag: str, more: tuple[str, ...]
) -> None:
    error = loop(*UPDATE, "--if-match", etag, "--json", *more).error
    assert error["code"] == "conflict"
    assert "--force" not in shlex.split(error["hint"])
    done = run(loop, error["hint"])
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    field, _, value = more[-1].partition("=")
    assert document["fields"][field] == value
    assert document["fields"]["status"] == "doing"
    assert len(loop.records) == 2


def test_rebase_applies_on_top_and_says_so_in_the_record(loop: Loop, etag: str) -> None:
    done = loop(*UPDATE, "tags+=late", "--if-match", etag, "--on-conflict=rebase", "--json").json
    assert done["fields"]["status"] == "doing"
    metadata = loop.records[-1]["metadata"]
    assert metadata["rebased_from"] == {"updated_at": None, "etag": etag}
    assert metadata["precondition"] == "etag"


def test_rebase_refuses_two_items_added_to_one_list_and_says_nothing_of_a_change(
    loop: Loop,
) -> None:
    """The field was changed in between: that is for a person, or for a new reading."""
    seen = loop.etag()
    assert loop(*UPDATE, "tags+=theirs", "--if-match", seen).code == 0
    before = loop.path().read_bytes()

    done = loop(*UPDATE, "tags+=mine", "--if-match", seen, "--on-conflict=rebase")

    assert done.code == 4
    assert "applied on top, your change is added to the current value" in done.err
    assert loop.path().read_bytes() == before


def test_rebase_refuses_an_overlap(loop: Loop, etag: str) -> None:
    done = loop(*UPDATE, "status=done", "--if-match", etag, "--on-conflict=rebase", "--json")
    assert done.code == 4
    assert done.error["fields"][0]["overlap"] is True
    assert len(loop.records) == 1


def test_the_policy_may_come_from_the_environment(loop: Loop, etag: str) -> None:
    env: dict[str, str | None] = {"LOOP_ON_CONFLICT": "rebase"}
    assert loop(*UPDATE, "priority=low", "--if-match", etag, env=env).code == 0


def test_an_outside_edit_leaves_bases_unknown(loop: Loop, etag: str) -> None:
    text = loop.path().read_text().replace("priority: high", "priority: low")
    loop.path().write_text(text)
    error = loop(*UPDATE, "tags+=late", "--if-match", etag, "--json").error
    found = models.ConflictDocument.model_validate(error)
    assert found.reason == "edited_outside"
    assert all(not field.base_known and field.base is None for field in found.fields)
    assert found.fields[0].overlap is True
    assert loop(*UPDATE, "tags+=x", "--if-match", etag, "--on-conflict=rebase").code == 4


def test_times_are_compared_as_instants_not_as_text(loop: Loop, etag: str) -> None:
    document = loop("get", "tsk-019-14", "--json").json
    stamp = document["updated_at"]
    assert document["etag"] != etag
    same = stamp.replace("T", " ").replace("Z", "+00:00")
    assert loop(*UPDATE, "priority=low", "--expected-updated-at", same).code == 0
    error = loop(*UPDATE, "priority=high", "--expected-updated-at", same, "--json").error
    assert (error["reason"], error["expected_updated_at"]) == ("updated_changed", same)


def test_both_preconditions_must_hold(loop: Loop, etag: str) -> None:
    document = loop("get", "tsk-019-14", "--json").json
    stamp = ("--expected-updated-at", document["updated_at"])
    assert loop(*UPDATE, "priority=low", "--if-match", etag, *stamp).code == 4
    assert loop(*UPDATE, "priority=low", "--if-match", document["etag"], *stamp).code == 0
    assert loop.records[-1]["metadata"]["precondition"] == "etag"


def test_parts_that_contradict_each_other_are_read_again(loop: Loop, etag: str) -> None:
    now = loop("get", "tsk-019-14", "--json").json
    contradictions = ((etag, now["updated_at"]), (now["etag"], "2026-01-09"))
    for seen, time in contradictions:
        given = ("--if-match", seen, "--expected-updated-at", time, "--on-conflict=rebase")
        error = loop(*UPDATE, "status=done", *given, "--json").error
        assert error["hint"] == "loop get tsk-019-14 --json"
    assert loop("get", "tsk-019-14", "--json").json["fields"]["status"] == "doing"


def test_the_literal_updated_holds_until_the_first_record(loop: Loop) -> None:
    weak = ("--expected-updated-at", "2026-01-09")
    assert loop(*UPDATE, "status=doing", *weak).code == 0
    assert loop.records[-1]["metadata"]["precondition"] == "literal"
    assert loop(*UPDATE, "status=done", *weak).code == 4


def run(loop: Loop, command: str, *, vault: bool = True) -> subprocess.CompletedProcess[str]:
    """A command line as a user would paste it into a shell."""
    environment = dict(loop.environment)
    if not vault:
        del environment["LOOP_VAULT"]
    python = shlex.join(str(word) for word in loop.command())
    return subprocess.run(
        ["bash", "-c", f'loop() {{ {python} "$@"; }}; {command}'],
        env=environment,
        cwd=loop.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
