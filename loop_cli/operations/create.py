"""`loop create`: a new entity with its id, its place and all implied fields."""

from __future__ import annotations

from loop_cli.core import creation, days, ids, places
from loop_cli.core.commits import Create
from loop_cli.core.names import is_line, nfc
from loop_cli.errors import EntityNotFound, only
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct
from loop_cli.operations import asking
from loop_cli.operations.known_type import AT_THE_TOP, known_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.commits import CommitResult
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import Origin
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.store import Store
    from loop_cli.operations.asking import Ask
    from loop_cli.operations.move import Place

    Problem = dict[str, Any]


class Request(Struct):
    """The entity to create.

    `fields` are changes as in an update, without the name. `template` is a text and its name. `now`
    is an instant.
    """

    entity_type: str
    name: str | None
    now: int
    fields: tuple[Change, ...] = ()
    entity_id: str | None = None
    template: tuple[str, str] | None = None
    body: str | None = None
    key: str | None = None


class CreateResult(Struct):
    """The new entity, or the one that an earlier call with the same idempotency key made."""

    entity: Entity
    created: bool
    dry_run: bool
    run_id: str
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop create`."""
        data = {**self.entity.as_dict(), "created": self.created, "run_id": self.run_id}
        return {**data, "dry_run": True} if self.dry_run else data


def create(
    store: Store,
    request: Request,
    *,
    origin: Origin,
    ask: Ask | None = None,
    dry_run: bool = False,
) -> CreateResult:
    """Create one entity.

    `ask` is called with the type and the problems of required fields. It returns values as text, or
    None to give up. Raises what `Store.commit` lists for a create.
    """
    request = request.replace(entity_type=known_type(request.entity_type, store))
    if ask is not None:
        given = asking.answers(
            request.entity_type,
            lambda given: only(
                store.commit(
                    [planned(store, answered(request, given, store.rules))],
                    origin=origin,
                    dry_run=True,
                )
            ),
            ask,
            rules=store.rules,
            ids_of=lambda kind: _ids_of(kind, store),
        )
        request = answered(request, given, store.rules)
    done = only(store.commit([planned(store, request)], origin=origin, dry_run=dry_run))
    return _result(store, request, done, origin, dry_run=dry_run)


def problem(field: str, code: str, message: str, **more: Any) -> Problem:
    """Make an entry of `InvalidChange.problems` for a problem outside the rules about fields."""
    return {"field": field, **more, "problem": code, "message": message}


def planned(store: Store, request: Request, *, made: Mapping[str, Place] | None = None) -> Create:
    """Make the change for the store; it includes the rules for id and place.

    `made` are the entities that are about to be there, by id in normal form.
    """
    rules = store.rules
    kind = request.entity_type
    problems: list[Problem] = []
    fields = _fields(request, rules, problems)
    name = fields.get(rules.names.name)
    name = name if isinstance(name, str) else ""
    entity_id = _id(request, fields, name, rules, problems)
    path = None
    if not problems or request.entity_id is not None:
        path = _path(store, request, fields, name, entity_id, problems, made or {})
    template = request.template or (_built_in(rules), "the built-in template")
    return Create(
        entity_type=kind,
        entity_id=entity_id,
        path=path,
        fields=fields,
        template=template[0],
        source=template[1],
        body=request.body,
        problems=tuple(problems),
        key=request.key,
        request=_digest(request) if request.key is not None else None,
    )


def _fields(request: Request, rules: Rules, problems: list[Problem]) -> dict[str, Any]:
    """Return the requested and implied fields, typed, in the schema's order."""
    name = None if request.name is None else nfc(request.name)
    kind, now = request.entity_type, request.now
    fields, wrong = creation.fields_of(request.fields, name, kind, now, rules)
    problems += wrong
    return fields


def _id(
    request: Request, fields: dict[str, Any], name: str, rules: Rules, problems: list[Problem]
) -> ids.IdRule | str | None:
    names, given = rules.names, request.entity_id
    if request.entity_type == "Task" and given is None and not _has_project(fields):
        words = "is required for Task: it says where the task belongs"
        problems.append(problem("project_id", "required", words, allowed="a Project's id"))
        return None
    if names.id_is_stem:
        given = given or places.file_name(name) or None
        if given is None:
            problems.append(_no_stem(name, rules))
            return None
        if names.id == "@path" and given is not None and "/" not in given:
            return given if request.entity_type == AT_THE_TOP else f"{request.entity_type}/{given}"
        if given is not None and ("/" in given or given.startswith(".") or not is_line(given)):
            problems.append(problem("id", "id_form", f"{given!r} can't name a file", value=given))
        return given
    if given is not None:
        if not given.strip() or not is_line(given) or "/" in given or given.startswith("."):
            problems.append(problem(names.id, "id_form", f"{given!r} can't be an id", value=given))
        else:
            problems += creation.id_problems(given, request.entity_type, rules)
        return nfc(given)
    try:
        return ids.rule_for(
            request.entity_type,
            fields=fields,
            name=name,
            rules=rules,
            digest=lambda data: bytes.fromhex(sha256_hex(data)),
        )
    except ids.NoRule as error:
        problems += _no_id(error, request.entity_type, fields, rules)
        return None


def _no_stem(name: str, rules: Rules) -> Problem:
    """The problem that no name gives one to the file, which is the id."""
    field = rules.names.name
    if not name.strip():
        words = "is required: the file is called by it (--name); or give --id"
        return problem(field, "required", words, allowed="text")
    return problem(field, "name", f"{name!r} can't name a file", value=name)


def _no_id(
    error: ids.NoRule, kind: str, fields: Mapping[str, Any], rules: Rules
) -> Iterator[Problem]:
    """Report that no id can be made, at the field that would give its number.

    If only the name is missing, nothing is added: the missing name is reported anyway.
    """
    schema, name = rules.schema, rules.names.name
    required = schema.required_fields(kind)
    sources = [one for one in ids.SOURCES if one in schema.known_fields(kind)]
    sources = [one for one in sources if one in required] or sources
    if isinstance(error, ids.NoNumber) and sources:
        given = next((one for one in sources if fields.get(one)), None)
        if given is None:
            words = f"is required for {kind}: its id takes a number from it"
            yield problem(sources[0], "required", words, allowed="an entity's id")
        else:
            value = fields[given]
            words = f"{value!r} gives no number for an id that matches {error.pattern}; give --id"
            yield problem(given, "no_id", words, value=value)
    elif fields.get(name) or name not in required:
        yield problem(rules.names.id, "no_id", str(error))


def _paths_of(store: Store, entity_type: str) -> list[str]:
    from loop_cli.core.query import Query

    return [one.path for one in store.scan(Query(types=(entity_type,)))]


def _path(
    store: Store,
    request: Request,
    fields: dict[str, Any],
    name: str,
    entity_id: ids.IdRule | str | None,
    problems: list[Problem],
    made: Mapping[str, Place],
) -> str | None:
    """Return the place by rule A; None if it is unknown, which is then among the problems."""
    kind, rules = request.entity_type, store.rules
    if kind == "Task" and not _has_project(fields):
        return None  # the missing field is reported with the other problems
    if rules.names.id == "@path":
        return f"{places.ID}.md"
    if rules.names.type_is_folder:
        return f"{kind}/{places.ID}.md" if kind != AT_THE_TOP else f"{places.ID}.md"
    try:
        path = places.place_for(
            kind,
            name=name,
            year=int(days.local_day(request.now)[:4]),
            locations=rules.schema.locations,
            project=_project_path(store, fields, made) if kind == "Task" else None,
            siblings=lambda: _paths_of(store, kind),
        )
    except places.NoPlace as error:
        of_name = error.field == "name"
        if name or not of_name or rules.names.name not in rules.schema.required_fields(kind):
            field = rules.names.name if of_name else error.field
            problems.append(problem(field, "no_place", str(error)))
        return None
    sample = entity_id if isinstance(entity_id, str) else "x" * 32
    why = places.outside(path, rules.schema.places)
    if places.too_long(path.replace(places.ID, sample)):
        message = "makes a name that is longer than file systems take"
        problems.append(problem(rules.names.name, "name", message, value=name))
    elif why is not None:
        problems.append(problem("path", "no_place", f"{path} would not be found: {why}"))
    return path


def _has_project(fields: Mapping[str, Any]) -> bool:
    return isinstance(fields.get("project_id"), str) and bool(fields["project_id"])


def _project_path(store: Store, fields: dict[str, Any], made: Mapping[str, Place]) -> str | None:
    """Return the file of a task's project; None if there is none, which the rules report."""
    project = str(fields["project_id"])
    if nfc(project) in made:
        return made[nfc(project)].path
    try:
        return store.find(project).path
    except EntityNotFound:
        return None


def _built_in(rules: Rules) -> str:
    names = rules.names
    first = (names.type, names.id, names.name, names.created, names.updated)
    lines = [f"{name}:\n" for name in first if not name.startswith("@")]
    return "---\n" + "".join(lines) + "---\n\n# {{NAME}}\n"


def _ids_of(entity_type: str, store: Store) -> list[str]:
    from loop_cli.core.query import Query

    return [one.id for one in store.scan(Query(types=(entity_type,)))]


def answered(request: Request, answers: Mapping[str, str], rules: Rules) -> Request:
    """The request with answers to what was missing, by field."""
    given = [
        asking.as_change(field, answer, rules.schema.spec(request.entity_type, (field,), {}).kind)
        for field, answer in answers.items()
        if field != rules.names.name
    ]
    name = answers.get(rules.names.name, request.name)
    return request.replace(name=name, fields=(*request.fields, *given))


def _digest(request: Request) -> str:
    """Return the SHA-256 of the request, without its time."""
    parts = [request.entity_type, request.name, request.entity_id, request.template, request.body]
    changes = [(one.path, one.operation, one.value, one.typed) for one in request.fields]
    return sha256_hex(repr((parts, changes)).encode("utf-8", "surrogateescape"))


def _result(
    store: Store, request: Request, done: CommitResult, origin: Origin, *, dry_run: bool
) -> CreateResult:
    """The result; what a call with this key made before was made by the run of that call."""
    run_id = origin.run_id
    if not done.changed and request.key is not None:
        earlier = next(store.records_with_key(request.key), None)
        run_id = run_id if earlier is None else str(earlier.data["run_id"])
    return CreateResult(
        entity=done.after,
        created=done.changed,
        dry_run=dry_run,
        run_id=run_id,
        warnings=done.warnings,
    )
