"""What a user asks for: `field=value` and its relatives, parsed into `Change`s (SPEC §4)."""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.core.names import BODY, join_dotted, paths_overlap, split_dotted
from loop_cli.errors import Action, UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Literal

    from loop_cli.core.diff import Diff

    Operation = Literal["set", "add", "remove", "unset", "rewrite"]

_INFINITE = float("inf")  # `math` is one more file to load
_LIST_OPERATORS: dict[str, Operation] = {"+=": "add", "-=": "remove"}


class Change(Struct):
    """One change of one field.

    `path` is the field and the keys below it. `value` is text still to be converted to the
    field's type where `typed` is false, otherwise the value itself; `rewrite` writes the value
    that is there once more, so that all readers of YAML read the same. `implied` tells that it
    follows from something else, as a link does from a move, or a repair from the schema, so
    that read-only is no matter. `restored` tells that the field was like that before: then it
    may be so again, whatever the schema says of values. `written` is how scalars of the value are
    to be written where the value does not tell, by their paths within it: `1.10`, or a date
    without quotes.
    """

    path: tuple[str, ...]
    operation: Operation
    value: Any = None
    typed: bool = False
    implied: bool = False
    restored: bool = False
    written: tuple[tuple[tuple[str | int, ...], str], ...] = ()

    @classmethod
    def to(cls, path: tuple[str, ...], value: Any, *, restored: bool = False) -> Change:
        """The change after which there is this value, or none where it is `MISSING`."""
        if value is MISSING:
            return cls(path=path, operation="unset", restored=restored)
        return cls(path=path, operation="set", value=value, typed=True, restored=restored)

    @property
    def name(self) -> str:
        """The dotted name of the field."""
        return join_dotted(self.path)


class BodyChange(Struct):
    """A new body, or text to append to it, in the file's line ending; one that is `exact` stays as
    it is: the body that was there before, or that somebody has edited."""

    text: str
    append: bool = False
    exact: bool = False


class Layout(Struct):
    """A file's text down to the body as somebody has edited it, and as it was before.

    It brings the comments, the order and the quoting; which values change is for `changes` to
    say. Where the file is no longer as it was before, the two are merged by lines.
    """

    text: str
    base: str


class Edits(Struct):
    """All that one call wants changed in one entity."""

    changes: tuple[Change, ...] = ()
    body: BodyChange | None = None
    layout: Layout | None = None

    def __bool__(self) -> bool:
        return bool(self.changes) or self.body is not None or self.layout is not None


def changes_of(diff: Diff) -> tuple[Change, ...]:
    """The changes that lead from the old fields of a diff to the new ones."""
    return tuple(
        Change.to(split_dotted(name), MISSING if entry.get("removed") else entry["new"])
        for name, entry in diff.items()
        if name != BODY
    )


def parse_changes(
    texts: Iterable[str],
    *,
    unset: Iterable[str] = (),
    fields: Mapping[str, Any] | None = None,
    more: Iterable[Change] = (),
    read: Callable[[str], str],
) -> tuple[Change, ...]:
    """The changes a command line asks for.

    `fields` are those of `--set-json`, keys taken literally; `read(name)` gives the text of
    the file named after `=@`. Raises `UsageError` where a text is not a change, and where
    two of them change the same field or a field and its parent.
    """
    changes = [parse_change(text, read=read) for text in texts]
    changes += [Change(path=_path(name, name), operation="unset") for name in unset]
    changes += [
        Change(path=(key,), operation="set", value=value, typed=True)
        for key, value in (fields or {}).items()
    ]
    changes += more
    _refuse_overlaps(changes)
    return tuple(changes)


def parse_change(text: str, *, read: Callable[[str], str]) -> Change:
    """One `field=value` or one of its relatives. Raises `UsageError`."""
    name, operator, value = _split(text)
    if not operator:
        if text.endswith("!"):
            return Change(path=_path(text[:-1], text), operation="unset")
        raise UsageError(
            f"{text!r} is not a change: it has no '='", hint=Action("example", of="change")
        )
    path = _path(name, text)
    if operator in _LIST_OPERATORS:
        return Change(path=path, operation=_LIST_OPERATORS[operator], value=value)
    if operator == ":=":
        typed = parse_json(value, text)
        is_number = isinstance(typed, int | float) and not isinstance(typed, bool)
        written: tuple[Any, ...] = ()
        if is_number and value.strip() != repr(typed):
            written = (((), value.strip()),)
        return Change(path=path, operation="set", value=typed, typed=True, written=written)
    if operator == "=@" and not value.startswith("@"):
        return Change(path=path, operation="set", value=read(value))
    return Change(path=path, operation="set", value=value)


def _split(text: str) -> tuple[str, str, str]:
    """What is before the leftmost operator, that, and what is after it; each has one `=`."""
    at = text.find("=")
    if at < 0:
        return text, "", ""
    begin = at - 1 if text[:at].endswith((":", "+", "-")) else at
    end = at + 2 if begin == at and text[at + 1 : at + 2] == "@" else at + 1
    return text[:begin], text[begin:end], text[end:]


def parse_json(text: str, source: str) -> Any:
    """The JSON value in `text`. Raises `UsageError` naming `source` and the place."""
    import json

    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise UsageError(f"{source[:60]!r} is nested too deeply") from None
    except ValueError as error:
        raise UsageError(
            f"{source!r} is not JSON: {error}", hint=Action("example", of="json")
        ) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if abs(value) == _INFINITE:
        raise ValueError(f"{text} is too large a number")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _path(name: str, source: str) -> tuple[str, ...]:
    if not name:
        raise UsageError(f"{source!r} names no field")
    if name[-1] in "!+-:":
        raise UsageError(
            f"{source!r}: the field name {name!r} ends in {name[-1]!r}",
            hint=Action("example", of="any_name"),
        )
    path = split_dotted(name)
    if not all(path):
        raise UsageError(f"{source!r}: {name!r} has an empty part", hint="a dot in a name is '\\.'")
    return path


def _refuse_overlaps(changes: list[Change]) -> None:
    for index, one in enumerate(changes):
        for other in changes[:index]:
            if not paths_overlap(one.path, other.path):
                continue
            list_changes = {one.operation, other.operation} <= {"add", "remove"}
            if one.path == other.path and list_changes:
                continue
            both = one.name if one.path == other.path else f"{other.name} and {one.name}"
            raise UsageError(f"two changes of {both}: say each field once")
