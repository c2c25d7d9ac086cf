"""Plan a new entity: its id, its place, its text, and all that is wrong with them at once."""

from __future__ import annotations

import os

from loop_cli.core.names import one_name
from loop_cli.core.schema.problem import field_label
from loop_cli.errors import Action, EntityNotFound, InvalidChange, InvalidFile, UsageError
from loop_cli.planning import life as plan_life
from loop_cli.planning.plan import IS_THERE, Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Protocol

    from loop_cli.core.commits import Create
    from loop_cli.core.entity import Entity
    from loop_cli.core.records.record import AuditRecord, History, Origin
    from loop_cli.core.schema.references import Others
    from loop_cli.core.schema.rules import Rules
    from loop_cli.planning.plan import Policy

    class Around(Protocol):
        """What is asked of a store; as `StoreContext` has it."""

        @property
        def rules(self) -> Rules: ...
        def created_with(self, key: str) -> AuditRecord | None: ...
        def history(self, entity_id: str) -> History: ...
        def find(self, entity_id: str) -> Entity | None: ...
        def all_ids(self) -> Iterable[str]: ...
        def seems_taken(self, entity_id: str) -> bool: ...
        def admits(self, path: str) -> bool: ...


class Creating:
    """Plans the creates of a planner. `others` are whom a new entity may refer to, `ids` those that
    were given before in the same group, by how they read without case. `is_taken` tells whether no
    file can be put at a path, `why_taken` why an id can't be given."""

    def __init__(
        self,
        around: Around,
        policy: Policy,
        others: Others,
        ids: Mapping[str, str],
        is_taken: Callable[[str], bool],
        why_taken: Callable[[str], str | None],
    ) -> None:
        self._around = around
        self._policy = policy
        self._others = others
        self._ids = ids
        self._is_taken = is_taken
        self._why_taken = why_taken

    def plan(self, change: Create, origin: Origin) -> Plan:
        """Return the plan. Raises `InvalidChange` with all problems, `EntityNotFound` and
        `UsageError` for an idempotency key."""
        if change.key is not None:
            record = self._around.created_with(change.key)
            if record is not None:
                return self._made_before(change, record)
        problems = list(change.problems)
        entity_id = self._id_for(change, problems)
        path = (change.path or "").replace("{entity_id}", entity_id)
        if change.path is not None:
            self._look_for_place(path, problems)
        text = change.text
        if text is None:
            text = self._draft(change, entity_id, problems)
        if problems:
            given = change.entity_id if isinstance(change.entity_id, str) else None
            raise _invalid(given or change.entity_type, problems, entity_id=given)
        made = plan_life.create(
            change,
            text,
            entity_id,
            path,
            history=self._around.history(entity_id),
            policy=self._policy,
            origin=origin,
        )
        if change.text is not None:
            return made
        return made.replace(warnings=(*made.warnings, *self._new_fields(made.after)))

    def _new_fields(self, entity: Entity) -> list[str]:
        """Sentences about fields of a new entity that an open schema does not know."""
        if not self._around.rules.schema.is_open:
            return []
        from loop_cli.core.schema import open_fields
        from loop_cli.core.schema.rules import Case

        case = Case(entity.fields, entity.type, entity.id)
        return open_fields.warnings(case, self._around.rules)

    def _draft(self, change: Create, entity_id: str, problems: list[dict[str, Any]]) -> str:
        """Return the text of the file; its problems are added to `problems`."""
        from loop_cli.planning import templates

        names = self._policy.names
        identity = {names.id: entity_id} if not names.id_is_stem else {}
        identity |= {names.type: change.entity_type} if not names.type_is_folder else {}
        draft, fields = templates.draft(
            change, identity, entity_id, now=self._policy.clock(), rules=self._around.rules
        )
        for name, line in draft.unknown:
            message = f"{change.source}:{line}: {{{{{name}}}}} stands for nothing that loop knows"
            problems.append(_problem(name, "unknown_placeholder", message))
        problems += self._judged(change, entity_id, fields)
        return draft.text

    def _judged(
        self, change: Create, entity_id: str, fields: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Return the rules' problems with the fields of a new entity, but not with its identity.

        A task without a project, or with one that is not there, gets no second problem about its
        parent, which is the project where nothing else is said.
        """
        from loop_cli.core.schema import field_rules, references
        from loop_cli.core.schema.rules import Case

        rules, kind = self._around.rules, change.entity_type
        case = Case(
            fields, kind, entity_id, is_new=True, passed=frozenset(self._policy.names.read_only())
        )
        found = [
            *field_rules.problems(case, rules),
            *references.problems(case, rules, self._others),
        ]
        follows = kind == "Task" and fields.get("parent_id") in (fields.get("project_id"), None)
        said = any(one.field == "project_id" for one in found)
        for one in found:
            if not (follows and said and one.field == "parent_id"):
                yield one.as_dict()

    def _look_for_place(self, path: str, problems: list[dict[str, Any]]) -> None:
        try:
            if self._is_taken(path):
                problems.append(_problem("path", "taken", f"{path} {IS_THERE}"))
            elif not self._around.admits(path):
                words = f"{path} is not a place where loop looks for entities"
                problems.append(_problem("path", "no_place", words))
        except InvalidFile as error:
            problems.append(_problem("path", "no_place", error.message))

    def _made_before(self, change: Create, record: AuditRecord) -> Plan:
        """Return the plan that does nothing, because an earlier call has made the entity."""
        if change.request != record.metadata.get("request"):
            raise UsageError(
                f"the idempotency key {change.key!r} was used for another call, which made "
                f"{record.entity_id}",
                hint="give every call its own key",
            )
        entity = self._around.find(record.entity_id)
        if entity is None:
            raise EntityNotFound(
                f"the call with the key {change.key!r} made {record.entity_id}, "
                "which is not there any more",
                entity_id=record.entity_id,
                nearest=[],
                hint=Action("list_records", entity_id=record.entity_id),
            )
        return Plan(
            before=entity,
            after=entity,
            source=entity.path,
            target=entity.path,
            data=entity.raw,
            diff={},
            wanted={},
            record={},
            kept={},
            warnings=entity.warnings,
        )

    def _id_for(self, change: Create, problems: list[dict[str, Any]]) -> str:
        """Return the id; empty if there can't be one yet."""
        from loop_cli.core import ids

        rule = change.entity_id
        if rule is None:
            return ""
        if isinstance(rule, str):
            why = self._why_taken(rule)
            if why is not None:
                problems.append(_problem("entity_id", "taken", why))
            return rule
        known = [*self._around.all_ids(), *self._ids.values()] if rule.looks_at_others else []
        for one in ids.candidates(rule, now=self._policy.clock(), ids=known, entropy=os.urandom):
            if not self._is_there(one) and not self._was_there(one):
                return one
        message = f"no id is free: all that begin with {rule.prefix!r} are taken; --id gives one"
        problems.append(_problem("entity_id", "taken", message))
        return ""

    def _is_there(self, entity_id: str) -> bool:
        """Whether the vault already has a generated id.

        It is not necessary to look at all files: the log knows the ids that loop has made, a
        counted id comes after all files were looked at, and nobody else makes the same millisecond
        of the same project, or the same random digits.
        """
        return one_name(entity_id) in self._ids or self._around.seems_taken(entity_id)

    def _was_there(self, entity_id: str) -> bool:
        """Whether the log knows the id; the new entity then continues that history."""
        return any(one.undoes is None for one in self._around.history(entity_id).records)


def _problem(field: str, problem: str, message: str) -> dict[str, Any]:
    return {"field": field, "problem": problem, "message": message}


def _invalid(label: str, problems: list[dict[str, Any]], *, entity_id: str | None) -> InvalidChange:
    """Return all problems, each once, of an entity that is called by the label."""
    unique = list({(one["field"], one["problem"]): one for one in reversed(problems)}.values())
    unique.reverse()
    lines = [
        one["message"] if one["problem"] == "unknown_placeholder"
        else f"{field_label(one['field'])}: {one['message']}"
        for one in unique
    ]  # fmt: skip
    shown = label if label.isprintable() else repr(label)
    text = f"{shown}: {lines[0]}"
    if len(lines) > 1:
        text = f"{shown}: {len(lines)} problems\n" + "\n".join(f"  {line}" for line in lines)
    return InvalidChange(text, entity_id=entity_id, problems=unique)
