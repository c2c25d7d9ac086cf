"""What a request asks for, as data of the operations: queries, changes, preconditions."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ValidationError

from loop_cli.core import query as queries
from loop_cli.core import timestamps
from loop_cli.core.changes import parse_json
from loop_cli.core.entity import agreed, precondition_of
from loop_cli.core.names import split_dotted
from loop_cli.errors import InvalidChange, UsageError
from loop_cli.operations import clock
from loop_cli.operations.bulk import refuse_unknown
from loop_cli.server.answers import HttpError, expected_etag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeVar

    from loop_cli.core.entity import Precondition
    from loop_cli.core.query import Condition
    from loop_cli.wire.http import Expecting

    M = TypeVar("M", bound=BaseModel)

# What a list takes besides the names of fields.
OF_LISTS = ("where", "there", "sort", "limit", "cursor", "q")
_MOST_CONDITIONS = 100
EXPECTING = ("expected_updated_at", "if_match", "if")
"""The keys of preconditions, in a body and in the query."""


class HowToWrite:
    """What every write takes besides its body."""

    def __init__(
        self,
        request: Request,
        expected_updated_at: Annotated[
            str | None, Query(description="`updated` as it was read; the body may have it too.")
        ] = None,
        etag: Annotated[
            str | None, Query(alias="if_match", description="The ETag as it was read.")
        ] = None,
        conditions: Annotated[
            list[str] | None, Query(alias="if", description="What must hold, as in a body.")
        ] = None,
        path: Annotated[
            str | None, Query(description="Chooses where several files have the id.")
        ] = None,
        dry_run: Annotated[bool, Query(description="Do everything but writing.")] = False,
        on_conflict: Annotated[
            Literal["fail", "rebase"],
            Query(description="rebase: apply on top, unless a wanted field was changed."),
        ] = "fail",
        unconditional: Annotated[
            bool, Query(description="False: a write without a precondition is 428 in any case.")
        ] = True,
        by_id: Annotated[
            bool,
            Query(
                description="A person named the id alone, and the program read the revision: a "
                "second file with the id is noticed."
            ),
        ] = False,
        if_match: Annotated[
            str | None, Header(description="The ETag as it was read; 412 if it holds no more.")
        ] = None,
        idempotency_key: Annotated[
            str | None, Header(description="The same call again gets the first answer.")
        ] = None,
        x_run_id: Annotated[
            str | None, Header(description="The run of the record: a UUID v4.")
        ] = None,
    ) -> None:
        # Said for the documentation; read where needed.
        del if_match, idempotency_key, x_run_id, expected_updated_at, etag, conditions
        self._request = request
        self.path = path or None
        self.dry_run = dry_run
        self.on_conflict = on_conflict
        self.unconditional = unconditional
        self.by_id = by_id
        self.etag = expected_etag(request.headers)

    def precondition(self, body: Expecting, *, unconditional: bool) -> Precondition:
        """What the caller says it has seen, or what must hold, in the headers, the query and the
        body: all of it. Where that is nothing, whether it may do without. Raises `UsageError`, also
        where two places name different revisions."""
        of_one = body.if_match if isinstance(body.if_match, str) else None
        etags = [("If-Match", self.etag), *self._both("if_match", of_one)]
        times = self._both("expected_updated_at", body.expected_updated_at)
        for _place, etag in etags:
            precondition_of(None, etag)
        for _place, time in times:
            precondition_of(time, None)
        met = _parsed_conditions([*self._given("if"), *_texts(body.conditions)])
        expected, seen = agreed(times, times=True), agreed(etags)
        nothing = expected is None and seen is None and not met
        forced = unconditional and self.unconditional and nothing
        found = precondition_of(expected, seen, forced=forced)
        return found.replace(conditions=met, own_reading=self.by_id)

    def _both(self, name: str, in_body: str | None) -> list[tuple[str, str | None]]:
        """What the query and the body have under a name, each with what to call it."""
        found: list[tuple[str, str | None]] = [
            (f"{name} in the query", one) for one in self._given(name)
        ]
        return [*found, (f"{name} in the body", in_body)]

    def _given(self, name: str) -> list[str]:
        return self._request.query_params.getlist(name)


How = Annotated[HowToWrite, Depends()]


def _texts(given: list[str] | str | None) -> list[str]:
    return [given] if isinstance(given, str) else given or []


def _parsed_conditions(texts: list[str]) -> tuple[Condition, ...]:
    return queries.parse_conditions(texts, today=clock.today(), option="if")


def refuse_precondition(request: Request, why: str, *, body: Mapping[str, Any] = {}) -> None:
    """Raise `UsageError` for a precondition of a request that has nothing to compare it with: it
    must not seem to hold."""
    found = ["If-Match"] if "if-match" in request.headers else []
    found += [key for key in EXPECTING if key in request.query_params or body.get(key) is not None]
    if found:
        raise UsageError(f"{found[0]} is a precondition, and {why}")


def body_of(model: type[BaseModel], *, needed: bool = True) -> dict[str, Any]:
    """What the documentation of a route says of its body."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": needed, "content": content}}


def parsed(data: bytes, model: type[M]) -> tuple[M, dict[str, Any]]:
    """A body as its model, and as it came. Raises `HttpError`, `UsageError`, `InvalidChange`."""
    try:
        text = data.decode() if data.strip() else "{}"
    except UnicodeDecodeError:
        raise HttpError(400, "usage", "the body is not UTF-8 text") from None
    value = parse_json(text, "the body")
    if not isinstance(value, dict):
        raise HttpError(400, "usage", "the body must be a JSON object")
    _refuse_unknown(value, model)
    try:
        return model.model_validate(value), value
    except ValidationError as error:
        raise invalid_body(error.errors(include_url=False, include_context=False)) from None


def _refuse_unknown(value: dict[str, Any], model: type[BaseModel]) -> None:
    """Raise `UsageError` for a key that a body, or an object in it, does not have."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    if model.model_config.get("extra") == "forbid":
        refuse_unknown(value, tuple(fields))
    for key, field in fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                inner = value.get(key)
                if isinstance(inner, dict):
                    _refuse_unknown(inner, kind)


def invalid_body(errors: list[Any]) -> InvalidChange:
    """What is wrong with the form of a body, all of it."""
    problems = [
        {
            "field": ".".join(map(str, one["loc"])),
            "problem": "wrong_type",
            "message": str(one["msg"]),
        }
        for one in errors
    ]
    first = problems[0]
    message = f"{first['field'] or 'the body'}: {first['message']}"
    return InvalidChange(message, entity_id=None, problems=problems)


def conditions(request: Request, where: list[str], *, reserved: tuple[str, ...]) -> list[Condition]:
    """The conditions of a list: `where`; `there`, which names fields that must be there; and every
    parameter that is the name of a field. Names that begin with an underscore are nobody's. Raises
    `UsageError`."""
    day = clock.today()
    found = [queries.parse_condition(text, today=day) for text in where]
    names = request.query_params.getlist("there")
    found += [queries.is_there(split_dotted(name)) for name in names if name]
    for name, value in request.query_params.multi_items():
        if name not in reserved and name and not name.startswith("_"):
            found.append(queries.equals(name, value))
    if len(found) > _MOST_CONDITIONS:
        raise UsageError(f"at most {_MOST_CONDITIONS} conditions at once")
    return found


def instant_of(since: str | None) -> int | None:
    """The instant that `since` names; a day begins where the server is. Raises `UsageError`."""
    instant = None if since is None else clock.said(since)
    if since is not None and instant is None:
        hint = f"such as 2026-01-09 or {timestamps.EXAMPLE}"
        raise UsageError(f"since: {since!r} is not a timestamp", hint=hint)
    return instant
