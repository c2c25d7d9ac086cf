"""Takes the pictures of the dashboard that the documentation shows, in Debian's chromium.

    python .ci/pictures.py             write tests/pictures/dashboard-*.png
    python .ci/pictures.py --all DIR   every view in both themes and both widths, to look at

Needs the extra `dev` and chromium. Other than the generated files these differ a little from run to
run (times, fonts), so nothing compares them.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where the tests are

from playwright.sync_api import Browser, sync_playwright

from loop_cli import demo
from tests.dashboard.browser import ARGUMENTS, CHROMIUM, Tab, new_tab
from tests.dashboard.serving import Served, make_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PICTURES = Path(__file__).resolve().parents[1] / "tests" / "pictures"
TASK = "tsk-019-14"
SIZES = {1280: 800, 1600: 900, 400: 800}
THEMES = ("light", "dark")
CHOSEN = (
    ("board", 1280, "light"), ("board", 400, "dark"), ("entity", 1280, "dark"),
    ("entity", 400, "light"), ("conflict", 1280, "light"), ("conflict", 400, "dark"),
)  # fmt: skip


def board(tab: Tab, served: Served) -> None:
    del served
    tab.open("#/board/Task")
    tab.at(".card").first.wait_for()
    tab.at(".side .count").nth(5).wait_for(state="attached")


def table(tab: Tab, served: Served) -> None:
    del served
    tab.open("#/table/Task")
    tab.row(TASK).wait_for()


def calendar(tab: Tab, served: Served) -> None:
    del served
    tab.open("#/calendar/Task?month=2026-01")
    tab.at(".calendar [data-entity-id]").first.wait_for()


def entity(tab: Tab, served: Served) -> None:
    del served
    tab.open_entity(TASK)
    tab.at(".markdown h3").first.wait_for()
    tab.at(".event").first.wait_for()


def activity(tab: Tab, served: Served) -> None:
    del served
    tab.open("#/activity")
    tab.at("[data-run]").first.wait_for()


def new(tab: Tab, served: Served) -> None:
    del served
    tab.open("#/new/Task")
    tab.at("form.create").wait_for()


def conflict(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    served.update(TASK, "status=hold", "priority=critical")
    tab.at("[data-notice=changed]").wait_for()
    tab.choose("priority", "low")
    tab.type("due", "2026-02-02")
    tab.save()
    tab.conflict()


VIEWS: dict[str, Callable[[Tab, Served], None]] = {
    "board": board,
    "table": table,
    "calendar": calendar,
    "entity": entity,
    "activity": activity,
    "new": new,
    "conflict": conflict,
}


def main(arguments: list[str]) -> None:
    """Take those that are asked for."""
    if arguments[:1] == ["--all"]:
        folder = Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [
            (name, width, theme) for name in VIEWS for width in (1600, 400) for theme in THEMES
        ]
    else:
        folder, wanted = PICTURES, list(CHOSEN)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        for name, width, theme in wanted:
            with _served() as served:
                _take(browser, served, name, width, theme, folder)
        browser.close()


@contextmanager
def _served() -> Iterator[Served]:
    """The sample vault, with somebody's change in it."""
    with tempfile.TemporaryDirectory() as place:
        root, home = Path(place) / "vault", Path(place) / "home"
        home.mkdir()
        demo.lay_out(str(root))
        served = Served(root, home, make_tokens(home))
        served.update(TASK, "status=doing", "tags+=in-review")
        served.start()
        try:
            yield served
        finally:
            served.stop()


def _take(
    browser: Browser, served: Served, name: str, width: int, theme: str, folder: Path
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-GB",
    )
    context.request.post(f"{served.url}/sign-in", data={"token": served.tokens["eun"]})
    tab = new_tab(context, served.url)
    VIEWS[name](tab, served)
    tab.page.wait_for_timeout(500)  # what moves has come to rest
    file = folder / f"dashboard-{name}-{width}-{theme}.png"
    tab.page.screenshot(path=file)
    print(file)
    context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
