"""The program as Typer has it: its commands, their options, its help."""

from __future__ import annotations

import contextlib
import io
import os
from copy import copy
from importlib import import_module

import typer
from typer.core import TyperCommand, TyperOption

from loop_cli.cli import options, output, styles
from loop_cli.errors import Interrupted, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Verb -> module of `loop_cli.cli` with the command function, or the group, of the same name.
COMMANDS = {
    "get": "get",
    "update": "update",
    "edit": "edit",
    "apply": "apply",
    "list": "listing",
    "search": "search",
    "create": "create",
    "delete": "delete",
    "move": "move",
    "rename": "rename",
    "kept": "kept",
    "diff": "diff",
    "history": "history",
    "undo": "undo",
    "log": "log",
    "check": "check",
    "schema": "schema",
    "init": "init",
    "watch": "watch",
    "skill": "skill",
    "audit": "audit",
    "config": "settings",
    "completion": "completion",
    "help": "help",
    "demo": "demo",
}
# What values are called where one is wrong, by Typer's name for their type.
_IN_WORDS = {"int range": "whole number", "float": "number"}
_ABOUT = """Get and update the entities of a Markdown vault: with preconditions, without
touching a byte that was not asked for, and with an audit record of every change."""
_SEE_ALSO = """'loop COMMAND --help' has the options of a command, with examples.

'loop help' lists the pages of the documentation; 'loop help WORDS' finds them."""
_EXIT_CODES = "Exit codes: loop help exit-codes"


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code. Raises `LoopError`."""
    try:
        return _dispatch(arguments)
    except typer.TyperException as error:
        raise UsageError(error.format_message(), hint=_usage_hint(arguments)) from None
    except typer.Abort:
        raise Interrupted("interrupted") from None


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
        # What the annotations of commands name that run without Typer too (`cli.lane`).
        vars(module).setdefault("options", options)
        command = getattr(module, "COMMAND", None) or getattr(module, verb)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=verb)
            continue
        cls = _PathWithout if verb == "get" else None
        app.command(verb, cls=cls, epilog=module.EXAMPLES)(command)
    if not verbs:
        app.callback(invoke_without_command=True)(_root)
    return app


def is_command(words: list[str]) -> bool:
    """Whether the words are a command, or a group and one of its commands."""
    if words[0] not in COMMANDS:
        return False
    command = _command(build(words[0]))
    for word in words[1:]:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            return False
    return True


def help_text(words: list[str]) -> str:
    """What `--help` of a command prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        run([*words, "--help"])
    return text.getvalue()


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
    return finished(typer.main.get_command(app))


def finished(command: Any) -> Any:
    """The command, or the group with all in it, with `--plain`, which every command has, and
    with kinds of values named as people would."""
    for one in command.params:
        one.type = copy(one.type)  # some are shared by all of Typer
        one.type.name = _IN_WORDS.get(one.type.name, one.type.name)
    command.params.append(
        TyperOption(
            param_decls=["--plain"],
            is_flag=True,
            default=False,
            expose_value=False,
            callback=_plain,
            help="For screen readers: no boxes, no columns, words for signs (LOOP_PLAIN).",
        )
    )
    command.epilog = f"{command.epilog or ''}\n\n{_EXIT_CODES}"
    for inner in getattr(command, "commands", {}).values():
        finished(inner)
    return command


def _plain(_context: Any, _option: Any, given: bool) -> None:
    if given:
        os.environ["LOOP_PLAIN"] = "true"
        styles.set_plain(True)


def _root(
    context: typer.Context,
    vault: str | None = typer.Option(None, "--vault", metavar="DIR", help="The vault's folder."),
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
    as_json: bool = typer.Option(False, "--json", help="Without a command: the overview as JSON."),
) -> None:
    if version:
        output.version()
        raise typer.Exit
    if vault is not None:
        os.environ["LOOP_VAULT"] = vault
    if context.invoked_subcommand is not None:
        if as_json:
            raise UsageError("--json goes after the command")
        return
    from loop_cli.cli import overview

    if not overview.show(as_json=as_json):
        output.line(context.get_help())
        raise typer.Exit(UsageError.exit_code)


class _PathWithout(TyperCommand):
    """`loop get`: `--path` alone asks for the path; with a value it chooses the file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a `--path` without a value the empty one."""
        following = [*args[1:], "-"]  # one too many where there is no argument
        return super().parse_args(
            ctx,
            [
                "--path=" if one == "--path" and after.startswith("-") else one
                for one, after in zip(args, following, strict=False)
            ],
        )


def _usage_hint(arguments: list[str]) -> str:
    verb = next((one for one in arguments if one in COMMANDS), None)
    return f"loop {verb} --help" if verb else "loop --help"
