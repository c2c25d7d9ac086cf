"""Verify the audit log of a folder: `planning.log_walk`, and every entity's last record against its
file."""

from __future__ import annotations

from contextlib import ExitStack

from loop_cli.core.names import nfc
from loop_cli.core.records.record import History, digests_of
from loop_cli.core.upkeep import RecordedPlace
from loop_cli.errors import EntityNotFound, LoopError, StorageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.planning.log_walk import Claims, Entities, LogWalk, claims_in
from loop_cli.planning.snapshot import etag_of
from loop_cli.vault.files import reading as files
from loop_cli.vault.find import recover_if_free
from loop_cli.vault.log.lines import parse_line
from loop_cli.vault.log.segments import open_settled
from loop_cli.wire.record_errors import record_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.upkeep import Verification
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.log.segments import OpenLog

_UNREAD = "unread"


def verify(vault: Vault) -> Verification:
    """Read the whole log, and the files of its entities. Raises `StorageError`."""
    with ExitStack() as stack:
        log = open_settled(vault, stack)
        walk = LogWalk(_claims(log), record_errors)
        for place in log.lines():
            walk.step(*place)
        walk.finish()
        names = tuple(log.names)
    return walk.result(names, *_against_files(vault, walk.entities))


def against_files(vault: Vault) -> tuple[list[RecordedPlace], list[RecordedPlace]]:
    """Return the entities edited outside since their last record, and those without a file.

    Raises `StorageError`.
    """
    entities = Entities()
    with ExitStack() as stack:
        log = open_settled(vault, stack)
        earlier = _claims(log).earlier
        for _file, _number, text in log.lines():
            record = parse_line(text)
            if record is not None:
                entities.add(record, digests_of(sha256_hex(text), earlier))
    return _against_files(vault, entities)


def _claims(log: OpenLog) -> Claims:
    return claims_in(text for _file, _number, text in log.lines(b'"redacted"', b'"rolled_back"'))


def _against_files(
    vault: Vault, entities: Entities
) -> tuple[list[RecordedPlace], list[RecordedPlace]]:
    """Return the entities edited outside, and those without a file."""
    edited: list[RecordedPlace] = []
    gone: list[RecordedPlace] = []
    for entity_id, path, expected, newest in entities.expected():
        place = RecordedPlace(entity_id=entity_id, path=path)
        now = vault.layout.now(path)
        if now != path and not newest:
            continue
        found = _etag_at(vault, now)
        moved_away = not newest and None in (found, expected)
        if found in (expected, _UNREAD) or moved_away:
            continue  # of what can't be read nobody knows: `check` says that
        if found is not None and _settled_since(vault, place, found):
            continue
        (gone if found is None else edited).append(place)
    return edited, gone


def _etag_at(vault: Vault, path: str) -> str | None:
    """Return the etag of the file; None if there is none, empty if it is no file of the vault,
    `_UNREAD` if it can't be read."""
    try:
        data, _modified = files.read_stable(files.inside(vault.root, path), path)
        return etag_of(data)
    except (EntityNotFound, ValueError):
        return None
    except StorageError:
        return _UNREAD
    except LoopError:
        return ""


def _settled_since(vault: Vault, place: RecordedPlace, etag: str) -> bool:
    """Whether a change that came meanwhile explains the state of the file.

    The file is as a newer record says, or as before a change that is about to land.
    """
    unsettled = recover_if_free(vault)
    records = vault.log.records_of(place.entity_id, path=place.path)
    last = History(one for one in records if nfc(one.entity_id) == place.entity_id).last
    if last is None:
        return False
    return last.etag_after == etag or (unsettled and last.etag_before == etag)
