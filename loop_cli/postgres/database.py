"""Connections to the database, and what its errors mean.

Until two threads ask at once, one connection is all there is: a command needs no pool. A server
gets one with the first call that finds the connection in use.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from psycopg import pq

from loop_cli.errors import Action, StorageError
from loop_cli.failures import AnswerLost, Unreachable, VaultLocked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from psycopg_pool import ConnectionPool

    from loop_cli.postgres.address import Address

    Connection = psycopg.Connection[tuple[Any, ...]]
    T = TypeVar("T")

MOST = 16  # connections of one program
_IDLE = 60  # seconds that a transaction of ours may wait for us
_CONNECTING = 10  # seconds
_PAUSE = 0.2  # seconds before another attempt to connect
_GONE = (
    pg.AdminShutdown,
    pg.CrashShutdown,
    pg.CannotConnectNow,
    pg.IdleInTransactionSessionTimeout,
)
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)

# Its warnings are about connections that break; what is made of that is said by errors.
for _name in ("psycopg", "psycopg.pool"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


class Database:
    """A vault's database. `patience` is in seconds: for its lock, and for connections to come
    back."""

    def __init__(self, address: Address, *, patience: float) -> None:
        self.address = address
        self.patience = patience
        self._first: Connection | None = None
        self._in_use = threading.Lock()
        self._making = threading.Lock()
        self._pool: ConnectionPool[Connection] | None = None

    def close(self) -> None:
        """Close all connections."""
        with self._making:
            if self._pool is not None:
                self._pool.close()
                self._pool = None
        with self._in_use:
            if self._first is not None:
                self._first.close()
                self._first = None

    def connect(self) -> Connection:
        """Return a new connection of the caller's own. Raises `Unreachable`."""
        try:
            return psycopg.connect(self.address.conninfo, **self._how())
        except psycopg.OperationalError as error:
            raise unreachable(self.address.shown, error) from error
        except psycopg.Error as error:
            raise StorageError(f"{self.address.shown}: {words(error)}") from error

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for one call, outside a transaction. Raises `Unreachable`."""
        if self._in_use.acquire(blocking=False):
            try:
                if self._first is None or self._first.closed:
                    self._first = self.connect()
                yield self._first
                _settle(self._first)
            except BaseException:
                _discard(self._first)
                raise
            finally:
                self._in_use.release()
            return
        from psycopg_pool import PoolTimeout

        try:
            with self._shared().connection() as found:
                yield found
        except PoolTimeout as error:
            raise unreachable(self.address.shown, error) from error

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` reads; where the connection breaks, it reads again on another one.

        Raises `Unreachable`, `StorageError`.
        """
        until = time.monotonic() + self.patience
        while True:
            try:
                with self.connection() as connection:
                    return work(connection)
            except Unreachable:
                if time.monotonic() >= until:
                    raise
            except _LOST as error:
                if not is_lost(error) or time.monotonic() >= until:
                    raise self.refused(error) from error
            except psycopg.Error as error:
                raise self.refused(error) from error
            time.sleep(_PAUSE)

    def refused(self, error: psycopg.Error) -> StorageError | VaultLocked:
        """Make the error for what the database refused before anything was written."""
        if isinstance(error, pg.LockNotAvailable):
            return VaultLocked(
                f"the vault stayed locked for {self.patience:g} seconds by another writer"
            )
        if is_lost(error):
            return unreachable(self.address.shown, error)
        if isinstance(error, pg.DiskFull):
            return StorageError(f"the database has no space left: {words(error)}")
        if isinstance(error, pg.QueryCanceled):
            return StorageError(f"the database cancelled it: {words(error)}")
        if isinstance(error, pg.ReadOnlySqlTransaction):
            return StorageError(
                f"{self.address.shown} only reads: it is a standby, or made read-only",
                hint="name all servers, and target_session_attrs=read-write",
            )
        return StorageError(f"the database refused: {words(error)}")

    def unknown(self, run_id: str, error: BaseException) -> AnswerLost:
        """Make the error for a write of which nobody knows whether it landed."""
        del error
        return AnswerLost(
            f"the connection to {self.address.shown} broke before the answer came, and could not "
            "be made again: the change may have landed",
            run_id=run_id,
            hint=Action("list_records", option="--run", run_id=run_id),
        )

    def _shared(self) -> ConnectionPool[Connection]:
        with self._making:
            if self._pool is None:
                from psycopg_pool import ConnectionPool

                self._pool = ConnectionPool(
                    self.address.conninfo,
                    kwargs=self._how(),
                    min_size=1,
                    max_size=MOST,
                    timeout=max(self.patience, 1.0),
                    reconnect_timeout=max(self.patience, 1.0),
                    open=True,
                    name="loop",
                )
            return self._pool

    def _how(self) -> dict[str, Any]:
        settings = {
            "search_path": self.address.schema,
            "lock_timeout": max(1, int(self.patience * 1000)),
            "idle_in_transaction_session_timeout": _IDLE * 1000,
            "synchronous_commit": "on",
            "jit": "off",
        }
        return {
            "autocommit": True,
            "prepare_threshold": 2,
            "connect_timeout": _CONNECTING,
            "application_name": "loop",
            "client_encoding": "utf8",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        }


def unreachable(shown: str, error: Exception) -> Unreachable:
    """Make the error that the database was not reached, or broke off before a write."""
    return Unreachable(f"{shown} was not reached: {words(error)}")


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection is gone, so that nobody knows what the server did with the last
    words."""
    if isinstance(error, _GONE):
        return True
    return isinstance(error, _LOST) and error.sqlstate is None


def words(error: BaseException) -> str:
    """Return what a database said, in one line."""
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def _settle(connection: Connection) -> None:
    """Leave no transaction open."""
    if connection.info.transaction_status != pq.TransactionStatus.IDLE and not connection.closed:
        connection.rollback()


def _discard(connection: Connection | None) -> None:
    """End what a failed call has left; close the connection where that is not possible."""
    if connection is None or connection.closed:
        return
    try:
        if connection.info.transaction_status != pq.TransactionStatus.IDLE:
            connection.rollback()
    except psycopg.Error:
        connection.close()
