"""A commit to the database: planned without a lock, landed in one short transaction.

1. The entities are read, and the changes planned. Nobody is locked out.
2. A transaction locks the one row of `head`, and compares: each entity has the bytes and the last
   record that were planned with; where a plan asked for more (others, free places, ids) nothing at
   all has changed since. So writers of one vault take turns here, and their records get their
   places in that order.
3. The files, the lines and the new head are written and committed together, without waiting for
   the disk; the lock is free again.
4. An empty commit waits until the disk, and a synchronous standby, has all before it. Only then is
   the change acknowledged. Writers who wait at the same time share that.

Most changes take all of 2 to 4 in one call (`calling`), and write their files before they lock the
head. What is too large for that, and files of an id that several have, take some statements, and
have the vault to themselves meanwhile. Where something has changed, the changes are planned again,
with the lock held. A connection that breaks before step 3 is made anew, and all begins again. Where
it breaks after that the change may have landed: its line is looked for in the log, with the lock,
and what has not come to the lock by then is refused. So it is known then, and never guessed.
"""

from __future__ import annotations

import os
import time

import psycopg

from loop_cli.core.records.record import AuditRecord
from loop_cli.errors import LoopError
from loop_cli.failures import Unreachable
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import etag_of
from loop_cli.postgres import calling, lines, locking, projection, rows, touched
from loop_cli.postgres import database as db
from loop_cli.postgres.attempt import Attempt, Planned, batches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from loop_cli.core.commits import AnyChange, CommitResult
    from loop_cli.core.records.record import Origin
    from loop_cli.planning.plan import Plan
    from loop_cli.postgres.calling import Call
    from loop_cli.postgres.database import Connection
    from loop_cli.postgres.handle import Handle
    from loop_cli.postgres.lines import Line
    from loop_cli.postgres.locating import Found

    Outcomes = list[CommitResult | LoopError]
    Rows = dict[str, projection.Row]
    T = TypeVar("T")

_HEAD = "SELECT version, rules, seq, digest, own FROM head"
_VERSION = "SELECT version FROM head"
_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_NOW = (
    "SELECT path, etag, (SELECT max(seq) FROM record WHERE entity = %s) FROM file WHERE path = %s"
)
_USED = "SELECT 1 FROM record WHERE key = %s AND run <> %s LIMIT 1"
_MOVE_ON = (
    "UPDATE head SET version = version + 1, seq = %s, digest = %s, own = %s, rules = rules + %s"
)
# A write, so that what is seen is as durable as this commit. Where a call of ours has not yet come
# to the lock, it finds other rules than it was planned by, and does not land any more.
_FENCE = "UPDATE head SET version = version + 1, rules = rules + 1"
_ASYNCHRONOUS = "SET LOCAL synchronous_commit = off"
_FLUSH = "SELECT pg_logical_emit_message(true, 'loop', '')"  # a commit that changes nothing
_NOTIFY = "SELECT pg_notify(%s, %s)"
_LANDED = "SELECT count(*) FROM record WHERE digest = ANY(%s)"


class Head(Struct):
    """The end of the log."""

    version: int
    rules: int
    seq: int
    digest: str | None
    own: str | None

    def link(self) -> dict[str, str | None]:
        """Return what the next record says of the lines before it."""
        if self.digest is None or self.digest == self.own or self.own is None:
            return {"previous": self.digest}
        return {"previous": self.digest, "previous_own": self.own}


class _Stale(Exception):
    """What was planned with is not there any more."""


class NotLanded(Unreachable):
    """The connection broke while a change was written, and it is certain that nothing was."""


class Landing:
    """One call of `PostgresStore.commit`."""

    def __init__(self, handle: Handle, origin: Origin) -> None:
        self._handle = handle
        self._database = handle.database
        self._origin = origin
        self._until = time.monotonic() + handle.database.patience

    def run(self, changes: Sequence[AnyChange], *, atomic: bool, dry_run: bool) -> Outcomes:
        """Return the outcomes, as `Store.commit` says."""
        if dry_run:
            return self._database.read(
                lambda connection: self._dry(connection, changes, atomic=atomic)
            )
        if atomic:
            return self._commit(changes, group=True)
        return [one for batch in batches(changes) for one in self._commit(batch, group=False)]

    def land_made(self, make: Callable[[Connection], tuple[T, Plan | None]]) -> T:
        """Land one plan that is made with the lock held, and return what came with it."""
        said: list[T] = []

        def work(connection: Connection) -> list[Line]:
            head = _locked(connection)
            found, plan = make(connection)
            said.append(found)
            if plan is None:
                return []
            made = Planned(plan=plan, found=None, origin=self._origin)
            return self._write(connection, [made], head, self._rows([made]), group=False)

        try:
            with self._database.connection() as connection:
                self._transact(connection, work)
        except psycopg.Error as error:
            raise self._database.refused(error) from error
        return said[-1]

    def _dry(
        self, connection: Connection, changes: Sequence[AnyChange], *, atomic: bool
    ) -> Outcomes:
        with connection.transaction():
            connection.execute(_ONE_MOMENT)
            self._handle.renew(connection)
            attempt = Attempt(self._handle, connection)
            planned = attempt.plan(changes, self._origin, group=atomic)
        return [
            one if isinstance(one, LoopError) else one.plan.result(None, warnings=one.warnings)
            for one in planned
        ]

    def _commit(self, changes: Sequence[AnyChange], *, group: bool) -> Outcomes:
        """Land changes in one transaction, as often as connections break before it is written."""
        while True:
            try:
                with self._database.connection() as connection:
                    return self._on(connection, changes, group=group)
            except NotLanded:
                raise
            except (Unreachable, psycopg.Error) as error:
                lost = isinstance(error, Unreachable) or db.is_lost(error)
                if not lost or time.monotonic() >= self._until:
                    if isinstance(error, psycopg.Error):
                        raise self._database.refused(error) from error
                    raise
            time.sleep(0.2)

    def _on(self, connection: Connection, changes: Sequence[AnyChange], *, group: bool) -> Outcomes:
        attempt = Attempt(self._handle, connection)
        head = Head(**dict(zip(Head._fields, attempt.look(changes), strict=True)))
        self._handle.renew(connection, head.rules)
        try:
            planned = self._plan(connection, attempt, changes, head, group=group)
            if not _changed(planned):
                return _outcomes(planned, [])
            if group or not _meets_twice(planned):
                asked = head.version if attempt.asked else None
                return self._land(connection, planned, head, asked, group=group)
        except _Stale:
            return self._again(connection, changes, group=group)
        # Two are of one entity, by an alias or two spellings of an id.
        return [one for change in changes for one in self._commit([change], group=False)]

    def _plan(
        self,
        connection: Connection,
        attempt: Attempt,
        changes: Sequence[AnyChange],
        head: Head,
        *,
        group: bool,
    ) -> list[Planned | LoopError]:
        """Plan all changes. Raises `_Stale` where something has changed under a refusal: an id may
        have been free, and its place taken a moment later."""
        try:
            planned = attempt.plan(changes, self._origin, group=group)
            refusal = None
        except LoopError as error:
            planned, refusal = [], error
        if not _changed(planned) and attempt.asked:
            row = connection.execute(_VERSION).fetchone()
            if row is None or row[0] != head.version:
                raise _Stale
        if refusal is not None:
            raise refusal
        return planned

    def _again(
        self, connection: Connection, changes: Sequence[AnyChange], *, group: bool
    ) -> Outcomes:
        """Plan again with the lock held, and land."""
        planned: list[Planned | LoopError] = []

        def work(connection: Connection) -> list[Line]:
            head = _locked(connection)
            self._handle.renew(connection, head.rules)
            attempt = Attempt(self._handle, connection)
            planned.extend(attempt.plan(changes, self._origin, group=group))
            if not _changed(planned):
                return []
            return self._write(connection, planned, head, self._rows(planned), group=group)

        return self._landed(planned, self._transact(connection, work))

    def _land(
        self,
        connection: Connection,
        planned: Sequence[Planned | LoopError],
        head: Head,
        version: int | None,
        *,
        group: bool,
    ) -> Outcomes:
        """Land what was planned without a lock. Raises `_Stale`."""
        going = _changed(planned)
        if calling.are_for(going):
            said = [self._said(one) for one in going]
            call = calling.call_of(going, said, group=group, after=head.seq)
            version = head.version if call.moving else version
            return self._landed(planned, self._call(connection, call, head, version))
        made = self._rows(planned)  # before anybody is locked out

        def work(connection: Connection) -> list[Line]:
            now = self._compared(connection, planned, version, head.rules)
            return self._write(connection, planned, now, made, group=group)

        return self._landed(planned, self._transact(connection, work))

    def _call(
        self, connection: Connection, call: Call, head: Head, version: int | None
    ) -> list[Line]:
        """Land by one call, and return its lines once they are durable. Raises `_Stale`."""
        deciding = any(one in self._handle.deciding for one in call.paths)
        try:
            found = calling.send(
                connection,
                call,
                rules=head.rules,
                version=version,
                deciding=deciding,
                channel=self._handle.channel,
            )
        except psycopg.Error as error:
            return self._settled_call(connection, call, error)
        if found is None:
            raise _Stale
        return found

    def _settled_call(self, connection: Connection, call: Call, error: psycopg.Error) -> list[Line]:
        """Return the lines of a call that failed, if it has landed. Raises the error, `NotLanded`
        or `AnswerLost`."""

        def look(connection: Connection) -> list[Line]:
            return calling.landed(connection, call)

        if db.is_lost(error):
            return self._settle(look, error)
        try:  # the server has said how it ended, so nothing is under way
            found = look(connection)
            if found:
                connection.execute(_FLUSH)
        except psycopg.Error as later:
            return self._settle(look, later)
        if not found:
            raise error
        return found

    def _transact(
        self, connection: Connection, work: Callable[[Connection], list[Line]]
    ) -> list[Line]:
        """Do the work in one transaction, and return its lines once they are durable.

        The transaction itself does not wait for the disk, and so no other writer waits for it: the
        lock is free as soon as it is committed. A second, empty commit waits for both, and for all
        that wait at the same time.
        """
        landing: list[Line] = []

        def look(connection: Connection) -> list[Line]:
            digests = [one.digest for one in landing]
            row = connection.execute(_LANDED, (digests,)).fetchone()
            return landing if row is not None and row[0] == len(digests) else []

        try:
            with connection.transaction():
                landing = work(connection)
        except psycopg.Error as error:
            if not landing or not db.is_lost(error):
                raise
            return self._settle(look, error)
        if landing:
            try:
                connection.execute(_FLUSH)
            except psycopg.Error as error:
                return self._settle(look, error)
        return landing

    def _landed(self, planned: Sequence[Planned | LoopError], landing: Sequence[Line]) -> Outcomes:
        records = [
            AuditRecord(data=one.record.data, digest=one.digest) for one in landing if one.record
        ]
        return _outcomes(planned, records)

    def _compared(
        self,
        connection: Connection,
        planned: Sequence[Planned | LoopError],
        version: int | None,
        rules: int,
    ) -> Head:
        """Lock the head, and compare what was planned with. Raises `_Stale`."""
        going = _changed(planned)
        keys = {(one.origin.key, one.origin.run_id) for one in going if one.origin.key}
        with connection.pipeline():
            locking.alone(connection)
            locked = connection.execute(f"{_HEAD} FOR UPDATE")
            now = [
                (one.found.place, connection.execute(_NOW, (one.found.place.id, _key(one.found))))
                for one in going
                if one.found is not None
            ]
            used = [connection.execute(_USED, pair) for pair in keys]
        row = locked.fetchone()
        assert row is not None, "every vault has a head"
        head = Head(**dict(zip(Head._fields, row, strict=True)))
        if head.rules != rules or (version is not None and head.version != version):
            raise _Stale
        if any(cursor.fetchone() is not None for cursor in used):
            raise _Stale
        for place, cursor in now:
            there = cursor.fetchone()
            if there is None or there[1] != etag_of(place.data):
                raise _Stale
            if there[2] != place.last:
                raise _Stale
        return head

    def _write(
        self,
        connection: Connection,
        planned: Sequence[Planned | LoopError],
        head: Head,
        made: Rows,
        *,
        group: bool,
    ) -> list[Line]:
        """Write files, lines and head; return the lines. Raises `InvalidFile`."""
        plans = [one.plan for one in _changed(planned)]
        landing = _lines_of(plans, head, group=group)
        now = self._handle.clock()
        paths = {path for one in plans for path in (one.source, one.target) if path}
        rules = any(path in self._handle.deciding for path in paths)
        last = landing[-1].digest
        with connection.pipeline():
            for one in plans:
                self._write_one(connection, one, made.get(one.target or ""), now)
            lines.add(connection, landing, after=head.seq)
            connection.execute(_MOVE_ON, (head.seq + len(landing), last, last, int(rules)))
            connection.execute(_ASYNCHRONOUS)
            connection.execute(_NOTIFY, (self._handle.channel, str(head.seq + len(landing))))
        for one in plans:
            if one.source != one.target:
                rows.date_again(connection, self._handle.log_over(connection), one.after.id)
        return landing

    def _said(self, one: Planned) -> dict[str, object]:
        """Compute what a call writes of a file."""
        plan, now = one.plan, self._handle.clock()
        if plan.target is None:
            return {"modified": now}
        if one.found is not None and plan.source == plan.target and self._handle.same_zone:
            said = touched.columns(plan, one.found, now, self._handle.names)
            if said is not None:
                return said
        return rows.said(self._rows([one])[plan.target])

    def _rows(self, planned: Sequence[Planned | LoopError]) -> Rows:
        """Compute the rows of the files that are written, by path."""
        now = self._handle.clock()
        found: Rows = {}
        for one in planned:
            if isinstance(one, LoopError) or not one.plan.changed or one.plan.target is None:
                continue
            row = projection.row_of(
                one.plan.target,
                one.plan.data,
                modified=now,
                names=self._handle.names,
                places=self._handle.places,
            )
            found[one.plan.target] = projection.recorded(row, one.plan.record)
        return found

    def _write_one(
        self, connection: Connection, plan: Plan, row: projection.Row | None, now: int
    ) -> None:
        for sha256, data in plan.kept.items():
            rows.keep(connection, sha256, data, now)
        if plan.source is not None and plan.source != plan.target:
            rows.remove(connection, plan.source)
        if row is not None:
            rows.put(connection, row)

    def _settle(self, look: Callable[[Connection], list[Line]], error: psycopg.Error) -> list[Line]:
        """Return the lines for which to `look`. Raises `NotLanded` if there are none,
        `AnswerLost` if nobody can say."""
        run_id = self._origin.run_id
        while True:
            try:
                with self._database.connect() as connection, connection.transaction():
                    locking.end(connection, "seq")
                    connection.execute(_FENCE)
                    found = look(connection)
                break
            except (Unreachable, psycopg.Error):
                if time.monotonic() >= self._until:
                    raise self._database.unknown(run_id, error) from error
                time.sleep(0.2)
        if not found:
            raise NotLanded(
                f"the connection to {self._database.address.shown} broke, and nothing was written: "
                f"{db.words(error)}"
            ) from error
        return found


def _key(found: Found) -> bytes:
    return os.fsencode(found.place.path)


def _locked(connection: Connection) -> Head:
    """Lock the vault, and return the end of its log."""
    row = locking.head(connection, ", ".join(Head._fields))
    return Head(**dict(zip(Head._fields, row, strict=True)))


def _lines_of(plans: Sequence[Plan], head: Head, *, group: bool) -> list[Line]:
    """Return the lines of plans, each chained to the one before."""
    link, name = head.link(), os.urandom(16).hex()
    found: list[Line] = []
    for index, one in enumerate(plans):
        one.record["metadata"].update(link)
        if group:
            one.record["metadata"]["group"] = {"id": name, "index": index, "count": len(plans)}
        found.append(lines.encode(one.record, one.path))
        link = {"previous": found[-1].digest}
    return found


def _meets_twice(planned: Sequence[Planned | LoopError]) -> bool:
    """Whether two changes are about one file."""
    paths = [one.plan.path for one in planned if isinstance(one, Planned)]
    return len(paths) != len(set(paths))


def _changed(planned: Sequence[Planned | LoopError]) -> list[Planned]:
    return [one for one in planned if isinstance(one, Planned) and one.plan.changed]


def _outcomes(planned: Sequence[Planned | LoopError], records: Sequence[AuditRecord]) -> Outcomes:
    left = iter(records)
    return [
        one
        if isinstance(one, LoopError)
        else one.plan.result(next(left) if one.plan.changed else None, warnings=one.warnings)
        for one in planned
    ]
