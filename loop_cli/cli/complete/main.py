"""The answer to TAB: `loop __complete SHELL ...`, which never fails.

It reads the index, the end of the log, and a table of words made from the schema. It loads no
Typer, rich or pydantic, and YAML only if that table is missing. The first line of the answer is its
kind. After `words` and `fuzzy` (words that do not begin with the text) follow lines with a word, a
tab and a description. For `files` and `folders` the shell has its own words.
"""

from __future__ import annotations

import sys

from loop_cli.cli.command_table import COMMANDS, HELP, NO_PAGER, PAGED, PLAIN, SERVER
from loop_cli.cli.parser import Parameter, parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from loop_cli.cli.complete.candidates import Vault

    Word = tuple[str, str]

MOST = 200
_OPERATORS = (":=", "+=", "-=", "=")
_COMPARISONS = ("!=", "<=", ">=", "=", "<", ">", "~")
# What an option takes, where its name says more than its metavar.
_TAKES = {"--field": "SHOWN_FIELD", "--actor": "ACTOR", "--by": "FIELDS"}
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
        shared = [SERVER] if any(one.name == "vault" for one in own) else []
        shared += [NO_PAGER] if self.command in PAGED else []
        return [Parameter(HELP), *own, *map(Parameter, (*shared, PLAIN))]

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
            takes = self.metavar_of(word)
            self.takes = None if (takes or "")[:2] == "[=" else takes  # that comes after `=` alone


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
    plain = metavar.removesuffix("...").strip("[=]")
    if plain in ("FILE", "DIR"):
        return Answer(kind="files" if plain == "FILE" else "folders")
    if plain == "SOURCE":
        from loop_cli.core.records.record import SOURCES

        return Answer(_beginning(current, [(door, "") for door in SOURCES]))
    if plain.startswith("TOPIC|"):
        return Answer(_beginning(current, _topics(line.arguments)))
    if plain == plain.lower() and "|" in plain:
        return Answer(_beginning(current, [(one, "") for one in plain.split("|")]))
    from loop_cli.cli.complete.vaults import open_vault

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


def _types(vault: Vault, current: str, line: _Line) -> Answer:
    """The types; in lower case, where they are begun so, since commands take them so."""
    if line.arguments[:1] == ["allow"] and len(line.arguments) > 1:  # fields come now
        return Answer()
    names = vault.words("type")
    if current and not any(name.startswith(current) for name in names):
        names = [name.lower() for name in names if name.lower().startswith(current)] or names
    return Answer(_beginning(current, [(name, "") for name in names]))


def _conditions(vault: Vault, current: str, _line: _Line) -> Answer:
    """`field=`, `has:field`, and after an operator the values of the field, of any type."""
    word, colon, name = current.partition(":")
    if colon and word in ("has", "missing"):
        fields = _beginning(name, vault.all_fields())
        return Answer((f"{word}:{one}", about) for one, about in fields)
    places = [(current.index(one), one) for one in _COMPARISONS if one in current]
    if not places:
        found = [(f"{one}=", about) for one, about in vault.all_fields()]
        return Answer(
            _beginning(current, [*found, ("has:", "has a value"), ("missing:", "has none")])
        )
    place, operator = min(places, key=lambda one: (one[0], -len(one[1])))
    before, comma, last = current[place + len(operator) :].rpartition(",")
    head = f"{current[: place + len(operator)]}{before}{comma}"
    words = vault.all_values(current[:place])
    return Answer((head + one, about) for one, about in _beginning(last, words))


def _listed_fields(vault: Vault, current: str, _line: _Line) -> Answer:
    """Fields by commas, of any type; to sort by them, with `-` before one as well."""
    before, comma, last = current.rpartition(",")
    sign = "-" if last.startswith("-") else ""
    words = _beginning(last.removeprefix("-"), vault.all_fields())
    return Answer((f"{before}{comma}{sign}{one}", about) for one, about in words)


def _allowing(vault: Vault, current: str, line: _Line) -> Answer:
    """`allow`; behind its type the fields that other types have, and behind `=` what they hold."""
    if not line.arguments:
        return Answer(_beginning(current, [("allow", "add a field to a type")]))
    if line.arguments[0] != "allow" or len(line.arguments) == 1:
        return Answer()
    name, equals, kind = current.partition("=")
    if equals:
        from loop_cli.core.fields import KINDS_OF_FIELDS

        kinds = _beginning(kind, _bare(KINDS_OF_FIELDS))
        return Answer((f"{name}={one}", about) for one, about in kinds)
    own = set(vault.words("field", line.arguments[1]))
    known = {one for other in vault.words("type") for one in vault.words("field", other)}
    return Answer(_beginning(current, _bare(sorted(known - own))))


def _bare(words: Iterable[str]) -> list[Word]:
    return [(one, "") for one in words]


def _views(vault: Vault, current: str, _line: _Line) -> Answer:
    mark = "@" if current.startswith("@") else ""
    return Answer(_beginning(current, [(mark + name, "") for name in vault.views()]))


def _marked_views(vault: Vault, current: str, line: _Line) -> Answer:
    return _views(vault, current, line) if current.startswith("@") else Answer()


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


def _new_fields(vault: Vault, current: str, line: _Line) -> Answer:
    """Return `field=` of the type of a new entity, and after it the values of the field."""
    kind = vault.type_named(_entity(line))
    field, equals, value = current.partition("=")
    if not equals:
        names = [(f"{name}=", about) for name, about in vault.fields_of(kind, writable=False)]
        return Answer(_beginning(current, names))
    before, comma, last = value.rpartition(",")
    words = _beginning(last, vault.values_of(kind, field))
    return Answer((f"{field}={before}{comma}{word}", about) for word, about in words)


def _entity(line: _Line) -> str:
    return line.arguments[0] if line.arguments else ""


_SOURCES: dict[str, Callable[[Vault, str, _Line], Answer]] = {
    "ID": _ids,
    "RUN_ID": _runs,
    "CHANGE": _changes,
    "FIELD=VALUE": _new_fields,
    "EXPR": _conditions,
    "FIELD": _fields,
    "FIELDS": _listed_fields,
    "FIELD,FIELD": _listed_fields,
    "SHOWN_FIELD": _shown_fields,
    "ACTOR": _actors,
    "TYPE": _types,
    "allow": _allowing,
    "VIEW": _views,
    "@VIEW": _marked_views,
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
