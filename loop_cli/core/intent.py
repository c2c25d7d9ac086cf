"""Turn a user's changes into the new state of an entity, and check it by the rules.

`intend` is pure: every store calls it under its lock, with the state that it compares. It reports
all problems at once.
"""

from __future__ import annotations

from loop_cli.core.diff import MISSING, diff_fields, value_at
from loop_cli.core.fields import (
    TARGETS,
    Mismatch,
    check,
    from_text,
    item_from_text,
)
from loop_cli.core.names import is_field_name, join_dotted, listed_items
from loop_cli.core.schema import field_rules
from loop_cli.core.schema.problem import cut, field_label
from loop_cli.core.schema.rules import Case
from loop_cli.errors import InvalidChange
from loop_cli.lean.plain import copied_at, key_in, same
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from loop_cli.core.changes import Change
    from loop_cli.core.diff import Diff
    from loop_cli.core.fields import FieldSpec
    from loop_cli.core.schema.problem import Problem
    from loop_cli.core.schema.references import Others
    from loop_cli.core.schema.rules import Rules


class Intent(Struct):
    """The state that the changes lead to.

    `wanted` maps the names of diffs to the requested values (`MISSING`: remove). `edits` are the
    values that differ, by path. `rewrites` are values to write again; in the diff their `old` and
    `new` are equal. `written` is the spelling of scalars whose values do not imply it, by path;
    items of lists are counted. `warnings` are sentences for the user.
    """

    fields: dict[str, Any]
    wanted: dict[str, Any]
    edits: tuple[tuple[tuple[str, ...], Any], ...]
    diff: Diff
    warnings: tuple[str, ...]
    rewrites: tuple[tuple[tuple[str, ...], Any], ...] = ()
    written: tuple[tuple[tuple[str | int, ...], str], ...] = ()


def untouched() -> Intent:
    """The unchanged state of a file without fields."""
    return Intent(fields={}, wanted={}, edits=(), diff={}, warnings=())


class _Refused(Exception):
    """A change that can't be carried out; `entry` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.entry: dict[str, Any] = {"problem": code, "message": message}


class _Judged(Exception):
    """A change that a rule refuses."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def intend(
    fields: Mapping[str, Any],
    changes: Iterable[Change],
    *,
    entity_id: str,
    entity_type: str,
    rules: Rules,
    others: Others | None = None,
    now: int | None = None,
) -> Intent:
    """Return what `fields` become.

    `others` are the entities that it may refer to. Rules for dates use the day of `now`. Raises
    `InvalidChange` with every problem (SPEC §4).
    """
    changes, spellings = _as_spelled(tuple(changes), fields)
    said = [f"{name} is {there} in this file, which differs by case" for name, there in spellings]
    result = copied_at(fields, {change.path[0] for change in changes})
    edits: dict[tuple[str, ...], Any] = {}
    rewrites: dict[tuple[str, ...], Any] = {}
    written: dict[tuple[str | int, ...], str] = {}
    problems: list[dict[str, Any]] = []
    for change in changes:
        try:
            _refuse_unwritable(change, entity_type, fields, rules)
            if change.operation == "rewrite":
                rewrites[change.path] = value_at(fields, change.path)
                continue
            made = edits[change.path] = _apply(change, result, entity_type, rules, now)
            held = _has_number(value_at(fields, change.path))
            if held or change.written or _has_number(made):
                from loop_cli.core import digits

                written.update(digits.written(change, made))
                said += digits.kept_as_text(change, made) if held else []
        except _Refused as refused:
            problems.append({**_asked(change), **refused.entry})
        except _Judged as judged:
            problems.append({**judged.problem.as_dict(), **_asked(change)})
    asked = [one.path[0] for one in changes if not (one.implied or one.restored)]
    unknown = [one for one in spellings if not rules.has_field(entity_type, one[1])]
    case = _case(result, entity_type, entity_id, fields, asked, dict(unknown))
    problems += _problems_of(case, rules, others, {one["field"] for one in problems})
    if problems:
        raise InvalidChange(_summary(entity_id, problems), entity_id=entity_id, problems=problems)
    said += field_rules.new_fields(case, rules) if rules.schema.is_open else ()
    said += _meet_conditions(case, rules, result, edits, now)
    return Intent(
        fields=result,
        wanted={join_dotted(path): value for path, value in edits.items()},
        edits=tuple(
            (path, value)
            for path, value in edits.items()
            if not same(value_at(fields, path), value)
        ),
        diff={**_rewritten(rewrites), **diff_fields(fields, result)},
        warnings=tuple(said),
        rewrites=tuple(rewrites.items()),
        written=tuple(written.items()),
    )


def _as_spelled(
    changes: tuple[Change, ...], fields: Mapping[str, Any]
) -> tuple[tuple[Change, ...], tuple[tuple[str, str], ...]]:
    """Call `spellings.spelled_as_there`, unless all keys are present as they are."""
    if all(key_in(fields, one.path[0]) in fields for one in changes):
        return changes, ()
    from loop_cli.core.spellings import spelled_as_there

    return spelled_as_there(changes, fields)


def _case(
    result: Mapping[str, Any],
    entity_type: str,
    entity_id: str,
    fields: Mapping[str, Any],
    asked: list[str],
    spellings: dict[str, str],
) -> Case:
    """Build the case for the rules; a key that differs only by case is the schema's field.

    `spellings` are the names that were asked for, with the keys of the file where these are none of
    the schema.
    """
    if not spellings:
        return Case(result, entity_type, entity_id, before=fields, given=frozenset(asked))
    names = {there: name for name, there in spellings.items()}
    after = {names.get(key, key): value for key, value in result.items()}
    before = {names.get(key, key): value for key, value in fields.items()}
    given = frozenset(names.get(one, one) for one in asked)
    return Case(after, entity_type, entity_id, before=before, given=given)


def _has_number(value: Any) -> bool:
    """Whether a value, or an item of a list, is a number."""
    items = value if isinstance(value, list) else (value,)
    return any(isinstance(one, int | float) and not isinstance(one, bool) for one in items)


def _asked(change: Change) -> dict[str, Any]:
    """Return the field and the requested value of a change, for problems."""
    if change.operation == "unset":
        return {"field": change.name}
    return {"field": change.name, "value": cut(change.value)}


def _problems_of(
    case: Case, rules: Rules, others: Others | None, known: set[str]
) -> list[dict[str, Any]]:
    """Return the rules' problems with the new state, without fields that are in `known`."""
    found = [*field_rules.problems(case, rules)]
    if others is not None and any(map(_may_refer, case.given or ())):
        from loop_cli.core.schema.references import problems

        found += problems(case, rules, others)
    return [one.as_dict() for one in found if one.field not in known]


def _may_refer(field: str) -> bool:
    return field in TARGETS or field.endswith(("_id", "_ids", "_contributes", "_relations"))


def _meet_conditions(
    case: Case,
    rules: Rules,
    result: dict[str, Any],
    edits: dict[tuple[str, ...], Any],
    now: int | None,
) -> tuple[str, ...]:
    """Set dates that the changes require to today, unless the user asked for another value.

    Returns what was set, and the conditions that are still not fulfilled, as sentences.
    """
    unmet = rules.unmet(case)
    if not unmet:
        return ()
    due = {} if now is None else rules.dates_due(case, now)
    said = []
    for rule in unmet:
        if rule.field not in due or (rule.field,) in edits:
            said.append(f"{rule.field} is required when {rule.when}")
            continue
        today = result[rule.field] = edits[rule.field,] = due[rule.field]
        said.append(f"{rule.field} was set to {today}: it is required when {rule.when}")
    return tuple(said)


def _rewritten(rewrites: Mapping[tuple[str, ...], Any]) -> Diff:
    return {join_dotted(path): {"old": value, "new": value} for path, value in rewrites.items()}


def _summary(entity_id: str, problems: list[dict[str, Any]]) -> str:
    lines = [f"{field_label(problem['field'])}: {problem['message']}" for problem in problems]
    if len(lines) == 1:
        return f"{entity_id}: {lines[0]}"
    return f"{entity_id}: {len(lines)} problems\n" + "\n".join(f"  {line}" for line in lines)


def _refuse_new_name(change: Change, fields: Mapping[str, Any]) -> None:
    """A new field must have a name of one line. One that is there already can be changed and
    removed, whatever its name is."""
    if change.operation == "unset" or change.restored:
        return
    for depth, key in enumerate(change.path, start=1):
        if not is_field_name(key) and value_at(fields, change.path[:depth]) is MISSING:
            raise _Refused("name", f"{key!r} can't be the name of a field, which is one line")


def _refuse_unwritable(
    change: Change, entity_type: str, fields: Mapping[str, Any], rules: Rules
) -> None:
    _refuse_new_name(change, fields)
    name = _known_name(change.path[0], entity_type, rules)
    problem = rules.unwritable(name, entity_type, fields)
    if problem is None:
        return
    free = change.implied or change.restored
    if free and change.path[0] not in rules.names.read_only():
        problem = None if change.restored else rules.no_field(name, entity_type, fields)
    if problem is not None:
        raise _Judged(problem)


def _known_name(name: str, entity_type: str, rules: Rules) -> str:
    """Return the schema's spelling of a field that the file spells in another case."""
    if rules.has_field(entity_type, name):
        return name
    from loop_cli.core.spellings import by_case

    return by_case(name, dict.fromkeys(rules.known(entity_type)))


def _apply(
    change: Change, fields: dict[str, Any], entity_type: str, rules: Rules, now: int | None
) -> Any:
    if change.operation == "unset":
        _remove(fields, change.path)
        return MISSING
    current = value_at(fields, change.path)
    try:
        value = _value(change, current, fields, entity_type, rules, now)
    except Mismatch as mismatch:
        raise _Judged(_mismatch(change, mismatch, fields, entity_type, rules)) from None
    _refuse_unwritable_text(value)
    if value is not MISSING:
        _put(fields, change.path, value)
    return value


def _no_texts(items: list[Any]) -> str:
    """Why no text is added to a list of lists or mappings."""
    for one in items:
        if isinstance(one, list) and len(one) == 1 and isinstance(one[0], str | list):
            return "[[...]] without quotes is a list in a list: replace it with :=, links in quotes"
    return "its items are no texts: replace the list with :="


def _value(
    change: Change,
    current: Any,
    fields: dict[str, Any],
    entity_type: str,
    rules: Rules,
    now: int | None,
) -> Any:
    if change.restored or _is_judged(change, entity_type, rules):
        return change.value
    spec = _spec(change.path, fields, entity_type, rules)
    if change.operation == "set":
        if change.typed:
            return check(change.value, spec)
        if spec.kind == "any" and rules.schema.is_open:
            spec = field_rules.new_spec(change, spec, entity_type, rules)
        return from_text(change.value, spec, now=now)
    if isinstance(current, list):
        items = current
    elif current in (None, MISSING, "") and spec.kind in ("list", "any"):
        items = []
    elif spec.kind == "list" and not isinstance(current, dict):
        items = _one_as_list(change.path[-1], current)
    else:
        raise _Refused("not_a_list", "+= and -= are for lists; this is not one")
    made = _with_items(change, items, spec)
    return current if len(made) == len(items) else made


def _with_items(change: Change, items: list[Any], spec: FieldSpec) -> list[Any]:
    """Return the items of a list after `+=` or `-=`."""
    if change.operation == "add" and any(isinstance(one, dict | list) for one in items):
        raise _Refused("wrong_type", _no_texts(items))
    made = list(items)
    for text in _items_of(change, items):
        if change.operation == "add":
            item = item_from_text(text, spec, items)
            made += [] if _holds(made, item) else [item]
        else:
            made = [one for one in made if not _holds([one], text)]
    return made


def _items_of(change: Change, items: list[Any]) -> list[Any]:
    """Return the items that are named: the parts between commas, as for a whole list. What is an
    item as it stands is that one; JSON names one item."""
    text = change.value
    if change.typed or not isinstance(text, str) or "," not in text or _holds(items, text):
        return [text]
    return listed_items(text) or [text]


def _holds(items: list[Any], item: Any) -> bool:
    from loop_cli.core.digits import says_same

    return any(says_same(one, item) for one in items)


def _one_as_list(field: str, value: Any) -> list[Any]:
    """Turn a single value into a list; a text of tags is split at commas."""
    if field.casefold() == "tags" and isinstance(value, str):
        return [part for part in map(str.strip, value.split(",")) if part]
    return [value]


def _spec(path: tuple[str, ...], fields: dict[str, Any], kind: str, rules: Rules) -> FieldSpec:
    """Return the kind of a field, in whatever case the file spells it."""
    known = (_known_name(path[0], kind, rules), *path[1:])
    return rules.schema.spec(kind, known if len(path) == 1 else path, fields)


def _is_judged(change: Change, entity_type: str, rules: Rules) -> bool:
    """Whether the rules decide if the value fits; they know which values were wrong before."""
    if not change.typed or change.implied or change.operation != "set" or len(change.path) > 1:
        return False
    schema = rules.schema
    known = schema.knows_type(entity_type) and rules.has_field(entity_type, change.path[0])
    return known and schema.spec(entity_type, change.path, {}).kind != "any"


def _mismatch(
    change: Change, mismatch: Mismatch, fields: dict[str, Any], entity_type: str, rules: Rules
) -> Problem:
    spec = rules.schema.spec(entity_type, change.path, fields)
    if spec.choices and not (change.typed and change.operation == "set"):
        spec = spec.replace(kind="text")  # it is an item that is not allowed
    field = change.path[0]
    problem = field_rules.wrong_value(field, change.value, spec, mismatch, entity_type, rules)
    if change.value == "" and not change.typed:
        way_out = f"'' is not {mismatch.allowed} ('{change.name}:=null')"
        return problem.replace(message=way_out, nearest=())
    return problem


def _refuse_unwritable_text(value: Any) -> None:
    for text in _texts(value):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Refused("not_text", "holds bytes or surrogates that are not UTF-8") from None


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)


def _put(fields: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    target = fields
    for depth, part in enumerate(path[:-1], start=1):
        key = key_in(target, part)
        inner = target.get(key)
        if inner is None:
            inner = target[key] = {}
        _refuse_index(inner, path, depth)
        target = inner
    target[key_in(target, path[-1])] = value


def _remove(fields: dict[str, Any], path: tuple[str, ...]) -> None:
    target: Any = fields
    for depth, part in enumerate(path[:-1], start=1):
        target = target.get(key_in(target, part))
        if target is None:
            return
        _refuse_index(target, path, depth)
    target.pop(key_in(target, path[-1]), None)


def _refuse_index(inner: Any, path: tuple[str, ...], depth: int) -> None:
    if isinstance(inner, dict):
        return
    outer = join_dotted(path[:depth])
    if isinstance(inner, list):
        raise _Refused("not_a_mapping", f"{outer} is a list: change it whole, or with += and -=")
    raise _Refused("not_a_mapping", f"{outer} is not a mapping, so it has no {path[depth]!r}")
