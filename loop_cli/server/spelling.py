"""What to do next, said to a program that speaks HTTP. `cli.hints` has the same for a shell."""

from __future__ import annotations

import shlex
from urllib.parse import quote, urlencode

from loop_cli.errors import Action, Sentence, in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.conflict import Conflict

_BODY = '{"status": "done", "expected_updated_at": "2026-01-09T14:35:10.123456Z"}'
_EXAMPLES = {
    "add_item": r'{"add": {"tags": ["a", "b"]}}; in "changes", "tags+=a,b" with \, for a comma',
    "any_name": 'PATCH /api/entities/ID with {"set": {"a!": 1}}',
    "body": 'PATCH with {"body": "..."}; {"set": {"body": ...}} sets a field of that name',
    "change": f"PUT /api/tasks/ID with {_BODY}",
    "field_file": "send the text itself: nothing reads a file here",
    "json": '{"tags": ["a", "b"]}',
    "query": "GET /api/tasks?where=status%3Dtodo,doing&where=due%3Ctoday",
    "search": f"GET /api/search?q={quote('회의록')}",
    "update": f"PUT /api/tasks/tsk-019-14 with {_BODY}",
}
# The words of each action, with the values that it has.
_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "allow_field": lambda of: (
        f"'{shlex.join(['loop', 'schema', 'allow', of['entity_type'], of['field']])}' in the vault"
    ),
    "cascade_or_orphan": lambda of: (
        f"DELETE {entity_path(of['entity_id'])}?cascade=true deletes them too; ?orphan=true leaves "
        "them as they are"
    ),
    "check": lambda _of: "GET /api/check",
    "choose_path": lambda _of: "?path=FILE",
    "edit_schema_back": lambda of: (
        f"take out of the schema what it put in: GET /api/audit?run_id={of['run_id']}"
    ),
    "bring_to_folder": lambda _of: "'loop copy' brings a vault to a folder and back",
    "copy_again": lambda _of: "stop the servers, remove the copy, and copy again",
    "edit_whole": lambda of: (
        f"'{shlex.join(['loop', 'edit', of['entity_id']])}' in the vault takes the whole file; "
        "here the body is what "
        f"GET {entity_path(of['entity_id'])} has as body"
    ),
    "example": lambda of: _EXAMPLES[of["of"]],
    "explain": lambda _of: "GET /docs",
    "bring_vault": lambda _of: "'loop copy' brings a vault there",
    "copy_on": lambda _of: "the same 'loop copy' again goes on with it",
    "list_kept": lambda _of: "'loop kept' in the vault",
    "list_records": lambda of: (
        "GET /api/audit"
        + (f"?{urlencode({key: of[key] for key in of if key != 'option'})}" if of else "")
    ),
    "make_vault": lambda _of: "'loop init' in the folder",
    "migrate_file": lambda _of: "'loop audit migrate FILE' in the vault",
    "name_precondition": lambda _of: (
        "say which revision you have seen: an If-Match header with the ETag, or "
        "expected_updated_at with `updated`, as a GET reports them"
    ),
    "make_or_name_vault": lambda _of: "'loop serve --vault DIR'",
    "name_vault": lambda _of: "'loop serve --vault DIR'",
    "orphan": lambda _of: "?orphan=true leaves them as they are",
    "read": lambda of: f"GET {entity_path(of['entity_id'])}",
    "read_again": lambda of: f"GET {entity_path(of['entity_id'])}",
    "rename_to": lambda _of: 'POST /api/entities/ID/rename with {"name": "..."}',
    "rotate_log": lambda _of: "'loop audit rotate' in the vault",
    "show_history": lambda of: f"GET {entity_path(of['entity_id'])}/history",
    "show_schema": lambda _of: "GET /api/schema",
    "upgrade_vault": lambda _of: "'loop init --upgrade' in the vault",
    "take_aside": lambda _of: "'loop kept --aside' in the vault",
    "take_one_vault": lambda of: f"'{shlex.join(['loop', 'serve', '--vault', of['vault']])}'",
    "undo_the_rest": lambda _of: "the same call with ?on_conflict=rebase",
    "verify_log": lambda _of: "'loop audit verify' in the vault",
    "wait_longer": lambda _of: "try again; 'loop serve --lock-timeout SECONDS' waits longer",
}


def entity_path(entity_id: str) -> str:
    """The path of an entity in a URL."""
    return f"/api/entities/{quote(entity_id, safe='', errors='surrogatepass')}"


def spelled(value: Any) -> Any:
    """Replace every action within a value by its words."""
    return in_words(value, _WORDS)


def told(value: Any) -> Any:
    """A document in words; beside each text with actions in it, under `NAME_parts`, its parts, for
    a client that has words of its own for them."""
    if isinstance(value, dict):
        found = {key: told(one) for key, one in value.items()}
        parts = {f"{key}_parts": _parts(one) for key, one in value.items() if _has_parts(one)}
        return {**found, **parts}
    return [told(one) for one in value] if isinstance(value, list | tuple) else spelled(value)


def _has_parts(value: Any) -> bool:
    listed = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, Sentence) for one in listed)


def _parts(value: Any) -> list[Any]:
    """Texts and actions, as data; of a list of texts those of each."""
    if isinstance(value, list | tuple):
        return [_parts(one) for one in value]
    parts = value.parts if isinstance(value, Sentence) else [value]
    return [one.as_dict() if isinstance(one, Action) else one for one in parts]


def after_conflict(conflict: Conflict, *, rebases: bool) -> Action | str:
    """Read again where fields overlap; otherwise the same call, rebased."""
    if conflict.overlaps or conflict.kept_moving or not rebases:
        return Action("read_again", entity_id=conflict.entity_id)
    return "the same call with ?on_conflict=rebase"
