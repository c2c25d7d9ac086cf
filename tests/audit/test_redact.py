"""`loop audit redact`: values become hashes, and the chain still holds."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.records.record import AuditRecord, compose_undo
from loop_cli.core.upkeep import Redaction, ToRedact
from loop_cli.errors import EntityNotFound, InvalidChange, StorageError
from loop_cli.system import platform
from loop_cli.vault import VaultLayout
from loop_cli.vault.log.lines import encode
from loop_cli.vault.log.log import AuditLog
from loop_cli.vault.log.redact import preview, redact
from loop_cli.vault.log.rotate import rotate
from loop_cli.vault.log.verify import verify

from .conftest import ID, Vault

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "010-1234-5678"
FOREIGN = json.dumps(
    {"entity_id": ID, "source": "ui", "diff": {"notes": {"old": SECRET, "new": "x"}}}
).encode()


def hashed(value: str) -> dict[str, Any]:
    data = value.encode()
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def run(vault: Vault, field: str = "notes", **more: Any) -> Redaction:
    return redact(
        vault.store.handle, ToRedact(entity_id=ID, field=field, **more), origin=vault.origin
    )


@pytest.fixture
def secret(vault: Vault) -> Vault:
    """Three records, the first two with a value that should not be there."""
    vault.update(f"notes={SECRET}", "status=doing")
    vault.update("notes=fine")
    vault.update("status=hold")
    return vault


def test_values_become_hashes_and_a_record_tells_of_it(secret: Vault) -> None:
    before = secret.lines
    done = secret.loop("audit", "redact", ID, "notes", "--yes", "--json").json
    assert SECRET not in secret.active.read_text()
    first, second, third, told = secret.records
    assert first["diff"]["notes"]["new"] == hashed(SECRET)
    assert first["diff"]["status"] == {"old": "todo", "new": "doing"}
    assert second["diff"]["notes"] == {"old": hashed(SECRET), "new": hashed("fine")}
    assert encode(third) == before[2]
    assert (told["action"], told["diff"], told["run_id"]) == ("update", {}, done["run_id"])
    pairs = [
        {"from": hashlib.sha256(old).hexdigest(), "to": hashlib.sha256(new).hexdigest()}
        for old, new in zip(before[:2], secret.lines[:2], strict=True)
    ]
    assert told["metadata"]["redacted"] == pairs
    assert [{key: line[key] for key in ("from", "to")} for line in done["lines"]] == pairs
    assert done["changed"] is True
    assert secret.loop("audit", "verify", "--json").json["own"] == 4


def test_the_entity_and_its_revision_stay(secret: Vault) -> None:
    before = secret.store.find(ID)
    run(secret)
    after = secret.store.find(ID)
    assert (after.revision, after.raw) == (before.revision, before.raw)
    secret.update("status=done")
    assert "edited_outside" not in secret.records[-1]["metadata"]
    assert verify(secret.store.handle).ok


def test_a_second_time_there_is_nothing_to_do(secret: Vault) -> None:
    run(secret)
    before = secret.active.read_bytes()
    assert secret.loop("audit", "redact", ID, "notes", "--json").json["changed"] is False
    assert secret.active.read_bytes() == before


def test_one_field_after_another(secret: Vault) -> None:
    run(secret)
    run(secret, "status")
    assert "hold" not in secret.active.read_text()
    assert verify(secret.store.handle).ok


@pytest.mark.parametrize("fails", ["audit_log.jsonl", "new"])
def test_an_exchange_in_steps_that_fails_leaves_no_second_log(
    secret: Vault, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    before = secret.active.read_bytes()

    def unsupported(*_places: object) -> None:
        raise platform.Unsupported

    def rename(source: str, target: str, _rename: Any = os.rename, **folders: int) -> None:
        if target.endswith(fails) and source != target:
            monkeypatch.setattr(os, "rename", _rename)
            raise PermissionError(13, "no", target)
        _rename(source, target, **folders)

    monkeypatch.setattr(platform, "exchange", unsupported)
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises((OSError, StorageError)):
        run(secret)
    assert os.listdir(secret.root / ".loop" / "staged") == []
    if fails == "audit_log.jsonl":
        assert secret.active.read_bytes() == before


def test_only_the_records_of_a_run(secret: Vault) -> None:
    with pytest.raises(InvalidChange):
        run(secret, run_id="00000000-0000-4000-8000-000000000000")
    assert len(run(secret, run_id=secret.origin.run_id).lines) == 2


def test_a_dry_run_shows_the_lines_and_writes_nothing(secret: Vault) -> None:
    before = secret.active.read_bytes()
    done = secret.loop("audit", "redact", ID, "notes", "--dry-run", "--json").json
    assert [line["line"] for line in done["lines"]] == [1, 2]
    assert done["dry_run"] is True
    shown = secret.loop("audit", "redact", ID, "notes", "-n")
    assert "would be redacted: 2 lines" in shown.out
    assert SECRET not in shown.out
    assert secret.active.read_bytes() == before


def test_off_a_terminal_it_needs_yes(secret: Vault) -> None:
    error = secret.loop("audit", "redact", ID, "notes", "--json").error
    assert error["code"] == "confirmation"
    assert secret.loop("audit", "redact", ID, "notes").code == 9
    assert SECRET in secret.active.read_text()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 9), ("\n", 9)])
def test_on_a_terminal_it_asks(secret: Vault, answer: str, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "loop_cli", "audit", "redact", ID, "notes"],
        env=secret.environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(ours, 4096)
    os.write(ours, answer.encode())
    assert process.wait(60) == code
    os.close(ours)
    assert (SECRET in secret.active.read_text()) is (code == 9)


def test_an_unknown_field_names_the_nearest(secret: Vault) -> None:
    done = secret.loop("audit", "redact", ID, "note", "--yes")
    assert (done.code, done.out) == (6, "")
    assert "did you mean notes?" in done.err


def test_an_unknown_entity_is_not_found(secret: Vault) -> None:
    assert secret.loop("audit", "redact", "tsk-none", "notes", "--yes").code == 3
    with pytest.raises(EntityNotFound, match="no record of 'tsk-019-01'"):
        preview(
            secret.store.handle, ToRedact(entity_id="tsk-019-01", field="x"), origin=secret.origin
        )


def test_an_entity_that_is_gone_can_be_redacted(secret: Vault) -> None:
    secret.task().unlink()
    assert secret.loop("audit", "redact", ID, "notes", "--yes").code == 0
    assert SECRET not in secret.active.read_text()


@pytest.mark.parametrize("field", ["expected_impact", "expected_impact.metric"])
def test_nested_values_go_with_their_field_and_in_what_holds_them(vault: Vault, field: str) -> None:
    project = "prj-019"
    path = vault.root / vault.store.find(project).path
    path.write_text(path.read_text().replace("expected_impact:", "was:"))
    vault.update(f"expected_impact.metric={SECRET}", entity_id=project)
    vault.update("expected_impact.metric=fine", entity_id=project)
    assert [list(record["diff"]) for record in vault.records] == [
        ["expected_impact"],
        ["expected_impact.metric"],
    ]
    assert vault.active.read_text().count(SECRET) == 2
    wanted = ToRedact(entity_id=project, field=field)
    redact(vault.store.handle, wanted, origin=vault.origin)
    assert SECRET not in vault.active.read_text()
    assert verify(vault.store.handle).ok


def test_lines_of_others_are_named_and_left(secret: Vault) -> None:
    secret.append(FOREIGN + b"\n")
    done = secret.loop("audit", "redact", ID, "notes", "--yes", "--json").json
    assert [(line["file"], line["line"]) for line in done["left"]] == [
        ("_build/audit_log.jsonl", 4)
    ]
    assert "_build/audit_log.jsonl:4" in done["warnings"][0]
    assert FOREIGN in secret.lines
    assert verify(secret.store.handle).ok


def test_segments_are_rewritten_too_and_keep_their_mode(secret: Vault) -> None:
    rotate(secret.store.handle, at_least=0)
    secret.segments[0].chmod(0o640)
    run(secret)
    assert SECRET not in secret.segments[0].read_text()
    assert secret.segments[0].stat().st_mode & 0o777 == 0o640
    found = verify(secret.store.handle)
    assert (found.ok, found.own) == (True, 4)


def test_what_a_crash_left_is_finished_by_the_next_run(secret: Vault) -> None:
    rotate(secret.store.handle, at_least=0)
    segment, before = secret.segments[0], secret.segments[0].read_bytes()
    run(secret)
    segment.write_bytes(before)  # as if the crash came between record and segment
    assert verify(secret.store.handle).ok
    done = run(secret)
    assert len(done.lines) == 2
    assert SECRET not in segment.read_text()
    assert len(secret.lines) == 4
    assert verify(secret.store.handle).ok


def test_kept_copies_go_where_no_other_record_needs_them(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault", private=("notes",))
    vault.update(f"notes={SECRET}")
    vault.update("notes=fine")
    vault.update("notes=shared")
    vault.update("notes=last")
    vault.update("notes=shared", entity_id="tsk-019-01")
    vault.update("notes=other", entity_id="tsk-019-01")
    kept = vault.root / ".loop" / "kept"
    names = {text: hashed(text)["sha256"] for text in (SECRET, "fine", "shared")}
    assert set(os.listdir(kept)) == set(names.values())
    done = run(vault)
    assert set(done.kept) == {names[SECRET], names["fine"]}
    assert os.listdir(kept) == [names["shared"]]
    assert done.lines == ()


def test_an_undone_record_stays_undone(secret: Vault) -> None:
    secret.update(f"notes={SECRET} again")
    line = secret.lines[-1]
    record = AuditRecord(data=json.loads(line), digest=hashlib.sha256(line).hexdigest())
    undo = compose_undo(record, timestamp=secret.now)
    undo["metadata"].update(AuditLog(VaultLayout(str(secret.root))).link())
    secret.append(encode(undo) + b"\n")
    before = _diffs(secret)
    run(secret)
    after = _diffs(secret)
    assert len(after) == len(before) + 1
    assert verify(secret.store.handle).ok


def _diffs(vault: Vault) -> list[Any]:
    """Those of the entity's history, newest first."""
    place = vault.store.locator().find(ID)
    return [one.data["diff"] for one in vault.store.handle.observe(place).history.records]


def test_a_conflict_skips_the_redaction_and_knows_no_base(secret: Vault) -> None:
    seen = secret.store.find(ID).revision.etag
    secret.update("notes=later")
    run(secret)
    done = secret.loop("update", ID, "status=done", "--if-match", seen, "--json").error
    assert [change["modified_fields"] for change in done["changes"]] == [["notes"]]
    by_name = {field["field"]: field for field in done["fields"]}
    assert by_name["status"]["base"] == "hold"
    assert by_name["notes"]["base_known"] is False


def test_readers_see_the_log_whole_while_it_is_rewritten(secret: Vault) -> None:
    for number in range(30):
        secret.update(f"notes=value {number}")
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            seen.append(sum(1 for _record in secret.store.log.records()))

    reader = threading.Thread(target=read)
    reader.start()
    for field in ("notes", "status"):
        run(secret, field)
    done.set()
    reader.join()
    assert set(seen) <= {33, 34, 35}


def test_lines_that_others_append_meanwhile_are_kept(secret: Vault, tmp_path: Path) -> None:
    count = 300
    script = (
        "import sys, time\n"
        f"for number in range({count}):\n"
        "    with open(sys.argv[1], 'a') as file:\n"
        '        file.write(\'{"entity_id":"other","n":%d}\\n\' % number)\n'
        "    time.sleep(0.002)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(secret.active)])
    rounds = 0
    while writer.poll() is None:
        secret.update(f"notes={SECRET} {rounds}")
        run(secret)
        rounds += 1
    assert rounds > 1
    numbers = [record["n"] for record in secret.records if "n" in record]
    assert numbers == list(range(count))
    assert SECRET not in secret.active.read_text()
    assert verify(secret.store.handle).ok


def _leases_work(path: Path) -> bool:
    lease = platform.Lease(str(path))
    try:
        return lease.held
    finally:
        lease.close()


def test_a_program_that_keeps_the_log_open_for_writing_is_not_cut_off(secret: Vault) -> None:
    if not _leases_work(secret.active):
        pytest.skip("this file system has no leases")
    with secret.active.open("ab"):
        with pytest.raises(StorageError, match="has it open for writing"):
            run(secret)
        assert len(secret.lines) == 3
    run(secret)
    assert SECRET not in secret.active.read_text()


def test_a_program_that_only_reads_the_log_is_no_matter(secret: Vault) -> None:
    with secret.active.open("rb") as file:
        run(secret)
        assert SECRET in file.read().decode()
    assert SECRET not in secret.active.read_text()


def test_leftovers_of_a_crash_go(secret: Vault) -> None:
    beside = secret.root / "_build" / f".loop-{'a' * 32}"
    beside.write_text(SECRET)
    staged = secret.root / ".loop" / "staged" / f"{'a' * 32}-0.new"
    staged.write_text(SECRET)
    run(secret)
    assert not beside.exists()
    assert not staged.exists()


def test_the_entity_name_goes_from_all_records(vault: Vault) -> None:
    vault.update("entity_name=Name of a person")
    vault.update("status=doing")
    run(vault, "entity_name")
    assert "Name of a person" not in vault.active.read_text()
    found = verify(vault.store.handle)
    assert (found.problems, found.own) == ((), 3)


def test_leftovers_that_are_none_of_ours_stay(secret: Vault, tmp_path: Path) -> None:
    """A link and a folder of such a name are no leftovers of a crash."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (secret.root / "_build" / ".loop-link").symlink_to(victim)
    (secret.root / "_build" / ".loop-folder").mkdir()
    run(secret)
    assert SECRET not in secret.active.read_text()
    assert (secret.root / "_build" / ".loop-link").is_symlink()
    assert (secret.root / "_build" / ".loop-folder").is_dir()
    assert victim.read_text() == "mine"


def test_kept_copies_behind_a_link_are_not_removed(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault", private=("notes",))
    vault.update(f"notes={SECRET}")
    vault.update("notes=fine")
    vault.update("notes=last")
    kept, elsewhere = vault.root / ".loop" / "kept", tmp_path / "elsewhere"
    kept.rename(elsewhere)
    kept.symlink_to(elsewhere)
    before = sorted(os.listdir(elsewhere))
    assert len(before) == 2
    with pytest.raises(StorageError, match="kept is a link"):
        run(vault)
    assert sorted(os.listdir(elsewhere)) == before
