"""`loop undo` of values that the log holds only the hash of, or nothing."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, ClassVar

from loop_cli.wire import models
from tests.cli.undoing import RUN, change, field, undo

if TYPE_CHECKING:
    from tests.cli.conftest import Loop


class TestHashed:
    """Values that the log holds only the hash of."""

    PRIVATE: ClassVar = {"LOOP_AUDIT_PRIVATE": "estimated_hours,notes"}

    def test_private_values_come_back_as_they_were(self, loop: Loop) -> None:
        loop.extra.update(self.PRIVATE)
        change(loop, "estimated_hours:=5", 'notes:="5"')
        change(loop, "estimated_hours:=8", "notes=8")
        undo(loop, "--last")
        fields = loop("get", "tsk-019-14", "--json").json["fields"]
        assert (fields["estimated_hours"], fields["notes"]) == (5, "5")

    def test_a_long_body_too(self, loop: Loop) -> None:
        body = loop("get", "tsk-019-14", "--field", "body").stdout
        for text in ("가" * 70_000, "short"):
            loop("update", "tsk-019-14", "--body-file", "-", "--force", stdin=text)
        undo(loop, "--last")
        assert loop("get", "tsk-019-14", "--field", "body").out == "가" * 70_000
        undo(loop, "--last")
        assert loop("get", "tsk-019-14", "--field", "body").stdout == body

    def test_what_was_redacted_is_refused_in_words(self, loop: Loop) -> None:
        change(loop, "notes=a")
        run = change(loop, "notes=b")
        loop("audit", "redact", "tsk-019-14", "notes", "--yes")
        done = loop("undo", run, "--yes", "--json")
        models.InvalidChangeDocument.model_validate(done.error)
        assert (done.code, done.error["problems"][0]["problem"]) == (6, "redacted")
        assert "notes: the old value was redacted" in loop("undo", run, "--yes").err
        assert field(loop, "notes") == "b"

    def test_what_was_kept_and_is_gone_is_refused_too(self, loop: Loop) -> None:
        loop.extra.update(self.PRIVATE)
        for text in "ab":
            change(loop, f"notes={text}")
        shutil.rmtree(loop.vault / ".loop" / "kept")
        assert (
            loop("undo", "--last", "--yes", "--json").error["problems"][0]["problem"] == "not_kept"
        )

    def test_so_is_a_field_that_was_taken_away(self, loop: Loop) -> None:
        """It is absent now, and what was kept of it is: these are not the same."""
        loop.extra.update(self.PRIVATE)
        change(loop, "notes=a")
        run = change(loop, "notes!", "priority=low")
        assert loop("kept", "--prune", "--yes").code == 0
        done = loop("undo", run, "--yes", "--json")
        assert (done.code, done.error["problems"][0]["problem"]) == (6, "not_kept")
        assert field(loop, "priority") == "low"

    def test_a_redaction_does_not_stand_in_the_way_of_what_it_leaves(self, loop: Loop) -> None:
        """The keys are in another order than they were given in, and hashed so."""
        loop.write(
            "memo.md", "---\nentity_type: Memo\nentity_id: memo\nentity_name: x\nmeta:\n---\n"
        )
        run = change(loop, 'meta:={"b": 1, "a": 2}', entity_id="memo")
        change(loop, "meta.b!", entity_id="memo")
        undo(loop, "memo")
        assert loop("undo", run, "--dry-run").code == 0
        assert loop("audit", "redact", "memo", "meta", "--yes").code == 0
        assert loop("undo", run, "--dry-run").code == 0

    def test_keys_that_are_no_texts(self, loop: Loop) -> None:
        loop.extra.update(self.PRIVATE)
        loop.write_task("tsk-019-90", "notes: {10: a, x: c}")
        for text in "de":
            change(loop, f"notes.x={text}", entity_id="tsk-019-90", run=RUN)
        undo(loop, RUN)
        assert "c" in field(loop, "notes", "tsk-019-90")

    def test_a_line_of_others_that_does_not_say_what_was_before(self, loop: Loop) -> None:
        line = {"entity_id": "tsk-019-14", "run_id": RUN, "modified_fields": ["status"]}
        loop.write("_build/audit_log.jsonl", json.dumps(line) + "\n")
        error = loop("undo", RUN, "--yes", "--json").error
        assert error["problems"][0]["problem"] == "not_recorded"
