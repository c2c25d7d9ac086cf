"""The program: the Typer root, and the one place that maps errors to exit codes."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

import typer

from loop_cli import __version__
from loop_cli.cli import output
from loop_cli.errors import ConflictError, Interrupted, LoopError, StorageError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Verb -> module of `loop_cli.cli` with the command function, or the group, of the same name.
COMMANDS = {
    "get": "get",
    "update": "update",
    "edit": "edit",
    "list": "listing",
    "search": "search",
    "create": "create",
    "delete": "delete",
    "log": "log",
    "check": "check",
    "schema": "schema",
    "init": "init",
    "watch": "watch",
    "audit": "audit",
    "config": "settings",
    "demo": "demo",
}
_ABOUT = """Get and update the entities of a Markdown vault: with preconditions, without
touching a byte that was not asked for, and with an audit record of every change."""
_SEE_ALSO = "'loop COMMAND --help' has the options of a command, with examples."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit with the code of SPEC §7."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    output.prepare_streams()
    code = run(given)
    gc.freeze()  # or the interpreter looks through all modules for cycles once more as it ends
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    machine = "--json" in _options(arguments)
    try:
        return _dispatch(arguments)
    except ConflictError as error:
        from loop_cli.cli import hints

        error.hint = hints.after_conflict(error.conflict, arguments)
        return _fail(error, machine)
    except LoopError as error:
        return _fail(error, machine)
    except typer.TyperException as error:
        hint = _usage_hint(arguments)
        return _fail(UsageError(error.format_message(), hint=hint), machine)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(Interrupted("interrupted"), machine)
    except MemoryError:
        return _fail(StorageError("out of memory"), machine)
    except OSError as error:
        return _fail(StorageError(str(error)), machine)
    except Exception as error:
        if os.environ.get("LOOP_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        hint = "this is a defect of loop; LOOP_DEBUG=1 shows where"
        return _fail(LoopError(f"internal error: {what}", hint=hint), machine)


def build(*verbs: str) -> typer.Typer:
    """The Typer app with some commands, or all."""
    app = typer.Typer(
        add_completion=False,
        help=_ABOUT,
        epilog=_SEE_ALSO,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    for verb in verbs or COMMANDS:
        module = import_module(f"loop_cli.cli.{COMMANDS[verb]}")
        command = getattr(module, "COMMAND", None) or getattr(module, verb)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=verb)
            continue
        app.command(verb, cls=getattr(module, "COMMAND_CLASS", None), epilog=module.EXAMPLES)(
            command
        )
    if not verbs:
        app.callback(invoke_without_command=True)(_root)
    return app


def _dispatch(arguments: list[str]) -> int:
    """A verb in front needs only its own command; everything else the whole app."""
    if arguments and arguments[0] in COMMANDS:
        app, name, rest = build(arguments[0]), f"loop {arguments[0]}", arguments[1:]
    else:
        app, name, rest = build(), "loop", arguments
    code = _command(app).main(rest, prog_name=name, standalone_mode=False)
    if code == Interrupted.exit_code:
        raise Interrupted("interrupted")
    return code if isinstance(code, int) else 0


def _command(app: typer.Typer) -> Any:
    """What the app runs; of one that has a single group, that group."""
    if len(app.registered_groups) == 1 and not app.registered_commands:
        group = app.registered_groups[0].typer_instance
        assert group is not None, "build() registers groups that are there"
        app = group
    return typer.main.get_command(app)


def _root(
    context: typer.Context,
    vault: str | None = typer.Option(None, "--vault", metavar="DIR", help="The vault's folder."),
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        output.line(f"loop {__version__}")
        raise typer.Exit
    if vault is not None:
        os.environ["LOOP_VAULT"] = vault
    if context.invoked_subcommand is None:
        output.line(context.get_help())
        raise typer.Exit(UsageError.exit_code)


def _fail(error: LoopError, machine: bool) -> int:
    try:
        output.error(error, machine=machine)
    except Exception:  # its details can't be shown; what happened still is
        output.error(LoopError(error.message, hint=error.hint), machine=machine)
    return error.exit_code


def _options(arguments: list[str]) -> list[str]:
    """The arguments before `--`, after which nothing is an option."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _usage_hint(arguments: list[str]) -> str:
    verb = next((one for one in arguments if one in COMMANDS), None)
    return f"loop {verb} --help" if verb else "loop --help"
