"""Show the help: the list of pages, a page, and pages with some words."""

from __future__ import annotations

import re

from rich.console import Group, RenderableType
from rich.markdown import CodeBlock, Heading, Markdown
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from loop_cli.cli.render import styles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from loop_cli.docs import Match, Page

# Rich's own colours are made for a black background.
_THEME = Theme(
    {
        "markdown.code": styles.FIELD,
        "markdown.code_block": styles.FIELD,
        "markdown.h1": "bold underline",
        "markdown.h2": "bold",
        "markdown.h3": "bold",
        "markdown.h4": "bold",
        "markdown.table.header": "bold",
        "markdown.table.border": styles.QUIET,
        "markdown.item.bullet": styles.QUIET,
        "markdown.item.number": styles.QUIET,
    }
)
_LINK = re.compile(r"\[([^\]]+)\]\(([a-z0-9-]+)\.md(?:#[^)]*)?\)")
_IMAGE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n", re.MULTILINE)
_ANCHOR = re.compile(r"\[([^\]]+)\]\(#[^)]*\)")


def index(pages: Sequence[Page]) -> RenderableType:
    """Show the pages by group, one per line."""
    parts: list[RenderableType] = []
    for group in dict.fromkeys(page.group for page in pages):
        rows = [(page.name, page.about) for page in pages if page.group == group]
        parts += [Text(group, style=styles.TITLE), _table(rows), Text()]
    return Group(
        *parts,
        Text("loop help TOPIC shows a page; loop help WORDS finds pages;"),
        Text("loop help COMMAND shows the options of a command."),
    )


def matches(found: Sequence[Match]) -> RenderableType:
    """Show the pages with the words, each with its best line."""
    rows = [(one.page.name, " ".join(_LINK.sub(r"\1", one.line).split())) for one in found]
    return Group(_table(rows), Text(), Text("loop help TOPIC shows a page."))


def page(text: str) -> RenderableType:
    """Show a page, formatted, without pictures. A link to a page becomes the command that shows
    it."""
    text = _IMAGE.sub("", text)
    linked = _ANCHOR.sub(r"\1", _LINK.sub(r"\1 (`loop help \2`)", text))
    return _Page(linked)


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=styles.FIELD, no_wrap=True)
    grid.add_column()
    for name, about in rows:
        grid.add_row(Text(f"  {name}"), Text(about))
    return grid


class _Heading(Heading):
    """A heading at the left margin."""

    LEVEL_ALIGN = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Code(CodeBlock):
    """Code without changes, indented; copied text contains no colours."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = Text(str(self.text).rstrip(), style=styles.FIELD, overflow="fold")
        yield Padding(code, (0, 0, 0, 4))


class _Page(Markdown):
    elements = {  # noqa: RUF012  rich's name and form
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
    }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with console.use_theme(_THEME):
            yield from super().__rich_console__(console, options)
