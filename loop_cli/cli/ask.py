"""Questions for the fields that a new entity can't be without, on stderr."""

from __future__ import annotations

import sys

from loop_cli.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def for_fields(entity_type: str, missing: list[dict[str, Any]]) -> Mapping[str, str] | None:
    """The values given for required fields; None where the input ends (Ctrl-D)."""
    output.ask(f"A new {entity_type} needs:\n")
    answers: dict[str, str] = {}
    for one in missing:
        answer = _ask(one)
        if answer is None:
            output.ask("\n")
            return None
        answers[one["field"]] = answer
    return answers


def _ask(missing: dict[str, Any]) -> str | None:
    """One answer: text, or the number of a choice; an empty one is asked for again."""
    allowed = missing.get("allowed")
    choices = [str(one) for one in allowed] if isinstance(allowed, list) else []
    for number, choice in enumerate(choices, 1):
        output.ask(f"  {number:>2}  {choice}\n")
    about = f" ({allowed})" if isinstance(allowed, str) and allowed != "text" else ""
    while True:
        output.ask(f"{missing['field']}{about}: ")
        try:
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            output.ask("\n")
            raise
        if not answer:
            return None
        answer = answer.strip()
        if choices and answer.isascii() and answer.isdigit() and answer not in choices:
            if 1 <= int(answer) <= len(choices):
                return choices[int(answer) - 1]
            output.ask(f"Answer with a number from 1 to {len(choices)}, or the value itself.\n")
        elif answer:
            return answer
