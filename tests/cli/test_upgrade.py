"""`loop init --upgrade`: what an older `loop init` made moves to `.loop/`, whatever happens."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.vault import ACTIVE_LOG, LOOP, OWN_SCHEMA, SHARED_SCHEMA
from loop_cli.vault.log.verify import verify
from loop_cli.vault.store import VaultStore
from loop_cli.vault.upkeep import upgrade

from .conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Loop

POST = "---\ntitle: {title}\nrating: 3\n---\nHello\n"
CALLS = ("linkat", "renameat2", "renameat", "unlinkat", "fsync", "ftruncate", "rmdir", "mkdirat")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")


def new(loop: Loop) -> None:
    """The folder of a site, made a vault by `loop init`."""
    shutil.rmtree(loop.vault)
    for name in ("one", "two", "three"):
        loop.write(f"posts/{name}.md", POST.format(title=name))
    assert loop("init", str(loop.vault), "--yes").code == 0


def old(loop: Loop, *, rotated: bool = True) -> Loop:
    """The same as an older `loop init` left it, with two records, in two files if `rotated`."""
    new(loop)
    (loop.vault / "00_Meta").mkdir()
    (loop.vault / OWN_SCHEMA).rename(loop.vault / SHARED_SCHEMA)
    assert loop("update", "one", "title=하나", "--force").code == 0
    if rotated:
        assert loop("audit", "rotate").code == 0
    assert loop("update", "two", "title=둘", "--force").code == 0
    assert files(loop) == {"_build": 1 + rotated, ".loop": 0}
    return loop


def files(loop: Loop) -> dict[str, int]:
    """How many files of the log each folder has."""
    return {
        folder: len(list((loop.vault / folder).glob("audit_log*.jsonl")))
        for folder in ("_build", ".loop")
    }


def titles(loop: Loop) -> list[str]:
    """What the records of the vault say, oldest first."""
    records = [json.loads(line) for line in loop("log", "--json").lines]
    return [one["diff"]["title"]["new"] for one in reversed(records) if "title" in one["diff"]]


def is_whole(loop: Loop) -> bool:
    return bool(loop("audit", "verify").code == 0)


class TestMove:
    def test_schema_and_log_are_in_loop(self, loop: Loop) -> None:
        old(loop)
        done = loop("init", str(loop.vault), "--upgrade", "--yes", "--json").json
        assert [one["to"].partition("/")[0] for one in done["moved"]] == [LOOP] * 3
        assert files(loop) == {"_build": 0, ".loop": 2}
        assert sorted(os.listdir(loop.vault)) == [".loop", "posts"]
        assert (titles(loop), is_whole(loop)) == (["하나", "둘"], True)
        assert loop("update", "three", "title=셋", "--force").code == 0
        assert titles(loop) == ["하나", "둘", "셋"]
        assert loop("undo", "one", "--yes").code == 0

    def test_of_a_new_vault_there_is_nothing_to_move(self, loop: Loop) -> None:
        new(loop)
        loop("update", "one", "title=x", "--force")
        assert files(loop) == {"_build": 0, ".loop": 1}
        assert not (loop.vault / "00_Meta").exists()
        assert loop("init", str(loop.vault), "--upgrade", "--json").json["moved"] == []

    def test_twice(self, loop: Loop) -> None:
        old(loop)
        assert loop("init", str(loop.vault), "--upgrade", "--yes").code == 0
        before = content(loop.vault)
        again = loop("init", str(loop.vault), "--upgrade", "--yes", "--json").json
        assert (again["moved"], again["left"], content(loop.vault)) == ([], [], before)

    def test_a_dry_run_moves_nothing(self, loop: Loop) -> None:
        old(loop)
        before = content(loop.vault)
        done = loop("init", str(loop.vault), "--upgrade", "--dry-run", "--json").json
        assert (len(done["moved"]), done["dry_run"]) == (3, True)
        assert content(loop.vault) == before

    def test_it_asks(self, loop: Loop) -> None:
        old(loop)
        before = content(loop.vault)
        assert loop("init", str(loop.vault), "--upgrade").code == 9
        assert content(loop.vault) == before

    def test_other_files_stay(self, loop: Loop) -> None:
        old(loop)
        loop.write("_build/site.css", "a")
        loop.write("00_Meta/members.yaml", "members: {}\n")
        loop("init", str(loop.vault), "--upgrade", "--yes")
        assert (loop.vault / "_build/site.css").exists()
        assert (loop.vault / "00_Meta/members.yaml").exists()
        assert files(loop) == {"_build": 0, ".loop": 2}

    def test_a_field_allowed_before_and_after(self, loop: Loop) -> None:
        old(loop)
        assert loop("schema", "allow", "posts", "mood").code == 0
        loop("init", str(loop.vault), "--upgrade", "--yes")
        assert loop("schema", "allow", "posts", "taste").code == 0
        assert "taste" in (loop.vault / OWN_SCHEMA).read_text()
        assert loop("check", "--json").json["findings"] == []

    @pytest.mark.parametrize("rotated", [True, False])
    def test_a_vault_without_a_schema(self, loop: Loop, rotated: bool) -> None:
        old(loop, rotated=rotated)
        (loop.vault / SHARED_SCHEMA).unlink()
        assert titles(loop) == ["하나", "둘"]
        loop("init", str(loop.vault), "--upgrade", "--yes")
        assert files(loop) == {"_build": 0, ".loop": 1 + rotated}
        assert (titles(loop), is_whole(loop)) == (["하나", "둘"], True)

    def test_a_log_whose_active_file_is_not_there(self, loop: Loop) -> None:
        old(loop)
        (loop.vault / "_build" / ACTIVE_LOG).unlink()
        loop("init", str(loop.vault), "--upgrade", "--yes")
        assert (titles(loop), is_whole(loop)) == (["하나"], True)


class TestShared:
    def test_the_sample_vault_keeps_its_places(self, loop: Loop) -> None:
        assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
        before = content(loop.vault)
        assert loop("init", str(loop.vault), "--upgrade", "--json").json["moved"] == []
        assert content(loop.vault) == before
        assert "old-place" not in loop("check", "--json").out

    def test_so_does_a_vault_whose_settings_name_places(self, loop: Loop) -> None:
        old(loop)
        config = loop.vault / LOOP / "config.toml"
        config.write_text(config.read_text() + '[files]\nlog = "_build"\n')
        assert loop("init", str(loop.vault), "--upgrade", "--json").json["moved"] == []
        assert titles(loop) == ["하나", "둘"]

    def test_another_log_in_the_way_stops_it(self, loop: Loop) -> None:
        old(loop)
        loop.write(f".loop/{ACTIVE_LOG}", '{"entity_id": "x"}\n')
        done = loop("init", str(loop.vault), "--upgrade", "--yes")
        assert (done.code, f".loop/{ACTIVE_LOG}" in done.err) == (1, True)
        assert titles(loop) == ["하나", "둘"]

    def test_a_log_that_came_to_the_old_place_later_is_left(self, loop: Loop) -> None:
        old(loop)
        loop("init", str(loop.vault), "--upgrade", "--yes")
        loop.write(f"_build/{ACTIVE_LOG}", '{"entity_id": "x"}\n')
        done = loop("init", str(loop.vault), "--upgrade", "--yes", "--json").json
        assert done["left"] == [f"_build/{ACTIVE_LOG}"]
        assert titles(loop) == ["하나", "둘"]


class TestSettings:
    def test_other_places(self, loop: Loop) -> None:
        new(loop)
        config = loop.vault / LOOP / "config.toml"
        config.write_text(
            config.read_text() + '[files]\nschema = "meta/s.yaml"\nlog = "meta/log"\n'
        )
        (loop.vault / "meta").mkdir()
        (loop.vault / OWN_SCHEMA).rename(loop.vault / "meta/s.yaml")
        assert loop("update", "one", "title=x", "--force").code == 0
        assert loop("update", "one", "rating=high", "--force").code == 6
        assert files(loop) == {"_build": 0, ".loop": 0}
        assert (loop.vault / "meta/log" / ACTIVE_LOG).exists()
        assert titles(loop) == ["x"]

    @pytest.mark.parametrize(
        "place", ["../log", "/tmp/log", "a/../b", ".git", "~/log", ".loop/a/.b"]
    )
    def test_no_place_outside_or_hidden(self, loop: Loop, place: str) -> None:
        config = loop.vault / LOOP / "config.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(f'[files]\nlog = "{place}"\n')
        assert loop("update", "tsk-019-14", "status=doing", "--force").code == 2


class TestWords:
    def test_the_overview_and_check_say_it(self, loop: Loop) -> None:
        old(loop)
        assert "loop init --upgrade" in loop().out
        assert "old-place" in loop("check", "--json").out
        assert "loop init --upgrade" in loop("init", str(loop.vault), "--yes").err
        for command in (
            ("get", "one", "--json"),
            ("update", "one", "rating=4", "--force", "--json"),
        ):
            assert "upgrade" not in loop(*command).out + loop(*command).err

    def test_after_it_nobody_does(self, loop: Loop) -> None:
        old(loop)
        loop("init", str(loop.vault), "--upgrade", "--yes")
        assert "upgrade" not in loop().out
        assert loop("check", "--json").json["findings"] == []


@needs_strace
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("has_schema", [True, False])
def test_killed_at_any_step(loop: Loop, call: str, has_schema: bool) -> None:
    old(loop)
    if not has_schema:
        (loop.vault / SHARED_SCHEMA).unlink()
    kept = loop.vault.with_name("as it was")
    loop.vault.rename(kept)
    for number in range(1, 40):
        shutil.rmtree(loop.vault, ignore_errors=True)
        shutil.copytree(kept, loop.vault)
        if not is_killed(loop, call, number):
            break
        assert told(loop) == ["하나", "둘"]
        assert loop("update", "three", "title=셋", "--force").code == 0
        assert told(loop) == ["하나", "둘", "셋"]
        assert loop("init", str(loop.vault), "--upgrade", "--yes").code == 0
        assert files(loop) == {"_build": 0, ".loop": 2}
        assert told(loop) == ["하나", "둘", "셋"]
        assert not (loop.vault / SHARED_SCHEMA).exists()
    else:
        raise AssertionError("there is no end")


def told(loop: Loop) -> list[str]:
    """The same as `titles`, of a log that is whole."""
    store = VaultStore(str(loop.vault), names=FieldNames(id="@stem"), clock=lambda: 1)
    assert verify(store.handle).problems == ()
    records = [one for one in store.records() if "title" in (one.modified_fields or ())]
    return [one.data["diff"]["title"]["new"] for one in reversed(records)]


def is_killed(loop: Loop, call: str, number: int) -> bool:
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:signal=KILL:when={number}",
         sys.executable, "-m", "loop_cli", "init", str(loop.vault), "--upgrade", "--yes"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "HOME": str(loop.vault.parent / "home")},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode != 0


def test_without_second_names_the_files_are_copied(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system that has none."""
    old(loop)
    monkeypatch.setattr(os, "link", refused)
    store = VaultStore(str(loop.vault), names=FieldNames(id="@stem"), clock=lambda: 1)
    before = (loop.vault / "_build" / ACTIVE_LOG).read_bytes()
    assert upgrade.upgrade(store.handle).left == ()
    assert (loop.vault / LOOP / ACTIVE_LOG).read_bytes() == before
    assert files(loop) == {"_build": 0, ".loop": 2}
    assert (titles(loop), is_whole(loop)) == (["하나", "둘"], True)


def refused(*_arguments: Any, **_options: Any) -> None:
    raise PermissionError(1, "no second names here")


def test_no_record_of_writers_at_the_same_time_is_lost(loop: Loop) -> None:
    old(loop)
    root, rounds = str(loop.vault), 15
    work: list[Callable[..., None]] = [write, write, read]
    processes = [
        multiprocessing.get_context("spawn").Process(target=one, args=(root, name, rounds))
        for one, name in zip(work, ("one", "two", "three"), strict=True)
    ]
    for process in processes:
        process.start()
    done = loop("init", root, "--upgrade", "--yes")
    for process in processes:
        process.join()
    assert (done.code, [one.exitcode for one in processes]) == (0, [0, 0, 0])
    assert files(loop) == {"_build": 0, ".loop": 2}
    assert len(titles(loop)) == 2 + 2 * rounds
    assert is_whole(loop)


def write(root: str, name: str, rounds: int) -> None:
    for number in range(rounds):
        run(root, "update", name, f"title={number}", "--force", "--json")


def read(root: str, _name: str, rounds: int) -> None:
    """What was recorded once is always there."""
    for _number in range(rounds):
        assert "하나" in run(root, "log", "--json")


def run(root: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "loop_cli", *arguments, "--vault", root],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip


def content(root: Path) -> dict[str, bytes]:
    """The files of a vault; who held the lock last does not matter."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "lock"
    }
