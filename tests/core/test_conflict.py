"""A conflict as data (SPEC §5): base, now and wanted of every field involved."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from loop_cli.core import conflict
from loop_cli.core.diff import MISSING
from loop_cli.core.entity import Entity, Precondition, Revision
from loop_cli.core.records import record as audit
from loop_cli.core.records.record import AuditRecord
from loop_cli.errors import ConflictError

if TYPE_CHECKING:
    from loop_cli.core.conflict import Conflict, ConflictField

FIELDS = {"status": "doing", "tags": ["a", "b"], "meta": {"x": 1, "y": 2}, "body": "field"}


def entity(etag: str = "e3", body: str = "text\n") -> Entity:
    """The entity as it is now: state 3."""
    return Entity(
        id="tsk-1",
        type="Task",
        name=None,
        path="tsk-1.md",
        fields=FIELDS,
        body=body,
        raw=b"",
        revision=Revision(updated_at="2026-01-03T00:00:00.000000Z", etag=etag),
    )


def change(number: int, diff: dict[str, Any], **metadata: Any) -> AuditRecord:
    """The record that led to state `number`, on that day of January."""
    data = {
        "run_id": f"run-{number}",
        "timestamp": f"2026-01-0{number}T00:00:00.000000Z",
        "actor": "user:개발팀",
        "source": "ui",
        "modified_fields": list(diff),
        "entity_id": "tsk-1",
        "diff": diff,
        "metadata": {
            "etag_before": f"e{number - 1}",
            "etag_after": f"e{number}",
            "updated_before": f"2026-01-0{number - 1}T00:00:00.000000Z",
            "updated_after": f"2026-01-0{number}T00:00:00.000000Z",
            **metadata,
        },
    }
    digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    return AuditRecord(data=data, digest=digest)


STATUS = change(3, {"status": {"old": "todo", "new": "doing"}})


def met(
    wanted: dict[str, Any], *history: AuditRecord, now: Entity | None = None, etag: str = "e2"
) -> Conflict:
    """The conflict of a writer who has seen the state `etag`."""
    return conflict.build(
        now or entity(),
        reason="etag_changed",
        precondition=Precondition(if_match=etag),
        wanted=wanted,
        history=history,
    )


def field(found: Conflict, name: str) -> ConflictField:
    (one,) = [one for one in found.fields if one.field == name]
    return one


def test_a_field_that_both_changed_overlaps() -> None:
    found = met({"status": "done"}, STATUS)
    one = field(found, "status")

    assert (one.base, one.current, one.requested) == ("todo", "doing", "done")
    assert one.base_known
    assert one.overlap
    assert found.overlaps
    assert not conflict.rebase(found).apply


def test_fields_that_only_one_side_changed_do_not() -> None:
    found = met({"tags": ["c"]}, STATUS)

    assert [(one.field, one.wanted, one.overlap) for one in found.fields] == [
        ("tags", True, False),
        ("status", False, False),
    ]
    assert field(found, "status").base == "todo"
    assert field(found, "tags").base == ["a", "b"]
    assert not found.overlaps
    assert conflict.rebase(found).apply
    assert not conflict.fail(found).apply


def test_a_field_that_was_changed_and_changed_back_does_not_overlap() -> None:
    there = change(2, {"status": {"old": "doing", "new": "hold"}})
    back = change(3, {"status": {"old": "hold", "new": "doing"}})

    found = met({"status": "done"}, back, there, etag="e1")

    assert not found.overlaps
    assert [one.data["run_id"] for one in found.changes] == ["run-2", "run-3"]


def test_who_changed_what_in_between_is_told_oldest_first() -> None:
    found = met({"tags": []}, STATUS, change(2, {"meta.x": {"old": 0, "new": 1}}), etag="e1")

    assert found.as_dict()["changes"] == [
        {
            "run_id": f"run-{number}",
            "timestamp": f"2026-01-0{number}T00:00:00.000000Z",
            "actor": "user:개발팀",
            "source": "ui",
            "modified_fields": [name],
        }
        for number, name in ((2, "meta.x"), (3, "status"))
    ]


def test_after_an_outside_edit_no_base_is_known_and_every_wanted_field_counts_as_changed() -> None:
    found = met({"tags": []}, STATUS, now=entity(etag="outside"))
    one = field(found, "tags")

    assert (one.base, one.base_known, one.overlap) == (None, False, True)
    assert found.changes == (STATUS,)
    assert not field(found, "status").overlap
    assert found.overlaps


def test_an_outside_edit_in_between_too() -> None:
    found = met({"tags": []}, change(3, {}, etag_before="outside"), change(2, {}), etag="e1")

    assert not field(found, "tags").base_known
    assert found.overlaps


def test_what_a_record_names_without_its_values_counts_as_changed() -> None:
    told = change(3, {})
    told.data["modified_fields"] = ["status"]

    found = met({"tags": []}, told)

    assert [(one.field, one.wanted, one.base_known) for one in found.fields] == [
        ("tags", True, False),
        ("status", False, False),
    ]
    assert met({"status": "done"}, told).overlaps
    assert not conflict.rebase(found).apply


def test_that_the_file_kept_moving_is_for_the_program_only() -> None:
    found = met({"tags": []}, STATUS).replace(kept_moving=True)

    assert "kept_moving" not in found.as_dict()


def test_undone_pairs_are_skipped() -> None:
    undone = change(3, {"tags": {"old": ["a", "b"], "new": []}})
    data = audit.compose_undo(undone, timestamp=0)
    undo = AuditRecord(data=data, digest="undo")
    history = audit.without_undone([undo, undone, change(2, {"status": {"old": "a", "new": "b"}})])

    found = met({"tags": ["c"]}, *history, now=entity(etag="e2"), etag="e1")

    assert not field(found, "tags").overlap
    assert [one.data["run_id"] for one in found.changes] == ["run-2"]


class TestNested:
    """A field and its parent are the same thing changed."""

    INNER = change(3, {"meta.x": {"old": 0, "new": 1}})

    def test_the_same_nested_field(self) -> None:
        one = field(met({"meta.x": 5}, self.INNER), "meta.x")

        assert (one.base, one.current, one.requested, one.overlap) == (0, 1, 5, True)

    def test_its_parent_wanted_whole(self) -> None:
        found = met({"meta": {}}, self.INNER)
        one = field(found, "meta")

        assert (one.base, one.overlap) == ({"x": 0, "y": 2}, True)
        assert len(found.fields) == 1

    def test_its_neighbour(self) -> None:
        found = met({"meta.y": 3}, self.INNER)

        assert not found.overlaps
        assert field(found, "meta.x").base == 0

    def test_a_parent_that_was_replaced(self) -> None:
        replaced = change(3, {"meta": {"old": {"x": 1, "y": 9}, "new": {"x": 1, "y": 2}}})

        assert met({"meta.y": 3}, replaced).overlaps
        assert not met({"meta.x": 3}, replaced).overlaps


class TestBody:
    """The body is a field, and not the frontmatter field of that name."""

    BODY = change(3, {"body": {"old": "before\n", "new": "text\n"}})

    def test_a_body_that_both_changed(self) -> None:
        one = field(met({"body": "mine\n"}, self.BODY), "body")

        assert (one.base, one.current, one.requested) == ("before\n", "text\n", "mine\n")
        assert one.overlap

    def test_a_frontmatter_field_called_body_is_another(self) -> None:
        found = met({r"\body": "mine"}, self.BODY)

        assert field(found, r"\body").current == "field"
        assert not found.overlaps
        assert field(found, "body").base == "before\n"

    def test_a_body_that_was_hashed_has_no_base(self) -> None:
        digest = {"sha256": "0" * 64, "bytes": 70_000}
        one = field(met({"body": "mine"}, change(3, {"body": {"old": digest, "new": "x"}})), "body")

        assert (one.base, one.base_known, one.overlap) == (None, False, True)

    def test_whatever_is_known_of_the_frontmatter_field(self) -> None:
        digest = {"sha256": "0" * 64, "bytes": 70_000}
        body = change(3, {"body": {"old": digest, "new": "x"}})
        same_name = change(2, {r"\body": {"old": "known", "new": "field"}})

        found = met({"body": "mine"}, body, same_name, etag="e1")

        assert not field(found, "body").base_known
        assert field(found, r"\body").base == "known"


def test_an_absent_field_shows_as_null() -> None:
    found = met({"new": 1, "status": MISSING}, change(3, {"tags": {"old": [], "new": []}}))

    assert field(found, "new").as_dict() == {
        "field": "new",
        "base": None,
        "base_known": True,
        "current": None,
        "requested": 1,
        "wanted": True,
        "overlap": False,
    }
    assert field(found, "status").as_dict()["requested"] is None


def test_the_expected_time_is_enough_to_know_the_base() -> None:
    found = conflict.build(
        entity(),
        reason="updated_changed",
        precondition=Precondition(expected_updated_at="2026-01-02T09:00:00+09:00"),
        wanted={"status": "done"},
        history=[STATUS],
    )

    assert field(found, "status").base == "todo"
    assert found.expected_updated_at == "2026-01-02T09:00:00+09:00"
    assert found.expected_etag is None


def test_the_json_begins_as_spec_5_says() -> None:
    error = ConflictError(met({"status": "done"}, STATUS), hint="loop get tsk-1 --json")
    data = error.as_dict()

    assert list(data)[:4] == ["error", "entity_id", "current_updated_at", "expected_updated_at"]
    assert data["error"] == "Conflict: Entity was modified"
    assert (data["code"], data["reason"], data["retryable"]) == ("conflict", "etag_changed", True)
    assert (data["current_etag"], data["expected_etag"]) == ("e3", "e2")
    assert data["hint"] == "loop get tsk-1 --json"
    assert json.loads(json.dumps(data)) == data


def test_an_entity_that_is_gone_can_not_be_applied_on_top_of() -> None:
    found = conflict.deleted(entity(), precondition=Precondition(if_match="e3"))

    assert found.reason == "deleted"
    assert found.current_etag is None
    assert found.overlaps
    assert not conflict.rebase(found).apply


class TestAnotherEntity:
    """An entity that was deleted or created in between is not the one that the caller read."""

    @staticmethod
    def came(
        number: int, *, after: str, diff: dict[str, Any] | None = None, **more: Any
    ) -> AuditRecord:
        made = change(number, diff or {}, etag_before=None, etag_after=after, previous=None, **more)
        return AuditRecord(data={**made.data, "action": "create"}, digest=made.digest)

    @staticmethod
    def went(number: int, *, before: str) -> AuditRecord:
        gone = change(number, {}, etag_before=before, etag_after=None, previous=None)
        return AuditRecord(data={**gone.data, "action": "delete"}, digest=gone.digest)

    def test_no_base_of_one_that_was_made_anew_is_known(self) -> None:
        diff = {"status": {"old": None, "new": "doing", "added": True}}
        found = met(
            {"status": "done", "new": 1},
            self.came(3, after="e3", diff=diff),
            self.went(2, before="e1"),
            etag="e1",
        )

        for name in ("status", "new"):
            one = field(found, name)
            assert (one.base, one.base_known, one.overlap) == (None, False, True)
        assert not conflict.rebase(found).apply

    def test_one_that_was_brought_back_is_the_same(self) -> None:
        back = self.came(2, after="e2", restores="0" * 64)
        found = met(
            {"status": "done", "tags": []},
            STATUS,
            back,
            self.went(1, before="e2"),
            change(1, {}, etag_before="e0", etag_after="e2", previous=None),
            etag="e0",
        )

        assert (field(found, "status").base, field(found, "status").base_known) == ("todo", True)
        assert not field(found, "tags").overlap

    def test_one_that_says_so_of_another_deletion_is_not(self) -> None:
        back = self.came(3, after="e3", restores="0" * 64)
        found = met({"tags": []}, back, self.went(2, before="e1"), etag="e1")

        assert not field(found, "tags").base_known

    def test_nor_is_one_of_another_program_that_says_so(self) -> None:
        back = self.came(2, after="e2", restores="0" * 64)
        del back.data["metadata"]["previous"]
        found = met({"tags": []}, STATUS, back, self.went(1, before="e2"), etag="e2")
        assert field(found, "tags").base_known  # read after it came back

        older = change(1, {"tags": {"old": [], "new": ["a", "b"]}}, etag_after="e2")
        found = met({"tags": []}, STATUS, back, self.went(1, before="e2"), older, etag="e0")
        assert not field(found, "tags").base_known

    def test_where_the_state_that_was_read_is_at_hand_it_is_shown_and_counts_as_changed(
        self,
    ) -> None:
        found = conflict.build(
            entity(),
            reason="etag_changed",
            precondition=Precondition(if_match="e1"),
            wanted={"tags": []},
            history=[self.came(3, after="e3"), self.went(2, before="e1")],
            seen=entity(etag="e1"),
        )
        one = field(found, "tags")

        assert (one.base, one.base_known, one.overlap) == (["a", "b"], True, True)

    def test_a_move_leaves_it_the_same(self) -> None:
        moved = change(3, {}, path="b.md", path_before="a.md", previous=None)
        moved.data["action"] = "move"
        found = met({"tags": []}, moved)

        assert not field(found, "tags").overlap


class TestInexact:
    """JSON can't say all that YAML can: what a record tells of such a value is no base."""

    def inexact(self, name: str, old: Any, new: Any, number: int = 3) -> AuditRecord:
        return change(number, {name: {"old": old, "new": new}}, inexact=[name], previous=None)

    def test_a_value_that_a_record_marks_is_not_known(self) -> None:
        one = field(met({"status": "x"}, self.inexact("status", ".inf", "doing")), "status")

        assert (one.base, one.base_known, one.overlap) == (None, False, True)

    def test_nor_is_one_that_seems_to_be_what_it_was(self) -> None:
        found = met({"status": "x"}, self.inexact("status", "doing", "doing"))

        assert not conflict.rebase(found).apply

    def test_nor_what_is_within_it_or_around_it(self) -> None:
        found = met(
            {"meta.y": 3, "tags": []}, self.inexact("meta", {"1": 2, "y": 2}, {"x": 1, "y": 2})
        )
        assert not field(found, "meta.y").base_known
        assert not field(found, "tags").overlap

        assert not field(met({"meta": {}}, self.inexact("meta.x", ".inf", 1)), "meta").base_known

    def test_an_older_record_does_not_make_up_for_it(self) -> None:
        older = change(2, {"status": {"old": "doing", "new": ".inf"}}, previous=None)
        found = met({"status": "x"}, self.inexact("status", ".inf", "doing"), older, etag="e1")

        assert found.overlaps

    def test_what_another_program_left_is_compared_with_what_is_there(self) -> None:
        found = met({"status": "x"}, change(3, {"status": {"old": "todo", "new": "other"}}))
        assert not field(found, "status").base_known

        found = met({"body": "x"}, change(3, {"body": {"old": "before", "new": "text"}}))
        assert not field(found, "body").base_known  # it left out the newline at the end

    def test_what_it_can_not_have_said_is_not_known(self) -> None:
        for old in (".inf", {"2024": 1}, [[".nan"]], {"x": {"true": 1}}):
            found = met({"status": "x"}, change(3, {"status": {"old": old, "new": "doing"}}))
            assert not field(found, "status").base_known, old
