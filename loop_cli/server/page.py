"""The files of the dashboard: at `/` its page, under `/dashboard/` what the page loads.

They are read once, and sent compressed where the browser takes that. The policy that goes with them
lets a page load nothing from elsewhere and run no script that is not one of these files.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import Response

from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct
from loop_cli.server.answers import HttpError, is_known, quoted

PREFIX = "/dashboard/"
PUBLIC = ("/", PREFIX)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_START = "index.html"

router = APIRouter(include_in_schema=False)


class Part(Struct):
    """One file as it is sent."""

    media_type: str
    etag: str
    plain: bytes
    packed: bytes


@router.get("/")
async def start(request: Request) -> Response:
    """The page."""
    return _answer(request, _START)


@router.get(PREFIX + "{name:path}")
async def part(request: Request, name: str) -> Response:
    """What the page loads."""
    return _answer(request, name)


@cache
def parts() -> dict[str, Part]:
    """All files, by their path below the folder."""
    found: dict[str, Part] = {}
    waiting = [("", files("loop_cli.server") / "dashboard")]
    while waiting:
        before, folder = waiting.pop()
        for one in folder.iterdir():
            name = before + one.name
            if one.is_dir():
                waiting.append((name + "/", one))
            elif (media_type := _TYPES.get(name.rpartition(".")[2])) is not None:
                content = one.read_bytes()
                packed = gzip.compress(content, 9, mtime=0)
                found[name] = Part(
                    media_type=media_type,
                    etag=sha256_hex(content)[:16],
                    plain=content,
                    packed=packed,
                )
    return found


def _answer(request: Request, name: str) -> Response:
    found = parts().get(name)
    if found is None:
        raise HttpError(404, "no_such_route", f"the dashboard has no {name[:200]!r}", hint="GET /")
    headers = {**_HEADERS, "ETag": quoted(found.etag)}
    if is_known(found.etag, request.headers):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, headers=headers, media_type=found.media_type)
    return Response(found.plain, headers=headers, media_type=found.media_type)
