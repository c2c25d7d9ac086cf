"""Copy a vault to a place where there is none: bytes, times, ids, log and kept copies.

The log comes first, then the kept copies, then the files, in batches that each are durable in the
target. A copy that was interrupted goes on where it was: the target remembers its source, and what
is there is not copied again. At the end both are read, and every file, line and kept copy compared.
"""

from __future__ import annotations

from itertools import islice

from loop_cli.errors import Action, StorageError
from loop_cli.lean.basics import sha256_hex
from loop_cli.lean.records import Struct
from loop_cli.planning.snapshot import etag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from loop_cli.core.whole import Whole

    T = TypeVar("T")
    Told = Callable[[int], None] | None

_BATCH = 500  # files
_LINES = 5_000
_KEPT = 50


class Copied(Struct):
    """The result of a copy: what there is in the target, and what of it came this time."""

    source: str
    target: str
    files: int
    lines: int
    kept: int
    new_files: int
    resumed: bool
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of `loop copy`."""
        data = dict(self.__dict__)
        del data["warnings"]
        return {**data, "verified": True}


def copy(source: Whole, target: Whole, *, told: Told = None) -> Copied:
    """Copy, and verify. `told` is called with the number of files that are done.

    Raises `UsageError` if the target is not empty; `StorageError` if the two differ in the end, as
    where somebody writes to the source meanwhile.
    """
    there = target.begin(f"copy of {source.name}")
    for lines in _batches(source.lines(after=there.lines), _LINES):
        target.put_lines(lines)
    for copies in _batches((one for one in source.kept() if one.name not in there.kept), _KEPT):
        target.put_kept(copies)
    done = new = 0
    for files in _batches(source.files(), _BATCH):
        fresh = [one for one in files if there.files.get(one.path) != etag_of(one.data)]
        target.put_files(fresh)
        done, new = done + len(files), new + len(fresh)
        if told is not None:
            told(done)
    target.complete()
    found = _verify(source, target)
    target.finish()
    resumed = bool(there.files or there.lines or there.kept)
    return Copied(
        source=source.name,
        target=target.name,
        **found,
        new_files=new,
        resumed=resumed,
        warnings=tuple(source.skipped()),
    )


def _verify(source: Whole, target: Whole) -> dict[str, int]:
    """Compare all that was copied. Raises `StorageError`."""
    name = target.name
    counts = {
        "files": _compare("files", _of_files(source), _of_files(target), name),
        "lines": _compare("lines", _of_lines(source), _of_lines(target), name),
        "kept": _compare("kept copies", _of_kept(source), _of_kept(target), name),
    }
    before, after = source.verified(), target.verified()
    if before != after:
        raise StorageError(
            f"the audit log of {target.name} does not verify as that of {source.name} does: "
            f"{after} instead of {before}"
        )
    return counts


def _of_files(one: Whole) -> Iterator[tuple[str, str]]:
    return ((file.path, f"{etag_of(file.data)} {file.modified}") for file in one.files())


def _of_lines(one: Whole) -> Iterator[tuple[str, str]]:
    return ((line.segment, f"{sha256_hex(line.text)} {line.ended}") for line in one.lines())


def _of_kept(one: Whole) -> Iterator[tuple[str, str]]:
    return ((kept.name, sha256_hex(kept.data)) for kept in one.kept())


def _compare(
    what: str, ours: Iterable[tuple[str, str]], theirs: Iterable[tuple[str, str]], name: str
) -> int:
    count = 0
    rest = iter(theirs)
    for one in ours:
        other = next(rest, None)
        if one != other:
            raise _differs(what, one[0], name)
        count += 1
    other = next(rest, None)
    if other is not None:
        raise _differs(what, other[0], name)
    return count


def _differs(what: str, which: str, name: str) -> StorageError:
    return StorageError(
        f"the {what} of {name} are not those of its source: {which} differs; somebody writes "
        "to one of them",
        hint=Action("copy_again"),
    )


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
