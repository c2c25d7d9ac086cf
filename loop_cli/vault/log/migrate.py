"""Migration: turn the lines of an older `audit.log` into records, once.

A migrated record has the data of its line and its origin. It has no etags and no `previous`: it is
never an entity's last record, and it is not in the chain. The old file stays as it is.
"""

from __future__ import annotations

import errno
import json
import os

from loop_cli.core import timestamps
from loop_cli.core.names import nfc
from loop_cli.core.records.hashed import hides_name, recordable
from loop_cli.core.records.record import ACTIONS, SOURCES
from loop_cli.core.upkeep import Migration, SkippedLine
from loop_cli.errors import Action, EntityNotFound, Sentence, StorageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.plain import same
from loop_cli.system.folders import Folders, Refused
from loop_cli.vault.commit.recovery import recover
from loop_cli.vault.log.lines import encode, parse_line
from loop_cli.vault.log.segments import OpenLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.vault.handle import Vault

DEFAULT = "_build/audit.log"
MOST = 1 << 28  # largest size of the older file
_VERBS = {
    "created": "create",
    "add": "create",
    "added": "create",
    "duplicate": "create",
    "duplicated": "create",
    "updated": "update",
    "modify": "update",
    "modified": "update",
    "edit": "update",
    "edited": "update",
    "autofill": "update",
    "deleted": "delete",
    "remove": "delete",
    "removed": "delete",
    "moved": "move",
    "rename": "move",
    "renamed": "move",
    "approved": "approve",
    "rejected": "reject",
}
_DOORS = {"dashboard": "ui", "web": "ui", "n8n": "api"}
_APIS = ("api", "n8n")


class _Unreadable(Exception):
    """The line lacks something that a record needs."""


def migrate(vault: Vault, file: str | None, *, dry_run: bool) -> Migration:
    """Append the lines that are not there yet, with one write.

    Raises `EntityNotFound` if there is no such file, `StorageError`, `VaultLocked`.
    """
    path = os.path.join(vault.root, DEFAULT) if file is None else file
    name = _name(vault.root, path)
    data = _read(vault.root, path, name)
    if dry_run:
        return _plan(vault, data, name, dry_run=True)[1]
    with vault.lock():
        recover(vault)
        lines, result = _plan(vault, data, name, dry_run=False)
        if lines:
            descriptor = vault.log.open()
            try:
                vault.log.append(descriptor, lines)
            finally:
                os.close(descriptor)
        return result


def _plan(vault: Vault, data: bytes, name: str, *, dry_run: bool) -> tuple[list[bytes], Migration]:
    """Return the lines to append, and the result for each old line."""
    known = _known(vault)
    lines: list[bytes] = []
    skipped: list[SkippedLine] = []
    passed_over = 0
    for number, raw in enumerate(data.split(b"\n"), start=1):
        line = raw.removesuffix(b"\r")
        if not line.strip():
            continue
        digest = sha256_hex(line)
        if digest in known:
            passed_over += 1
            continue
        origin = {"file": name, "line": number, "sha256": digest}
        try:
            lines.append(encode(_record(line, origin, vault)))
            known.add(digest)
        except (_Unreadable, UnicodeEncodeError) as error:
            reason = str(error) if isinstance(error, _Unreadable) else "is not valid text"
            skipped.append(SkippedLine(line=number, reason=reason))
    return lines, Migration(
        file=name,
        migrated=len(lines),
        known=passed_over,
        skipped=tuple(skipped),
        dry_run=dry_run,
    )


def _known(vault: Vault) -> set[str]:
    """Return the digests of the lines that are in the log already."""
    found = set()
    with OpenLog(vault.log) as log:
        for _file, _number, text in log.lines(b'"migrated_from"'):
            record = parse_line(text)
            origin = None if record is None else record.metadata.get("migrated_from")
            if isinstance(origin, dict) and isinstance(origin.get("sha256"), str):
                found.add(origin["sha256"])
    return found


def _record(line: bytes, origin: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """Turn a line into a record; private values become hashes. Raises `_Unreadable`."""
    old = _parse(line)
    entity_id = old.get("entity_id")
    if not isinstance(entity_id, str) or not entity_id:
        raise _Unreadable("has no entity_id")
    details = old.get("details")
    told = details if isinstance(details, dict) else old  # some programs do not nest the details
    name, user = old.get("entity_name"), old.get("user") or old.get("actor")
    if hides_name(name, vault.names, vault.private):
        name = None
    diff, _kept, _marks = recordable(_diff(told), vault.private)
    return {
        "run_id": _run_id(origin["sha256"]),
        "timestamp": _timestamp(old.get("timestamp")),
        "actor": _actor(user),
        "source": _source(old, told, user),
        "entity_type": str(old.get("entity_type") or ""),
        "entity_id": entity_id,
        "entity_name": name if isinstance(name, str) else None,
        "action": _action(old.get("action")),
        "modified_fields": _modified(told, diff),
        "diff": diff,
        "metadata": {"path": None, "migrated_from": dict(origin)},
    }


def _parse(line: bytes) -> dict[str, Any]:
    try:
        old = json.loads(line)
    except (ValueError, RecursionError):
        old = None
    if not isinstance(old, dict):
        raise _Unreadable("is not a JSON object")
    return old


def _run_id(digest: str) -> str:
    """Return an id in the form of a UUID v4; the same line always gives the same id."""
    import uuid

    return str(uuid.UUID(bytes=bytes.fromhex(digest)[:16], version=4))


def _timestamp(value: Any) -> str:
    instant = timestamps.parse(value) if isinstance(value, str) else None
    if instant is None:
        raise _Unreadable(f"has no timestamp that can be read: {_short(value)}")
    return timestamps.render(instant)


def _actor(user: Any) -> str:
    name = user if isinstance(user, str) and user else "unknown"
    if ":" in name:
        return name
    return f"{'api' if name in _APIS else 'user'}:{name}"


def _source(old: Mapping[str, Any], told: Mapping[str, Any], user: Any) -> str:
    for value in (old.get("source"), told.get("source")):
        door = _DOORS.get(str(value), value)
        if door in SOURCES:
            return str(door)
    by = str(user)
    return next((door for door in SOURCES if by == door or by.startswith(door + ":")), "api")


def _action(value: Any) -> str:
    word = str(value).strip().lower()
    action = _VERBS.get(word, word)
    if action not in ACTIONS:
        raise _Unreadable(f"has an unknown action: {_short(value)}")
    return action


def _diff(told: Mapping[str, Any]) -> Diff:
    """Return the old and new values, if the details have both."""
    changes = told.get("changes", told.get("diff"))
    found: Diff = {}
    for key, value in changes.items() if isinstance(changes, dict) else ():
        pair = _pair(value)
        if pair is not None and not same(*pair):
            found[nfc(key)] = {"old": pair[0], "new": pair[1]}
    return found


def _pair(value: Any) -> tuple[Any, Any] | None:
    for old, new in (("old", "new"), ("from", "to"), ("before", "after")):
        if isinstance(value, dict) and old in value and new in value:
            return value[old], value[new]
    return None


def _modified(told: Mapping[str, Any], diff: Diff) -> list[str]:
    names = told.get("modified_fields", told.get("updated_fields"))
    listed = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    changes = told.get("changes", told.get("diff"))
    listed += [key for key in changes if key not in listed] if isinstance(changes, dict) else []
    return list(dict.fromkeys([*listed, *diff]))


def _name(root: str, path: str) -> str:
    """Return the file's name for records: relative to the vault, or without its folder."""
    base, real = os.path.realpath(root), os.path.realpath(path)
    if real.startswith(base.rstrip(os.sep) + os.sep):
        return os.path.relpath(real, base).replace(os.sep, "/")
    return os.path.basename(real)


def _read(root: str, path: str, name: str) -> bytes:
    """Read the older file, which may not be a link.

    Inside the vault, no folder on the way may be a link: the file would be copied into the log,
    which others may read.
    """
    top, relative = _beneath(root, path)
    try:
        with Folders(top) as folders:
            return folders.slot(relative).read(MOST)
    except (FileNotFoundError, NotADirectoryError) as error:
        if error.errno == errno.ELOOP:
            raise _refused(root, top, path, error) from error
        raise EntityNotFound(f"{name} is not there", hint=Action("migrate_file")) from None
    except Refused as error:
        raise _refused(root, top, path, error) from error
    except OSError as error:
        raise StorageError(f"{name} can't be read: {error.strerror}") from error


def _refused(root: str, top: str, path: str, error: OSError) -> StorageError:
    why = f"{error.filename if top == root else path} {error.strerror}"
    named = "name the file itself, of which a large one can be split: "
    hint = Sentence(named, Action("migrate_file"))
    return StorageError(why, hint=hint)


def _beneath(root: str, path: str) -> tuple[str, str]:
    """Return the folder at which a path begins, and the rest: the vault's folder, if it is
    inside."""
    whole, base = os.path.abspath(path), os.path.abspath(root)
    if whole.startswith(base.rstrip(os.sep) + os.sep):
        return root, os.path.relpath(whole, base).replace(os.sep, "/")
    real = os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))
    base = os.path.realpath(root)
    if real.startswith(base.rstrip(os.sep) + os.sep):
        return root, os.path.relpath(real, base).replace(os.sep, "/")
    return os.path.dirname(whole), os.path.basename(whole)


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
