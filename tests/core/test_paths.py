"""A path means the same to the core, which tells what changes, and to `markdown`, which writes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.changes import Change
from loop_cli.core.diff import MISSING, diff_fields, undo, value_at
from loop_cli.core.entity import FieldNames
from loop_cli.core.intent import intend
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.errors import InvalidChange
from loop_cli.lean.plain import key_text, same
from loop_cli.markdown import patch
from loop_cli.markdown.patch import PatchError, Remove, Set

# Few of each, so that a path often meets a key and a value often its like.
PARTS = ["1", "1.5", "true", "null"]
KEYS: list[Any] = [*PARTS, 1, 1.0, 1.5, True, None]
SCALARS = st.sampled_from(["x", 1, 1.0, True, None, 0.0, -0.0])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4) | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
)
FIELDS = st.dictionaries(
    st.sampled_from(["a", "1"]),
    st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=4) | VALUES,
    min_size=1,
)
PATHS = st.builds(
    lambda top, below: (top, *below),
    st.sampled_from(["a", "1"]),
    st.lists(st.sampled_from(PARTS), max_size=2),
)
FREE = build({}, shipped=True)


def intended(fields: dict[str, Any], changes: list[tuple[tuple[str, ...], bool]]) -> Any:
    """What the core makes of them; None where it refuses."""
    wishes = [
        Change(path=path, operation="unset" if gone else "set", value=None, typed=True)
        for path, gone in changes
    ]
    try:
        return intend(
            fields, wishes, entity_id="w-1", entity_type="W", rules=Rules(FREE, FieldNames())
        )
    except InvalidChange:
        return None


@given(FIELDS, st.lists(st.tuples(PATHS, st.booleans()), min_size=1, max_size=3))
def test_both_change_the_same_entry(
    fields: dict[str, Any], changes: list[tuple[tuple[str, ...], bool]]
) -> None:
    wishes: list[Set | Remove] = [
        Remove(path) if gone else Set(path, None) for path, gone in changes
    ]
    try:
        written = patch.apply(fields, wishes)
    except PatchError:
        written = None

    intent = intended(fields, changes)

    assert (intent is None) == (written is None)
    if written is not None:
        assert same(intent.fields, written)
        path, gone = changes[-1]
        parent = value_at(fields, path[:-1])
        keys = parent if isinstance(parent, dict) else ()
        spelled = [key for key in keys if key_text(key) == path[-1]]
        if len(spelled) < 2:  # of 1 and '1', taking one away lets the other show
            assert value_at(intent.fields, path) is (MISSING if gone else None)


def test_a_key_is_named_once_with_the_value_it_had() -> None:
    fields = {"meta": {2024: {"a": 1}, True: "x"}}

    intent = intended(fields, [(("meta", "2024", "a"), False)])

    assert intent.diff == {
        "meta": {"old": fields["meta"], "new": {2024: {"a": None}, True: "x"}},
    }
    assert diff_fields(fields, intent.fields) == intent.diff


def test_undo_reaches_keys_that_are_no_text() -> None:
    fields = {"meta": {2024: {"a": 2}, 2025: 1}}

    undo(fields, "meta.2024.a", {"old": 1, "new": 2})
    undo(fields, "meta.2025", {"old": None, "new": 1, "added": True})

    assert fields == {"meta": {2024: {"a": 1}}}
