"""Audit records (SPEC §6, rule C), and the history of an entity."""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.names import BODY, nfc, split_dotted
from loop_cli.lean import jsontext
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.plain import key_text
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from loop_cli.core.diff import Diff
    from loop_cli.core.entity import Entity

ACTIONS = ("create", "update", "delete", "move", "approve", "reject")
SOURCES = ("ui", "api", "script", "cli")
RUN_ID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"  # a UUID v4
PLAIN_LIMIT = 64 * 1024


class Origin(Struct):
    """Who writes and through which door; derived by the program, never given by a caller.

    `key` is the idempotency key of the call, if it has one, and `request` the SHA-256 of what it
    asks for: both are recorded, so that the same call again is known. `agent` is what a program
    says of itself.
    """

    run_id: str
    actor: str
    source: str = "cli"
    tty: bool = False
    invoked_by: str | None = None
    key: str | None = None
    request: str | None = None
    agent: str | None = None


class AuditRecord(Struct):
    """One line of the log. `digest` is the SHA-256 of the line without its newline."""

    data: dict[str, Any]
    digest: str

    @property
    def entity_id(self) -> str:
        """The entity's id, in the normal form for comparisons."""
        return nfc(str(self.data.get("entity_id")))

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The record's metadata; lines of other programs may have none."""
        value = self.data.get("metadata")
        return value if isinstance(value, dict) else {}

    @property
    def diff(self) -> Diff:
        """The record's diff, without entries of a wrong shape."""
        value = self.data.get("diff")
        entries = value.items() if isinstance(value, dict) else ()
        return {name: entry for name, entry in entries if isinstance(entry, dict)}

    @property
    def modified_fields(self) -> tuple[str, ...] | None:
        """The names of the changed fields; lines of other programs may have none."""
        names = self.data.get("modified_fields")
        return tuple(map(str, names)) if isinstance(names, list) else None

    @property
    def tells_all(self) -> bool:
        """Whether the diff can contain all changes; other programs may leave it out."""
        diff = self.diff
        if self.data.get("diff", {}) != diff or not all("old" in one for one in diff.values()):
            return False
        names = self.modified_fields or ()
        # Without a diff, a move by loop changed nothing else; other programs may have changed
        # fields.
        untold = self.etag_before != self.etag_after and not self.is_own
        return diff.keys() >= set(names) and (bool(diff) or not untold)

    @property
    def etag_before(self) -> str | None:
        """The etag of the bytes before the change."""
        return self._text("etag_before")

    @property
    def etag_after(self) -> str | None:
        """The etag of the bytes after the change."""
        return self._text("etag_after")

    @property
    def updated_after(self) -> int | None:
        """The new instant of `updated`; a value of another program does not count if it is
        `TOO_LATE`."""
        instant = self._instant("updated_after")
        late = instant is not None and instant >= timestamps.TOO_LATE
        return None if late and not self.is_own else instant

    @property
    def undoes(self) -> str | None:
        """The digest of the record that this one undoes."""
        return self._text("rolled_back")

    @property
    def who(self) -> str:
        """The actor, and what the program that wrote says of itself."""
        actor, agent = str(self.data.get("actor")), self._text("agent")
        return actor if agent is None else f"{actor}, via {agent} (as it says)"

    @property
    def is_note(self) -> bool:
        """Whether it is about a file that is not an entity; the id is then the path."""
        return "note" in self.metadata and self.is_own

    @property
    def is_return(self) -> bool:
        """Whether it restored a state with its times: an undo record, or a restored entity."""
        return self.undoes is not None or "restores" in self.metadata

    @property
    def redacted(self) -> dict[str, str]:
        """In a redaction record: the new digest of each rewritten line, and its old one."""
        value = self.metadata.get("redacted")
        pairs = value if isinstance(value, list) and self.is_own else ()
        return {
            pair["to"]: pair["from"]
            for pair in pairs
            if isinstance(pair, dict)
            and isinstance(pair.get("to"), str)
            and isinstance(pair.get("from"), str)
        }

    @property
    def is_aside(self) -> bool:
        """Whether the record changed nothing at its place in the log.

        That is a redaction record, or a migrated line, which tells of an earlier time.
        """
        return "migrated_from" in self.metadata or bool(self.redacted)

    @property
    def is_own(self) -> bool:
        """Whether loop's protocol wrote the record, from any interface: chained and ordered."""
        return "previous" in self.metadata and "migrated_from" not in self.metadata

    @property
    def kept_as_json(self) -> tuple[str, ...]:
        """The names of hashed `old` values that are kept as JSON; the others are texts."""
        names = self.metadata.get("kept_as_json")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    @property
    def inexact(self) -> tuple[str, ...]:
        """The names of `old` values that JSON can't express: with keys that are not texts, or
        `.inf`."""
        names = self.metadata.get("inexact")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    @property
    def written(self) -> dict[str, dict[str, str]]:
        """The spelling of `old` values that JSON can't tell: `1.10`, or a date without quotes.

        By the name in the diff, and the place within the value.
        """
        found = self.metadata.get("written")
        return {
            name: places
            for name, places in (found.items() if isinstance(found, dict) else ())
            if isinstance(places, dict) and all(isinstance(one, str) for one in places.values())
        }

    def is_of(self, entity_id: str, path: str | None) -> bool:
        """Whether the record is about the entity; `path` counts if several files have the id."""
        return self.entity_id == nfc(entity_id) and path in (None, self.metadata.get("path"))

    def reached(self, *, updated_at: int | None, etag: str | None) -> bool:
        """Whether the entity was at the revision right after this record.

        All given parts must match. A time counts only if loop's protocol wrote it, or if the record
        changed it; other programs may leave the time as it was.
        """
        moved = self._instant("updated_before") not in (None, self.updated_after)
        return _matches(etag, (self.etag_after,)) and _matches(
            updated_at, (self.updated_after,) if self.is_own or moved else ()
        )

    def left(self, *, updated_at: int | None, etag: str | None) -> bool:
        """Whether the entity was at the revision right before this record, by its protocol."""
        return (self.is_own or updated_at is None) and self.began(updated_at=updated_at, etag=etag)

    def began(self, *, updated_at: int | None, etag: str | None) -> bool:
        """Whether the entity was at the revision before this record, its oldest."""
        times = (self._instant("updated_before"), self._instant("literal_before"))
        return _matches(etag, (self.etag_before,)) and _matches(updated_at, times)

    def as_change(self) -> dict[str, Any]:
        """Return an entry of a conflict's `changes`; wrong values of other programs become null."""
        keys = ("run_id", "timestamp", "actor", "source")
        texts = {key: self.data.get(key) for key in keys}
        names, agent = self.modified_fields, self._text("agent")
        return {
            **{key: text if isinstance(text, str) else None for key, text in texts.items()},
            **({} if agent is None else {"agent": agent}),
            "modified_fields": None if names is None else list(names),
        }

    def _text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def _instant(self, key: str) -> int | None:
        return timestamps.parse(self._text(key) or "")


def record_of(line: bytes) -> AuditRecord | None:
    """Parse a line of the log, without its newline, as a record; None if it is not one."""
    try:
        data = jsontext.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or "entity_id" not in data:
        return None
    return AuditRecord(data=data, digest=sha256_hex(line))


class History:
    """The records of one entity; read from the newest back, as far as needed.

    `known` is the last of them, None if there is none, for a caller that knows it.
    """

    def __init__(
        self,
        newest_first: Iterable[AuditRecord] = (),
        *,
        known: tuple[AuditRecord | None, ...] = (),
    ) -> None:
        self._source = iter(newest_first)
        self._read: list[AuditRecord] = []
        self._last = known

    @property
    def records(self) -> Iterable[AuditRecord]:
        """The records newest first, without undone ones."""
        return without_undone(self.all())

    @property
    def last(self) -> AuditRecord | None:
        """The last record (SPEC §1)."""
        if not self._last:
            self._last = (next((one for one in self.records if one.etag_after is not None), None),)
        return self._last[0]

    @property
    def ceiling(self) -> int | None:
        """The latest instant to which any record set `updated`, undone records included.

        A record of loop's own that landed is later than all before it, so reading stops there.
        """
        latest: int | None = None
        last = self.last
        for record in self.all():
            instant = record.updated_after
            if instant is not None and (latest is None or instant > latest):
                latest = instant
            is_last = last is not None and record.digest == last.digest
            if is_last and record.is_own and not record.is_return:
                break
        return latest

    def all(self) -> Iterator[AuditRecord]:
        """The records newest first, with undone ones."""
        index = 0
        while True:
            if index == len(self._read):
                record = next(self._source, None)
                if record is None:
                    return
                self._read.append(record)
            yield self._read[index]
            index += 1


def without_undone(newest_first: Iterable[AuditRecord]) -> Iterator[AuditRecord]:
    """Return the records that count: undone ones are left out, their undo records stay.

    An undo record names the old text of a line; a later redaction may have rewritten it.
    """
    undone: set[str] = set()
    earlier: dict[str, str] = {}
    for record in newest_first:
        if record.undoes is not None:
            undone.add(record.undoes)
        earlier.update(record.redacted)
        if undone.isdisjoint(digests_of(record.digest, earlier)):
            yield record


def with_key(newest_first: Iterable[AuditRecord], key: str) -> Iterator[AuditRecord]:
    """The records of calls with an idempotency key that count, newest first."""
    for record in without_undone(newest_first):
        if record.undoes is None and record.metadata.get("idempotency_key") == key:
            yield record


def digests_of(digest: str, earlier: Mapping[str, str]) -> list[str]:
    """Return all digests that a line has had; `earlier` comes from redaction records."""
    found = [digest]
    while (before := earlier.get(found[-1])) is not None and before not in found:
        found.append(before)
    return found


def since(
    newest_first: Iterable[AuditRecord],
    *,
    current_etag: str,
    updated_at: int | None,
    etag: str | None,
) -> tuple[list[AuditRecord], bool]:
    """Return the records after the expected revision, and whether they tell everything.

    They do if they form an unbroken chain of etags from that revision to the current bytes, and
    their diffs have all changes. An outside edit breaks the chain. If no record has the revision,
    the later records are returned.
    """
    found: list[AuditRecord] = []
    expected_etag: str | None = current_etag
    whole = True
    given = updated_at is not None or etag is not None
    for record in newest_first if given else ():
        if record.undoes is not None or record.is_aside:
            continue
        if record.reached(updated_at=updated_at, etag=etag):
            return found, whole and record.etag_after == expected_etag
        whole = whole and record.etag_after == expected_etag and record.tells_all
        found.append(record)
        if record.left(updated_at=updated_at, etag=etag):
            return found, whole
        # Before a create, as after a delete, there is not an etag; other programs leave etags out.
        expected_etag = record.etag_before if record.is_own else record.etag_before or ""
    if found and found[-1].began(updated_at=updated_at, etag=etag):
        return found, whole
    if updated_at is None:  # nothing tells the time of that etag
        return [], False
    return [record for record in found if (record.updated_after or 0) > updated_at], False


def _is_restored(deletion: AuditRecord, back: AuditRecord) -> bool:
    """Whether a record says that the file came back which another one deleted."""
    same = deletion.etag_before == back.etag_after
    return same or deletion.digest == back.metadata.get("restores")


def is_replaced(newest_first: Iterable[AuditRecord]) -> bool:
    """Whether the changes belong to another entity with the same id.

    That is the case if it was deleted or created in between. An entity that `loop undo` restores is
    the same one: byte for byte, or as it was before other changes of the run that deleted it.
    """
    back: AuditRecord | None = None  # of the restored file, until its deletion is found
    for record in newest_first:
        action = record.data.get("action")
        if back is not None:
            if action != "delete" or not _is_restored(record, back):
                return True
            back = None
        elif action == "create" and record.is_own and "restores" in record.metadata:
            back = record
            if back.etag_after is None:
                return True
        elif action in ("create", "delete"):
            return True
    return False


def is_digest(value: Any) -> bool:
    """Whether a diff has the hash of a value instead of the value."""
    return isinstance(value, dict) and value.keys() == {"sha256", "bytes"}


def touches(name: str, value: Any, field: str) -> bool:
    """Whether the value under `name` in a diff belongs to `field`.

    `field` is a dotted name, or `body`. The value may be the field itself, nested in it, or around
    it.
    """
    if BODY in (name, field):
        return name == field
    path = tuple(map(nfc, split_dotted(name)))
    wanted = tuple(map(nfc, split_dotted(field)))
    if path[: len(wanted)] == wanted:
        return True
    return wanted[: len(path)] == path and _holds(value, wanted[len(path) :])


def is_private(name: str, value: Any, private: Iterable[str]) -> bool:
    """Whether the value under `name` in a diff is a private field."""
    return any(touches(name, value, field) for field in private)


def _holds(value: Any, path: tuple[str, ...]) -> bool:
    if not path or is_digest(value):
        return True
    return isinstance(value, dict) and any(
        nfc(key_text(key)) == path[0] and _holds(inner, path[1:]) for key, inner in value.items()
    )


def compose(
    *,
    action: str,
    before: Entity,
    diff: Diff,
    origin: Origin,
    timestamp: int,
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """The data of a record about an entity, in the order of SPEC §6."""
    call = {} if origin.key is None else {"idempotency_key": origin.key, "request": origin.request}
    return {
        "run_id": origin.run_id,
        "timestamp": timestamps.render(timestamp),
        "actor": origin.actor,
        "source": origin.source,
        "entity_type": before.type,
        "entity_id": before.id,
        "entity_name": before.name,
        "action": action,
        "modified_fields": list(diff),
        "diff": diff,
        "metadata": {
            "path": before.path,
            **metadata,
            "tty": origin.tty,
            "invoked_by": origin.invoked_by,
            **call,
            **({} if origin.agent is None else {"agent": origin.agent}),
        },
    }


def compose_undo(record: AuditRecord, *, timestamp: int) -> dict[str, Any]:
    """Build the undo record of SPEC §6: the entity is again as it was before `record`."""
    metadata = dict(record.metadata)
    metadata["rolled_back"] = record.digest
    metadata["etag_before"], metadata["etag_after"] = record.etag_after, record.etag_before
    metadata["updated_before"], metadata["updated_after"] = (
        metadata.get("updated_after"),
        metadata.get("updated_before"),
    )
    gone = (
        "group", "forced", "rebased_from", "edited_outside", "literal_before", "previous_own",
        "undoes", "kept_as_json", "inexact", "layout", "written",
        "mended",
    )  # fmt: skip
    if "path_before" in metadata:
        metadata["path"] = metadata.pop("path_before")
    for key in gone:
        metadata.pop(key, None)
    undone = {"action": "update", "modified_fields": [], "diff": {}, "metadata": metadata}
    return {**record.data, "timestamp": timestamps.render(timestamp), **undone}


def _matches(expected: object, values: tuple[object, ...]) -> bool:
    """Whether an expected value, if there is one, is among the values."""
    return expected is None or expected in values
