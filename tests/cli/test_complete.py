"""`loop __complete` and `loop completion`: what a shell asks and is told, whatever happens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli.cli.complete import main as complete
from loop_cli.cli.complete import shells

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

COMPLETIONS = Path(__file__).parents[2] / "completions"


@pytest.fixture(scope="module")
def indexed(read_only: Loop) -> Loop:
    """A vault whose index is there, with one change."""
    assert read_only("update", "tsk-019-14", "status=doing", "--force").code == 0
    return read_only


def ask(loop: Loop, *typed: str) -> tuple[str, list[str]]:
    """The kind of the answer, and the words."""
    done = loop("__complete", "fish", "--", *typed)
    assert (done.code, done.err) == (0, "")
    kind, *lines = done.lines
    return kind, [line.partition("\t")[0] for line in lines]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["aud"], ["audit"]),
        (["audit", "ve"], ["verify"]),
        (["get", "tsk-019-0"], ["tsk-019-01", "tsk-019-02", "tsk-019-07"]),
        (["get", "TSK-019-14"], ["tsk-019-14"]),
        (["get", "--path=x", "tsk-019-14"], ["tsk-019-14"]),
        (["update", "tsk-019-14", "estim"], ["estimated_hours="]),
        (["update", "tsk-019-14", "tag"], ["tags=", "tags+=", "tags-="]),
        (["update", "tsk-019-14", "entity_i"], []),
        (["update", "tsk-019-14", "status=d"], ["status=doing", "status=done"]),
        (["update", "tsk-019-14", "x=1", "status=do"], ["status=doing", "status=done"]),
        (["update", "--yes", "tsk-019-14", "priority=c"], ["priority=critical"]),
        (["update", "tsk-019-14", "tags-=rule"], ["tags-=rule-b", "tags-=rule-c"]),
        (["update", "tsk-019-14", "owner=관"], ["owner=관리자"]),
        (["update", "tsk-019-14", "status:=d"], []),
        (["update", "tsk-019-14", "--unset", "stat"], ["status"]),
        (["update", "--on-conflict", "r"], ["rebase"]),
        (["update", "--on-conflict=r"], ["--on-conflict=rebase"]),
        (["get", "tsk-019-14", "--field", "eta"], ["etag"]),
        (["list", "--where", "stat"], ["status="]),
        (["list", "--where=stat"], ["--where=status="]),
        (["update", "tsk-019-14", "--if", "stat"], ["status="]),
        (["update", "tsk-019-14", "--if=status=do"], ["--if=status=doing", "--if=status=done"]),
        (["delete", "tsk-019-14", "--if", "missing:assig"], ["missing:assignee"]),
        (["move", "tsk-019-14", "--if", "owner=관"], ["owner=관리자"]),
        (["list", "--json=stat"], ["--json=status"]),
        (["get", "--json=entity_id,du"], ["--json=entity_id,due"]),
        (["get", "--json", "tsk-019-1"], ["tsk-019-13", "tsk-019-14"]),
        (["rename", "tsk-019-14", "--na"], ["--name"]),
        (["list", "--no-p"], ["--no-pager"]),
        (["list", "--where", "has:stat"], ["has:status"]),
        (["list", "--where", "status!=todo,do"], ["status!=todo,doing", "status!=todo,done"]),
        (["list", "--where", "owner=관"], ["owner=관리자"]),
        (["list", "--where", "entity_type=Proj"], ["entity_type=Project"]),
        (["update", "--where", "updated_a"], ["updated_at="]),
        (["search", "x", "--where", "miss"], ["missing:"]),
        (["list", "--sort", "-du"], ["-due"]),
        (["list", "--sort", "due,-estim"], ["due,-estimated_hours"]),
        (["list", "--columns", "entity_id,stat"], ["entity_id,status"]),
        (["list", "tas"], ["task", "taskexecdetail"]),
        (["list", "Tas"], ["Task", "TaskExecDetail"]),
        (["search", "x", "proj"], ["project"]),
        (["create", "proj"], ["project"]),
        (["log", "--source", ""], ["ui", "api", "script", "cli"]),
        (["log", "--actor", "user:관"], ["user:관리자"]),
        (["log", "--", "--so"], []),
        (["list", "Tr"], ["Track"]),
        (["list", "Task", "Tr"], ["Track"]),
        (["check", "tsk-019-01", "TaskE"], ["TaskExecDetail"]),
        (["list", "Task", "--pla"], ["--plain"]),
        (["schema", "al"], ["allow"]),
        (["schema", "Tr"], ["Track"]),
        (["schema", "allow", "Tr"], ["Track"]),
        (["schema", "allow", "Track", "estimated_h"], ["estimated_hours"]),
        (["schema", "allow", "Task", "estimated_h"], []),
        (["schema", "allow", "Task", "rating=nu"], ["rating=number"]),
        (["completion", "show", "z"], ["zsh"]),
        (["help", "conf"], ["conflicts", "configuration", "config"]),
        (["create", "Task", "estim"], ["estimated_hours="]),
        (["create", "task", "status=d"], ["status=doing", "status=done"]),
        (["create", "Task", "--name", "x", "assignee=관"], ["assignee=관리자"]),
        (["create", "Nothing", "stat"], []),
        (["board", "--by", "assi"], ["assignee"]),
        (["help", "upd"], ["update"]),
        (["help", "audit", "re"], ["redact"]),
        (["help", "--no"], ["--no-pager"]),
        (["help", "revisions", ""], []),
        (["nonsense", "x"], []),
    ],
    ids=" ".join,
)  # fmt: skip
def test_words(indexed: Loop, typed: list[str], words: list[str]) -> None:
    assert ask(indexed, *typed)[1] == words


def test_options_of_every_command_are_known(indexed: Loop) -> None:
    words = ask(indexed, "update", "tsk-019-14", "-")[1]
    assert {"--if-match", "--yes", "-y", "--help", "--plain"} <= set(words)
    assert words.index("--yes") < words.index("-y")


def test_what_holds_the_text_comes_where_nothing_begins_so(indexed: Loop) -> None:
    assert ask(indexed, "get", "019-14") == ("fuzzy", ["tsk-019-14"])
    kind, words = ask(indexed, "get", "규칙")
    assert kind == "fuzzy"
    assert "prj-019" in words
    assert ask(indexed, "get", "t01914") == ("fuzzy", ["tsk-019-14"])
    assert ask(indexed, "get", "%") == ("fuzzy", [])


def test_runs_come_newest_first(indexed: Loop) -> None:
    run = indexed.records[-1]["run_id"]
    assert ask(indexed, "log", "--run", "") == ("words", [run])
    assert ask(indexed, "undo", run[:13])[1] == [run]


def test_files_are_the_shell_s(indexed: Loop) -> None:
    assert ask(indexed, "update", "--body-file", "x") == ("files", [])
    assert ask(indexed, "--vault", "x") == ("folders", [])


def test_descriptions_are_names_and_labels(indexed: Loop) -> None:
    done = indexed("__complete", "zsh", "--", "get", "tsk-019-14")
    assert done.out == "words\ntsk-019-14\t규칙 B·C 구현: 동시 수정 방지와 변경 기록\n"
    assert (
        "status=todo\tTo do"
        in indexed("__complete", "zsh", "--", "update", "tsk-019-14", "status=").out
    )


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("loop update tsk-019-14 status=doi", "doing"),
        ("loop update tsk-019-14 'status=doi", "status=doing"),
        ('loop update tsk-019-14 "status=doi', "status=doing"),
        ("loop update tsk-019-14 assignee=빌", "빌드\\ 서버"),
        ("loop update tsk-019-14 'assignee=빌", "assignee=빌드 서버"),
        ("loop log --actor user:빌", "빌드\\ 서버"),
    ],
)
def test_bash_gets_what_it_puts_after_its_own_breaks(indexed: Loop, line: str, answer: str) -> None:
    assert indexed("__complete", "bash", line).lines[1].partition("\t")[0] == answer


@pytest.mark.parametrize(
    ("line", "words", "quote"),
    [
        ("loop get ", ["loop", "get", ""], ""),
        ("loop 'a b' c\\ d", ["loop", "a b", "c d"], ""),
        ('loop "a\\"b', ["loop", 'a"b'], '"'),
        ("loop 'a\\", ["loop", "a\\"], "'"),
        ("loop ''", ["loop", ""], ""),
        ("loop a\\", ["loop", "a"], ""),
    ],
)
def test_a_line_is_split_as_bash_does(line: str, words: list[str], quote: str) -> None:
    assert complete.split_line(line)[:2] == (words, quote)


@pytest.mark.parametrize("what", ["no vault", "no index", "broken index", "broken schema", "odd"])
def test_never_an_error(loop: Loop, what: str) -> None:
    loop("get", "tsk-019-14")
    typed: tuple[str, ...] = ("get", "tsk")
    if what == "no vault":
        loop.extra["LOOP_VAULT"] = str(loop.home / "nowhere")
    elif what in ("no index", "broken index"):
        for path in (loop.home / ".cache").rglob("*.sqlite"):
            path.unlink() if what == "no index" else path.write_bytes(b"no database" * 99)
    elif what == "broken schema":
        loop.path("00_Meta/schema_constants.yaml").write_text("entity_types: [")
        typed = ("update", "tsk-019-14", "status=")
    else:
        typed = ("update", "\x1b[2J\udc80", "\udc80=")
    done = loop("__complete", "zsh", "--", *typed)
    assert (done.code, done.err) == (0, "")
    assert loop("__complete", "zsh").out == ""


def test_hostile_words_are_left_out_or_shown(loop: Loop) -> None:
    hostile = json.dumps("\x1b]0;owned\x07\ttab")
    loop.write_task("tsk-019-90", f"entity_name: {hostile}")
    path = loop.path(f"{loop.TASKS}/tsk-019-90.md")
    path.write_text(path.read_text().replace("entity_name: made\n", ""))
    loop("get", "tsk-019-90")
    done = loop("__complete", "zsh", "--", "get", "tsk-019-90")
    assert done.out == "words\ntsk-019-90\t ]0;owned  tab\n"


def test_a_changed_schema_and_new_members_are_seen(loop: Loop) -> None:
    loop("get", "tsk-019-14")
    assert ask(loop, "update", "tsk-019-14", "owner=새")[1] == []
    members = loop.path("00_Meta/members.yaml")
    members.write_text(members.read_text() + "\n  planner: 새 기획팀\n")
    assert ask(loop, "update", "tsk-019-14", "owner=새")[1] == ["owner=새 기획팀"]


def test_changed_settings_are_seen_the_vault_s_and_the_user_s(loop: Loop) -> None:
    loop("get", "tsk-019-14")
    assert ask(loop, "get", "tsk-019-1")[1] == ["tsk-019-13", "tsk-019-14"]
    for settings in (loop.home / "config/loop/config.toml", loop.path(".loop/config.toml")):
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text('[fields]\nid = "@stem"\n')
        assert ask(loop, "get", "tsk-019-1")[1] == []  # of this index nobody has asked anything
        settings.write_text('[fields]\nid = "entity_id"\n')
        assert ask(loop, "get", "tsk-019-1")[1] == ["tsk-019-13", "tsk-019-14"]


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a \u2028b"])
def test_in_a_folder_with_an_odd_name_changes_are_seen_too(loop: Loop, name: str) -> None:
    folder = loop.vault.with_name(name)
    loop.vault.rename(folder)
    members = folder / "00_Meta" / "members.yaml"
    there = ("--vault", str(folder), "update", "tsk-019-14")
    assert ask(loop, *there, "owner=새")[1] == []
    assert ask(loop, *there, "owner=관")[1] == ["owner=관리자"]
    members.write_text(members.read_text() + "\n  planner: 새 기획팀\n")
    assert ask(loop, *there, "owner=새")[1] == ["owner=새 기획팀"]


def test_nothing_heavy_is_loaded(indexed: Loop) -> None:
    program = (
        "import sys; sys.argv = ['loop', '__complete', 'zsh', '--', 'get', 'tsk']\n"
        f"sys.path.insert(0, {str(COMPLETIONS.parent)!r})\n"
        "from loop_cli.cli.start import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'typer', 'rich', 'pydantic', 'yaml', 'yaml12', 'datetime', 'json'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ask(indexed, "get", "tsk")  # so that the table of words is there
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        env=indexed.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "tsk-019-14" in done.stdout


class TestCommand:
    """`loop completion`."""

    @pytest.mark.parametrize("shell", shells.SHELLS)
    def test_install_writes_what_show_prints_to_where_path_says(
        self, loop: Loop, shell: str
    ) -> None:
        done = loop("completion", "install", shell)
        (place,) = done.lines
        assert done.code == 0
        assert place == loop("completion", "path", shell).out.strip()
        assert place.startswith(str(loop.home))
        text = Path(place).read_text()
        assert text == loop("completion", "show", shell).out
        assert text == (COMPLETIONS / shells.FILES[shell]).read_text()

    def test_the_shell_is_that_of_the_user(self, loop: Loop) -> None:
        assert loop("completion", "show", env={"SHELL": "/usr/bin/zsh"}).out.startswith("#compdef")
        assert loop("completion", "show", env={"SHELL": "/bin/sh"}).code == 2

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_the_shell_alone_shows_the_script(self, loop: Loop, shell: str) -> None:
        assert loop("completion", shell).out == loop("completion", "show", shell).out
        assert loop("completion", "tcsh").code == 2
        assert loop("completion", "show", "powershell").code == 2

    def test_a_folder_that_can_not_be_written_is_1(self, loop: Loop) -> None:
        (loop.home / "config").mkdir(exist_ok=True)
        (loop.home / "config" / "fish").write_text("")
        done = loop("completion", "install", "fish")
        assert (done.code, done.out) == (1, "")


def test_of_a_large_index_the_words_are_read_behind_the_answers_back(indexed: Loop) -> None:
    """The shell has its answer at once, from what was there; who asks next has the new ones."""
    program = (
        "import sys; from loop_cli.cli.complete import candidates, main; candidates._LARGE = 0\n"
        "sys.exit(main.main(['zsh', '--', 'get', '동시']))"
    )
    home = indexed.home / "large"
    environment = {**indexed.environment, "XDG_CACHE_HOME": str(home)}
    assert indexed("list", "--ids", env={"XDG_CACHE_HOME": str(home)}).code == 0

    def answer() -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        ).stdout

    assert "tsk-019-14" not in answer()
    deadline = time.monotonic() + 20
    while not list((home / "loop").glob("ids-*.tsv")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "tsk-019-14" in answer()


STRANGE = ["pipe", "link to zeros", "giant", "folder", "socket"]


def put_strange(path: Path, what: str) -> None:
    """Something that no program should read as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "link to zeros":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    elif what == "socket":
        here = os.open(path.parent, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 42)


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize(
    "where",
    ["_build/audit_log.jsonl", "00_Meta/schema_constants.yaml", "00_Meta/members.yaml"],
)
def test_what_is_no_file_does_not_keep_the_shell_waiting(loop: Loop, where: str, what: str) -> None:
    put_strange(loop.path(where), what)
    began = time.monotonic()
    for typed in (("log", "--run", ""), ("update", "tsk-019-14", "owner=")):
        done = loop("__complete", "fish", "--", *typed)
        assert (done.code, done.err) == (0, "")
    assert time.monotonic() - began < 20


def kept(loop: Loop) -> dict[str, Path]:
    """What is kept of the vault for this user, by what it is."""
    cache = loop.home / ".cache" / "loop"
    found = [path for path in cache.rglob("*") if path.suffix in (".tsv", ".sqlite")]
    return {path.name.partition("-")[0]: path for path in found}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("which", ["ids", "words", "index"])
def test_nor_what_is_no_file_in_the_cache(loop: Loop, which: str, what: str) -> None:
    loop("list")
    ask(loop, "get", "019-14")
    put_strange(kept(loop)[which], what)
    began = time.monotonic()
    for typed in (("get", "019-14"), ("get", "tsk"), ("update", "tsk-019-14", "status=")):
        done = loop("__complete", "fish", "--", *typed)
        assert (done.code, done.err) == (0, "")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022])
@pytest.mark.parametrize("there", [False, True], ids=["new", "there and wide"])
def test_names_are_for_this_user_alone(loop: Loop, mask: int, there: bool) -> None:
    """And what a crash of SQLite leaves, and the text of an edit that failed."""
    cache = loop.home / ".cache" / "loop"
    before = os.umask(mask)
    try:
        if there:
            cache.mkdir(parents=True)
            loop("list")
            ask(loop, "get", "019-14")
            for path in (cache, *cache.rglob("*")):
                path.chmod(0o777 if path.is_dir() else 0o666)
            index = kept(loop)["index"]
            for suffix in ("-wal", "-shm"):
                index.with_name(index.name + suffix).touch(0o666)
        loop("list")
        ask(loop, "get", "019-14")
        loop("update", "tsk-019-14", "status=doing", "--force")
        loop("edit", "tsk-019-14", env={"LOOP_EDITOR": "sh -c 'echo more >> $0; exit 1'"})
    finally:
        os.umask(before)
    assert {"ids", "words", "index"} <= kept(loop).keys()
    edits = loop.home / ".local" / "state" / "loop"
    found = [cache, *cache.rglob("*"), edits, *edits.rglob("*")]
    assert [path for path in found if path.lstat().st_mode & 0o077] == []


def test_a_cache_that_is_a_link_is_not_used(loop: Loop, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (loop.home / ".cache").mkdir()
    (loop.home / ".cache" / "loop").symlink_to(elsewhere)
    done = loop("get", "tsk-019-14")
    assert (done.code, "it is a link" in done.err) == (0, True)
    assert loop("__complete", "fish", "--", "get", "019-14").err == ""
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_an_index_that_is_no_file_is_made_anew(loop: Loop, tmp_path: Path, what: str) -> None:
    loop("list")
    index = kept(loop)["index"]
    victim = tmp_path / "victim"
    victim.write_text("mine")
    index.unlink()
    index.symlink_to(victim) if what == "link" else os.mkfifo(index)
    assert loop("list").code == 0
    assert victim.read_text() == "mine"
    assert index.is_file()
    assert not index.is_symlink()
