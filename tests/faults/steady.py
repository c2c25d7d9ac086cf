"""Runs `-m MODULE` or `-c CODE` with an index that takes no file for too young to be believed: so
how often it looks at a file does not depend on how slow the test is.

    python tests/faults/steady.py (-m MODULE | -c CODE) [ARGUMENT...]
"""

from __future__ import annotations

import runpy
import sys

from loop_cli.vault.index import index

index.YOUNG = 0
option, program, *arguments = sys.argv[1:]
sys.argv[1:] = arguments
if option == "-m":
    runpy.run_module(program, run_name="__main__", alter_sys=True)
else:
    exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
