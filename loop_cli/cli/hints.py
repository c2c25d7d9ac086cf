"""The words for actions: what to do next, mostly a command line that can be pasted in a shell.

Errors and warnings carry actions as data.
"""

from __future__ import annotations

import shlex

from loop_cli.errors import in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from loop_cli.core.conflict import Conflict

_SEEN = "--if-match ETAG or --expected-updated-at TIME, as 'loop get' reports them"
_UNSEEN = (
    f"nobody can be asked here, so say which revision you have seen: {_SEEN}; "
    "--force skips the check"
)
_VAULTS = "loop demo DIR makes a sample vault; loop --vault DIR names yours"
_FORCED = f"this server does not allow --force, so say which revision you have seen: {_SEEN}"
# The words of each action, with the values that it has.
_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "allow_field": lambda of: command("schema", "allow", of["entity_type"], of["field"]),
    "bring_to_folder": lambda _of: "loop copy brings a vault to a folder and back",
    "cascade_or_orphan": lambda of: (
        f"{command('delete', of['entity_id'], '--cascade')} deletes them too; "
        "--orphan leaves them as they are"
    ),
    "check": lambda _of: "loop check",
    "choose_path": lambda _of: "--path FILE",
    "edit_whole": lambda of: (
        f"{command('edit', of['entity_id'])} takes the whole file; "
        "'loop get --field body' gives the body"
    ),
    "edit_schema_back": lambda of: (
        f"take out of the schema what it put in: {command('log', '--run', of['run_id'])}"
    ),
    "example": lambda of: _EXAMPLES[of["of"]],
    "bring_vault": lambda _of: (
        "loop copy FOLDER ADDRESS brings one, loop init ADDRESS makes an empty one"
    ),
    "copy_on": lambda _of: "the same loop copy again goes on with it",
    "copy_again": lambda _of: "stop them, remove the copy, and copy again",
    "explain": lambda of: command(*of["command"].split(), "--help"),
    "list_kept": lambda _of: "loop kept",
    "list_records": lambda of: command("log", *of.values()),
    "make_vault": lambda _of: "loop init",
    "migrate_file": lambda _of: "loop audit migrate FILE",
    "make_or_name_vault": lambda _of: f"loop init makes this folder a vault; {_VAULTS}",
    "name_precondition": lambda of: _FORCED if of.get("forced") else _UNSEEN,
    "name_vault": lambda _of: _VAULTS,
    "orphan": lambda _of: "--orphan leaves them as they are",
    "read": lambda of: command("get", of["entity_id"], *_path(of)),
    "read_again": lambda of: command("get", of["entity_id"], "--json"),
    "rename_to": lambda _of: "loop rename ID --name NEW renames a file, and with it the id",
    "rotate_log": lambda _of: "loop audit rotate",
    "show_history": lambda of: command("history", of["entity_id"]),
    "show_schema": lambda _of: "loop schema",
    "take_aside": lambda _of: "loop kept --aside",
    "take_one_vault": lambda of: shlex.join(["--vault", of["vault"]]),
    "upgrade_vault": lambda _of: "loop init --upgrade",
    "undo_the_rest": lambda of: command("undo", of["run_id"], f"{_OPTION}=rebase"),
    "verify_log": lambda _of: "loop audit verify",
    "wait_longer": lambda _of: "--lock-timeout SECONDS waits longer",
}
_EXAMPLES: dict[str, str] = {
    "add_item": r"'tags+=a,b' adds two items; '\,' is a comma in an item",
    "any_name": "--set-json takes any name: echo '{\"a!\": 1}' | loop update ID --set-json -",
    "body": "--body-file FILE replaces it, --append-body FILE adds to it, and - is standard input; "
    "a field of that name is '\\body'",
    "change": "loop update ID 'status=done'",
    "field_file": "field=@FILE; field=@- is standard input, field=@@x the text @x",
    "json": """loop update ID 'tags:=["a", "b"]'""",
    "query": "loop list --where 'status=todo,doing' --where 'due<today'",
    "search": "loop search '회의록'",
    "update": "loop update tsk-019-14 'status=done'",
}
_OPTION = "--on-conflict"
_REBASING = ("update",)  # the commands that have the option
_WHERE = ("--vault", "--path")


def command(*words: str) -> str:
    """A command line of loop, as a shell takes it."""
    return shlex.join(["loop", *words])


def _path(of: dict[str, Any]) -> list[str]:
    return ["--path", of["path"]] if "path" in of else []


def spelled(value: Any) -> Any:
    """Replace every action within a value by its words."""
    return in_words(value, _WORDS)


def after_conflict(conflict: Conflict, arguments: Sequence[str]) -> str:
    """The hint for a conflict: read again if fields overlap, else rebase. Never --force."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    given, literal = list(arguments[:end]), arguments[end:]
    rebases = not given or given[0] in _REBASING
    if conflict.overlaps or conflict.kept_moving or not rebases:
        where = [part for name in _WHERE for part in _taken(name, given)]
        return command("get", conflict.entity_id, *where, "--json")
    while _taken(_OPTION, given):
        continue
    return command(*given, f"{_OPTION}=rebase", *literal)


def _taken(option: str, given: list[str]) -> list[str]:
    """Remove the first such option and its value from `given`, and return them."""
    for index, argument in enumerate(given):
        size = 2 if argument == option else 1 if argument.startswith(option + "=") else 0
        if size:
            found, given[index : index + size] = given[index : index + size], []
            return found
    return []
