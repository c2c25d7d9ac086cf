"""`loop serve` over a copy of the sample vault, and Debian's chromium in front of it. All tests of
this folder are skipped, and say so, where there is no chromium or no playwright to drive it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytest.importorskip("playwright", reason="playwright, of the extra 'dev', is not installed")

from playwright.sync_api import sync_playwright

from tests.dashboard.browser import ARGUMENTS, CHROMIUM, Tab, new_tab
from tests.dashboard.hands import Hands
from tests.dashboard.serving import Served, make_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext

    Visit = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home with the tokens of some people."""
    home = tmp_path_factory.mktemp("people")
    return home, make_tokens(home)


@pytest.fixture
def vault(
    sample_vault: Path, tmp_path: Path, known: tuple[Path, dict[str, str]]
) -> Iterator[Served]:
    """A fresh copy of the sample vault, not served yet."""
    home = tmp_path / "home"
    shutil.copytree(known[0], home)
    served = Served(sample_vault, home, known[1])
    yield served
    served.stop()


@pytest.fixture
def served(vault: Served) -> Served:
    """The same, served."""
    return vault.start()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium. Not for longer than a module: while the driver runs, nothing else in this
    process can run an event loop."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        yield found
        found.close()


@pytest.fixture
def visit(browser: Browser, vault: Served) -> Iterator[Visit]:
    """Signs somebody in, in a browser of their own."""
    opened: list[BrowserContext] = []

    def sign_in(who: str = "eun", **how: Any) -> BrowserContext:
        settings = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", **how}
        context = browser.new_context(**settings)
        opened.append(context)
        answer = context.request.post(f"{vault.url}/sign-in", data={"token": vault.tokens[who]})
        assert answer.ok, answer.text()
        return context

    yield sign_in
    for context in opened:
        context.close()


@pytest.fixture
def tab(served: Served, visit: Visit) -> Iterator[Tab]:
    """A tab of 김은향, who may write."""
    one = new_tab(visit(), served.url)
    yield one
    assert one.complaints == []


@pytest.fixture
def hands(tab: Tab) -> Iterator[Hands]:
    """The same, used by keys alone."""
    one = Hands(tab)
    yield one
    assert one.used_no_mouse()


@pytest.fixture
def two(served: Served, visit: Visit) -> Iterator[tuple[Tab, Tab]]:
    """A tab of 박서준, and one of 김은향."""
    both = new_tab(visit("seo"), served.url), new_tab(visit("eun"), served.url)
    yield both
    assert [one.complaints for one in both] == [[], []]
