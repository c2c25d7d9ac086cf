"""Call functions of the C library without `ctypes`.

The Python part of `ctypes` costs a fifth of an interpreter's start; it defines names for all C
types. This module makes the two needed classes from the C part.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def function(name: str) -> Callable[..., int] | None:
    """Return a C function that takes ints and bytes and returns an errno, 0 for success.

    None if there is no such function. The C function must return 0 or set `errno`.
    """
    try:
        call, get_errno = _found(name)
    except (ImportError, OSError, AttributeError):  # a Python or a system without it
        return None

    def checked(*arguments: Any) -> int:
        return get_errno() if call(*arguments) else 0

    return checked


def _found(name: str) -> tuple[Callable[..., int], Callable[[], int]]:
    try:
        import _ctypes

        c: Any = _ctypes
        address = c.dlsym(c.dlopen(None, 0), name)

        class Int(c._SimpleCData):  # type: ignore[misc]
            _type_ = "i"

        class Call(c.CFuncPtr):  # type: ignore[misc]
            _flags_ = c.FUNCFLAG_CDECL | c.FUNCFLAG_USE_ERRNO
            _restype_ = Int

        return Call(address), c.get_errno
    except (ImportError, AttributeError):  # not CPython
        return _by_ctypes(name)


def _by_ctypes(name: str) -> tuple[Callable[..., int], Callable[[], int]]:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)[name], ctypes.get_errno
