"""Hostile input: one clear error and its exit code each, and nothing is lost (SPEC §8)."""

from __future__ import annotations

import getpass
import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Done, Loop

HEAD = "---\nentity_type: Task\nentity_id: evil\n"


def assert_refused(done: Done, *codes: int) -> None:
    """One clear sentence and no result."""
    assert done.code in codes, done.err
    assert done.stdout == b""
    assert done.err.startswith("loop: ")
    assert "internal" not in done.err


@pytest.mark.parametrize(
    "entity_id", ["../../etc/passwd", "/etc/passwd", "..", ".", "*", "a/b", ""]
)
def test_an_id_is_a_name_and_no_path(read_only: Loop, entity_id: str) -> None:
    assert_refused(read_only("get", entity_id), 3)
    assert_refused(read_only("update", entity_id, "status=done", "--force"), 3)


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "50_Projects/../../x.md", "/proc/self/environ"]
)
def test_a_path_that_leads_out_of_the_vault_is_6(read_only: Loop, path: str) -> None:
    for command in (("get", "tsk-019-14"), ("update", "tsk-019-14", "status=done", "--force")):
        done = read_only(*command, "--path", path)
        assert_refused(done, 6)
        assert "leads out of the vault" in done.err


@pytest.mark.parametrize("path", ["nowhere.md", "README.md/x", "a" * 300, "x/" * 3000])
def test_a_path_that_is_not_there_is_3(read_only: Loop, path: str) -> None:
    assert_refused(read_only("get", "tsk-019-14", "--path", path), 3)


def test_a_link_that_leaves_the_vault_is_refused(loop: Loop, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(HEAD + "---\nsecret\n")
    link = loop.path("evil.md")
    link.symlink_to(outside)
    assert_refused(loop("get", "evil"), 3)
    assert_refused(loop("get", "evil", "--path", "evil.md"), 6)
    assert_refused(loop("update", "evil", "notes=x", "--force", "--path", "evil.md"), 6)
    loop.path("folder").symlink_to(tmp_path)
    assert_refused(loop("get", "evil"), 3)
    assert_refused(loop("get", "evil", "--path", "folder/outside.md"), 6)
    assert outside.read_text().endswith("secret\n")


def test_what_is_no_ordinary_file_is_6(loop: Loop) -> None:
    loop.path("evil-1.md").mkdir()
    os.mkfifo(loop.path("evil-2.md"))
    with open(loop.path("evil-3.md"), "wb") as sparse:
        sparse.write((HEAD + "---\n").encode())
        os.truncate(sparse.fileno(), 2 << 30)
    for number, words in ((1, "is a folder"), (2, "not an ordinary file"), (3, "too large")):
        for command in (("get",), ("update", "--force", "notes=x")):
            done = loop(command[0], f"evil-{number}", *command[1:])
            assert_refused(done, 6)
            assert words in done.err
            assert_refused(loop(command[0], "x", *command[1:], "--path", f"evil-{number}.md"), 6)
    assert loop("get", "tsk-019-14").code == 0


def test_it_does_not_hide_the_entity_itself(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(loop.vault)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("tsk-019-14.md")
        done = loop("get", "tsk-019-14", "--field", "status")
    assert (done.code, done.out) == (0, "todo\n")
    assert "not an ordinary file" in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEAD.encode() + b"notes: \xff\xfe\n---\n", "evil.md:4: is not UTF-8"),
        ((HEAD + "notes: a: b\n---\n").encode(), "evil.md:4: broken YAML"),
        ((HEAD + "notes: " + "[" * 10_000 + "]" * 10_000 + "\n---\n").encode(), "too deep"),
        ((HEAD + "notes: " + '{"a": ' * 10_000 + "\n---\n").encode(), "evil.md:4"),
        (
            (HEAD + "".join(" " * n + "a:\n" for n in range(3000)) + "---\n").encode(),
            "evil.md",
        ),
        (
            (
                HEAD
                + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
                + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
                + "---\n"
            ).encode(),
            "aliases",
        ),
        ((HEAD + "estimated_hours: " + "9" * 5000 + "\n---\n").encode(), "too many digits"),
        ((HEAD + 'notes: "\\ud800"\n---\n').encode(), "evil.md:4"),
        ((HEAD + "notes: a\x00b\n---\n").encode(), "control character"),
        ((HEAD + "notes: x\n").encode(), "evil.md"),
    ],
    ids=[
        *("not UTF-8", "broken", "lists", "mappings", "blocks", "alias bomb", "digits"),
        *("surrogate", "NUL", "no end"),
    ],
)
def test_a_file_that_cannot_be_read_is_6(loop: Loop, content: bytes, words: str) -> None:
    path = loop.path("evil.md")
    path.write_bytes(content)
    for command in (("get", "evil"), ("update", "evil", "notes=x", "--force")):
        done = loop(*command)
        assert_refused(done, 6)
        assert words in done.err
    assert path.read_bytes() == content
    assert loop("get", "tsk-019-14", "--field", "status").out == "todo\n"
    assert loop.records == []


@pytest.mark.parametrize(
    ("updated", "code"),
    [
        ("'9999-12-31T23:59:59.999999Z'", 6),
        ("'9999-12-31T23:59:59.999998Z'", 6),
        ("'9999-01-01T00:00:00Z'", 6),
        ("'9998-12-31T23:59:59Z'", 0),
        ("'9999-12-31T23:59:59-14:00'", 0),
        ("'0001-01-01T00:00:00+14:00'", 0),
        ("0000-00-00", 0),
        ("[2026-01-01]", 0),
        ("12345678901234567890", 0),
    ],
)
def test_a_time_at_the_edge_of_the_calendar(loop: Loop, updated: str, code: int) -> None:
    path = loop.write_task("tsk-019-90")
    path.write_text(path.read_text().replace("updated: 2026-01-01", f"updated: {updated}"))
    seen = loop("get", "tsk-019-90", "--json").json
    change = ("update", "tsk-019-90", "notes=x", "--if-match", seen["etag"])
    done = loop(*change)
    assert done.code == code, done.err
    assert "internal" not in done.err
    if code == 0:
        assert loop("get", "tsk-019-90", "--json").json["updated_at"] > seen["updated_at"]


def test_a_time_that_was_too_late_is_corrected_by_hand(loop: Loop) -> None:
    """Nothing was recorded of it, so nothing stays of it."""
    path = loop.write_task("tsk-019-90")
    right = path.read_text()
    path.write_text(right.replace("updated: 2026-01-01", "updated: '9999-12-31T23:59:59.999998Z'"))
    refused = loop("update", "tsk-019-90", "notes=x", "--force")
    assert_refused(refused, 6)
    assert "its `updated` is 9999-12-31" in refused.err
    path.write_text(right)
    assert loop("update", "tsk-019-90", "notes=x", "--force").code == 0


def test_right_before_the_last_year_changes_go_on(loop: Loop) -> None:
    """What our own records lead to is no mistake, and leaves a year of room."""
    path = loop.write_task("tsk-019-90")
    right = path.read_text()
    path.write_text(right.replace("updated: 2026-01-01", "updated: '9998-12-31T23:59:59.999998Z'"))
    times = []
    for text in "abc":
        assert loop("update", "tsk-019-90", f"notes={text}", "--force").code == 0
        times.append(loop("get", "tsk-019-90", "--field", "updated_at").out)
    path.write_text(right)
    done = loop("update", "tsk-019-90", "notes=d", "--force")
    assert done.code == 0, done.err
    times.append(loop("get", "tsk-019-90", "--field", "updated_at").out)
    assert times == sorted(set(times))


@pytest.mark.parametrize("late", ["9999-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.5Z"])
def test_a_recorded_time_at_the_edge_of_the_calendar(loop: Loop, late: str) -> None:
    """That of a program that writes no time: it does not end all changes."""
    loop.write(
        "_build/audit_log.jsonl",
        '{"entity_id": "tsk-019-14", "source": "ui", "metadata": {"etag_after": '
        f'"0000000000000000", "updated_after": "{late}"}}}}\n',
    )
    for text in "ab":
        assert loop("update", "tsk-019-14", f"notes={text}", "--force").code == 0


def test_bytes_that_are_no_text_on_the_command_line(loop: Loop) -> None:
    assert_refused(loop("get", b"\xff\xfe"), 3)
    error = loop("get", b"\xff\xfe", "--json")
    assert error.error["code"] == "not_found"
    assert_refused(loop("update", "tsk-019-14", b"notes=\xff", "--force"), 6)
    assert_refused(loop("update", "tsk-019-14", b"\xff=x", "--force"), 6)
    assert_refused(loop("get", "tsk-019-14", "--path", b"\xff.md"), 3)
    assert_refused(loop("log", "--since", b"\xff"), 2)


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("list", b"\xff"),
            ("list", "Task", b"a\x80b.md", "--json"),
            ("list", "--where", b"x=\xff"),
        ),
        *(
            ("list", "--where", b"\xff=1"),
            ("list", "--sort", b"\xff"),
            ("list", "--columns", b"\xff"),
        ),
        *(("search", b"\xff"), ("search", b"a\xff"), ("schema", b"\xff"), ("check", b"\xff")),
        *(("create", b"\xff", "--name", "x"), ("create", "Task", "--name", b"\xff", "status=todo")),
        *(("move", "tsk-019-14", "--project", b"\xff", "--yes"), ("rename", b"\xff", "--yes")),
        *(("delete", b"\xff", "--yes"), ("history", b"\xff"), ("diff", b"\xff"), ("undo", b"\xff")),
        *(("log", b"\xff"), ("log", "--actor", b"\xff"), ("init", b"\xff"), ("watch", b"\xff")),
        *(
            ("skill", b"\xff"),
            ("audit", b"\xff"),
            ("completion", b"\xff"),
            (b"\xff",),
            (b"--\xff",),
        ),
        *(("--vault", b"\xff", "list"), ("list", "--vault", b"\xff"), ("apply", b"\xff")),
        *(("get", "tsk-019-14", "--field", b"\xff"), ("edit", b"\xff", "--editor", b"\xff")),
        ("update", "tsk-019-14", "--set-json", b"\xff", "--force"),
        ("update", "--where", b"status=\xff", "status=done", "--yes"),
        ("update", "tsk-019-14", b"notes=\xff", "--force", "--json"),
    ],
)
@pytest.mark.parametrize("terminal", [False, True])
def test_no_command_fails_on_bytes_that_are_no_text(
    read_only: Loop, arguments: tuple[str | bytes, ...], terminal: bool
) -> None:
    """An answer, or an error in words, whatever it is written to."""
    if terminal:
        screen = read_only.on_terminal(*arguments)  # type: ignore[arg-type]
        assert screen.code in (0, *range(2, 10))
        assert "internal" not in screen.text
    else:
        done = read_only(*arguments)
        assert done.code in (0, *range(2, 10))
        assert "internal" not in done.stderr.decode(errors="replace")


@pytest.mark.parametrize(
    "arguments",
    [
        *(("get",), ("get", "--json"), ("get", "--path"), ("get", "--field"), ("get", "--vault")),
        *(("update",), ("update", "--force"), ("update", "--where"), ("edit",), ("apply",)),
        *(("search",), ("create",), ("delete",), ("move",), ("move", "tsk-019-14"), ("rename",)),
        *(("diff",), ("history",), ("skill",), ("audit",), ("completion",), ("log", "--run")),
        *(
            ("list", "--limit"),
            ("list", "--limit", "x"),
            ("list", "--limit=-1"),
            ("nope",),
            ("-x",),
        ),
        *(("history", "a", "b"), ("history", "--", "a", "b")),
        *(("update", "a", "x=1", "--json=1"), ("--vault",)),
        *(("update", "tsk-019-14", "--lock-timeout", "nan", "x=1"), ("kept", "--older-than", "x")),
    ],
)
def test_an_argument_that_is_missing_or_wrong_is_2_in_words(
    read_only: Loop, arguments: tuple[str, ...]
) -> None:
    done = read_only(*arguments)
    assert (done.code, done.stdout) == (2, b"")
    as_json = any(one.startswith("--json") for one in arguments) or arguments[0] == "apply"
    said = done.error["error"] if as_json else done.err
    assert said.startswith("loop: ") is not as_json
    assert "internal" not in said


def test_a_file_name_that_is_no_text(loop: Loop) -> None:
    text = HEAD.replace("evil", "odd") + "entity_name: n\nstatus: todo\n---\n"
    name = os.fsencode(loop.vault) + b"/\xff.md"
    with open(name, "wb") as file:
        file.write(text.encode())
    read = loop("get", "odd", "--json")
    assert (read.code, read.json["path"]) == (0, "\udcff.md")
    assert loop("get", "odd", "--path").stdout == b"\xff.md\n"
    done = loop("update", "odd", "notes=x", "--force")
    assert "internal" not in done.err
    assert done.code in (0, 6)
    assert loop("log").code == 0


def test_a_huge_value_is_refused_or_written_whole(loop: Loop) -> None:
    value = "가" * 200_000
    done = loop("update", "tsk-019-14", "notes=@-", "--force", "--json", stdin=value)
    assert done.json["fields"]["notes"] == value
    assert loop.records[-1]["diff"]["notes"]["new"]["bytes"] == 600_000
    assert_refused(loop("update", "tsk-019-14", "notes=@-", "--force", stdin=value * 2), 6)
    assert loop("get", "tsk-019-14", "--field", "notes").out == value + "\n"


def test_a_read_only_log_or_folder_is_1_and_nothing_is_lost(loop: Loop) -> None:
    before = loop.path().read_bytes()
    loop.write(".loop", "a file, where the folder should be")
    done = loop("update", "tsk-019-14", "status=done", "--force")
    assert_refused(done, 1)
    assert loop.path().read_bytes() == before
    assert loop("get", "tsk-019-14").code == 0


def test_a_log_that_is_a_link_is_not_followed(loop: Loop, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("")
    loop.log_path.parent.mkdir()
    loop.log_path.symlink_to(target)
    assert_refused(loop("update", "tsk-019-14", "status=done", "--force"), 1)
    assert target.read_text() == ""


def test_an_ignore_file_that_is_a_link_to_nowhere_makes_no_file_there(
    loop: Loop, tmp_path: Path
) -> None:
    loop.path(".loop").mkdir()
    loop.path(".loop/.gitignore").symlink_to(tmp_path / "made")
    assert loop("update", "tsk-019-14", "status=done", "--force").code == 0
    assert not (tmp_path / "made").exists()


def test_an_ignore_file_is_made_once_for_all_to_read(loop: Loop) -> None:
    file = loop.path(".loop/.gitignore")
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    assert "/staged/" in file.read_text()
    assert file.stat().st_mode & 0o444 == 0o444
    file.write_text("own\n")
    assert loop("update", "tsk-019-14", "status=done", "--force").code == 0
    assert file.read_text() == "own\n"


@pytest.mark.parametrize("folder", ["_build", ".loop"])
def test_a_folder_of_ours_that_is_a_link_out_of_the_vault_is_refused(
    loop: Loop, tmp_path: Path, folder: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    log = outside / "audit_log.jsonl"
    log.write_text('{"entity_id": "tsk-019-14", "source": "ui"}\n')
    loop.path(folder).symlink_to(outside)
    for arguments in (
        ("get", "tsk-019-14"),
        ("log",),
        ("update", "tsk-019-14", "status=done", "--force"),
        ("audit", "rotate"),
        ("audit", "verify"),
    ):
        done = loop(*arguments)
        assert_refused(done, 1)
        assert "is a link" in done.err
    assert loop("config").code == (1 if folder == ".loop" else 0)
    assert list(outside.iterdir()) == [log]


def test_a_pipe_for_the_settings_stops_nothing(loop: Loop) -> None:
    loop.path(".loop").mkdir()
    os.mkfifo(loop.path(".loop/config.toml"))
    assert_refused(loop("get", "tsk-019-14"), 2)
    assert_refused(loop("update", "tsk-019-14", "status=done", "--force"), 2)


def test_kept_text_is_no_entity(loop: Loop) -> None:
    kept = loop.write(".loop/kept/old", loop.path().read_text())
    before = kept.read_bytes()
    for command in (("get",), ("update", "status=done", "--force")):
        done = loop(command[0], "tsk-019-14", *command[1:], "--path", ".loop/kept/old")
        assert_refused(done, 6)
        assert "not a place for entities" in done.err
    assert kept.read_bytes() == before


def test_a_schema_can_not_lead_out_of_the_vault(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "evil.md").write_text(HEAD + "---\nsecret\n")
    loop.write("00_Meta/schema_constants.yaml", 'paths:\n  include: ["../secret"]\n')
    for command in (("get",), ("update", "notes=x", "--force")):
        done = loop(command[0], "evil", *command[1:])
        assert_refused(done, 6)
        assert "paths.include" in done.err


@pytest.mark.parametrize(
    "include",
    [
        *("..", "/", "/etc", "a/../..", "a/../../secret", ".git", "a/.git", ".loop"),
        *("to-secret", "to-secret/deep", "to-git", "~", "~/secret"),
    ],
)
def test_nor_list_what_is_outside_or_hidden(loop: Loop, tmp_path: Path, include: str) -> None:
    """By a name that leads there, or by a link."""
    text = HEAD + "entity_name: n\n---\nsecret\n"
    (tmp_path / "secret" / "deep").mkdir(parents=True)
    (loop.home / "secret").mkdir()
    for folder in (tmp_path / "secret", tmp_path / "secret" / "deep", loop.home / "secret"):
        (folder / "evil.md").write_text(text)
    for path in (".git/evil.md", "a/.git/evil.md", ".loop/evil.md", ".loop/kept/evil.md"):
        loop.write(path, text)
    loop.path("to-secret").symlink_to(tmp_path / "secret")
    loop.path("to-git").symlink_to(".git")
    loop.write("00_Meta/schema_constants.yaml", f'paths:\n  include: ["{include}"]\n')
    done = loop("list", "--ids")
    assert "evil" not in done.out
    assert (done.code, done.out) in ((0, ""), (6, ""))
    assert loop("get", "evil").code in (3, 6)
    assert loop("get", "evil", "--path", f"{include}/evil.md").code in (3, 6)


@pytest.mark.parametrize("name", ["a\\nb", "a\\u2028b", "\\e[31mred", " ", "\\u200b"])
def test_a_name_that_can_not_be_printed_is_not_recorded(loop: Loop, name: str) -> None:
    login = getpass.getuser()
    loop.write("00_Meta/members.yaml", f'members:\n  {login}: "{name}"\n')
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    assert loop.records[-1]["actor"] == f"user:{login}"
    assert loop("audit", "verify").code == 0


def test_members_that_lie_change_no_line(loop: Loop) -> None:
    members = 'members:\n  root: "a\\n{\\"entity_id\\": 1}"\n'
    loop.write("00_Meta/members.yaml", members)
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    assert len(loop.records) == 1
    loop.write("00_Meta/members.yaml", "members: [" + "[" * 100_000)
    assert loop("update", "tsk-019-14", "status=hold", "--force").code == 0
    assert loop.records[-1]["actor"].startswith("user:")


def test_debugging_shows_where(loop: Loop) -> None:
    done = loop("get", "tsk-019-14", "--json", env={"LOOP_DEBUG": "1"})
    assert done.json["entity_id"] == "tsk-019-14"


ESCAPES = ["../../outside", "/etc/passwd", "..", "prj-019/../../..", "\x1b[2Jprj-019"]


@pytest.mark.parametrize("project", ESCAPES)
def test_a_project_is_named_and_leads_nowhere(loop: Loop, project: str) -> None:
    before = sorted(loop.vault.parent.rglob("*.md"))
    made = ("create", "Task", "--name", "이름", "assignee=개발팀", f"project_id={project}")
    assert_refused(loop(*made), 6)
    assert_refused(loop("move", "tsk-019-14", "--project", project, "--force"), 3, 6)
    assert sorted(loop.vault.parent.rglob("*.md")) == before


@pytest.mark.parametrize("project", ESCAPES)
def test_a_file_that_names_such_a_project_stays_where_it_is(loop: Loop, project: str) -> None:
    path = loop.path("evil.md")
    text = HEAD + f"entity_name: 이름\nproject_id: {json.dumps(project)}\n---\n"
    path.write_text(text)
    for command in (("rename", "evil"), ("check", "evil", "--fix")):
        loop(*command, "--yes")
        assert path.read_text().partition("project_id")[2].startswith(f": {json.dumps(project)}")
    assert [one.name for one in loop.vault.parent.rglob("evil*")] == ["evil.md"]
    assert_refused(loop("move", "evil", "--project", project, "--force"), 3, 6)


def test_a_project_behind_a_link_that_leaves_the_vault_is_not_written_to(
    loop: Loop, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    project = HEAD.replace("Task", "Project").replace("evil", "prj-evil1")
    (outside / "project.md").write_text(project + "entity_name: 밖\n---\n")
    loop.path("50_Projects/linked").symlink_to(outside)
    made = ("create", "Task", "--name", "이름", "assignee=개발팀", "project_id=prj-evil1")
    assert_refused(loop(*made), 6)
    assert_refused(loop("move", "tsk-019-14", "--project", "prj-evil1", "--force"), 3)
    assert [one.name for one in outside.iterdir()] == ["project.md"]


def everything(top: Path) -> set[str]:
    """All files in a folder, but for the state that each command may make."""
    found = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    own = (".loop/lock", ".loop/.gitignore", ".sqlite", ".sqlite-wal", ".sqlite-shm")
    return {path for path in found if not path.endswith(own)}


def with_places(loop: Loop, place: str) -> None:
    loop.write(
        "00_Meta/schema_constants.yaml",
        "entity_types: [Zed]\nid_patterns:\n  zed: '^zed-\\d{3}$'\n"
        f"file_locations:\n  Zed: '{place}'\n",
    )


class TestPlacesOfTheSchema:
    """`create` writes where entities are, whatever the schema says."""

    @pytest.mark.parametrize(
        "place",
        [
            ".git/hooks/{entity_id}.md",
            ".loop/{entity_id}.md",
            ".obsidian/plugins/{entity_id}.md",
            "_build/{entity_id}.md",
            "_BUILD/deep/{entity_id}.md",
            "a/.hidden/{entity_id}.md",
            "a/.{entity_id}.md",
            "../{entity_id}.md",
            "a/../../{entity_id}.md",
            "a/../.git/{entity_id}.md",
            "~/{entity_id}.md",
            "~/.config/loop/{entity_id}.md",
            "to-hooks/{entity_id}.md",
            "to-log/{entity_id}.md",
            "to-outside/{entity_id}.md",
            "to-outside/new/{entity_id}.md",
            "a/{entity_id}.sh",
            "a/{entity_id}",
            "{entity_id}/..",
        ],
    )
    def test_no_place(self, loop: Loop, tmp_path: Path, place: str) -> None:
        (tmp_path / "outside").mkdir()
        for folder in (".git/hooks", ".obsidian", ".loop", "_build", "a"):
            loop.path(folder).mkdir(parents=True)
        for link, target in (
            ("to-hooks", ".git/hooks"), ("to-log", "_build"), ("to-outside", tmp_path / "outside"),
        ):  # fmt: skip
            loop.path(link).symlink_to(target)
        with_places(loop, place)
        before = everything(loop.vault) | everything(tmp_path / "outside")
        assert_refused(loop("create", "Zed", "--name", "n"), 6)
        assert everything(loop.vault) | everything(tmp_path / "outside") == before

    @pytest.mark.parametrize(
        ("place", "path"),
        [
            ("/etc/{entity_id}.md", "etc/zed-001.md"),
            ("./a//b/./{entity_id}.md", "a/b/zed-001.md"),
            ("to-a/{entity_id}.md", "a/zed-001.md"),
        ],
    )
    def test_a_place_of_the_vault(self, loop: Loop, place: str, path: str) -> None:
        """A leading slash is the vault's top; a link to a place leads there."""
        loop.path("a").mkdir()
        loop.path("to-a").symlink_to("a")
        with_places(loop, place)
        assert loop("create", "Zed", "--name", "n").code == 0
        assert loop.path(path).is_file()
        assert loop("get", "zed-001", "--field", "path").out == f"{path}\n"

    @pytest.mark.parametrize("kind", [".git", "_build", "..", "to-hooks"])
    def test_a_type_that_is_a_folder(self, loop: Loop, kind: str) -> None:
        loop.path(".git/hooks").mkdir(parents=True)
        loop.path("to-hooks").symlink_to(".git/hooks")
        loop.write(".loop/config.toml", "[fields]\nid = '@stem'\ntype = '@folder'\n")
        loop.path("00_Meta/schema_constants.yaml").write_text(f"entity_types: ['{kind}']\n")
        before = everything(loop.vault)
        assert_refused(loop("create", kind, "--name", "n", "--id", "n"), 6)
        assert everything(loop.vault) == before

    @pytest.mark.parametrize(
        "path", [".git/x.md", "_build/x.md", "../x.md", "a/x.sh", "~/x.md", "a/b/x.md"]
    )
    def test_a_forged_record_brings_nothing_back_elsewhere(self, loop: Loop, path: str) -> None:
        """An undo of a deletion writes what was kept, where entities are."""
        assert loop("delete", "tsk-019-14", "--force").code == 0
        (record,) = loop.records
        record["metadata"]["path"] = path
        loop.log_path.write_text(json.dumps(record) + "\n")
        before = everything(loop.vault.parent)
        done = loop("undo", record["run_id"], "--yes")
        if path == "a/b/x.md":
            assert loop.path(path).is_file(), done.err
            return
        assert done.code != 0
        assert "internal" not in done.err
        assert everything(loop.vault.parent) == before


@pytest.mark.parametrize("what", ["pipe", "socket", "folder", "giant", "link out"])
@pytest.mark.parametrize(
    "where",
    [
        "00_Meta/schema_constants.yaml",
        "00_Meta/members.yaml",
        "00_Meta/_TEMPLATES/template_task.md",
    ],
)
def test_what_is_no_file_in_the_place_of_one_that_a_vault_has(
    loop: Loop, tmp_path: Path, where: str, what: str
) -> None:
    """Members that can't be read list nobody; the others end the command, at once."""
    (tmp_path / "secret").write_text("entity_types: [Secret]\nmembers:\n  root: Secret\n")
    path = loop.path(where)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        here = os.open(path.parent, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    elif what == "folder":
        path.mkdir()
    elif what == "link out":
        path.symlink_to(tmp_path / "secret")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 42)
    made = ("create", "Task", "--name", "n", "assignee=개발팀", "project_id=prj-019", "--dry-run")
    done = loop(*made)
    assert done.code == (0 if "members" in where else 6), done.err
    assert "internal" not in done.err
    assert "Secret" not in done.out + done.err
