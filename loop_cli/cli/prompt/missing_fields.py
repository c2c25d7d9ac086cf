"""Ask for the missing fields of a new entity, on stderr."""

from __future__ import annotations

from loop_cli.cli import output
from loop_cli.cli.prompt import keys
from loop_cli.failures import Interrupted

_SHOWN = 30  # most choices shown; other ids are accepted too

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def ask(entity_type: str, missing: list[dict[str, Any]]) -> Mapping[str, str]:
    """Return the values for required fields and for wrong ones. Raises `Interrupted` if the input
    ends (Ctrl-D)."""
    if any(one["problem"] == "required" for one in missing):
        output.ask(f"A new {entity_type} needs (Ctrl-D gives up):\n")
    answers: dict[str, str] = {}
    for one in missing:
        answer = _ask(one)
        if answer is None:
            raise Interrupted("nothing was created")
        answers[one["field"]] = answer
    return answers


def _ask(missing: dict[str, Any]) -> str | None:
    """Return one answer: a text, or numbers of choices; an empty answer is asked again."""
    if missing["problem"] != "required":
        output.ask(f"{missing['field']}: {missing['message']}\n")
    allowed = missing.get("allowed")
    choices = [str(one) for one in allowed] if isinstance(allowed, list) else []
    for number, choice in enumerate(choices[:_SHOWN], 1):
        output.ask(f"  {number:>2}  {choice}\n")
    if len(choices) > _SHOWN:
        output.ask(f"      and {len(choices) - _SHOWN} more\n")
    about = f" ({allowed})" if isinstance(allowed, str) and allowed != "text" else ""
    while True:
        output.ask(f"{missing['field']}{about}: ")
        try:
            answer = keys.read_line()
        except keys.Unusable as error:
            output.ask(f"{error} The command takes it, too: {missing['field']}=VALUE\n")
            continue
        if answer is None:
            return None
        chosen = _chosen(answer.strip(), choices)
        if chosen:
            return chosen
        if chosen is None:
            numbers = "1" if len(choices) == 1 else f"a number from 1 to {len(choices)}"
            output.ask(f"Answer with {numbers}, or the value itself.\n")


def _chosen(answer: str, choices: list[str]) -> str | None:
    """Replace numbers in the answer by the choices; None if there are no such choices."""
    parts = [part.strip() for part in answer.split(",")]
    are_numbers = all(part.isascii() and part.isdigit() for part in parts)
    if not choices or answer in choices or not are_numbers:
        return answer
    numbers = [int(part) for part in parts]
    if not all(1 <= number <= len(choices) for number in numbers):
        return None
    return ",".join(choices[number - 1] for number in numbers)
