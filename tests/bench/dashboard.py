"""The dashboard in a real browser: what it weighs, when it can be used, what holds it up.

    python tests/bench/dashboard.py [--sizes 1000,10000] [--runs N]

Needs Debian's chromium and the extra `dev`. Each run is a new browser profile with nothing cached.
"Usable" is the time from the navigation until the first cards are on the board and the page has
answered a frame; "all there" is when every entity is. Long tasks are those over 50 ms, as browsers
count them, while a column is scrolled from end to end and a card is dragged over the columns.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder
sys.path.remove(str(Path(__file__).resolve().parent))  # where http.py is not the standard one

from urllib.request import Request, urlopen

from playwright.sync_api import sync_playwright

from loop_cli import demo
from loop_cli.server import page
from tests.dashboard.browser import ARGUMENTS, CHROMIUM
from tests.dashboard.serving import Served, fill, make_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    Row = tuple[str, str]

BUDGET = 350_000  # bytes as transferred
_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longTasks.push(one.duration);
}).observe({ type: 'longtask', buffered: true });
const look = () => {
  const done = () => (window.usable = performance.now());
  requestAnimationFrame(document.querySelector('.card') ? done : look);
};
requestAnimationFrame(look);
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="1000,10000")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        home = Path(folder) / "home"
        home.mkdir()
        tokens = make_tokens(home)
        for size in map(int, options.sizes.split(",")):
            rows += _measured(browser, Path(folder), home, tokens, size, options.runs)
        browser.close()
    width = max(len(name) for name, _value in rows)
    print("the dashboard on the sample vault and generated tasks")
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


def _measured(
    browser: Browser, folder: Path, home: Path, tokens: dict[str, str], size: int, runs: int
) -> list[Row]:
    root = folder / f"vault-{size}"
    demo.lay_out(str(root))
    fill(root, size)
    served = Served(root, home, tokens).start()
    try:
        rows = _weights(served.url) if size < 5_000 else []
        times = [_opened(browser, served, size) for _ in range(runs + 1)][1:]  # the first is cold
        usable, whole = ([one[at] for one in times] for at in (0, 1))
        rows.append((f"{size:,} tasks: board usable", f"{statistics.median(usable):7.0f} ms"))
        rows.append((f"{size:,} tasks: all there", f"{statistics.median(whole):7.0f} ms"))
        opening = max(one[2] for one in times)
        rows.append((f"{size:,} tasks: longest task, opening", f"{opening:7.0f} ms"))
        return rows + _held_up(browser, served, size)
    finally:
        served.stop()
        shutil.rmtree(root)


def _weights(url: str) -> list[Row]:
    """Bytes as a browser gets them."""
    sizes = {}
    for name in page.parts():
        request = Request(f"{url}/dashboard/{name}", headers={"Accept-Encoding": "gzip"})
        with urlopen(request) as answer:
            sizes[name] = len(answer.read())
    kinds = ("js", "css", "html", "svg")
    loaded = {name: size for name, size in sizes.items() if name.endswith(kinds)}
    libraries = sum(size for name, size in loaded.items() if name.startswith("vendor/"))
    whole = sum(loaded.values())
    return [
        ("all files as transferred", f"{whole:7,} bytes of {BUDGET:,}"),
        ("of it libraries", f"{libraries:7,} bytes"),
    ]


def _signed_in(browser: Browser, served: Served) -> Page:
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="en-GB")
    context.request.post(f"{served.url}/sign-in", data={"token": served.tokens["eun"]})
    tab = context.new_page()
    tab.add_init_script(_WATCH)
    tab.set_default_timeout(60_000)
    return tab


def _opened(browser: Browser, served: Served, size: int) -> tuple[float, float, float]:
    tab = _signed_in(browser, served)
    tab.goto(f"{served.url}/#/board/Task", wait_until="commit")
    tab.wait_for_function("() => window.usable")
    tab.wait_for_function(
        f"() => document.querySelector('h1 .count')?.textContent === '{size + 8}'"
        " && (window.whole = performance.now())"
    )
    found = tab.evaluate("() => [window.usable, window.whole, Math.max(0, ...window.longTasks)]")
    tab.context.close()
    return found[0], found[1], found[2]


def _held_up(browser: Browser, served: Served, size: int) -> list[Row]:
    tab = _signed_in(browser, served)
    asked: list[str] = []
    tab.goto(f"{served.url}/#/board/Task")
    tab.wait_for_function(
        f"() => document.querySelector('h1 .count')?.textContent === '{size + 8}'"
    )
    tab.wait_for_timeout(2_500)  # what is read when there is time
    tab.evaluate("() => { window.longTasks.length = 0; }")
    tab.mouse.move(400, 500)
    for step in range(60):
        tab.mouse.wheel(0, 400 if step < 50 else 40_000)
        tab.wait_for_timeout(16)
    scrolling = tab.evaluate("() => [window.longTasks.length, Math.max(0, ...window.longTasks)]")
    tab.evaluate("() => { window.longTasks.length = 0; }")
    tab.on("request", lambda one: asked.append(one.method) if "/api/entities/" in one.url else None)
    card = tab.locator("[data-column=todo] .card").first
    card.drag_to(tab.locator("[data-column=done]"), steps=40)
    tab.locator("[data-notice=good]").wait_for()
    tab.wait_for_function("() => !document.querySelector('.waits')")
    dragging = tab.evaluate("() => [window.longTasks.length, Math.max(0, ...window.longTasks)]")
    tab.context.close()
    return [
        (f"{size:,} tasks: longest task, scrolling", f"{scrolling[1]:7.0f} ms"),
        (f"{size:,} tasks: longest task, dragging and saving", f"{dragging[1]:7.0f} ms"),
        (f"{size:,} tasks: requests of a save", f"{len(asked):7d}"),
    ]


if __name__ == "__main__":
    main()
