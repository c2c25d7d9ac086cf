"""Every file of a real vault through the vault store: each entity survives each kind of edit.

After an edit all lines but those of the changed field and of `updated` are the same, and
python-frontmatter, the second reader, finds the change and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import frontmatter
import pytest

from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.fields import TARGETS
from loop_cli.errors import InvalidFile, LoopError
from loop_cli.failures import AmbiguousId
from loop_cli.lean.plain import same
from loop_cli.markdown.dialects import is_same_time
from loop_cli.planning import snapshot
from loop_cli.planning.snapshot import Parsed
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.records.record import Origin
    from tests.conftest import Clock

pytestmark = pytest.mark.corpus

Wish = Change | BodyChange | None

NAMES = FieldNames()
SHARED_ID = "hyp-4-11"
TEXT = "첫 줄: a # b\n\n  - 들여 쓴 줄 'x' \"y\"\n\ttab\\n\n끝"
TOP_LEVEL = re.compile(r"[^\s#-]")


@pytest.fixture
def vault(corpus: Path, clock: Clock) -> VaultStore:
    """The vault store on a copy of the corpus."""
    return VaultStore(str(corpus), names=NAMES, clock=clock)


def visible(vault: VaultStore) -> dict[str, Parsed]:
    """The entities where the schema's `paths` say they are, by path."""
    found = {}
    for path in sorted(vault.locator().paths()):
        try:
            found[path] = vault.locator().read(path).parsed
        except InvalidFile:
            continue
    return found


def test_what_the_corpus_holds(corpus: Path) -> None:
    files = [path for path in corpus.rglob("*") if path.is_file()]
    reasons: Counter[str] = Counter()
    for path in files:
        if path.suffix == ".md":
            name = path.relative_to(corpus).as_posix()
            try:
                snapshot.parse(path.read_bytes(), name, NAMES)
                reasons["entity"] += 1
            except InvalidFile as error:
                assert error.details["path"] == name
                assert error.details["line"] >= 1
                reasons[error.details["reason"]] += 1

    assert len(files) == 384
    assert reasons == {
        "entity": 355,
        "no frontmatter": 16,
        "broken YAML: a mapping or list is used as a key; is this a template?": 9,
        "broken YAML: unknown escape after a backslash in double quotes": 2,
        "is not an entity: it has no entity_id": 1,
    }


def test_what_the_schema_shows_of_it(vault: VaultStore) -> None:
    entities = visible(vault)
    types = Counter(parsed.type for parsed in entities.values())

    assert len(list(vault.locator().paths())) == 372
    assert len(entities) == 355
    assert (types["Task"], types["Hypothesis"], types["Project"]) == (267, 32, 16)
    assert [path for path, parsed in entities.items() if parsed.warnings] == [
        "60_Hypotheses/2026/hyp-4-11_kkok_challenge_activation.md"
    ]


def test_every_entity_is_found_by_its_id_and_a_shared_one_by_its_path(vault: VaultStore) -> None:
    entities = visible(vault)
    shared = [path for path, parsed in entities.items() if parsed.id == SHARED_ID]

    for path, parsed in entities.items():
        if path not in shared:
            assert vault.find(parsed.id).path == path
            continue
        assert vault.find(parsed.id, path=path).fields == parsed.fields
    assert len(shared) == 2
    with pytest.raises(AmbiguousId) as caught:
        vault.find(SHARED_ID)
    assert caught.value.details["paths"] == shared


def test_a_task_with_broken_yaml_is_named_with_its_line(vault: VaultStore) -> None:
    for entity_id, line in (("tsk-impact-v2-06", 15), ("tsk-023-29", 26)):
        with pytest.raises(InvalidFile, match="unknown escape") as caught:
            vault.find(entity_id)
        assert caught.value.details["line"] == line


def a_scalar(parsed: Parsed, _vault: VaultStore) -> Wish:
    return _set("entity_name", "새 이름: #1 - 'x'")


def a_word_that_readers_disagree_on(parsed: Parsed, _vault: VaultStore) -> Wish:
    return _set("entity_name", "012" if len(parsed.path) % 2 else "yes")


def a_date(parsed: Parsed, vault: VaultStore) -> Wish:
    writable = _writable(parsed, vault)
    twice = parsed.warnings and "start_date is there 2 times" in parsed.warnings[2]
    dates = [name for name in ("due", "deadline", "start_date") if name in writable and not twice]
    return _set(dates[0], "2027-03-01") if dates else None


def a_list_item(_parsed: Parsed, _vault: VaultStore) -> Wish:
    return Change(path=("tags",), operation="add", value="새 꼬리표: x")


def a_nested_field(parsed: Parsed, vault: VaultStore) -> Wish:
    writable = _writable(parsed, vault)
    mappings = [
        name
        for name in writable
        if isinstance(parsed.fields.get(name), dict)
        or (name in ("expected_impact", "realized_impact") and parsed.fields.get(name) is None)
    ]
    return _set(mappings[0], "중첩된 값", "new_key") if mappings else None


def a_text_of_many_lines(_parsed: Parsed, _vault: VaultStore) -> Wish:
    return _set("notes", TEXT)


def a_new_field(parsed: Parsed, vault: VaultStore) -> Wish:
    absent = [
        name
        for name in _writable(parsed, vault)
        if name not in {*parsed.fields, *TARGETS, "assignee", "owner"}
    ]
    if not absent:
        return None
    spec = vault.schema.spec(parsed.type, (absent[-1],), parsed.fields)
    values = {"list": ["a: b"], "number": 1.5, "date": "2027-03-01", "time": "10:30"}
    value = spec.choices[0] if spec.choices else values.get(spec.kind, "no")
    if spec.kind == "list" and spec.choices:
        value = [value]
    return _set(absent[-1], {"a": 1} if spec.kind == "mapping" else value)


def a_removed_field(parsed: Parsed, vault: VaultStore) -> Wish:
    required = vault.schema.required_fields(parsed.type)
    present = [
        name for name in _writable(parsed, vault) if name in parsed.fields and name not in required
    ]
    return Change(path=(present[-1],), operation="unset") if present else None


def a_body(_parsed: Parsed, _vault: VaultStore) -> Wish:
    return BodyChange(text="# 새 본문\n\n---\nno end")


def more_body(_parsed: Parsed, _vault: VaultStore) -> Wish:
    return BodyChange(text="덧붙인 줄\n", append=True)


Kind = Callable[[Parsed, VaultStore], Wish]
# Kinds of edits that are done in one change each, and how many entities have a field for them.
KINDS: list[dict[Kind, int]] = [
    {a_scalar: 355, a_date: 315, a_list_item: 355, a_new_field: 355, more_body: 355},
    {
        a_word_that_readers_disagree_on: 355,
        a_nested_field: 25,
        a_text_of_many_lines: 355,
        a_removed_field: 347,
        a_body: 355,
    },
]


@pytest.mark.parametrize("kinds", KINDS, ids=["set-and-add", "nest-and-remove"])
def test_every_entity_survives(vault: VaultStore, origin: Origin, kinds: dict[Kind, int]) -> None:
    entities = visible(vault)
    done: Counter[str] = Counter()
    changes = []
    for parsed in entities.values():
        edits = Edits()
        for kind in kinds:
            wish = kind(parsed, vault)
            if isinstance(wish, BodyChange):
                edits = edits.replace(body=wish)
            elif wish and wish.path[0] not in {one.path[0] for one in edits.changes}:
                edits = edits.replace(changes=(*edits.changes, wish))
            else:
                continue
            done[kind.__name__] += 1
        changes.append(_change(parsed, edits))

    outcomes = vault.commit(changes, origin=origin)

    assert [one.message for one in outcomes if isinstance(one, LoopError)] == []
    assert done == {kind.__name__: count for kind, count in kinds.items()}
    for parsed, change in zip(entities.values(), changes, strict=True):
        now = vault.locator().read(parsed.path).parsed
        _assert_only_that_changed(parsed, now, change.edits)
    assert sum(1 for _record in vault.records()) == len(entities)


def test_a_key_that_is_there_twice_is_not_changed_and_nothing_else_suffers(
    vault: VaultStore, origin: Origin
) -> None:
    path = "60_Hypotheses/2026/hyp-4-11_kkok_challenge_activation.md"
    parsed = visible(vault)[path]
    edits = Edits(changes=(_set("confidence", 0.9),))

    (refused,) = vault.commit([_change(parsed, edits)], origin=origin)

    assert isinstance(refused, InvalidFile)
    assert refused.details["path"] == path
    assert refused.details["line"] in (9, 58)
    assert vault.locator().read(path).parsed.data == parsed.data


def _writable(parsed: Parsed, vault: VaultStore) -> tuple[str, ...]:
    found = vault.schema.writable_fields(parsed.type, parsed.fields)
    assert found is not None
    return tuple(name for name in found if name not in NAMES.read_only())


def _set(name: str, value: Any, *inner: str) -> Change:
    return Change(path=(name, *inner), operation="set", value=value, typed=True)


def _change(parsed: Parsed, edits: Edits) -> EntityChange:
    seen = Precondition(if_match=snapshot.etag_of(parsed.data))
    return EntityChange(entity_id=parsed.id, edits=edits, precondition=seen, path=parsed.path)


def _assert_only_that_changed(old: Parsed, new: Parsed, edits: Edits) -> None:
    touched = tuple(change.path[0] for change in edits.changes)
    assert edits.body is not None
    assert new.document.body == _new_body(old.document.body, edits.body)
    assert _other_lines(new, touched) == _other_lines(old, touched)
    before, after = _second_reading(old), _second_reading(new)
    for change in edits.changes:
        _assert_reads_back(change, before, after)
    for name in (*touched, NAMES.updated):
        before.pop(name, None)
        after.pop(name, None)
    assert after == before


def _new_body(old: str, change: BodyChange) -> str:
    if not change.append:
        return change.text
    return old + ("" if old.endswith("\n") or not old else "\n") + change.text


def _assert_reads_back(change: Change, before: dict[str, Any], after: dict[str, Any]) -> None:
    field = change.path[0]
    if change.operation == "unset":
        assert field in before
        assert field not in after
    elif change.operation == "add":
        assert after[field] == [*(before.get(field) or []), change.value]
    elif len(change.path) > 1:
        assert after[field] == {**(before.get(field) or {}), change.path[1]: change.value}
    else:
        assert same(after[field], change.value) or is_same_time(change.value, after[field])


def _second_reading(parsed: Parsed) -> dict[str, Any]:
    found: dict[str, Any] = frontmatter.loads(parsed.data.decode()).metadata
    return found


def _other_lines(parsed: Parsed, fields: tuple[str, ...]) -> list[str]:
    """The lines of the frontmatter, fences included, that are not of these fields or `updated`.

    A comment or blank line is of a field where more of its value follows.
    """
    left: list[str] = []
    waiting: list[str] = []
    inside = False
    for line in parsed.document.yaml.splitlines(keepends=True):
        if not line.strip() or line.startswith("#"):
            waiting.append(line)
            continue
        starts = TOP_LEVEL.match(line) is not None
        if starts or not inside:
            left += waiting
        if starts:
            inside = line.partition(":")[0].strip("'\"") in (*fields, NAMES.updated)
        if not inside:
            left.append(line)
        waiting = []
    return [parsed.document.head, *left, *waiting, parsed.document.foot]
