"""HTTP/1.1 as a client of one server speaks it, without `http.client` and what that loads.

`http.client` with `email` and `ssl` costs more than two interpreters' starts. TLS is Python's own,
and is loaded for `https` alone. An answer that breaks off is never taken for a whole one.
"""

from __future__ import annotations

from loop_cli.lean import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket as _socket
    from collections.abc import Iterator, Mapping
    from typing import Any
else:
    try:
        import _socket
    except ImportError:  # not CPython
        import socket as _socket

_PIECE = 1 << 16
_LONGEST_HEAD = 1 << 16
_LARGEST = 1 << 30  # bytes of one answer
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_WITHOUT_BODY = (204, 304)


class Broken(Exception):
    """The answer broke off, or is no HTTP."""


class Connection:
    """A connection to a server; its answers are waited for `patience` seconds. Raises `OSError`
    where it is not to be had within `connect` seconds."""

    def __init__(self, host: str, port: int, *, tls: bool, connect: float, patience: float) -> None:
        self._socket: Any = (
            _secured(host, port, connect) if tls else _connected(host, port, connect)
        )
        self._socket.settimeout(patience)
        self._rest = b""
        self.ends = False  # whether the server closes it after the last answer

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers by their names in small letters, and the body of the answer.
        Raises `Broken`, `OSError`; `ValueError` for a header that HTTP can't carry."""
        status, found = self.ask(method, target, headers, body)
        return status, found, self.rest_of(status, found)

    def rest_of(self, status: int, headers: Mapping[str, str]) -> bytes:
        """The body of an answer that has begun so. Raises `Broken`, `OSError`."""
        self.ends = "close" in headers.get("connection", "").lower()
        return b"" if status in _WITHOUT_BODY else self._body(headers)

    def pieces(self, headers: Mapping[str, str], *, wait: float) -> Iterator[bytes]:
        """The body of an answer that does not end, as it comes; nothing each `wait` seconds in
        which nothing came. Raises `Broken` where it ends, `OSError`."""
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._socket.settimeout(wait)
        missing = -1 if chunked else _LARGEST  # of the piece; -1 where its size is to come
        while True:
            if missing < 0 and b"\r\n" in self._rest:
                line, _end, self._rest = self._rest.partition(b"\r\n")
                missing = _size(line)
                if not missing:
                    raise Broken
            elif missing > 0 and self._rest:
                piece, self._rest = self._rest[:missing], self._rest[missing:]
                missing -= len(piece) if chunked else 0
                yield piece
            elif missing == 0 and len(self._rest) >= 2:
                self._rest, missing = self._rest[2:], -1
            else:
                try:
                    self._more()
                except TimeoutError:
                    yield b""

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, dict[str, str]]:
        """The status and the headers of the answer, of which the body is still to come. Raises as
        `exchange`."""
        given = dict(headers)
        if body is not None:
            given["Content-Length"] = str(len(body))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {one}" for name, one in given.items())]
        if not all(" " <= character <= "~" for line in lines for character in line):
            raise ValueError("a header must be ASCII without line breaks")
        head = "\r\n".join((*lines, "", "")).encode()
        try:  # noqa: SIM105  `contextlib` costs start-up
            self._socket.sendall(head + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server that takes no more may have said why
        status, found = self._head()
        while 100 <= status < 200:  # an interim answer
            status, found = self._head()
        return status, found

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self._rest:
            if len(self._rest) > _LONGEST_HEAD:
                raise Broken
            self._more()
        head, _blank, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _space, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise Broken
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise Broken
            headers[name.strip().lower()] = value.strip()
        if version == "HTTP/1.0":
            headers.setdefault("connection", "close")
        return int(rest[:3]), headers

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = headers.get("content-length")
        if length is not None:
            if not (length.isascii() and length.isdecimal()) or int(length) > _LARGEST:
                raise Broken
            return self._take(int(length))
        self.ends = True
        return self._all_there_is()

    def _chunks(self) -> bytes:
        found = []
        while True:
            size = _size(self._line())
            if not size:
                break
            found.append(self._take(size))
            if self._line():
                raise Broken
        while self._line():  # what comes after the last piece
            pass
        return b"".join(found)

    def _all_there_is(self) -> bytes:
        """What comes until the server closes the connection. Only JSON tells that it is whole."""
        try:
            while len(self._rest) < _LARGEST:
                self._more()
        except Broken:
            pass
        data, self._rest = self._rest, b""
        try:
            jsontext.loads(data)
        except (ValueError, RecursionError):
            raise Broken from None
        return data

    def _take(self, size: int) -> bytes:
        pieces, missing = [self._rest], size - len(self._rest)
        while missing > 0:
            piece = self._socket.recv(min(missing, _PIECE))
            if not piece:
                raise Broken
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        self._rest = data[size:]
        return data[:size]

    def _line(self) -> bytes:
        while b"\r\n" not in self._rest:
            if len(self._rest) > _LONGEST_HEAD:
                raise Broken
            self._more()
        line, _end, self._rest = self._rest.partition(b"\r\n")
        return line

    def _more(self) -> None:
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise Broken
        self._rest += piece


def _size(line: bytes) -> int:
    """The size of a piece, by the line before it. Raises `Broken`."""
    size = line.partition(b";")[0].strip()
    if not size or size.strip(b"0123456789abcdefABCDEF") or len(size) > 8:
        raise Broken
    return int(size, 16)


def quoted(text: str, *, plain: str = "") -> str:
    """A text as a part of a URL, as `urllib.parse.quote` has it with `plain` as what is safe."""
    data = text.encode("utf-8", "surrogatepass")
    safe = _UNRESERVED | frozenset(plain.encode())
    return "".join(chr(one) if one in safe else f"%{one:02X}" for one in data)


def _connected(host: str, port: int, patience: float) -> Any:
    """A connected socket: to the first of the host's addresses that takes it."""
    error: OSError | None = None
    # As bytes, since Python would load what turns names of other scripts into ASCII.
    for family, kind, protocol, _name, place in _socket.getaddrinfo(
        host.encode("ascii"), port, 0, _socket.SOCK_STREAM
    ):
        made = _socket.socket(family, kind, protocol)
        try:
            made.settimeout(patience)
            made.connect(place)
            return made
        except OSError as failed:
            made.close()
            error = failed
    raise error or OSError(f"{host} has no address")


def _secured(host: str, port: int, patience: float) -> Any:
    import socket
    import ssl

    plain = socket.create_connection((host, port), timeout=patience)
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
