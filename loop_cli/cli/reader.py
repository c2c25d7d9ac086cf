"""Find out whether anybody still reads stdout, for commands that never end."""

from __future__ import annotations

import os
import select
import sys

from loop_cli.cli.output import READER_GONE


def leave_if_unread() -> None:
    """Exit with 141 if the reader of stdout is gone, without writing anything."""
    if not hasattr(select, "poll"):
        return
    poll = select.poll()
    try:
        poll.register(sys.stdout, 0)  # the system always reports errors and hang-ups
        gone = any(event & select.POLLERR for _stream, event in poll.poll(0))
    except (OSError, ValueError):
        return
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(READER_GONE)


def wait(seconds: float) -> None:
    """Wait; exit with 141 if the reader of stdout goes away meanwhile."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if poll.poll(seconds * 1000):  # no other event was requested, so this is an error or the end
        sys.exit(READER_GONE)
