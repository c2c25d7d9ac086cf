"""The layout of new values: block style in a block, flow style in ``[]`` or ``{}``."""

from __future__ import annotations

from loop_cli.markdown import scalars

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LONGEST_FLOW_LIST = 80


class Layout:
    """The layout of a file: the form of its lists, and its indentation.

    ``step`` is the indentation of a nested mapping, ``dash`` that of a list under its key, both in
    columns. ``flow_lists`` means that short lists are written ``[a, b]``. ``bare_dates`` are the
    kinds of dates that have no quotes anywhere in the file.
    """

    __slots__ = ("bare_dates", "dash", "flow_lists", "step")

    def __init__(self, *, step: int = 2, dash: int = 2, flow_lists: bool = False) -> None:
        self.step = step
        self.dash = dash
        self.flow_lists = flow_lists
        self.bare_dates: frozenset[str] = frozenset()


class Writer:
    """Writes values as text. ``risky`` becomes True if a value needs a second reader.

    ``careful`` writes all text in double quotes, which every reader understands.
    """

    def __init__(self, layout: Callable[[], Layout], newline: str, *, careful: bool) -> None:
        self._look = layout
        self._layout: Layout | None = None
        self.newline = newline
        self.careful = careful
        self.risky = False

    @property
    def layout(self) -> Layout:
        """The file's layout, looked up when the first collection is written."""
        if self._layout is None:
            self._layout = self._look()
        return self._layout

    def entry(self, key: str, value: Any, column: int) -> str:
        """Return a whole entry of a block mapping; its first line has no indentation."""
        inline, body = self.after_colon(value, column)
        return self._joined(self.key(key) + ":", inline, body)

    def item(self, value: Any, column: int) -> str:
        """Return a whole item of a block list; its first line has no indentation."""
        inline, body = self.after_dash(value, column)
        return self._joined("-", inline, body)

    def after_colon(
        self, value: Any, column: int, *, style: str | None = None, may_keep: bool = False
    ) -> tuple[str, str]:
        """Return the value of a key at ``column``: the rest of its line, and the lines below."""
        if isinstance(value, dict) and value:
            self.risky = True
            return "", self._mapping(value, column + self.layout.step)
        if isinstance(value, list) and value:
            short = self._short_flow_list(value) if self.layout.flow_lists else None
            if short is not None:
                return short, ""
            return "", self._list(value, column + self.layout.dash)
        return self._leaf(value, column + 2, style, may_keep)

    def after_dash(
        self, value: Any, column: int, *, style: str | None = None, may_keep: bool = False
    ) -> tuple[str, str]:
        """Return the item of a dash at ``column``: the rest of its line, and the lines below."""
        if isinstance(value, (dict, list)) and value:
            self.risky = True
            inside = column + 2
            if isinstance(value, dict):
                block = self._mapping(value, inside)
            else:
                block = self._list(value, inside)
            first, _, rest = block[inside:].partition(self.newline)
            return first, rest
        return self._leaf(value, column + 2, style, may_keep)

    def inline(self, value: Any, *, style: str | None = None, flow: bool) -> str:
        """Return ``value`` on one line, collections in flow style."""
        if isinstance(value, dict):
            self.risky = self.risky or bool(value)
            parts = [
                f"{self.key(k, flow=True)}: {self.inline(v, flow=True)}" for k, v in value.items()
            ]
            return "{" + ", ".join(parts) + "}"
        if isinstance(value, list):
            self.risky = self.risky or any(isinstance(item, (dict, list)) for item in value)
            return "[" + ", ".join(self.inline(item, flow=True) for item in value) + "]"
        if self.careful and isinstance(value, str):
            style = "double-quoted"
        if style is None and isinstance(value, str) and (kind := scalars.kind_of_date(value)):
            style = scalars.BARE_DATE if kind in self.layout.bare_dates else None
        written = scalars.emit(value, style=style, flow=flow)
        if not scalars.is_plainly_safe(value, written):
            self.risky = True
        return written

    def key(self, key: str, *, flow: bool = False) -> str:
        written = scalars.emit_key(key, flow=flow)
        if not scalars.is_plainly_safe(key, written):
            self.risky = True
        return written

    def _leaf(self, value: Any, indent: int, style: str | None, may_keep: bool) -> tuple[str, str]:
        if isinstance(value, str) and style != "double-quoted" and not self.careful:
            block = scalars.literal(
                value, indent=" " * indent, newline=self.newline, may_keep=may_keep
            )
            if block is not None:
                self.risky = True
                return block
        return self.inline(value, style=style, flow=False), ""

    def _mapping(self, value: dict[str, Any], column: int) -> str:
        indent = " " * column
        lines = [indent + self.entry(key, item, column) for key, item in value.items()]
        return self.newline.join(lines)

    def _list(self, value: list[Any], column: int) -> str:
        indent = " " * column
        return self.newline.join(indent + self.item(item, column) for item in value)

    def _short_flow_list(self, value: list[Any]) -> str | None:
        if any(isinstance(item, (dict, list)) for item in value):
            return None
        risky, written = self.risky, self.inline(value, flow=True)
        if len(written) <= _LONGEST_FLOW_LIST:
            return written
        self.risky = risky
        return None

    def _joined(self, mark: str, inline: str, body: str) -> str:
        line = f"{mark} {inline}" if inline else mark
        return line + self.newline + body if body else line
