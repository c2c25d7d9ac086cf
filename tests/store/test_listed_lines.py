"""A list prints lines that the index keeps, and sees by signs in them what is asked for: the same,
byte for byte, as when every entity is taken apart, compared and put into JSON."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import Precondition
from loop_cli.core.listed import list_entity
from loop_cli.core.query import Query, parse_condition, parse_sort
from loop_cli.errors import UsageError, only
from loop_cli.lean.jsontext import as_json
from loop_cli.operations.selection import Selection
from tests.store.folder import Folder

KEYS = ("status", "due", "상태", 'a"status', "path", "fields", "etag", "{", "note")
TEXTS = (
    "todo", "doing", "To do", "", "5", "true", "today", "2026-01-09", "개발팀", "개발팀",
    '", "status": "todo"', '{"status": "todo"', "x, \\", "{", "\x1b[31m", "\x7f\x9b", "a\u2028b",
    "👩‍💻", "null",
)  # fmt: skip
TEXT = st.one_of(st.sampled_from(TEXTS), st.text(max_size=6))
SCALARS = st.one_of(
    TEXT, TEXT, st.none(), st.booleans(), st.integers(-9, 99), st.floats(allow_nan=False, width=16)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)
CONDITIONS = st.one_of(
    st.builds(
        lambda key, sign, texts: f"{key}{sign}{','.join(texts)}",
        st.sampled_from(("status", "due", "상태", "note", "path", "status.due")),
        st.sampled_from(("=", "=", "=", "!=", "~")),
        st.lists(st.sampled_from([one for one in TEXTS if "," not in one]), min_size=1, max_size=3),
    ),
    st.sampled_from(("has:status", "missing:due", "due<2026-02-01", "note>=5")),
).filter(lambda text: "==" not in text)


def taken_apart(store: Any, query: Query) -> list[bytes]:
    """The lines of a list, by what each entity is when it is found, and what `admits` says."""
    lines = []
    for one in store.scan():
        listed = list_entity(store.find(one.id, path=one.path))
        if query.admits(json.loads(listed.fields), listed.own):
            own = as_json(listed.own)
            text = f'{own[:-1]}, "fields": {listed.fields}}}'
            spelled = re.sub(
                "[\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda sign: f"\\u{ord(sign[0]):04x}", text
            )
            lines.append(spelled.encode())
    return lines


def entity(entity_id: str, fields: dict[str, Any], *, first: bool) -> bytes:
    """A file whose fields come before the id or after it."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fields.items()]
    own = [f"entity_id: {entity_id}", "entity_type: Task"]
    found = [*lines, *own] if first else [*own, *lines]
    return "\n".join(["---", *found, "---", ""]).encode()


TODO = [["status=todo"], ["status=x,todo", "has:note"]]


@example([("t-1", {"note": {"x": 1, "status": "todo"}}, False)], TODO, False)
@example([("t-1", {"note": [{"x": 1, "status": "todo"}], "status": "x"}, False)], TODO, True)
@example([("t-1", {"note": ', "status": "todo"', "status": ["todo"]}, False)], TODO, True)
@example([("t-1", {"status": "todo", "note": "{"}, True), ("t-1", {}, False)], TODO, True)
@example([("t-1", {'x, "status': "todo", "note": "todo"}, False)], TODO, False)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    entities=st.lists(
        st.tuples(st.sampled_from(("t-1", "t-2", "t-3", "가")), FIELDS, st.booleans()),
        min_size=1,
        max_size=5,
    ),
    queries=st.lists(st.lists(CONDITIONS, max_size=2), min_size=1, max_size=6),
    changed=st.booleans(),
)
def test_lines_are_as_when_every_entity_is_taken_apart(
    entities: list[tuple[str, dict[str, Any], bool]], queries: list[list[str]], changed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Folder(Path(folder))
        for number, (entity_id, fields, first) in enumerate(entities):
            path = f"{number % 2}/{number} {{.md"
            vault.put(path, entity(entity_id, fields, first=first))
        if changed:
            _change(vault, "t-1")
        store, fresh = vault.store(), vault.store(kept=False)
        for conditions in queries:
            parsed = tuple(parse_condition(one, today=0) for one in conditions)
            query = Query(conditions=parsed)
            expected = taken_apart(fresh, query)
            try:
                found = [one.listed.json for one in Selection(store, query)]
            except UsageError:  # no entity has the field, or it is of another kind
                continue
            assert found == expected
            in_order = query.replace(sort=parse_sort("path"))
            assert sorted(one.listed.json for one in Selection(store, in_order)) == sorted(expected)


def _change(vault: Folder, entity_id: str) -> None:
    """Change the entity by loop itself, where it can be, so that it has a record."""
    from loop_cli.core.records.record import Origin
    from loop_cli.errors import LoopError

    edits = Edits(changes=parse_changes(["status=doing"], read=str))
    change = EntityChange(entity_id=entity_id, edits=edits, precondition=Precondition(forced=True))
    origin = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:x")
    outcome = vault.store().commit([change], origin=origin)[0]
    if not isinstance(outcome, LoopError):
        only([outcome])
