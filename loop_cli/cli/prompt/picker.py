"""Choose an entity on the terminal: type a few letters, move, see what it is."""

from __future__ import annotations

import sys

from loop_cli.cli.prompt.fuzzy import Wanted
from loop_cli.cli.render.text import one_line, visible
from loop_cli.errors import UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from prompt_toolkit.application import Application
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.layout import AnyContainer, HSplit
    from prompt_toolkit.layout.dimension import Dimension
    from prompt_toolkit.output import Output

_ROWS = 500  # that are looked at with the keys; typing finds the rest
_ID, _TYPE = 32, 12  # columns at most
_WIDE = 100  # columns, from which the preview is beside the list


class Item(Struct):
    """Something to choose; `preview` are lines about it."""

    id: str
    type: str
    name: str
    preview: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is searched."""
        return f"{self.id} {self.name} {self.type}"


def pick(items: Sequence[Item], question: str) -> Item | None:
    """Let a person choose; None if they leave. Raises `UsageError` where prompt_toolkit is not
    installed."""
    try:
        import prompt_toolkit  # noqa: F401
    except ImportError:
        raise UsageError(
            "to choose from a list, loop needs prompt_toolkit, which is not installed",
            hint="pip install 'loop-cli[pick]', or name the id",
        ) from None
    return _Picker(items, question).run()


class _Picker:
    """What was typed, what fits it, and where the person is."""

    def __init__(self, items: Sequence[Item], question: str) -> None:
        from prompt_toolkit.buffer import Buffer

        self._items = items
        self._texts = [one.text for one in items]
        self._question = question
        self._typed = Buffer(on_text_changed=self._look, multiline=False)
        self._found = list(items[:_ROWS])
        self._count = len(items)
        self._at = 0
        shown = items[:_ROWS]
        self._widths = (
            min(_ID, max((_width(visible(one.id)) for one in shown), default=0)),
            min(_TYPE, max((_width(visible(one.type)) for one in shown), default=0)),
        )

    def run(self) -> Item | None:
        from prompt_toolkit.output import create_output

        app = self._application(create_output(stdout=sys.stderr))
        chosen: Item | None = app.run()
        return chosen

    def _application(self, output: Output) -> Application[Item | None]:
        from prompt_toolkit.application import Application
        from prompt_toolkit.layout import Layout
        from prompt_toolkit.styles import Style

        style = Style([("chosen", "reverse"), ("quiet", "ansibrightblack"), ("title", "bold")])
        return Application(
            layout=Layout(self._body(output)),
            key_bindings=self._keys(),
            full_screen=True,
            style=style,
            output=output,
        )

    def _body(self, output: Output) -> HSplit:
        from prompt_toolkit.layout import HSplit, VSplit, Window
        from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
        from prompt_toolkit.layout.dimension import Dimension

        prompt = f"{self._question} "
        typing = VSplit(
            [
                Window(FormattedTextControl([("class:title", prompt)]), width=_width(prompt)),
                Window(BufferControl(self._typed), height=1),
            ],
            height=1,
        )
        count = Window(FormattedTextControl(self._counted), height=1)
        rows = Window(FormattedTextControl(self._rows), always_hide_cursor=True)
        preview = FormattedTextControl(self._preview)
        if output.get_size().columns >= _WIDE:
            line = Window(width=1, char="│", style="class:quiet")
            side = Window(preview, wrap_lines=True, width=Dimension(weight=2))
            below: AnyContainer = VSplit([HSplit([rows], width=_left), line, side])
            return HSplit([typing, count, below])
        line = Window(height=1, char="─", style="class:quiet")
        return HSplit([typing, count, rows, line, Window(preview, wrap_lines=True, height=8)])

    def _keys(self) -> KeyBindings:
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()

        def move(*names: str, by: int) -> None:
            for name in names:
                keys.add(name)(lambda _event: self._move(by))

        move("up", "c-p", by=-1)
        move("down", "c-n", by=1)
        move("pageup", by=-10)
        move("pagedown", by=10)

        @keys.add("enter")
        def _take(event: KeyPressEvent) -> None:
            if self._found:
                event.app.exit(result=self._found[self._at])

        @keys.add("escape", eager=True)
        @keys.add("c-c")
        @keys.add("c-d")
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit(result=None)

        return keys

    def _move(self, by: int) -> None:
        self._at = max(0, min(len(self._found) - 1, self._at + by))

    def _look(self, _typed: Buffer) -> None:
        places = Wanted(self._typed.text).best(self._texts)
        self._count = len(places)
        self._found = [self._items[place] for place in places[:_ROWS]]
        self._at = 0

    def _counted(self) -> StyleAndTextTuples:
        said = f"  {self._count} of {len(self._items)}; Enter chooses, Esc leaves"
        return [("class:quiet", said)]

    def _rows(self) -> StyleAndTextTuples:
        from prompt_toolkit.application import get_app

        high = max(1, get_app().output.get_size().rows - 3)
        first = max(0, min(self._at - high // 3, len(self._found) - high))
        parts: StyleAndTextTuples = []
        for number, one in enumerate(self._found[first : first + high], first):
            chosen = number == self._at
            if chosen:
                parts.append(("[SetCursorPosition]", ""))
            style = "class:chosen" if chosen else ""
            parts += [(style, f"{'>' if chosen else ' '} {self._row(one)}"), ("", "\n")]
        return parts

    def _row(self, one: Item) -> str:
        id_width, type_width = self._widths
        cells = (_fitted(visible(one.id), id_width), _fitted(visible(one.type), type_width))
        return f"{'  '.join(cells)}  {one_line(one.name)}"

    def _preview(self) -> StyleAndTextTuples:
        if not self._found:
            return [("class:quiet", "nothing fits")]
        one = self._found[self._at]
        lines = "\n".join(visible(line) for line in one.preview)
        return [("class:title", f"{visible(one.id)}  {one_line(one.name)}\n"), ("", lines)]


def _left() -> Dimension:
    """How wide the list is beside the preview."""
    from prompt_toolkit.application import get_app
    from prompt_toolkit.layout.dimension import Dimension

    return Dimension.exact(get_app().output.get_size().columns * 3 // 5)


def _width(text: str) -> int:
    from prompt_toolkit.utils import get_cwidth

    return int(get_cwidth(text))


def _fitted(text: str, width: int) -> str:
    """A text in so many columns."""
    if _width(text) > width:
        while text and _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _width(text))
