"""Turn old values into new ones: collect the splices of the text.

It walks the syntax tree along the differing values only, so all equal parts keep their bytes.
``patch`` checks the result, not this module.
"""

from __future__ import annotations

import re

from loop_cli.lean.plain import key_text, same
from loop_cli.markdown import flow, lists
from loop_cli.markdown.scalars import bare_style
from loop_cli.markdown.source import UNSURE, Slot
from loop_cli.markdown.splices import Splices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHOWN = 10  # lines of one key
_ANCHOR_NAME = rb"&([^\s,\[\]{}]+)"


class Rewriter(Splices):
    """Collects the splices that change a mapping node from its old values to new ones."""

    def mapping(
        self, node: Any, old: dict[Any, Any], new: dict[Any, Any], path: tuple[Any, ...]
    ) -> None:
        """Change a mapping node from ``old`` to ``new``."""
        changed = [key for key, value in old.items() if key in new and not same(value, new[key])]
        removed = [key for key in old if key not in new]
        added = {key: value for key, value in new.items() if key not in old}
        self._check_merges(old, {*changed, *removed, *added}, bool(removed or added), path)
        entries = node.as_mapping().entries()
        is_flow = self.source.is_flow(node)
        found = self._find(entries, [*changed, *removed], old, path)
        for key in changed:
            slot = self.source.slot(entries[found[key]], flow=is_flow)
            self.value(slot, old[key], new[key], (*path, key))
        for key, value in added.items():
            self.wrote((*path, key), value)
        gone = {found[key] for key in removed}
        if is_flow and (gone or added):
            slots = [self.source.slot(entry, flow=True) for entry in entries]
            flow.change_entries(self, node, slots, gone, added)
        elif gone or added:
            self._change_entries(entries, gone, added)

    def _find(
        self, entries: list[Any], wanted: list[Any], old: dict[Any, Any], path: tuple[Any, ...]
    ) -> dict[Any, int]:
        """Find the wanted keys among the entries of the mapping at ``path``."""
        places: dict[Any, list[int]] = {key: [] for key in wanted}
        kinds = {key: type(key) for key in wanted}
        for index, entry in enumerate(entries) if wanted else ():
            key = self.source.key(entry, old)
            if not path:
                key = key_text(key)
            if kinds.get(key) is type(key):
                places[key].append(index)
        for key, indexes in places.items():
            if not indexes:
                raise self.error(UNSURE, (*path, key))
            if len(indexes) > 1:
                starts = [entries[index].byte_range()[0] for index in indexes]
                lines = " and ".join(str(self.source.line_number(one)) for one in starts[:_SHOWN])
                lines += f" and {len(starts) - _SHOWN} more" if len(starts) > _SHOWN else ""
                reason = f"the key occurs more than once, on lines {lines}"
                raise self.error(reason, (*path, key), starts[1])
        return {key: indexes[0] for key, indexes in places.items()}

    def value(self, slot: Slot, old: Any, new: Any, path: tuple[Any, ...]) -> None:
        """Change the value of a slot from ``old`` to ``new``, which differs."""
        self._check_value(slot, path)
        node = slot.node
        if node is not None and self._is_kept_mapping(node, old, new):
            self.mapping(node, old, new, path)
            return
        if node is not None and node.is_sequence() and old and new and isinstance(new, list):
            self._sequence(node, old, new, path)
            return
        self.wrote(path, new)
        if slot.flow:
            self._replace_in_flow(slot, new, path)
        else:
            self._replace_in_block(slot, new)

    def _sequence(self, node: Any, old: list[Any], new: list[Any], path: tuple[Any, ...]) -> None:
        """Change a list node from ``old`` to ``new``; neither is empty."""
        slots = self.source.items(node)
        if len(slots) != len(old):
            raise self.error(UNSURE, path)
        pairs = lists.matches(old, new)
        for i, j in pairs:
            if not same(old[i], new[j]):
                self.value(slots[i], old[i], new[j], (*path, j))
        lists.change_items(self, node, slots, pairs, new, path)

    def _is_kept_mapping(self, node: Any, old: Any, new: Any) -> bool:
        """Whether a mapping is changed entry by entry; in a block, one entry must stay."""
        if not (node.is_mapping() and old and new and isinstance(new, dict)):
            return False
        return self.source.is_flow(node) or bool(old.keys() & new.keys())

    def _replace_in_flow(self, slot: Slot, new: Any, path: tuple[Any, ...]) -> None:
        written = self.writer.inline(new, style=self._style(slot.node), flow=True)
        if slot.node is not None:
            start, _ = slot.node.byte_range()
            if not slot.node.is_scalar() and not self.source.is_flow(slot.node):
                raise self.error("a pair inside a list can't be changed on its own", path, start)
            self.splice(start, slot.stop, written)
        elif slot.mark is None:
            self.splice(slot.stop, slot.stop, ": " + written)
        else:
            self.splice(slot.mark, slot.mark, " " + written)

    def _replace_in_block(self, slot: Slot, new: Any) -> None:
        """Put a new value after a key or a dash of a block, and keep the comment there."""
        source, node, mark = self.source, slot.node, slot.mark
        assert mark is not None
        line_end = source.line_end(mark)
        end = source.line_end(slot.stop)
        in_list = source.data[slot.start : mark] == b"-"
        lay_out = self.writer.after_dash if in_list else self.writer.after_colon
        inline, body = lay_out(
            new,
            source.column(slot.start),
            style=self._style(node),
            may_keep=not source.is_blank_line(source.next_line(slot.stop)),
        )
        on_one_line = node is not None and (
            source.is_flow(node) if not node.is_scalar() else not source.is_block_scalar(node)
        )
        if node is not None and on_one_line and not body:
            self.splice(node.byte_range()[0], slot.stop, inline)
            return
        if node is None:
            comment = source.comment(mark, line_end)
        elif node.byte_range()[0] > line_end:
            comment = source.comment(mark, line_end)
            comment = comment or (source.comment(slot.stop, end) if on_one_line else b"")
        elif on_one_line:
            comment = source.comment(slot.stop, end)
        elif node.is_scalar():
            comment = source.comment(source.header_end(node), line_end)
        else:
            comment = b""
        text = (f" {inline}" if inline else "").encode() + comment
        self.splice(mark, end, text + ((self.writer.newline + body).encode() if body else b""))

    def _change_entries(self, entries: list[Any], gone: set[int], added: dict[str, Any]) -> None:
        """Remove and append entries of a block mapping."""
        source = self.source
        column = source.column(entries[0].byte_range()[0])
        kept = [index for index in range(len(entries)) if index not in gone]
        first_kept = entries[kept[0]].byte_range()[0] if kept else None
        for index in gone:
            slot = source.slot(entries[index], flow=False)
            end = source.next_line(slot.stop)
            if source.is_first_on_line(slot.start):
                self.splice(source.line_start(slot.start), end, b"")
            elif first_kept is not None and not source.data[end:first_kept].strip():
                # The first key after a dash: the next key takes its place.
                self.splice(slot.start, first_kept, b"")
            else:
                self.splice(slot.start, source.line_end(slot.stop), b"")
        if added:
            newline = self.writer.newline
            lines = [
                " " * column + self.writer.entry(key, value, column) + newline
                for key, value in added.items()
            ]
            last = source.slot(entries[-1], flow=False)
            at = source.after_block(last.stop, column)
            self.splice(at, at, "".join(lines))

    def _check_merges(
        self, old: dict[Any, Any], touched: set[Any], grows: bool, path: tuple[Any, ...]
    ) -> None:
        if "<<" in touched or ("<<" in old and grows):
            raise self.error("the mapping has a merge key (<<), which hides other keys", path)

    def _check_value(self, slot: Slot, path: tuple[Any, ...]) -> None:
        at, node = slot.start, slot.node
        if slot.mark is None and not slot.flow:
            raise self.error("the key is written with a '?', which can't be changed", path, at)
        if node is not None and node.is_alias():
            raise self.error("the value is an alias of another value", path, at)
        if node is not None and node.is_tagged() and not self.source.text(node).startswith(b"!!"):
            raise self.error("the value carries a tag", path, at)
        properties = self.source.properties(slot)
        if properties and (node is None or not properties.startswith(b"&")):
            raise self.error("the value carries an anchor or a tag", path, at)
        for name in re.findall(_ANCHOR_NAME, properties) if properties else ():
            if re.search(rb"\*%s(?![^\s,\[\]{}])" % re.escape(name), self.source.data):
                anchor = name.decode()
                raise self.error(f"the value has an anchor (&{anchor}) that is in use", path, at)

    def _style(self, node: Any) -> str | None:
        """Return the style of a scalar, if a new value can have it."""
        if node is None or not node.is_scalar():
            return None
        style = node.as_scalar().style()
        if style in ("single-quoted", "double-quoted"):
            return str(style)
        return bare_style(self.source.text(node).decode())
