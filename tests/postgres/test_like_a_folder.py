"""What a command says of a vault in PostgreSQL is what it says of the folder that was copied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from loop_cli.postgres.address import parse
from tests.cli.conftest import Loop, new_loop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return new_loop(tmp_path)


def copied(loop: Loop, address: str) -> tuple[str, str]:
    """The folder, and its copy in the database."""
    assert loop("copy", str(loop.vault), address).code == 0
    return str(loop.vault), address


def test_notes_without_frontmatter_are_not_listed_until_they_have_a_field(
    loop: Loop, postgres_vault: str
) -> None:
    loop.vault = loop.vault.with_name("notes")
    loop.write("plain.md", "Only needle and text.\n")
    for number in range(4):
        loop.write(f"field-{number}.md", f"---\nmood: bad\n---\n{'needle' * (number == 0)}\n")
    assert loop("init", str(loop.vault), "--yes").code == 0
    for place in copied(loop, postgres_vault):
        there = ("--vault", place)
        assert "plain" not in loop("list", "--ids", *there).lines
        assert loop("search", "needle", "--ids", *there).lines == ["field-0"]
        assert loop("get", "plain", *there).code == 0
        assert loop("update", "plain", "mood=good", "--force", *there).code == 0
        assert "plain" in loop("list", "--ids", *there).lines
        assert set(loop("search", "needle", "--ids", *there).lines) == {"field-0", "plain"}
        assert loop("undo", "--last", "--yes", *there).code == 0
        assert "plain" not in loop("list", "--ids", *there).lines


@pytest.mark.parametrize("path", ["../x.md", "a/../../x.md", ".loop/x.md", "a\tb.md"])
def test_a_path_is_refused_in_the_same_words(loop: Loop, postgres_vault: str, path: str) -> None:
    folder, database = [
        loop("get", "tsk-019-14", "--path", path, "--vault", place)
        for place in copied(loop, postgres_vault)
    ]
    assert (database.code, database.err) == (folder.code, folder.err)


def test_a_path_from_the_root_of_the_system_leads_out(loop: Loop, postgres_vault: str) -> None:
    for place in copied(loop, postgres_vault):
        done = loop("get", "tsk-019-14", "--path", "/etc/passwd", "--vault", place)
        assert (done.code, "etc/passwd: leads out of the vault" in done.err) == (6, True)


def test_kept_bytes_that_were_changed_are_not_brought_back(loop: Loop, postgres_vault: str) -> None:
    loop.extra["LOOP_AUDIT_PRIVATE"] = "notes"
    for text in "ab":
        assert loop("update", "tsk-019-14", f"notes={text}", "--force").code == 0
    copied(loop, postgres_vault)
    found = parse(postgres_vault)
    with psycopg.connect(found.conninfo, autocommit=True) as connection:
        connection.execute(f"UPDATE {found.schema}.kept SET data = 'tampered'".encode())

    done = loop("undo", "--last", "--yes", "--json", "--vault", postgres_vault)

    assert done.error["problems"][0]["problem"] == "not_kept"
    said = loop("diff", "tsk-019-14", "--json", "--vault", postgres_vault).json
    assert (said["diff"], said["unknown"]) == ({}, ["notes"])


def test_a_canvas_that_nobody_can_read_is_named_where_its_links_may_follow(
    loop: Loop, postgres_vault: str
) -> None:
    loop.write("board.canvas", '{"nodes": [{"type": "file", "file": "Tasks/tsk-019-14.md"')
    loop.write("other.canvas", '{"nodes": [{"type": "file", "file": "x.md"')
    for place in copied(loop, postgres_vault):
        moved = ("move", "tsk-019-14", "--project", "prj-020", "--force", "--json")
        done = loop(*moved, "--vault", place)
        said = [one for one in done.json["warnings"] if "canvas" in one]
        assert said == ["board.canvas: is not JSON; its links, if any, are left as they are"]


def test_who_i_am_names_the_vault(loop: Loop, postgres_vault: str) -> None:
    copied(loop, postgres_vault)
    assert loop("whoami", "--json", "--vault", postgres_vault).json["vault"] == postgres_vault


def test_tab_offers_the_same(loop: Loop, postgres_vault: str) -> None:
    assert loop("update", "tsk-019-14", "status=doing", "--force").code == 0
    places = copied(loop, postgres_vault)
    for typed in (
        ("get", "tsk-019-1"), ("get", "규칙"), ("update", "tsk-019-14", "tags-="),
        ("update", "tsk-019-14", ""), ("update", "tsk-019-14", "owner="), ("undo", ""),
    ):  # fmt: skip
        asked = [
            loop("__complete", "zsh", "--", *typed, env={"LOOP_VAULT": place}) for place in places
        ]
        assert len(asked[0].lines) > 1
        assert sorted(asked[1].lines) == sorted(asked[0].lines)


def test_tab_gives_up_on_a_database_that_does_not_answer(loop: Loop) -> None:
    began = time.monotonic()
    nowhere = {"LOOP_VAULT": "postgresql://192.0.2.1/notes"}
    done = loop("__complete", "zsh", "--", "get", "tsk", env=nowhere)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert time.monotonic() - began < 30
