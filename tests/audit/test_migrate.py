"""`loop audit migrate`: the older `audit.log` becomes records, once."""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.records.record import is_digest
from loop_cli.errors import EntityNotFound, StorageError
from loop_cli.vault.log.migrate import migrate
from loop_cli.vault.log.verify import verify

from .conftest import ID, Vault

if TYPE_CHECKING:
    from pathlib import Path

CHANGES = {"status": {"old": "todo", "new": "doing"}, "due": {"old": None, "new": "2026-01-02"}}


def line(**more: Any) -> bytes:
    data = {
        "timestamp": "2025-12-01T10:00:00.5",
        "action": "update",
        "entity_type": "Task",
        "entity_id": ID,
        "entity_name": "규칙",
        "user": "api",
        "details": {"modified_fields": ["status", "due"], "changes": CHANGES},
    }
    return json.dumps({**data, **more}, ensure_ascii=False).encode()


def old_log(vault: Vault, *lines: bytes) -> Path:
    path = vault.root / "_build" / "audit.log"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def only(vault: Vault, **more: Any) -> dict[str, Any]:
    """The record that one old line becomes."""
    old_log(vault, line(**more))
    migrate(vault.store.handle, None, dry_run=False)
    (record,) = vault.records
    return record


def test_a_line_that_nests_nothing_and_names_an_actor(vault: Vault) -> None:
    old = json.loads(line(actor="ui:kim", diff=CHANGES, modified_fields=["status", "due"]))
    del old["details"]
    old["user"] = None
    old_log(vault, json.dumps(old).encode())
    migrate(vault.store.handle, None, dry_run=False)
    (record,) = vault.records
    assert (record["actor"], record["source"], record["diff"]) == ("ui:kim", "ui", CHANGES)
    assert record["modified_fields"] == ["status", "due"]


def test_what_a_record_does_not_show_is_a_hash_here_too(tmp_path: Path) -> None:
    """Private fields, the name among them, and long values."""
    vault = Vault(tmp_path / "vault", private=("status", "entity_name"))
    changes = {**CHANGES, "notes": {"old": "short", "new": "가" * 30_000}}
    record = only(vault, details={"changes": changes})
    assert record["entity_name"] is None
    assert record["diff"]["due"] == CHANGES["due"]
    assert all(is_digest(record["diff"]["status"][side]) for side in ("old", "new"))
    assert record["diff"]["notes"]["old"] == "short"
    assert record["diff"]["notes"]["new"]["bytes"] == 90_000
    assert migrate(vault.store.handle, None, dry_run=False).known == 1
    assert verify(vault.store.handle).ok


def test_a_line_becomes_a_record(vault: Vault) -> None:
    record = only(vault)
    origin = record["metadata"].pop("migrated_from")
    assert uuid.UUID(record.pop("run_id")).version == 4
    assert record == {
        "timestamp": "2025-12-01T10:00:00.500000Z",
        "actor": "api:api",
        "source": "api",
        "entity_type": "Task",
        "entity_id": ID,
        "entity_name": "규칙",
        "action": "update",
        "modified_fields": ["status", "due"],
        "diff": CHANGES,
        "metadata": {"path": None},
    }
    assert (origin["file"], origin["line"]) == ("_build/audit.log", 1)


def test_once_and_the_old_file_is_kept(vault: Vault) -> None:
    vault.update("status=hold")
    path = old_log(vault, line(), line(action="created"), b"", line())
    before = path.read_bytes()
    done = vault.loop("audit", "migrate", "--json").json
    assert done == {"file": "_build/audit.log", "migrated": 2, "known": 1, "skipped": []}
    assert vault.loop("audit", "migrate", "--json").json["known"] == 3
    assert path.read_bytes() == before
    assert len(vault.lines) == 3
    path.write_bytes(before + line(user="n8n") + b"\n")
    assert migrate(vault.store.handle, None, dry_run=False).migrated == 1


def test_the_same_line_has_the_same_run_everywhere(vault: Vault, tmp_path: Path) -> None:
    run_id = only(vault)["run_id"]
    vault.active.unlink()
    assert only(vault)["run_id"] == run_id


def test_a_dry_run_writes_nothing(vault: Vault) -> None:
    old_log(vault, line())
    done = vault.loop("audit", "migrate", "--dry-run", "--json").json
    assert (done["migrated"], done["dry_run"]) == (1, True)
    assert "would be migrated 1 line" in vault.loop("audit", "migrate", "-n").out
    assert not vault.active.exists()


@pytest.mark.parametrize(
    ("user", "actor"),
    [("api", "api:api"), ("n8n", "api:n8n"), ("김", "user:김"), ("script:x", "script:x"),
     (None, "user:unknown")],
)  # fmt: skip
def test_the_user_becomes_the_actor(vault: Vault, user: str | None, actor: str) -> None:
    assert only(vault, user=user)["actor"] == actor


@pytest.mark.parametrize(
    ("more", "source"),
    [({}, "api"), ({"source": "ui"}, "ui"), ({"details": {"source": "script"}}, "script"),
     ({"details": {"source": "dashboard"}}, "ui"), ({"user": "script:validate"}, "script"),
     ({"user": "somebody"}, "api"), ({"details": {"source": ["ui"]}}, "api")],
)  # fmt: skip
def test_the_door_is_kept(vault: Vault, more: dict[str, Any], source: str) -> None:
    assert only(vault, **more)["source"] == source


@pytest.mark.parametrize(
    ("word", "action"),
    [("created", "create"), ("Update", "update"), ("deleted", "delete"), ("approve", "approve"),
     ("rejected", "reject"), ("moved", "move"), ("autofill", "update")],
)  # fmt: skip
def test_actions_have_one_name(vault: Vault, word: str, action: str) -> None:
    assert only(vault, action=word)["action"] == action


@pytest.mark.parametrize(
    ("details", "names", "diff"),
    [
        (None, [], {}),
        ("renamed the task", [], {}),
        ({}, [], {}),
        ({"changes": {"status": "doing"}}, ["status"], {}),
        ({"changes": {"a.b": {"old": 1, "new": 2}}}, ["a.b"], {"a.b": {"old": 1, "new": 2}}),
        ({"changes": {"status": {"from": 1, "to": 2}}}, ["status"],
         {"status": {"old": 1, "new": 2}}),
        ({"modified_fields": ["x", 1]}, ["x"], {}),
    ],
)  # fmt: skip
def test_old_and_new_values_where_the_details_tell_both(
    vault: Vault, details: Any, names: list[str], diff: dict[str, Any]
) -> None:
    record = only(vault, details=details)
    assert record["diff"] == diff
    assert record["modified_fields"] == names


def test_lines_that_are_no_records_are_listed(vault: Vault) -> None:
    old_log(
        vault,
        b"2025-12-01 started",
        line(timestamp="yesterday"),
        line(action="exploded"),
        line(entity_id=None),
        b'{"a":"\xff"}',
        line(),
    )
    done = vault.loop("audit", "migrate", "--json").json
    assert done["migrated"] == 1
    assert [(one["line"], one["reason"]) for one in done["skipped"]] == [
        (1, "is not a JSON object"),
        (2, 'has no timestamp that can be read: "yesterday"'),
        (3, 'has an unknown action: "exploded"'),
        (4, "has no entity_id"),
        (5, "is not a JSON object"),
    ]
    assert "why it is not a record" in vault.loop("audit", "migrate").out


def test_migrated_records_are_no_last_records(vault: Vault) -> None:
    vault.update("status=doing")
    before = vault.store.find(ID).revision
    old_log(vault, line())
    migrate(vault.store.handle, None, dry_run=False)
    assert vault.store.find(ID).revision == before
    vault.update("status=hold")
    found = verify(vault.store.handle)
    assert (found.problems, found.own, found.migrated) == ((), 2, 1)
    assert "edited_outside" not in vault.records[-1]["metadata"]


def test_a_conflict_still_knows_the_base(vault: Vault) -> None:
    vault.update("status=doing")
    seen = vault.store.find(ID).revision.etag
    vault.update("notes=new")
    old_log(vault, line())
    migrate(vault.store.handle, None, dry_run=False)
    done = vault.loop(
        "update", ID, "status=hold", "--if-match", seen, "--on-conflict", "rebase", "--json"
    )
    assert done.json["changed"] is True


def test_another_file_and_none(vault: Vault, tmp_path: Path) -> None:
    other = tmp_path / "old.log"
    other.write_bytes(line() + b"\r\n")
    assert vault.loop("audit", "migrate", str(other), "--json").json["file"] == "old.log"
    assert vault.loop("audit", "migrate").code == 3
    with pytest.raises(EntityNotFound):
        migrate(vault.store.handle, str(tmp_path / "none"), dry_run=False)


SECRET = b'{"entity_id": "SECRET", "timestamp": "2026-01-01T00:00:00Z", "action": "update"}\n'


class TestWhatIsRead:
    """An ordinary file of a sensible size; in the vault, none that a link leads to."""

    @pytest.mark.parametrize("given", [True, False], ids=["named", "the usual one"])
    @pytest.mark.parametrize("what", ["file", "folder", "inside"])
    def test_no_link(self, vault: Vault, given: bool, what: str) -> None:
        outside = (vault.root if what == "inside" else vault.root.parent) / "elsewhere"
        outside.mkdir()
        (outside / "audit.log").write_bytes(SECRET)
        file = vault.root / "_build" / "audit.log"
        if what == "folder":
            file.parent.symlink_to(outside)
        else:
            file.parent.mkdir(exist_ok=True)
            file.symlink_to(outside / "audit.log")
        with pytest.raises(StorageError, match="is a link"):
            migrate(vault.store.handle, str(file) if given else None, dry_run=True)
        assert not (outside / "audit_log.jsonl").exists()

    def test_a_file_elsewhere_may_lie_behind_links_but_be_none(self, vault: Vault) -> None:
        real, link = vault.root.parent / "real", vault.root.parent / "link"
        real.mkdir()
        (real / "audit.log").write_bytes(SECRET)
        link.symlink_to(real)
        assert migrate(vault.store.handle, str(link / "audit.log"), dry_run=True).migrated == 1
        (real / "other.log").symlink_to(real / "audit.log")
        with pytest.raises(StorageError, match=r"other\.log is a link"):
            migrate(vault.store.handle, str(real / "other.log"), dry_run=True)

    @pytest.mark.parametrize("what", ["pipe", "giant", "folder", "zeros"])
    def test_what_is_no_file_of_lines(self, vault: Vault, what: str) -> None:
        file = vault.root / "_build" / "audit.log"
        file.parent.mkdir(exist_ok=True)
        if what == "pipe":
            os.mkfifo(file)
        elif what == "folder":
            file.mkdir()
        elif what == "giant":
            with file.open("wb") as giant:
                giant.truncate(1 << 42)
        with pytest.raises(StorageError, match=r"ordinary file|too large"):
            migrate(vault.store.handle, "/dev/zero" if what == "zeros" else None, dry_run=False)
        assert vault.records == []
