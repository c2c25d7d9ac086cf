"""`loop audit verify`: what is damage, and what is only told."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.records.record import AuditRecord, compose_undo
from loop_cli.vault import VaultLayout
from loop_cli.vault.log.log import AuditLog
from loop_cli.vault.log.verify import verify

from .conftest import ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.core.upkeep import Verification

    from .conftest import Vault

FOREIGN = b'{"entity_id":"tsk-019-14","source":"ui","action":"update","diff":{}}'


def problems(found: Verification) -> list[tuple[int, str]]:
    return [(one.line, one.problem) for one in found.problems]


def test_a_log_as_loop_wrote_it_is_whole(written: Vault) -> None:
    done = written.loop("audit", "verify", "--json")
    assert done.json == {
        "ok": True,
        "files": ["_build/audit_log.jsonl"],
        "records": 5,
        "own": 5,
        "migrated": 0,
        "foreign": 0,
        "unreadable": 0,
        "problems": [],
        "edited_outside": [],
        "gone": [],
    }


def test_people_read_the_verdict(written: Vault) -> None:
    done = written.loop("audit", "verify")
    assert (done.code, done.err) == (0, "")
    assert "records of loop             5" in done.out
    assert done.out.endswith("the audit log is whole\n")


def test_a_vault_without_a_log_has_none_damaged(vault: Vault) -> None:
    done = vault.loop("audit", "verify", "--json")
    assert done.json["files"] == []
    assert not (vault.root / "_build").exists()


def altered(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace(b"text 2", b"text X"), *lines[3:]]


def made_foreign(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace(b'"previous"', b'"former"'), *lines[3:]]


def grown(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2] + b"x", *lines[3:]]


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "altered": (altered, 4),
    "made foreign": (made_foreign, 4),
    "grown": (grown, 4),
    "dropped": (lambda lines: [*lines[:2], *lines[3:]], 3),
    "first dropped": (lambda lines: lines[1:], 1),
    "swapped": (lambda lines: [*lines[:2], lines[3], lines[2], lines[4]], 3),
    "doubled": (lambda lines: [*lines[:3], *lines[2:]], 4),
    "first doubled": (lambda lines: [lines[0], *lines], 2),
    "last doubled": (lambda lines: [*lines, lines[-1]], 6),
}


@pytest.mark.parametrize(("tamper", "line"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_found_at_the_line_after_it(
    written: Vault, tamper: Callable[[list[bytes]], list[bytes]], line: int
) -> None:
    written.put(tamper(written.lines))
    assert problems(verify(written.store.handle))[0] == (line, "chain")


def test_damage_is_exit_1_and_the_report_is_on_stdout_all_the_same(written: Vault) -> None:
    written.put(altered(written.lines))
    done = written.loop("audit", "verify", "--json")
    error, report = json.loads(done.err), json.loads(done.out)
    assert (done.code, error["code"], report["ok"]) == (1, "log_damaged", False)
    assert error["error"] == (
        "the audit log is damaged: "
        "_build/audit_log.jsonl:4: altered or missing lines before this one"
    )
    assert report["problems"] == [
        {
            "file": "_build/audit_log.jsonl",
            "line": 4,
            "problem": "chain",
            "message": "altered or missing lines before this one",
        }
    ]
    done = written.loop("audit", "verify")
    assert done.code == 1
    assert done.out.endswith("the audit log is damaged\n")
    assert "_build/audit_log.jsonl:4" in done.err


def test_lines_of_others_are_counted_only(written: Vault) -> None:
    first, *rest = written.lines
    written.put([FOREIGN, b"not JSON", first, FOREIGN, *rest, b"[1]"])
    found = verify(written.store.handle)
    assert (found.ok, found.own, found.foreign, found.unreadable) == (True, 5, 2, 2)


def test_a_line_of_ours_before_one_of_others_is_guarded_too(written: Vault) -> None:
    written.append(FOREIGN + b"\n")
    written.update("notes=after")
    assert verify(written.store.handle).ok
    lines = written.lines
    lines[4] = lines[4].replace(b"text 4", b"text X")
    written.put(lines)
    assert problems(verify(written.store.handle)) == [(7, "chain")]


def test_a_torn_line_of_others_at_the_end_is_accepted(written: Vault) -> None:
    written.append(b'{"entity_id": "tsk')
    assert verify(written.store.handle).unreadable == 1
    written.update("notes=after")
    found = verify(written.store.handle)
    assert (found.ok, found.own, found.unreadable) == (True, 6, 1)


def test_a_line_that_others_finish_in_a_segment_is_accepted(written: Vault) -> None:
    with written.active.open("ab", buffering=0) as file:
        file.write(FOREIGN[:20])
        assert written.loop("audit", "rotate").code == 0
        written.update("notes=after")
        file.write(FOREIGN[20:] + b"\n")
    found = verify(written.store.handle)
    assert (found.ok, found.own, found.foreign) == (True, 6, 1)


def test_an_invalid_record_is_found(written: Vault) -> None:
    *lines, last = written.lines
    record = json.loads(last)
    record["run_id"] = "none"
    del record["actor"]
    written.put([*lines, json.dumps(record).encode()])
    found = verify(written.store.handle)
    assert problems(found) == [(5, "schema"), (5, "schema")]
    assert {one.message.split(": ")[1] for one in found.problems} == {"run_id", "actor"}


def test_an_undo_record_names_a_line_that_is_there(written: Vault) -> None:
    last = written.lines[-1]
    record = AuditRecord(data=json.loads(last), digest=hashlib.sha256(last).hexdigest())
    undo = compose_undo(record, timestamp=written.now)
    undo["metadata"].update(AuditLog(VaultLayout(str(written.root))).link())
    written.append(json.dumps(undo).encode() + b"\n")
    assert verify(written.store.handle).ok
    undo["metadata"]["rolled_back"] = "0" * 64
    written.put([*written.lines[:-1], json.dumps(undo).encode()])
    assert problems(verify(written.store.handle)) == [(6, "rolled_back")]


def test_an_entity_edited_outside_is_listed(written: Vault) -> None:
    path = written.task()
    path.write_bytes(path.read_bytes() + b"more\n")
    done = written.loop("audit", "verify", "--json")
    assert done.json["edited_outside"] == [
        {"entity_id": ID, "path": path.relative_to(written.root).as_posix()}
    ]
    assert "edited outside loop" in written.loop("audit", "verify").out


def test_a_file_that_is_gone_is_listed(written: Vault) -> None:
    written.task().unlink()
    found = written.loop("audit", "verify", "--json").json
    assert [one["entity_id"] for one in found["gone"]] == [ID]
    assert found["edited_outside"] == []


def test_a_path_out_of_the_vault_is_not_followed(written: Vault) -> None:
    record = json.loads(FOREIGN)
    record["entity_id"] = "odd"
    record["metadata"] = {"path": "../../etc/passwd", "etag_after": "0" * 16}
    written.append(json.dumps(record).encode() + b"\n")
    found = verify(written.store.handle)
    assert [one.entity_id for one in found.edited_outside] == ["odd"]


def test_what_a_crash_left_is_recovered_first(written: Vault) -> None:
    staged = written.root / ".loop" / "staged" / f"{'a' * 32}-0.new"
    staged.write_bytes(b"half")
    assert verify(written.store.handle).ok
    assert not staged.exists()


def test_a_locked_vault_is_verified_without_waiting(written: Vault) -> None:
    with written.store.lock():
        done = written.loop("audit", "verify", "--json")
    assert done.json["own"] == 5


def test_help_has_examples(vault: Vault) -> None:
    for verb in ("verify", "rotate", "redact", "migrate"):
        done = vault.loop("audit", verb, "--help")
        assert done.code == 0
        assert f"loop audit {verb}" in done.out.split("Examples:")[1]
    assert vault.loop("audit", "--help").out.count("loop audit ") >= 5
    assert vault.loop("audit").code == 2
