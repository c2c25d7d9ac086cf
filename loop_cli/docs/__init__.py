"""The pages of the documentation, by name or by words."""

from __future__ import annotations

import os

from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = os.path.dirname(__file__)
# The pages in the order in which they are listed. A page that is not in the wheel is left out.
GROUPS = {
    "Tasks": (
        "first-steps", "changing", "finding", "bulk", "creating", "links", "undoing",
        "solving-conflicts", "checking", "watching", "auditing", "any-folder", "deployment",
        "postgresql", "remote", "agents", "shell", "terminal",
    ),
    "Concepts": (
        "vault", "revisions", "preconditions", "conflicts", "audit-log", "recovery", "promises",
        "trust", "costs", "scale",
    ),
    "Reference": (
        "commands", "exit-codes", "json", "http", "audit-record", "configuration", "check-rules",
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
    """A page that has the words, and its best line."""

    page: Page
    line: str

    def as_dict(self) -> dict[str, str]:
        """The match in JSON."""
        return {**self.page.as_dict(), "line": self.line}


def pages() -> Iterator[Page]:
    """Return the existing pages, in the order of `GROUPS`."""
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
    """Return the pages with all words, in name or title first; each with its best line."""
    wanted = [word.casefold() for word in words]
    by_title, by_text = [], []
    for page in listed:
        title = f"{page.title} {page.name}"
        if _count(title, wanted) == len(wanted):
            by_title.append(Match(page=page, line=page.about))
        elif _count(page.text, wanted) == len(wanted):
            lines = [line for line in readable(page.text).splitlines() if line.strip()]
            by_text.append(Match(page=page, line=max(lines, key=lambda one: _count(one, wanted))))
    return by_title if len(by_title) == 1 else by_title + by_text


def readable(text: str) -> str:
    """Return the page without the HTML comments, which are for tools."""
    lines = [line for line in text.splitlines() if not _is_comment(line)]
    return "\n".join(lines) + "\n"


def _is_comment(line: str) -> bool:
    return line.startswith("<!--") and line.endswith("-->")


def _count(text: str, words: Sequence[str]) -> int:
    folded = text.casefold()
    return sum(word in folded for word in words)
