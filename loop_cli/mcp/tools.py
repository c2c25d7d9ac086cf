"""The tools, as clients see them: name, description, what goes in, what comes out.

Every agent pays for this list in each conversation, so it is short; a test bounds its size. A
result is what `then` has, or an error. No argument sets a precondition aside.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Schema = dict[str, Any]

MOST_LISTED = 200  # entities in one answer
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_OBJECT: Schema = {"type": "object"}
_OBJECTS: Schema = {"type": "array", "items": _OBJECT}
_COUNT: Schema = {"type": "integer"}
_MAYBE: Schema = {"type": ["string", "null"]}
_ID = {**_TEXT, "minLength": 1, "description": "id or alias"}
_PATH = {**_TEXT, "description": "chooses, if several files have the id"}
_TYPES = {**_TEXTS, "description": "types, such as Task"}
_WHERE = {
    **_TEXTS,
    "description": "conditions, all must hold: status=todo,doing; due<today; tags~x; missing:owner",
}
_FIELDS = {**_TEXTS, "description": 'fields to show; ["*"]: all'}
_ETAG = {**_TEXT, "description": "etag you read"}
_EXPECTED = {**_TEXT, "description": "updated_at you read"}
_DRY_RUN = {**_FLAG, "description": "show, write nothing"}
_ON_CONFLICT = {
    "enum": ["fail", "rebase"],
    "description": "rebase: apply on top if nobody changed your fields",
}


def _limit(default: int, most: int = MOST_LISTED) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


class Tool:
    """One tool. `takes` are its arguments, `needs` those that can't be left out; `then` are the
    keys that every result has. `writes` tells whether it changes anything, `adds` whether it only
    adds."""

    def __init__(
        self,
        about: str,
        takes: Schema,
        needs: tuple[str, ...],
        then: Schema,
        *,
        writes: bool = False,
        adds: bool = False,
    ) -> None:
        self.about = about
        self.takes: Schema = {
            "type": "object",
            "properties": takes,
            **({"required": list(needs)} if needs else {}),
            "additionalProperties": False,
        }
        done = {"properties": then, "required": list(then)}
        self.gives: Schema = {"type": "object", "anyOf": [done, {"required": ["error", "code"]}]}
        self.writes = writes
        self.adds = adds


_REVISION = {"entity_id": _TEXT, "etag": _TEXT, "updated_at": _TEXT}

TOOLS: dict[str, Tool] = {
    "search": Tool(
        "Find entities by words in id, name or body.",
        {
            "text": {**_TEXT, "minLength": 1},
            "type": _TYPES,
            "where": _WHERE,
            "limit": _limit(10),
        },
        ("text",),
        {"results": _OBJECTS, "more": _FLAG},
    ),
    "list": Tool(
        "List entities by type and conditions.",
        {
            "type": _TYPES,
            "where": _WHERE,
            "sort": {**_TEXT, "description": "fields by commas; -due: latest first"},
            "fields": _FIELDS,
            "limit": _limit(20),
            "cursor": {**_TEXT, "description": "next of the page before"},
        },
        (),
        {"entities": _OBJECTS, "total": _COUNT, "next": _MAYBE},
    ),
    "get": Tool(
        "Read one entity: its fields, and the etag that update needs.",
        {
            "id": _ID,
            "fields": _FIELDS,
            "body": {**_FLAG, "description": "the text, too"},
            "path": _PATH,
        },
        ("id",),
        {**_REVISION, "fields": _OBJECT},
    ),
    "create": Tool(
        "Create an entity. Its id, place and implied fields are set. Read schema first.",
        {
            "type": {**_TEXT, "minLength": 1},
            "name": _TEXT,
            "fields": _OBJECT,
            "body": _TEXT,
            "id": {**_TEXT, "description": "instead of the next one"},
            "idempotency_key": {**_TEXT, "description": "same key again: same entity"},
            "dry_run": _DRY_RUN,
        },
        ("type",),
        {**_REVISION, "created": _FLAG, "run_id": _TEXT},
        writes=True,
        adds=True,
    ),
    "update": Tool(
        "Change an entity that you have read. Give if_match, expected_updated_at or if. If it "
        "changed since, nothing is written and the error says who changed what.",
        {
            "id": _ID,
            "set": {**_OBJECT, "description": "fields and values"},
            "unset": _TEXTS,
            "add": {**_OBJECT, "description": "list fields and items to add"},
            "remove": _OBJECT,
            "changes": {**_TEXTS, "description": "as outer.inner=text"},
            "body": {**_TEXT, "description": "replaces the text"},
            "append_body": _TEXT,
            "if_match": _ETAG,
            "expected_updated_at": _EXPECTED,
            "if": {**_TEXTS, "description": "conditions that must hold now, as in where"},
            "on_conflict": _ON_CONFLICT,
            "path": _PATH,
            "dry_run": _DRY_RUN,
        },
        ("id",),
        {**_REVISION, "changed": _FLAG, "run_id": _TEXT, "diff": _OBJECT},
        writes=True,
    ),
    "history": Tool(
        "Show who changed an entity, when and through what, newest first.",
        {
            "id": _ID,
            "limit": _limit(10),
            "diffs": {**_FLAG, "description": "old and new values, too"},
            "path": _PATH,
        },
        ("id",),
        {"entity_id": _TEXT, "events": _OBJECTS, "more": _FLAG},
    ),
    "undo": Tool(
        "Undo an entity's last change, or a run. Give if_match or expected_updated_at; for a run "
        "of several entities, if_match is an object of id to etag (dry_run lists them).",
        {
            "id": _ID,
            "run_id": _TEXT,
            "if_match": {
                "type": ["string", "object"],
                "additionalProperties": _TEXT,
                "description": "etag you read",
            },
            "expected_updated_at": _EXPECTED,
            "on_conflict": {
                "enum": ["fail", "rebase"],
                "description": "rebase: leave fields that were changed since",
            },
            "path": _PATH,
            "dry_run": _DRY_RUN,
        },
        (),
        {"changed": _FLAG, "run_id": _TEXT, "undoes": _TEXT, "entities": _OBJECTS},
        writes=True,
    ),
    "check": Tool(
        "Check entities against the schema.",
        {
            "names": {**_TEXTS, "description": "ids or types; none: all"},
            "limit": _limit(20),
        },
        (),
        {"ok": _FLAG, "counts": _OBJECT, "findings": _OBJECTS, "more": _FLAG},
    ),
    "schema": Tool(
        "The types, or the JSON Schema of one: required, allowed and writable fields.",
        {"type": _TEXT},
        (),
        {"schema": _OBJECT},
    ),
}
INSTRUCTIONS = (
    "Entities of a Markdown vault that people and programs edit at the same time. Read before you "
    "write, and give the etag that you read as if_match. On a conflict nothing was written: if no "
    "field overlaps, repeat with on_conflict=rebase; otherwise read again, decide again, or report "
    "both values to the person. There is no way to force a change."
)
