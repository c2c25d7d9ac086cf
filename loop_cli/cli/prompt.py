"""Questions to the person at the terminal, on stderr."""

from __future__ import annotations

import sys

from loop_cli.cli import output, render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from loop_cli.store.base import CommitResult


def confirm_update(*, assume_yes: bool) -> Callable[[CommitResult], bool]:
    """Show what an update would do and ask; Enter is no."""

    def confirm(preview: CommitResult) -> bool:
        output.tell(render.preview(preview))
        return assume_yes or yes_or_no("Apply these changes? [y/N] ")

    return confirm


def yes_or_no(question: str) -> bool:
    """The answer to a question; Enter, and the end of the input, are no."""
    output.ask(question)
    while True:
        try:
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            output.ask("\n")
            raise
        if not answer:  # Ctrl-D
            output.ask("\n")
            return False
        word = answer.strip().lower()
        if word in ("y", "yes", "ㅛ"):  # the y key under a Hangul layout
            return True
        if word in ("", "n", "no", "ㅜ"):
            return False
        output.ask(f"Answer y or n. {question}")
