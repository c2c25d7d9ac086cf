"""Files move, and every link leads to the file that it led to; nothing else changes."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

import pyromark
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_cli.core.links import Files, Moving
from loop_cli.planning.relinking import relinked
from tests.planning.linked import around, leads, written

FOLDERS = ("", "a/", "b/", "a/c/", "한글/")
NAMES = ("x.md", "y z.md", "글.md", "v1.2.md", "p(q).md", "X2.md")
PATHS = [folder + name for folder in FOLDERS for name in NAMES]
FORMS = (
    "[[{stem}]]", "![[{path}#h]]", "[[{whole}|t]]", "[[{tail}]]", "[[./{relative}]]",
    "[t](<{relative}>)", "[t](</{path}>)", "![t](<{relative}#h> 'T')", "[t](<./{bare}>)",
    "`[[{stem}]]`", "\\[[{stem}]]", "<!-- [[{stem}]] -->", "한 `b` text",
)  # fmt: skip


@st.composite
def vaults(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of a vault's files by path, and which of them move where."""
    paths = draw(st.lists(st.sampled_from(PATHS), min_size=2, max_size=7, unique=True))
    free = [path for path in PATHS if path not in paths]
    moving = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=2, unique=True))
    new = draw(st.lists(st.sampled_from(free), min_size=2, max_size=2, unique=True))
    pair = st.tuples(st.sampled_from(FORMS), st.sampled_from(paths))
    texts = {
        home: "\n\n".join(
            written(form, home, target) for form, target in draw(st.lists(pair, max_size=5))
        )
        for home in paths
    }
    return texts, dict(zip(moving, new, strict=False))


def rendered(text: str, home: str) -> list[str]:
    """Where the Markdown links lead, as any reader of CommonMark has it."""
    found = []
    for event, _place in pyromark.events_with_range(text):
        start = event.get("Start") if isinstance(event, dict) else None
        link = start.get("Link") or start.get("Image") if isinstance(start, dict) else None
        if link and link["link_type"] == "Inline":
            path = unquote(link["dest_url"].partition("#")[0])
            base = "" if path.startswith("/") else posixpath.dirname(home)
            found.append(posixpath.normpath(posixpath.join("/", base, path.lstrip("/")))[1:])
    return found


@given(vaults())
def test_every_link_leads_where_it_led(vault: tuple[dict[str, str], dict[str, str]]) -> None:
    texts, paths = vault
    moving = Moving(paths, Files(texts))
    everywhere = [paths.get(one, one) for one in texts]
    for home, text in texts.items():
        new = relinked(text, home, moving)
        new_home = paths.get(home, home)
        before = leads(text, home, list(texts))
        after = leads(new.text, new_home, everywhere)
        assert around(new.text) == around(text)
        for old, now in zip(before, after, strict=True):
            assert old is None or now == paths.get(old, old)
        plain = zip(rendered(text, home), rendered(new.text, new_home), strict=True)
        for old_place, place in plain:
            for ending in ("", ".md"):
                if (known := old_place + ending) in texts:
                    moved = paths.get(known, known)
                    assert place in (moved, moved.removesuffix(".md"))


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("| [[old name\\|alias]] | x |", "| [[n-1\\|alias]] | x |"),
        ("[[./old name]] [[../notes/old name]]", "[[./n-1]] [[../notes/n-1]]"),
        ("[[notes/old name]] [[/notes/old name]]", "[[notes/n-1]] [[/notes/n-1]]"),
        ("[x](old%20name) [y](./old%20name#part)", "[x](n-1) [y](n-1#part)"),
        ("[d]: old%20name.md 'T'\n[e]: <old name.md>", "[d]: n-1.md 'T'\n[e]: <n-1.md>"),
        ("```a``` is\n\n[[old name]]", "```a``` is\n\n[[n-1]]"),
        ("- a\n  ```\n  [[old name]]\n\n  [[old name]]\n  ```", None),
        ("    [[old name]]", None),
        ("[[OLD NAME]]", "[[n-1]]"),
        ("[[old name 2]] [x](old%20name.txt) [x](http://old%20name.md)", None),
    ],
)
def test_a_link_beside(text: str, new: str | None) -> None:
    moving = Moving(
        {"notes/old name.md": "notes/n-1.md"}, Files(["notes/links.md", "notes/old name.md"])
    )

    assert relinked(text, "notes/links.md", moving).text == (text if new is None else new)


def test_the_end_of_a_path() -> None:
    moving = Moving({"p/q/memo.md": "p/q/y-1.md"}, Files(["p/q/memo.md", "memo 2.md", "r/memo.md"]))

    assert relinked("[[q/memo]]", "links.md", moving).text == "[[q/y-1]]"


def test_what_several_files_may_be_is_left_and_named() -> None:
    moving = Moving({"p/memo.md": "p/y-1.md"}, Files(["p/memo.md", "r/memo.md"]))

    found = relinked("[[memo]]", "links.md", moving)

    assert (found.text, found.left) == ("[[memo]]", ("memo",))


def test_another_file_that_gets_the_same_name_takes_no_link() -> None:
    moving = Moving({"p/memo.md": "p/x.md"}, Files(["p/memo.md", "r/x.md"]))

    assert relinked("[[x]]", "links.md", moving).text == "[[r/x]]"
