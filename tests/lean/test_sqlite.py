"""SQLite's module in C, and paths as URIs."""

from __future__ import annotations

import os
import sqlite3 as standard
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.lean.sqlite import file_uri, sqlite3

if TYPE_CHECKING:
    from pathlib import Path


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_path_is_quoted_as_urllib_does(path: str) -> None:
    assert file_uri(path) == "file:" + quote(path)


def test_a_path_that_is_no_text_is_quoted_too() -> None:
    path = os.fsdecode(b"/caf\xe9 1")

    assert file_uri(path) == "file:" + quote(os.fsencode(path))


@pytest.mark.parametrize("name", ["plain.sqlite", "a?b#c%41 d.sqlite", "규칙&x=1.sqlite"])
def test_a_uri_opens_its_file(tmp_path: Path, name: str) -> None:
    with standard.connect(tmp_path / name) as made:
        made.execute("CREATE TABLE t(a)")
    found = sqlite3.connect(f"{file_uri(str(tmp_path / name))}?mode=ro", uri=True)

    assert found.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    with pytest.raises(sqlite3.OperationalError):
        found.execute("CREATE TABLE u(a)")
    found.close()


def test_errors_and_connections_are_those_of_python() -> None:
    assert sqlite3.connect is standard.dbapi2.connect
    assert sqlite3.Error is standard.Error


ALONE = """
import sys
assert "functools" not in sys.modules, "then this shows nothing"
from loop_cli.lean.sqlite import sqlite3
assert "functools" not in sys.modules
database = sqlite3.connect(":memory:", cached_statements=2)
for _ in range(3):  # more statements than are kept, each again and again
    for number in range(5):
        assert database.execute(f"SELECT {number} + ?", (1,)).fetchone() == (number + 1,)
database.close()
import functools, sqlite3 as standard
assert functools.wraps and functools.lru_cache(maxsize=1)(int)("5") == 5
assert standard.connect(":memory:").execute("SELECT 1").fetchone() == (1,)
assert standard.Error is sqlite3.Error
"""


def test_it_is_loaded_without_functools_which_is_whole_afterwards() -> None:
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path[:0] = {sys.path!r}\n{ALONE}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
