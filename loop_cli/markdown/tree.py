"""Edit with the syntax tree of `yaml-edit`: any value, at any depth.

The result is read again as a check; see ``patch``.
"""

from __future__ import annotations

import re

import yaml_edit

from loop_cli.lean.plain import key_text, same
from loop_cli.markdown import reader, scalars
from loop_cli.markdown.limits import MAX_YAML_BYTES, PatchError, YamlSyntaxError, guarded
from loop_cli.markdown.source import UNSURE, Source
from loop_cli.markdown.value_splices import Rewriter
from loop_cli.markdown.writer import Layout, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["UNSURE", "rewritten"]

_ABSENT = object()
_FEW_FIELDS = 5


def rewritten(
    yaml_text: str, old: dict[str, Any], wanted: dict[str, Any], *, newline: str
) -> str | None:
    """Change ``yaml_text``, which reads as ``old``, so that it reads as ``wanted``.

    None if no attempt passes the check. Raises PatchError.
    """
    lone = re.search(r"\r(?!\n)", yaml_text) if "\r" in yaml_text else None
    if lone is not None:
        line = yaml_text.count("\n", 0, lone.start()) + 1
        raise PatchError("a carriage return without a newline is in the text", (), line)
    for careful in (False, True):
        try:
            attempt = guarded(_attempt, yaml_text, old, wanted, newline, careful=careful)
        except YamlSyntaxError as error:
            raise PatchError(f"the text can't be edited: {error.reason}", (), error.line) from None
        if attempt is not None:
            return attempt
    return None


def _attempt(
    yaml_text: str, old: dict[str, Any], wanted: dict[str, Any], newline: str, *, careful: bool
) -> str | None:
    """Return the new text, or None if it does not read as ``wanted``."""
    # A last line without newline gets one for the moment.
    unended = bool(yaml_text) and not yaml_text.endswith("\n")
    text = yaml_text + newline if unended else yaml_text
    source = Source(text.encode())
    root = _root(text)
    writer = Writer(lambda: _layout(source, root), newline, careful=careful)
    rewriter = Rewriter(source, writer)
    if root is None:
        at = len(source.data)
        for key, value in wanted.items():
            rewriter.splice(at, at, writer.entry(key, value, 0) + newline)
            rewriter.wrote((key,), value)
    else:
        rewriter.mapping(root, old, wanted, ())
    result = rewriter.result().decode()
    if unended:
        result = result.removesuffix("\n").removesuffix("\r")
    _refuse_too_long(result, rewriter.written)
    return result if _holds(result, wanted, rewriter.written, yaml_text, writer.risky) else None


def _refuse_too_long(result: str, written: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Raise PatchError about the longest written value, if no reader would accept the text."""
    if len(result) * 4 > MAX_YAML_BYTES < len(result.encode()):
        longest = max(written, key=lambda one: len(str(one[1])), default=((), None))[0]
        limit = f"the frontmatter would be longer than {MAX_YAML_BYTES:,} bytes, the limit"
        raise PatchError(limit, tuple(map(key_text, longest)))


def _root(text: str) -> Any:
    """Return the node of the top-level mapping; None if there are only comments and blanks."""
    try:
        root = yaml_edit.Document.parse(text).root()
    except (ValueError, TypeError) as error:
        if any(line.strip() and line.lstrip()[0] != "#" for line in text.split("\n")):
            raise PatchError(f"the text can't be edited: {error}") from None
        return None
    if root is not None and not root.is_mapping():
        raise PatchError("the frontmatter can't be edited as a mapping")
    return root


def _layout(source: Source, root: Any) -> Layout:
    """Return the file's own layout, from its first nested mapping and list."""
    layout = Layout()
    if root is None or source.is_flow(root):
        return layout
    step = dash = None
    flow_lists = 0
    dates: dict[str, set[bool]] = {}
    for entry in root.as_mapping().entries():
        node = entry.value()
        if node is None:
            continue
        if node.is_scalar():
            text = source.text(node).decode()
            kind = scalars.kind_of_date(text.strip("\"'"))
            dates.setdefault(kind, set()).add(text[0] not in "\"'" if kind else False)
            continue
        is_flow = source.is_flow(node)
        column = source.column(node.byte_range()[0])
        if node.is_sequence() and is_flow:
            flow_lists += source.text(node)[1:-1].strip() != b""
        elif node.is_sequence() and dash is None:
            dash = column
        elif node.is_mapping() and not is_flow and step is None and column > 0:
            step = column
    layout.step = step or layout.step
    layout.dash = layout.dash if dash is None else dash
    layout.flow_lists = flow_lists > 0 and dash is None
    layout.bare_dates = frozenset(kind for kind, are_bare in dates.items() if are_bare == {True})
    return layout


def _holds(
    result: str,
    wanted: dict[str, Any],
    written: list[tuple[tuple[Any, ...], Any]],
    yaml_text: str,
    risky: bool,
) -> bool:
    """Whether all readers find the written values in ``result``.

    For plain text, quoted text on one line, and numbers, one reader is enough, because all readers
    agree.
    """
    try:
        if not same(reader.read(result), wanted):
            return False
        if not risky:
            return True
        if wanted and not guarded(_edit_reads, result, written):
            return False
    except YamlSyntaxError:
        return False
    return _reads_as_yaml_1_1(result, written, yaml_text)


def _edit_reads(result: str, written: list[tuple[tuple[Any, ...], Any]]) -> bool:
    """Whether the syntax tree also has the written values at their paths."""
    tree = yaml_edit.Document.parse(result).as_mapping()
    if tree is None:
        return True
    keys = {path[0] for path, _ in written}
    fields = {}
    # One look-up is cheaper than reading all values, but takes as long as the mapping is.
    for key in keys if len(keys) <= _FEW_FIELDS else ():
        node = tree.get(key)
        if node is not None:
            fields[key] = node.to_python()
    if len(fields) < len(keys):
        fields = tree.to_python()
    return all(_is_same(_at(fields, path), value) for path, value in written)


def _is_same(read: Any, value: Any) -> bool:
    """Whether a reader finds the value; it may read a bare date as a date, at any depth."""
    if type(value) is dict and type(read) is dict and len(value) == len(read):
        found = {_key(key): item for key, item in read.items()}
        return all(key in found and _is_same(found[key], item) for key, item in value.items())
    if type(value) is list and type(read) is list and len(value) == len(read):
        return all(map(_is_same, read, value))
    if same(read, value):
        return True
    from loop_cli.markdown.dialects import is_same_time

    return is_same_time(value, read)


def _key(key: Any) -> Any:
    return key if isinstance(key, str) else key_text(key)


def _reads_as_yaml_1_1(
    result: str, written: list[tuple[tuple[Any, ...], Any]], yaml_text: str
) -> bool:
    """Whether PyYAML, which python-frontmatter uses, also finds the written values.

    If it could not read the old text, the edit is accepted.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        values = guarded(yaml.load, result, loader)
    except YamlSyntaxError:
        try:
            guarded(yaml.load, yaml_text, loader)
        except YamlSyntaxError:
            return True
        return False
    return all(_is_same(_at(values, path), value) for path, value in written)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        if isinstance(value, list):
            value = value[part] if type(part) is int and part < len(value) else _ABSENT
        elif not isinstance(value, dict):
            return _ABSENT
        elif part in value:
            value = value[part]
        else:
            # Keys at the top are texts here; other readers keep their type.
            value = next((v for k, v in value.items() if key_text(k) == part), _ABSENT)
    return value
