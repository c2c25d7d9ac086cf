"""The decisions about a conflict: what calls for one, and what becomes of all of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core import conflict
from loop_cli.core.changes import BodyChange, Edits, parse_changes
from loop_cli.core.choices import Choices, kind_of
from loop_cli.core.diff import MISSING
from loop_cli.core.entity import Entity, Precondition, Revision
from loop_cli.core.names import BODY
from loop_cli.lean.plain import same

VALUES = st.sampled_from(["a", "b", "c", None, 1, True, ["x"], ["x", "y"], MISSING])
FIELDS = st.dictionaries(st.sampled_from(["p", "q", "r", "s"]), VALUES)


def entity(fields: dict[str, Any], body: str = "") -> Entity:
    return Entity(
        id="x", type="Note", name=None, path="x.md", body=body, raw=b"",
        fields={name: value for name, value in fields.items() if value is not MISSING},
        revision=Revision(updated_at="2026-01-09T00:00:00.000000Z", etag="0" * 16),
    )  # fmt: skip


def conflict_of(
    base: dict[str, Any],
    now: dict[str, Any],
    mine: dict[str, Any],
    *,
    bodies: tuple[str, str, str] = ("", "", ""),
) -> conflict.Conflict:
    """The conflict of somebody who read `base` and wants `mine`, where it is `now` by now."""
    wanted = {**mine, **({BODY: bodies[2]} if bodies[2] != bodies[0] else {})}
    return conflict.build(
        entity(now, bodies[1]),
        reason="etag_changed",
        precondition=Precondition(if_match="1" * 16),
        wanted=wanted,
        history=(),
        seen=entity(base, bodies[0]),
    )


def edits_of(mine: dict[str, Any]) -> Edits:
    gone = [name for name, value in mine.items() if value is MISSING]
    there = {name: value for name, value in mine.items() if value is not MISSING}
    return Edits(changes=parse_changes((), unset=gone, fields=there, read=str))


def result(found: conflict.Conflict, edits: Edits) -> dict[str, Any]:
    """The fields after the edits, each of which sets or removes one."""
    fields = dict(found.entity.fields)
    for change in edits.changes:
        if change.operation == "unset":
            fields.pop(change.name, None)
        else:
            assert change.operation == "set"
            assert change.typed
            fields[change.name] = change.value
    return fields


def value(fields: dict[str, Any], name: str) -> Any:
    return fields.get(name, MISSING)


def equal(one: Any, other: Any) -> bool:
    return (one is MISSING and other is MISSING) or same(one, other)


@settings(deadline=None)
@given(base=FIELDS, now=FIELDS, mine=FIELDS, picks=st.lists(st.sampled_from(["theirs", "mine"])))
def test_every_field_is_what_was_chosen_and_the_others_are_as_they_are(
    base: dict[str, Any], now: dict[str, Any], mine: dict[str, Any], picks: list[Any]
) -> None:
    found = conflict_of(base, now, mine)
    choices = Choices(conflict=found)
    chosen: dict[str, Any] = {}
    for index, field in enumerate(choices.clashes):
        chosen[field.field] = picks[index % len(picks)] if picks else "theirs"
        choices = choices.take(field, chosen[field.field])
    done = result(found, choices.resolution().applied_to(edits_of(mine)))
    for name in {*base, *now, *mine}:
        side = chosen.get(name, "mine" if name in mine else "theirs")
        wanted = value(mine if side == "mine" else now, name)
        assert equal(value(done, name), wanted), name


@settings(deadline=None)
@given(base=FIELDS, now=FIELDS, mine=FIELDS)
def test_what_others_changed_goes_only_by_a_decision(
    base: dict[str, Any], now: dict[str, Any], mine: dict[str, Any]
) -> None:
    found = conflict_of(base, now, mine)
    clashes = {field.field for field in Choices(conflict=found).clashes}
    for name in {*base, *now}:
        changed = not equal(value(base, name), value(now, name))
        mine_too = name in mine and not equal(mine[name], value(now, name))
        if not (changed and mine_too):
            assert name not in clashes
        elif name not in clashes:  # then all of theirs is in mine
            assert mine[name][: len(now[name])] == now[name]


def test_undecided_there_is_no_resolution() -> None:
    choices = Choices(conflict=conflict_of({"p": "a"}, {"p": "b"}, {"p": "c"}))
    with pytest.raises(ValueError, match="undecided: p"):
        choices.resolution()


def test_a_value_of_its_own_is_set_and_one_removed() -> None:
    found = conflict_of({"p": "a", "q": "a"}, {"p": "b", "q": "b"}, {"p": "c", "q": "c"})
    choices = Choices(conflict=found)
    for field, own in zip(choices.clashes, ("d", MISSING), strict=True):
        choices = choices.take(field, "value", own)
    edits = choices.resolution().applied_to(edits_of({"p": "c", "q": "c"}))
    assert result(found, edits) == {"p": "d"}


def test_choices_are_kept_about_fields_that_have_not_moved() -> None:
    base, mine = {"p": "a", "q": "a"}, {"p": "c", "q": "c"}
    choices = Choices(conflict=conflict_of(base, {"p": "b", "q": "b"}, mine)).take_all("mine")
    again = choices.about(conflict_of(base, {"p": "b", "q": "elsewhere"}, mine))
    assert [field.field for field in again.open] == ["q"]
    assert [field.field for field in again.clashes] == ["p", "q"]


@pytest.mark.parametrize(
    ("base", "now", "mine", "kind"),
    [
        (["a"], ["a", "b"], ["a", "b", "c"], "both"),  # as += makes it
        (["a", "z"], ["a"], ["a", "z"], "clash"),  # brings back what they removed
        (["a"], ["a", "b"], ["a", "c"], "clash"),
        ("a", "b", "b", "same"),
        ("a", "a", "b", "free"),
        ("1\n2\n3\n", "one\n2\n3\n", "1\n2\nthree\n", "merged"),
        ("1\n2\n", "one\n2\n", "eins\n2\n", "clash"),
        ("1\n", "1\n2\n", "1\n2\n3\n", "both"),
        ("1\n2\n", "1\n", "1\n2\n", "clash"),
        (MISSING, "b", "c", "clash"),
    ],
)
def test_what_a_change_means_for_a_field(base: Any, now: Any, mine: Any, kind: str) -> None:
    found = conflict_of({"p": base}, {"p": now}, {"p": mine})
    (field,) = [field for field in found.fields if field.field == "p"]
    assert kind_of(field) == kind


def test_an_appended_body_goes_on_top_and_a_replaced_one_is_merged() -> None:
    appended = conflict_of({}, {}, {}, bodies=("a\n", "a\ntheirs\n", "a\ntheirs\nmine\n"))
    edits = Edits(body=BodyChange(text="mine\n", append=True))
    assert Choices(conflict=appended).resolution().applied_to(edits) == edits
    replaced = conflict_of({}, {}, {}, bodies=("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"))
    done = (
        Choices(conflict=replaced).resolution().applied_to(Edits(body=BodyChange(text="a\nb\nC\n")))
    )
    assert done.body == BodyChange(text="A\nb\nC\n")


@pytest.mark.parametrize("side", ["theirs", "mine"])
def test_a_side_of_a_body_has_only_what_clashes(side: Any) -> None:
    found = conflict_of({}, {}, {}, bodies=("1\n2\n3\n", "one\n2\nT\n", "1\n2\nM\n"))
    done = Choices(conflict=found).take_all(side).resolution().applied_to(Edits())
    assert done.body == BodyChange(text=f"one\n2\n{side[0].upper()}\n")


def test_what_was_read_outside_the_log_is_known() -> None:
    found = conflict_of({"p": "a", "q": "a"}, {"p": "b", "q": "b"}, {"p": "c"})
    assert [(field.field, field.base, field.base_known) for field in found.fields] == [
        ("p", "a", True), ("q", "a", True),
    ]  # fmt: skip
