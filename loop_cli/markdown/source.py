"""Find places in a YAML text: lines, entries and the ends of values, in bytes."""

from __future__ import annotations

import re

from loop_cli.markdown.keys import key_value
from loop_cli.markdown.limits import PatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNSURE = "the edit could not be made without changing something else"

_BLANK = b" \t"
_FIRST_LINE = rb"[^\n]*\n(?:[ \t\r]*\n)*( *)[^\s]"
_HEADER = rb"[|>][-+0-9]*"
_FLOW_FILLER = rb"(?:[\s,]|(?<=[\s,\[{])#[^\n]*)*"


class Slot:
    """A place with a value: an entry of a mapping or an item of a list.

    ``start`` is the beginning of the key or the dash, ``mark`` the end of its ``:`` or ``-``
    (``start`` in a flow list; None without such a mark). ``stop`` is the end of the value's last
    byte, before a comment; it is computed at first use. ``node`` is None for an empty value.
    """

    __slots__ = ("_source", "_stop", "flow", "key_stop", "mark", "node", "start")

    def __init__(
        self,
        source: Source,
        start: int,
        mark: int | None,
        node: Any,
        *,
        flow: bool,
        key_stop: int = 0,
    ) -> None:
        self._source = source
        self._stop: int | None = None
        self.key_stop = key_stop
        self.start = start
        self.mark = mark
        self.node = None if node is not None and source.is_left_out(node) else node
        self.flow = flow

    @property
    def stop(self) -> int:
        if self._stop is None:
            self._stop = self._source.slot_stop(self)
        return self._stop


class Source:
    """The bytes of a YAML text, with answers to the questions of an edit."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def line_start(self, at: int) -> int:
        return self.data.rfind(b"\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Return the end of the line of ``at``, before its newline."""
        end = self.data.find(b"\n", at)
        if end < 0:
            return len(self.data)
        return end - 1 if end > at and self.data[end - 1] == 0x0D else end

    def next_line(self, at: int) -> int:
        end = self.data.find(b"\n", at)
        return len(self.data) if end < 0 else end + 1

    def line_number(self, at: int) -> int:
        return self.data.count(b"\n", 0, at) + 1

    def column(self, at: int) -> int:
        return at - self.line_start(at)

    def is_first_on_line(self, at: int) -> bool:
        return not self.data[self.line_start(at) : at].strip(_BLANK)

    def is_blank_line(self, start: int) -> bool:
        return start < len(self.data) and not self.data[start : self.line_end(start)].strip(_BLANK)

    def comment(self, start: int, end: int) -> bytes:
        """Return the blanks and the comment between two points of a line; nothing if only
        blanks."""
        rest = self.data[start:end]
        return rest.rstrip(_BLANK) if b"#" in rest else b""

    def after_block(self, stop: int, column: int) -> int:
        """Return the line after a value that ends at ``stop``, past the comments inside its block.

        Comments indented deeper than ``column`` belong to the value above them.
        """
        position = after = self.next_line(stop)
        while position < len(self.data):
            line = self.data[position : self.line_end(position)]
            content = line.lstrip(_BLANK)
            if content[:1] not in (b"", b"#"):
                break
            position = self.next_line(position)
            if content and len(line) - len(content) > column:
                after = position
        return after

    def text(self, node: Any) -> bytes:
        start, end = node.byte_range()
        return self.data[start:end]

    def is_flow(self, node: Any) -> bool:
        return self.data[node.byte_range()[0]] in b"[{"

    def is_block_scalar(self, node: Any) -> bool:
        return node.is_scalar() and self.text(node)[:1] in (b"|", b">")

    def header_end(self, node: Any) -> int:
        """Return the end of the ``|-`` of a block scalar."""
        found = re.match(_HEADER, self.text(node))
        return int(node.byte_range()[0]) + (found.end() if found is not None else 0)

    def is_left_out(self, node: Any) -> bool:
        start, end = node.byte_range()
        return start == end and bool(node.is_scalar())

    def slot_stop(self, slot: Slot) -> int:
        if slot.node is not None:
            return self.stop(slot.node)
        if slot.mark is None:
            return slot.key_stop
        return slot.mark if slot.flow else slot.mark + len(self._properties_line(slot.mark))

    def stop(self, node: Any) -> int:
        """Return the end of the last byte of a node's own content."""
        start, end = node.byte_range()
        if node.is_scalar():
            return self._scalar_stop(node, start, end)
        if node.is_mapping() and not self.is_flow(node):
            return self.slot(node.as_mapping().entries()[-1], flow=False).stop
        if node.is_sequence() and not self.is_flow(node):
            return self.items(node)[-1].stop
        return int(start) + len(self.data[start:end].rstrip())

    def _scalar_stop(self, node: Any, start: int, end: int) -> int:
        if not self.is_block_scalar(node):
            return int(end)
        body = self.data[start:end]
        if b"+" in body[: self.header_end(node) - start]:
            return int(end) - (2 if body.endswith(b"\r\n") else 1 if body.endswith(b"\n") else 0)
        return self._blanks_stop(int(start) + len(body.rstrip()), self.header_end(node))

    def _blanks_stop(self, stop: int, header_end: int) -> int:
        """Return the end of a block scalar whose last words end at ``stop``.

        A line of blanks that is longer than the indentation is content too.
        """
        first = re.match(_FIRST_LINE, self.data[header_end:stop])
        at = self.next_line(stop)
        while first is not None and self.is_blank_line(at):
            if self.line_end(at) - at > len(first[1]) and self.data.startswith(first[1], at):
                stop = self.line_end(at)
            at = self.next_line(at)
        return stop

    def key(self, entry: Any, known: Any) -> Any:
        """Return the key of an entry; a plain word in ``known`` is the key itself."""
        key = entry.key()
        if key is None or not key.is_scalar():
            return None
        word = self.text(key).decode()
        if (word[:1].isalpha() or word[:1] == "_") and word in known:
            return word
        return key_value(key, self.data)

    def slot(self, entry: Any, *, flow: bool) -> Slot:
        """Return the slot of an entry of a mapping."""
        start = entry.byte_range()[0]
        key, node = entry.key(), entry.value()
        if key is None or not key.is_scalar() or self.data[start : start + 1] == b"?":
            whole = start + len(self.data[start : entry.byte_range()[1]].rstrip())
            return Slot(self, start, None, node, flow=flow, key_stop=whole)
        key_stop = mark = key.byte_range()[1]
        while self.data[mark : mark + 1] in (b" ", b"\t"):
            mark += 1
        colon = self.data[mark : mark + 1] == b":"
        return Slot(self, start, mark + 1 if colon else None, node, flow=flow, key_stop=key_stop)

    def items(self, sequence: Any) -> list[Slot]:
        """Return the items of a list node, in order. Raises PatchError if that is impossible."""
        nodes = sequence.as_sequence().values()
        if self.is_flow(sequence):
            return self._flow_items(sequence, nodes)
        start, end = sequence.byte_range()
        indent = rb"^ {%d}-(?=[ \t\r\n]|\Z)" % self.column(start)
        dashes = [start]
        first_line = self.next_line(start)
        for found in re.finditer(indent, self.data[first_line:end], re.MULTILINE):
            dashes.append(first_line + found.end() - 1)
        if len(dashes) != len(nodes):
            raise PatchError(UNSURE)
        return [
            Slot(self, dash, dash + 1, node, flow=False)
            for dash, node in zip(dashes, nodes, strict=True)
        ]

    def _flow_items(self, sequence: Any, nodes: list[Any]) -> list[Slot]:
        slots = []
        position = sequence.byte_range()[0] + 1
        for node in nodes:
            filler = re.compile(_FLOW_FILLER).match(self.data, position)
            start = filler.end() if filler is not None else position
            slot = Slot(self, start, start, node, flow=True)
            position = slot.stop
            slots.append(slot)
        return slots

    def _properties_line(self, mark: int) -> bytes:
        """Return the text after a mark on its line, an anchor or a tag, without a comment."""
        line = self.data[mark : self.line_end(mark)].rstrip(_BLANK)
        return line and re.sub(rb"(?:^|(?<![ \t])[ \t]+)#.*", b"", line).rstrip(_BLANK)

    def properties(self, slot: Slot) -> bytes:
        """Return an anchor or a tag between the mark of a slot and its value."""
        if slot.mark is None:
            return b""
        if slot.node is None:
            return b"" if slot.flow else self._properties_line(slot.mark).strip(_BLANK)
        gap = self.data[slot.mark : slot.node.byte_range()[0]].strip()
        return gap and b" ".join(re.sub(rb"(?:^|(?<=\s))#[^\n]*", b"", gap).split())
