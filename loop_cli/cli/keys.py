"""Answers typed at a terminal, a line each."""

from __future__ import annotations

import os
import sys

from loop_cli.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What the keys give while the keyboard is set to Hangul.
_HANGUL = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ",
        "qwertyuiopasdfghjklzxcvbnm",
        strict=True,
    )
)
_LONGEST = 1023 if sys.platform == "darwin" else 4095
TOO_LONG = "That is longer than a terminal takes in one line, so it may not be whole."


class TooLong(Exception):
    """The line was longer than a terminal passes on; what came is not all of it."""


def read_line() -> str | None:
    """The line that a person types, None for Ctrl-D.

    Raises `TooLong`, after which nothing of the line is left, and KeyboardInterrupt.
    """
    try:
        data = _typed()
    except KeyboardInterrupt:
        output.ask("\n")
        raise
    except OSError:  # the terminal is gone
        return None
    if not data.endswith(b"\n"):
        output.ask("\n")
    if not data:
        return None
    if len(data) >= _LONGEST:
        forget_typed()
        raise TooLong
    return data.decode(errors="surrogateescape").rstrip("\r\n")


def _typed() -> bytes:
    """The bytes of a line, as the terminal passes them on.

    A Ctrl-C after the question and before a `read` begins does not end that `read`: Python notes
    it, and heeds it after the next key only. The byte that it puts into a pipe ends this wait
    (`signal.set_wakeup_fd`).
    """
    import select
    import signal

    keyboard = sys.stdin.fileno()
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    line = b""
    try:
        while not line.endswith(b"\n"):
            select.select([keyboard, ours], [], [])
            byte = os.read(keyboard, 1)
            if not byte:
                break
            line += byte
    finally:
        signal.set_wakeup_fd(before)
        os.close(ours)
        os.close(theirs)
    return line


def choose(question: str, answers: Mapping[str, str], *, end: str) -> str:
    """What an answer stands for, asked for until it is one: the word itself, its first letter
    under either layout, or Enter where `answers` has the empty word. `end` is for Ctrl-D."""
    output.ask(question)
    while True:
        try:
            line = read_line()
        except TooLong:
            line = "?"
        if line is None:
            return end
        word = line.strip()
        word = "".join(_HANGUL.get(key, key) for key in word)
        for form in (word, word.casefold()):
            if form in answers:
                return answers[form]
        forget_typed()  # the rest of what was pasted is no answer either
        words = [one for one in answers if 0 < len(one) < 3]
        enter = " or Enter" if "" in answers else ""
        output.ask(f"Answer with {', '.join(words)}{enter}.\n{question}")


def yes_or_no(question: str, *, default: bool = False) -> bool:
    """The answer to a question; Enter is the default, and the end of the input is no."""
    answers = {"y": "y", "yes": "y", "n": "n", "no": "n", "": "y" if default else "n"}
    return choose(question, answers, end="n") == "y"


def forget_typed() -> None:
    """Drop what was typed and is not read yet."""
    try:
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (ImportError, OSError, ValueError):
        return
