"""What can go wrong when an entity is read or changed, each with its code, exit code and HTTP
status (SPEC §7). Errors that only some commands meet are in `failures`.

Stores and operations raise these; nothing here prints. `cli.start` maps them to exit codes.
"""

from __future__ import annotations

from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")


class Action(Struct):
    """What can be done next, as data: a name and values. Each door has its own words for it.

    `cli.hints` lists the names.
    """

    name: str
    values: dict[str, Any]

    def __init__(self, name: str, **values: Any) -> None:
        super().__init__(name=name, values=values)

    def as_dict(self) -> dict[str, Any]:
        """Return the action as plain data."""
        return {"action": self.name, **self.values}

    @classmethod
    def of(cls, said: Any) -> Action | None:
        """The action in such data; None where there is none."""
        if not isinstance(said, dict) or not isinstance(said.get("action"), str):
            return None
        return cls(said["action"], **{key: one for key, one in said.items() if key != "action"})


class Sentence(str):
    """A message or a warning with actions in it; each door puts its own words for them.

    As a plain text it has the names of the actions, so that it can be read anywhere. Two are equal
    if their actions are, too: the same words may lead to different next steps.
    """

    parts: tuple[str | Action, ...]

    def __new__(cls, *parts: str | Action) -> Sentence:
        words = (part if isinstance(part, str) else part.name.replace("_", " ") for part in parts)
        made = super().__new__(cls, "".join(words))
        made.parts = parts
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sentence):
            return self.parts == other.parts
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def in_words(value: Any, words: Mapping[str, Callable[[dict[str, Any]], str]]) -> Any:
    """Replace every action within a value by the words that a door has for it."""
    if isinstance(value, Action):
        found = words.get(value.name)  # another program may know more actions than this one
        return value.name.replace("_", " ") if found is None else found(value.values)
    if isinstance(value, Sentence):
        return "".join(in_words(part, words) for part in value.parts)
    if isinstance(value, dict):
        return {key: in_words(one, words) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [in_words(one, words) for one in value]
    return value


def prefixed(before: str, text: str) -> str:
    """Put a text before another; a `Sentence` stays one."""
    return Sentence(before, *text.parts) if isinstance(text, Sentence) else before + text


class LoopError(Exception):
    """A failure of loop itself, a defect.

    It is the base of all errors: each has a stable `code`; `details` go into the JSON error
    unchanged. `hint` is what can be done next: a text or an action. `place` is that of the change
    which failed, among those of an atomic commit.
    """

    code = "internal"
    exit_code = 1
    http_status = 500
    retryable = False
    place: int | None = None

    def __init__(self, message: str, *, hint: str | Action | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """The JSON error: `error`, the details, `code`, `retryable`, `hint`; message and hint as
        they are, for the door to spell."""
        return {
            "error": self.message,
            **self.details,
            "code": self.code,
            "retryable": self.retryable,
            "hint": self.hint,
        }


class StorageError(LoopError):
    """The file system refused: no space, no permission, a device error."""

    code = "io"


class UsageError(LoopError):
    """The command line or a setting is not understood.

    `lacks` is the option that should have named an entity, empty for an argument: a person may
    choose one.
    """

    lacks: str | None = None
    code = "usage"
    exit_code = 2
    http_status = 400


class EntityNotFound(LoopError):
    """No entity has the id, or there is no vault at the place named."""

    code = "not_found"
    exit_code = 3
    http_status = 404


class ConflictError(LoopError):
    """A precondition no longer holds.

    `conflict` is a `core.conflict.Conflict`; `asked` tells that a person has seen it and
    decided to leave the entity as it is; `others` are those of other entities of the same
    command.
    """

    code = "conflict"
    exit_code = 4
    http_status = 409
    retryable = True

    def __init__(
        self,
        conflict: Any,
        *,
        asked: bool = False,
        hint: str | Action | None = None,
        others: tuple[Any, ...] = (),
    ) -> None:
        super().__init__("Conflict: Entity was modified", hint=hint)
        self.conflict = conflict
        self.asked = asked
        self.others = others

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of SPEC §5: the first four keys are shared with the HTTP 409."""
        data: dict[str, Any] = self.conflict.as_dict()
        if self.others:
            data["others"] = [other.as_dict() for other in self.others]
        last = {"retryable": self.retryable, "hint": self.hint}
        first = ("entity_id", "current_updated_at", "expected_updated_at")
        return {
            "error": self.message,
            **{key: data.pop(key) for key in first},
            "code": self.code,
            **data,
            **self.details,
            **last,
        }


class InvalidChange(LoopError):
    """The change is not valid. `problems` lists all of them at once."""

    code = "invalid_change"
    exit_code = 6
    http_status = 422


class InvalidFile(LoopError):
    """A file can't be read as an entity; `path`, `line` and `reason` say why."""

    code = "invalid_file"
    exit_code = 6
    http_status = 422

    def __init__(self, path: str, reason: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line else path
        super().__init__(f"{where}: {reason}", path=path, line=line, reason=reason)
        self.data: bytes | None = None  # of the file, where it was read


class NoEntity(InvalidFile):
    """The file can be read, but is not an entity: a note, for example."""


class failing_at:  # noqa: N801  used like a function
    """Adds to an error within the place of the change that it is about."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, LoopError):
            error.place = self._place


def only(outcomes: list[T | LoopError]) -> T:
    """Return the outcome of a commit of one change, or raise it if it is an error."""
    (outcome,) = outcomes
    if isinstance(outcome, LoopError):
        raise outcome
    return outcome
