"""Whatever happens to a log, it verifies clean; and whatever byte is altered, it does not."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loop_cli.core.upkeep import ToRedact
from loop_cli.errors import EntityNotFound, InvalidChange
from loop_cli.vault.log.lines import parse_line
from loop_cli.vault.log.migrate import migrate
from loop_cli.vault.log.redact import redact
from loop_cli.vault.log.rotate import rotate
from loop_cli.vault.log.verify import verify

from .conftest import ID, Vault

OTHER = "tsk-019-01"
FIELDS = ("notes", "status", "body")
FOREIGN = (
    b'{"entity_id":"tsk-019-14","source":"ui","diff":{"notes":{"old":"1","new":"2"}}}\n',
    b'{"entity_id":"tsk-019-01","source":"api","action":"update"}\n',
    b"not JSON\n",
    b"\n  \n",
    b'{"entity_id": "torn',
    b'"previous"\xff\n',
)
OLD = (
    b'{"timestamp":"2025-12-01","action":"update","entity_type":"Task",'
    b'"entity_id":"tsk-019-14","user":"api","details":null}\n'
)

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), max_size=12)
steps = st.one_of(
    st.tuples(st.just("update"), st.sampled_from([ID, OTHER]), texts),
    st.tuples(st.just("others"), st.sampled_from(FOREIGN), st.none()),
    st.tuples(st.just("redact"), st.sampled_from([ID, OTHER]), st.sampled_from(FIELDS)),
    st.tuples(st.just("rotate"), st.integers(-7_200, 7_200), st.none()),
    st.tuples(st.just("edit"), st.none(), st.none()),
    st.tuples(st.just("migrate"), st.none(), st.none()),
)
patient = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def take(vault: Vault, step: tuple[str, object, object]) -> None:
    kind, what, more = step
    if kind == "update":
        vault.update(f"notes={more}", "status=doing", entity_id=str(what))
    elif kind == "others":
        assert isinstance(what, bytes)
        vault.append(what)
    elif kind == "redact":
        with suppress(EntityNotFound, InvalidChange):
            wanted = ToRedact(entity_id=str(what), field=str(more))
            redact(vault.store.handle, wanted, origin=vault.origin)
    elif kind == "rotate":
        assert isinstance(what, int)
        vault.now += what * 1_000_000
        rotate(vault.store.handle, at_least=0)
    elif kind == "edit":
        path = vault.task()
        path.write_bytes(path.read_bytes() + b"more\n")
    else:
        old = vault.root / "_build" / "audit.log"
        old.parent.mkdir(exist_ok=True)
        old.write_bytes(OLD)
        migrate(vault.store.handle, None, dry_run=False)


@patient
@given(st.lists(steps, max_size=14))
def test_any_course_of_events_verifies_clean(course: list[tuple[str, object, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "vault")
        for step in course:
            take(vault, step)
            assert verify(vault.store.handle).problems == ()
        found = verify(vault.store.handle)
        written = [one for one in map(parse_line, vault.lines) if one is not None and one.is_own]
        assert found.own == len(written)
        if not any(kind == "edit" for kind, _what, _more in course):
            assert found.edited_outside == ()


@patient
@given(st.lists(steps, max_size=10), st.data())
def test_any_altered_byte_of_a_line_that_is_not_the_last_is_found(
    course: list[tuple[str, object, object]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "vault")
        path, start, length = data.draw(st.sampled_from(guarded(vault, course)))
        place = start + data.draw(st.integers(0, length - 1))
        content = bytearray(path.read_bytes())
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        assert verify(vault.store.handle).problems != ()


@patient
@given(st.lists(steps, max_size=10), st.data())
def test_any_missing_records_before_the_last_are_found(
    course: list[tuple[str, object, object]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "vault")
        places = guarded(vault, course)
        gone = data.draw(st.lists(st.sampled_from(places), min_size=1, unique=True))
        for path, start, length in sorted(gone, reverse=True):
            content = path.read_bytes()
            path.write_bytes(content[:start] + content[start + length + 1 :])
        assert verify(vault.store.handle).problems != ()


def guarded(vault: Vault, course: list[tuple[str, object, object]]) -> list[tuple[Path, int, int]]:
    """After a course of events, loop's records but for the last: file, first byte, length."""
    vault.update("notes=first")
    for step in course:
        take(vault, step)
    vault.update("notes=one before the last")
    vault.update("notes=last")
    return [
        (path, offset, len(line))
        for path in vault.segments
        for offset, line in with_offsets(path.read_bytes())
        if (record := parse_line(line)) is not None and record.is_own
    ][:-1]


def with_offsets(content: bytes) -> list[tuple[int, bytes]]:
    """The lines of a file, each with the place of its first byte."""
    found, start = [], 0
    for line in content.split(b"\n"):
        found.append((start, line))
        start += len(line) + 1
    return found
