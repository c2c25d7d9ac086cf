"""Making an entity over HTTP: the server gives the id, the place and what the schema implies."""

from __future__ import annotations

from loop_cli.core import fields as kinds
from loop_cli.errors import InvalidChange, UsageError
from loop_cli.operations.create import CreateResult
from loop_cli.remote import rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.schema.schema import Schema
    from loop_cli.operations.asking import Ask
    from loop_cli.operations.create import Request

    Write = Callable[..., Any]

TEMPLATE = ("", "the server's template")
"""What stands for the template that the server's vault has for a type, if any."""
_ROUNDS = 9  # of questions


class Creation:
    """Makes entities: `write` asks the server, `get` reads one, by `schema` texts are values."""

    def __init__(
        self, write: Write, get: Callable[[str], Entity], schema: Schema, names: FieldNames
    ) -> None:
        self._write = write
        self._get = get
        self._schema = schema
        self._names = names

    def create(self, request: Request, *, ask: Ask | None, dry_run: bool) -> CreateResult:
        """Make one; `ask` is given the problems of fields that are required. Raises what the
        server raised."""
        if request.template is not TEMPLATE:
            raise UsageError(
                "over a server a new entity has the template of the vault, and no other",
                hint="run it where the vault is",
            )
        body: dict[str, Any] = {"type": request.entity_type, "fields": self._fields(request)}
        if request.body is not None:
            body["body"] = request.body
        if ask is not None:
            self._answer(request, body, ask)
        key = {} if request.key is None else {"Idempotency-Key": request.key}
        return self._result(self._send(body, headers=key, dry_run=dry_run), dry_run=dry_run)

    def _send(self, body: Any, *, headers: Any = None, dry_run: bool) -> Any:
        return self._write("POST", "/api/entities", body=body, headers=headers, dry_run=dry_run)

    def _answer(self, request: Request, body: dict[str, Any], ask: Ask) -> None:
        """Put the answers to what is required into the body, until nothing is."""
        for _round in range(_ROUNDS):
            try:
                self._send(body, dry_run=True)
                return
            except InvalidChange as error:
                problems = error.details.get("problems", [])
                asked = [one for one in problems if one.get("problem") == "required"]
                if len(asked) < len(problems) or not asked:
                    raise
                answers = ask(request.entity_type, asked)
                if answers is None:
                    raise
                for name, text in answers.items():
                    body["fields"][name] = self._value(request, (name,), text)

    def _fields(self, request: Request) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if request.entity_id is not None:
            found[self._names.id] = request.entity_id
        if request.name is not None:
            found[self._names.name] = request.name
        for change in request.fields:
            self._put(found, request, change)
        return found

    def _put(self, fields: dict[str, Any], request: Request, change: Change) -> None:
        inner = fields
        for key in change.path[:-1]:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                raise UsageError(f"{change.name}: {key} is no mapping")
        last, value = change.path[-1], change.value
        if change.operation == "unset":
            inner[last] = None
            return
        if not change.typed:
            value = self._value(request, change.path, value)
        if change.operation == "add":
            items = value if isinstance(value, list) else [value]
            value = [*(inner.get(last) or []), *items]
        elif change.operation != "set":
            raise UsageError(f"{change.name}: a new entity has nothing to remove")
        inner[last] = value

    def _value(self, request: Request, path: tuple[str, ...], text: str) -> Any:
        """The value of a text; where it is none of the field's kind, the text, which the server
        then says."""
        spelled = {one.casefold(): one for one in self._schema.types}.get(
            request.entity_type.casefold()
        )
        try:
            spec = self._schema.spec(spelled or request.entity_type, path, {})
            return kinds.from_text(text, spec, now=request.now)
        except ValueError:
            return text

    def _result(self, document: Any, *, dry_run: bool) -> CreateResult:
        if not isinstance(document, dict):
            raise rebuilt.bad_answer()
        flat = next(
            (one for one in document.values() if isinstance(one, dict) and "_etag" in one), None
        )
        if flat is None:
            raise rebuilt.bad_answer()
        entity = _of_flat(flat)
        if not dry_run:
            entity = self._get(entity.id)
        return CreateResult(
            entity=entity,
            created=document.get("created") is True,
            dry_run=dry_run,
            run_id=rebuilt.texts(document, "run_id")["run_id"],
            warnings=rebuilt.warnings(document),
        )


def _of_flat(flat: dict[str, Any]) -> Entity:
    """The entity in the shape that older programs know."""
    own = rebuilt.texts(flat, "entity_id", "entity_type", "_path", "updated", "_etag")
    fields = {key: value for key, value in flat.items() if not key.startswith("_")}
    return rebuilt.entity(
        {
            "entity_id": own["entity_id"],
            "entity_type": own["entity_type"],
            "path": own["_path"],
            "updated_at": own["updated"],
            "etag": own["_etag"],
            "fields": fields,
            "body": flat.get("_body") or "",
        }
    )
