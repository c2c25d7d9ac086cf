"""What every store does with entities that go and come back."""

from __future__ import annotations

import hashlib

import pytest

from loop_cli.core.commits import Delete, Restore
from loop_cli.core.entity import Precondition
from loop_cli.errors import ConflictError, EntityNotFound, InvalidChange, StorageError
from loop_cli.failures import PreconditionRequired, StillReferred
from loop_cli.planning.snapshot import etag_of
from loop_cli.wire.models import AuditRecord as RecordModel
from tests.store.conftest import ONE, TWO, Bench
from tests.store.life.conftest import (
    THREE,
    commit,
    is_there,
    last_record,
    new,
    refused,
    seen,
)


class TestDelete:
    def test_the_file_goes_and_its_bytes_are_kept(self, bench: Bench) -> None:
        before = bench.harness.bytes_of(ONE)

        (done,) = commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        assert done.changed and done.before.id == "tsk-1"
        assert not is_there(bench, ONE)
        with pytest.raises(EntityNotFound):
            bench.find()
        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert (record["action"], record["diff"], record["modified_fields"]) == ("delete", {}, [])
        assert record["metadata"]["etag_before"] == etag_of(before)
        assert record["metadata"]["etag_after"] is None
        assert record["metadata"]["updated_after"] is None
        sha256 = hashlib.sha256(before).hexdigest()
        assert record["metadata"]["kept"] == {"sha256": sha256, "bytes": len(before)}
        assert bench.harness.kept(sha256) == before

    def test_a_precondition_is_required(self, bench: Bench) -> None:
        assert isinstance(refused(bench, Delete(entity_id="tsk-1")), PreconditionRequired)
        assert is_there(bench, ONE)

    def test_a_precondition_that_no_longer_holds(self, bench: Bench) -> None:
        old = seen(bench)
        bench.commit("status=doing")

        found = refused(bench, Delete(entity_id="tsk-1", precondition=old))

        assert isinstance(found, ConflictError)
        assert found.conflict.reason == "etag_changed"
        assert [one.field for one in found.conflict.fields] == ["status"]

    def test_force_is_recorded(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=Precondition(forced=True)))

        assert bench.metadata()["forced"] is True

    def test_others_that_refer_to_it_are_in_the_way(self, bench: Bench) -> None:
        commit(bench, new(fields={"outgoing_relations": [{"target_id": "tsk-1"}]}))

        found = refused(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        assert isinstance(found, StillReferred)
        assert found.details["referrers"] == [
            {"entity_id": "tsk-3", "path": THREE, "fields": ["outgoing_relations.target_id"]}
        ]
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench), orphan=True))

    def test_unless_they_go_with_it(self, bench: Bench) -> None:
        commit(bench, new(fields={"outgoing_relations": [{"target_id": "tsk-1"}]}))
        both = [Delete(entity_id=one, precondition=seen(bench, one)) for one in ("tsk-1", "tsk-3")]

        commit(bench, *both, atomic=True)

        assert not is_there(bench, ONE) and not is_there(bench, THREE)

    def test_an_update_of_what_is_gone_is_not_found(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        assert isinstance(bench.outcome("status=done", forced=True), EntityNotFound)


class TestRestore:
    def test_byte_for_byte_with_its_revision(self, bench: Bench) -> None:
        bench.commit("status=doing")
        before, bytes_before = bench.find(), bench.harness.bytes_of(ONE)
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))

        (done,) = commit(bench, Restore(record=last_record(bench)))

        assert bench.harness.bytes_of(ONE) == bytes_before
        assert bench.find() == before == done.after
        record = bench.records()[-1]
        RecordModel.model_validate(record)
        assert record["action"] == "create"
        assert record["metadata"]["etag_before"] is None
        assert record["metadata"]["updated_after"] == before.revision.updated_at
        assert len(record["metadata"]["restores"]) == 64

    def test_of_what_was_never_recorded(self, bench: Bench) -> None:
        before = bench.find()
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        bench.clock.advance(3600)

        commit(bench, Restore(record=last_record(bench)))

        assert bench.find().revision == before.revision
        bench.commit("status=done", expected_updated_at=before.revision.updated_at)

    def test_the_next_change_is_later_than_all_before(self, bench: Bench) -> None:
        bench.commit("status=doing")
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        deletion = last_record(bench)
        bench.clock.advance(3600)
        bench.harness.edit_outside(ONE, bench.harness.bytes_of(TWO).replace(b"tsk-2", b"tsk-1"))
        later = bench.commit("status=hold").after.revision.updated_at
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        commit(bench, Restore(record=deletion))
        bench.clock.advance(-7200)

        assert bench.commit("status=done").after.revision.updated_at > later

    def test_a_place_that_was_taken_meanwhile(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        deletion = last_record(bench)
        commit(bench, new("tsk-3", path=ONE))

        assert isinstance(refused(bench, Restore(record=deletion)), InvalidChange)

    def test_an_id_that_came_back_meanwhile(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        deletion = last_record(bench)
        commit(bench, new("tsk-1"))

        assert isinstance(refused(bench, Restore(record=deletion)), InvalidChange)

    def test_only_of_a_deletion(self, bench: Bench) -> None:
        bench.commit("status=doing")

        assert isinstance(refused(bench, Restore(record=last_record(bench))), InvalidChange)

    def test_what_was_kept_must_be_what_was_there(self, bench: Bench) -> None:
        commit(bench, Delete(entity_id="tsk-1", precondition=seen(bench)))
        record = last_record(bench)
        metadata = {**record.metadata, "kept": {"sha256": "0" * 64, "bytes": 1}}
        other = record.replace(data={**record.data, "metadata": metadata})

        assert isinstance(refused(bench, Restore(record=other)), StorageError)
