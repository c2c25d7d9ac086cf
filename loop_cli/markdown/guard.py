"""Turn every error of a parser into one kind of error.

Parsers raise more than they document: PyYAML raises an `AttributeError` for `!!timestamp no`, and
parsers in Rust panic, which is not an `Exception`. A text on which a parser fails can't be read.
"""

from __future__ import annotations

from loop_cli.markdown.limits import YamlSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

_PANIC = "PanicException"  # of a parser in Rust; its class can't be imported


def guarded(parse: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Wrap a parser, or a function that uses one.

    Whatever it raises becomes a YamlSyntaxError with the reason and the line. A PatchError, and
    exceptions that end the program, pass.
    """
    try:
        return parse(*arguments, **options)
    except YamlSyntaxError:
        raise
    except BaseException as error:
        from loop_cli.markdown.edits import PatchError

        ends = not isinstance(error, Exception) and type(error).__name__ != _PANIC
        if ends or isinstance(error, PatchError):
            raise
        raise YamlSyntaxError(_reason(error), _line(error)) from None


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    said = getattr(error, "problem", None) or str(error).split("\n")[0]
    if isinstance(error, ValueError) or type(error).__module__.startswith("yaml."):
        return said or "it can't be read"
    return f"the parser fails on it ({type(error).__name__}{': ' if said else ''}{said})"


def _line(error: BaseException) -> int:
    """Return the 1-based line in the error; the first line if there is none."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    import re

    found = re.search(r"line (\d{1,9}), column", str(error))
    return int(found[1]) if found else 1
