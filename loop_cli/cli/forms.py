"""What the help of several commands ends with: the forms of EXPR, and the exit codes."""

from __future__ import annotations

from loop_cli.cli.command_table import COMMANDS

EXPR = """Forms of EXPR:

\b
'field=a,b'      is one of these; a list: contains one of these
'field!=a,b'     is none of these
'field<value'    also <=, >, >=; compares numbers, dates and times as such
'field~text'     contains the text, in upper or lower case
'has:field'      has a value
'missing:field'  has none
'outer.inner=a'  a nested field

The fields entity_id, entity_type, path, updated_at and etag are there for every entity. A date is
all of its day. A day may be said: today, tomorrow, fri, +3d, -1w, today+7, eom, 2026-W05, 내일,
금요일, 3일 후. A week is all of its days with = and !=, otherwise its Monday.
"""
# Exit codes in a few words; 'loop help exit-codes' says more.
CODES: dict[int, str] = {
    0: "done",
    1: "the system refused, or a defect",
    2: "usage",
    3: "no such entity or vault",
    4: "conflict: it has changed",
    5: "a precondition is required",
    6: "the change or the file is not valid",
    7: "several files have the id",
    8: "the vault stayed locked",
    9: "a confirmation was refused or not possible",
    130: "interrupted",
    141: "the reader of stdout went away",
}
_ALWAYS = (0, 1, 2, 130, 141)
# What a parameter of a command brings with it.
_BROUGHT = {
    "vault": (3, 6),
    "entity_id": (3, 6, 7),
    "target": (3, 4, 6, 7),
    "folder": (3, 6),
    "file": (3, 4, 5, 6, 7),
    "lock_timeout": (4, 8),
    "force": (4, 5),
    "yes": (9,),
    "url": (3,),
}


# And what no parameter of it shows.
_OWN = {"edit": (9,), "token revoke": (3,)}


def with_expr(name: str, examples: str) -> str:
    """The end of a command's help, with the forms of EXPR where it takes one."""
    if not takes_expr(name):
        return examples
    before, head, after = examples.partition("Examples:")
    return f"{before}{EXPR}\n{head}{after}"


def takes_expr(name: str) -> bool:
    """Whether an option of the command takes an EXPR."""
    return any(" EXPR" in one.partition(":")[0] for one in COMMANDS[name][2:])


def codes(name: str) -> tuple[int, ...]:
    """The exit codes that a command may have."""
    own = {one.partition(" ")[0].rstrip("!") for one in COMMANDS[name][2:]}
    own = {one.partition(":")[0] for one in own}
    brought = (code for one in own for code in _BROUGHT.get(one, ()))
    return tuple(sorted({*_ALWAYS, *brought, *_OWN.get(name, ())}))


def exit_codes(name: str) -> str:
    """The sentence about them."""
    if "." not in COMMANDS[name][0] or not name:
        return "Exit codes: loop help exit-codes"
    said = "; ".join(f"{code} {CODES[code]}" for code in codes(name))
    return f"Exit codes: {said}. 'loop help exit-codes' says what to do."
