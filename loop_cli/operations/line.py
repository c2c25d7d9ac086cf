"""What a line of `loop apply` asks for: an update, or what its "op" says.

A line that creates may call its entity by a label, such as `"as": "$project"`. In later lines of
the same call a text that is this label stands for the id.
"""

from __future__ import annotations

from loop_cli.core.changes import Change, parse_json
from loop_cli.core.names import is_line, nearest
from loop_cli.errors import LoopError, UsageError
from loop_cli.lean.records import Struct
from loop_cli.operations import bulk, create, delete
from loop_cli.operations.move import Relocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.commits import EntityChange
    from loop_cli.core.entity import Precondition
    from loop_cli.operations.bulk import LineRules

_SEEN = ("expected_updated_at", "if_match", "if")
_KEYS = {
    "create": (
        "op", "as", "type", "name", "id", "set", "changes", "body", "template", "idempotency_key",
    ),
    "update": ("op", *bulk.KEYS),
    "delete": ("op", "id", "path", "cascade", "orphan", "archive", *_SEEN),
    "move": ("op", "id", "path", "project", *_SEEN),
    "rename": ("op", "id", "path", "name", *_SEEN),
}  # fmt: skip
OPS = tuple(_KEYS)
_EXAMPLES = {
    "create": '{"op": "create", "type": "Task", "name": "New", "set": {"project_id": "prj-1"}}',
    "move": '{"op": "move", "id": "tsk-019-14", "project": "prj-020", "if_match": "9f2c51d0a7b3"}',
}
PLAIN = "plain"


class Order(Struct):
    """What a line asks for. `label` stands for the new entity's id in later lines."""

    op: str
    wanted: EntityChange | create.Request | delete.Request | Relocation
    label: str | None = None

    @property
    def entity_id(self) -> str | None:
        """The entity that it names."""
        return self.wanted.entity_id


class Labels:
    """The labels of lines that created an entity, and what they stand for."""

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}

    def new(self, label: str | None) -> None:
        """Take note of a label before its entity is made. Raises `UsageError` for one in use."""
        if label is None:
            return
        if label in self._ids:
            raise UsageError(f"two lines have the label {label!r}")
        self._ids[label] = None

    def made(self, label: str | None, entity_id: str) -> None:
        """The entity of a label is there."""
        if label is not None:
            self._ids[label] = entity_id

    def failed(self, label: str | None) -> None:
        """The entity of a label can't be made."""
        if label is not None:
            self._ids[label] = None

    def known(self, text: str) -> str:
        """The id that a text stands for; the text itself, if it stands for none."""
        return self._ids.get(text) or text

    def resolve(self, value: Any) -> Any:
        """Put ids for labels, in a value of JSON. Raises `UsageError` for one whose line failed."""
        if not self._ids:
            return value
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return self._id(value) if isinstance(value, str) and value in self._ids else value

    def resolve_change(self, text: str) -> str:
        """The same in a change such as `project_id=$project`."""
        head, equals, value = text.partition("=")
        return f"{head}={self._id(value)}" if equals and value in self._ids else text

    def _id(self, label: str) -> str:
        found = self._ids[label]
        if found is None:
            raise UsageError(f"nothing was made that {label!r} could stand for: see its line")
        return found


def parse(text: str) -> Any:
    """The JSON of a line. Raises `UsageError`."""
    text = text.removeprefix("\ufeff")  # that some programs begin a file with
    try:
        return parse_json(text, text.strip())
    except UsageError as error:
        error.hint = bulk.EXAMPLE
        raise


def order_of(
    data: Any,
    how: LineRules,
    *,
    labels: Labels,
    template: Callable[[str], tuple[str, str] | None],
    line: str | None = None,
) -> Order:
    """What the object of a line asks for. `template` is the vault's for a type. Raises
    `UsageError`, which names the entity if the line does."""
    try:
        return _order(data, how, labels, template, line)
    except UsageError as error:
        if isinstance(data, dict) and isinstance(data.get("id"), str) and data["id"]:
            error.details.setdefault("entity_id", labels.known(data["id"]))
        raise


def _order(
    data: Any,
    how: LineRules,
    labels: Labels,
    template: Callable[[str], tuple[str, str] | None],
    line: str | None,
) -> Order:
    op = data.get("op", "update") if isinstance(data, dict) else "update"
    if op not in OPS:
        raise _no_op(op)
    if isinstance(data, dict):
        data = resolved(data, labels)
    if op == "update":
        return Order(op=op, wanted=bulk.change_of(data, how, line=line, known=_KEYS[op]))
    bulk.refuse_unknown(data, _KEYS[op])
    if op == "create":
        return _creation(data, how, labels, template, line)
    if not isinstance(data.get("id"), str) or not data["id"]:
        raise UsageError(f"a line that has {op!r} as op needs an id")
    seen = bulk.seen_of(data, how)
    if op == "delete":
        return Order(op=op, wanted=_deletion(data, seen, how))
    return Order(op=op, wanted=_moving(op, data, seen))


def resolved(data: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """A line with ids for labels, in all that may name an entity or hold a value. Raises
    `UsageError`."""
    found = {
        key: labels.resolve(value) if key in ("id", "project", "set", "add", "remove") else value
        for key, value in data.items()
    }
    if isinstance(found.get("changes"), list):
        found["changes"] = [
            labels.resolve_change(one) if isinstance(one, str) else one for one in found["changes"]
        ]
    return found


def _no_op(op: Any) -> UsageError:
    close = nearest(op, OPS, count=1) if isinstance(op, str) else ()
    meant = f"; did you mean {close[0]}?" if close else ""
    return UsageError(f"op must be one of {', '.join(OPS)}, not {op!r}{meant}")


def _creation(
    data: dict[str, Any],
    how: LineRules,
    labels: Labels,
    template: Callable[[str], tuple[str, str] | None],
    line: str | None,
) -> Order:
    kind = bulk.text_of(data, "type")
    if not kind:
        raise UsageError("a line that creates needs a type", hint=_EXAMPLES["create"])
    label = bulk.text_of(data, "as")
    if label is not None and (label[:1] != "$" or len(label) < 2 or not is_line(label)):
        raise UsageError(f"as must be a label such as '$project', not {label!r}")
    labels.new(label)
    given = bulk.text_of(data, "template")
    if given not in (None, PLAIN):
        raise UsageError(
            f"template may be {PLAIN!r}, for none; a line reads no file, and has a body of its own"
        )
    wanted = create.Request(
        entity_type=kind,
        name=bulk.text_of(data, "name"),
        now=how.now,
        fields=_fields(data, line),
        entity_id=bulk.text_of(data, "id"),
        template=None if given == PLAIN else template(kind),
        body=bulk.text_of(data, "body"),
        key=bulk.text_of(data, "idempotency_key"),
    )
    return Order(op="create", wanted=wanted, label=label)


def _fields(data: dict[str, Any], line: str | None) -> tuple[Change, ...]:
    own: dict[str, Any] = {key: data[key] for key in ("set", "changes") if key in data}
    return bulk.edits_of(own, line=line).changes


def _deletion(data: dict[str, Any], seen: Precondition, how: LineRules) -> delete.Request:
    ways = {key: _flag(data, key) for key in ("cascade", "orphan", "archive")}
    if ways["cascade"] and ways["orphan"]:
        raise UsageError("cascade and orphan can't go together", entity_id=data["id"])
    path = bulk.text_of(data, "path")
    return delete.Request(entity_id=data["id"], now=how.now, precondition=seen, path=path, **ways)


def _moving(op: str, data: dict[str, Any], seen: Precondition) -> Relocation:
    project, name = bulk.text_of(data, "project"), bulk.text_of(data, "name")
    if op == "move" and not project:
        raise UsageError("a line that moves needs a project", hint=_EXAMPLES["move"])
    return Relocation(
        entity_id=data["id"],
        precondition=seen,
        path=bulk.text_of(data, "path"),
        project=project,
        name=name,
    )


def _flag(data: dict[str, Any], key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise UsageError(f"{key} must be true or false", entity_id=data["id"])
    return value


def known_id(done: Order | LoopError) -> str | None:
    """The entity that a line, or its error, names."""
    if isinstance(done, Order):
        return done.entity_id
    found = done.details.get("entity_id")
    return found if isinstance(found, str) else None
