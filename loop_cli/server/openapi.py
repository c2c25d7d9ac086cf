"""The description of the API, and the page that shows it."""

from __future__ import annotations

import html
import json

from fastapi.openapi.utils import get_openapi

from loop_cli.wire import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastapi import FastAPI
    from pydantic import BaseModel

_SENT: tuple[type[BaseModel], ...] = (
    http.FieldsBody, http.CreateBody, http.EntityCreateBody, http.ChangeBody, http.LineBody,
    http.MoveBody, http.RenameBody, http.UndoBody, http.MendBody, http.DeleteBody, http.AllowBody,
    http.PruneBody, http.MergeBody, http.ViewBody,
)  # fmt: skip
_MODELS: tuple[type[BaseModel], ...] = (
    *_SENT, http.HttpErrorDocument, http.FlatEntity, http.WrittenDocument, http.EntitiesDocument,
    http.SearchDocument, http.LogsDocument, http.EntityLogDocument,
)  # fmt: skip
_SCHEMAS = "#/components/schemas/"
_STATUSES = {
    "400": "The request is not understood.",
    "401": "No known token.",
    "403": "Not allowed.",
    "404": "No such entity.",
    "409": "A conflict: the entity was modified.",
    "412": "The same, with what If-Match said.",
    "413": "The body is too large.",
    "415": "The body is no JSON.",
    "422": "The change, or the file, is not valid.",
    "428": "No precondition.",
    "500": "The system refused.",
    "503": "The vault is locked.",
}
_READS = ("400", "401", "404", "409", "422", "500", "503")


def describe(app: FastAPI) -> None:
    """Have the app describe itself so."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in _MODELS:
        made = model.model_json_schema(ref_template=_SCHEMAS + "{model}")
        schemas.update(made.pop("$defs", {}))
        schemas[model.__name__] = made
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "token": {"type": "apiKey", "in": "header", "name": "x-api-token"},
    }
    schema["security"] = [{"bearer": []}, {"token": []}]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    return schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say which errors there may be, and what is answered."""
    if path == "/health":
        operation["security"] = []
        return
    responses = operation.setdefault("responses", {})
    error = {"schema": {"$ref": f"{_SCHEMAS}{http.HttpErrorDocument.__name__}"}}
    content = {"application/json": error, "application/problem+json": error}
    for status in _STATUSES if method != "get" else _READS:
        responses[status] = {"description": _STATUSES[status], "content": content}


def page(app: FastAPI) -> str:
    """The page: every route with its parameters and its body."""
    schema = app.openapi()
    parts = [
        _route(method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    models = [
        f"<details id='{html.escape(name)}'><summary><code>{html.escape(name)}</code></summary>"
        f"<pre>{html.escape(json.dumps(model, ensure_ascii=False, indent=1))}</pre></details>"
        for name, model in schema["components"]["schemas"].items()
    ]
    return _PAGE.format(
        version=html.escape(app.version), routes="\n".join(parts), models="\n".join(models)
    )


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{html.escape(one['name'])}</code></td><td>{html.escape(one['in'])}</td>"
        f"<td>{html.escape(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", [])
    ]
    body = ""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").removeprefix(_SCHEMAS)
        if name:
            body = (
                f"<p>Body: <a href='#{html.escape(name)}'><code>{html.escape(name)}</code></a></p>"
            )
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    about = html.escape(operation.get("description", ""))
    title = f"<code>{method.upper()} {html.escape(path)}</code>"
    return f"<details><summary>{title}</summary><p>{about}</p>{body}{table}</details>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>loop: HTTP API</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem }}
:root {{ color-scheme: light dark }} summary {{ cursor: pointer; padding: .2rem 0 }}
table {{ border-collapse: collapse }} td {{ border: 1px solid #8886; padding: .2rem .5rem }}
pre {{ overflow: auto }}
</style></head><body>
<h1>loop {version}: HTTP API</h1>
<p>The same for programs: <a href="/openapi.json"><code>/openapi.json</code></a>. Every request
needs a token: <code>Authorization: Bearer TOKEN</code>, or <code>x-api-token: TOKEN</code>.</p>
<h2>Routes</h2>
{routes}
<h2>Shapes</h2>
{models}
</body></html>
"""
