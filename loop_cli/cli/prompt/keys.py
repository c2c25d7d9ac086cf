"""Read answers at a terminal, one line each."""

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

# The letters on a keyboard that is set to Hangul.
_HANGUL = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ",
        "qwertyuiopasdfghjklzxcvbnm",
        strict=True,
    )
)
_LONGEST = 1023 if sys.platform == "darwin" else 4095
_WOKEN, _WAKER = os.pipe()  # a signal writes into this pipe, to end a wait for keys
os.set_blocking(_WOKEN, False)
os.set_blocking(_WAKER, False)


class Unusable(Exception):
    """The typed text can't be used; the message says why. Nothing of it remains to be read."""


def read_line() -> str | None:
    """Return the typed line; None for Ctrl-D, even after letters, because they were not entered.

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
        raise Unusable("That is not UTF-8 text.") from None


def _typed() -> bytes:
    """Return the bytes of a line, as the terminal passes them on. Raises `OSError`.

    If a Ctrl-C comes before a `read` begins, it does not end the `read`: Python handles the signal
    only after the next key. So no `read` waits here. The program waits until the signal writes a
    byte into a pipe (`signal.set_wakeup_fd`).
    """
    keyboard = _opened(sys.stdin.fileno())
    before = signal.set_wakeup_fd(_WAKER, warn_on_full_buffer=False)
    line = b""
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, ())  # handle signals from before the pipe was set
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
    """Open the terminal again, so that only this program reads without waiting.

    Other programs share stdin. It stays open, because an interrupt can come between opening and
    closing.
    """
    try:
        return os.open(os.ttyname(terminal), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:  # the terminal has no name here; then a `read` waits
        return os.dup(terminal)


def choose(question: str, answers: Mapping[str, str], *, end: str) -> str:
    """Ask until the answer is a known one, and return its meaning.

    Accepted are the word, its first letter in either keyboard layout, and Enter, if `answers` has
    the empty word. `end` is the meaning of Ctrl-D.
    """
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
        forget_typed()  # the rest of a pasted text is not an answer
        words = [one for one in answers if 0 < len(one) < 3]
        enter = " or Enter" if "" in answers else ""
        output.ask(f"Answer with {', '.join(words)}{enter}.\n{question}")


def yes_or_no(question: str, *, default: bool = False) -> bool:
    """Return the answer to a question; Enter is the default, and the end of the input is no.

    The default is no. It is yes only where the person has just chosen all that is asked about.
    """
    question += " [Y/n] " if default else " [y/N] "
    answers = {"y": "y", "yes": "y", "n": "n", "no": "n", "": "y" if default else "n"}
    return choose(question, answers, end="n") == "y"


def forget_typed() -> None:
    """Drop typed keys that were not read yet."""
    try:
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (ImportError, OSError, ValueError):
        return
