"""How things look: readable on black and white, told apart by everybody, and for the ear."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.color import Color

from loop_cli.cli.render import diffs, styles, words
from tests.cli.terminal import WHAT_NOW, Terminal

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

COLORS = sorted(
    {value for name, value in vars(styles).items() if name.isupper() and "color(" in value}
)


def rgb(style: str) -> tuple[float, float, float]:
    """The linear red, green and blue of a style's colour."""
    found = re.search(r"color\(\d+\)", style)
    assert found is not None
    parts = [part / 255 for part in Color.parse(found[0]).get_truecolor()]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def luminance(style: str) -> float:
    red, green, blue = rgb(style)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("style", COLORS)
def test_every_colour_is_readable_on_black_and_on_white(style: str) -> None:
    """A contrast of 3:1 at least, as WCAG 2 asks of what is not only a colour."""
    light = luminance(style) + 0.05
    assert 1.05 / light >= 3
    assert light / 0.05 >= 3


def test_old_and_new_are_told_apart_without_red_and_green() -> None:
    """Who sees no red or no green still sees blue: there the two differ most."""
    assert abs(rgb(styles.OLD)[2] - rgb(styles.NEW)[2]) > 0.5


def test_no_colour_is_named_outside_of_the_table() -> None:
    named = r'"(?:bold )?(?:red|green|yellow|cyan|blue|magenta|dim)"'
    files = Path(styles.__file__).parent.glob("*.py")
    found = [path.name for path in files if re.search(named, path.read_text())]
    assert found == []


@pytest.mark.parametrize("where", ["option", "before the command", "variable", "setting"])
def test_plain_has_no_boxes_no_columns_and_no_signs(loop: Loop, where: str) -> None:
    seen = loop.etag()
    loop("update", "tsk-019-14", "status=doing", "tags-=audit", "--if-match", seen)
    before = ("--plain",) if where == "before the command" else ()
    after = ("--plain",) if where == "option" else ()
    env = {"LOOP_PLAIN": "1"} if where == "variable" else {}
    if where == "setting":
        loop.write(".loop/config.toml", "plain = true\n")
    for command, words_of_it in (
        (("get", "tsk-019-14"), "status: doing\n"),
        (("log", "tsk-019-14"), "what: status: todo, now doing"),
        (("config",), "setting: plain\nvalue: true\n"),
        (("list",), "entity_id: tsk-019-14\n"),
        (("update", "tsk-019-14", "due!", "--force", "-n"), "due: 2026-01-23, now (removed)"),
        (("update", "tsk-019-14", "tags-=ssot", "--force", "-n"), "tags: removed: ssot"),
        (("update", "tsk-019-14", "status=done", "--if-match", seen), "status, changed on both"),
    ):
        done = loop(*before, *command, *after, env=env)
        shown = done.out + done.err
        assert words_of_it in shown
        assert not re.search(r"[─━│┃—→]|  +\w+  ", shown), shown


def test_plain_at_a_terminal_has_no_styles(loop: Loop) -> None:
    seen = loop.etag()
    loop("update", "tsk-019-14", "status=doing", "--if-match", seen)
    terminal = Terminal(loop, "update", "tsk-019-14", "status=hold", "--if-match", seen, "--plain")
    shown = terminal.answer(WHAT_NOW, "a")
    assert "\n  t: take theirs for it\n" in shown
    assert "status, changed on both sides\n" in shown
    assert terminal.end()[0] == 4
    assert "\x1b" not in terminal.raw


def test_of_lines_that_are_alike_the_words_are_marked() -> None:
    before, after = words.marked("한 잠금 안에서 확인한다", "한 잠금 밖에서 확인한다")
    marked = [before.plain[span.start : span.end] for span in before.spans if span.style]
    assert marked == ["안에서"]
    assert [after.plain[span.start : span.end] for span in after.spans if span.style] == ["밖에서"]


def test_of_lines_that_have_little_in_common_none_is() -> None:
    before, _after = words.marked("completely different", "nothing of the kind, no")
    assert not [span for span in before.spans if span.style == styles.OLD_WORD]


def test_the_lines_of_a_text_are_shown_with_those_around_them() -> None:
    old = "".join(f"line {number}\n" for number in range(1, 9))
    entry = {"body": {"old": old, "new": old.replace("line 5", "line five")}}
    column = diffs.table(entry).columns[1]
    (shown,) = (str(cell) for cell in column.cells)
    assert shown == "line 3\n  line 3\n  line 4\n- line 5\n+ line five\n  line 6\n  line 7"
