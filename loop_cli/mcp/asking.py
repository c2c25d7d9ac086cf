"""A conflict as a question to the person whom an agent works for.

The question shows the three states. An answer leads to a change with the revision that it showed
as precondition: what changes after the question is a conflict again.
"""

from __future__ import annotations

from loop_cli.core.conflict import Resolution
from loop_cli.core.entity import precondition_of
from loop_cli.core.names import BODY
from loop_cli.errors import UsageError
from loop_cli.lean import jsontext
from loop_cli.lean.records import Struct
from loop_cli.mcp.answers import in_sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.commits import EntityChange
    from loop_cli.core.conflict import Conflict

APPLY, KEEP, LEAVE = "apply", "keep", "leave"
_WORDS = {
    APPLY: "write the agent's values over the values now",
    KEEP: "keep the values now where both changed a field, and write the rest",
    LEAVE: "write nothing",
}


class Decision(Struct):
    """What a person decided, when the entity had `etag`. `theirs` are the fields that keep the
    value that they have now."""

    etag: str
    theirs: tuple[str, ...]

    def applied_to(self, change: EntityChange) -> EntityChange:
        """The change as it was decided. The conditions of the caller hold on."""
        edits = Resolution(apply=True, theirs=self.theirs).applied_to(change.edits)
        seen = precondition_of(None, self.etag).replace(conditions=change.precondition.conditions)
        return change.replace(edits=edits, precondition=seen)


def can_be_asked(conflict: Conflict) -> bool:
    """Whether a person could decide anything."""
    return not conflict.is_settled and conflict.current_etag is not None


def choices(conflict: Conflict) -> tuple[str, ...]:
    """What a person may answer."""
    wanted = [one for one in conflict.fields if one.wanted]
    if any(not one.overlap for one in wanted) and any(one.overlap for one in wanted):
        return APPLY, KEEP, LEAVE
    return APPLY, LEAVE


def question(conflict: Conflict) -> tuple[str, dict[str, Any]]:
    """The words of the question, and the form of the answer."""
    lines = [f"{conflict.entity_id} was changed since the agent read it."]
    for record in conflict.changes:
        said = record.as_change()
        names = ", ".join(said.get("modified_fields") or ())
        lines.append(f"- {record.who} through {said.get('source')}: {names}")
    if not conflict.changes:
        lines.append("- edited outside, without a record")
    lines.append("Each field: when read | now | what the agent wants")
    lines += [_row(one) for one in conflict.fields]
    offered = choices(conflict)
    lines += [f"{name}: {_WORDS[name]}" for name in offered]
    answer = {
        "type": "string",
        "title": "What should be written?",
        "enum": list(offered),
        "default": LEAVE,
    }
    form = {"type": "object", "properties": {"decision": answer}, "required": ["decision"]}
    return "\n".join(lines), form


def _row(one: Any) -> str:
    base = in_sentence(one.base) if one.base_known else "unknown"
    if one.field == BODY:
        base, now, wanted = (_size(text) for text in (one.base, one.current, one.requested))
    else:
        now, wanted = in_sentence(one.current), in_sentence(one.requested)
    mark = "! " if one.overlap else "  "
    return f"{mark}{one.field}: {base} | {now} | {wanted if one.wanted else 'as it is'}"


def _size(text: Any) -> str:
    return f"{len(text):,} characters" if isinstance(text, str) else "unknown"


def state(conflict: Conflict) -> str:
    """What is needed of a conflict once the answer is there; a client may have to keep it until
    then. It names a revision, as the agent itself may, so nothing is gained by forging it."""
    overlaps = [one.field for one in conflict.fields if one.overlap]
    known = {"etag": conflict.current_etag, "overlaps": overlaps, "choices": choices(conflict)}
    return str(jsontext.dumps(known))


def decision(text: str | None, content: Any) -> Decision | None:
    """What the person decided about the conflict with this `state`; None to leave the entity as it
    is. Raises `UsageError` for a state that is none."""
    try:
        known = jsontext.loads(text or "")
        etag, overlaps, offered = (known[key] for key in ("etag", "overlaps", "choices"))
        precondition_of(None, etag)
        good = all(isinstance(one, str) for one in (*overlaps, *offered))
    except (ValueError, TypeError, KeyError, RecursionError):
        good = False
    if not good:
        raise UsageError("the answer does not belong to a question that was asked here")
    chosen = content.get("decision") if isinstance(content, dict) else None
    if chosen not in (APPLY, KEEP) or chosen not in offered:
        return None
    return Decision(etag=etag, theirs=tuple(overlaps) if chosen == KEEP else ())
