"""What lies in `.loop/staged` may have come with the vault: a clone, an archive, another member.

An intent counts only where a change of `loop` could have written it. Any other is left where it
is, is named, and stops nothing (SPEC §6, §8).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.cli.hints import spelled
from loop_cli.core.query import Query
from loop_cli.errors import LoopError
from tests.faults.vault import Vault, change, etag, origin
from tests.faults.wrecks import Wreck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Forge = Callable[[Vault, dict[str, Any]], None]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault in which a change of the first task was recorded and never landed."""
    vault = Vault(root=tmp_path / "vault").lay_out()
    for number in (1, 2):
        vault.store().commit([change(vault.id(number), "priority=high")], origin=origin())
    return vault


def everything(folder: Path) -> dict[str, object]:
    """All below a folder but the log and the lock, with rights and content; of a link, where it
    leads."""
    found: dict[str, object] = {}
    for place in sorted(folder.rglob("*")):
        if place.name in ("audit_log.jsonl", "lock"):
            continue
        status = place.lstat()
        what: object = os.readlink(place) if place.is_symlink() else None
        if stat.S_ISREG(status.st_mode):
            what = place.read_bytes() if status.st_size < 1 << 20 else status.st_size
        found[str(place.relative_to(folder))] = (status.st_mode, what)
    return found


def intents_of(vault: Vault) -> tuple[Path, list[dict[str, Any]]]:
    (path,) = (vault.root / ".loop" / "staged").glob("*.intent")
    return path, json.loads(path.read_bytes())


def forge(vault: Vault, **parts: Any) -> Path:
    """Change the intent that lies there; `line` takes a function of the record."""
    path, (intent,) = intents_of(vault)
    line = parts.pop("line", None)
    if callable(line):
        record = json.loads(intent["line"])
        line(record)
        intent["line"] = json.dumps(record, ensure_ascii=False)
        with vault.log.open("ab") as log:
            log.write(intent["line"].encode() + b"\n")
    elif line is not None:
        intent["line"] = line
    path.write_text(json.dumps([{**intent, **parts}]))
    return path


def in_record(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update(values)


def in_metadata(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda record: record["metadata"].update(values)


PLACES = [
    "../outside.md",
    "a/../../outside.md",
    "./x.md",
    "a//x.md",
    "/etc/loop-outside.md",
    "link/outside.md",
    "inner/tsk-001-09.md",
    ".git/hooks/pre-commit",
    ".git/hooks/note.md",
    ".obsidian/note.md",
    ".loop/kept/note.md",
    "50_Projects/.hidden/x.md",
    "50_Projects/run.sh",
    "50_Projects/x.MD.exe",
    "50_Projects",
    "00_Meta/_TEMPLATES/x.md",
    "90_Archive/x.md",
    "_build/audit_log.jsonl",
    "_build/x.md",
    "x\0.md",
    "",
]


def assert_harmless(vault: Vault, before: dict[str, object], name: str) -> None:
    """Nothing outside the log changes, reads work, writes to others work, and `check` names it."""
    store = vault.store()
    assert store.find(vault.id(2)).fields["priority"] == "high"
    told = [one for one in store.take_warnings() if "is not a change that loop can finish" in one]
    (warning,) = told
    assert name in warning and "loop kept --aside" in spelled(warning)
    assert list(vault.store().scan(Query(types=("Task",))))
    assert everything(vault.root.parent) == before
    (outcome,) = vault.store().commit([change(vault.id(2), "status=done")], origin=origin())
    assert not isinstance(outcome, LoopError)
    from loop_cli.vault.upkeep import check_state

    staged = check_state.lock_and_staged(vault.store().handle)
    rules = [(one.found.rule, one.path) for one in staged]
    assert ("staged-leftover", f".loop/staged/{name}") in rules


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("recorded", [True, False])
def test_a_create_at_a_place_that_is_none(vault: Vault, path: str, recorded: bool) -> None:
    (vault.root / "link").symlink_to(vault.root.parent)
    (vault.root / "inner").symlink_to("50_Projects")
    (vault.root / ".git" / "hooks").mkdir(parents=True)
    Wreck(vault)
    name = intents_of(vault)[1][0]["name"]
    made = b"---\nentity_type: Task\nentity_id: tsk-001-01\n---\n"
    staged = vault.root / ".loop" / "staged" / f"{name}.new"
    staged.write_bytes(made)
    staged.chmod(0o755)
    record = in_metadata(path=path, etag_before=None, etag_after=etag(made))
    parts: dict[str, Any] = {"line": record} if recorded else {}
    file = forge(vault, path=path, etag_before=None, etag_after=etag(made), **parts)
    assert_harmless(vault, everything(vault.root.parent), file.name)


@pytest.mark.parametrize("path", PLACES)
def test_a_move_to_a_place_that_is_none(vault: Vault, path: str) -> None:
    (vault.root / "link").symlink_to(vault.root.parent)
    (vault.root / "inner").symlink_to("50_Projects")
    Wreck(vault)
    own = intents_of(vault)[1][0]["path"]
    line = in_metadata(path=path, path_before=own)
    if path == "90_Archive/x.md":  # where `delete --archive` leads
        forge(vault, target=path, line=line)
        vault.store().find(vault.id(2))
        assert (vault.root / path).exists() is False  # its folder is not there: it is undone
        return
    file = forge(vault, target=path, line=line)
    assert_harmless(vault, everything(vault.root.parent), file.name)


FORGED: dict[str, dict[str, Any]] = {
    "made folder beside the vault": {"made": ["50_Projects/../../sibling"]},
    "made folder that is another's": {"made": ["sibling"]},
    "made folder of no path": {"made": [5]},
    "made by no list": {"made": "50_Projects"},
    "content elsewhere": {"staged": "50_Projects/x.md"},
    "content of another": {"staged": f".loop/staged/{'b' * 32}-0.new"},
    "content above": {"staged": ".loop/staged/../../../x"},
    "name of another": {"name": f"{'b' * 32}-0"},
    "name that leads out": {"name": "../../x-0"},
    "unknown key": {"shell": "true"},
    "no etag": {"etag_before": None, "etag_after": None},
    "etag that is none": {"etag_before": "no file"},
    "etag of other bytes": {"etag_before": "0" * 16},
    "move of nothing": {"target": "50_Projects/x.md", "etag_before": None},
    "line that is no JSON": {"line": "{"},
    "line that is a list": {"line": "[]"},
    "line of two lines": {"line": "{}\n{}"},
    "place of no number": {"log": {"segment": None, "offset": "0"}},
    "place before the log": {"log": {"segment": None, "offset": -1}},
    "segment elsewhere": {"log": {"segment": "../../x", "offset": 0}},
    "no place": {"log": None},
    "record of another entity": {"line": in_record(entity_id="tsk-001-02")},
    "record of nobody": {"line": in_record(run_id="me")},
    "record of no action": {"line": in_record(action="run")},
    "record of an undo": {"line": in_metadata(rolled_back="0" * 64)},
    "record of a redaction": {"line": in_metadata(redacted=[])},
    "record of another file": {"line": in_metadata(path="50_Projects/x.md")},
    "record of other bytes": {"line": in_metadata(etag_after="0" * 16)},
    "record without a time": {"line": in_record(timestamp=None)},
}


@pytest.mark.parametrize("what", FORGED)
@pytest.mark.parametrize("exchanged", [False, True])
def test_an_intent_of_no_change_of_ours(vault: Vault, what: str, exchanged: bool) -> None:
    (vault.root.parent / "sibling").mkdir()
    (vault.root / "sibling").mkdir()
    wreck = Wreck(vault)
    if exchanged:
        wreck.exchange()
    file = forge(vault, **FORGED[what])
    assert_harmless(vault, everything(vault.root.parent), file.name)


def test_content_that_is_another_entity(vault: Vault) -> None:
    wreck = Wreck(vault)
    other = wreck.after.replace(b"tsk-001-01", b"tsk-001-99")
    wreck.staged.write_bytes(other)
    file = forge(vault, etag_after=etag(other), line=in_metadata(etag_after=etag(other)))
    assert_harmless(vault, everything(vault.root.parent), file.name)


def test_content_that_is_no_entity(vault: Vault) -> None:
    wreck = Wreck(vault)
    wreck.staged.write_bytes(b"#!/bin/sh\n")
    after = etag(b"#!/bin/sh\n")
    file = forge(vault, etag_after=after, line=in_metadata(etag_after=after))
    assert_harmless(vault, everything(vault.root.parent), file.name)


def test_a_line_that_is_older_than_its_change(vault: Vault) -> None:
    """As would be a change that landed long ago and comes back with an archive."""
    wreck = Wreck(vault).record()
    vault.store().find(vault.id())
    assert wreck.is_new()
    vault.path().write_bytes(wreck.before)
    wreck.commit.stage([wreck.after])
    forge(vault, log={"segment": None, "offset": len(vault.log.read_bytes())})
    path, _intents = intents_of(vault)
    assert_harmless(vault, everything(vault.root.parent), path.name)


@pytest.mark.parametrize("kind", ["sparse", "fifo", "link", "folder"])
def test_a_file_of_intents_that_is_none(vault: Vault, kind: str) -> None:
    path = vault.root / ".loop" / "staged" / f"{'c' * 32}.intent"
    if kind == "sparse":
        path.touch()
        os.truncate(path, 1 << 40)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        (vault.root.parent / "precious").write_bytes(b"[]")
        path.symlink_to(vault.root.parent / "precious")
    else:
        path.mkdir()
    assert_harmless(vault, everything(vault.root.parent), path.name)


def test_files_that_are_not_named_as_ours_stay(vault: Vault) -> None:
    staged = vault.root / ".loop" / "staged"
    names = ["notes.old", "draft.new", "x.intent", f"{'a' * 31}.new", f"{'A' * 32}.intent"]
    for name in names:
        (staged / name).write_bytes(b"precious")
    vault.store().find(vault.id())
    vault.store().commit([change(vault.id(), "status=done")], origin=origin())
    assert sorted(os.listdir(staged)) == sorted(names)


@pytest.mark.parametrize("name", ["staged", "kept"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_folder_of_ours_that_is_a_link(vault: Vault, name: str, inside: bool) -> None:
    precious = (vault.root if inside else vault.root.parent) / "precious"
    precious.mkdir()
    for ending in (".old", ".new", ".intent", ".undone"):
        (precious / ("a" * 32 + ending)).write_bytes(b"precious")
    folder = vault.root / ".loop" / name
    if folder.exists():
        folder.rmdir()
    folder.symlink_to(precious)
    before = everything(precious)
    vault.store().find(vault.id())
    outcomes = vault.store().commit([change(vault.id(), "status=done")], origin=origin())
    assert isinstance(outcomes[0], LoopError) is (name == "staged")
    digest = hashlib.sha256(b"precious").hexdigest()
    assert vault.store().kept(digest) is None
    assert everything(precious) == before


def test_what_lands_has_the_rights_of_the_entity(vault: Vault) -> None:
    wreck = Wreck(vault).record()
    wreck.staged.chmod(0o777)
    vault.path().chmod(0o640)
    vault.store().find(vault.id())
    assert wreck.is_new()
    assert stat.S_IMODE(vault.path().stat().st_mode) == 0o640


def test_a_line_of_another_program_twice_in_the_log_hides_nothing(vault: Vault) -> None:
    heartbeat = b'{"program": "backup", "entity_id": "none"}'
    with vault.log.open("ab") as log:
        log.write(heartbeat + b"\n")
    first, second = Wreck.group(vault, 1, 2)
    for wreck in (first, second):
        wreck.record()
    first.exchange()
    with vault.log.open("ab") as log:
        log.write(heartbeat + b"\n")
    vault.store().find(vault.id(2))
    assert first.is_new() and second.is_new()
    assert vault.staged == []


def test_a_crash_before_a_rotation_by_others_is_recovered(vault: Vault) -> None:
    wreck = Wreck(vault).record()
    vault.log.rename(vault.log.with_name("audit_log.20260109T143510.123456Z.jsonl"))
    vault.log.write_bytes(b"")
    vault.store().find(vault.id(2))
    assert wreck.is_new()
    assert vault.staged == []
