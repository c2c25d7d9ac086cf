"""Reading what strace tells: which names a program gave to the system, and which it changes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = (
    "open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,"
    "linkat,symlink,symlinkat,chmod,fchmodat,chown,lchown,fchownat,truncate,utimensat,mknod,mknodat"
)
"""The calls that name files, but for those that only ask."""
ON_DESCRIPTORS = "fchmod,fchown,ftruncate,fsetxattr,fremovexattr"
"""The calls that change an open file's length or rights."""
WITH_RIGHTS = "utime,utimes,futimesat,setxattr,lsetxattr,removexattr,lremovexattr"

_LINE = re.compile(r"^(?:(\d+) +)?(?:<\.\.\. )?(\w+)(\(| resumed>)(.*)$")
_NAME = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
_OPENED = re.compile(r"= \d+<([^>]*)>(?:\(deleted\))?$")
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-f]{2}|.)")
_WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", "b": "\b", "a": "\a"}


@dataclass(frozen=True)
class Call:
    """One system call: the names that it was given, each with the folder it is relative to."""

    call: str
    names: tuple[tuple[str, str], ...]
    text: str

    @property
    def opens(self) -> bool:
        return self.call.startswith("open") and not self.text.rstrip().endswith("= -1")

    @property
    def changes(self) -> bool:
        """Whether it is one that makes, removes or changes something, or opens it for that."""
        if self.call.startswith("open"):
            return any(flag in self.text for flag in _WRITES)
        return True

    @property
    def follows(self) -> bool:
        """Whether a link in the place of the name itself would be followed."""
        if self.call.startswith("open"):
            return "O_NOFOLLOW" not in self.text and "O_EXCL" not in self.text
        if self.call in ("chmod", "chown", "truncate", "utime", "utimes", "futimesat", "creat"):
            return True
        if self.call in ("setxattr", "removexattr", "fchmodat"):
            return True
        quiet = "AT_SYMLINK_NOFOLLOW" in self.text
        return self.call in ("fchownat", "utimensat") and not quiet

    @property
    def descriptor(self) -> str | None:
        """The file that a call without a name is about."""
        found = None if self.names else _DESCRIPTOR.match(self.text.partition("(")[2])
        return None if found is None else decoded(found[1])

    @property
    def opened(self) -> str | None:
        """The file that was opened, by its real path."""
        found = _OPENED.search(self.text)
        return None if found is None else decoded(found[1])


def calls_in(trace: str) -> Iterator[Call]:
    """The calls of a trace made with `strace -f -y`; one that was interrupted by another
    process's is put together again."""
    begun: dict[tuple[str | None, str], str] = {}
    for line in trace.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        process, call, opening, rest = match.groups()
        if rest.endswith("<unfinished ...>"):
            begun[process, call] = rest.removesuffix("<unfinished ...>")
            continue
        if opening != "(":
            rest = begun.pop((process, call), "") + rest
        yield _call(call, rest, line if opening == "(" else f"{process} {call}({rest}")
    for (process, call), rest in begun.items():
        yield _call(call, rest, f"{process} {call}({rest}")


def _call(call: str, rest: str, line: str) -> Call:
    pairs = [(decoded(one), decoded(name)) for one, name in _NAME.findall(rest)]
    if call.endswith("xattr"):
        pairs = pairs[: 0 if call.startswith("f") else 1]  # the other text is the attribute's name
    return Call(call, tuple(pairs), line)


def decoded(text: str) -> str:
    """What strace shows in the way of C, as a path."""
    if "\\" not in text:
        return text
    parts, end = [], 0
    for match in _ESCAPE.finditer(text):
        parts.append(os.fsencode(text[end : match.start()]))
        code, end = match[1], match.end()
        if code[0] in "01234567":
            parts.append(bytes([int(code, 8) & 0xFF]))
        elif code[0] == "x" and len(code) == 3:
            parts.append(bytes([int(code[1:], 16)]))
        else:
            parts.append(_LETTERS.get(code, code).encode())
    return os.fsdecode(b"".join(parts) + os.fsencode(text[end:]))
