"""The quick parser: reads a command line by the table, without Typer.

Typer alone costs more than five times the start of an interpreter, and many callers start a process
for each command. The quick parser falls back to Typer for anything that it does not recognize, also
for help and errors: Typer gets the same arguments and decides.
"""

from __future__ import annotations

from loop_cli.cli.command_table import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The kind of a value by its METAVAR; all others are texts.
KINDS = {"N": "number", "DAYS": "number", "SECONDS": "seconds"}
_DIGITS = 9  # the number of digits in any sensible number


class _Unsure(Exception):
    """Typer must decide."""


class Parameter:
    """One argument or option of a command, as the table describes it."""

    def __init__(self, text: str) -> None:
        head, _colon, self.help = text.partition(": ")
        name, *words = head.split(" ")
        self.required = name[-1] == "!"
        self.name = name.rstrip("!")
        self.options = [word for word in words if word[0] == "-"]
        shown = [word for word in words if word[0] not in "-="]
        self.metavar = shown[0] if shown else ""
        self.repeated = self.metavar[-3:] == "..."
        self.may_be_flag = self.metavar[:2] == "[="
        self.may_lack_value = bool(self.options) and self.metavar[:1] == "["
        if self.repeated and self.options:
            self.metavar = self.metavar[:-3]
        self.kind = KINDS.get(self.metavar, "text") if shown else "flag"
        default = words[-1][1:] if words and words[-1][0] == "=" else None
        self.default = default if default is None else _READERS[self.kind](default)
        if self.kind == "flag" or self.may_be_flag:
            self.default = False


def parameters(name: str) -> list[Parameter]:
    """The parameters of a command, in order."""
    return [Parameter(text) for text in COMMANDS[name][2:]]


def function(name: str) -> Callable[..., None]:
    """The function of a command; it takes all its parameters by name."""
    module, _dot, called = COMMANDS[name][0].partition(".")
    # `importlib` would load `warnings`.
    place = __import__(f"loop_cli.cli.commands.{module}", fromlist=[module])
    found: Callable[..., None] = getattr(place, called)
    return found


def parse(arguments: list[str]) -> Callable[[], None] | None:
    """Parse a command line into a call; None if Typer must decide."""
    if arguments == ["--version"]:
        from loop_cli.cli import output

        return output.version
    name = _command(arguments)
    if name is None:
        return None
    try:
        values = _values(arguments[name.count(" ") + 1 :], parameters(name))
    except _Unsure:
        return None
    command = function(name)
    return lambda: command(**values)


def _command(arguments: list[str]) -> str | None:
    """Return the command at the beginning; None if there is none, or only a group."""
    for words in (arguments[:1], arguments[:2]):
        name = " ".join(words)
        if name in COMMANDS and "." in COMMANDS[name][0] and name.split(" ") == words:
            return name
    return None


def _values(arguments: list[str], known: list[Parameter]) -> dict[str, Any]:
    """Return the values of all parameters. Raises `_Unsure`."""
    options = {name: one for one in known for name in one.options}
    values: dict[str, Any] = {}
    words = []
    waiting = iter(arguments)
    for argument in waiting:
        if not argument.startswith("-") or argument == "-":
            words.append(argument)
            continue
        name, equals, text = argument.partition("=")
        option = options.get(name)
        if option is None or (equals and not name.startswith("--")):
            raise _Unsure
        if option.may_lack_value and not option.may_be_flag:
            raise _Unsure
        if option.kind == "flag" or (option.may_be_flag and not equals):
            if equals or option.name in values:
                raise _Unsure
            values[option.name] = True
        else:
            _put(values, option, text if equals else next(waiting, "--"))
    _put_words(values, words, known)
    return {**_others(values, known), **values}


def _others(values: dict[str, Any], known: list[Parameter]) -> dict[str, Any]:
    """Return the values of parameters that were not given."""
    missing = [one for one in known if one.name not in values]
    if any(one.required for one in missing):
        raise _Unsure
    return {one.name: one.default for one in missing}


def _put(values: dict[str, Any], option: Parameter, text: str) -> None:
    if text.startswith("-") and text != "-":  # an option without its value, or a value
        raise _Unsure
    if option.repeated:
        values.setdefault(option.name, []).append(text)
    elif option.name in values:
        raise _Unsure
    else:
        values[option.name] = _READERS[option.kind](text)


def _put_words(values: dict[str, Any], words: list[str], known: list[Parameter]) -> None:
    for one in known:
        if one.options or not words:
            continue
        if one.repeated:
            values[one.name], words = words, []
        else:
            values[one.name], words = words[0], words[1:]
    if words:
        raise _Unsure


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        raise _Unsure
    return int(text)


def _seconds(text: str) -> float:
    _number(text.replace(".", "", 1))
    return float(text)


# How to convert the value of an option, by its kind.
_READERS: dict[str, Callable[[str], Any]] = {"text": str, "number": _number, "seconds": _seconds}
