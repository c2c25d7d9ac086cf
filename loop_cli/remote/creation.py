"""Making an entity over HTTP: the server gives the id, the place and what the schema implies."""

from __future__ import annotations

from loop_cli.core.changes import Edits
from loop_cli.operations.create import CreateResult
from loop_cli.remote import rebuilt
from loop_cli.remote.lines import line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from loop_cli.core.entity import Entity, FieldNames
    from loop_cli.core.schema.rules import Rules
    from loop_cli.operations.asking import Ask
    from loop_cli.operations.create import Request

    Write = Callable[..., Any]

TEMPLATE = ("", "the server's template")
"""What stands for the template that the server's vault has for a type, if any."""


class Creation:
    """Makes entities: `write` asks the server in a `run`, `get` reads one, `rules` are those of the
    vault, and `ids_of` lists the entities of a type."""

    def __init__(
        self,
        write: Write,
        get: Callable[[str], Entity],
        *,
        names: FieldNames,
        rules: Callable[[], Rules],
        ids_of: Callable[[str], list[str]],
        run: str,
    ) -> None:
        self._write = write
        self._get = get
        self._names = names
        self._rules = rules
        self._ids_of = ids_of
        self._run = run

    def create(self, request: Request, *, ask: Ask | None, dry_run: bool) -> CreateResult:
        """Make one; `ask` is given the problems of fields that are required. Raises what the
        server raised."""
        if ask is not None:
            from loop_cli.operations import asking
            from loop_cli.operations.create import answered

            rules = self._rules()
            asked = request.replace(entity_type=rules.spelling(request.entity_type))
            given = asking.answers(
                asked.entity_type,
                lambda given: self._send(answered(asked, given, rules), dry_run=True),
                ask,
                rules=rules,
                ids_of=self._ids_of,
            )
            request = answered(asked, given, rules)
        return self._result(self._send(request, dry_run=dry_run), dry_run=dry_run)

    def _send(self, request: Request, *, dry_run: bool) -> Any:
        own = {self._names.id: request.entity_id, self._names.name: request.name}
        body: dict[str, Any] = {
            "type": request.entity_type,
            "fields": {key: value for key, value in own.items() if value is not None},
        }
        edits = line_of(Edits(changes=request.fields))
        if edits:
            body["edits"] = edits
        if request.body is not None:
            body["body"] = request.body
        if request.template is not TEMPLATE:
            text, name = request.template or (None, "the built-in template")
            body["template"] = {"text": text, "name": name}
        key = {} if request.key is None or dry_run else {"Idempotency-Key": request.key}
        return self._write("POST", "/api/entities", body=body, headers=key, dry_run=dry_run)

    def _result(self, document: Any, *, dry_run: bool) -> CreateResult:
        if not isinstance(document, dict):
            raise rebuilt.bad_answer()
        flat = next(
            (one for one in document.values() if isinstance(one, dict) and "_etag" in one), None
        )
        if flat is None:
            raise rebuilt.bad_answer()
        entity = _of_flat(flat, document.get("modified_fields"))
        if not dry_run:
            entity = self._get(entity.id)
        return CreateResult(
            entity=entity,
            created=document.get("created") is True and document.get("run_id") in (None, self._run),
            dry_run=dry_run,
            run_id=rebuilt.texts(document, "run_id")["run_id"],
            warnings=rebuilt.warnings(document),
        )


def _of_flat(flat: dict[str, Any], names: Any) -> Entity:
    """The entity in the shape that older programs know, which has identity and times among its
    fields; `names` are the fields that it has itself."""
    own = rebuilt.texts(flat, "entity_id", "entity_type", "_path", "updated", "_etag")
    if not isinstance(names, list):
        raise rebuilt.bad_answer()
    fields = {name: flat[name] for name in names if name in flat}
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
