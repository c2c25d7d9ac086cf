"""The target of a link, and the new text of a link after files have moved.

`Files` knows all files of a vault and finds the target of a link: as Obsidian does for `[[wiki
links]]`, and as CommonMark and Obsidian do for `[Markdown](links.md)`. `Moving` knows which files
move. `markdown.links` finds the links in a text.
"""

from __future__ import annotations

import re
from functools import cached_property

from loop_cli.core.names import ENDINGS, nfc
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from loop_cli.core.entity import EntityFile

CANVAS = ".canvas"
SOURCES = (*ENDINGS, CANVAS)
"""The endings of files that can contain links."""
WIKI = "wiki"
CARD = "card"
_MANY = 50  # with this many names, reading a file is faster than searching each name in it
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_NOT_IN_WIKI = re.compile(r"[\[\]#^|\\\n]")  # Obsidian does not link to names with these characters
_ESCAPING = (b"%", b"\\", b"&")
# Characters that become ASCII letters or signs by NFC or by ignoring case.
_FOLDED = (
    "\xdf\u0130\u0149\u017f\u037e\u1e9a\u1e9e\u1fef\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)
_FOLDING = re.compile(b"|".join(one.encode() for one in _FOLDED))
_STARTS = (b"[[", b"](", b"]:")
_IN_EACH_FOLDER = ("index", "project", "readme")
_FILLED_IN = ("{", "<%", "$")  # the beginning of a placeholder


class CanNotLink(ValueError):
    """No link of this kind can lead to the target."""


class LinkSource(Struct):
    """A file that may contain links: a Markdown file (entity or note), or a canvas.

    It has its path and bytes. `entity` is the entity in it, if there is one. `why` says why it
    can't be read.
    """

    path: str
    data: bytes
    entity: EntityFile | None
    why: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is UTF-8, so that it can be changed."""
        try:
            self.data.decode()
        except UnicodeDecodeError:
            return False
        return True


class Backlink(Struct):
    """A place that leads to an entity: a link, or a field with its id (`kind` is `reference`).

    `entity_id` and `entity_type` belong to the file with the link, if it is an entity. `field` is a
    dotted name, `body`, or None in a file without frontmatter. `text` is the text of the link.
    """

    path: str
    line: int
    kind: str
    text: str
    field: str | None = None
    entity_id: str | None = None
    entity_type: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "entity_id": self.entity_id,
            "entity_type": self.entity_type,
            "path": self.path,
            "line": self.line,
            "field": self.field,
            "kind": self.kind,
            "text": self.text,
        }


class Files:
    """All files of a vault, by their paths relative to it, with `/`."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        self._named: dict[str, list[str]] = {}
        self._add(paths)

    def _add(self, paths: Iterable[str]) -> None:
        for path in sorted(paths):
            exact = nfc(path)
            if exact in self._exact:
                continue
            folded = exact.casefold()
            self._exact[exact] = path
            self._folded.setdefault(folded, path)
            self._named.setdefault(_last(folded), []).append(path)

    def _know(self, name: str) -> None:
        """Learn of the files whose paths are or end in a name, which is in normal form. All are
        known here."""

    def has(self, path: str) -> bool:
        """Whether there is a file at a path, spelled like this."""
        self._know(nfc(path))
        return self._exact.get(nfc(path)) == path

    def moved(self, paths: Mapping[str, str]) -> Files:
        """Return the files after some have moved, old path to new path."""
        left = _without(self._exact.values(), paths)
        return Files([*left, *paths.values()])

    def resolve(self, kind: str, name: str, home: str) -> str | None:
        """Return the target of a link in the file at `home`; None if there is none or several."""
        name, home = nfc(name), nfc(home)
        if kind == CARD:  # a path from the vault's folder
            self._know(name)
            return self._exact.get(name) or self._folded.get(name.casefold())
        if name.startswith("/"):
            return self.at(name[1:])
        beside = self.at(joined(home, name))
        if name.startswith(("./", "../")) or (kind != WIKI and beside is not None):
            return beside
        if (found := self.at(name)) is not None:
            return found
        several = self.ending(name)
        if beside in several:
            return beside
        return several[0] if len(several) == 1 else None

    def at(self, path: str | None) -> str | None:
        """Return the file at a path; the ending may be missing and the case may differ."""
        if path is None:
            return None
        for one in (path, *(path + ending for ending in ENDINGS)):
            self._know(one)
            found = self._exact.get(one) or self._folded.get(one.casefold())
            if found is not None:
                return found
        return None

    def ending(self, name: str) -> list[str]:
        """Return the files whose paths end in this; the ending may be missing, the case may
        differ."""
        folded = nfc(name).casefold()
        for ending in ("", *ENDINGS):
            whole = folded + ending
            self._know(whole)
            found = [
                path
                for path in self._named.get(_last(whole), ())
                if f"/{nfc(path).casefold()}".endswith(f"/{whole}")
            ]
            if found:
                return found
        return []

    def dangles(self, kind: str, name: str, home: str) -> bool:
        """Whether a link leads to no file of the vault.

        False for a name of several files, for placeholders, for paths out of the vault, and for
        addresses of a site.
        """
        if self.resolve(kind, name, home) is not None or any(mark in name for mark in _FILLED_IN):
            return False
        if kind == WIKI:
            return not self.ending(name)
        if kind == CARD:
            return True
        aim = joined(home, nfc(name))
        if not aim or name.endswith("/") or (name.startswith("/") and "." not in _last(name)):
            return False
        return aim.casefold() not in self._folders

    def meant(self, name: str) -> list[str]:
        """Return the files that a broken link may mean: files of the same name elsewhere.

        Names that many folders have, such as `project` or `_INDEX`, give none.
        """
        last = _last(nfc(name))
        common = last.startswith("_") or _stem(last).casefold() in _IN_EACH_FOLDER
        return [] if common else self.ending(last)

    def naming(self, kind: str, path: str, home: str, *, like: str) -> str:
        """Return the text of a link in the file at `home` that leads to a file.

        It ends in `.md` if the old text `like` does. Raises `CanNotLink`.
        """
        written = path if kind == CARD or like.endswith(ENDINGS) else without_ending(path)
        shortest = written if kind == CARD else _relative(home, written)
        forms = (_last(written) if kind == WIKI else shortest, written, f"/{written}")
        for form in forms:
            plain = kind != WIKI or not _NOT_IN_WIKI.search(form)
            if plain and self.resolve(kind, form, home) == path:
                return form
        raise CanNotLink(f"no link can name {path}")

    @cached_property
    def _folders(self) -> set[str]:
        found: set[str] = set()
        for path in self._folded:
            while (path := _folder(path)) and path not in found:
                found.add(path)
        return found

    def names_one(self, name: str, path: str) -> bool:
        """Whether a name or the end of a path means this file, from every folder."""
        return self.at(name) == path or self.ending(name) == [path]


class AskedFiles(Files):
    """Files of which only those are known that were asked about. `ask` gives all files whose names
    have a stem, as `stem_of` gives it. What folders there are, it does not know."""

    def __init__(self, ask: Callable[[str], Iterable[str]]) -> None:
        super().__init__(())
        self._ask = ask
        self._asked: set[str] = set()

    def _know(self, name: str) -> None:
        stem = _stem(name.casefold())
        if stem not in self._asked:
            self._asked.add(stem)
            self._add(self._ask(stem))

    def moved(self, paths: Mapping[str, str]) -> Files:
        """As `Files.moved`."""

        def ask(stem: str) -> list[str]:
            new = (one for one in paths.values() if stem_of(one) == stem)
            return [*_without(self._ask(stem), paths), *new]

        return AskedFiles(ask)


class Moving:
    """Files that move, old path to new path, among all files."""

    def __init__(self, paths: Mapping[str, str], files: Files) -> None:
        self._paths = {nfc(old): new for old, new in paths.items()}
        there = all(files.has(one) for one in paths)
        self.before = files if there else files.moved({one: one for one in paths})

    @cached_property
    def after(self) -> Files:
        """All files after the move."""
        return self.before.moved(self._paths)

    def home(self, path: str) -> str:
        """Return the path of a file after the move."""
        return self._paths.get(nfc(path), path)

    def renamed(self, kind: str, name: str, home: str) -> str | None:
        """Return the new text of a link in the file at `home` (its old path); None if it stays.

        Raises `CanNotLink`.
        """
        old, new_home = self.before.resolve(kind, name, home), self.home(home)
        if kind == CARD:
            return None if old is None or self.home(old) == old else self.home(old)
        if old is None:
            return _same_place(name, home, new_home) if kind != WIKI else None
        new = self.home(old)
        # If every reader can follow a Markdown link before, every reader can after.
        beside = kind != WIKI and self.before.at(joined(home, nfc(name))) == old
        moved = beside and _folder(home) != _folder(new_home)
        # Readers that tell upper from lower case do not find a name that differs by case.
        respelled = _stem(nfc(name)) == _stem(nfc(old)) != _stem(nfc(new))
        if (
            not moved
            and not respelled
            and self._leads(kind, name, new, new_home, beside=beside, anyhow=True)
        ):
            return None
        forms = _wiki_forms if kind == WIKI else _markdown_forms
        for form in forms(nfc(name), old, new, home, new_home):
            if self._leads(kind, form, new, new_home, beside=beside):
                return None if form == nfc(name) else form
        raise CanNotLink(f"no link {name!r} can name {new}")

    def loses(self, name: str) -> bool:
        """Whether a name of several files loses one of them by the move.

        Such a link is left as it is.
        """
        several = self.before.ending(name)
        return len(several) > 1 and any(self.home(one) != one for one in several)

    def _leads(
        self, kind: str, form: str, path: str, home: str, *, beside: bool, anyhow: bool = False
    ) -> bool:
        """Whether a form of a link leads to a file.

        With `beside`, it must lead there from its own folder. With `anyhow`, or for a name without
        a folder, it may lead there in another way.
        """
        form = nfc(form)
        if kind != WIKI:
            absolute = form.startswith("/")
            plain = beside and not absolute
            found = self.after.at(joined(home, form)) if plain else None
            return (found if plain else self.after.resolve(kind, form, home)) == path
        if _NOT_IN_WIKI.search(form) or self.after.resolve(kind, form, home) != path:
            return False
        return anyhow or form.startswith((".", "/")) or self.after.names_one(form, path)


def stem_of(path: str) -> str:
    """Return the name of a file as links are compared: without folder and `.md`, in any case."""
    return _stem(nfc(path).casefold())


def names_in(name: str, home: str) -> set[str]:
    """Return what a link in the file at `home` calls its target, as links are compared: a name that
    is that of the target, or its stem."""
    aims = (nfc(name), joined(home, nfc(name)) or "")
    return {_last(one).casefold() for one in aims}


def names_for(path: str) -> set[str]:
    """Return the names in links that can mean a file."""
    return {_last(nfc(path)).casefold(), stem_of(path)}


def _without(paths: Iterable[str], gone: Iterable[str]) -> list[str]:
    names = set(map(nfc, gone))
    return [one for one in paths if nfc(one) not in names]


def may_have_links(path: str, data: bytes) -> bool:
    """Whether a file may contain links. Fast; False is always right, True may be wrong."""
    return path.endswith(CANVAS) or any(start in data for start in _STARTS)


def may_link(paths: Iterable[str]) -> Callable[[str, bytes], bool]:
    """Whether a file may contain links to one of some paths, or is one of them.

    Fast; False is always right, True may be wrong.
    """
    own = {nfc(path) for path in paths}
    names = {_stem(path).casefold() for path in own}
    # Blanks may be a line's end in a link; so of a name with some, the longest word is looked for.
    words = {max(name.split(), key=len, default="") for name in names}
    plain = [word.encode() for word in words] if all(map(str.isascii, words)) else []
    are_words = words == names

    def admits(path: str, data: bytes) -> bool:
        if nfc(path) in own:
            return True
        if not may_have_links(path, data):
            return False
        if len(names) > _MANY:
            return True
        if plain:
            lower = data.lower()
            is_there = any(word in lower for word in plain)
            if is_there and are_words:
                return True
            escapes = any(mark in data for mark in _ESCAPING) or _FOLDING.search(data)
            if not is_there and not escapes:
                return False
        readings = _readings(data)
        return readings is None or any(name in text for text in readings for name in names)

    return admits


def _readings(data: bytes) -> list[str] | None:
    """Resolve all escapes in a text and join its lines; None for escapes of YAML or JSON."""
    text = data.decode(errors="replace")
    if "&" in text:
        import html

        text = html.unescape(text)
    if "\\" in text:
        if re.search(r"\\[uUx]", text):
            return None
        text = text.replace("\\", "")
    text = nfc(_decoded(text)).casefold()
    return [text, " ".join(text.split())]


def joined(home: str, name: str) -> str | None:
    """Join a path to the folder of the file at `home`; None if it leads out of the vault."""
    found: list[str] = []
    for part in (*home.split("/")[:-1], *name.split("/")):
        if part == "..":
            if not found:
                return None
            found.pop()
        elif part not in ("", "."):
            found.append(part)
    return "/".join(found)


def without_ending(path: str) -> str:
    """Return a path without `.md`."""
    for ending in ENDINGS:
        if path.endswith(ending):
            return path.removesuffix(ending)
    return path


def _wiki_forms(name: str, old: str, new: str, _home: str, new_home: str) -> Iterable[str]:
    """Yield the forms of a wiki link to a new path; the smallest change comes first."""
    written = new if name.endswith(ENDINGS) else without_ending(new)
    head, slash, _name = name.rpartition("/")
    if nfc(without_ending(old)).casefold() == without_ending(name).casefold() and head:
        yield written
    yield head + slash + _last(written)
    if name.startswith(("./", "../")):
        relative = _relative(new_home, written)
        yield relative if relative.startswith("../") else f"./{relative}"
    elif name.startswith("/"):
        yield f"/{written}"
    elif head and nfc(without_ending(old)).casefold() != without_ending(name).casefold():
        yield "/".join(written.split("/")[-len(name.split("/")) :])
    yield written
    yield f"/{written}"


def _markdown_forms(name: str, old: str, new: str, home: str, new_home: str) -> Iterable[str]:
    """Yield the forms of the destination of a Markdown link."""
    written = new if name.endswith(ENDINGS) or old == new == name else without_ending(new)
    relative = _relative(new_home, written)
    if ":" in relative.partition("/")[0]:
        relative = f"./{relative}"  # otherwise it would look like another site
    aim = joined(home, name)
    beside = aim is not None and aim.casefold() in (
        nfc(old).casefold(),
        nfc(without_ending(old)).casefold(),
    )
    if name.startswith("/"):
        yield f"/{written}"
    elif not beside:
        yield written if "/" in name else _last(written)
    yield relative
    yield f"/{written}"


def _same_place(name: str, home: str, new_home: str) -> str | None:
    """Return the link to the same place from another folder, whether or not a file is there."""
    aim = joined(home, name)
    if name.startswith("/") or not aim or _folder(home) == _folder(new_home):
        return None
    return _relative(new_home, aim) + ("/" if name.endswith("/") else "")


def _relative(home: str, target: str) -> str:
    """Return the relative path from the folder of a file to another file."""
    folder, parts = home.split("/")[:-1], target.split("/")
    common = 0
    while common < min(len(folder), len(parts) - 1) and folder[common] == parts[common]:
        common += 1
    return "/".join([".."] * (len(folder) - common) + parts[common:])


def _decoded(text: str) -> str:
    if "%" not in text:
        return text
    return _ENCODED.sub(
        lambda match: bytes.fromhex(match[0].replace("%", "")).decode(errors="replace"), text
    )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    return without_ending(_last(path))
