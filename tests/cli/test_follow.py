"""`loop log --follow`: records as they come, from whoever, over rotations and redactions."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import IO, TYPE_CHECKING, Any

import pytest

from loop_cli.vault import VaultLayout
from loop_cli.vault.log.follow import Follower
from loop_cli.vault.log.log import AuditLog
from tests.waiting import readable

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Loop

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def change(loop: Loop, *texts: str, entity_id: str = "tsk-019-14") -> None:
    assert loop("update", entity_id, *texts, "--force").code == 0


def next_line(stream: IO[bytes] | None) -> bytes:
    """The next line that the program writes. Read without a buffer: lines that come together
    would wait in that, where `select` sees none of them."""
    assert stream is not None
    line = b""
    while not line.endswith(b"\n"):
        assert readable(stream, 30), "nothing came"
        part = os.read(stream.fileno(), 1)
        if not part:
            break
        line += part
    return line


class Following:
    """A running `loop log --follow --json`."""

    def __init__(self, loop: Loop, *arguments: str) -> None:
        self.process = loop.start("log", "--follow", "--json", *arguments)

    def next(self) -> Any:
        return json.loads(next_line(self.process.stdout))


@pytest.fixture
def following(loop: Loop) -> Iterator[Following]:
    """One that has shown a first record and waits."""
    change(loop, "status=doing")
    found = Following(loop)
    assert found.next()["diff"]["status"]["new"] == "doing"
    yield found
    found.process.kill()
    found.process.communicate()


def stop(process: subprocess.Popen[bytes], how: int) -> tuple[int, bytes, bytes]:
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_new_records_come_until_ctrl_c(loop: Loop, following: Following) -> None:
    change(loop, "status=hold")
    assert following.next() == loop.records[-1]
    code, out, err = stop(following.process, signal.SIGINT)
    assert (code, out) == (130, b"")
    assert json.loads(err)["code"] == "interrupted"


def test_a_rotation_and_a_redaction_are_survived(loop: Loop, following: Following) -> None:
    loop("audit", "rotate")
    change(loop, "notes=first")
    assert following.next()["diff"]["notes"]["new"] == "first"
    loop("audit", "redact", "tsk-019-14", "notes", "--yes")
    assert following.next()["metadata"]["redacted_field"] == "notes"
    change(loop, "notes=second")
    assert following.next()["diff"]["notes"]["new"] == "second"


def test_lines_of_others_come_when_they_are_whole(loop: Loop, following: Following) -> None:
    line = json.dumps({"entity_id": "x", "actor": "api:n8n", "source": "api"})
    with loop.log_path.open("a") as log:
        log.write("no JSON\n" + line[:10])
        log.flush()
        log.write(line[10:] + "\n")
    loop.push()
    assert following.next() == json.loads(line)


def test_the_reader_that_goes_away_is_141_at_once(following: Following) -> None:
    assert following.process.stdout is not None
    assert following.process.stderr is not None
    following.process.stdout.close()
    assert following.process.wait(30) == 141
    assert following.process.stderr.read() == b""


def test_filters_and_the_number_of_old_ones(loop: Loop) -> None:
    for status in ("doing", "hold", "done"):
        change(loop, f"status={status}")
    found = Following(loop, "tsk-019-14", "--limit", "2", "--source", "cli")
    assert [found.next()["diff"]["status"]["new"] for _ in "12"] == ["hold", "done"]
    change(loop, "status=doing", entity_id="tsk-019-01")
    change(loop, "status=todo")
    assert found.next()["entity_id"] == "tsk-019-14"
    assert stop(found.process, signal.SIGINT)[0] == 130


def test_a_log_and_an_entity_that_are_still_to_come(loop: Loop) -> None:
    found = Following(loop, "tsk-019-90")
    loop.write_task("tsk-019-90")
    change(loop, "status=doing")
    change(loop, "status=doing", entity_id="tsk-019-90")
    assert found.next()["entity_id"] == "tsk-019-90"
    stop(found.process, signal.SIGINT)


def test_people_get_a_line_each(loop: Loop) -> None:
    change(loop, "status=doing", "notes=" + "long " * 8, "tags+=가나다")
    process = loop.start("log", "--follow")
    line = next_line(process.stdout).decode()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  user:\S+  cli  tsk-019-14  status: ", line)
    code, _out, err = stop(process, signal.SIGINT)
    assert (code, err) == (130, b"loop: interrupted\n")
    screen = loop.on_terminal("log", "-f", replies=(("status", "\x03"),))
    (shown,) = [one for one in STYLE.sub("", screen.text).splitlines() if "status" in one]
    assert re.match(r"\d\d:\d\d:\d\d  user:", shown)
    assert shown.endswith("…")
    assert screen.code == 130


class TestFollower:
    """Where a file goes while it is watched."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> AuditLog:
        (tmp_path / ".loop").mkdir()
        return AuditLog(VaultLayout(str(tmp_path)))

    def append(self, log: AuditLog, text: str, name: str | None = None) -> None:
        path = log.path if name is None else log.path.replace("log.jsonl", f"log.{name}.jsonl")
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)

    def rotate(self, log: AuditLog, name: str) -> None:
        os.rename(log.path, log.path.replace("log.jsonl", f"log.{name}.jsonl"))

    def test_an_unterminated_end_is_read_when_it_is_whole(self, log: AuditLog) -> None:
        self.append(log, "a\nbe")
        with Follower(log) as follower:
            assert follower.new_lines() == []
            self.append(log, "gun\n\nc")
            assert follower.new_lines() == [b"begun"]

    def test_two_rotations_between_two_looks(self, log: AuditLog) -> None:
        self.append(log, "a\n")
        with Follower(log) as follower:
            self.append(log, "b\n")
            self.rotate(log, "1")
            self.append(log, "c\n")
            self.rotate(log, "2")
            assert follower.new_lines() == [b"b"]  # nobody has begun the active file yet
            self.append(log, "d\n")
            assert follower.new_lines() == [b"c", b"d"]

    def test_what_comes_late_into_the_old_file(self, log: AuditLog) -> None:
        self.append(log, "a\n")
        with Follower(log) as follower:
            self.rotate(log, "1")
            self.append(log, "b\n")
            assert follower.new_lines() == [b"b"]
            self.append(log, "late\n", "1")
            assert follower.new_lines() == [b"late"]

    def test_no_file_at_first(self, log: AuditLog) -> None:
        self.append(log, "old\n", "1")
        with Follower(log) as follower:
            assert follower.new_lines() == []
            self.append(log, "a\n")
            self.rotate(log, "2")
            self.append(log, "b\n")
            assert follower.new_lines() == [b"a", b"b"]

    @pytest.mark.parametrize("lines", [1, 3, 40_000])
    def test_a_rewritten_file_goes_on_behind_what_was_read(self, log: AuditLog, lines: int) -> None:
        self.append(log, "secret\n" * lines)
        with Follower(log) as follower:
            with open(log.path + ".new", "w", encoding="utf-8") as file:
                file.write("#\n" * lines + "redaction\n")
            os.rename(log.path + ".new", log.path)
            assert follower.new_lines() == [b"redaction"]
            self.append(log, "next\n")
            assert follower.new_lines() == [b"next"]
