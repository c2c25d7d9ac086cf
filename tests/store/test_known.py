"""What a store has just written it need not parse again; it says the same as one that does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import BodyChange, Change, Edits
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.core.records.record import Origin
from loop_cli.errors import ConflictError, InvalidChange, InvalidFile, only
from loop_cli.failures import AmbiguousId
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.entity import Entity

TEXT = """---
entity_id: w-1
entity_type: Widget
entity_name: 이름
2024: 1
meta: {b: 1, 2025: x}
tags:
- a
---
body
"""
NAMES = ["entity_name", "meta", "tags", "b", "2024", "new", "가"]
VALUES = [None, "", "x", "2026-01-09", 3, 0.5, True, ["x", "y"], [], {"k": {"l": 1}}, "a\nb\n"]
CHANGES = st.one_of(
    st.builds(
        lambda path, value: Change(path=tuple(path), operation="set", value=value, typed=True),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
        st.sampled_from(VALUES),
    ),
    st.builds(
        lambda path: Change(path=tuple(path), operation="unset"),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=2),
    ),
    st.sampled_from(["", "other\n", "---\nx\n"]),
)
ORIGIN = Origin(run_id="00000000-0000-4000-8000-000000000000", actor="user:test")


def opened(root: Path) -> VaultStore:
    clock = lambda: time.time_ns() // 1000  # noqa: E731
    return VaultStore(str(root), names=FieldNames(), clock=clock, cache=str(root / "cache"))


def whole(entity: Entity) -> list[Any]:
    """All of it, with the order of its fields."""
    return [repr(entity), repr(entity.fields)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.lists(CHANGES, min_size=1, max_size=6))
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("tags:", "tags: [z]\ntags:")])
def test_a_store_that_wrote_says_what_another_reads(
    text: str, changes: list[Change | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("vault")
    (root / "w-1.md").write_text(text)
    store = opened(root)
    for one in changes:
        edits = (
            Edits(changes=(), body=BodyChange(text=one))
            if isinstance(one, str)
            else Edits(changes=(one,))
        )
        change = EntityChange(entity_id="w-1", edits=edits, precondition=Precondition(forced=True))
        try:
            result = only(store.commit([change], origin=ORIGIN))
        except (InvalidChange, InvalidFile):
            continue
        assert whole(store.find("w-1")) == whole(opened(root).find("w-1"))
        assert result.after.fields == store.find("w-1").fields
        logged = list(opened(root).records("w-1"))
        assert repr(list(store.records("w-1"))) == repr(logged)
        assert result.record is None or repr(result.record) == repr(logged[0])


def test_nor_is_what_others_write_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "w-1.md").write_text(TEXT)
    store = opened(tmp_path)
    store.find("w-1")
    (tmp_path / "w-1.md").write_text(TEXT.replace("이름", "다른"))
    assert store.find("w-1").name == "다른"


@pytest.mark.parametrize("left", ["no entity any more\n", "---\na: [\n---\n", None])
def test_an_entity_that_has_moved_meanwhile_is_found_again(
    left: str | None, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    old, new = tmp_path / "one/a.md", tmp_path / "other/a.md"
    old.write_text(TEXT)
    store = opened(tmp_path)
    store.find("w-1")
    new.write_text(TEXT)
    if left is None:
        old.unlink()
    else:
        old.write_text(left)

    assert only(store.commit([renamed("이제")], origin=ORIGIN)).after.path == "other/a.md"
    assert left is None or old.read_text() == left


class TestACopyThatCameAfterTheFind:
    @pytest.fixture
    def store(self, tmp_path: Path) -> VaultStore:
        (tmp_path / "w-1.md").write_text(TEXT)
        return opened(tmp_path)

    def test_is_not_meant_by_who_names_what_was_found(
        self, store: VaultStore, tmp_path: Path
    ) -> None:
        etag = store.find("w-1").revision.etag
        (tmp_path / "copy.md").write_text(TEXT)
        for name in ("one", "two"):
            after = only(store.commit([renamed(name, if_match=etag)], origin=ORIGIN)).after
            assert (after.path, after.name) == ("w-1.md", name)
            etag = after.revision.etag
        assert (tmp_path / "copy.md").read_text() == TEXT
        with pytest.raises(AmbiguousId):
            store.find("w-1")

    def test_is_a_question_to_who_names_nothing(self, store: VaultStore, tmp_path: Path) -> None:
        etag = store.find("w-1").revision.etag
        (tmp_path / "copy.md").write_text(TEXT)
        for change in (renamed("one"), renamed("one", if_match="0" * 16)):
            with pytest.raises(AmbiguousId):
                only(store.commit([change], origin=ORIGIN))
        with pytest.raises(AmbiguousId):  # and from then on to all, since the store has told
            only(store.commit([renamed("one", if_match=etag)], origin=ORIGIN))

    def test_is_a_question_once_it_has_records_of_its_own(
        self, store: VaultStore, tmp_path: Path
    ) -> None:
        etag = only(store.commit([renamed("one")], origin=ORIGIN)).after.revision.etag
        assert store.find("w-1").revision.etag == etag
        (tmp_path / "copy.md").write_bytes((tmp_path / "w-1.md").read_bytes())
        other = renamed("other").replace(path="copy.md")
        only(opened(tmp_path).commit([other], origin=ORIGIN))
        with pytest.raises(AmbiguousId):
            only(store.commit([renamed("two", if_match=etag)], origin=ORIGIN))

    @pytest.mark.parametrize("path", ["w-1.md", "copy.md"])
    def test_is_a_question_where_a_path_was_needed_to_find_it(
        self, store: VaultStore, tmp_path: Path, path: str
    ) -> None:
        (tmp_path / "copy.md").write_text(TEXT)
        etag = store.find("w-1", path=path).revision.etag
        with pytest.raises(AmbiguousId):
            only(store.commit([renamed("one", if_match=etag)], origin=ORIGIN))


def test_a_conflict_leaves_what_is_known_of_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / "w-1.md").write_text(TEXT)
    store = opened(tmp_path)
    etags = []
    changes = (
        Change(path=("meta",), operation="set", value={"b": 2}, typed=True),
        Change(path=("meta", "a"), operation="set", value=9, typed=True),
        Change(path=("meta",), operation="unset"),
    )
    for change in changes:
        etags.append(store.find("w-1").revision.etag)
        edits = Edits(changes=(change,))
        forced = EntityChange(entity_id="w-1", edits=edits, precondition=Precondition(forced=True))
        only(store.commit([forced], origin=ORIGIN))
    late = Edits(changes=(Change(path=("meta", "a"), operation="set", value=5, typed=True),))

    def asked(etag: str) -> object:
        precondition = Precondition(if_match=etag)
        change = EntityChange(entity_id="w-1", edits=late, precondition=precondition)
        with pytest.raises(ConflictError) as caught:
            only(store.commit([change], origin=ORIGIN))
        return caught.value.as_dict()

    first = asked(etags[2])
    asked(etags[1])
    assert asked(etags[2]) == first


def renamed(name: str, *, if_match: str | None = None) -> EntityChange:
    change = Change(path=("entity_name",), operation="set", value=name, typed=True)
    edits = Edits(changes=(change,))
    precondition = Precondition(if_match=if_match, forced=if_match is None)
    return EntityChange(entity_id="w-1", edits=edits, precondition=precondition)
