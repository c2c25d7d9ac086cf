"""The fast lane: `get` and `update` for callers that start a process for each, without Typer,
which alone costs more than five times what an interpreter does.

The options are in `lane_table`, which is generated from the Typer app. What is not understood
for certain, help and errors included, is Typer's: it gets the same arguments and decides.
"""

from __future__ import annotations

from loop_cli.cli.lane_table import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Option = tuple[str, str]  # the parameter, and its kind


class _Unsure(Exception):
    """Typer is to decide."""


def parse(arguments: list[str]) -> Callable[[], None] | None:
    """What a command line asks for, ready to be called; None where Typer is to decide."""
    if not arguments or arguments[0] not in COMMANDS:
        return None
    verb = arguments[0]
    positionals, options = COMMANDS[verb]
    try:
        values = _values(arguments[1:], positionals, options)
    except _Unsure:
        return None
    module = __import__(f"loop_cli.cli.{verb}", fromlist=[verb])  # `importlib` loads `warnings`
    command = getattr(module, verb)
    return lambda: command(**values)


def _values(
    arguments: list[str], positionals: tuple[Option, ...], options: dict[str, Option]
) -> dict[str, Any]:
    """The values of parameters. Raises `_Unsure`."""
    values: dict[str, Any] = {}
    words = []
    waiting = iter(arguments)
    for argument in waiting:
        if not argument.startswith("-") or argument == "-":
            words.append(argument)
            continue
        name, equals, text = argument.partition("=")
        if name not in options or (equals and not name.startswith("--")):
            raise _Unsure
        parameter, kind = options[name]
        if kind == "flag":
            if equals or parameter in values:
                raise _Unsure
            values[parameter] = True
            continue
        if not equals:
            text = next(waiting, "--")
        if text.startswith("-") and text != "-":  # an option that lacks its value, or a value
            raise _Unsure
        _put(values, parameter, kind, text)
    return {**values, **_positional(words, positionals)}


def _put(values: dict[str, Any], parameter: str, kind: str, text: str) -> None:
    if kind == "texts":
        values.setdefault(parameter, []).append(text)
    elif kind != "text" or parameter in values:
        raise _Unsure
    else:
        values[parameter] = text


def _positional(words: list[str], positionals: tuple[Option, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter, kind in positionals:
        if kind == "texts":
            values[parameter], words = words or None, []
        elif not words:
            raise _Unsure
        else:
            values[parameter], words = words[0], words[1:]
    if words:
        raise _Unsure
    return values
