"""A real browser, and what a person does in the dashboard with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Locator, Page, Route

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 60_000  # milliseconds that a state may take to come, on a busy machine
expect.set_options(timeout=PATIENCE)


@dataclass
class Tab:
    """A tab with the dashboard, and what the page complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, place: str = "#/board/Task") -> Tab:
        """Open a view, and wait until it can be used."""
        self.page.goto(f"{self.url}/{place}")
        expect(self.page.locator("[data-connection=live]")).to_have_count(1, timeout=PATIENCE)
        return self

    def open_entity(self, entity_id: str) -> Tab:
        self.open(f"#/task/{entity_id}")
        expect(self.form(entity_id)).to_be_visible(timeout=PATIENCE)
        return self

    def hear_nothing(self) -> None:
        """Have the page not learn what others change: it can't read single entities any more."""

        def refuse_reads(route: Route) -> None:
            if route.request.method == "GET":
                route.abort()
            else:
                route.continue_()

        self.page.route("**/api/entities/*", refuse_reads)

    def meanwhile(self, work: Callable[[], object]) -> None:
        """Have something happen between the page's next change and its arrival at the server."""
        done: list[str] = []

        def first_the_other(route: Route) -> None:
            sent = route.request
            if sent.method != "GET" and not done:
                done.append(sent.url)
                work()
            route.continue_()

        self.page.route("**/api/**", first_the_other)

    def at(self, selector: str, **more: Any) -> Locator:
        return self.page.locator(selector, **more)

    def form(self, entity_id: str) -> Locator:
        return self.at(f"form[data-entity-id='{entity_id}']")

    def field(self, name: str) -> Locator:
        return self.at(f"form.entity [data-field='{name}']")

    def choose(self, name: str, value: str) -> None:
        """Choose a value of a field in the open entity."""
        self.field(name).select_option(value)

    def type(self, name: str, text: str) -> None:
        self.field(name).fill(text)

    def write_body(self, text: str) -> None:
        self.at("[data-action=write]").click()
        self.field("body").fill(text)

    def press(self, action: str, *, within: str = "") -> None:
        self.at(f"{within} [data-action='{action}']".strip()).first.click()

    def drag_a_day(self, event: Locator) -> None:
        """Move an event of the calendar by the width of a day."""
        box = event.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + 30, middle)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 60, middle, steps=4)
        self.page.mouse.move(box["x"] + 30 + box["width"], middle, steps=8)
        self.page.mouse.up()

    def save(self) -> None:
        self.press("save")

    def saved(self) -> None:
        """Wait until the open entity has nothing that is not saved."""
        self.at("[data-notice=good]").first.wait_for()
        expect(self.at("form.entity[aria-busy=true]")).to_have_count(0, timeout=PATIENCE)

    def all_saved(self) -> None:
        """Wait until no card, row or event waits for the server."""
        expect(self.at(".waits")).to_have_count(0, timeout=PATIENCE)

    @property
    def dialog(self) -> Locator:
        return self.at("[role=alertdialog][data-conflict]")

    def conflict(self) -> Locator:
        """Wait for the dialog."""
        self.dialog.wait_for()
        expect(self.dialog).to_have_count(1)
        return self.dialog

    def side(self, name: str, side: str) -> Locator:
        return self.dialog.locator(f"[data-conflict-field='{name}'] [data-side={side}]")

    def no_dialog(self) -> None:
        expect(self.dialog).to_have_count(0, timeout=PATIENCE)

    def card(self, entity_id: str) -> Locator:
        return self.at(f".card[data-entity-id='{entity_id}']")

    def column(self, value: str) -> Locator:
        return self.at(f"[data-column='{value}']")

    def row(self, entity_id: str) -> Locator:
        return self.at(f".table-row[data-entity-id='{entity_id}']")


def sees(locator: Locator, text: str) -> None:
    """Wait until it has a text."""
    expect(locator).to_contain_text(re.compile(re.escape(text)), timeout=PATIENCE)


def new_tab(context: BrowserContext, url: str) -> Tab:
    return Tab(context.new_page(), url)
