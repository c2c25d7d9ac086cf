"""The program: the Typer root, the one place that builds stores and maps errors to exit codes."""

from __future__ import annotations

import gc
import os
import re
import sys
import time
from importlib import import_module

import typer

from loop_cli import __version__, config
from loop_cli.cli import output
from loop_cli.errors import ConflictError, Interrupted, LoopError, StorageError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from loop_cli.config import Settings
    from loop_cli.core.audit import Origin
    from loop_cli.store.vault import VaultStore

# Verb -> module of `loop_cli.cli` with the command function, or the group, of the same name.
COMMANDS = {
    "get": "get",
    "update": "update",
    "log": "log",
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


def open_settings(options: dict[str, Any], *, need_vault: bool = True) -> Settings:
    """The settings for one command; `options` by setting name, None where not given."""
    return config.load(options, environ=os.environ, cwd=_cwd(), need_vault=need_vault)


def chosen_path(root: str, path: str | None) -> str | None:
    """What a `--path` names: a file relative to the vault, else to the current folder where
    that is in the vault."""
    if not path or "\0" in path or os.path.lexists(os.path.join(root, path)):
        return path or None
    top, here = os.path.realpath(root), os.path.realpath(_cwd())
    there = os.path.join(here, path)
    if os.path.commonpath((top, here)) == top and os.path.lexists(there):
        return there
    return path


def _cwd() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"


def open_store(settings: Settings) -> VaultStore:
    """The store of the vault in force."""
    from loop_cli.store.vault import VaultStore

    assert settings.root is not None, "load() raises where there is no vault"
    return VaultStore(
        settings.root,
        names=settings.names,
        clock=now,
        lock_timeout=settings["lock_timeout"],
        private=settings["audit.private"],
        cache=os.path.join(cache_folder(settings.root), "log.sqlite"),
    )


def cache_folder(root: str) -> str:
    """Where the caches of the vault at `root` are; they may be deleted at any time."""
    from loop_cli.store.digest import sha256_hex

    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    identity = sha256_hex(os.fsencode(os.path.realpath(root)))[:32]
    return os.path.join(base, "loop", identity)


def now() -> int:
    """The system's clock in microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


def origin(root: str) -> Origin:
    """Who runs this and through which door: from the system, never from an option or variable
    (SPEC §6). `LOOP_RUN_ID` joins several commands in one run."""
    from loop_cli.core.audit import Origin
    from loop_cli.store import members, platform

    login = platform.user_name()
    return Origin(
        run_id=run_id(),
        actor="user:" + members.display_name(root, login),
        tty=output.can_ask(),
        invoked_by=platform.parent_name(),
    )


def run_id() -> str:
    """The id of this run: `LOOP_RUN_ID`, or a new UUID v4. Raises `UsageError`."""
    from loop_cli.core.audit import RUN_ID

    given = os.environ.get("LOOP_RUN_ID")
    if given:
        if re.fullmatch(RUN_ID, given, re.IGNORECASE | re.ASCII) is None:
            raise UsageError(
                f"LOOP_RUN_ID must be a UUID v4, not {given!r}",
                hint="export LOOP_RUN_ID=$(python3 -c 'import uuid; print(uuid.uuid4())')",
            )
        return given.lower()
    bits = int.from_bytes(os.urandom(16))
    bits = bits & ~(0xF << 76) | 4 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


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
        command = getattr(module, verb)
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
