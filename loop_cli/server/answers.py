"""Answers: JSON that no terminal acts on, etags, and every error as one object (SPEC §7, §9)."""

from __future__ import annotations

import os
from http import HTTPStatus

from starlette.responses import Response

from loop_cli.errors import Action, ConflictError, LoopError, StorageError
from loop_cli.lean.jsontext import harmless_json
from loop_cli.server import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from starlette.datastructures import Headers

JSON = "application/json"
PROBLEM = "application/problem+json"
LINES = "application/x-ndjson"
_OF_PROBLEM = "urn:loop:error:"


class HttpError(LoopError):
    """A request that HTTP itself has a status for; `headers` go with the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: Any = None,
        headers: Mapping[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, hint=hint, **details)
        self.http_status = status
        self.code = code
        self.retryable = status in (408, 429, 503)
        self.headers = dict(headers or {})


class PreconditionFailed(HttpError):
    """A conflict with what the If-Match header said: the same object, another status."""

    def __init__(self, conflict: ConflictError) -> None:
        super().__init__(412, conflict.code, conflict.message, hint=conflict.hint)
        self.retryable = conflict.retryable
        self._conflict = conflict

    def as_dict(self) -> dict[str, Any]:
        """That of the conflict."""
        return self._conflict.as_dict()


def json_response(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A document as JSON."""
    content = harmless_json(value).encode()
    return Response(content, status, headers=headers, media_type=JSON)


def with_warnings(document: dict[str, Any], *warnings: list[str] | tuple[str, ...]) -> Any:
    """A document with the warnings inside it, each once and in words, if there are any."""
    listed = dict.fromkeys(one for some in warnings for one in some)
    return {**document, **spelling.told({"warnings": [*listed]})} if listed else document


def error_document(error: LoopError) -> dict[str, Any]:
    """The object of an error: that of the command line, and what clients of HTTP look for."""
    data = error.as_dict()
    said = spelling.told(data)
    hint = said.get("hint")
    message = str(said["error"])
    return {
        **said,
        **_action(data),
        "success": False,
        "status": error.http_status,
        "message": message,
        "detail": f"{message} ({hint})" if hint else message,
    }


def _action(data: dict[str, Any]) -> dict[str, Any]:
    """The next step as data, for a client that has words of its own for it."""
    hint = data.get("hint")
    return {"action": hint.as_dict()} if isinstance(hint, Action) else {}


def error_response(error: LoopError, headers: Headers) -> Response:
    """The answer to a request with these headers that an error ended."""
    document = error_document(error)
    own = dict(getattr(error, "headers", {}))
    if error.http_status == HTTPStatus.SERVICE_UNAVAILABLE:
        own.setdefault("Retry-After", "1")
    media_type = JSON
    if PROBLEM in headers.get("accept", ""):
        media_type = PROBLEM
        title = HTTPStatus(error.http_status).phrase
        document = {"type": _OF_PROBLEM + error.code, "title": title, **document}
    content = harmless_json(document).encode()
    return Response(content, error.http_status, headers=own, media_type=media_type)


def as_loop_error(error: Exception) -> LoopError:
    """What an error that nobody expected is for a client: no traceback, no path of our code."""
    if isinstance(error, LoopError):
        return error
    if isinstance(error, MemoryError):
        return StorageError("out of memory")
    if isinstance(error, OSError):
        return StorageError(os.strerror(error.errno) if error.errno else "the system refused")
    return LoopError(f"internal error: {type(error).__name__}", hint="the server's log has more")


def quoted(etag: str) -> str:
    """An etag as a header has it."""
    return f'"{etag}"'


def is_known(etag: str, headers: Headers) -> bool:
    """Whether the caller has this state already, by its If-None-Match."""
    given = headers.get("if-none-match")
    return given is not None and (given.strip() == "*" or etag in _etags(given))


def _etags(given: str) -> list[str]:
    return [one.strip().removeprefix("W/").strip('"') for one in given.split(",")]


def expected_etag(headers: Headers) -> str | None:
    """The one etag of If-Match; weak ones count, since proxies that compress make them so."""
    lines = headers.getlist("if-match")
    if not lines:
        return None
    given = ", ".join(lines)
    found = _etags(given)
    if len(found) != 1 or found[0] == "*":
        raise HttpError(400, "usage", f"If-Match: {given!r} must name one etag, as a GET gave it")
    return found[0]
