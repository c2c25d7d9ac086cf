"""`loop move` and `loop rename`: move files, and change links in the same run."""

from __future__ import annotations

import re

from loop_cli.core import conflict, places
from loop_cli.core.changes import Change, Edits
from loop_cli.core.check.places import file_name
from loop_cli.core.commits import Create, Delete, EntityChange, Move
from loop_cli.core.entity import Precondition
from loop_cli.core.links import Moving
from loop_cli.core.names import is_line, nfc
from loop_cli.errors import Action, ConflictError, InvalidChange, LoopError, UsageError, prefixed
from loop_cli.failures import ConfirmationRefused, StillReferred
from loop_cli.lean.records import Struct
from loop_cli.operations import resolving
from loop_cli.planning import relinking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from loop_cli.core.commits import CommitResult
    from loop_cli.core.entity import Entity
    from loop_cli.core.listed import Listed
    from loop_cli.core.records.record import Origin
    from loop_cli.core.store import Store

    Confirm = Callable[["RelocateResult"], bool]

_TRIES = 5  # attempts: others may edit a file with links at the same time
_TASKS = "Tasks"


class Relocation(Struct):
    """A task to move to a project; or, without `project`, a file to rename. With `name` the entity
    is called that from now on."""

    entity_id: str
    precondition: Precondition
    path: str | None = None
    project: str | None = None
    name: str | None = None


class Place(Struct):
    """An entity of which only the place is known, as of one that is about to be made."""

    id: str
    type: str
    path: str


class RelocateResult(Struct):
    """The moved entities, and other files whose links were changed."""

    moved: tuple[CommitResult, ...]
    relinked: tuple[CommitResult, ...]
    dry_run: bool
    run_id: str
    warnings: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything moved."""
        return bool(self.moved)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop move` and `loop rename`."""
        data = {
            "changed": self.changed,
            "moved": [_moved(one) for one in self.moved],
            "relinked": [
                {
                    "entity_id": one.after.id,
                    "path": one.after.path,
                    "modified_fields": list(one.diff),
                    **({"note": True} if one.after.id == one.after.path else {}),
                }
                for one in self.relinked
            ],
            "run_id": self.run_id,
        }
        return {**data, "dry_run": True} if self.dry_run else data


def move(
    store: Store,
    entity_id: str,
    project: str,
    *,
    origin: Origin,
    precondition: Precondition,
    path: str | None = None,
    on_conflict: str = "fail",
    confirm: Confirm | None = None,
    dry_run: bool = False,
) -> RelocateResult:
    """Move a task to another project.

    `on_conflict` is `fail`, or `rebase`: move the task as it is now, unless its project was changed
    since. `confirm` is called with the plan if no precondition was given; the revisions in the plan
    become the preconditions. Raises what `Store.commit` lists, `ConfirmationRefused`.
    """

    def plan() -> tuple[list[Move], list[str]]:
        if not precondition.names_bytes:
            store.refresh()
        entity = store.find(entity_id, path=path)
        change = _to_project(entity, store.find(project), store)
        return [change.replace(precondition=_seen(entity, precondition, confirm))], []

    return _run(
        store,
        plan,
        origin=origin,
        confirm=confirm,
        dry_run=dry_run,
        given=precondition,
        by_id=path is None,
        rebase=on_conflict == "rebase",
    )


def rename(
    store: Store,
    entity_id: str | None,
    *,
    origin: Origin,
    precondition: Precondition | None = None,
    path: str | None = None,
    name: str | None = None,
    confirm: Confirm | None = None,
    dry_run: bool = False,
) -> RelocateResult:
    """Rename the file of one entity, or of all (None), as rule A says. With `name` the entity is
    called that from now on, and its file is renamed where it is called by the name.

    `confirm` is called with the plan, whose revisions are the preconditions, unless one is given.
    If all are renamed, files that can't be renamed are left out with a warning. Raises what `move`
    raises.
    """
    _refuse_stems(store, entity_id, name)

    def plan() -> tuple[list[Move], list[str]]:
        if entity_id is None:
            return _all_misnamed(store, origin)
        store.refresh()
        entity = store.find(entity_id, path=path)
        seen = Precondition(if_match=entity.revision.etag, own_reading=True)
        return [_named(entity, name, precondition or seen, store)], []

    return _run(
        store,
        plan,
        origin=origin,
        confirm=confirm,
        dry_run=dry_run,
        given=precondition,
        by_id=entity_id is not None and path is None,
    )


def relocate(
    store: Store, wanted: Relocation, *, origin: Origin, on_conflict: str = "fail"
) -> RelocateResult:
    """Move or rename as asked for, without a question. Raises as `move` and `rename`."""
    given: Any = {"origin": origin, "precondition": wanted.precondition, "path": wanted.path}
    if wanted.project is not None:
        return move(store, wanted.entity_id, wanted.project, on_conflict=on_conflict, **given)
    return rename(store, wanted.entity_id, name=wanted.name, **given)


def planned(
    store: Store, wanted: Relocation, made: Mapping[str, Place], *, grouped: bool = False
) -> Move:
    """The move that is asked for, without the links. `made` are the entities that are about to be
    there, by id in normal form; `grouped` means that other changes land with it. Raises as `move`
    and `rename`."""
    if not wanted.precondition.names_bytes:
        store.refresh()
    entity = store.find(wanted.entity_id, path=wanted.path)
    if wanted.project is None:
        _refuse_stems(store, wanted.entity_id, wanted.name)
        move = _named(entity, wanted.name, wanted.precondition, store)
        if grouped and _is_another(store, [move]):
            raise UsageError(
                f"a rename of {entity.id} gives it another id, which no other change of an atomic "
                "group can follow: rename it by itself"
            )
        return move
    project = made.get(nfc(wanted.project)) or store.find(wanted.project)
    return _to_project(entity, project, store).replace(precondition=wanted.precondition)


def _seen(entity: Entity, given: Precondition, confirm: Confirm | None) -> Precondition:
    """What a move expects: what was given, or what is about to be shown."""
    if confirm is None or given.given or given.forced:
        return given
    return Precondition(if_match=entity.revision.etag, own_reading=True)


def _refuse_stems(store: Store, entity_id: str | None, name: str | None) -> None:
    """Raises `UsageError` without a name in a vault whose files are named by their ids."""
    if store.names.id_is_stem and (name is None or entity_id is None):
        raise UsageError(
            "in this vault the file's name is the id, so rule A does not apply",
            hint=Action("rename_to"),
        )


def _named(entity: Entity, name: str | None, seen: Precondition, store: Store) -> Move:
    """The move that gives a file the name it should have, after the entity is called `name`."""
    place = store.rules.schema.locations.get(entity.type, "")
    file = file_name(entity.type, entity.id, place)
    if name is None:
        return _renamed(entity, file or f"{entity.id}.md", seen)
    if not is_line(name) or not name.strip():
        raise UsageError(f"{name!r} can't be a name: it must be one line of text")
    if store.names.id_is_stem:
        return _called(entity, nfc(name), seen, store)
    change = Change(path=(store.names.name,), operation="set", value=nfc(name))
    file = file or _file_after(entity, nfc(name))
    return _renamed(entity, file, seen).replace(edits=Edits(changes=(change,)))


def _file_after(entity: Entity, name: str) -> str:
    """The name of a file once its entity is called `name`: one that is called by the old name in
    some way is called by the new one in that way, and any other stays."""
    file = entity.path.rpartition("/")[2]
    stem, dot, ending = file.rpartition(".")
    old, entity_id = nfc(entity.name or ""), nfc(entity.id)
    form = next((one for one in _FORMS if old and nfc(stem) == one(old, entity_id)), None)
    if form is None or nfc(stem) == entity_id:
        return file
    made = form(name, entity_id)
    if not re.search(r"\w", made):
        raise UsageError(f"{name!r} can't name a file: it has no letter or digit")
    return f"{made}{dot}{ending}"


def _called(entity: Entity, name: str, seen: Precondition, store: Store) -> Move:
    """The move of a file whose name is the id: to the new name, unless it is called by something
    else than the name that the entity has in a field. That field is changed, if it is there."""
    file = entity.path.rpartition("/")[2]
    stem, dot, ending = file.rpartition(".")
    old, changes, made = entity.name, list[Change](), _as_words(name, "")
    if old is not None:
        changes.append(Change(path=(store.names.name,), operation="set", value=name))
        forms = (one for one in _OF_NAME if nfc(stem) == nfc(one(nfc(old), "")))
        made = next((one(name, "") for one in forms), stem)
    if not re.search(r"\w", made):
        raise UsageError(f"{name!r} can't name a file: it has no letter or digit")
    move = _renamed(entity, f"{made}{dot}{ending}", seen)
    return move.replace(edits=Edits(changes=tuple(changes)))


def _as_words(name: str, _entity_id: str) -> str:
    return places.file_name(name)


# The ways in which files are called by the names of their entities.
_FORMS: tuple[Callable[[str, str], str], ...] = (
    _as_words,
    lambda name, _entity_id: places.slug(name),
    lambda name, entity_id: f"{entity_id}_{places.slug(name)}",
    lambda name, entity_id: f"{entity_id} {places.file_name(name)}",
    lambda name, _entity_id: "-".join(re.findall(r"\w+", name.lower())),
)
_OF_NAME = (_FORMS[0], _FORMS[1], _FORMS[4])  # those without the id


def _all_misnamed(store: Store, origin: Origin) -> tuple[list[Move], list[str]]:
    """Return the files with a wrong name, and sentences about those that stay."""
    found: list[Move] = []
    staying: list[str] = []
    taken: set[str] = set()
    locations = store.rules.schema.locations
    misnamed = []
    for one in store.scan():
        name = file_name(one.type, one.id, locations.get(one.type, ""))
        template = "{" in one.id
        if name is not None and not template and nfc(one.path.rpartition("/")[2]) != nfc(name):
            misnamed.append(_renamed(one, name, Precondition(if_match=one.revision.etag)))
    for change in sorted(misnamed, key=lambda change: str(change.path)):
        (outcome,) = store.commit([change], origin=origin, dry_run=True)
        if isinstance(outcome, LoopError):
            staying.append(prefixed(f"{change.path} stays: ", outcome.message))
        elif nfc(change.to) in taken:
            staying.append(f"{change.path} stays: another file is to be {change.to}")
        else:
            taken.add(nfc(change.to))
            found.append(change)
    return found, staying


def _renamed(entity: Entity | Listed, name: str, seen: Precondition) -> Move:
    folder = entity.path.rpartition("/")[0]
    return Move(
        entity_id=entity.id,
        path=entity.path,
        precondition=seen,
        edits=Edits(),
        to=f"{folder}/{name}" if folder else name,
    )


def _to_project(entity: Entity, project: Entity | Place, store: Store) -> Move:
    pairs: tuple[tuple[Entity | Place, str], ...] = ((entity, "Task"), (project, "Project"))
    for one, wanted in pairs:
        if one.type != wanted:
            what = "only a '{}' moves" if wanted == "Task" else "it moves only to a '{}'"
            what = what.format(wanted)
            message = f"{one.id} has the type '{one.type}', and {what}: the type is spelled so"
            problem = {"field": store.names.type, "problem": "wrong_reference", "message": message}
            raise InvalidChange(message, entity_id=one.id, problems=[problem])
    old = entity.fields.get("project_id")
    fields = ["project_id"]
    if entity.fields.get("parent_id") in (old, None):
        fields.append("parent_id")
    changes = [
        Change(path=(name,), operation="set", value=project.id, typed=True, implied=True)
        for name in fields
    ]
    folder = project.path.rpartition("/")[0]
    name = entity.path.rpartition("/")[2]
    return Move(
        entity_id=entity.id,
        path=entity.path,
        edits=Edits(changes=tuple(changes)),
        to="/".join(part for part in (folder, _TASKS, name) if part),
    )


def _run(
    store: Store,
    plan: Callable[[], tuple[list[Move], list[str]]],
    *,
    origin: Origin,
    confirm: Confirm | None,
    dry_run: bool,
    given: Precondition | None,
    by_id: bool,
    rebase: bool = False,
) -> RelocateResult:
    """Plan, show and commit, all or none.

    If others edit a file meanwhile, a new plan is made, unless the caller named a revision of that
    file. `by_id` means: the one entity to move was named by its id only.
    """
    planned, staying = plan()
    asks = confirm is not None and not (given is not None and (given.given or given.forced))
    if not planned:
        return _result([], staying, [], origin, dry_run=dry_run)
    if asks or dry_run:
        try:
            preview = _land(store, planned, staying, origin, dry_run=True, by_id=by_id)
        except ConflictError as error:
            planned = _on_top(planned, error, rebase=rebase)
            preview = _land(store, planned, staying, origin, dry_run=True, by_id=by_id)
        if dry_run or not preview.changed:
            return preview.replace(dry_run=dry_run)
        if confirm is not None and not confirm(preview):
            raise ConfirmationRefused("everything was left as it is")
    for attempt in range(_TRIES):
        try:
            return _land(store, planned, staying, origin, dry_run=False, by_id=by_id)
        except ConflictError as error:
            if attempt == _TRIES - 1:
                raise
            if any(nfc(error.conflict.entity_id) == nfc(one.entity_id) for one in planned):
                planned = _on_top(planned, error, rebase=rebase)
    raise AssertionError("the last attempt returns or raises")


def _on_top(planned: list[Move], error: ConflictError, *, rebase: bool) -> list[Move]:
    """The moves of what is there now, if what was changed since does not matter. Raises the
    error."""
    found = error.conflict
    if not rebase or found.is_settled or not conflict.rebase(found).apply:
        raise error
    return [
        resolving.on_top(one, found) if nfc(one.entity_id) == nfc(found.entity_id) else one
        for one in planned
    ]


def _land(
    store: Store,
    planned: list[Move],
    staying: list[str],
    origin: Origin,
    *,
    dry_run: bool,
    by_id: bool,
) -> RelocateResult:
    changes, unlinked = with_links(store, planned)
    if _is_another(store, planned):
        done = _as_another(store, changes, origin, dry_run=dry_run, by_id=by_id)
        return _result(planned, [*staying, *unlinked], done, origin, dry_run=dry_run)
    if by_id:  # so that a new file with the same id is noticed
        changes[0] = changes[0].replace(path=None)
    outcomes = store.commit(changes, origin=origin, atomic=len(changes) > 1, dry_run=dry_run)
    done = _done(outcomes)
    return _result(planned, [*staying, *unlinked], done, origin, dry_run=dry_run)


def _done(outcomes: Sequence[CommitResult | LoopError]) -> list[CommitResult]:
    done: list[CommitResult] = []
    for one in outcomes:
        if isinstance(one, LoopError):
            raise one
        done.append(one)
    return done


def _is_another(store: Store, planned: Sequence[Move]) -> bool:
    """Whether the one file to rename has another id after that."""
    names, one = store.names, planned[0]
    return names.id_is_stem and nfc(names.id_of(one.to)) != nfc(names.id_of(str(one.path)))


def _as_another(
    store: Store, changes: Sequence[EntityChange], origin: Origin, *, dry_run: bool, by_id: bool
) -> list[CommitResult]:
    """Land the rename of a file whose name is the id, and the new links in others.

    Another entity comes, and the one goes, in one atomic group: so the log says of every id what
    became of it, and an undo of the run brings all back. The links change in between: in either
    direction nothing leads to a file that goes.
    """
    wanted, others = changes[0], changes[1:]
    assert isinstance(wanted, Move), "the moves come first"
    (moved,) = _done(store.commit([wanted], origin=origin, dry_run=True))
    seen = wanted.precondition
    if seen.if_match is None:  # so that nothing is lost that comes after this look
        seen = Precondition(if_match=moved.before.revision.etag, own_reading=True)
    path = None if by_id else wanted.path
    comes = Create(
        entity_type=moved.after.type,
        entity_id=nfc(store.names.id_of(wanted.to)),
        path=wanted.to,
        fields={},
        template="",
        text=moved.after.raw.decode(),
    )
    goes = Delete(entity_id=wanted.entity_id, precondition=seen, path=path, cascade=True)
    try:
        outcomes = store.commit([comes, *others, goes], origin=origin, atomic=True, dry_run=dry_run)
    except StillReferred as error:
        error.hint = "these fields name the id that would go: change them first"
        raise
    made, *linked, _gone = _done(outcomes)
    return [moved.replace(after=made.after, record=made.record), *linked]


def with_links(store: Store, planned: Sequence[Move]) -> tuple[list[EntityChange], list[str]]:
    """Return the moves, with the new links in all files; and sentences about links that stay.

    The moves come first, in their order, and after them the changes of other files.
    """
    paths = {str(one.path): one.to for one in planned if one.path != one.to}
    if not paths:
        return [*planned], []
    moving = Moving(paths, store.link_targets())
    relinker = relinking.Relinker(
        moving.renamed, loses=moving.loses, read_only=store.names.read_only()
    )
    own: dict[str, EntityChange] = {}
    others: list[EntityChange] = []
    left: list[str] = []
    sources = store.links_to([*paths, *paths.values()])
    for source in sorted(sources, key=lambda one: one.path):
        broken = relinking.broken(source, moving)
        if broken is not None:
            left += broken
            continue
        change = relinker.change(source)
        left += [f"{source.path}: the link {name!r} is left as it is" for name in relinker.left]
        relinker.left.clear()
        if source.path in paths:
            own[source.path] = change
        elif change.edits.changes or change.edits.body is not None:
            others.append(change)
    moves: list[EntityChange] = []
    for one in planned:
        edits = own[str(one.path)].edits if str(one.path) in own else Edits()
        named = {change.path for change in one.edits.changes}
        more = tuple(change for change in edits.changes if change.path not in named)
        both = Edits(changes=(*one.edits.changes, *more), body=edits.body)
        moves.append(one.replace(edits=both))
    return [*moves, *others], left


def _moved(done: CommitResult) -> dict[str, Any]:
    return {
        "entity_id": done.after.id,
        "entity_type": done.after.type,
        "path_before": done.before.path,
        "path": done.after.path,
        "updated_at": done.after.revision.updated_at,
        "etag": done.after.revision.etag,
        "modified_fields": list(done.diff),
        "diff": done.diff,
    }


def _result(
    planned: list[Move],
    staying: list[str],
    done: list[CommitResult],
    origin: Origin,
    *,
    dry_run: bool,
) -> RelocateResult:
    count = len(planned) if done else 0
    return RelocateResult(
        moved=tuple(one for one in done[:count] if one.changed),
        relinked=tuple(one for one in done[count:] if one.changed),
        dry_run=dry_run,
        run_id=origin.run_id,
        warnings=tuple(staying),
    )
