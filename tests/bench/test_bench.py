"""The benchmarks run and print their tables; no test asserts a time."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ABSENT = ("--corpus", str(HERE / "no-such-corpus"))  # so that the small sample vault is used


def table(program: str, *options: str) -> dict[str, list[str]]:
    """What a benchmark printed: the cells of each row by its name."""
    # The sources that these tests import, wherever they are.
    spec = importlib.util.find_spec("loop_cli")
    assert spec is not None and spec.origin is not None
    done = subprocess.run(
        [sys.executable, str(HERE / program), *ABSENT, *options],
        env={**os.environ, "PYTHONPATH": str(Path(spec.origin).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words, _head, _line, *rows = done.stdout.splitlines()
    assert "sample vault" in words
    return {row.split("  ")[0]: row.split("  ")[1:] for row in rows}


def test_start_up_shows_each_command_beside_the_empty_interpreter() -> None:
    rows = table("startup.py", "--clock", "--runs", "1", "--python", sys.executable)

    assert list(rows) == [
        "python -c pass",
        "loop --version",
        "loop get --json",
        "loop get --field status",
        "loop __complete",
        "loop update --json",
    ]
    assert [cell for cell in rows["python -c pass"] if cell][1].strip() == "1.00"


def test_throughput_shows_the_store_beside_a_disk_that_syncs_as_often() -> None:
    rows = table("throughput.py", "--runs", "1", "--updates", "8")

    assert list(rows) == ["the bare disk", "one process", "8 processes"]
    syncs = {name: next(cell for cell in cells if cell).strip() for name, cells in rows.items()}
    assert syncs["the bare disk"] == syncs["one process"]


def peers(*options: str, path: str) -> list[str]:
    """What the comparison printed, with only some tools on the PATH."""
    done = subprocess.run(
        [sys.executable, str(HERE / "peers.py"), "--python", sys.executable, *options],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_peers_are_a_table_for_the_page_and_who_is_absent_is_named(tmp_path: Path) -> None:
    for tool in ("sh", "grep", "sed", "xargs", "cat"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool}"))

    head, _line, *lines = peers("--entities", "30", "--runs", "1", path=str(tmp_path))
    rows = {name: cells for name, *cells in map(cells_of, lines) if cells}

    page = (HERE.parents[1] / "loop_cli" / "docs" / "costs.md").read_text()
    assert head in page.splitlines()
    assert [line for line in lines if not line.startswith("|")] == [
        "`yq --front-matter`, each file: not on the PATH, so left out",
        "taskwarrior: not on the PATH, so left out",
        "juno-kanban: not on the PATH, so left out",
    ]
    assert set(rows) == {"`loop`", "script with python-frontmatter", "`grep -rl` + `sed -i`"}
    # What else a change touches is counted by the benchmark, and is no matter of time.
    assert [cells[5] for cells in rows.values()] == ["100 %", "0 %", "100 %"]


def cells_of(line: str) -> list[str]:
    """The cells of a row of a Markdown table."""
    return [cell.strip() for cell in line.split("|")[1:-1]] or [line]


def test_single_commands_are_shown_for_each_size() -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "life.py"), "--entities", "20,30", "--python", sys.executable],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    head, _line, *rows = done.stdout.splitlines()
    assert head.split() == ["20", "30"]
    assert len(rows) == 11
    assert all(row.count("MiB") == 2 for row in rows)


def test_links_show_each_command_beside_reading_the_files() -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "links.py"), "--entities", "60", "--python", sys.executable],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    _files, _head, _line, *rows = done.stdout.splitlines()
    names = ["read", "parse", "`rename ID`", "`backlinks ID`", "`delete ID`", "`check`"]
    assert [row.split("  ")[0] for row in rows] == names


def test_http_shows_a_bare_api_and_a_process_beside_it() -> None:
    pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
    options = ("--entities", "40", "--runs", "1", "--requests", "40")
    done = subprocess.run(
        [sys.executable, str(HERE / "http.py"), *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _words, _head, _line, *rows = done.stdout.splitlines()

    assert [row.split("  ")[0] for row in rows] == [
        "GET, a bare route that reads a file",
        "GET /api/tasks/{id}",
        "commit in a process",
        "PUT, one client",
        "PUT, 32 clients",
        "first page of a list, warm",
        "memory of the server",
    ]


@pytest.mark.skipif(
    not Path("/usr/bin/chromium").exists() or importlib.util.find_spec("playwright") is None,
    reason="there is no chromium, or no playwright to drive it",
)
def test_the_dashboard_shows_what_it_weighs_and_when_it_can_be_used() -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "dashboard.py"), "--sizes", "40", "--runs", "1"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = {" ".join(line.split("  ")[0].split()): line for line in done.stdout.splitlines()[1:]}

    assert "bytes of 350,000" in shown["all files as transferred"]
    assert {"40 tasks: board usable", "40 tasks: longest task, scrolling"} <= set(shown)
    assert shown["40 tasks: requests of a save"].split()[-1] == "1"
