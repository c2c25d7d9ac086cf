"""An entity's text as somebody has edited it: every byte of it lands, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.changes import Edits, Layout
from loop_cli.core.commits import CommitResult, EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.errors import ConflictError, InvalidChange, InvalidFile, LoopError, only
from loop_cli.lean.plain import same
from loop_cli.markdown.document import split
from loop_cli.planning import edited
from loop_cli.planning.snapshot import parse
from tests.store.conftest import ONE, Bench, text

if TYPE_CHECKING:
    from loop_cli.core.entity import Entity


def land(bench: Bench, opened: Entity, new: bytes) -> CommitResult:
    """Write what was made of the text that was opened."""
    edits = edited.edits_of(opened, new)
    seen = Precondition(if_match=opened.revision.etag)
    change = EntityChange(entity_id="tsk-1", edits=edits, precondition=seen, seen=opened)
    return only(bench.store.commit([change], origin=bench.origin))


def without_updated(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if not line.startswith(b"updated:")]


@pytest.mark.parametrize(
    ("old", "new", "fields", "layout"),
    [
        (b"status: todo", b"status: done", ["status"], False),
        (b"status: todo", b"status: 'todo'  # why", [], True),
        (b"# as people call it", b"# another word", [], True),
        (b"status: todo\n", b"status: done # now\n", ["status"], True),
        (b"tags: [a, b]\n", b"tags:\n  - a\n  - b\n", [], True),
        (b"status: todo\ntags: [a, b]\n", b"tags: [a, b]\nstatus: todo\n", [], True),
        (b"tags: [a, b]\n", b"", ["tags"], False),
        (b"tags: [a, b]\n", b"tags: [a, b]\nnotes: >\n  one\n  two\n", ["notes"], True),
        (b"Body\n", b"Body, and more", ["body"], False),
        (b"---\nentity_type", b"---  \nentity_type", [], True),
    ],
)
def test_the_bytes_are_those_that_were_saved(
    bench: Bench, old: bytes, new: bytes, fields: list[str], layout: bool
) -> None:
    opened = bench.find()
    assert opened.raw.count(old) == 1
    wanted = opened.raw.replace(old, new)
    done = land(bench, opened, wanted)
    assert without_updated(bench.harness.bytes_of(ONE)) == without_updated(wanted)
    assert list(done.diff) == fields
    record = bench.records()[-1]
    assert record["modified_fields"] == fields
    assert record["metadata"].get("layout", False) == layout
    assert record["metadata"]["etag_before"] == opened.revision.etag
    assert bench.find().fields["updated"] == record["metadata"]["updated_after"]


def test_unchanged_nothing_is_asked_for(bench: Bench) -> None:
    assert not edited.edits_of(bench.find(), bench.find().raw)


@pytest.mark.parametrize("field", ["entity_id", "entity_type", "updated"])
def test_what_tells_identity_and_time_is_refused(bench: Bench, field: str) -> None:
    opened = bench.find()
    line = next(one for one in opened.raw.split(b"\n") if one.startswith(field.encode()))
    with pytest.raises(InvalidChange, match=field):
        land(bench, opened, opened.raw.replace(line, field.encode() + b": other"))
    assert bench.records() == []


def test_all_that_is_wrong_is_told_at_once(bench: Bench) -> None:
    opened = bench.find()
    new = opened.raw.replace(b"status: todo", b"status: dne\nstaus: x\npriority: urgent")
    with pytest.raises(InvalidChange) as caught:
        land(bench, opened, new)
    problems = {problem["field"] for problem in caught.value.details["problems"]}
    assert problems == {"status", "staus", "priority"}


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (b'status: "todo', 6),
        (b"status: todo\nstatus: done", 7),
        (b"status todo", 6),
    ],
)
def test_a_text_that_is_no_entity_is_refused_with_its_line(
    bench: Bench, new: bytes, line: int
) -> None:
    opened = bench.find()
    with pytest.raises(InvalidFile) as caught:
        edited.edits_of(opened, opened.raw.replace(b"status: todo", new))
    assert caught.value.details["line"] >= line


def test_comments_are_kept_on_top_of_what_others_did(bench: Bench) -> None:
    """A conflict that is applied on top brings the layout along, merged by lines."""
    opened = bench.find()
    new = opened.raw.replace(b"status: todo", b"# mine\nstatus: done").replace(
        b"tags: [a, b]", b"tags: [a, b]  # also mine"
    )
    edits = edited.edits_of(opened, new)
    bench.commit("entity_name=named by others")
    stale = Precondition(if_match=opened.revision.etag)
    change = EntityChange(entity_id="tsk-1", edits=edits, precondition=stale, seen=opened)
    with pytest.raises(ConflictError) as caught:
        only(bench.store.commit([change], origin=bench.origin))
    found = caught.value.conflict
    assert [(one.field, one.overlap) for one in found.fields] == [
        ("status", False), ("entity_name", False),
    ]  # fmt: skip
    fresh = Precondition(if_match=found.current_etag)
    only(bench.store.commit([change.replace(precondition=fresh)], origin=bench.origin))
    now = bench.harness.bytes_of(ONE).decode()
    assert "# mine\nstatus: done\n" in now
    assert "tags: [a, b]  # also mine\n" in now
    assert "entity_name: named by others  # as people call it\n" in now


def test_where_the_layouts_clash_the_values_are_still_right(bench: Bench) -> None:
    opened = bench.find()
    edits = edited.edits_of(opened, opened.raw.replace(b"status: todo", b"status: done  # mine"))
    bench.commit("status=doing")
    now = bench.find()
    theirs = edits.replace(changes=())  # the value is left to them, the comment is mine
    change = EntityChange(
        entity_id="tsk-1", edits=theirs, precondition=Precondition(if_match=now.revision.etag)
    )
    only(bench.store.commit([change], origin=bench.origin))
    assert "status: doing  # mine\n" in bench.harness.bytes_of(ONE).decode()


def test_a_layout_that_changes_no_value_leaves_bases_known(bench: Bench) -> None:
    bench.commit("status=doing")
    seen = bench.find()
    land(bench, seen, seen.raw.replace(b"# as people", b"# as other people"))
    bench.commit("tags+=c")
    found = bench.conflict("status=done", if_match=seen.revision.etag)
    assert all(field.base_known for field in found.fields)
    assert {field.field: field.overlap for field in found.fields} == {
        "status": False, "tags": False,
    }  # fmt: skip


def test_a_key_that_was_there_twice_can_be_put_right(bench: Bench) -> None:
    twice = text("tsk-1", "status: doing", body="Body\n")
    bench.harness.edit_outside(ONE, twice)
    opened = bench.find()
    land(bench, opened, opened.raw.replace(b"status: todo\n", b""))
    assert bench.harness.bytes_of(ONE).count(b"status:") == 1
    assert bench.find().fields["status"] == "doing"


LINES = st.sampled_from(
    [
        "status: todo", "status: 'done'", "status: done  # why", "tags: [a]", "tags:\n  - a\n  - b",
        "priority: low", "priority: high # c", "# a comment", "", "notes: |\n  one\n\n  two",
    ]
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=6)


@settings(deadline=None)
@given(base=TEXTS, now=TEXTS, mine=TEXTS)
def test_any_layout_on_any_text_reads_as_the_values_asked_for(
    base: list[str], now: list[str], mine: list[str]
) -> None:
    """Line by line the texts of two sides may fit badly; the values never suffer."""
    head = "entity_type: Task\nentity_id: tsk-1\n"
    files = ["---\n" + head + "".join(f"{line}\n" for line in one) + "---\n" for one in
             (base, now, mine)]  # fmt: skip
    try:
        entities = [parse(one.encode(), ONE, FieldNames()) for one in files]
    except LoopError:
        return
    document = entities[1].document
    layout = Layout(text=files[2], base=files[0])
    for fields in (entities[1].fields, entities[2].fields):
        try:
            found = edited.laid_out(document, layout, fields)
        except ValueError:
            assert files[0] == files[1]
            continue
        if found is not document:
            read = parse(found.text.encode(), ONE, FieldNames())
            assert same(read.fields, fields)
    alone = edited.laid_out(split(files[0]), Layout(text=files[2], base=files[0]),
                            entities[2].fields)  # fmt: skip
    assert alone.text == files[2] or files[0] == files[2] or alone.text == files[0]


def test_edits_of_a_layout_alone_are_edits(bench: Bench) -> None:
    opened = bench.find()
    edits = edited.edits_of(opened, opened.raw.replace(b"# as people", b"# as some people"))
    assert edits == Edits(layout=edits.layout)
    assert edits
