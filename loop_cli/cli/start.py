"""The start of a run: by the quick parser or by Typer; errors become exit codes."""

from __future__ import annotations

import gc
import os
import sys

from loop_cli.errors import ConflictError, EntityNotFound, LoopError, StorageError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Garbage collection during imports finds nothing, and costs a third of an interpreter's start.
gc.set_threshold(100_000)

_NAMED = 5  # files that an error names as changed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit with the code of SPEC §7."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["__complete"]:  # a shell calls this at every TAB
        from loop_cli.cli.complete import main as complete

        sys.exit(complete.main(given[1:]))
    from loop_cli.cli import output

    output.prepare_streams()
    code = run(given)
    output.leave_streams()
    gc.freeze()  # or the interpreter looks through all modules for cycles once more as it ends
    sys.exit(code)


def run(arguments: list[str], *, quick: bool = True) -> int:
    """Run one command line; return the exit code. If not `quick`, Typer always parses it."""
    given = _options(arguments)
    machine = any(one == "--json" or one.startswith("--json=") for one in given)
    machine = machine or arguments[:1] == ["apply"]
    try:
        return _run(arguments, quick=quick, machine=machine)
    except ConflictError as error:
        from loop_cli.cli import hints

        error.hint = error.hint or hints.after_conflict(error.conflict, arguments)
        return _fail(error, machine)
    except LoopError as error:
        if "--json" in given[1:-1]:
            from loop_cli.cli import stray

            error.hint = stray.hint(given, error) or error.hint
        return _fail(error, machine)
    except KeyboardInterrupt:
        from loop_cli.failures import Interrupted

        return _fail(Interrupted("interrupted" + _what_landed()), machine)
    except MemoryError:
        return _fail(StorageError("out of memory" + _what_landed()), machine)
    except OSError as error:
        return _fail(StorageError(_of_the_system(error) + _what_landed()), machine)
    except Exception as error:
        if isinstance(error, UnicodeEncodeError) and (odd := _no_text(error, arguments)):
            return _fail(UsageError(f"{odd!r} is not UTF-8 text"), machine)
        if os.environ.get("LOOP_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}{_what_landed()}"
        hint = "this is a defect of loop; LOOP_DEBUG=1 shows where it happened"
        return _fail(LoopError(f"internal error: {what}", hint=hint), machine)


def _run(arguments: list[str], *, quick: bool, machine: bool) -> int:
    """Run a command line; with a person at the terminal complete the id that it lacks."""
    try:
        return _once(arguments, quick=quick)
    except (UsageError, EntityNotFound) as error:
        if machine or not sys.stdin.isatty():
            raise
        from loop_cli.cli import choosing

        again = choosing.completed(arguments, error)
    return run(again, quick=quick)


def _once(arguments: list[str], *, quick: bool) -> int:
    from loop_cli.cli import parser

    call = parser.parse(arguments) if quick else None
    if call is not None:
        call()
        return 0
    from loop_cli.cli import app

    return app.run(arguments)


def _of_the_system(error: OSError) -> str:
    """What the system refused, in words; without its number."""
    if not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def _what_landed() -> str:
    """Return what an error must say if a change landed before it."""
    from loop_cli.cli import context

    landed, done = context.landed(), context.done()
    shown, more = landed[:_NAMED], len(landed) - _NAMED
    names = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    changes = f"; the change of {names} has landed" if landed else ""
    return changes + "".join(f"; {what}" for what in done)


def _no_text(error: UnicodeEncodeError, arguments: list[str]) -> str | None:
    """Return the argument with bytes that are not text, if there is one."""
    odd = error.object[error.start : error.end]
    return next((one for one in arguments if odd in one), None)


def _fail(error: LoopError, machine: bool) -> int:
    from loop_cli.cli import output

    try:
        output.error(error, machine=machine)
    except Exception:  # its details can't be shown, but the error can
        output.error(LoopError(error.message, hint=error.hint), machine=machine)
    return error.exit_code


def _options(arguments: list[str]) -> list[str]:
    """Return the arguments before `--`; after it there are no options."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments
