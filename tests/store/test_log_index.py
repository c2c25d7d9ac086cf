"""The cache of the log: whatever happens to the log, it answers what reading the log answers."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.errors import StorageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.vault import VaultLayout
from loop_cli.vault.index import cache as working
from loop_cli.vault.index.cache import LAYOUT, Cache
from loop_cli.vault.log import lines, log_index
from loop_cli.vault.log import log as log_module
from loop_cli.vault.log.lines import Segment
from loop_cli.vault.log.log import AuditLog
from loop_cli.vault.log.segments import OpenLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CACHE = f"index-{LAYOUT}.sqlite"
KEYS = ("열쇠 1", "열쇠 2", "no key")
IDS = ("tsk-1", "tsk-11", "가나-2", "a b")


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of one line is long enough for the cache; a tail of 200 bytes is covered; two records
    are looked up at a time; and every line is read in pieces."""
    monkeypatch.setattr(log_module, "LONG", 1)
    monkeypatch.setattr(log_index, "TAIL", 200)
    monkeypatch.setattr(log_index, "AT_A_TIME", 2)
    monkeypatch.setattr(log_index, "_BLOCK", 50)
    monkeypatch.setattr(log_index, "_ONE_LINE", 16)


def _line(entity_id: str, number: int, *, escaped: bool = False) -> bytes:
    metadata = {"etag_after": "0" * 16, "idempotency_key": f"열쇠 {number % 3}"}
    data = {"entity_id": entity_id, "number": number, "metadata": metadata}
    return json.dumps(data, ensure_ascii=escaped).encode() + b"\n"


def _numbers(log: AuditLog, entity_id: str) -> list[int]:
    return [record.data["number"] for record in log.records_of(entity_id, path=None)]


def _with_key(log: AuditLog, key: str) -> list[int]:
    return [record.data["number"] for record in log.records_with_key(key)]


def _append(root: Path, data: bytes) -> None:
    (root / "_build").mkdir(exist_ok=True)
    with open(root / "_build" / "audit_log.jsonl", "ab") as file:
        file.write(data)


def _rotate(root: Path, name: int) -> None:
    active = root / "_build" / "audit_log.jsonl"
    if active.exists():
        active.rename(root / "_build" / f"audit_log.{name:08d}.jsonl")


def _disturb(root: Path, cache: Path, step: str, number: int) -> None:
    match step:
        case "rotate":
            _rotate(root, number)
        case "garbage":
            _append(root, b"no json\n" + b"x" * 300 + b"\n[1]\n\n")
        case "unterminated":
            _append(root, _line("tsk-1", number).rstrip(b"\n"))
        case "rewrite":
            for path in (root / "_build").glob("*.jsonl"):
                path.write_bytes(path.read_bytes().replace(b'"number": 1', b'"number":  1'))
        case "cache gone":
            cache.unlink(missing_ok=True)
        case "bad cache" if cache.parent.exists():
            cache.write_bytes(b"this is no database" * 100)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(IDS), st.booleans()),
        st.sampled_from(
            ["rotate", "garbage", "unterminated", "rewrite", "cache gone", "bad cache"]
        ),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_the_cache_answers_as_the_log_does(
    steps: list[tuple[str, bool] | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("vault")
    cached, plain = (
        AuditLog(VaultLayout(str(root)), cache=Cache(str(root / "cache"))),
        AuditLog(VaultLayout(str(root))),
    )
    cache = root / "cache" / CACHE
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            _append(root, _line(step[0], number, escaped=step[1]))
        else:
            _disturb(root, cache, step, number)
        for entity_id in IDS:
            assert _numbers(cached, entity_id) == _numbers(plain, entity_id)
        for key in KEYS:
            assert _with_key(cached, key) == _with_key(plain, key)


def test_only_the_tail_of_a_covered_log_is_read(tmp_path: Path) -> None:
    _append(tmp_path, b"".join(_line("tsk-1", number) for number in range(200)))
    log = AuditLog(VaultLayout(str(tmp_path)), cache=Cache(str(tmp_path / "cache")))
    covered = "SELECT value FROM note WHERE name = 'covered'"
    assert _numbers(log, "tsk-1")[0] == 199
    with sqlite3.connect(tmp_path / "cache" / CACHE) as database:
        (before,) = database.execute(covered).fetchone()
    assert before.startswith(f"{os.path.getsize(log.path)} ")
    _append(tmp_path, _line("tsk-1", 200))
    assert _numbers(log, "tsk-1")[:2] == [200, 199]
    with sqlite3.connect(tmp_path / "cache" / CACHE) as database:
        assert database.execute(covered).fetchone() == (before,)


@pytest.mark.parametrize("read", range(1, 6))
def test_a_cache_that_is_damaged_between_two_look_ups(tmp_path: Path, read: int) -> None:
    _append(tmp_path, b"".join(_line("tsk-1", number) for number in range(5)))
    cache = Cache(str(tmp_path / "cache"))
    records = AuditLog(VaultLayout(str(tmp_path)), cache=cache).records_of("tsk-1", path=None)

    first = [next(records).data["number"] for _ in range(read)]
    cache.close()
    (tmp_path / "cache" / CACHE).write_bytes(b"this is no database" * 100)
    for suffix in ("-wal", "-shm"):
        (tmp_path / "cache" / (CACHE + suffix)).unlink(missing_ok=True)

    assert first + [one.data["number"] for one in records] == [4, 3, 2, 1, 0]


def test_a_cache_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    _append(tmp_path, _line("tsk-1", 1))
    (tmp_path / "cache").write_text("a file")
    cache = Cache(str(tmp_path / "cache"))
    assert _numbers(AuditLog(VaultLayout(str(tmp_path)), cache=cache), "tsk-1") == [1]
    assert "can't be used" in cache.notices[0]


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("cached", [False, True])
def test_a_line_that_is_longer_than_any_record_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: bool, end: bytes
) -> None:
    """A hole of gigabytes in the log would fill the memory."""
    monkeypatch.setattr(lines, "MAX_LINE", 1 << 18)
    _append(tmp_path, _line("tsk-1", 1) + b"\0" * (1 << 19) + end)
    cache = Cache(str(tmp_path / "cache")) if cached else None
    with pytest.raises(StorageError, match="a line of the audit log has over 262,144 bytes"):
        _numbers(AuditLog(VaultLayout(str(tmp_path)), cache=cache), "tsk-1")
    with (
        pytest.raises(StorageError, match=r"_build/audit_log.jsonl:2 has over 262,144 bytes"),
        OpenLog(AuditLog(VaultLayout(str(tmp_path)))) as log,
    ):
        list(log.lines())


def test_a_key_is_found_without_reading_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _append(tmp_path, b"".join(_line("tsk-1", number) for number in range(200)))
    log = AuditLog(VaultLayout(str(tmp_path)), cache=Cache(str(tmp_path / "cache")))
    monkeypatch.delattr(AuditLog, "_lines")

    assert _with_key(log, "열쇠 2") == list(range(197, 0, -3))


def test_caches_of_versions_before_this_one_go_when_a_new_one_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    old = [f"index-{LAYOUT - 1}.sqlite{suffix}" for suffix in ("", "-wal", "-shm")]
    others = [f"index-{LAYOUT + 1}.sqlite", "ids-1.tsv", "index-x.sqlite", "index.sqlite"]
    for name in (*old, *others):
        (folder / name).write_bytes(b"")

    Cache(str(folder)).run(lambda database: None)

    left = {path.name for path in folder.iterdir()}
    assert left - {CACHE, f"{CACHE}-wal", f"{CACHE}-shm"} == set(others)


class TestProgress:
    """A long log takes its time, and whoever waits sees how far it is."""

    @pytest.fixture
    def shown(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []

        class Shown:
            def __init__(self, what: str, *, unit: str) -> None:
                self.what = f"{what}, {unit}"

            def __enter__(self) -> Callable[[int], None]:
                return lambda count: found.append((self.what, count))

            def __exit__(self, *_raised: object) -> None:
                found.append((self.what, -1))

        monkeypatch.setattr(working, "progress", Shown)
        monkeypatch.setattr(log_index, "_TOLD", 50)
        return found

    def test_covering_tells_how_many_lines_were_read(
        self, tmp_path: Path, shown: list[tuple[str, int]]
    ) -> None:
        _append(tmp_path, b"".join(_line("tsk-1", number) for number in range(120)))

        next(
            AuditLog(VaultLayout(str(tmp_path)), cache=Cache(str(tmp_path / "cache"))).records_of(
                "tsk-1", path=None
            )
        )

        assert shown == [("reading the audit log, lines", count) for count in (50, 100, -1)]

    def test_what_is_covered_is_not_read_again(
        self, tmp_path: Path, shown: list[tuple[str, int]]
    ) -> None:
        _append(tmp_path, _line("tsk-1", 1))
        log = AuditLog(VaultLayout(str(tmp_path)), cache=Cache(str(tmp_path / "cache")))
        for _time in range(2):
            assert _numbers(log, "tsk-1") == [1]

        assert len(shown) == 1


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
def test_batches_of_any_size_leave_the_same_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """With records that are undone, at paths of their own, and of other programs."""
    monkeypatch.setattr(log_index, "_BATCH", batch)
    written: list[bytes] = []
    for number in range(12):
        metadata: dict[str, object] = {"etag_before": f"{number}", "etag_after": f"{number + 1}"}
        metadata |= {"path": f"{number % 2}.md", "updated_after": f"2026-01-{number + 1:02}"}
        if number % 3:
            metadata["previous"] = None
        if number == 9:  # it takes back the record before it, which made the entity
            metadata |= {"etag_after": None, "rolled_back": sha256_hex(written[-1])}
        data = {"entity_id": IDS[number % 2 if number < 8 else 0], "metadata": metadata}
        written.append(json.dumps(data).encode())
    _append(tmp_path, b"".join(line + b"\n" for line in written))
    cache = Cache(str(tmp_path / "cache"))
    AuditLog(VaultLayout(str(tmp_path))).cover(cache)

    rows = cache.run(lambda database: database.execute("SELECT * FROM last").fetchall())
    last = {(bytes(row[0]), bytes(row[1])): (row[4], bool(row[6])) for row in rows}
    assert last == {
        (b"tsk-1", b""): ("12", True),
        (b"tsk-1", b"0.md"): ("11", True),
        (b"tsk-1", b"1.md"): ("12", True),
        (b"tsk-11", b""): ("8", True),
        (b"tsk-11", b"1.md"): ("8", True),
    }
    count = cache.run(lambda database: database.execute("SELECT count(*) FROM record").fetchone())
    assert count == (12,)


def test_one_who_opened_the_log_before_others_covered_more_leaves_it_covered(
    tmp_path: Path,
) -> None:
    """The log has grown since; it was not rewritten."""
    _append(tmp_path, b"".join(_line("tsk-1", number) for number in range(20)))
    cache = Cache(str(tmp_path / "cache"))
    log = AuditLog(VaultLayout(str(tmp_path)), cache=cache)
    with open(log.path, "rb") as file:
        early = Segment(descriptor=file.fileno(), start=0, size=os.path.getsize(log.path))
        _append(tmp_path, b"".join(_line("tsk-11", number) for number in range(20)))
        log.cover(cache)
        steps: list[str] = []
        cache.run(lambda database: database.set_trace_callback(steps.append))

        cache.run(lambda database: log_index.LogIndex(database, [early]).cover())

    assert not [step for step in steps if step.startswith("DELETE")]
    assert _numbers(log, "tsk-11") == [*range(19, -1, -1)]
