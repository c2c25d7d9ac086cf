"""Links that name a file: `[[wiki]]` and `[Markdown](path.md)`, put right when it moves.

What stands in code is no link. Only the name in a link changes: its text, its heading and
its spelling (`%20`, `<...>`, with or without `.md`) stay.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from loop_cli.core.names import nfc
from loop_cli.lean.records import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MANY = 50  # names, from which on a file is rather read than searched for each
_FENCED = r"^(?P<fence>`{3,}+|~{3,}+)[^\n]*\n.*?(?:^(?P=fence)[^\n]*$|\Z)"
_TICKS = r"(?<!`)(?P<ticks>`++)"
_WIKI = r"\[\[(?P<wiki>[^\[\]|#^\n]+)(?=[|#^\]])"
_MARKDOWN = r"\]\([ \t]*(?:<(?P<angle>[^<>\n]+)>|(?P<plain>[^\s()<>]+))"
_LINK = re.compile(f"{_FENCED}|{_TICKS}|{_WIKI}|{_MARKDOWN}", re.MULTILINE | re.DOTALL)
_BETWEEN_PARAGRAPHS = re.compile(r"(?=\n[ \t]*+\n)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


class Moves(Struct):
    """Which files move, old path to new; `bare` and `named` are the old paths by these without
    their ending and by the names alone, in one case; how many files have a name before and after.
    """

    paths: dict[str, str]
    bare: dict[str, str]
    named: dict[str, str]
    before: dict[str, int]
    after: dict[str, int]


def moves(paths: Mapping[str, str], everything: Iterable[str]) -> Moves:
    """The moves of some of the vault's files; `everything` are the paths of all now."""
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    known = {nfc(old): nfc(new) for old, new in paths.items()}
    for path in {nfc(one) for one in everything} | set(known):
        for table, one in ((before, path), (after, known.get(path, path))):
            key = _stem(one).casefold()
            table[key] = table.get(key, 0) + 1
    return Moves(
        paths=known,
        bare={old.removesuffix(".md").casefold(): old for old in known},
        named={_stem(old).casefold(): old for old in known},
        before=before,
        after=after,
    )


def may_change(paths: Iterable[str]) -> Callable[[str, bytes], bool]:
    """Whether a file, by its path and bytes, may have links that change when the files at some
    paths move: it is one of them, or has a link and one of their names somewhere."""
    moving = {nfc(path) for path in paths}
    names = {_stem(path).casefold() for path in moving}

    def admits(path: str, data: bytes) -> bool:
        if nfc(path) in moving:
            return True
        if b"](" not in data and b"[[" not in data:
            return False
        if len(names) > _MANY or b"\\u" in data or b"\\U" in data or b"\\x" in data:
            return True
        text = nfc(_decoded(data.decode(errors="replace"))).casefold()
        return any(name in text for name in names)

    return admits


def relinked(text: str, home: str, found: Moves) -> str:
    """A text of the file at `home` (its path before) with its links as they are to be."""
    if "](" not in text and "[[" not in text:
        return text
    code = _Code(text)
    parts, position = list[str](), 0
    while (match := _LINK.search(text, position)) is not None:
        end = match.end() if match["ticks"] is None else code.end_of(match)
        parts += (text[position : match.start()], _replaced(match, nfc(home), found))
        parts.append(text[match.end() : end])
        position = end
    return "".join((*parts, text[position:]))


class _Code:
    """Where what stands between backticks in a text ends."""

    def __init__(self, text: str) -> None:
        self._runs: dict[int, list[int]] = {}  # where as many backticks begin
        for match in re.finditer(r"`+", text):
            self._runs.setdefault(match.end() - match.start(), []).append(match.start())
        self._breaks = [match.start() for match in _BETWEEN_PARAGRAPHS.finditer(text)]

    def end_of(self, opening: re.Match[str]) -> int:
        """The end of what these backticks open, which as many close within the paragraph; their
        own end where none do."""
        length = opening.end() - opening.start()
        runs = self._runs.get(length, [])
        closing = bisect_left(runs, opening.end())
        if closing == len(runs):
            return opening.end()
        after = bisect_left(self._breaks, opening.end())
        ends = after < len(self._breaks) and self._breaks[after] < runs[closing]
        return opening.end() if ends else runs[closing] + length


def _replaced(match: re.Match[str], home: str, found: Moves) -> str:
    for group in ("wiki", "angle", "plain"):
        name = match[group]
        if name is not None:
            new = (
                _wiki(name, found)
                if group == "wiki"
                else _markdown(name, home, found, plain=group == "plain")
            )
            start = match.start(group) - match.start()
            return match[0][:start] + new + match[0][start + len(name) :]
    return match[0]


def _wiki(name: str, found: Moves) -> str:
    wanted = nfc(name.strip())
    ending = ".md" if wanted.endswith(".md") else ""
    stem = wanted.removesuffix(".md")
    folded = stem.casefold()
    if "/" in stem:
        old = found.bare.get(folded)
        return name if old is None else found.paths[old].removesuffix(".md") + ending
    old = found.named.get(folded)
    if old is None or found.before[folded] != 1:
        return name
    new = found.paths[old]
    short = _stem(new)
    if short == _stem(old):
        return name
    unique = found.after[short.casefold()] == 1
    return (short if unique else new.removesuffix(".md")) + ending


def _markdown(name: str, home: str, found: Moves, *, plain: bool) -> str:
    if _SCHEME.match(name):
        return name
    path, mark, rest = _parted(name)
    decoded = nfc(_decoded(path))
    new_home = found.paths.get(home, home)
    if not decoded:
        return name
    if decoded.startswith("/"):
        target = found.paths.get(decoded[1:])
        new = None if target is None else "/" + target
    else:
        aim = _normal(_folder(home) + decoded.split("/"))
        if aim is None:
            return name
        target = found.paths.get("/".join(aim), "/".join(aim))
        moved = target != "/".join(aim) or new_home != home
        new = _relative(_folder(new_home), target.split("/")) if moved else None
        if new == decoded:
            new = None
    if new is None:
        return name
    if plain:
        new = _encoded(new, fully=path.isascii() and not decoded.isascii())
    return new + mark + rest


def _parted(name: str) -> tuple[str, str, str]:
    """A link's path, and what begins with `#` or `?` after it."""
    match = re.search("[#?]", name)
    if match is None:
        return name, "", ""
    return name[: match.start()], match[0], name[match.end() :]


def _folder(path: str) -> list[str]:
    return path.split("/")[:-1]


def _normal(parts: list[str]) -> list[str] | None:
    """The path without `.` and `..`; None where it leads out of the vault."""
    found: list[str] = []
    for part in parts:
        if part == "..":
            if not found:
                return None
            found.pop()
        elif part not in ("", "."):
            found.append(part)
    return found


def _relative(folder: list[str], target: list[str]) -> str:
    common = 0
    while common < min(len(folder), len(target) - 1) and folder[common] == target[common]:
        common += 1
    return "/".join([".."] * (len(folder) - common) + target[common:])


def _decoded(text: str) -> str:
    def decode(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(match[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            return match[0]

    return _ESCAPED.sub(decode, text)


def _encoded(text: str, *, fully: bool) -> str:
    """A path as it stands in a link without `<>`; `fully` where nothing but ASCII is to."""
    pattern = r"[ %()<>#?]|[^\x00-\x7f]" if fully else r"[ %()<>#?]"
    return re.sub(
        pattern, lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), text
    )


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")
