"""Answers typed at a terminal, a line each."""

from __future__ import annotations

import functools
import os
import select
import signal
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
_WOKEN, _WAKER = os.pipe()  # what a signal writes into, so that a wait for keys ends
os.set_blocking(_WOKEN, False)
os.set_blocking(_WAKER, False)


class Unusable(Exception):
    """Why what was typed can't be used, a sentence; nothing of it is left to be read."""


def read_line() -> str | None:
    """The line that a person types; None for Ctrl-D, also after letters, which nobody entered.

    Raises `Unusable`, and KeyboardInterrupt.
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
        return None
    if len(data) >= _LONGEST:
        forget_typed()
        raise Unusable("That is longer than a terminal takes in one line, so it may not be whole.")
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Unusable("That is no UTF-8 text.") from None


def _typed() -> bytes:
    """The bytes of a line, as the terminal passes them on. Raises `OSError`.

    A Ctrl-C that comes before a `read` begins does not end it: Python notes the signal, and heeds
    it after the next key only. So no `read` waits here, and the wait is one that the signal's
    byte in a pipe ends (`signal.set_wakeup_fd`).
    """
    keyboard = _opened(sys.stdin.fileno())
    before = signal.set_wakeup_fd(_WAKER, warn_on_full_buffer=False)
    line = b""
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, ())  # heeds what came before there was the pipe
        while not line.endswith(b"\n"):
            try:
                byte = os.read(keyboard, 1)
            except BlockingIOError:
                if _WOKEN in select.select([keyboard, _WOKEN], [], [])[0]:
                    os.read(_WOKEN, 512)
                continue
            if not byte:
                break
            line += byte
    finally:
        signal.set_wakeup_fd(before)
    return line


@functools.cache
def _opened(terminal: int) -> int:
    """The terminal once more, so that only we don't wait in a `read`: others share stdin. Open to
    the end, since an interrupt can come between opening and closing."""
    try:
        return os.open(os.ttyname(terminal), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:  # it has no name here; a `read` waits then
        return os.dup(terminal)


def choose(question: str, answers: Mapping[str, str], *, end: str) -> str:
    """What an answer stands for, asked for until it is one: the word itself, its first letter
    under either layout, or Enter where `answers` has the empty word. `end` is for Ctrl-D."""
    output.ask(question)
    while True:
        try:
            line = read_line()
        except Unusable:
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
