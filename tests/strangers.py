"""Another user of the machine, for tests that root runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER = 54321  # in no password database
REPOSITORY = Path(__file__).parents[1]


def _can_be_another() -> bool:
    """Whether this user can run the program as another one, who can reach it."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return False
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    program = [sys.executable, "-c", "import loop_cli.cli.start"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [*become, *program], env=environment, cwd="/", capture_output=True, check=False
    )
    return done.returncode == 0


needs_root = pytest.mark.skipif(
    not _can_be_another(), reason="only root can be another user, by setpriv"
)


class Machine:
    """Folders that every user can reach, and `loop` run by any of them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, name: str, *, owner: int = 0, group: int = 0, mode: int = 0o755) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return self.give(path, owner=owner, group=group, mode=mode)

    def file(self, name: str, text: str, *, owner: int = 0, mode: int = 0o644) -> Path:
        path = self.root / name
        path.write_text(text)
        return self.give(path, owner=owner, mode=mode)

    def give(self, path: Path, *, owner: int, group: int = 0, mode: int) -> Path:
        path.chmod(mode)
        os.chown(path, owner, group)
        return path

    def run(
        self,
        *arguments: str,
        user: int = 0,
        groups: str = "",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `loop` in an environment with nothing else, as that user."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}"]
        become.append(f"--groups={groups}" if groups else "--clear-groups")
        done = subprocess.run(
            [*(become if user else ()), sys.executable, "-m", "loop_cli", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(REPOSITORY),
                "PYTHONDONTWRITEBYTECODE": "1",
                **(env or {}),
            },
            cwd=cwd or self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A folder of its own that others may enter, unlike those of pytest."""
    root = Path(tempfile.mkdtemp(prefix="loop-machine-"))
    root.chmod(0o755)
    yield Machine(root)
    shutil.rmtree(root)
