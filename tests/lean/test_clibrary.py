"""Functions of the C library by the half of `ctypes` in C are those of `ctypes`."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.lean import clibrary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a library for POSIX")


def by_ctypes(name: str, *arguments: int | bytes) -> int:
    """What the real one has it: the errno, 0 if the call went well."""
    failed = ctypes.CDLL(None, use_errno=True)[name](*arguments)
    return ctypes.get_errno() if failed else 0


def test_a_call_does_what_it_says(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "이름"
    one.write_text("text")

    rename = clibrary.function("rename")
    assert rename is not None
    assert rename(os.fsencode(one), os.fsencode(other)) == 0
    assert other.read_text() == "text"
    assert rename(os.fsencode(one), os.fsencode(other)) == errno.ENOENT


@given(st.binary(max_size=300).filter(lambda name: b"\0" not in name), st.integers(-3, 7))
def test_it_fails_with_the_error_that_ctypes_gives(name: bytes, mode: int) -> None:
    access = clibrary.function("access")
    assert access is not None

    assert access(b"/absent/" + name, mode) == by_ctypes("access", b"/absent/" + name, mode)
    assert access(b"/", mode) == by_ctypes("access", b"/", mode)


@pytest.mark.parametrize("half", [clibrary._found, clibrary._by_ctypes])
def test_both_ways_find_the_same_functions(half: object) -> None:
    call, get_errno = half("close")  # type: ignore[operator]

    assert call(-1) == -1
    assert get_errno() == errno.EBADF
    with pytest.raises((AttributeError, OSError)):
        half("there_is_no_such_function")  # type: ignore[operator]


def test_a_function_that_is_not_there_is_none() -> None:
    assert clibrary.function("there_is_no_such_function") is None


def test_it_loads_no_ctypes() -> None:
    code = (
        "import sys; from loop_cli.lean.clibrary import function; function('rename');"
        " print('ctypes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ("True" if sys.implementation.name != "cpython" else "False")
