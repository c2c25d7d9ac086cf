"""Whoever is quicker than the page or the server loses no key and nothing typed: what is drawn anew
keeps the focus, and records or changes of others that arrive meanwhile take nothing away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, new_tab, sees
from tests.dashboard.hands import Hands
from tests.dashboard.serving import fill

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.dashboard.browser import Tab
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
OTHER = "tsk-019-01"
JANUARY = "#/calendar/Task?month=2026-01"
EVENT = f".calendar [data-entity-id='{TASK}']"
CARD = f".card[data-entity-id='{TASK}']"
# Every few milliseconds, so between any two keys: is there something that a key would come to?
WATCH = """() => {
  window.nowhere = 0;
  setInterval(() => { window.nowhere += document.activeElement === document.body; });
}"""

FRAMES = """async (count) => {
  while (count--) await new Promise((done) => requestAnimationFrame(done));
}"""


class Held:
    """Answers of the server that are on their way for as long as a test likes."""

    def __init__(self, tab: Tab, places: str, method: str) -> None:
        self.tab, self.places, self.method = tab, places, method
        self.routes: list[Route] = []
        self.holds = True
        tab.page.route(places, self._hold)

    def _hold(self, route: Route) -> None:
        if self.holds and route.request.method == self.method:
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Wait until a request is held."""
        for _ in range(PATIENCE // 20):
            if self.routes:
                return
            self.tab.page.wait_for_timeout(20)
        raise AssertionError(f"no {self.method} to {self.places}")

    def let_go(self) -> None:
        self.holds = False
        for route in self.routes:
            route.continue_()


def watch(hands: Hands) -> None:
    hands.page.evaluate(WATCH)


def never_lost_the_focus(hands: Hands) -> bool:
    return bool(hands.page.evaluate("() => window.nowhere === 0"))


# The calendar draws all its events anew whenever one has changed.


def test_a_key_that_is_held_down_moves_an_event_by_as_many_days(
    hands: Hands, served: Served
) -> None:
    tab = hands.tab.open(JANUARY)
    tab.at(EVENT).first.wait_for()
    hands.reach(EVENT)
    watch(hands)
    hands.page.keyboard.down("Shift")
    for _ in range(8):
        hands.page.keyboard.down("ArrowLeft")
        hands.page.wait_for_timeout(30)  # as a keyboard repeats
    hands.page.keyboard.up("Shift")

    sees(tab.at("[data-notice=good]"), "2026-01-15")
    tab.all_saved()
    assert never_lost_the_focus(hands)
    assert served.fields()["due"] == "2026-01-15"


def test_an_event_that_another_moves_keeps_the_focus(hands: Hands, served: Served) -> None:
    tab = hands.tab.open(JANUARY)
    tab.at(EVENT).first.wait_for()
    hands.reach(EVENT)
    watch(hands)
    served.update(TASK, "due=2026-01-26")
    tab.at(f"{EVENT}[aria-label*='2026-01-26']").wait_for()

    hands.press("Shift+ArrowRight")

    sees(tab.at("[data-notice=good]"), "2026-01-27")
    assert never_lost_the_focus(hands)
    assert served.fields()["due"] == "2026-01-27"


def test_an_event_keeps_the_focus_on_a_day_that_is_full(vault: Served, visit: Visit) -> None:
    fill(vault.root, 150)  # six on the first days of March, of which two can be seen
    vault.start()
    tab = new_tab(visit(), vault.url).open("#/calendar/Task?month=2026-03")
    hands = Hands(tab)
    tab.at(".calendar .ec-day-foot a").first.wait_for()
    entity_id = f"tsk-{36:06x}-{1765756800036}"
    tab.at(f".calendar [data-entity-id='{entity_id}']").focus()
    hands.is_at(f".calendar [data-entity-id='{entity_id}']")
    for day in ("08", "07", "06"):
        hands.press("Shift+ArrowLeft")
        sees(tab.at("[data-notice=good]"), f"2026-03-{day}")
        hands.page.evaluate(FRAMES, 10)
        hands.is_at(f".calendar [data-entity-id='{entity_id}']")

    tab.all_saved()
    assert vault.fields(entity_id)["due"] == "2026-03-06"


@pytest.mark.parametrize("place", [JANUARY, "#/board/Task"])
def test_a_save_that_takes_long_does_not_fetch_somebody_back(hands: Hands, place: str) -> None:
    tab = hands.tab.open(place)
    item = EVENT if place == JANUARY else f"{CARD} a"
    tab.at(item).first.wait_for()
    hands.reach(item)
    held = Held(tab, "**/api/entities/*", "PATCH")
    hands.press("Shift+ArrowRight")
    held.wait()
    hands.press("/")
    hands.is_at("[data-filter=q]")
    hands.type("규")
    held.let_go()
    tab.at("[data-notice=good]").wait_for()
    tab.all_saved()
    hands.page.evaluate(FRAMES, 10)
    hands.type("칙")

    hands.is_at("[data-filter=q]")
    expect(tab.at("[data-filter=q]")).to_have_value("규칙")


# The board.


def test_arrows_in_quick_succession_are_as_many_steps(vault: Served, visit: Visit) -> None:
    fill(vault.root, 30)
    vault.start()
    tab = new_tab(visit(), vault.url).open("#/board/Task")
    cards = tab.at("[data-column=doing] .card")
    cards.nth(4).wait_for()
    hands = Hands(tab)
    cards.first.locator("a").focus()
    hands.press("ArrowDown", "ArrowDown", "ArrowDown")

    hands.is_at(f"[data-entity-id='{cards.nth(3).get_attribute('data-entity-id')}'] a")


def test_a_card_is_moved_over_columns_in_quick_succession(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(f"{CARD} a")
    watch(hands)
    hands.press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft")

    tab.all_saved()
    hands.is_at(f"[data-column=hold] {CARD} a")
    assert never_lost_the_focus(hands)
    assert served.fields()["status"] == "hold"


def test_a_card_that_another_moves_keeps_the_focus(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(f"{CARD} a")
    watch(hands)
    served.update(TASK, "status=doing")
    tab.column("doing").locator(CARD).wait_for()

    hands.is_at(f"[data-column=doing] {CARD} a")
    assert never_lost_the_focus(hands)


def test_a_card_is_followed_to_the_end_of_a_long_column(vault: Served, visit: Visit) -> None:
    """Only the cards that can be seen are there."""
    fill(vault.root, 400)
    vault.start()
    hands = Hands(new_tab(visit(), vault.url).open("#/board/Task"))
    sees(hands.tab.at("h1"), "408")
    last = "tsk-000187-1765756800391"
    assert vault.fields(last)["status"] == "doing"
    hands.tab.at("[data-column=doing] .card").first.wait_for()
    hands.tab.page.evaluate(
        "() => document.querySelector('[data-column=doing] .column-cards').scrollTo(0, 1e6)"
    )
    hands.tab.card(last).locator("a").focus()
    hands.press("Shift+ArrowRight")

    hands.is_at(f"[data-column=hold] [data-entity-id='{last}'] a")
    assert hands.page.evaluate(
        "() => document.activeElement.getBoundingClientRect().bottom < innerHeight"
    )


def test_a_list_that_one_walks_through_stays_where_one_is(hands: Hands, served: Served) -> None:
    """Though the card is drawn anew, as another has changed something else of it."""
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(f"{CARD} .mover")
    hands.press("ArrowDown", "ArrowDown")
    expect(tab.at(f"{CARD} .mover")).to_have_value("hold")
    served.update(TASK, "assignee=디자인팀")
    sees(tab.card(TASK), "디자인팀")

    expect(tab.at(f"{CARD} .mover")).to_have_value("hold")
    hands.press("Enter")
    sees(tab.at("[data-notice=good]"), "Hold")
    assert served.fields()["status"] == "hold"


def test_a_list_of_a_card_that_goes_away_saves_nothing(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(f"{CARD} .mover")
    hands.press("ArrowDown", "ArrowDown")
    served.update(TASK, "status=doing")
    tab.column("doing").locator(CARD).wait_for()

    hands.is_at(f"[data-column=doing] {CARD} .mover")
    hands.reach("[data-filter=q]", back=True)
    tab.no_dialog()
    assert [one["source"] for one in served.records()] == ["cli"]


# The table.


def test_the_key_after_enter_in_a_cell_goes_on_from_the_cell(hands: Hands) -> None:
    tab = hands.tab.open("#/table/Task")
    cells = tab.at(".table-body [data-cell=assignee]")
    cells.first.wait_for()
    cells.first.locator("button").focus()
    hands.press("Enter")
    hands.is_at("[data-cell=assignee] input")
    watch(hands)
    hands.press("Enter", "ArrowDown")

    hands.is_at("[aria-rowindex='3'] [data-cell=assignee] button")
    assert never_lost_the_focus(hands)


def open_cell(hands: Hands, entity_id: str) -> None:
    """Open the assignee of an entity in the table."""
    hands.tab.row(entity_id).locator("[data-cell=assignee] button").focus()
    hands.press("Enter")
    hands.is_at(f"[data-entity-id='{entity_id}'] [data-cell=assignee] input")


def save_slowly(hands: Hands, text: str) -> Held:
    """Type into the open cell and save it; the answer is held back."""
    held = Held(hands.tab, "**/api/entities/*", "PATCH")
    hands.type(text)
    hands.press("Enter")
    held.wait()
    return held


def test_a_cell_that_is_being_saved_keeps_the_focus(hands: Hands, served: Served) -> None:
    hands.tab.open("#/table/Task")
    open_cell(hands, TASK)
    watch(hands)
    held = save_slowly(hands, "디자인팀")
    hands.page.evaluate(FRAMES, 10)

    hands.is_at("[data-cell=assignee] input")
    held.let_go()
    hands.is_at(f"[data-entity-id='{TASK}'] [data-cell=assignee] button")
    assert never_lost_the_focus(hands)
    assert served.fields()["assignee"] == "디자인팀"


def test_a_cell_that_could_not_be_saved_says_so_though_another_is_open(
    hands: Hands, served: Served
) -> None:
    tab = hands.tab.open("#/table/Task")
    open_cell(hands, TASK)
    held = save_slowly(hands, "아무개")
    open_cell(hands, OTHER)
    held.let_go()

    sees(tab.at("[data-notice=bad]"), "아무개")
    hands.is_at(f"[data-entity-id='{OTHER}'] [data-cell=assignee] input")
    assert served.records() == []


def test_a_cell_that_was_saved_does_not_close_the_next(hands: Hands, served: Served) -> None:
    tab = hands.tab.open("#/table/Task")
    open_cell(hands, TASK)
    held = save_slowly(hands, "디자인팀")
    open_cell(hands, OTHER)
    hands.type("개발")
    held.let_go()
    sees(tab.row(TASK).locator("[data-cell=assignee]"), "디자인팀")
    tab.all_saved()
    hands.type("팀")
    hands.press("Enter")

    sees(tab.row(OTHER).locator("[data-cell=assignee] button"), "개발팀")
    tab.all_saved()
    assert served.fields()["assignee"] == "디자인팀"
    assert [one["diff"]["assignee"]["new"] for one in served.records()] == ["디자인팀", "개발팀"]


# The palette, and what else lies above the page.


def test_what_is_typed_right_after_the_key_of_the_palette_is_in_it(hands: Hands) -> None:
    """Not a key of the page: `2` shows the table, `c` makes a new one."""
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.press("Control+k", "2", "0", "c")

    expect(tab.at("[data-palette]")).to_have_value("20c")
    assert "#/board/Task" in tab.page.url


# The activity.


def test_what_is_typed_stays_when_records_come(hands: Hands, served: Served) -> None:
    served.update(TASK, "priority=low")
    served.update(OTHER, "priority=critical")
    tab = hands.tab.open("#/activity?source=ui")
    sees(tab.at("main"), "No records")
    held = Held(tab, "**/api/audit?*", "GET")
    tab.at("[data-filter=source]").focus()
    hands.press("Home")
    held.wait()
    hands.reach("[data-filter=entity_id]")
    hands.type(TASK[:4])
    held.let_go()
    expect(tab.at("[data-run]")).to_have_count(2, timeout=PATIENCE)
    hands.type(TASK[4:])

    expect(tab.at("[data-filter=entity_id]")).to_have_value(TASK)
    hands.press("Enter")
    expect(tab.at("[data-run]")).to_have_count(1, timeout=PATIENCE)
    assert f"entity_id={TASK}" in tab.page.url
