"""What to do next, said to an agent: mostly a tool to call. For a shell `cli.hints` says it."""

from __future__ import annotations

import shlex

from loop_cli.errors import in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.conflict import Conflict

_EXAMPLES = {
    "add_item": 'update with add: {"tags": ["a", "b"]}',
    "any_name": 'update with set: {"a!": 1}',
    "body": "body takes the text of the body; set with body is a field of that name",
    "change": 'update with set: {"status": "done"}',
    "field_file": "give the text itself: nothing reads a file here",
    "json": 'set: {"tags": ["a", "b"]}',
    "query": 'list with where: ["status=todo,doing", "due<today"]',
    "search": 'search with text: "회의록"',
    "update": 'update with id, if_match and set: {"status": "done"}',
}
# The words of each action, with the values that it has.
_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "allow_field": lambda of: (
        "a person may run "
        f"'{shlex.join(['loop', 'schema', 'allow', of['entity_type'], of['field']])}'"
    ),
    "bring_to_folder": lambda _of: "a person may copy the vault to a folder with 'loop copy'",
    "cascade_or_orphan": lambda of: f"change what refers to {of['entity_id']} first",
    "check": lambda _of: "call check",
    "choose_path": lambda _of: "give path",
    "edit_schema_back": lambda _of: "a person has to edit the schema back",
    "edit_whole": lambda of: (
        f"body is what get of {of['entity_id']} shows as body, without the frontmatter"
    ),
    "example": lambda of: _EXAMPLES[of["of"]],
    "explain": lambda of: f"see the arguments of {of['command']}",
    "copy_again": lambda _of: "a person has to copy the vault again",
    "copy_on": lambda _of: "a person has to run the same 'loop copy' again",
    "list_kept": lambda _of: "a person may run 'loop kept'",
    "list_records": lambda _of: "call history of the entity: it has the run ids",
    "bring_vault": lambda _of: "a person may run 'loop init ADDRESS'",
    "make_vault": lambda _of: "a person may run 'loop init' in the folder",
    "migrate_file": lambda _of: "a person may run 'loop audit migrate FILE'",
    "name_precondition": lambda _of: (
        "say what you have read: if_match with the etag, or expected_updated_at with the "
        "updated_at, that get shows; or if"
    ),
    "make_or_name_vault": lambda _of: "a person has to name the vault: 'loop mcp --vault DIR'",
    "name_vault": lambda _of: "a person has to name the vault: 'loop mcp --vault DIR'",
    "orphan": lambda of: f"change what refers to {of['entity_id']} first",
    "read": lambda of: f"call get with id {of['entity_id']}",
    "read_again": lambda of: f"call get with id {of['entity_id']}, and decide again",
    "rename_to": lambda _of: "a person may run 'loop rename ID --name NEW'",
    "rotate_log": lambda _of: "a person may run 'loop audit rotate'",
    "show_history": lambda of: f"call history with id {of['entity_id']}",
    "show_schema": lambda _of: "call schema",
    "take_aside": lambda _of: "a person may run 'loop kept --aside'",
    "take_one_vault": lambda of: (
        f"a person has to name one vault: '{shlex.join(['loop', 'mcp', '--vault', of['vault']])}'"
    ),
    "undo_the_rest": lambda _of: "call undo with on_conflict: rebase",
    "upgrade_vault": lambda _of: "a person may run 'loop init --upgrade'",
    "verify_log": lambda _of: "a person may run 'loop audit verify'",
    "wait_longer": lambda _of: "wait, and repeat the call",
}


def spelled(value: Any) -> Any:
    """Replace every action within a value by its words."""
    return in_words(value, _WORDS)


def after_conflict(conflict: Conflict) -> str:
    """The next step after a conflict. Never to set the precondition aside."""
    if conflict.overlaps or conflict.kept_moving or conflict.undo:
        return (
            f"call get with id {conflict.entity_id}, decide again, and repeat with the new etag; "
            "or report both values to the person"
        )
    return "repeat the call with on_conflict: rebase"
