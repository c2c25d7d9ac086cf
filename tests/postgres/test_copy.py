"""A copy has every byte: there and back, and it goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.operations import copying
from loop_cli.postgres import whole
from loop_cli.postgres.address import parse
from loop_cli.vault.upkeep.whole import WholeFolder
from tests.cli.conftest import Loop, new_loop
from tests.postgres.vaults import dropped, fresh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from loop_cli.core.whole import WholeFile

_OWN = (".loop/lock", ".loop/staged")


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Every file with the hash of its bytes and its time in microseconds."""
    found = {}
    for place in root.rglob("*"):
        path = place.relative_to(root).as_posix()
        if place.is_file() and not path.startswith(_OWN):
            modified = place.stat().st_mtime_ns // 1000
            is_log = path.startswith("_build/audit_log")
            digest = hashlib.sha256(place.read_bytes()).hexdigest()
            found[path] = (digest, 0 if is_log else modified)
    return found


@pytest.fixture
def busy(tmp_path: Path) -> Loop:
    """`loop` on a vault with a history: changes, a deletion, an edit outside, two segments."""
    loop = new_loop(tmp_path)
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    assert loop("delete", "tsk-019-13", "--force", "--orphan", "--yes").code == 0
    assert loop("audit", "rotate").code == 0
    assert loop("update", "tsk-019-14", "priority=low", "--force").code == 0
    loop.write("Notes/그림 1.bin", "\0\1binary")
    path = loop.path(loop.TASK)
    path.write_bytes(path.read_bytes().replace(b"status: doing", b"status: hold"))
    with loop.log_path.open("ab") as log:
        log.write(b'not a record\n\n{"entity_id": "tsk-019-14", "source": "ui"}')
    return loop


def test_there_and_back_is_the_same_tree_and_log(
    busy: Loop, tmp_path: Path, postgres_vault: str
) -> None:
    before = busy("list", "--json", "--sort", "-updated_at")
    done = busy("copy", str(busy.vault), postgres_vault, "--json")
    assert done.json["verified"]
    back = tmp_path / "back"

    assert busy("copy", postgres_vault, str(back), "--json").json["files"] == done.json["files"]

    assert tree(back) == tree(busy.vault)
    for place in (postgres_vault, str(back)):
        assert busy("list", "--json", "--sort", "-updated_at", "--vault", place).out == before.out
        history = busy("history", "tsk-019-14", "--json", "--vault", place).out
        assert history == busy("history", "tsk-019-14", "--json").out
        restored = busy("undo", "--id", "tsk-019-13", "--dry-run", "--json", "--vault", place)
        assert restored.code == busy("undo", "--id", "tsk-019-13", "--dry-run", "--json").code


def test_a_line_that_was_not_ended_ends_before_the_next(
    busy: Loop, tmp_path: Path, postgres_vault: str
) -> None:
    before = busy.log_path.read_bytes()
    assert not before.endswith(b"\n")
    assert busy("copy", str(busy.vault), postgres_vault).code == 0
    changing = ("update", "tsk-019-14", "status=done", "--force")
    assert busy(*changing, "--vault", postgres_vault).code == 0

    assert busy("copy", postgres_vault, str(tmp_path / "back")).code == 0

    after = (tmp_path / "back" / "_build/audit_log.jsonl").read_bytes()
    added = after.removeprefix(before)
    assert (added[:1], added.count(b"\n"), added[-1:]) == (b"\n", 2, b"\n")
    assert json.loads(added)["diff"]["status"]["new"] == "done"


def test_a_check_names_files_by_their_paths(busy: Loop, postgres_vault: str) -> None:
    assert busy("copy", str(busy.vault), postgres_vault).code == 0
    whole_ = json.loads(busy("check", "--json", "--vault", postgres_vault).out)["findings"]
    path = whole_[0]["path"]

    found = json.loads(busy("check", path, "--json", "--vault", postgres_vault).out)["findings"]

    assert found == [one for one in whole_ if one["path"] == path]
    shown = busy("check", path, "--github", "--vault", postgres_vault).out
    assert f"file={path.split('/')[0]}" in shown
    for words in (("audit", "rotate"), ("audit", "redact", "tsk-019-14", "--field", "status")):
        done = busy(*words, "--yes", "--vault", postgres_vault)
        assert done.code == 2
        assert "it needs a folder" in done.err or "No such option" in done.err


def test_the_corpus_there_and_back(corpus: Path, tmp_path: Path, postgres_vault: str) -> None:
    loop = Loop(vault=corpus, home=tmp_path)
    back = tmp_path / "back"
    for source, target in ((str(corpus), postgres_vault), (postgres_vault, str(back))):
        done = loop("copy", source, target, "--json")
        assert done.code == 0, done.err
    assert tree(back) == tree(corpus)
    verified = [
        json.loads(loop("audit", "verify", "--json", "--vault", one).out)
        for one in (str(corpus), postgres_vault)
    ]
    assert verified[0] == verified[1]
    listed = [loop("list", "--json", "--vault", one).out for one in (str(corpus), postgres_vault)]
    assert listed[0] == listed[1]
    checked = [
        json.loads(loop("check", "--json", "--vault", one).out)["findings"]
        for one in (str(corpus), postgres_vault)
    ]
    assert checked[0] == checked[1]


def test_to_the_same_kind(busy: Loop, tmp_path: Path, postgres: str, postgres_vault: str) -> None:
    again = tmp_path / "again"
    assert busy("copy", str(busy.vault), str(again)).code == 0
    assert tree(again) == tree(busy.vault)
    assert busy("copy", str(again), postgres_vault).code == 0
    other = fresh(postgres)
    try:
        assert busy("copy", postgres_vault, other).code == 0
        assert busy("get", "tsk-019-14", "--vault", other).code == 0
    finally:
        dropped(other)


def test_a_log_at_a_place_that_the_settings_name(
    busy: Loop, tmp_path: Path, postgres_vault: str
) -> None:
    busy.write(".loop/config.toml", '[files]\nlog = "history"\n')
    log = next(busy.vault.rglob("audit_log.jsonl"))
    (busy.vault / "history").mkdir()
    for one in log.parent.glob("audit_log*.jsonl"):
        one.rename(busy.vault / "history" / one.name)
    back = tmp_path / "back"
    lines = len((busy.vault / "history" / "audit_log.jsonl").read_bytes().splitlines())
    assert lines

    for source, target in ((str(busy.vault), postgres_vault), (postgres_vault, str(back))):
        assert busy("copy", source, target, "--json").json["lines"] >= lines

    assert bytes_in(back / "history") == bytes_in(busy.vault / "history")
    places = (str(busy.vault), postgres_vault, str(back))
    told = [busy("log", "--json", "--vault", place).out for place in places]
    assert told[0].count("run_id") > 1
    assert told[0] == told[1] == told[2]


class TestRefusals:
    def test_a_target_that_is_not_empty(self, busy: Loop, postgres_vault: str) -> None:
        assert busy("copy", str(busy.vault), postgres_vault).code == 0
        for source, target in (
            (str(busy.vault), postgres_vault),
            (postgres_vault, str(busy.vault)),
        ):
            done = busy("copy", source, target)
            assert done.code == 2
            assert "not empty" in done.err

    def test_a_vault_that_is_not_there(self, busy: Loop, postgres_vault: str) -> None:
        for command in (
            ("copy", postgres_vault, "/nowhere/x"),
            ("list", "--vault", postgres_vault),
        ):
            done = busy(*command)
            assert done.code == 3
            assert "has none" in done.err

    def test_a_vault_of_a_newer_loop(self, busy: Loop, postgres_vault: str) -> None:
        assert busy("init", postgres_vault).code == 0
        at = parse(postgres_vault)
        with psycopg.connect(at.conninfo, autocommit=True) as connection:
            connection.execute(
                f"UPDATE {at.schema}.note SET value = '99' WHERE name = 'version'".encode()
            )
        done = busy("list", "--vault", postgres_vault)
        assert done.code == 2
        assert "a newer loop has migrated it" in done.err

    def test_itself(self, busy: Loop) -> None:
        assert busy("copy", str(busy.vault), str(busy.vault / "inside")).code == 2


class _Breaks(WholeFolder):
    """A source that breaks after some files."""

    def __init__(self, root: str, after: int) -> None:
        super().__init__(root)
        self._after = after

    def files(self) -> Any:
        for number, one in enumerate(super().files()):
            if number == self._after:
                raise ConnectionResetError
            yield one


@pytest.mark.parametrize("after", [1, 7])
def test_what_was_interrupted_goes_on(
    busy: Loop, postgres_vault: str, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(copying, "_BATCH", 3)
    put: list[str] = []

    def opened() -> whole.WholeDatabase:
        return whole.opened(postgres_vault, names=FieldNames(), clock=lambda: 0, make=True)

    target = opened()
    with pytest.raises(ConnectionResetError):
        copying.copy(_Breaks(str(busy.vault), after), target)
    target.close()
    assert busy("list", "--vault", postgres_vault).code == 2  # it is no vault yet

    class Counted(whole.WholeDatabase):
        def put_files(self, files: Sequence[WholeFile]) -> None:
            put.extend(one.path for one in files)
            super().put_files(files)

    target = Counted(opened()._handle)
    result = copying.copy(WholeFolder(str(busy.vault)), target)
    target.close()

    assert result.resumed
    assert result.new_files == len(put) == result.files - after // 3 * 3
    assert busy("list", "--vault", postgres_vault).code == 0


@pytest.mark.parametrize("killed", [False, True])
def test_several_processes_fill_a_vault(
    busy: Loop, postgres_vault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """It is the vault that one process makes; those that die are no harm."""
    for number in range(40):  # some have one id in two files, which the log tells apart
        name = f"new-{number % 30}"
        head = f"entity_type: Note\nentity_id: {name}\nentity_name: 회의 {number}\n"
        busy.write(f"work/{number:02}.md", f"---\n{head}---\nA body.\n")
    busy("update", "new-3", "n:=1", "--force", "--path", "work/33.md")
    monkeypatch.setattr(copying, "_BATCH", 3)
    monkeypatch.setattr(whole, "_FEW", 2)
    target = whole.opened(postgres_vault, names=FieldNames(), clock=lambda: 0, make=True)
    ended: list[int] = []

    def told(_done: int) -> None:
        if killed and target._filling is not None and not ended:
            for one in target._filling.processes:
                ended.append(one.process.pid or 0)
                one.process.kill()

    result = copying.copy(WholeFolder(str(busy.vault)), target, told=told)
    assert bool(ended) == killed
    assert target._filling is not None
    target.close()

    alone = fresh_beside(postgres_vault)
    try:
        monkeypatch.setattr(whole, "_FEW", 1_000)
        assert busy("copy", str(busy.vault), alone).code == 0
        assert rows_of(postgres_vault) == rows_of(alone)
        assert len(rows_of(alone)) == result.files
    finally:
        dropped(alone)


def fresh_beside(address: str) -> str:
    """The address of another vault of the same database."""
    return fresh(address.rpartition("vault=")[0].rstrip("?&"))


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def rows_of(address: str) -> list[Any]:
    """All that the database says of the files."""
    at = parse(address)
    with psycopg.connect(at.conninfo) as connection:
        query = f"SELECT * FROM {at.schema}.file ORDER BY path"
        return connection.execute(query.encode()).fetchall()


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, check=True, text=True
    )
    return done.stdout


@pytest.mark.parametrize("kind", ["folder", "postgres"])
def test_an_export_has_a_commit_for_each_run(
    tmp_path: Path, postgres_vault: str, kind: str
) -> None:
    loop = new_loop(tmp_path)
    texts = [loop.path(loop.TASK).read_bytes()]
    for status in ("doing", "done"):
        assert loop("update", "tsk-019-14", f"status={status}", "--force").code == 0
        texts.append(loop.path(loop.TASK).read_bytes())
    assert loop("delete", "tsk-019-13", "--force", "--orphan", "--yes").code == 0
    loop.write("Notes/new.md", "written outside\n")
    place = str(loop.vault)
    if kind == "postgres":
        assert loop("copy", place, postgres_vault).code == 0
        place = postgres_vault
    target = tmp_path / "history"

    done = loop("export", "--git", str(target), "--vault", place, "--json")

    assert done.json["commits"] == 3
    titles = git(target, "log", "--reverse", "--format=%s").splitlines()
    assert titles[0] == "The vault before the first recorded change"
    assert titles[1].startswith("update tsk-019-14 (status")
    assert titles[3].startswith("delete tsk-019-13")
    authors = set(git(target, "log", "--format=%an", "-3", "--skip=0").splitlines())
    assert any(one.startswith("user:") for one in authors)
    for number, commit in enumerate(git(target, "rev-list", "--reverse", "main").split()[1:3]):
        shown = subprocess.run(
            ["git", "-C", str(target), "cat-file", "blob", f"{commit}:{loop.TASK}"],
            capture_output=True,
            check=True,
        ).stdout
        assert shown == texts[number + 1]
    for place_, (digest, _time) in tree(loop.vault).items():
        if not place_.startswith(("_build", ".loop/kept")):
            there = hashlib.sha256((target / place_).read_bytes()).hexdigest()
            assert there == digest, place_
    assert not os.path.exists(target / loop.TASKS / "tsk-019-13.md")

    assert loop("update", "tsk-019-14", "status=todo", "--force", "--vault", place).code == 0
    again = loop("export", "--git", str(target), "--vault", place, "--json")
    assert again.json["commits"] == 1
    assert "update tsk-019-14" in git(target, "log", "-1", "--format=%s")
    assert loop("export", "--git", str(target), "--vault", place, "--json").json["commits"] == 0
