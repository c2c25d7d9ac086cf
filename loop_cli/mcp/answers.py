"""Results and errors of tools, as data."""

from __future__ import annotations

from loop_cli.core.diff import MISSING
from loop_cli.core.names import BODY
from loop_cli.errors import ConflictError, LoopError, StorageError
from loop_cli.failures import AnswerLost
from loop_cli.lean import jsontext
from loop_cli.lean.jsontext import as_json
from loop_cli.mcp import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.core.conflict import Conflict

_LONG = 2_000  # characters of a text in a difference or a conflict
_KEPT = 200  # of which so many are shown


def with_warnings(answer: dict[str, Any], *warnings: Any) -> dict[str, Any]:
    """The answer with the warnings in it, each once, if there are any."""
    listed = dict.fromkeys(one for some in warnings for one in some)
    return {**answer, "warnings": list(listed)} if listed else answer


def text_of(answer: dict[str, Any]) -> str:
    """The answer as one line of JSON, with words for its actions."""
    return as_json(words.spelled(answer))


def plain(text: str) -> dict[str, Any]:
    """The data of such a line."""
    found: dict[str, Any] = jsontext.loads(text)
    return found


def shortened(diff: dict[str, Any]) -> dict[str, Any]:
    """A difference without long texts: what an agent wants of these it reads with `get`."""
    return {name: _short(entry) for name, entry in diff.items()}


def error(failure: Exception, *, writes: bool) -> dict[str, Any]:
    """The object of a failure (SPEC §7). Of a tool that writes it says whether anything was
    written; only a connection that broke leaves that open."""
    known = _as_loop_error(failure)
    data = known.as_dict()
    if isinstance(known, ConflictError):
        data["message"] = _told(known.conflict)
        data["hint"] = known.hint or words.after_conflict(known.conflict)
        for one in (data, *data.get("others", ())):
            one["fields"] = [_short(field) for field in one["fields"]]
    if isinstance(known, AnswerLost):
        data["may_be_written"] = writes
    elif writes:
        data["nothing_written"] = True
    return data


def _as_loop_error(failure: Exception) -> LoopError:
    if isinstance(failure, LoopError):
        return failure
    if isinstance(failure, OSError):
        return StorageError(failure.strerror or "the system refused")
    return LoopError(f"internal error: {type(failure).__name__}")


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: _short_text(value) for key, value in entry.items()}


def _short_text(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONG:
        return f"{value[:_KEPT]} … ({len(value):,} characters)"
    return value


def _told(conflict: Conflict) -> str:
    """A conflict in sentences: what changed, who did it, and that nothing was written."""
    said = [f"Nothing was written: {conflict.entity_id} {_what(conflict)}."]
    for one in conflict.fields:
        if one.overlap and one.field != BODY:
            base = in_sentence(one.base) if one.base_known else "unknown"
            now, wanted = in_sentence(one.current), in_sentence(one.requested)
            said.append(f"{one.field}: {base} when you read it, {now} now, {wanted} wanted.")
    for record in conflict.changes:
        change = record.as_change()
        names = ", ".join(change.get("modified_fields") or ()) or "it"
        when = f"through {change.get('source')} at {change.get('timestamp')}"
        said.append(f"{record.who} changed {names} {when}.")
    said += [
        f"{one['condition']} does not hold: the value is {in_sentence(one['value'])}."
        for one in conflict.conditions
    ]
    return " ".join(said)


def _what(conflict: Conflict) -> str:
    known = {
        "deleted": "was deleted since you read it",
        "condition_unmet": "does not meet your condition",
    }
    if conflict.reason in known:
        return known[conflict.reason]
    more = " by an editor, without a record" if conflict.is_outside else ""
    return f"was changed since you read it{more}"


def in_sentence(value: Any) -> str:
    """A value as a sentence has it."""
    if value is None or value is MISSING:
        return "empty"
    return str(_short_text(value)) if isinstance(value, str) else as_json(value)
