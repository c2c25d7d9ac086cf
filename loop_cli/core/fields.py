"""The kinds of values, and how a text becomes a value (SPEC §4, "The type of a field").

Kinds: `text`, `number`, `boolean`, `date` (`YYYY-MM-DD`), `time` (`HH:MM`), `list`, `mapping`, and
`any` for an unknown field.
"""

from __future__ import annotations

from loop_cli.core import timestamps
from loop_cli.core.diff import MISSING
from loop_cli.core.names import listed_items
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_INFINITE = float("inf")  # importing `math` would load one more file
# loop's own table of known fields, for schemas that list only names.
KINDS: dict[str, str] = {
    name: kind
    for kind, names in {
        "number": "estimated_hours actual_hours confidence budget progress normalized_delta "
        "attribution_share sample_size weight price revision_count",
        "date": "due start_date end_date deadline closed archived_at verdict_date decided "
        "target_end due_date completed_at",
        "time": "start_time end_time",
        "boolean": "has_exec_details immutable",
        "list": "tags aliases validates validated_by outgoing_relations conditions_3y links "
        "attachments metrics focus objectives quarters principles process_steps templates kpis "
        "experiments condition_contributes track_contributes loop_layer related_tasks signals "
        "system_updates validated_hypotheses falsified_hypotheses confirmed_insights source_refs "
        "confounders evidence_links goals components milestones",
        "mapping": "expected_impact realized_impact quarter_objectives",
        "text": "status notes summary entity_name assignee owner priority priority_flag type "
        "target_project parent_id project_id program_id hypothesis_id primary_hypothesis_id "
        "parent_hypothesis_id candidate_id hypothesis_question success_criteria failure_criteria "
        "measurement horizon evidence_status hypothesis_kind project_kind hypothesis_text "
        "pr_url merged_commit video_id cycle hypothesis if_broken unlock protocol "
        "result_summary outcome verdict window_id time_range impact_metric learning_value "
        "evidence_strength provenance measurement_quality counterfactual query_version",
    }.items()
    for name in names.split()
}

# The type of the entity that a field refers to, or "" for any type.
TARGETS = {
    "parent_id": "",
    "project_id": "Project",
    "program_id": "Program",
    "hypothesis_id": "Hypothesis",
    "primary_hypothesis_id": "Hypothesis",
    "parent_hypothesis_id": "Hypothesis",
    "candidate_id": "Candidate",
    "conditions_3y": "Condition",
    "validates": "",
    "validated_by": "",
    "experiments": "Experiment",
    "project": "Project",
    "validated_hypotheses": "Hypothesis",
    "falsified_hypotheses": "Hypothesis",
    "hiring_project": "Project",
    "pilot_project": "Project",
    "related_tasks": "Task",
    "retrospective": "Retrospective",
    "source_project": "Project",
    "source_task": "Task",
    "default_track_id": "Track",
    "default_conditions_3y": "Condition",
}

KINDS_OF_FIELDS = ("text", "number", "boolean", "date", "time", "list", "mapping")
"""What a schema may say that a field holds (`field_types`)."""
_BEGINS_AS_DATE = r"(?a)(?:\d{4}-\d\d-\d\d.*)?"
_TIME = r"(?a)(?:[01]\d|2[0-3]):[0-5]\d"
_BOOLEANS = {"true": True, "false": False}


class FieldSpec(Struct):
    """The kind of a field.

    `choices` are its enumeration, or that of its items if it is a list. `inferred` means: only the
    current value suggests the kind.
    """

    kind: str = "any"
    choices: tuple[str, ...] = ()
    inferred: bool = False


class Mismatch(Exception):
    """The value does not have the kind of its field; `allowed` says in words what is allowed."""

    def __init__(self, allowed: str, *, nearest: list[str] | None = None) -> None:
        super().__init__(allowed)
        self.allowed = allowed
        self.nearest = nearest or []


def _fits(pattern: str, text: str) -> bool:
    """Compile a pattern only if a value needs it: most fields are text."""
    import re

    return re.fullmatch(pattern, text) is not None


def kind_of(value: Any) -> str:
    """Return the kind that a value in a file suggests."""
    if value is None or value is MISSING:
        return "any"
    for types, kind in (
        (bool, "boolean"),
        ((int, float), "number"),
        (list, "list"),
        (dict, "mapping"),
    ):
        if isinstance(value, types):
            return kind
    return "text"


def _said(text: str, spec: FieldSpec, now: int) -> str:
    """The date of a day that is said. Raises `Mismatch`."""
    from loop_cli.core import said_days

    said = said_days.at(text, now)
    if said is None and not spec.inferred and not spec.choices:
        raise Mismatch(f"a date such as {said_days.EXAMPLES}")
    return said or text


def from_text(text: str, spec: FieldSpec, *, now: int | None = None) -> Any:
    """`text` as a value of the field; a day may be said, such as `fri`, for the instant `now`.
    Raises `Mismatch`."""
    if spec.kind == "date" and now is not None and not _fits(_BEGINS_AS_DATE, text):
        text = _said(text, spec, now)
    if spec.kind == "list":
        return check(listed_items(text), spec)
    if spec.kind == "number":
        from loop_cli.core import digits

        if digits.is_exact_number(text):
            return _number(text, spec)
        if digits.looks_like_number(text):
            if spec.inferred:
                return text
            raise Mismatch(f"{allowed(spec)} that comes back as it was typed; := takes it as JSON")
    if spec.kind == "boolean" and text in _BOOLEANS:
        return _BOOLEANS[text]
    if spec.kind == "mapping":
        raise Mismatch("a mapping: use := with a JSON object, or name one of its keys with a dot")
    if text == "" and (spec.kind not in ("text", "any") or spec.choices):
        raise Mismatch(f"{allowed(spec)}; to empty it use := with null")
    return check(text, spec)


def item_from_text(text: str, spec: FieldSpec, items: list[Any]) -> Any:
    """Convert a text to an item of a list that has these `items`. Raises `Mismatch`."""
    kinds = {kind_of(item) for item in items}
    if kinds == {"number"} and not spec.choices:
        try:
            return from_text(text, FieldSpec(kind="number", inferred=True))
        except Mismatch:
            pass
    return check([text], spec)[0]


def check(value: Any, spec: FieldSpec) -> Any:
    """Return `value` if it has the kind of the field. Raises `Mismatch`."""
    if value is None or spec.kind == "any":
        return value
    if spec.kind == "list":
        if not isinstance(value, list):
            raise Mismatch("a list")
        for item in value:
            _check_choice(item, spec)
        return value
    fits = _FITS[spec.kind]
    if not fits(value):
        raise Mismatch(allowed(spec))
    _check_choice(value, spec)
    return value


def allowed(spec: FieldSpec) -> str:
    """Describe the allowed values in words."""
    if spec.choices:
        what = ", ".join(spec.choices)
        return f"a list of {what}" if spec.kind == "list" else f"one of {what}"
    return _WORDS[spec.kind]


def _check_choice(value: Any, spec: FieldSpec) -> None:
    if spec.choices and value not in spec.choices:
        from loop_cli.core.names import nearest

        raise Mismatch(
            f"one of {', '.join(spec.choices)}", nearest=nearest(str(value), spec.choices, count=1)
        )


def _number(text: str, spec: FieldSpec) -> int | float:
    try:
        value = int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:  # too many digits
        raise Mismatch(allowed(spec)) from None
    if isinstance(value, float) and abs(value) == _INFINITE:
        raise Mismatch(allowed(spec))
    return value


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 10 and timestamps.parse(value) is not None


_FITS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "time": lambda value: isinstance(value, str) and _fits(_TIME, value),
    "mapping": lambda value: isinstance(value, dict),
}
_WORDS = {
    "text": "text",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-01-09",
    "time": "a time such as 10:30",
    "list": "a list",
    "mapping": "a mapping",
    "any": "any value",
}
