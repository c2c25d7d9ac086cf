"""Settings in TOML as `tomllib` reads them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loop_cli.lean import toml

PIECES = st.sampled_from(
    [
        "a", "b", "a.b", "views", "views.mine", '"내 것"', "'x y'", '"a\\tb"', "[", "]", "[[", "]]",
        "=", " = ", ",", ".", "#", "# 말", '"text"', "'text'", '""', '"""', "1", "0", "01", "1.5",
        "-1", "1e3", "0x1f", "1_000", "true", "false", "2026-01-02", "inf", "{}", "{a = 1}", " ",
        "\t", "\n", "\n", "\r\n", "\r", "\x00", "\x7f", "\\", "[a]", "[a.b]", "a = 1", "a.b = 2",
        "c.d = [1, 2]", "[a.b.c]", "\N{NO-BREAK SPACE}", "\ud800", "한",
    ]
)  # fmt: skip
SETTINGS = """\
# 설정
lock_timeout = 2.5
on_conflict = "rebase"   # as a team agreed
fields.id = "id"
fields.type = '@folder'
audit.private = ["salary", 'phone', ]
none = [  ]

[views.mine]
columns = ["entity_id", "이름"]
limit = 20
plain = false
[views."급한 일"]
where = ['due<today', "status!=done"]
"""


def _outcome(read: Any, text: str) -> tuple[str, object]:
    """The tables of a text, spelled out, or the error that it is."""
    try:
        return "value", repr(read(text))
    except ValueError as error:
        return "error", (type(error), str(error))
    except RecursionError:
        return "error", "too deep"


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=12))
@example(SETTINGS)
@example("[a]\n[a]")
@example("[a.b]\n[a]\n")
@example("[a]\nb.c = 1\n[a.b]")
@example("[a]\nb.c = 1\n[a.b.d]")
@example("a.b = 1\na.c = 2\n[a]")
@example("a.b = 1\na.b.c = 2")
@example("[a]\nb = 1\n[c]\n[a.d]\nb.c = 1")
@example("a = [1, [2, 'x']]")
@example("a = [1,, 2]")
@example("a = 1 b = 2")
@example("a = 01")
@example("a = 1.")
@example("a = 1.5.2")
@example("a = ")
@example("a = ''''")
@example("a = '''x'''")
@example("\ufeffa = 1")
@example("a = ²")
@example("a = ١")
@example("a = " + "[" * 3_000)
@example("a = " + "1" * 5_000)
def test_any_text_is_read_or_refused_as_tomllib_does(text: str) -> None:
    assert _outcome(toml.loads, text) == _outcome(tomllib.loads, text)


@pytest.mark.parametrize("text", [SETTINGS, "", "\n", SETTINGS.replace("\n", "\r\n")])
def test_usual_settings_do_not_load_tomllib(text: str) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from loop_cli.lean import toml; "
        "toml.loads(sys.argv[1]); sys.exit(', '.join({'tomllib', 're'} & sys.modules.keys()) or 0)"
    )
    root = str(Path(toml.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, text, root], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
