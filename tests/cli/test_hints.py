"""Errors and warnings carry actions; the command line alone has words for them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from loop_cli.cli import hints
from loop_cli.cli.command_table import COMMANDS
from loop_cli.cli.hints import spelled
from loop_cli.core.store import passed_over
from loop_cli.errors import Action, LoopError, Sentence, UsageError, prefixed
from loop_cli.failures import PartlyFailed

PACKAGE = Path(__file__).parents[2] / "loop_cli"
# What the package says about the command line: the door itself, its way to a server, what runs
# one, and pages and models about it.
ABOUT_IT = ("cli", "docs", "demo", "mcp", "remote", "server", "skill", "wire")
OUTSIDE = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in ABOUT_IT
]
VERBS = sorted({name.partition(" ")[0] for name in COMMANDS if name})
COMMAND_LINE = re.compile(rf"\bloop (?:--[a-z]|(?:{'|'.join(VERBS)})\b)")


def messages(tree: ast.Module) -> list[str]:
    """The texts of a module but for its docstrings, and but for the comments of files that it
    writes."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]
    lines = (line for text in texts for line in text.split("\n"))
    return [line for line in lines if not line.startswith("#")]


def actions(tree: ast.Module) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Action"]


TREES = {path: ast.parse(path.read_bytes()) for path in OUTSIDE}
MADE = [call for tree in TREES.values() for call in actions(tree)]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_message_outside_the_command_line_says_a_command(path: Path) -> None:
    assert [text for text in messages(TREES[path]) if COMMAND_LINE.search(text)] == []


@pytest.mark.parametrize(
    "text", ["loop check", "'loop get' reports it", "loop audit verify", "loop --vault DIR"]
)
def test_a_command_would_be_found(text: str) -> None:
    module = ast.parse(f'"""loop list"""\nraise UsageError("no", hint={text!r})\n# loop get')

    assert [one for one in messages(module) if COMMAND_LINE.search(one)] == [text]


def test_loop_as_a_name_is_no_command() -> None:
    assert not COMMAND_LINE.search("a file larger than loop reads; loop does not use it")


def name_of(call: ast.Call) -> str:
    (name,) = call.args
    assert isinstance(name, ast.Constant)
    assert isinstance(name.value, str)
    return name.value


def test_every_action_has_words_and_all_words_are_used() -> None:
    assert {name_of(call) for call in MADE} == set(hints._WORDS)


@pytest.mark.parametrize("call", MADE, ids=ast.unparse)
def test_an_action_as_it_is_made_can_be_spelled(call: ast.Call) -> None:
    """With the values that it is given there; those that are computed are like an id with a
    blank, and a shell has to take it as one word."""
    values = {
        one.arg: one.value.value if isinstance(one.value, ast.Constant) else "tsk 1"
        for one in call.keywords
        if one.arg is not None
    }

    words = spelled(Action(name_of(call), **values))

    assert words
    assert "tsk 1" not in words.replace("'tsk 1'", "")


def test_every_example_is_of_an_action() -> None:
    values = [one.value for call in MADE for one in call.keywords if one.arg == "of"]

    used = {one.value for one in values if isinstance(one, ast.Constant)}
    assert used == set(hints._EXAMPLES)


def parts_of_sentences(tree: ast.Module) -> list[list[ast.expr]]:
    """The parts that sentences are made of, where they stand together."""
    nodes = list(ast.walk(tree))
    calls = [one for one in nodes if isinstance(one, ast.Call)]
    made = [one.args for one in calls if ast.unparse(one.func) == "Sentence"]
    return made + [one.elts for one in nodes if isinstance(one, ast.Tuple)]


def text_of(part: ast.expr) -> str | None:
    """The literal text of a part of a sentence."""
    if isinstance(part, ast.JoinedStr):
        return "".join(text_of(one) or "X" for one in part.values)
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_action_follows_a_colon_and_ends_its_clause(path: Path) -> None:
    """So that the words of a door may be a command, a request or a whole sentence."""
    tree = TREES[path]
    given = [one for one in ast.walk(tree) if isinstance(one, ast.Assign)]
    named = {ast.unparse(one.targets[0]) for one in given if one.value in actions(tree)}
    for parts in parts_of_sentences(tree):
        texts = [text_of(one) for one in parts]
        for before, part, after in zip(["", *texts], parts, [*texts[1:], ""], strict=False):
            if part in actions(tree) or ast.unparse(part) in named:
                assert before is None or before.endswith(": "), ast.unparse(part)
                assert after is None or after[:1] in ("", ")", ";", "\n"), ast.unparse(part)


class TestWords:
    """The words of the command line."""

    def test_of_an_action_a_shell_takes_them_as_they_stand(self) -> None:
        again = spelled(Action("read_again", entity_id="rules B"))

        assert again == "loop get 'rules B' --json"

    def test_of_a_sentence(self) -> None:
        (warning,) = passed_over(1)

        assert spelled(warning) == (
            "1 file has frontmatter that can't be read; passed over (to see why: loop check)"
        )
        assert str(warning) == (
            "1 file has frontmatter that can't be read; passed over (to see why: check)"
        )

    def test_of_an_error_within_others(self) -> None:
        first = UsageError(Sentence("say ", Action("choose_path")), hint=Action("check"))
        whole = PartlyFailed(first, changed=0, unchanged=0, failed=1)

        document = spelled(whole.as_dict())

        assert document["error"] == "1 of 1 changes did not land; the first: say --path FILE"
        assert document["hint"] == "loop check"

    def test_of_what_has_no_action_are_itself(self) -> None:
        error = LoopError("as it is", hint="so", names=["loop", 1, None])

        assert spelled(error.as_dict()) == error.as_dict()


class TestAction:
    """`Action` is data."""

    def test_it_is_told_by_name_and_values(self) -> None:
        assert Action("read", entity_id="a") == Action("read", entity_id="a")
        assert Action("read", entity_id="a") != Action("read", entity_id="b")
        assert Action("read", entity_id="a").as_dict() == {"action": "read", "entity_id": "a"}

    def test_it_can_not_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            Action("check").name = "other"  # type: ignore[misc]


def test_a_text_before_a_sentence_leaves_its_actions() -> None:
    longer = prefixed("line 3: ", Sentence("run ", Action("check")))

    assert spelled(longer) == "line 3: run loop check"
    assert prefixed("line 3: ", "plain") == "line 3: plain"


def test_sentences_with_the_same_words_and_other_actions_are_two() -> None:
    def settled(kind: str) -> Sentence:
        return Sentence("new (", Action("allow_field", entity_type=kind, field="mood"), ")")

    assert settled("task") == settled("task")
    assert not settled("task") != settled("task")  # noqa: SIM202  `!=` is a method of its own
    assert settled("task") != settled("person")
    assert not settled("task") == settled("person")  # noqa: SIM201
    assert settled("task") == str(settled("task")) == "new (allow field)"
    assert len({settled(one) for one in ("task", "person", "task")}) == 2
