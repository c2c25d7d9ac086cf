"""`loop update`: every form of change, on real entities, and not a byte more (SPEC §4)."""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.wire import models

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Loop

KEYS = [
    "entity_id", "entity_type", "path", "updated_at", "etag", "fields", "body",
    "changed", "run_id", "modified_fields", "diff",
]  # fmt: skip
RUN = "3f0c2a52-5d0c-4a0e-9a43-0f6f7c1f4a11"


def test_json_has_frozen_keys_in_this_order(loop: Loop) -> None:
    document = update(loop, "tsk-019-14", "status=doing", "tags+=x")
    assert list(document) == KEYS
    models.UpdateDocument.model_validate(document)
    assert document["modified_fields"] == ["status", "tags"]
    read = loop("get", "tsk-019-14", "--json").json
    assert read == {key: document[key] for key in read}
    dry = loop("update", "tsk-019-14", "status=hold", "--force", "--dry-run", "--json").json
    assert list(dry) == [*KEYS, "dry_run"]


def test_the_record_has_frozen_keys_and_the_chain(loop: Loop) -> None:
    before = loop.etag()
    first = update(loop, "tsk-019-14", "status=doing", forced=False)
    update(loop, "tsk-019-01", "notes=x")
    one, two = loop.records
    for record in (one, two):
        models.AuditRecord.model_validate(record)
    assert list(one) == [
        "run_id", "timestamp", "actor", "source", "entity_type", "entity_id", "entity_name",
        "action", "modified_fields", "diff", "metadata",
    ]  # fmt: skip
    assert list(one["metadata"]) == [
        "path", "etag_before", "etag_after", "updated_before", "updated_after", "precondition",
        "previous", "literal_before", "tty", "invoked_by",
    ]  # fmt: skip
    assert (one["run_id"], one["diff"]) == (first["run_id"], first["diff"])
    metadata = one["metadata"]
    assert (metadata["etag_before"], metadata["etag_after"]) == (before, first["etag"])
    assert metadata["updated_after"] == first["updated_at"]
    line = loop.log_path.read_bytes().split(b"\n")[0]
    assert (metadata["previous"], metadata["tty"]) == (None, False)
    assert two["metadata"]["previous"] == hashlib.sha256(line).hexdigest()
    assert two["metadata"]["forced"] is True
    assert two["metadata"]["precondition"] == "none"


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("status=doing", "status", "doing"),
        ("estimated_hours=2.5", "estimated_hours", 2.5),
        ("due=2026-02-01", "due", "2026-02-01"),
        ("start_time=10:30", "start_time", "10:30"),
        ("tags=a, b,c", "tags", ["a", "b", "c"]),
        ("tags=", "tags", []),
        ("notes=", "notes", ""),
        ("notes=no", "notes", "no"),
        ("notes=a=b:=c", "notes", "a=b:=c"),
        ("notes==@x", "notes", "=@x"),
        ("notes=@@x", "notes", "@x"),
        ("notes=한글: # 값", "notes", "한글: # 값"),
        ("due:=null", "due", None),
        ("estimated_hours:=3", "estimated_hours", 3),
        ('tags:=["a: b", "yes", "012"]', "tags", ["a: b", "yes", "012"]),
        ("tags+=urgent", "tags", ["ssot", "rule-b", "rule-c", "audit", "urgent"]),
        ("tags-=audit", "tags", ["ssot", "rule-b", "rule-c"]),
        ("links+=https://example.com/x", "links", ["https://example.com/x"]),
    ],
    ids=lambda value: value if isinstance(value, str) and "=" in value else "",
)
def test_every_form_of_change(loop: Loop, change: str, field: str, value: Any) -> None:
    document = update(loop, "tsk-019-14", change)
    assert document["fields"][field] == value
    assert type(document["fields"][field]) is type(value)
    assert loop("get", "tsk-019-14", "--json").json["fields"] == document["fields"]
    assert_only_changed(loop, document, field)


def test_removing_by_either_spelling(loop: Loop) -> None:
    document = update(loop, "tsk-019-14", "priority!", "--unset", "due")
    assert not {"priority", "due"} & document["fields"].keys()
    assert document["diff"]["due"] == {"old": "2026-01-23", "new": None, "removed": True}


def test_several_items_at_once_and_what_is_there_changes_nothing(loop: Loop) -> None:
    done = update(loop, "tsk-019-14", "tags+=x", "tags+=y", "tags-=ssot", "tags+=audit")
    assert done["fields"]["tags"] == ["rule-b", "rule-c", "audit", "x", "y"]
    again = update(loop, "tsk-019-14", "tags+=x", "tags-=nothing")
    assert (again["changed"], len(loop.records)) == (False, 1)


def test_nested_fields_with_dots_in_keys_and_missing_parents(loop: Loop) -> None:
    done = update(
        loop, "prj-019", "expected_impact.target=1건", r"expected_impact.a\.b=x",
        "realized_impact.window.id=2026-01",
    )  # fmt: skip
    assert done["fields"]["expected_impact"]["target"] == "1건"
    assert done["fields"]["expected_impact"]["a.b"] == "x"
    assert done["fields"]["realized_impact"] == {"window": {"id": "2026-01"}}
    assert r"expected_impact.a\.b" in done["diff"]
    gone = update(loop, "prj-019", r"expected_impact.a\.b!")
    assert "a.b" not in gone["fields"]["expected_impact"]
    refused = loop("update", "prj-019", "condition_contributes.0.weight=1", "--force", "--json")
    assert refused.code == 6
    assert "is a list" in refused.error["problems"][0]["message"]


def test_values_from_files_and_standard_input(loop: Loop) -> None:
    (loop.home / "note.txt").write_bytes("줄 하나\r\n  줄 둘 \n\n".encode())
    done = update(loop, "tsk-019-14", "notes=@note.txt")
    assert done["fields"]["notes"] == "줄 하나\r\n  줄 둘 \n\n"
    done = update(loop, "tsk-019-14", "notes=@-", stdin="from a pipe")
    assert done["fields"]["notes"] == "from a pipe"
    binary = loop("update", "tsk-019-14", "notes=@-", "--force", stdin=b"\xff\xfe")
    assert binary.code == 2
    assert "not UTF-8" in binary.err


def test_set_json_takes_any_key_literally(loop: Loop) -> None:
    loop.write("00_Meta/schema_constants.yaml", "known_fields:\n  all: [entity_name]\n")
    loop.write_task("odd-1", '"a!": null', '"b.c": null', '"d=": null', '"": null')
    fields = {"a!": 1, "b.c": [1, {"x": None}], "d=": "12:30", "": True}
    done = update(loop, "odd-1", "--set-json", "-", stdin=json.dumps(fields))
    assert {key: done["fields"][key] for key in fields} == fields
    (loop.home / "fields.json").write_text('{"a!": null}')
    assert update(loop, "odd-1", "--set-json", "fields.json")["fields"]["a!"] is None
    refused = loop("update", "odd-1", "--set-json", "-", "--force", stdin="[1]")
    assert refused.code == 2


def test_the_body_is_replaced_and_appended(loop: Loop) -> None:
    head = loop.path().read_bytes().split(b"\n---\n")[0]
    done = update(loop, "tsk-019-14", "--body-file", "-", stdin="새 본문")
    assert done["body"] == "새 본문"
    assert (done["modified_fields"], done["diff"]["body"]["new"]) == (["body"], "새 본문")
    done = update(loop, "tsk-019-14", "--append-body", "-", "status=doing", stdin="끝\n")
    assert done["body"] == "새 본문\n끝\n"
    assert loop.path().read_bytes().endswith("\n---\n새 본문\n끝\n".encode())
    assert without_updated(head) in without_updated(loop.path().read_bytes()).replace(
        b"status: doing ", b"status: todo "
    )


def test_crlf_stays_crlf(loop: Loop) -> None:
    path = loop.path(f"{loop.TASKS}/tsk-019-07.md")
    before = path.read_bytes()
    update(loop, "tsk-019-07", "status=doing", "tags+=x", "notes=a")
    after = path.read_bytes()
    assert after.count(b"\n") == after.count(b"\r\n") == before.count(b"\r\n") + 1
    assert b"status: doing   # waits for tsk-019-14\r\n" in after
    update(loop, "tsk-019-07", "--append-body", "-", stdin="end\r\n")
    assert path.read_bytes().endswith(b"\r\nend\r\n")


def test_no_final_newline_stays_so(loop: Loop) -> None:
    path = loop.path("50_Projects/2026/prj-020_입문_안내서/Tasks/tsk-020-01.md")
    tail = path.read_bytes().split(b"\n---\n")[1]
    assert not tail.endswith(b"\n")
    update(loop, "tsk-020-01", "status=done", "tags+=x")
    assert path.read_bytes().split(b"\n---\n")[1] == tail


@pytest.mark.parametrize(
    ("entity_id", "change"),
    [
        ("ns-001", "notes=확인함"),
        ("mh-1", "confidence=0.7"),
        ("cond-a", "risk_level=critical"),
        ("trk-1", "quarter_objectives.2026Q2.owner=ops"),
        ("pgm-vault-care", "process_steps+=회고"),
        ("prj-019", "expected_impact.target=1건"),
        ("prj-020", "summary=짧게"),
        ("tsk-020-02", 'entity_name=It\'s "fixed": 끝'),
        ("hyp-1-01", "failure_criteria=한 건이라도"),
        ("exp-001", "outcome=positive"),
        ("ev-001", "attribution_share=0.75"),
        ("retro-001-01", "signals-=하루에 한 번 배포"),
    ],
)
def test_every_type_of_the_sample_vault_can_be_updated(
    loop: Loop, entity_id: str, change: str
) -> None:
    path = loop("get", entity_id, "--path").out.strip()
    before = loop.path(path).read_bytes()
    document = update(loop, entity_id, change, forced=False)
    assert document["changed"] is True
    models.AuditRecord.model_validate(loop.records[-1])
    field = re.split(r"[+-]?=|\.", change)[0]
    assert_only_changed(loop, document, field, before=before)
    again = update(loop, entity_id, change)
    assert (again["changed"], len(loop.records)) == (False, 1)


def test_people_see_the_change_and_the_new_revision(loop: Loop) -> None:
    done = loop("update", "tsk-019-14", "status=doing", "tags+=x", "--force")
    assert done.code == 0
    assert "todo → doing" in done.out
    assert "+ x" in done.out
    record = loop.records[-1]
    for text in (record["run_id"], record["metadata"]["etag_after"]):
        assert text in done.out
    assert done.err == ""


def test_a_conditional_field_that_is_no_date_warns_only(loop: Loop) -> None:
    document = update(loop, "tsk-020-01", "type=bug")
    words = "target_project is required when type in [dev, bug]"
    assert document["warnings"] == [words]
    again = loop("update", "tsk-020-01", "priority=low", "--force")
    assert (again.code, again.err) == (0, f"loop: warning: {words}\n")


def test_a_date_that_is_required_is_today_s(loop: Loop) -> None:
    document = update(loop, "tsk-019-14", "status=done")
    today = document["fields"]["closed"]
    said = f"closed was set to {today}: it is required when status = done"
    assert today in {time.strftime("%Y-%m-%d"), document["updated_at"][:10]}
    assert document["warnings"] == [said]
    assert document["modified_fields"] == ["status", "closed"]
    undone = loop("undo", "tsk-019-14", "--yes", "--json").json
    assert undone
    assert "closed" not in loop("get", "tsk-019-14", "--json").json["fields"]


def test_a_date_that_is_required_can_t_be_removed_in_any_form(loop: Loop) -> None:
    done = ("update", "tsk-019-14", "status=done", "--force")
    forms: list[tuple[str, ...]] = [("closed!",), ("--unset", "closed"), ("closed:=null",)]
    for form in forms:
        refused = loop(*done, *form, "--json")
        (problem,) = refused.error["problems"]
        assert (refused.code, problem["field"], problem["problem"]) == (6, "closed", "required")
    bulk = ("update", "--where", "entity_id=tsk-019-14,tsk-019-13", "status=done", "--yes")
    assert loop(*bulk, "closed!").code == 6
    line = '{"id": "tsk-019-14", "set": {"status": "done"}, "unset": ["closed"]}'
    assert loop("apply", "-", "--force", stdin=line).code == 6
    assert loop("apply", "-", "--force", "--atomic", stdin=line).code == 6
    assert loop.records == []


@pytest.mark.parametrize("change", [("prj-019", "status=done"), ("tsk-020-01", "type=dev")])
def test_where_a_write_warns_check_does_too(change: tuple[str, str], loop: Loop) -> None:
    assert len(update(loop, *change)["warnings"]) == 1

    checked = loop("check", change[0], "--json")

    (finding,) = checked.json["findings"]
    assert checked.code == 0
    assert (finding["rule"], finding["severity"]) == ("missing-conditional", "warning")
    assert loop("check", change[0], "--strict").code == 6


def test_a_date_that_is_given_stays(loop: Loop) -> None:
    document = update(loop, "tsk-019-14", "status=done", "closed=2026-01-02")
    assert (document["fields"]["closed"], document.get("warnings", [])) == ("2026-01-02", [])
    reopened = update(loop, "tsk-019-14", "status=doing")
    assert reopened["modified_fields"] == ["status"]


def test_source_and_actor_are_never_taken_from_the_environment(loop: Loop) -> None:
    update(loop, "tsk-019-14", "status=doing")
    names = ("USER", "LOGNAME", "LNAME", "USERNAME", "SUDO_USER", "ACTOR")
    lies: dict[str, str | None] = dict.fromkeys(names, "mallory")
    lies |= {"LOOP_ACTOR": "mallory", "LOOP_SOURCE": "ui", "LOOP_USER": "mallory"}
    assert loop("update", "tsk-019-14", "status=hold", "--force", env=lies).code == 0
    one, two = loop.records
    assert one["actor"] == two["actor"]
    assert (one["source"], two["source"]) == ("cli", "cli")
    for option in ("--actor", "--source", "--user"):
        done = loop("update", "tsk-019-14", "status=todo", "--force", option, "mallory")
        assert done.code == 2


def test_a_run_of_several_commands_has_one_id(loop: Loop) -> None:
    env: dict[str, str | None] = {"LOOP_RUN_ID": RUN}
    for entity_id in ("tsk-019-14", "tsk-019-01"):
        assert loop("update", entity_id, "notes=x", "--force", env=env).code == 0
    update(loop, "tsk-019-14", "notes=y")
    assert [record["run_id"] == RUN for record in loop.records] == [True, True, False]
    found = loop("log", "--run", RUN, "--json")
    assert len(found.lines) == 2


def test_a_private_field_is_recorded_as_its_hash(loop: Loop) -> None:
    loop.write(".loop/config.toml", '[audit]\nprivate = ["notes"]\n')
    done = loop("update", "tsk-019-13", "notes=비밀", "status=hold", "--force", "--json").json
    assert done["diff"]["notes"]["new"] == "비밀"
    entry = loop.records[-1]["diff"]["notes"]
    digest = hashlib.sha256("비밀".encode()).hexdigest()
    assert entry["new"] == {"sha256": digest, "bytes": 6}
    kept = loop.vault / ".loop" / "kept" / entry["old"]["sha256"]
    assert kept.read_text().startswith("결정한 것")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "비밀" not in loop.log_path.read_text()


def update(
    loop: Loop, entity_id: str, *arguments: str, forced: bool = True, stdin: str | None = None
) -> dict[str, Any]:
    """Update and give the document; with the etag as precondition where not forced."""
    permit = ("--force",) if forced else ("--if-match", loop.etag(entity_id))
    done: Done = loop("update", entity_id, *arguments, *permit, "--json", stdin=stdin)
    document: dict[str, Any] = done.json
    return document


def assert_only_changed(
    loop: Loop, document: dict[str, Any], field: str, *, before: bytes | None = None
) -> None:
    """Every line outside the field and `updated` is in the file as it was."""
    if before is None:
        record = loop.records[-1]["metadata"]["path"]
        assert record == document["path"]
        return
    after = loop.path(document["path"]).read_bytes()
    kept = [line for line in before.splitlines(True) if line[:1] not in b" -" or b"#" in line]
    named = (field.encode() + b":", b"updated:")
    missing = [line for line in kept if line not in after and not line.startswith(named)]
    assert missing == []
    assert after.partition(b"\n---")[2] == before.partition(b"\n---")[2]


def without_updated(data: bytes) -> bytes:
    return re.sub(rb"(?m)^updated:.*$", b"", data)
