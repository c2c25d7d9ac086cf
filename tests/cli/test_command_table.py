"""The table of commands, and the functions that it names."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING

import pytest

from loop_cli.cli import output, parser
from loop_cli.cli.command_table import COMMANDS, HELP, PLAIN

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

NAMES = [name for name, (place, *_rest) in COMMANDS.items() if "." in place]
GROUPS = [name for name, (place, *_rest) in COMMANDS.items() if "." not in place and name]
PYTHON = {"flag": "bool", "text": "str", "number": "int", "seconds": "float"}


def _annotation(one: parser.Parameter) -> str:
    """What the function of a command says of a parameter."""
    if one.may_be_flag:
        return "bool | str"
    kind = f"list[{PYTHON[one.kind]}]" if one.repeated else PYTHON[one.kind]
    return kind if one.required or one.default is not None else f"{kind} | None"


@pytest.mark.parametrize("name", NAMES)
def test_a_function_takes_what_the_table_says_by_name(name: str) -> None:
    taken = inspect.signature(parser.function(name)).parameters.values()

    assert [(one.name, one.annotation) for one in taken] == [
        (one.name, _annotation(one)) for one in parser.parameters(name)
    ]
    assert {one.kind for one in taken} <= {inspect.Parameter.KEYWORD_ONLY}
    assert {one.default for one in taken} <= {inspect.Parameter.empty}  # the table has the defaults


@pytest.mark.parametrize("name", [*NAMES, ""])
def test_an_option_is_named_once_and_explained(name: str) -> None:
    known = [*parser.parameters(name), parser.Parameter(HELP), parser.Parameter(PLAIN)]
    options = [option for one in known for option in one.options]

    assert len(options) == len({*options})
    for one in known:
        assert one.help
        assert one.options or one.metavar  # something to type
        for option in one.options:
            assert option.startswith("--" if len(option) > 2 else "-")


def test_every_command_in_a_vault_takes_the_vault() -> None:
    without = {
        name for name in NAMES if "vault" not in {one.name for one in parser.parameters(name)}
    }

    shells = {name for name in NAMES if name.startswith("completion ")}
    access = {"token add", "token list", "token revoke", "login", "logout"}
    packed = {"skill install", "n8n export"}
    assert without == {"init", "copy", "demo", "help", *packed, *access, *shells}


def test_the_numbers_in_the_help_are_those_in_force() -> None:
    limits = {name: one for name in NAMES for one in parser.parameters(name) if one.name == "limit"}

    assert limits["history"].default == output.RECORDS
    for name, most in (
        ("history", output.RECORDS),
        ("log", output.RECORDS),
        ("list", output.ROWS),
        ("search", output.ROWS),
    ):
        text = limits.pop(name).help
        assert "default" in text
        assert text.endswith(f" {most}.")
    assert limits == {}


@pytest.mark.parametrize("name", [*NAMES, *GROUPS])
def test_every_help_has_examples_of_the_command(name: str, read_only: Loop) -> None:
    shown = read_only(*name.split(), "--help")

    assert (shown.code, shown.err) == (0, "")
    assert f"\n loop {name}" in shown.out.partition("Examples:")[2]


def test_a_command_of_a_group_comes_after_its_group() -> None:
    seen: set[str] = set()
    for name in COMMANDS:
        assert name == "" or name.rpartition(" ")[0] in seen
        seen.add(name)


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_without_a_command_is_2_and_shows_its_commands(name: str, read_only: Loop) -> None:
    done = read_only(name)

    assert done.code == 2
    assert done.err == f"loop: Missing command.\nhint: loop {name} --help\n"


@pytest.mark.parametrize("words", [(), ("--json",), ("--path",)])
def test_get_without_an_id_is_a_wrong_command_line(read_only: Loop, words: tuple[str, ...]) -> None:
    done = read_only("get", *words)

    assert (done.code, done.out) == (2, "")
    assert "Missing argument 'ID...'" in done.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a! A: It.", ("a", [], "A", "text", True, False, None)),
        ("a A...: It.", ("a", [], "A...", "text", False, True, None)),
        ("a [A]...: It.", ("a", [], "[A]...", "text", False, True, None)),
        ("a A=B...: It.", ("a", [], "A=B...", "text", False, True, None)),
        ("a --a -x: It.", ("a", ["--a", "-x"], "", "flag", False, False, False)),
        ("a --a A...: It.", ("a", ["--a"], "A", "text", False, True, None)),
        ("a --a N =5: It.", ("a", ["--a"], "N", "number", False, False, 5)),
        ("a --a b|c =b: It.", ("a", ["--a"], "b|c", "text", False, False, "b")),
        ("a! --a SECONDS: It.", ("a", ["--a"], "SECONDS", "seconds", True, False, None)),
    ],
)
def test_how_a_parameter_is_written(text: str, expected: tuple[object, ...]) -> None:
    one = parser.Parameter(text)

    found = (one.name, one.options, one.metavar, one.kind, one.required, one.repeated, one.default)
    assert found == expected
    assert one.help == "It."


def test_only_an_option_in_brackets_may_lack_its_value() -> None:
    assert parser.Parameter("path --path [FILE]: It.").may_lack_value
    assert not parser.Parameter("path --path FILE: It.").may_lack_value
    assert not parser.Parameter("path [FILE]: It.").may_lack_value


def test_the_modules_that_are_named_are_there() -> None:
    for place in [place for name, (place, *_rest) in COMMANDS.items() if name]:
        module, _dot, function = place.partition(".")
        found = importlib.import_module(f"loop_cli.cli.commands.{module}")
        assert not function or callable(getattr(found, function)), place
