"""The man page, `loop.1`, from the table of the command line and the settings."""

from __future__ import annotations

import re
import textwrap

from loop_cli import config
from loop_cli.cli import forms
from loop_cli.cli.command_table import COMMANDS, HELP, NO_PAGER, PAGED, PANELS, PLAIN, SERVER
from loop_cli.cli.parser import Parameter, parameters

_HEAD = """.\\" Made by .ci/generate.py from the table of the command line.
.TH LOOP 1 "" loop "User commands"
"""
_SYNOPSIS = ".B loop\n.RI [ OPTION ...]\n.I COMMAND\n.RI [ ARGUMENT ...]\n"
_FILES = (
    ("00_Meta/schema_constants.yaml, .loop/schema.yaml", "the schema of a vault"),
    ("_build/audit_log.jsonl, .loop/audit_log.jsonl", "its audit log"),
    (".loop/config.toml", "its settings"),
    ("~/.config/loop/config.toml", "your settings"),
)


def page() -> str:
    """The man page as roff."""
    parts = [
        _HEAD,
        ".SH NAME\nloop \\- edit the entities of a Markdown vault\n",
        f".SH SYNOPSIS\n{_SYNOPSIS}",
        f".SH DESCRIPTION\n{_paragraphs(COMMANDS[''][1])}",
        f".SH OPTIONS\n{_options('')}",
        ".SH COMMANDS\n",
        *(_panel(title, names) for title, names in PANELS.items()),
        f".SH FORMS OF EXPR\n{_text(forms.EXPR.partition(':')[2])}",
        f".SH EXIT STATUS\n{_pairs((str(code), said) for code, said in forms.CODES.items())}",
        f".SH ENVIRONMENT\n{_pairs(_variables())}",
        f".SH FILES\n{_pairs(_FILES)}",
        ".SH SEE ALSO\n'loop help' lists the pages of the documentation; 'loop COMMAND \\-\\-help'"
        " has examples.\n".replace("'", "\\(aq"),
    ]
    return "".join(parts)


def _panel(title: str, names: tuple[str, ...]) -> str:
    own = [name for name in COMMANDS if name.partition(" ")[0] in names]
    own.sort(key=lambda name: names.index(name.partition(" ")[0]))
    return f".SS {_escaped(title)}\n" + "".join(map(_command, own))


def _command(name: str) -> str:
    if "." not in COMMANDS[name][0]:  # a group: its commands follow
        return ""
    words = [_escaped(one.metavar) for one in parameters(name) if not one.options]
    line = " ".join(f"\\fI{one}\\fR" for one in words)
    head = f".TP\n\\fBloop {_escaped(name)}\\fR {line}".rstrip() + "\n"
    codes = ", ".join(map(str, forms.codes(name)))
    about = _paragraphs(COMMANDS[name][1]).replace(".PP\n", ".IP\n")
    return f"{head}{about}.RS\n{_options(name)}.RE\n.IP\nExit codes: {codes}.\n"


def _options(name: str) -> str:
    own = [one for one in parameters(name) if one.options]
    if any(one.name == "vault" for one in own):
        own.append(Parameter(SERVER))
    own += [Parameter(one) for one in ((NO_PAGER,) if name in PAGED else ())]
    return _pairs((_option(one), one.help) for one in [*own, Parameter(PLAIN), Parameter(HELP)])


def _option(one: Parameter) -> str:
    value = one.metavar if one.metavar[:2] == "[=" or not one.metavar else f" {one.metavar}"
    return ", ".join(one.options) + value


def _variables() -> list[tuple[str, str]]:
    known = [(key.variable, key.about) for key in config.KEYS if key.variable]
    more = [
        ("LOOP_PAGER, PAGER", "the pager for what is longer than a screen; empty for none"),
        ("LOOP_RUN_ID", "a UUID v4 that joins several commands in one run"),
        ("LOOP_AGENT", "what a program says of itself; recorded as metadata.agent"),
        ("NO_COLOR, FORCE_COLOR", "never, always colours"),
    ]
    return [*known, *more]


def _pairs(pairs: object) -> str:
    return "".join(f".TP\n.B {_escaped(head)}\n{_escaped(said)}\n" for head, said in pairs)  # type: ignore[attr-defined]


def _paragraphs(text: str) -> str:
    parts = textwrap.dedent(text.strip()).split("\n\n")
    lines = [_escaped(re.sub(r"\s+", " ", one.strip())) + "\n" for one in parts]
    return ".PP\n".join(lines)


def _text(text: str) -> str:
    """Paragraphs; those after a backspace stand as they are."""
    parts = text.strip("\n").split("\n\n")
    made = []
    for one in parts:
        if one.startswith("\b"):
            lines = "".join(f"{_escaped(line)}\n" for line in one.strip("\b\n").split("\n"))
            made.append(f".nf\n{lines}.fi\n")
        else:
            made.append(f".PP\n{_escaped(' '.join(one.split()))}\n")
    return "".join(made)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith(".") else text
