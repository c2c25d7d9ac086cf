"""What programs that were written for the older API send, and no field of this vault takes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

# The keys of the older API's bodies that not every schema lets anybody write.
_KEYS = frozenset((
    "attachments", "auto_validate", "autofill_expected_impact", "closed_inferred", "conditions_3y",
    "expected_impact", "hypothesis_text", "links", "llm_provider", "merged_commit", "pr_url",
    "primary_hypothesis_id", "priority_flag", "program_id", "project_ids", "validates",
))  # fmt: skip


def without_same(
    fields: Mapping[str, Any],
    shown: Mapping[str, Any],
    writable: Collection[str] | None,
    own: Collection[str],
) -> dict[str, Any]:
    """The fields of a body without those that nobody may write and that are as a GET shows them:
    a program may send back all that it has read. `writable` is None where any may be written; `own`
    are the fields of identity and time."""
    locked = {name for name in fields if name in own or (writable and name not in writable)}
    same = {name for name in locked if name in shown and shown[name] == fields[name]}
    return {name: value for name, value in fields.items() if name not in same}


def without_unknown(given: Mapping[str, Any], writable: Collection[str] | None) -> dict[str, Any]:
    """The fields of a body that say something: no null, none of the older API's that can't be
    written here, none that only an answer has. `writable` is None where any can."""
    return {
        name: value
        for name, value in given.items()
        if value is not None
        and not name.startswith("_")
        and (writable is None or name in writable or name not in _KEYS)
    }
