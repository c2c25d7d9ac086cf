"""The answer to TAB: `loop __complete SHELL ...`, which never fails.

It reads the index, the end of the log, and a table of words made from the schema. It loads no
Typer, rich or pydantic, and YAML only if that table is missing. The first line of the answer is its
kind. After `words` and `fuzzy` (words that do not begin with the text) follow lines with a word, a
tab and a description. For `files` and `folders` the shell has its own words.
"""

from __future__ import annotations

import sys

from loop_cli.cli.parser import Parameter, parameters
from loop_cli.cli.table import COMMANDS, HELP, PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from loop_cli.cli.complete.candidates import Vault

    Word = tuple[str, str]

MOST = 200
_OPERATORS = (":=", "+=", "-=", "=")
# The values of options whose name says more than their metavar.
_TAKES = {"--field": "SHOWN_FIELD", "--actor": "ACTOR"}
_BREAKS = "\"'><=;|&(:@"


class Answer:
    """The answer for the shell. The first `cut` characters of each word are typed already."""

    def __init__(self, words: Iterable[Word] = (), *, kind: str = "words") -> None:
        self.words = list(words)
        self.kind = kind
        self.cut = 0
        self.quote = ""


def main(arguments: Sequence[str]) -> int:
    """Answer one question: `SHELL -- WORD...`, or `bash LINE`. Always returns 0."""
    try:
        shell, *rest = arguments
        if shell == "bash":
            typed, quote, cut = split_line(rest[0])
            answer = complete(typed[1:])
            answer.cut, answer.quote = cut, quote
        else:
            answer = complete([*rest[1:-1], rest[-1].lstrip("'\"")])
        _write(answer, shell)
    except Exception:  # a prompt must not show errors
        return 0
    return 0


def complete(typed: Sequence[str]) -> Answer:
    """Return the words that can replace the last of `typed`, which follow `loop`."""
    line = _Line(typed)
    current = line.current
    if line.takes is not None:
        return _values(line.takes, current, line)
    if current.startswith("-") and not line.literal:
        name, equals, value = current.partition("=")
        if not equals:
            return Answer(_beginning(current, line.options()))
        answer = _values(line.metavar_of(name) or "", value, line)
        answer.words = [(f"{name}={word}", about) for word, about in answer.words]
        return answer
    if line.subcommands:
        return Answer(_beginning(current, line.subcommands))
    places = line.places
    place = len(line.arguments)
    if place < len(places):
        return _values(places[place], current, line)
    repeated = bool(places) and places[-1].endswith("...")
    return _values(places[-1], current, line) if repeated else Answer()


class _Line:
    """The words before the completed one, by their roles."""

    def __init__(self, typed: Sequence[str]) -> None:
        *before, self.current = typed or [""]
        self.command = ""
        self.arguments: list[str] = []
        # the metavar of the previous option, if it still needs a value
        self.takes: str | None = None
        self.literal = False
        self.vault: str | None = None
        for word in before:
            self._read(word)

    @property
    def subcommands(self) -> list[Word]:
        """The commands below the current group."""
        return _below(self.command)

    @property
    def places(self) -> list[str]:
        """The arguments of the command, in order."""
        return [one.metavar for one in parameters(self.command) if not one.options]

    def options(self) -> list[Word]:
        """The options of the command, long ones first."""
        found = [(name, one.help) for one in self._options() for name in one.options]
        return sorted(found, key=lambda option: not option[0].startswith("--"))

    def metavar_of(self, name: str) -> str | None:
        """Return the metavar of an option; None if it takes no value, or is unknown."""
        for one in self._options():
            if name in one.options:
                return _TAKES.get(name, one.metavar) if one.metavar else None
        return None

    def _options(self) -> list[Parameter]:
        own = [one for one in parameters(self.command) if one.options]
        return [Parameter(HELP), *own, Parameter(PLAIN)]

    def _read(self, word: str) -> None:
        if self.takes is not None:
            self.vault = word if self.takes == "DIR" else self.vault
            self.takes = None
        elif self.literal or not word.startswith("-") or word == "-":
            below = {name for name, _about in self.subcommands}
            if word in below and not self.arguments:
                self.command = f"{self.command} {word}".strip()
            else:
                self.arguments.append(word)
        elif word == "--":
            self.literal = True
        elif "=" in word:
            name, _equals, value = word.partition("=")
            self.vault = value if name == "--vault" else self.vault
        else:
            self.takes = self.metavar_of(word)


def _below(name: str) -> list[Word]:
    """Return the commands below a group, or below the program."""
    prefix = name and name + " "
    names = sorted(one for one in COMMANDS if one.startswith(prefix) and one)
    found = dict.fromkeys(one[len(prefix) :].split(" ")[0] for one in names)
    return [(one, _about(prefix + one)) for one in found]


def _about(name: str) -> str:
    """Return the first paragraph of a command's help, in one line."""
    return " ".join(COMMANDS[name][1].partition("\n\n")[0].split())


def _values(metavar: str, current: str, line: _Line) -> Answer:
    """Return the words for a `metavar` of the help."""
    plain = metavar.removesuffix("...").strip("[]")
    if plain in ("FILE", "DIR"):
        return Answer(kind="files" if plain == "FILE" else "folders")
    if plain == "SOURCE":
        from loop_cli.core.records.record import SOURCES

        return Answer(_beginning(current, [(door, "") for door in SOURCES]))
    if plain.startswith("TOPIC|"):
        return Answer(_beginning(current, _topics(line.arguments)))
    if plain == plain.lower() and "|" in plain:
        return Answer(_beginning(current, [(one, "") for one in plain.split("|")]))
    from loop_cli.cli.complete.candidates import open_vault

    vault = open_vault(line.vault)
    if vault is None:
        return Answer()
    answer = Answer()
    for part in sorted(plain.split("|"), key="ID".__eq__):  # runs come before the many ids
        take = _SOURCES.get(part)
        if take is not None:
            found = take(vault, current, line)
            answer.words += found.words
            answer.kind = found.kind
    return answer


def _topics(before: Sequence[str]) -> list[Word]:
    """Return the pages of the documentation and the commands; after a group, its commands."""
    if before:
        return _below(" ".join(before))
    from loop_cli.docs import pages

    return [*((page.name, page.title) for page in pages()), *_below("")]


def _ids(vault: Vault, current: str, _line: _Line) -> Answer:
    found = vault.ids_from(current)
    if found or not current:
        return Answer(found)
    return Answer(vault.ids_like(current), kind="fuzzy")


def _runs(vault: Vault, current: str, _line: _Line) -> Answer:
    return Answer(_beginning(current, vault.runs()))


def _types(vault: Vault, current: str, _line: _Line) -> Answer:
    return Answer(_beginning(current, [(name, "") for name in vault.words("type")]))


def _actors(vault: Vault, current: str, _line: _Line) -> Answer:
    return Answer(_beginning(current, [(f"user:{name}", "") for name in vault.words("member")]))


def _fields(vault: Vault, current: str, line: _Line) -> Answer:
    return Answer(_beginning(current, vault.fields(_entity(line), writable=False)))


def _shown_fields(vault: Vault, current: str, line: _Line) -> Answer:
    own = [(name, "") for name in ("etag", "updated_at", "path", "body")]
    return Answer(_beginning(current, [*vault.fields(_entity(line), writable=False), *own]))


def _changes(vault: Vault, current: str, line: _Line) -> Answer:
    """Return `field=`, and after it the values of the field."""
    places = [(current.index(one), one) for one in _OPERATORS if one in current]
    if not places:
        names = [
            (f"{name}{operator}", about)
            for name, about in vault.fields(_entity(line), writable=True)
            for operator in (("=", "+=", "-=") if about == "list" else ("=",))
        ]
        return Answer(_beginning(current, names))
    place, operator = min(places, key=lambda one: (one[0], -len(one[1])))
    if operator == ":=":
        return Answer()
    field, value = current[:place], current[place + len(operator) :]
    before, comma, last = value.rpartition(",")
    head = f"{field}{operator}{before}{comma}"
    if operator == "-=":
        words = vault.items(_entity(line), field)
    else:
        words = vault.values(_entity(line), field)
    return Answer((head + word, about) for word, about in _beginning(last, words))


def _entity(line: _Line) -> str:
    return line.arguments[0] if line.arguments else ""


_SOURCES: dict[str, Callable[[Vault, str, _Line], Answer]] = {
    "ID": _ids,
    "RUN_ID": _runs,
    "CHANGE": _changes,
    "FIELD": _fields,
    "SHOWN_FIELD": _shown_fields,
    "ACTOR": _actors,
    "TYPE": _types,
}


def _beginning(current: str, words: Iterable[Word]) -> list[Word]:
    """Return the words that begin with the text; if there are none, in any case."""
    listed = list(words)
    exact = [one for one in listed if one[0].startswith(current)]
    folded = current.casefold()
    return exact or [one for one in listed if one[0].casefold().startswith(folded)]


def split_line(line: str) -> tuple[list[str], str, int]:
    """Split a line as bash reads it.

    Also return the open quote of the last word, and the part of that word before the last character
    at which bash begins a new word.
    """
    words, current, quote, cut = [], "", "", 0
    begun = False
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            current += next(characters, "")
            begun = True
        elif quote:
            quote, current = ("", current) if character == quote else (quote, current + character)
        elif character in "'\"":
            quote, begun = character, True
        elif character.isspace():
            if begun:
                words.append(current)
            current, cut, begun = "", 0, False
        else:
            current += character
            begun = True
            cut = len(current) if character in _BREAKS else cut
    return [*words, current], quote, cut


def _write(answer: Answer, shell: str) -> None:
    lines = [answer.kind]
    for word, about in answer.words[:MOST]:
        if not word.isprintable():
            continue
        text = word
        if shell == "bash":
            text = _for_bash(word[answer.cut :], answer.quote)
        shown = "".join(one if one.isprintable() else " " for one in about)
        lines.append(f"{text}\t{shown}")
    data = "".join(line + "\n" for line in lines).encode("utf-8", "replace")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _for_bash(word: str, quote: str) -> str:
    """Return a word that bash takes literally, within the open quote."""
    special = {"'": "", '"': '"$`\\'}.get(quote, " \t\"'\\$`&|;<>()*?[]{}#!~")
    if quote == "'":
        return word.replace("'", "'\\''")
    return "".join(f"\\{one}" if one in special else one for one in word)
