"""`loop help`: the pages of the documentation, found by name or by words."""

from __future__ import annotations

import os

import loop_cli
from loop_cli.cli import output
from loop_cli.cli.render import styles
from loop_cli.errors import LoopError, UsageError
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXAMPLES = """Examples:

\b
loop help
loop help first-steps
loop help exit codes
loop help update
loop help lock timeout
loop help conflicts --no-pager
"""
FOLDER = os.path.join(os.path.dirname(loop_cli.__file__), "docs")
# The pages in the order in which they are listed. One that is not in the wheel is left out.
GROUPS = {
    "Tasks": (
        "first-steps", "changing", "finding", "bulk", "creating", "undoing", "solving-conflicts",
        "checking", "watching", "auditing", "any-folder", "agents", "shell", "terminal",
    ),
    "Concepts": (
        "vault", "revisions", "preconditions", "conflicts", "audit-log", "recovery", "promises",
        "trust", "costs", "scale",
    ),
    "Reference": (
        "commands", "exit-codes", "json", "audit-record", "configuration", "check-rules",
    ),
    "About loop": ("architecture", "contract", "contributing"),
}  # fmt: skip


class Page(Struct):
    """One page. `about` is its first sentence; `text` is Markdown."""

    name: str
    group: str
    title: str
    about: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """The page in the JSON list of pages."""
        return {"name": self.name, "group": self.group, "title": self.title, "about": self.about}


class Match(Struct):
    """A page that has the words, and the line that has most of them."""

    page: Page
    line: str

    def as_dict(self) -> dict[str, str]:
        """The match in JSON."""
        return {**self.page.as_dict(), "line": self.line}


def show_help(*, words: list[str] | None, as_json: bool, no_pager: bool) -> None:
    """Run `loop help`."""
    _set_plain()
    listed = list(pages())
    given = " ".join(words or ()).split()
    if not given:
        _show_index(listed, as_json=as_json)
        return
    named = "-".join(given).casefold()
    page = next((one for one in listed if one.name == named), None)
    if page is not None:
        _show_page(page, as_json=as_json, no_pager=no_pager)
        return
    from loop_cli.cli import app

    if not app.is_command(given):
        _find(given, listed, as_json=as_json, no_pager=no_pager)
    elif as_json:
        output.json_document({"command": " ".join(given), "text": app.help_text(given)})
    else:
        app.run([*given, "--help"])


def pages() -> Iterator[Page]:
    """The pages that are there, in the order of `GROUPS`."""
    for group, names in GROUPS.items():
        for name in names:
            try:
                with open(os.path.join(FOLDER, f"{name}.md"), encoding="utf-8") as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            title, _blank, about, *_rest = text.split("\n", 3)
            yield Page(name=name, group=group, title=title[2:], about=about, text=text)


def find(words: Sequence[str], listed: Sequence[Page]) -> list[Match]:
    """The pages that have all words, in name or title first; each with its best line."""
    wanted = [word.casefold() for word in words]
    by_title, by_text = [], []
    for page in listed:
        title = f"{page.title} {page.name}"
        if _count(title, wanted) == len(wanted):
            by_title.append(Match(page=page, line=page.about))
        elif _count(page.text, wanted) == len(wanted):
            lines = [line for line in _readable(page.text).splitlines() if line.strip()]
            by_text.append(Match(page=page, line=max(lines, key=lambda one: _count(one, wanted))))
    return by_title if len(by_title) == 1 else by_title + by_text


def _find(words: list[str], listed: list[Page], *, as_json: bool, no_pager: bool) -> None:
    """Show the page that has the words, or list those that do. Raises `UsageError`."""
    matches = find(words, listed)
    if not matches:
        raise _nothing(words, listed)
    if as_json:
        output.json_document({"query": " ".join(words), "matches": [m.as_dict() for m in matches]})
    elif len(matches) == 1:
        _show_page(matches[0].page, as_json=False, no_pager=no_pager)
    else:
        from loop_cli.cli.render import help as render_help

        output.show(render_help.matches(matches))


def _nothing(words: list[str], listed: list[Page]) -> UsageError:
    from loop_cli.cli.table import COMMANDS
    from loop_cli.core.names import nearest

    names = [*(page.name for page in listed), *filter(None, COMMANDS)]
    given = " ".join(words)
    close = nearest("-".join(words), names)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return UsageError(
        f"no page, command or text {given!r}{meant}",
        hint="loop help lists the pages",
        nearest=close,
    )


def _set_plain() -> None:
    """Heed the setting `plain`, wherever it comes from. Help works without any settings."""
    from loop_cli.cli import context

    try:
        context.open_settings({}, need_vault=False)
    except LoopError:
        return


def _show_index(listed: list[Page], *, as_json: bool) -> None:
    if as_json:
        output.json_document({"topics": [page.as_dict() for page in listed]})
        return
    from loop_cli.cli.render import help as render_help

    output.show(render_help.index(listed))


def _show_page(page: Page, *, as_json: bool, no_pager: bool) -> None:
    """Show a page: as JSON, as Markdown, or formatted and in a pager."""
    text = _readable(page.text)
    if as_json:
        output.json_document({**page.as_dict(), "text": text})
    elif not _formats():
        output.write(text)
    else:
        from loop_cli.cli import pager
        from loop_cli.cli.render import help as render_help

        pager.show(render_help.page(text), paged=not no_pager)


def _formats() -> bool:
    import sys

    return output.is_terminal(sys.stdout) and not styles.is_plain()


def _readable(text: str) -> str:
    """The page without the HTML comments, which are for tools."""
    lines = [line for line in text.splitlines() if not _is_comment(line)]
    return "\n".join(lines) + "\n"


def _is_comment(line: str) -> bool:
    return line.startswith("<!--") and line.endswith("-->")


def _count(text: str, words: Sequence[str]) -> int:
    folded = text.casefold()
    return sum(word in folded for word in words)
