"""Templates of new entities: fill in `{{NAME}}` and so on, and set the fields.

Everything else stays as it is, with comments and order, as in every other edit.
"""

from __future__ import annotations

import os
import re

from loop_cli.core import creation
from loop_cli.errors import InvalidFile
from loop_cli.lean.plain import same
from loop_cli.lean.records import Struct
from loop_cli.markdown import patch, reader
from loop_cli.markdown.document import FrontmatterError, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from loop_cli.core.commits import Create
    from loop_cli.core.schema.rules import Rules

BUILT_IN = "---\n---\n\n# {{NAME}}\n"
_PLACEHOLDER = re.compile(r"\{\{[ \t]*([^\W\d]\w*)[ \t]*\}\}")


class Draft(Struct):
    """A filled template; `unknown` are the placeholders without a meaning, by line."""

    text: str
    unknown: tuple[tuple[str, int], ...]


def draft(
    change: Create, identity: Mapping[str, Any], entity_id: str, *, now: int, rules: Rules
) -> tuple[Draft, dict[str, Any]]:
    """Fill the template of a new entity; return it with its fields. Raises `InvalidFile`."""
    made = fill(
        change.template,
        change.source,
        fields={**identity, **change.fields},
        words=creation.words_for(
            change.fields, change.entity_type, entity_id, now=now, rules=rules
        ),
        body=change.body,
    )
    return made, reader.read(split(made.text).yaml)


def fill(
    text: str,
    source: str,
    *,
    fields: Mapping[str, Any],
    words: Mapping[str, Any],
    body: str | None,
) -> Draft:
    """Fill the template: set `fields`, replace placeholders by `words`, maybe replace the body.

    A field that is set needs no word for its placeholder. Raises `InvalidFile`.
    """
    try:
        document = split(text)
    except FrontmatterError as error:
        raise InvalidFile(source, error.reason, line=error.line) from None
    tokens = _Tokens(document.yaml, first_line=document.yaml_line)
    try:
        values = reader.read(tokens.text)
    except reader.YamlSyntaxError as error:
        line = document.yaml_line + error.line - 1
        raise InvalidFile(source, f"broken YAML: {error.reason}", line=line) from None
    words = {**dict.fromkeys(_keys(values)), **words}
    edits: list[patch.Set | patch.Remove] = [
        patch.Set(path, tokens.value(value, words))
        for path, value in _leaves(values, ())
        if path[0] not in fields and tokens.are_in(value)
    ]
    edits += [patch.Set((name,), value) for name, value in fields.items()]
    try:
        yaml = patch.patch(tokens.text, edits, newline=document.newline)
    except ValueError as error:
        raise InvalidFile(source, str(error)) from None
    yaml = tokens.put_back(yaml, words, reader.read(yaml), source)
    unknown = list(tokens.unknown)
    if body is None:
        first = text.count("\n", 0, len(text) - len(document.body)) + 1
        body, left = _filled(document.body, words, first)
        unknown += left
    filled = document.replace(yaml=yaml, body=body)
    return Draft(text=filled.text, unknown=tuple(dict.fromkeys(unknown)))


class _Tokens:
    """A YAML text in which plain words stand for placeholders; YAML reads `{{` as a mapping."""

    def __init__(self, yaml: str, *, first_line: int) -> None:
        self._names: dict[str, tuple[str, str, int]] = {}  # token: name, placeholder, line
        mark = f"loop{os.urandom(8).hex()}x"

        def replace(match: re.Match[str]) -> str:
            token = f"{mark}{len(self._names):04}z"
            line = first_line + yaml.count("\n", 0, match.start())
            self._names[token] = (match[1], match[0], line)
            return token

        self.text = _PLACEHOLDER.sub(replace, yaml)
        self._pattern = re.compile(rf"{mark}\d{{4}}z")
        self.unknown: list[tuple[str, int]] = []

    def are_in(self, value: Any) -> bool:
        """Whether a value contains one."""
        if isinstance(value, list):
            return any(map(self.are_in, value))
        if isinstance(value, dict):
            return any(self.are_in(one) for pair in value.items() for one in pair)
        return isinstance(value, str) and self._pattern.search(value) is not None

    def value(self, value: Any, words: Mapping[str, Any]) -> Any:
        """Return the value with words for tokens.

        A token alone becomes the word itself, of any kind. A text with a token that has no word has
        no value.
        """
        if isinstance(value, list):
            return [self.value(item, words) for item in value]
        if isinstance(value, dict):
            return {self._text(key, words): self.value(one, words) for key, one in value.items()}
        if not isinstance(value, str):
            return value
        if self._pattern.fullmatch(value):
            return self._word(value, words)
        return self._text(value, words)

    def put_back(
        self, yaml: str, words: Mapping[str, Any], values: dict[str, Any], source: str
    ) -> str:
        """Return the text without tokens; they may be left only in comments. Raises
        `InvalidFile`."""

        def replace(match: re.Match[str]) -> str:
            name, placeholder, _line = self._names[match[0]]
            return str(words[name]) if isinstance(words.get(name), str) else placeholder

        text = self._pattern.sub(replace, yaml)
        if text != yaml and not same(reader.read(text), values):
            raise InvalidFile(source, "has a placeholder where none can be filled")
        return text

    def _text(self, text: Any, words: Mapping[str, Any]) -> Any:
        if not isinstance(text, str):
            return text
        if any(self._word(token, words) is None for token in self._pattern.findall(text)):
            return None
        return self._pattern.sub(lambda match: _shown(self._word(match[0], words)), text)

    def _word(self, token: str, words: Mapping[str, Any]) -> Any:
        name, _placeholder, line = self._names[token]
        if name not in words:
            self.unknown.append((name, line))
        return words.get(name)


def _filled(
    text: str, words: Mapping[str, Any], first_line: int
) -> tuple[str, list[tuple[str, int]]]:
    unknown: list[tuple[str, int]] = []

    def replace(match: re.Match[str]) -> str:
        if match[1] not in words:
            unknown.append((match[1], first_line + text.count("\n", 0, match.start())))
        return _shown(words.get(match[1]))

    return _PLACEHOLDER.sub(replace, text), unknown


def _keys(value: Any) -> Iterator[str]:
    """Return the placeholders of all fields: `{{DUE}}` is the field `due`, without a value if none
    is given."""
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield key.upper()
            yield from _keys(item)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return "" if value is None else str(value)


def _leaves(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value that is not a mapping, with its path."""
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and all(isinstance(one, str) for one in inner):
            yield from _leaves(inner, (*path, key))
        else:
            yield (*path, key), inner
