"""What a user asks for: parse `field=value` and the other forms into `Change`s (SPEC §4)."""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.core.names import BODY, join_dotted, listed_items, paths_overlap, split_dotted
from loop_cli.errors import Action, UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Literal

    from loop_cli.core.diff import Diff

    Operation = Literal["set", "add", "remove", "unset", "rewrite"]

_INFINITE = float("inf")  # importing `math` would load one more file
_LIST_OPERATORS: dict[str, Operation] = {"+=": "add", "-=": "remove"}


class Change(Struct):
    """One change of one field.

    `path` is the field and the keys below it. If `typed` is false, `value` is a text that is still
    to be converted to the field's type. `rewrite` writes the current value again, so that all YAML
    readers read the same. `implied` means: the change follows from something else, such as a link
    after a move, or a repair; it may change read-only fields. `restored` means: the field had this
    value before, so the schema does not judge it. `written` gives the spelling of scalars, by their
    paths within the value, if the value does not imply it: `1.10`, or a date without quotes.
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
        """Return the change that sets this value, or removes the field if the value is
        `MISSING`."""
        if value is MISSING:
            return cls(path=path, operation="unset", restored=restored)
        return cls(path=path, operation="set", value=value, typed=True, restored=restored)

    @property
    def name(self) -> str:
        """The dotted name of the field."""
        return join_dotted(self.path)


class BodyChange(Struct):
    """A new body, or text to append to it.

    `loop` converts it to the file's line ending, unless it is `exact`: an earlier body, or one that
    somebody has edited.
    """

    text: str
    append: bool = False
    exact: bool = False


class Layout(Struct):
    """The text of a file up to the body, as somebody has edited it, and as it was before.

    It brings the comments, the order and the quoting; `changes` says which values change. If the
    file has changed since, the two texts are merged by lines.
    """

    text: str
    base: str


class Edits(Struct):
    """All changes that one call makes in one entity."""

    changes: tuple[Change, ...] = ()
    body: BodyChange | None = None
    layout: Layout | None = None

    def __bool__(self) -> bool:
        return bool(self.changes) or self.body is not None or self.layout is not None


def changes_of(diff: Diff) -> tuple[Change, ...]:
    """Return the changes that lead from the old fields of a diff to the new ones."""
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
    written: Iterable[tuple[tuple[str | int, ...], str]] = (),
    more: Iterable[Change] = (),
    read: Callable[[str], str],
) -> tuple[Change, ...]:
    """Parse the changes of a command line.

    `fields` are those of `--set-json`, keys taken literally, `written` how their numbers are
    written (`numbers.in_json`); `read(name)` gives the text of the file named after `=@`. Raises
    `UsageError` where a text is not a change, and where two of them change the same field or a
    field and its parent.
    """
    changes = [parse_change(text, read=read) for text in texts]
    changes += [
        Change(path=_path(name, name) if name else ("",), operation="unset") for name in unset
    ]
    told: dict[Any, list[Any]] = {}
    for at, token in written:
        told.setdefault(at[0], []).append((at[1:], token))
    changes += [
        Change(
            path=(key,), operation="set", value=value, typed=True, written=tuple(told.get(key, ()))
        )
        for key, value in (fields or {}).items()
    ]
    changes += more
    _refuse_overlaps(changes)
    return tuple(changes)


def parse_change(text: str, *, read: Callable[[str], str]) -> Change:
    """Parse `field=value` or one of the other forms. Raises `UsageError`."""
    name, operator, value = _split(text)
    if not operator:
        if text.endswith("!"):
            _refuse_body(text[:-1], text)
            return Change(path=_path(text[:-1], text), operation="unset")
        raise UsageError(
            f"{text!r} is not a change: it has no '='", hint=Action("example", of="change")
        )
    path = _path(name, text)
    _refuse_body(name, text)
    if operator in _LIST_OPERATORS:
        if operator == "+=" and not listed_items(value):
            raise UsageError(
                f"{text!r} names no item to add", hint=Action("example", of="add_item")
            )
        return Change(path=path, operation=_LIST_OPERATORS[operator], value=value)
    if operator == ":=":
        typed = parse_json(value, text)
        is_number = isinstance(typed, int | float) and not isinstance(typed, bool)
        written: tuple[Any, ...] = ()
        if is_number and value.strip() != repr(typed):
            written = (((), value.strip()),)
        elif "." in value:
            from loop_cli.core import numbers

            written = numbers.in_json(value)
        return Change(path=path, operation="set", value=typed, typed=True, written=written)
    if operator == "=@" and not value.startswith("@"):
        if not value:
            raise UsageError(
                f"{text!r} names no file after '@'", hint=Action("example", of="field_file")
            )
        return Change(path=path, operation="set", value=read(value))
    return Change(path=path, operation="set", value=value)


def _refuse_body(name: str, text: str) -> None:
    """Raise for what takes the body for a field."""
    if name == BODY:
        raise UsageError(
            f"{text!r}: the body is the text below the fields, and no field",
            hint=Action("example", of="body"),
        )


def _split(text: str) -> tuple[str, str, str]:
    """Split at the leftmost operator; every operator has one `=`."""
    at = text.find("=")
    if at < 0:
        return text, "", ""
    begin = at - 1 if text[:at].endswith((":", "+", "-")) else at
    end = at + 2 if begin == at and text[at + 1 : at + 2] == "@" else at + 1
    return text[:begin], text[begin:end], text[end:]


def parse_json(text: str, source: str) -> Any:
    """Parse `text` as JSON. Raises `UsageError` with `source` and the position."""
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
    raise ValueError(f"{name} is not a JSON value")


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
