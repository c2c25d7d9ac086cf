"""The client of HTTP/1.1, held against the standard library's own."""

from __future__ import annotations

import http.client
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.lean.http import Broken, Connection, quoted
from tests.remote.canned import Asked, answer, serving

BODIES = st.binary(max_size=300)
NAMES = st.sampled_from(["X-One", "x-two", "ETag", "Retry-After"])
VALUES = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=20)


def whole(body: bytes, headers: dict[str, str], sizes: list[int] | None) -> bytes:
    """An answer with its length, or in pieces of these sizes."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if sizes is None:
        lines.append(f"Content-Length: {len(body)}")
        data = body
    else:
        lines.append("Transfer-Encoding: chunked")
        pieces, rest = [], body
        for size in sizes:
            pieces.append(rest[:size])
            rest = rest[size:]
        pieces.append(rest)
        data = b"".join(b"%x;a=b\r\n%s\r\n" % (len(one), one) for one in pieces if one)
        data += b"0\r\nX-After: 1\r\n\r\n"
    return "\r\n".join(["HTTP/1.1 207 Some Words", *lines, "", ""]).encode() + data


def ours(
    port: int, method: str = "GET", body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = Connection("127.0.0.1", port, tls=False, connect=10, patience=10)
    try:
        return connection.exchange(method, "/x", {"Host": "a"}, body)
    finally:
        connection.close()


def theirs(port: int) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/x")
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()
    finally:
        connection.close()


@settings(max_examples=40)
@given(
    BODIES,
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.none() | st.lists(st.integers(1, 100), max_size=5),
)
def test_an_answer_reads_the_same(
    body: bytes, headers: dict[str, str], sizes: list[int] | None
) -> None:
    with serving(lambda _asked: whole(body, headers, sizes)) as server:
        found, expected = ours(server.port), theirs(server.port)

    assert found == expected
    assert found[2] == body


@settings(max_examples=40)
@given(BODIES, st.none() | st.lists(st.integers(1, 100), max_size=5), st.data())
def test_one_that_is_cut_is_never_taken_for_a_whole_one(
    body: bytes, sizes: list[int] | None, data: st.DataObject
) -> None:
    full = whole(body, {"X-One": "1"}, sizes)
    cut = data.draw(st.integers(0, len(full) - 1))
    with serving(lambda _asked: full[:cut]) as server, pytest.raises((Broken, OSError)):
        ours(server.port)


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/2 200\r\n\r\n{}",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{half",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
)
def test_what_is_no_answer(text: bytes) -> None:
    with serving(lambda _asked: text) as server, pytest.raises((Broken, OSError)):
        ours(server.port)


def test_json_to_the_end_of_the_connection_is_an_answer() -> None:
    with serving(lambda _asked: b'HTTP/1.0 200 OK\r\n\r\n{"a": 1}') as server:
        assert ours(server.port)[2] == b'{"a": 1}'


def test_an_interim_answer_is_passed_over() -> None:
    text = b"HTTP/1.1 100 Continue\r\n\r\n" + answer("{}")
    with serving(lambda _asked: text) as server:
        assert ours(server.port)[0] == 200


def test_the_body_that_is_sent_arrives() -> None:
    body = "한글 ".encode() * 100_000
    with serving(lambda _asked: answer("{}")) as server:
        ours(server.port, "PUT", body)

    (asked,) = server.asked
    assert (asked.method, asked.target, asked.body) == ("PUT", "/x", body)


def test_no_header_can_bring_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(_asked: Asked) -> bytes:
        return answer("{}")

    with serving(reply) as server:
        connection = Connection("127.0.0.1", server.port, tls=False, connect=10, patience=10)
        for value in ("a\r\nX-Other: b", "a\nb", "가", "\x00"):
            with pytest.raises(ValueError, match="header"):
                connection.exchange("GET", "/", {"X-One": value}, None)
        connection.close()

    assert server.asked == []


@given(st.text())
def test_texts_are_quoted_as_they_are_there(text: str) -> None:
    assert quoted(text) == urllib.parse.quote(text, safe="", errors="surrogatepass")
    assert quoted(text, plain="/:") == urllib.parse.quote(text, safe="/:", errors="surrogatepass")
