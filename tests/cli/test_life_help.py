"""The examples of what makes, moves and deletes: each runs as it is printed."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

# What an example may end in on a fresh sample vault: its etags and times are made up.
ENDS = {
    "create": (0,),
    "delete": (0, 4, 5),  # 5: a terminal would ask
    "move": (0, 4),
    "rename": (0,),
    "kept": (0,),
}


@pytest.mark.parametrize("command", ENDS)
def test_every_example_runs(loop: Loop, command: str) -> None:
    done = loop(command, "--help", env={"COLUMNS": "200"})

    assert (done.code, done.err) == (0, "")
    text = re.sub(r"\\[ ]*\n\s+", " ", done.out.partition("Examples:")[2])
    examples = re.findall(r"^\s*(loop .+)$", text, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        words = shlex.split(example)
        assert words[:2] == ["loop", command]
        ran = loop(*words[1:])
        assert ran.code in ENDS[command], f"{example}: {ran.err}"
