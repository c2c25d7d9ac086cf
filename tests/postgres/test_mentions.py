"""What is looked up of links is enough: who asks so finds what a look at all files finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from loop_cli.core.entity import FieldNames
from loop_cli.core.links import SOURCES, AskedFiles, CanNotLink, Files, Moving, stem_of
from loop_cli.core.names import nfc
from loop_cli.core.references import referred
from loop_cli.errors import InvalidFile
from loop_cli.planning import snapshot
from loop_cli.planning.link_places import placed
from loop_cli.postgres import mentions
from tests.store.life.test_links_follow import vaults

if TYPE_CHECKING:
    from collections.abc import Iterable

ODD = {
    "a/가.md": "[[나]] [x](<../b/나.md#t>) ![[B/나]]",
    "b/나.md": "[[/a/가]]\n[y]: ../a/%EA%B0%80.md\n\n[y] [[X.MD]] [[./x]] [[x.md.md]] [[a/..]]",
    "B/x.MD": "[[가|g]] [[x]] [[ß]] [[SS]]",
    "b/ß.md": "[z](./) [[a/]] [[\\]]",
    "b/x.md.md": "",
}


def asked(texts: Iterable[str]) -> AskedFiles:
    """The files, of which only those are known that are asked about."""
    return AskedFiles(lambda stem: [path for path in texts if stem_of(path) == stem])


def links(texts: dict[str, str]) -> Iterable[tuple[str, str, str]]:
    for path, text in texts.items():
        for one in placed(path, text.encode()):
            yield one.link.kind, one.link.path, path


@example(ODD)
@given(vaults())
def test_what_links_lead_to(texts: dict[str, str]) -> None:
    every, some = Files(texts), asked(texts)
    for kind, name, home in links(texts):
        target = every.resolve(kind, name, home)
        assert some.resolve(kind, name, home) == target
        if target is not None and home.endswith(SOURCES):
            found = mentions.of_file(home, texts[home].encode())
            assert {*found} & {*mentions.of_files([target])}, (name, home, target)


def renamed(moving: Moving, *link: str) -> object:
    try:
        return moving.renamed(*link)
    except CanNotLink:
        return CanNotLink


@example(ODD, [0], "c/새.md")
@given(vaults(), st.lists(st.integers(0, 5), min_size=1, max_size=3), st.sampled_from(sorted(ODD)))
def test_what_links_become(texts: dict[str, str], which: list[int], to: str) -> None:
    names = sorted(texts)
    paths = {names[one % len(names)]: f"{number}/{to}" for number, one in enumerate(which)}
    every, some = Moving(paths, Files(texts)), Moving(paths, asked(texts))
    for kind, name, home in links(texts):
        assert renamed(some, kind, name, home) == renamed(every, kind, name, home)
        assert every.loses(name) == some.loses(name)


@given(vaults())
def test_what_fields_refer_to(texts: dict[str, str]) -> None:
    names = FieldNames()
    for path, text in texts.items():
        try:
            file = snapshot.parse(text.encode(), path, names).file
        except InvalidFile:
            continue
        found = mentions.of_entity((), file.id, file.fields, names)
        for wanted in (file.id, *(text for _path, text in referred(file.fields, names))):
            assert {*found} & {*mentions.of_ids([nfc(wanted)])}
