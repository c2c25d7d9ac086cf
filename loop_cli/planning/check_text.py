"""Check the text of a file: repeated keys, values with two meanings, the lines of findings."""

from __future__ import annotations

from loop_cli.core.changes import Change
from loop_cli.core.check.finding import Found
from loop_cli.core.diff import value_at
from loop_cli.core.names import join_dotted
from loop_cli.markdown import dialects, document
from loop_cli.markdown.duplicates import duplicate_paths, without_repeats
from loop_cli.markdown.lines import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.planning.snapshot import Parsed

_SHOWN = 60


def lines_of(parsed: Parsed) -> Lines:
    """Return the lines of the fields of a file."""
    return Lines(parsed.document.yaml)


def line_of(parsed: Parsed, lines: Lines, found: Found) -> int:
    """Return the line of a finding in the file; the first if it is about the whole file."""
    line = found.line or (lines.of(found.at) if found.at else 0)
    return parsed.document.yaml_line + line - 1 if line else 1


def duplicate_keys(parsed: Parsed, own: FieldNames) -> Iterator[Found]:
    """Find repeated keys. Removing repeats with the same value is always right."""
    yaml = parsed.document.yaml
    for path, lines in duplicate_paths(yaml).items():
        numbers = [parsed.document.yaml_line + line - 1 for line in lines]
        listed = ", ".join(map(str, numbers))
        plain = len(path) == 1 and path[0] not in own.read_only()
        yield Found(
            rule="duplicate-key",
            message=f"{join_dotted(path)} is there {len(lines)} times (lines {listed}); "
            "the last one counts",
            at=path,
            repair=(_rewrite(path),) if plain and without_repeats(yaml, path[0]) != yaml else (),
        )


def disagreements(parsed: Parsed, own: FieldNames) -> Iterator[Found]:
    """Find values that YAML 1.1 reads differently. Writing them as YAML 1.2 reads them is always
    right."""
    for one in dialects.disagreements(parsed.document.yaml, parsed.fields):
        if one.line is not None:
            words = f"python-frontmatter (YAML 1.1) reads this otherwise: {one.other}"
            yield Found(rule="yaml-dialects", message=words, at=one.at, line=one.line)
            continue
        names = tuple(part for part in one.at if isinstance(part, str))
        value = value_at(parsed.fields, names)
        plain = len(names) == len(one.at) and not isinstance(value, dict | list) and not one.is_key
        yield Found(
            rule="yaml-dialects",
            message=f"{join_dotted(names)}: YAML 1.1 reads {_shown(one.other)}"
            + (f", YAML 1.2 {_shown(value)}" if plain else ""),
            at=one.at,
            allowed="quotes around it" if plain else None,
            repair=(_rewrite(names),) if plain and names[0] not in own.read_only() else (),
        )


def without_doubt(found: list[Found], strange: list[Found], fields: dict[str, Any]) -> list[Found]:
    """Return both kinds of findings.

    A value with two meanings is rewritten only if nothing else is wrong with it. Its type changes
    only if it is a text: nobody knows what the digits of a number were meant to be.
    """
    wrong, unsure = {one.at for one in found}, {one.at for one in strange}
    sure = [
        one.replace(repair=())
        if one.at in unsure and not isinstance(value_at(fields, one.at), str)  # type: ignore[arg-type]
        else one
        for one in found
    ]
    return sure + [one.replace(repair=()) if one.at in wrong else one for one in strange]


def is_note(data: bytes, names: FieldNames) -> bool:
    """Whether a file does not begin as an entity does.

    A file with an id and an unclosed frontmatter is not a note.
    """
    text = data.decode(errors="replace")
    if text.startswith("<<<<<<< "):
        return False
    try:
        document.split(text)
    except document.NoFrontmatter as error:
        return error.reason == "no frontmatter" or f"\n{names.id}:" not in text
    except document.FrontmatterError:
        pass
    return False


def _rewrite(path: tuple[str, ...]) -> Change:
    """Return the change that writes a value again, so that every YAML reader reads the same."""
    return Change(path=path, operation="rewrite", implied=True)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
