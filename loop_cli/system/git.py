"""A git repository that commits are added to, by `git fast-import`."""

from __future__ import annotations

import os
import re
import subprocess

from loop_cli.errors import StorageError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BRANCH = "refs/heads/main"
_MARK = re.compile(rb"^Loop-Lines: (\d+)$", re.M)
_SECOND = 1_000_000


class Repository:
    """The repository in a folder, which is made if it is not there. Raises `UsageError` for a
    folder that is not empty and no export of loop's, `StorageError` where git fails."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        if not os.path.isdir(os.path.join(folder, ".git")):
            if os.path.isdir(folder) and os.listdir(folder):
                raise UsageError(f"{folder} is not empty, and no repository")
            os.makedirs(folder, exist_ok=True)
            self._git("init", "--quiet", "--initial-branch=main")
        self._import: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._before = self._lines()

    def lines(self) -> int:
        """How many lines of the log the last commit has."""
        return self._before or 0

    def commit(self, commit: Any) -> None:
        """Add a commit, as `operations.exporting.Commit`; one that changes nothing is left out."""
        if not commit.changes and self._count:
            return
        if self._before is not None and commit.whole and not self._differs(commit):
            return
        name = re.sub(r"[<>\n\0]", " ", commit.author).strip() or "unknown"
        email = f"{re.sub(r'[^A-Za-z0-9._-]', '-', name)}@loop"
        seconds = max(0, commit.instant // _SECOND)
        who = f"{name} <{email}> {seconds} +0000"
        gap = "\n" if "\n\n" in commit.message else "\n\n"
        message = f"{commit.message}{gap}Loop-Lines: {commit.lines}\n".encode("utf-8", "replace")
        head = f"commit {_BRANCH}\nauthor {who}\ncommitter {who}\n".encode("utf-8", "replace")
        self._write(head + b"data %d\n%s" % (len(message), message))
        if self._count == 0 and self._before is not None:
            self._write(f"from {_BRANCH}^0\n".encode())
        if commit.whole:
            self._write(b"deleteall\n")
        for path, data in commit.changes.items():
            quoted = _quoted(path)
            if data is None:
                self._write(b"D " + quoted + b"\n")
            else:
                self._write(b"M 100644 inline %s\ndata %d\n%s\n" % (quoted, len(data), data))
        self._count += 1

    def finish(self) -> None:
        """End the import, and write the files."""
        if self._import is not None:
            _out, errors = self._import.communicate()
            if self._import.returncode:
                raise StorageError(f"git refused: {errors.decode(errors='replace')[:500]}")
            self._import = None
        self._git("reset", "--quiet", "--hard", "main")

    def _differs(self, commit: Any) -> bool:
        """Whether the files of the last commit are not these."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", "main")
        names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
        if names != commit.changes.keys():
            return True
        return any(
            data != self._git("cat-file", "blob", f"main:{path}")
            for path, data in commit.changes.items()
        )

    def _write(self, data: bytes) -> None:
        if self._import is None:
            self._import = subprocess.Popen(
                ["git", "-C", self._folder, "fast-import", "--quiet", "--date-format=raw"],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        assert self._import.stdin is not None
        try:
            self._import.stdin.write(data)
        except BrokenPipeError:
            _out, errors = self._import.communicate()
            words = errors.decode(errors="replace")[:500]
            raise StorageError(f"git refused: {words}") from None

    def _lines(self) -> int | None:
        try:
            message = self._git("log", "-1", "--format=%B", _BRANCH)
        except StorageError:
            return None
        found = _MARK.findall(message)
        if not found:
            raise UsageError(f"{self._folder} is a repository that no export of loop's has made")
        return int(found[-1])

    def _git(self, *arguments: str) -> bytes:
        try:
            done = subprocess.run(
                ["git", "-C", self._folder, *arguments], capture_output=True, check=False
            )
        except FileNotFoundError:
            raise UsageError("this needs git, which is not installed here") from None
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip()[:500]
            raise StorageError(f"git {arguments[0]} failed: {words}")
        return done.stdout


def _quoted(path: str) -> bytes:
    data = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + data + b'"'
