"""The Typer program: its commands, options and help; made from the table."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
from copy import copy
from importlib import import_module
from inspect import Parameter, Signature
from types import GenericAlias

import typer
from typer.core import TyperCommand, TyperOption

from loop_cli.cli import context, forms, output, parser
from loop_cli.cli.command_table import COMMANDS, NO_PAGER, PAGED, PANELS, PLAIN, SERVER
from loop_cli.cli.render import styles
from loop_cli.core.names import SLIP, nearest
from loop_cli.errors import Action, UsageError
from loop_cli.failures import Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_TYPES = {"flag": bool, "text": str, "number": int, "seconds": float}
# The names of kinds of values in error messages, by Typer's names for their types.
_IN_WORDS = {"int range": "whole number", "float": "number"}
_HELP = {"help_option_names": ["-h", "--help"]}
_SEE_ALSO = """'loop COMMAND --help' has the options of a command, with examples.

'loop help' lists the pages of the documentation; 'loop help WORDS' finds them."""
_BEGUN = 3  # letters of an option
_FLAG = "\0"  # the value of an option that stands as a flag


def run(arguments: list[str]) -> int:
    """Run one command line; return the exit code. Raises `LoopError`."""
    try:
        return _dispatch(arguments)
    except typer.TyperException as error:
        failure = UsageError(_in_words(error), hint=_usage_hint(arguments))
        failure.lacks = _lacks(error)
        raise failure from None
    except typer.Abort:
        raise Interrupted("interrupted") from None


def _lacks(error: Any) -> str | None:
    """The option, or nothing for an argument, that should have named an entity."""
    one = getattr(error, "param", None)
    if type(error).__name__ != "MissingParameter" or one is None:
        return None
    if (one.metavar or "") not in ("ID", "ID..."):
        return None
    return one.opts[0] if one.param_type_name == "option" else ""


def _in_words(error: Any) -> str:
    """What Typer says; of an option that is not there, which ones are nearest, and of fields after
    `--json=` which commands take some."""
    name, said = getattr(error, "option_name", None), str(error.format_message())
    if isinstance(error, typer.BadParameter) or not name:
        return said
    if name == "--json" and type(error).__name__ == "BadOptionUsage":
        takes = [one for one in COMMANDS if any(map(_takes_fields, parser.parameters(one)))]
        shown = f"{', '.join(takes[:-1])} and {takes[-1]}"
        return f"--json=FIELD,FIELD is for {shown}; here --json takes no fields"
    close = _nearest_options(name, getattr(error, "possibilities", None) or ())
    return f"{error.message}; did you mean {' or '.join(close)}?" if close else str(error.message)


def _takes_fields(one: parser.Parameter) -> bool:
    return one.name == "as_json" and one.may_be_flag


def _nearest_options(given: str, options: Iterable[str]) -> list[str]:
    """The options that may be meant: begun like that, with two letters exchanged, or nearly so.
    The dashes are no likeness."""
    word = given.lstrip("-")
    by_name = {one.lstrip("-"): one for one in options}
    begun = [name for name in by_name if len(word) >= _BEGUN and name.startswith(word)]
    exchanged = [name for name in by_name if len(word) > 1 and sorted(name) == sorted(word)]
    near = nearest(word, by_name, count=2, alike=SLIP)
    return [by_name[name] for name in dict.fromkeys((*exchanged, *begun, *near))][:2]


def build(first: str = "") -> typer.Typer:
    """Build the Typer app with all commands, or only with the command or group of that name."""
    app = _group("", _SEE_ALSO)
    groups = {"": app}
    for name, (place, *_rest) in COMMANDS.items():
        if not name or (first and name.partition(" ")[0] != first):
            continue
        above, _space, own = name.rpartition(" ")
        module = import_module(f"loop_cli.cli.commands.{place.partition('.')[0]}")
        if "." in place:
            _add(groups[above], name, own, module)
        else:
            groups[name] = _group(name, module.EXAMPLES)
            groups[above].add_typer(groups[name], name=own, rich_help_panel=_panel(name))
    if not first:
        context = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
        root = _with_parameters(_root, "", context)
        app.callback(invoke_without_command=True)(root)
    return app


def _group(name: str, epilog: str) -> typer.Typer:
    group = typer.Typer(
        add_completion=False,
        help=COMMANDS[name][1],
        epilog=epilog,
        context_settings=_HELP,
        pretty_exceptions_enable=False,
    )
    # otherwise Typer takes a group with a single command for that command
    group.callback()(lambda: None)
    return group


def _add(group: typer.Typer, name: str, own: str, module: Any) -> None:
    """Add the command of that name to its group."""
    called = COMMANDS[name][0].rpartition(".")[2]
    examples = getattr(module, f"{called.upper()}_EXAMPLES", None) or module.EXAMPLES
    about = COMMANDS[name][1]
    register = group.command(
        own,
        cls=_Command,
        help=_flowing(about),
        epilog=_flowing(forms.with_expr(name, examples)),
        context_settings=_HELP,
        rich_help_panel=_panel(name),
    )

    flags = [one.name for one in parser.parameters(name) if one.may_be_flag]

    def call(**values: Any) -> None:
        for one in flags:
            values[one] = _flag_or_text(values[one])
        parser.function(name)(**values)

    register(_with_parameters(call, name))


def _panel(name: str) -> str | None:
    """The heading under which a command is listed."""
    return next((title for title, names in PANELS.items() if name in names), None)


def _flowing(text: str) -> str:
    """Let the lines of paragraphs flow, but for those that stand as they are."""
    parts = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        one if one.lstrip("\n").startswith("\b") else " ".join(one.split("\n")) for one in parts
    )


def _flag_or_text(value: str | None) -> bool | str:
    return value is not None if value in (None, _FLAG) else str(value)


def _with_parameters(call: Any, name: str, *first: Parameter) -> Any:
    """Make a function with the parameters of a command in the table, in the form that Typer
    reads."""
    described = [_described(one) for one in parser.parameters(name)]
    call.__annotations__ = {}
    call.__signature__ = Signature([*first, *described])
    return call


def _described(one: parser.Parameter) -> Parameter:
    kind: Any = _TYPES[one.kind]
    if one.repeated:
        kind = GenericAlias(list, kind)
    more: dict[str, Any] = {"metavar": one.metavar or None, "help": one.help}
    if one.kind == "number":
        more["min"] = 0
    default = ... if one.required else None if one.may_be_flag else one.default
    made: Any = typer.Option if one.options else typer.Argument
    return Parameter(
        one.name,
        Parameter.KEYWORD_ONLY,
        default=made(default, *one.options, **more),
        annotation=kind if default is not None else kind | None,
    )


def is_command(words: list[str]) -> bool:
    """Whether the words are a command, or a group and one of its commands."""
    return " ".join(words) in COMMANDS


def help_text(words: list[str]) -> str:
    """Return the text that `--help` of a command prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        run([*words, "--help"])
    return text.getvalue()


def _dispatch(arguments: list[str]) -> int:
    """Build only the command that is named first, or the whole app for anything else."""
    arguments = _with_show(arguments)
    if arguments and arguments[0] in _verbs():
        command, name, rest = _alone(arguments[0]), f"loop {arguments[0]}", arguments[1:]
    else:
        command, name, rest = typer.main.get_command(build()), "loop", arguments
    code = finished(command, name.removeprefix("loop").strip()).main(
        rest, prog_name=name, standalone_mode=False
    )
    if code == Interrupted.exit_code:
        raise Interrupted("interrupted")
    return code if isinstance(code, int) else 0


def _with_show(arguments: list[str]) -> list[str]:
    """`loop completion bash` is `loop completion show bash`, as other programs have it."""
    if arguments[:1] == ["completion"]:
        from loop_cli.cli.complete.shells import SHELLS

        if arguments[1:2] and arguments[1] in SHELLS:
            return ["completion", "show", *arguments[1:]]
    return arguments


def _alone(verb: str) -> Any:
    """Return a command or a group of commands, without the rest of the app."""
    whole: Any = typer.main.get_command(build(verb))
    return whole.commands[verb]


def _verbs() -> set[str]:
    return {name.partition(" ")[0] for name in COMMANDS if name}


def finished(command: Any, name: str = "") -> Any:
    """The command of that name, or the group with all in it, with `--plain`, which every command
    has, `--server` where it is on a vault, `--no-pager` where much may be shown, and kinds of
    values named as people would."""
    for one in command.params:
        one.type = copy(one.type)  # some objects are shared by all of Typer
        one.type.name = _IN_WORDS.get(one.type.name, one.type.name)
    if any(one.name == "vault" for one in command.params):
        command.params.append(_shared(SERVER, _server))
    if name in PAGED:
        command.params.append(_shared(NO_PAGER, _no_pager))
    command.params.append(_shared(PLAIN, _plain))
    command.epilog = f"{command.epilog or ''}\n\n{forms.exit_codes(name)}"
    for own, inner in getattr(command, "commands", {}).items():
        finished(inner, f"{name} {own}".strip())
    return command


def _shared(text: str, callback: Any) -> TyperOption:
    """An option that the functions of commands don't take."""
    one = parser.Parameter(text)
    return TyperOption(
        param_decls=one.options,
        is_flag=one.kind == "flag",
        metavar=one.metavar or None,
        default=one.default,
        expose_value=False,
        callback=callback,
        help=one.help,
    )


def _server(_context: Any, _option: Any, given: str | None) -> None:
    if given is not None:
        context.given["server"] = given


def _no_pager(_context: Any, _option: Any, given: bool) -> None:
    if given:
        output.never_page()


def _plain(_context: Any, _option: Any, given: bool) -> None:
    if given:
        os.environ["LOOP_PLAIN"] = "true"
        styles.set_plain(True)


def _root(context: typer.Context, **values: Any) -> None:
    if values["version"]:
        output.version()
        raise typer.Exit
    if values["vault"] is not None:
        os.environ["LOOP_VAULT"] = values["vault"]
    if context.invoked_subcommand is not None:
        if values["as_json"]:
            raise UsageError("--json goes after the command")
        return
    from loop_cli.cli.commands import overview

    if not overview.show(as_json=values["as_json"]):
        output.line(context.get_help())
        if isinstance(begin := overview.how_to_begin(), Action):
            output.hint(begin)
        raise typer.Exit(UsageError.exit_code)


class _Command(TyperCommand):
    """A command whose options in brackets, such as `--path` of `loop get`, may have no value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give an empty value to such an option if it has none."""
        options = (one for one in self.params if one.param_type_name == "option")
        lone = {
            name: _FLAG if (one.metavar or "")[:2] == "[=" else ""
            for one in options
            if (one.metavar or "")[:1] == "["
            for name in one.opts
        }
        following = [*args[1:], "-"]  # one too many if no argument follows
        return super().parse_args(
            ctx,
            [
                f"{one}={lone[one]}" if one in lone and (lone[one] or after[:1] == "-") else one
                for one, after in zip(args, following, strict=False)
            ],
        )


def _usage_hint(arguments: list[str]) -> str:
    verb = next((one for one in arguments if one in _verbs()), None)
    return f"loop {verb} --help" if verb else "loop --help"
