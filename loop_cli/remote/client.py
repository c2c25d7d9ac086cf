"""Requests to a server, each with one answer or one error that says what may have happened."""

from __future__ import annotations

from loop_cli import __version__
from loop_cli.errors import UsageError
from loop_cli.failures import AnswerLost, BadAnswer, Interrupted, Unreachable
from loop_cli.lean import jsontext
from loop_cli.lean.basics import uuid4
from loop_cli.lean.http import Broken, Connection, quoted
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from loop_cli.remote.address import Address

    Query = Sequence[tuple[str, str]]

_CONNECT = 10.0  # seconds
_ANSWER = 120.0  # seconds; a server may wait for the vault's lock
_TRIES = 3


class Answer(Struct):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    def json(self) -> Any:
        """The document. Raises `BadAnswer`."""
        try:
            return jsontext.loads(self.data)
        except (ValueError, RecursionError):
            raise BadAnswer(
                f"the server's answer is no JSON (status {self.status})",
                hint="is a loop server at this address?",
            ) from None


class Client:
    """Speaks to one server, one request at a time. Raises `Unreachable` where nothing was asked,
    `AnswerLost` where the answer did not come; `run_id` is named where a change may have landed,
    `agent` is what a program says of itself.

    What changes nothing is asked again where the connection broke. What changes something too,
    under one idempotency key, by which the server knows it again.
    """

    def __init__(
        self,
        address: Address,
        *,
        token: str | None,
        run_id: Callable[[], str] | None = None,
        agent: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._address = address
        self._token = token
        self._run_id = run_id
        self._agent = agent
        self._connection: Connection | None = None

    @property
    def url(self) -> str:
        """The server's address."""
        return self._address.url

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        changes: bool = False,
        keyed: bool = True,
    ) -> Answer:
        """The whole answer to one request; `path` is quoted already. `changes` tells that it may
        change something; where that is not `keyed`, it is sent once only."""
        sent = self._headers(
            headers, changes=changes, keyed=changes and keyed, has_body=body is not None
        )
        for tried in range(1, _TRIES + 1):
            try:
                return self._once(method, _target(self._address.base + path, query), sent, body)
            except Unreachable:
                if tried == 1:
                    raise
                raise self._lost(changes) from None  # an earlier try may have been heard
            except KeyboardInterrupt:
                self.close()
                if not changes:
                    raise
                raise self._interrupted() from None
            except _Broken as broken:
                if tried == _TRIES or broken.slow or (changes and not keyed):
                    raise self._lost(changes, slow=broken.slow) from None
        raise AssertionError("the last try returns or raises")

    def listen(
        self, path: str, headers: Mapping[str, str], *, wait: float
    ) -> tuple[Answer, Iterator[bytes]]:
        """An answer that does not end, over a connection of its own: how it begins, and its pieces
        as `Connection.pieces` has them. One that is an error is whole. Raises `Unreachable`,
        `Broken`, `OSError`."""
        connection = self._connected()
        more = self._headers(headers, changes=False, keyed=False, has_body=False)
        try:
            status, found = connection.ask("GET", self._address.base + path, more, None)
            if status != 200:
                data = connection.rest_of(status, found)
                connection.close()
                return Answer(status=status, headers=found, data=data), iter(())
        except BaseException:
            connection.close()
            raise
        pieces = connection.pieces(found, wait=wait)
        return Answer(status=status, headers=found, data=b""), _closing(connection, pieces)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _headers(
        self, more: Mapping[str, str] | None, *, changes: bool, keyed: bool, has_body: bool
    ) -> dict[str, str]:
        headers = {
            "Host": self._address.authority,
            "Accept": "application/json",
            "User-Agent": f"loop/{__version__}",
            **({"Content-Type": "application/json"} if has_body else {}),
            **(more or {}),
        }
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if keyed:
            key = headers.setdefault("Idempotency-Key", uuid4())
            if not key.isascii():  # as RFC 8187 has it
                headers["Idempotency-Key*"] = f"UTF-8''{quoted(headers.pop('Idempotency-Key'))}"
        if changes and self._run_id is not None:
            headers["X-Run-Id"] = self._run_id()
        if changes and (agent := self._agent()) is not None:
            headers["X-Loop-Agent"] = quoted(agent)
        return headers

    def _once(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        connection = self._connection = self._connection or self._connected()
        try:
            status, found, data = connection.exchange(method, target, headers, body)
        except TimeoutError:
            self.close()
            raise _Broken(slow=True) from None
        except (OSError, Broken):
            self.close()
            raise _Broken from None
        except ValueError as error:  # nothing was sent
            raise UsageError(f"{error}; so a server can't be asked that") from None
        if connection.ends:
            self.close()
        return Answer(status=status, headers=found, data=data)

    def _connected(self) -> Connection:
        at = self._address
        tls = at.scheme == "https"
        try:
            return Connection(at.host, at.port, tls=tls, connect=_CONNECT, patience=_ANSWER)
        except OSError as error:
            raise Unreachable(
                f"{at.url} was not reached: {_why(error, tls=tls)}; nothing was changed",
                hint="is 'loop serve' running there? 'loop config' shows where the address is from",
            ) from None

    def _interrupted(self) -> Interrupted:
        lost = self._lost(True)
        return Interrupted(
            "interrupted; the change may have landed", hint=lost.hint, **lost.details
        )

    def _lost(self, changes: bool, *, slow: bool = False) -> AnswerLost:
        what = f"did not answer for {_ANSWER:.0f} seconds" if slow else "broke the connection"
        if not changes:
            return AnswerLost(f"{self.url} {what} before it had answered; nothing was changed")
        run_id = None if self._run_id is None else self._run_id()
        return AnswerLost(
            f"{self.url} {what} before it had answered; the change may have landed",
            hint=None if run_id is None else f"loop log --run {run_id} shows whether it has",
            **({} if run_id is None else {"run_id": run_id}),
        )


class _Broken(Exception):
    """A request that has no whole answer."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__()
        self.slow = slow


def _closing(connection: Connection, pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        connection.close()


def _target(path: str, query: Query) -> str:
    pairs = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in query)
    return f"{path}?{pairs}" if pairs else path


def _why(error: OSError, *, tls: bool) -> str:
    if tls:
        import ssl

        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return f"no connection within {_CONNECT:.0f} seconds"
    return (error.strerror or str(error) or type(error).__name__).lower()
