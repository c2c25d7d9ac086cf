"""Ask for missing values of a new entity, and use the answers."""

from __future__ import annotations

from loop_cli.core.fields import TARGETS
from loop_cli.errors import InvalidChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.schema.rules import Rules

    Problem = dict[str, Any]

    Ask = Callable[[str, list[Problem]], Mapping[str, str] | None]
    IdsOf = Callable[[str], list[str]]
    Attempt = Callable[[Mapping[str, str]], object]

_ROUNDS = 9  # rounds of questions: an answer may be wrong, or require another field
_JSON = 'JSON, such as {"key": "text"}'


def answers(
    entity_type: str, attempt: Attempt, ask: Ask, *, rules: Rules, ids_of: IdsOf
) -> Mapping[str, str]:
    """Ask for the missing fields until `attempt` succeeds; return the answers. `ids_of` lists the
    entities of a type.

    Wrong answers are asked again. Raises the `InvalidChange` of the last attempt if there are other
    problems, or if nobody answers any more.
    """
    given: dict[str, str] = {}
    for _round in range(_ROUNDS):
        try:
            attempt(given)
            break
        except InvalidChange as error:
            questions = _questions(error.details["problems"], given)
            first = rules.names.name
            if questions is None:
                raise
            questions.sort(key=lambda one: one["field"] != first)
            more = ask(
                entity_type, [_with_choices(one, entity_type, rules, ids_of) for one in questions]
            )
            if more is None:
                raise
            given |= more
    return given


def as_change(field: str, answer: str, kind: str) -> Change:
    """Turn an answer into a change for a field of this kind: as text, or as JSON for other
    kinds."""
    import json

    from loop_cli.core.changes import Change

    if kind in ("mapping", "list", "any") and answer.startswith(("{", "[")):
        try:
            return Change(path=(field,), operation="set", value=json.loads(answer), typed=True)
        except ValueError:  # then it stays a text
            pass
    return Change(path=(field,), operation="set", value=answer)


def _questions(problems: list[Problem], given: Mapping[str, str]) -> list[Problem] | None:
    """Return the questions about the problems, each field once; None if answers can't solve
    them."""
    wrong = [one.get("value") for one in problems if one["field"] in given]
    found: dict[str, Problem] = {}
    for one in problems:
        if one["problem"] == "required" or one["field"] in given:
            found.setdefault(one["field"], one)
        elif one.get("value") is None or one["value"] not in wrong:  # caused by a wrong answer
            return None
    return list(found.values())


def _with_choices(one: Problem, entity_type: str, rules: Rules, ids_of: IdsOf) -> Problem:
    """Add to a problem the ids that a person can choose for a reference."""
    field = one["field"]
    schema = rules.schema
    wanted = schema.parents.get(entity_type) if field == "parent_id" else TARGETS.get(field)
    if wanted:
        ids = ids_of(wanted)
        return {**one, "allowed": ids or one.get("allowed")}
    if schema.spec(entity_type, (field,), {}).kind == "mapping":
        return {**one, "allowed": _JSON}
    return one
