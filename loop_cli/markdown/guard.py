"""Whatever a parser raises for a text, as one kind of error.

Parsers raise more than they say: PyYAML an `AttributeError` for `!!timestamp no`, those in Rust a
panic, which is no `Exception`. A text that makes one fail is a text that can't be read.
"""

from __future__ import annotations

from loop_cli.markdown.limits import YamlSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

_PANIC = "PanicException"  # of a parser in Rust; it has no name to import


def guarded(parse: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What a parser, or a function that uses one, makes of its arguments.

    Raises YamlSyntaxError with the parser's reason and line, whatever the parser raised. A
    PatchError goes through, and what ends the program.
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
    """The 1-based line that the error names; the first where it names none."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    import re

    found = re.search(r"line (\d{1,9}), column", str(error))
    return int(found[1]) if found else 1
