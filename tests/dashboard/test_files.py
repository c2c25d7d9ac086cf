"""The files of the page: what they are, where they come from, and what goes with them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loop_cli.server import page

if TYPE_CHECKING:
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

REPOSITORY = Path(__file__).parents[2]
DASHBOARD = REPOSITORY / "loop_cli/server/dashboard"
VENDOR = REPOSITORY / ".ci/vendor.py"
BUDGET = 350_000  # bytes, of all files as transferred
LOADED = {"css", "html", "js", "svg"}
OUTSIDE = re.compile(r"""(?:from|import\(|src=|href=)\s*["'](?:https?:)?//""")


def own_files() -> list[Path]:
    found = (path for path in DASHBOARD.rglob("*") if path.suffix[1:] in LOADED)
    return [path for path in found if path.parent.name != "vendor"]


@pytest.mark.skipif(not VENDOR.exists(), reason=".ci/vendor.py comes with the repository alone")
def test_the_libraries_are_those_that_the_list_names() -> None:
    done = subprocess.run(
        [sys.executable, str(VENDOR), "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_every_library_has_its_licence() -> None:
    listed = json.loads((DASHBOARD / "vendor/list.json").read_text(encoding="utf-8"))["files"]
    licences = (DASHBOARD / "vendor/LICENSES.txt").read_text(encoding="utf-8")

    for one in listed.values():
        assert f"== {one['package']} {one['version']}: {one['license']}" in licences
    assert "The package has no text" not in licences


def test_no_file_names_another_host() -> None:
    assert [path.name for path in own_files() if OUTSIDE.search(path.read_text("utf-8"))] == []


def statically_imported(path: Path, found: set[Path]) -> set[Path]:
    if path not in found:
        found.add(path)
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"""(?:from|^import)\s*["'](\.{1,2}/[^"']+)["']""", text, re.M):
            statically_imported((path.parent / name).resolve(), found)
    return found


def test_the_page_names_all_modules_that_it_begins_with() -> None:
    """So that a browser asks for all of them at once, not for one after another."""
    start = DASHBOARD / "app.js"
    needed = {
        f"/dashboard/{path.relative_to(DASHBOARD).as_posix()}"
        for path in statically_imported(start, set()) - {start}
    }

    text = (DASHBOARD / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', text))
    assert named == needed


def test_all_files_together_are_small() -> None:
    loaded = {name: one for name, one in page.parts().items() if name.rpartition(".")[2] in LOADED}

    assert sum(len(one.packed) for one in loaded.values()) <= BUDGET


def test_the_wheel_has_the_files(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())

    files = [path for path in DASHBOARD.rglob("*") if path.is_file()]
    assert {path.relative_to(REPOSITORY).as_posix() for path in files} - names == set()


def test_files_are_sent_compressed_and_not_twice(served: Served, visit: Visit) -> None:
    http = visit().request
    first = http.get(f"{served.url}/dashboard/app.js", headers={"Accept-Encoding": "gzip"})
    etag = first.headers["etag"]
    again = http.get(f"{served.url}/dashboard/app.js", headers={"If-None-Match": etag})

    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"].startswith("text/javascript")
    assert again.status == 304
    for answer in (first, again, http.get(served.url)):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "views", "nothing.js", ""])
def test_nothing_else_is_served(served: Served, visit: Visit, name: str) -> None:
    assert visit().request.get(f"{served.url}/dashboard/{name}").status in (401, 404)
