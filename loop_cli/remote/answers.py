"""What a server answers: the errors in it as those that were raised there."""

from __future__ import annotations

from loop_cli.core.conflict import Conflict, ConflictField
from loop_cli.core.entity import Entity, Revision
from loop_cli.core.records.record import AuditRecord
from loop_cli.errors import Action, ConflictError, InvalidFile, LoopError
from loop_cli.failures import (
    BadAnswer,
    NotAllowed,
    NotSignedIn,
    PartlyFailed,
    PreconditionRequired,
    Unreachable,
)
from loop_cli.remote.rebuilt import sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loop_cli.remote.client import Answer

# What HTTP adds to the object of an error.
_OF_HTTP = (
    "success", "status", "message", "detail", "type", "title", "instance", "action", "error_parts",
    "hint_parts",
)  # fmt: skip

_EACH_DOOR_KNOWS = ("read_again", "rebase")  # what to do after a conflict, by what was asked


def document(answer: Answer, *, forced: bool = False) -> Any:
    """The document of an answer. Raises the error in it, `BadAnswer` for what is no answer. If the
    change was `forced`, the error says so where the server does not allow that."""
    if answer.status < 300:
        return answer.json()
    if answer.status < 400:
        where = answer.headers.get("location", "another address")
        raise BadAnswer(f"the server sends us on to {where}", hint="name that address instead")
    raise error_of(answer, forced=forced)


def error_of(answer: Answer, *, forced: bool = False) -> LoopError:
    """The error that the server raised."""
    if answer.status == 401:
        return NotSignedIn(
            "the server does not know the token, or was given none",
            hint="loop login URL keeps one; LOOP_API_TOKEN names one",
        )
    try:
        data = answer.json()
    except BadAnswer:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("error"), str):
        return _of_status(answer.status)
    if answer.status == 403 and data.get("code") == "forbidden":
        return NotAllowed(data["error"], hint=_hint(data))
    return from_dict(with_refused(data) if forced else data)


def with_refused(data: dict[str, Any]) -> dict[str, Any]:
    """What a server says of a forced change: where it wants a precondition, it allows no force."""
    parts = data.get("error_parts")
    if data.get("code") != PreconditionRequired.code or not isinstance(parts, list):
        return data
    told = [{**one, "forced": True} if isinstance(one, dict) else one for one in parts]
    return {**data, "error_parts": told}


def from_dict(data: dict[str, Any]) -> LoopError:
    """The error that an object of SPEC §7 tells of."""
    code = data.get("code")
    if code == ConflictError.code:
        action = Action.of(data.get("action"))
        own = action is not None and action.name in _EACH_DOOR_KNOWS
        told = data.get("others")
        listed = told if isinstance(told, list) else []
        others = [conflict_of(one) for one in listed if isinstance(one, dict)]
        hint = None if own else action
        met = ConflictError(conflict_of(data), hint=hint, others=tuple(others))
        if isinstance(data.get("line"), int):  # of all or none
            met.details["line"] = data["line"]
        return met
    kind = _KINDS.get(str(code), LoopError)
    taken = ("error", "code", "retryable", "hint")
    details = {key: one for key, one in data.items() if key not in (*taken, *_OF_HTTP)}
    if issubclass(kind, InvalidFile):
        reason, path = str(details.get("reason")), str(details.get("path"))
        broken = kind(path, reason, line=details.get("line"))
        broken.hint = _hint(data)
        return broken
    found = LoopError(_message(data), hint=_hint(data), **details)
    if kind not in _NOT_REBUILT:
        found.__class__ = kind
    found.code = str(code)
    found.retryable = bool(data.get("retryable", kind.retryable))
    found.exit_code = kind.exit_code
    return found


def conflict_of(data: dict[str, Any]) -> Conflict:
    """The conflict that its object tells of; of its `entity` nothing but what is in there."""
    said = _complete(data)
    fields = [conflict_field(one) for one in said["fields"]]
    now = Revision(updated_at=said["current_updated_at"] or "", etag=said["current_etag"] or "")
    entity = Entity(
        id=said["entity_id"],
        type="",
        name=None,
        path=said["path"],
        fields={one.field: one.current for one in fields},
        body="",
        raw=b"",
        revision=now,
    )
    changes = [AuditRecord(data=record_of(one), digest="") for one in said["changes"]]
    told = data.get("conditions")
    unmet = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    said |= {"fields": tuple(fields), "changes": tuple(changes), "conditions": tuple(unmet)}
    return Conflict(**said, entity=entity)


def record_of(change: dict[str, Any]) -> dict[str, Any]:
    """A change as documents tell of it, as a record."""
    data, agent = {**change}, change.get("agent")
    data.pop("agent", None)
    if isinstance(agent, str):
        data["metadata"] = {**data.get("metadata", {}), "agent": agent}
    return data


def conflict_field(one: dict[str, Any]) -> ConflictField:
    """A field of a conflict."""
    return ConflictField(
        field=str(one.get("field")),
        base=one.get("base"),
        base_known=one.get("base_known") is True,
        current=one.get("current"),
        requested=one.get("requested"),
        wanted=one.get("wanted") is not False,
        overlap=one.get("overlap") is True,
    )


def _complete(data: dict[str, Any]) -> dict[str, Any]:
    """What there is to know of a conflict. Raises `BadAnswer` where it is not."""
    texts = ("entity_id", "reason", "path")
    maybe = ("current_updated_at", "expected_updated_at", "current_etag", "expected_etag")
    said: dict[str, Any] = {key: data.get(key) for key in (*texts, *maybe, "fields", "changes")}
    good = (
        all(isinstance(said[key], str) for key in texts)
        and all(isinstance(said[key], str | None) for key in maybe)
        and all(isinstance(said[key], list) for key in ("fields", "changes"))
        and all(isinstance(one, dict) for key in ("fields", "changes") for one in said[key])
        and all(isinstance(one.get("field"), str) for one in said["fields"])
    )
    if not good:
        raise BadAnswer("the server told of a conflict in a way that is not known here")
    return said


def _hint(data: dict[str, Any]) -> str | Action | None:
    """What to do next: the action, which this door has words of its own for, or the text."""
    return Action.of(data.get("action")) or _sentence(data, "hint")


def _message(data: dict[str, Any]) -> str:
    return _sentence(data, "error") or str(data["error"])


def _sentence(data: dict[str, Any], key: str) -> str | None:
    """A text of an error, with actions in it where its parts are told."""
    text = data.get(key)
    return sentence(text, data.get(f"{key}_parts")) if isinstance(text, str) else None


def _of_status(status: int) -> LoopError:
    if status == 404:
        return BadAnswer("there is no loop server at this address (status 404)")
    if status in (502, 503, 504):
        return Unreachable(f"what stands before the server did not reach it (status {status})")
    return BadAnswer(f"the server answered with status {status} and no reason")


def _all_kinds(kind: type[LoopError]) -> list[type[LoopError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in _all_kinds(below))]


_NOT_REBUILT = (PartlyFailed,)
_KINDS = {kind.code: kind for kind in reversed(_all_kinds(LoopError))}


def landed_in(document: Any) -> list[str]:
    """The files that an answer to a write says were changed."""
    if not isinstance(document, dict) or "error" in document:
        return []
    several = [
        document[key] for key in ("moved", "removed", "relinked", "entities") if key in document
    ]
    listed = [one for some in several if isinstance(some, list) for one in some]
    if not several and (document.get("changed") or document.get("created")):
        listed = [document]
    paths = [one.get("path") if isinstance(one, dict) else one for one in listed]
    return [path for path in paths if isinstance(path, str)]
