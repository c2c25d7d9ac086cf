"""Print results on stdout, everything else on stderr; the only module that prints.

Text from a vault is shown and never interpreted: no markup, and on a terminal no control characters
(SPEC §7). Colour is used only on a terminal, and respects `NO_COLOR` and `FORCE_COLOR`.
"""

from __future__ import annotations

import os
import sys
from itertools import islice

from loop_cli.lean.jsontext import harmless_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import IO, Any

    from rich.console import Console, RenderableType

    from loop_cli.cli.pager import Pager
    from loop_cli.cli.render.progress import Progress
    from loop_cli.core.conflict import Conflict
    from loop_cli.errors import Action, LoopError
    from loop_cli.operations.bulk import Warned

READER_GONE = 141
ROWS = 200  # rows of a table of entities, without --limit
RECORDS = 30  # rows of a table of records
_PIPE_WIDTH = 10_000
_AT_ONCE = 100  # lines


def prepare_streams() -> None:
    """Give the program its streams, even where it was started without them: each is then one
    that fails when it is used, since nothing can be read from there and nobody is told."""
    failing = (
        ("stdin", "r", os.O_WRONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_RDONLY),
    )
    for name, mode, flags in failing:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode, encoding="utf-8"))  # noqa: SIM115


def leave_streams() -> None:
    """Wait until the reader leaves the pager. Let go of what can't be written, or Python tries once
    more, and complains, as it exits."""
    leave_pager()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _abandon(stream)


def _abandon(stream: IO[str]) -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether a person sits at the stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def can_ask() -> bool:
    """Whether a question would be seen and could be answered."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def shows_utc(asked: bool) -> bool:
    """Whether times on stdout are exact: if requested, or if stdout is not a terminal."""
    return asked or not is_terminal(sys.stdout)


def may_ask(*, as_json: bool = False, no_input: bool) -> bool:
    """Whether a command may ask questions (SPEC §7): programs are never asked."""
    return not as_json and not no_input and can_ask()


def be_plain() -> None:
    """From now on show lines of text, without boxes and colour."""
    from loop_cli.cli.render import styles

    styles.set_plain(True)


_pager: Pager | None = None
_may_page = True
_after_pager: list[str] = []  # what stderr gets once the reader has left


def page() -> None:
    """From now on show in the pager what is more than a screen, if a person reads stdout.

    For results that a person reads; not where a command asks, or shows things as they happen.
    """
    global _pager  # noqa: PLW0603
    if _pager is None and _may_page and is_terminal(sys.stdout):
        from loop_cli.cli.pager import Pager

        _pager = Pager(_write_directly, note)


def never_page() -> None:
    """Show everything at once."""
    global _may_page  # noqa: PLW0603
    _may_page = False


def leave_pager() -> None:
    """Show what the pager has held back, and wait until the reader leaves it."""
    global _pager
    if _pager is not None:
        pager, _pager = _pager, None
        pager.close()
        for text in _after_pager:
            _write_stderr(text)
        _after_pager.clear()


def ask(question: str) -> None:
    """Print a question, or the end of one, on stderr."""
    _write_stderr(_visible(question))


def line(text: str) -> None:
    """Print a line of text on stdout."""
    write(text + "\n")


def version() -> None:
    """Return the line of `loop --version`."""
    from loop_cli import __version__

    line(f"loop {__version__}")


def json_document(value: Any, warnings: Iterable[str] | None = None) -> None:
    """Print one JSON document on stdout, with the warnings in it."""
    if warnings is not None and (listed := _spelled(warnings)):
        value = {**value, "warnings": listed}
    line(json_text(value))


def as_document(value: Any, warnings: Iterable[str], *, wanted: bool) -> bool:
    """Print one JSON document with warnings if `wanted`; otherwise print only the warnings.

    Returns which of the two it did; the caller then shows the result to people.
    """
    if wanted:
        json_document(value, warnings)
    else:
        warn(warnings)
    return wanted


def json_text(value: Any) -> str:
    """Return one line of JSON that is harmless on a terminal."""
    return harmless_json(value)


def lines(texts: Iterable[str]) -> None:
    """Print lines on stdout in groups of about a hundred: a write costs more than a line."""
    waiting: list[str] = []
    for text in texts:
        waiting.append(text + "\n")
        if len(waiting) == _AT_ONCE:
            write("".join(waiting))
            waiting.clear()
    write("".join(waiting))


def write_each(texts: Iterable[str]) -> None:
    """Print texts on stdout in groups of about a hundred."""
    remaining = iter(texts)
    while batch := [*islice(remaining, _AT_ONCE)]:
        write("".join(batch))


def json_lines(found: Iterable[bytes]) -> None:
    """Print lines of JSON on stdout in groups of about a hundred."""
    remaining = iter(found)
    while batch := [*islice(remaining, _AT_ONCE)]:
        batch.append(b"")
        write_raw(b"\n".join(batch))


class progress:  # noqa: N801
    """A context manager that shows progress on stderr, after one second, at a terminal.

    It returns the function to call with the count, or None if nobody would see it.
    """

    def __init__(self, what: str, *, unit: str) -> None:
        seen = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._shown: Progress | None = None
        if seen:
            from loop_cli.cli.render.progress import Progress

            self._shown = Progress(what, unit, lambda: console(sys.stderr).status(""))

    def __enter__(self) -> Callable[[int], None] | None:
        return None if self._shown is None else self._shown.tell

    def __exit__(self, *_raised: object) -> None:
        if self._shown is not None:
            self._shown.close()


def write(text: str) -> None:
    """Print text on stdout; on a terminal without control characters.

    Exits with 141 if the reader of stdout is gone. Raises `OSError` otherwise.
    """
    write_bytes(_encoded(_fit(text, sys.stdout)))


def _fit(text: str, stream: IO[str]) -> str:
    """Make text harmless on a terminal; JSON keeps its meaning."""
    return _visible(text) if is_terminal(stream) else text


def _encoded(text: str) -> bytes:
    """Encode text; arguments and file names get their original bytes, other half characters `?`."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def write_bytes(data: bytes) -> None:
    """Print bytes on stdout; ends as `write` does."""
    if _pager is not None:
        _pager.write(data)
    else:
        _write_directly(data)


def _write_directly(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _abandon(sys.stdout)
        if isinstance(error, BrokenPipeError):
            sys.exit(READER_GONE)
        error.filename = "standard output"
        raise


def write_raw(data: bytes) -> None:
    """Print a file's bytes on stdout; on a terminal as text without control characters."""
    if is_terminal(sys.stdout):
        write(data.decode("utf-8", "replace"))
    else:
        write_bytes(data)


def show(content: RenderableType | Callable[[Console], RenderableType]) -> None:
    """Print a rich renderable on stdout; a function is called with the console."""
    write_bytes(_encoded(_rendered(content, sys.stdout)))


def tell(content: RenderableType | Callable[[Console], RenderableType]) -> None:
    """Print a rich renderable on stderr."""
    _write_stderr(_rendered(content, sys.stderr))


def note(text: str) -> None:
    """Print a remark for people on stderr."""
    _write_stderr(_visible(text) + "\n")


def warn(warnings: Iterable[str]) -> None:
    """Print warnings on stderr, each once."""
    for warning in _spelled(warnings):
        _write_stderr(f"loop: warning: {_visible(warning)}\n")


def warn_of_many(warnings: Warned, *, known: Collection[str] = ()) -> list[str]:
    """Print warnings about many entities, each once, with their number and the first ids.

    Those that are `known` are left out. Returns all of them, so that a result need not repeat what
    its plan has said.
    """
    for warning, count, ids in warnings:
        if warning in known:
            continue
        named = ", ".join(ids) if count == len(ids) else f"{count} entities ({', '.join(ids)}, ...)"
        (text,) = _spelled([warning])
        _write_stderr(f"loop: warning: {_visible(named)}: {_visible(text)}\n")
    if warnings.more:
        note(f"and {warnings.more} more warnings; --json has all")
    return [warning for warning, _count, _ids in warnings]


def _spelled(warnings: Iterable[str]) -> list[str]:
    """Return the warnings, each once, with their actions in words."""
    listed = list(dict.fromkeys(warnings))
    if any(type(one) is not str for one in listed):
        from loop_cli.cli import hints

        listed = [hints.spelled(one) for one in listed]
    return listed


def error(failure: LoopError, *, machine: bool) -> None:
    """Print a failure on stderr: one JSON object for programs, sentences for people."""
    from loop_cli.cli import hints

    if machine:
        document = hints.spelled(failure.as_dict())
        _write_stderr(_fit(json_text(document), sys.stderr) + "\n")
        return
    conflict = getattr(failure, "conflict", None)
    if conflict is not None and failure.asked:  # type: ignore[attr-defined]
        say(f"loop: {conflict.entity_id} was left as it is")
        return
    say(f"loop: {hints.spelled(failure.message)}")
    if conflict is not None:
        _tell_conflicts(conflict, *getattr(failure, "others", ()))
    if failure.hint:
        hint(failure.hint)


def hint(what: str | Action) -> None:
    """Print the next step on stderr; without line breaks, because it is often a command to copy."""
    from loop_cli.cli import hints

    _write_stderr(f"hint: {_visible(hints.spelled(what))}\n")


def _tell_conflicts(*conflicts: Conflict) -> None:
    from loop_cli.cli.render import conflict as render_conflict
    from loop_cli.cli.render import past as render_past

    for conflict in conflicts:
        show_one = render_past.undo_conflict if conflict.undo else render_conflict.report
        tell(show_one(conflict))


def console(stream: IO[str]) -> Console:
    """Return a console that takes vault data for text, not for markup."""
    from rich.console import Console

    from loop_cli.cli.render import styles

    return Console(
        file=stream,
        color_system=None if styles.is_plain() else "auto",
        width=None if is_terminal(stream) or "COLUMNS" in os.environ else _PIPE_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
    )


def _rendered(
    content: RenderableType | Callable[[Console], RenderableType], stream: IO[str]
) -> str:
    from loop_cli.cli.render import plain, styles

    target = console(stream)
    shown = content(target) if callable(content) else content
    with target.capture() as capture:
        for part in plain.lines(shown, target) if styles.is_plain() else [shown]:
            target.print(part)
    text = _visible(capture.get(), styled=True)  # in case that the renderable contains some
    lines = text.removesuffix("\n").split("\n") if text else []
    return "".join(part.rstrip(" ") + "\n" for part in lines)


def say(text: str) -> None:
    """Print words for people on stderr; on a terminal, lines break between words."""
    if is_terminal(sys.stderr):
        from rich.text import Text

        tell(Text(_visible(text)))
    else:
        _write_stderr(_visible(text) + "\n")


def _write_stderr(text: str) -> None:
    if _pager is not None:
        _after_pager.append(text)
        return
    try:
        sys.stderr.buffer.write(_encoded(text))
        sys.stderr.buffer.flush()
    except (OSError, ValueError):  # nobody left to tell; the exit code still says it
        _abandon(sys.stderr)


def _visible(text: str, *, styled: bool = False) -> str:
    """Call `render.text.visible`; that module is loaded only if needed."""
    from loop_cli.cli.render.text import visible

    return visible(text, styled=styled)
