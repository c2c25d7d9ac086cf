"""Check a YAML text before a parser reads it, and guard the parser.

The strict parser overflows the stack of the process on very deep nesting, and copies aliased nodes;
both are limited here. An ordinary text costs a few microseconds; only an unusual one is checked in
detail.

Parsers raise more than they document: PyYAML raises an `AttributeError` for `!!timestamp no`, and
parsers in Rust panic, which is not an `Exception`. A text on which a parser fails can't be read.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

MAX_YAML_BYTES = 1 << 20
"""Longer texts are refused without reading, in bytes of UTF-8."""

MAX_DEPTH = 64
"""The depth of nested mappings and lists, with the top-level mapping."""

MAX_ALIAS_NODES = 10_000
"""The nodes of a text with aliases, with all copies that the aliases make."""

# Below these limits no combination of aliases can grow to more than some 100,000 nodes.
_FEW_ALIASES = 8
_SHORT_TEXT = 16 << 10

# A block can only be nested deeper at a column of its own, or as a list at its key's
# column, so the number of columns in use bounds the depth however the text is built.
_MAX_COLUMNS = 200
# Fast passes over the bytes recognize an ordinary text, at a tenth of the cost of a pattern.
# Patterns for unusual texts are compiled when needed.
_CONTROL_BYTES = bytes(code for code in range(32) if code not in b"\t\n\r")
_INDICATORS_AS_BLANKS = bytes.maketrans(b"\t?:-", b"    ")
_DEEP = b" " * 40
_PREFIX = r"(?m)^[ \t?:-]+"

_INDENT_MISLEADS = r"(?m)\r|^ *\t|\A(?:\s*#.*\n)*\s*[\[{&!]"
_PANIC = "PanicException"  # of a parser in Rust; its class can't be imported
_BRACKET = r"[\[\]{}]"
_INDICATOR = r"[-?:](?=[ \t]|\Z)"
_WORD = r"[&*][^\s\[\]{},]+|[^\s\[\]{},&*]+|[,\[{&*]"

_FIRST_CONTENT = r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*( *)(?=[^\s#])"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
_MARKER_STARTS = ("\n---", "\n...", "\n%")
_MARKER = r"(?m)^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)|^%"
# These begin with the sign, because a search can jump to it.
_ANCHOR = r"&(?<![^\s\[\]{},:]&)([^\s\[\]{},]+)"
_ALIAS = r"\*(?<![^\s\[\]{},:]\*)([^\s\[\]{},]+)"


class YamlSyntaxError(ValueError):
    """The text is not YAML that can be read as a mapping of plain values.

    ``line`` is 1-based within the YAML text, ``reason`` is one short sentence.
    """

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason = reason
        self.line = line


class PatchError(ValueError):
    """The edit can't be made. ``path`` is the field's, ``line`` is 1-based in the YAML text."""

    def __init__(self, reason: str, path: tuple[str, ...] = (), line: int | None = None) -> None:
        super().__init__(reason if not path else f"{'.'.join(path)}: {reason}")
        self.reason = reason
        self.path = path
        self.line = line


def line_at(text: str, index: int) -> int:
    """Return the 1-based line of the character at ``index``."""
    return text.count("\n", 0, index) + 1


def check_text(text: str) -> bool:
    """Refuse texts that a parser must not read; return True if the depth must be checked after it.

    Raises YamlSyntaxError.
    """
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_YAML_BYTES:
        raise YamlSyntaxError(f"more than {MAX_YAML_BYTES} bytes of YAML", 1)
    if len(data.translate(None, _CONTROL_BYTES)) != len(data):
        _refuse_control(text)
    if text[:1] in ("-", ".", "%") or any(start in text for start in _MARKER_STARTS):
        _check_markers(text)
    blanks = data.translate(_INDICATORS_AS_BLANKS)
    deep = blanks.startswith(_DEEP) or b"\n" + _DEEP in blanks
    if deep:
        _check_columns(text)
    if not _begins_at_margin(text):
        _check_first_indent(text)
    if "&" in text and "*" in text:
        _check_aliases(text)
    return deep or text.count("[") + text.count("{") > MAX_DEPTH // 2


def _refuse_control(text: str) -> None:
    import re

    control = re.search(_CONTROL, text)
    assert control is not None, "the bytes have one"
    code = ord(control.group())
    raise YamlSyntaxError(f"control character U+{code:04X}", line_at(text, control.start()))


def _check_markers(text: str) -> None:
    import re

    marker = re.search(_MARKER, text)
    if marker is not None:
        what = "a YAML directive" if marker.group() == "%" else "a second YAML document"
        raise YamlSyntaxError(f"{what} has no place here", line_at(text, marker.start()))


def _begins_at_margin(text: str) -> bool:
    """Whether the first character after comments and blank lines is a letter at the left edge.

    Most texts begin so. They need no `re`, whose loading costs more than half an interpreter's
    start.
    """
    at = 0
    while text.startswith(("#", "\n"), at):
        at = text.find("\n", at) + 1 or len(text)
    return text[at : at + 1].isalpha()


def _check_first_indent(text: str) -> None:
    """A top-level mapping may be indented, but then all of it; the parser does not check that."""
    import re

    first = re.match(_FIRST_CONTENT, text)
    if first is None or not first[1]:
        return
    shallower = re.compile(rf"^ {{0,{len(first[1]) - 1}}}[^\s#]", re.MULTILINE)
    outside = shallower.search(text, first.end())
    if outside is not None:
        line = line_at(text, outside.start())
        raise YamlSyntaxError("the line is indented less than the first key", line)


def _check_columns(text: str) -> None:
    import re

    columns: set[int] = set()
    for match in re.finditer(_PREFIX, text):
        prefix = match.group()
        columns.add(len(prefix))
        columns.update(found.start() for found in re.finditer(_INDICATOR, prefix[:4096]))
        if len(columns) > _MAX_COLUMNS:
            raise YamlSyntaxError("nested too deeply", line_at(text, match.start()))


def _check_aliases(text: str) -> None:
    import re

    anchor = re.search(_ANCHOR, text)
    if anchor is None:
        return
    aliases = re.findall(_ALIAS, text)
    if not _may_name(aliases, re.findall(_ANCHOR, text)):
        return
    if len(aliases) <= _FEW_ALIASES and len(text) <= _SHORT_TEXT:
        return
    if _added_by_aliases(text) > MAX_ALIAS_NODES:
        line = line_at(text, anchor.end())
        raise YamlSyntaxError(f"aliases stand for more than {MAX_ALIAS_NODES} values", line)


def _may_name(aliases: list[str], anchors: list[str]) -> bool:
    """Whether an alias may belong to an anchor; in prose with `&` and `*` none does.

    A colon after an alias may or may not be part of its name.
    """
    names = {name.rstrip(":") for name in anchors}
    return any(alias.rstrip(":") in names for alias in aliases)


def _added_by_aliases(text: str) -> int:
    """Return an upper bound of the nodes that expanding all aliases adds to ``text``.

    It counts words, and there are at least as many words as nodes. An anchor contains all words up
    to the line that ends it by its indentation. Indentation counts only in blocks: if a quote makes
    it unclear whether a bracket is one, nothing ends any more.
    """
    import re

    sizes: dict[str, int] = {}
    still_open: list[tuple[int, bool, str, int]] = []
    total = added = 0
    for line, closes in _lines(text):
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        while closes and still_open and _is_closed(still_open[-1], indent, content):
            _, _, name, before = still_open.pop()
            sizes[name] = total - before
        for word in re.findall(_WORD, line):
            size = 1
            if word[0] == "&":
                still_open.append((indent, content[0] == "-", word[1:], total))
                sizes[word[1:]] = -1
            elif word[0] == "*" and word[1:] in sizes:
                size = sizes[word[1:]]
                size = total if size < 0 else size
                added += size
            total += size
            if added > MAX_ALIAS_NODES:
                return added
    return added


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines, each with whether its indentation certainly ends the blocks before it."""
    import re

    brackets = 0
    unsure = re.search(_INDENT_MISLEADS, text) is not None
    for line in text.split("\n"):
        yield line, not unsure and not brackets and line.strip()[:1] not in ("", "#")
        found = re.findall(_BRACKET, line)
        for bracket in found:
            if bracket in "[{":
                brackets += 1
            elif brackets and "#" not in line:
                brackets -= 1
        quotes = line.count("'"), line.count('"')
        unsure = unsure or quotes[0] % 2 > 0 or quotes[1] % 2 > 0
        unsure = unsure or (any(quotes) and bool(brackets or found))


def _is_closed(anchor: tuple[int, bool, str, int], indent: int, content: str) -> bool:
    anchor_indent, in_list, _, _ = anchor
    if anchor_indent == indent:
        return in_list or content[0] != "-"
    return anchor_indent > indent


def check_depth(value: Any, text: str) -> None:
    """Raise YamlSyntaxError if ``value``, read from ``text``, is nested too deeply."""
    level = [value]
    depth = 0
    while level:
        depth += 1
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                below += node.values()
            elif isinstance(node, list):
                below += node
        level = [node for node in below if isinstance(node, (dict, list))]
        if depth > MAX_DEPTH:
            import re

            prefix = max(re.finditer(_PREFIX, text), key=lambda m: len(m.group()), default=None)
            at = prefix.start() if prefix is not None else 0
            raise YamlSyntaxError("nested too deeply", line_at(text, at))


def guarded(parse: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Wrap a parser, or a function that uses one.

    Whatever it raises becomes a YamlSyntaxError with the reason and the line. A PatchError, and
    exceptions that end the program, pass. The error keeps no nodes of a parser alive: another
    thread may be the one that drops it, and yaml-edit allows that only to the thread that made
    them.
    """
    try:
        return parse(*arguments, **options)
    except BaseException as error:
        _let_go(error)
        ends = not isinstance(error, Exception) and type(error).__name__ != _PANIC
        if ends or isinstance(error, YamlSyntaxError | PatchError):
            raise
        raise YamlSyntaxError(_reason(error), _line(error)) from None


def _let_go(error: BaseException | None) -> None:
    """Forget the variables of the calls that an error has ended."""
    from contextlib import suppress

    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            with suppress(RuntimeError):  # still at work, as ours
                trace.tb_frame.clear()
            trace = trace.tb_next
        error = error.__context__


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    said = getattr(error, "problem", None) or str(error).split("\n")[0]
    if isinstance(error, ValueError) or type(error).__module__.startswith("yaml."):
        return said or "it can't be read"
    return f"the parser fails on it ({type(error).__name__}{': ' if said else ''}{said})"


def _line(error: BaseException) -> int:
    """Return the 1-based line in the error; the first line if there is none."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    import re

    found = re.search(r"line (\d{1,9}), column", str(error))
    return int(found[1]) if found else 1
