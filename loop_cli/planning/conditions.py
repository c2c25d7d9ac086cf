"""Conditions of a write (`--if`, SPEC §3): does the entity, as it is under the lock, meet them?"""

from __future__ import annotations

from loop_cli.core import comparable, conflict, name_field
from loop_cli.core.diff import MISSING
from loop_cli.core.entity import OWN
from loop_cli.core.names import join_dotted, overlap
from loop_cli.core.query import no_field, value_of
from loop_cli.lean.plain import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from loop_cli.core.commits import Delete, EntityChange, Mend
    from loop_cli.core.conflict import Conflict
    from loop_cli.core.entity import Precondition
    from loop_cli.core.query import Condition
    from loop_cli.core.records.record import AuditRecord
    from loop_cli.core.schema.rules import Rules
    from loop_cli.planning.snapshot import Snapshot


def refuse_unknown(
    snapshot: Snapshot,
    change: EntityChange | Delete | Mend,
    rules: Rules,
    is_anywhere: Callable[[str], bool],
) -> None:
    """Raise `UsageError` for a condition on a field that no type and no entity has, as a list does.

    A field that the change itself writes is known. `is_anywhere` tells whether an entity has a
    field; it is asked only where neither this entity nor the schema knows it.
    """
    for one in change.precondition.conditions:
        name = one.path[0]
        if name in snapshot.entity.fields or name in _written(change):
            continue
        types = dict.fromkeys((*rules.schema.types, snapshot.entity.type))
        listed = [field for type_ in types for field in rules.schema.known_fields(type_)]
        known = dict.fromkeys((*listed, *OWN, *rules.names.read_only()))
        if name not in known and not is_anywhere(name):
            raise no_field(name, (*known, *snapshot.entity.fields), given=f"--if {one.given!r}: ")


def with_names(given: Precondition, rules: Rules) -> Precondition:
    """The precondition, with conditions on the field that has the names instead of
    `entity_name`."""
    meant = name_field.in_conditions(given.conditions, rules.names, rules.schema)
    return given.replace(conditions=meant)


def _written(change: EntityChange | Delete | Mend) -> set[str]:
    """The fields that a change writes."""
    edits = getattr(change, "edits", None)
    return set() if edits is None else {one.path[0] for one in edits.changes}


def unmet(snapshot: Snapshot, conditions: Sequence[Condition], rules: Rules) -> list[Condition]:
    """Return the conditions that the entity does not meet. Raises `UsageError` for a condition that
    compares a field with something that is not a value of its kind."""
    for one in conditions:
        comparable.check(
            one,
            schema=rules.schema,
            names=rules.names,
            types=(snapshot.entity.type,),
            option="--if",
        )
    return [one for one in conditions if not one.admits(_value(snapshot, one))]


def build(
    snapshot: Snapshot,
    failed: Sequence[Condition],
    *,
    precondition: Precondition,
    wanted: Mapping[str, Any],
    updated: str | None,
) -> Conflict:
    """The conflict of conditions that are not met: each with the value now, and the record that
    left this value, if one did; else whether the file was edited outside since the last record.
    `changes` are these records, oldest first."""
    records = [*snapshot.history.records]
    told: list[dict[str, Any]] = []
    by: list[AuditRecord] = []
    for one in failed:
        record = _left_by(snapshot, one, records)
        by += [] if record is None or record in by else [record]
        change = {} if record is None else record.as_change()
        value = _value(snapshot, one)
        told.append(
            {
                "condition": one.given,
                "field": join_dotted(one.path),
                "value": None if value is MISSING else value,
                "changed_by": change.get("actor"),
                "changed_at": change.get("timestamp"),
                "edited_outside": record is None and snapshot.edited_outside,
            }
        )
    found = conflict.build(
        snapshot.entity,
        reason="condition_unmet",
        precondition=precondition,
        wanted=wanted,
        history=records,
        updated=updated,
    )
    in_order = tuple(record for record in reversed(records) if record in by)
    return found.replace(conditions=tuple(told), changes=in_order)


def _value(snapshot: Snapshot, one: Condition) -> Any:
    entity, revision = snapshot.entity, snapshot.entity.revision
    values = (entity.id, entity.type, entity.path, revision.updated_at, revision.etag)
    return value_of(one.path, entity.fields, dict(zip(OWN, values, strict=True)))


def _left_by(
    snapshot: Snapshot, one: Condition, newest_first: Sequence[AuditRecord]
) -> AuditRecord | None:
    """The newest record of the field, if what it left is what is there now. None also for a field
    that no record names: it is as it was at first, or was edited outside."""
    name, value = join_dotted(one.path), _value(snapshot, one)
    for record in newest_first:
        entry = record.diff.get(name)
        if entry is not None:
            left = MISSING if entry.get("removed") else entry.get("new", MISSING)
            return record if same(left, value) else None
        if any(overlap(name, other) for other in record.modified_fields or ()):
            return record
    return None
