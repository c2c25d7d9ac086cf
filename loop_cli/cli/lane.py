"""The fast lane: commands without Typer, which alone costs more than five times what an
interpreter does, for callers that start a process for each.

The options are in `lane_table`, which is generated from the Typer app. What is not understood
for certain, help and errors included, is Typer's: it gets the same arguments and decides.
"""

from __future__ import annotations

from loop_cli.cli import output
from loop_cli.cli.lane_table import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.cli.lane_table import Option

_DIGITS = 9  # of any number that makes sense


class _Unsure(Exception):
    """Typer is to decide."""


def parse(arguments: list[str]) -> Callable[[], None] | None:
    """What a command line asks for, ready to be called; None where Typer is to decide."""
    if arguments == ["--version"]:
        return output.version
    if not arguments or arguments[0] not in COMMANDS:
        return None
    module, function, needed, positionals, options = COMMANDS[arguments[0]]
    try:
        values = _values(arguments[1:], positionals, options)
    except _Unsure:
        return None
    if any(parameter not in values for parameter in needed):
        return None
    place = __import__(f"loop_cli.cli.{module}", fromlist=[module])  # `importlib` loads `warnings`
    command = getattr(place, function)
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
    elif kind not in _READERS or parameter in values:
        raise _Unsure
    else:
        values[parameter] = _READERS[kind](text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        raise _Unsure
    return int(text)


def _seconds(text: str) -> float:
    _number(text.replace(".", "", 1))
    return float(text)


# How the value of an option becomes what the command gets, by its kind.
_READERS: dict[str, Callable[[str], Any]] = {"text": str, "number": _number, "seconds": _seconds}


def _positional(words: list[str], positionals: tuple[Option, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter, kind in positionals:
        if kind == "texts":
            values[parameter], words = words or None, []
        elif words:
            values[parameter], words = words[0], words[1:]
    if words:
        raise _Unsure
    return values
