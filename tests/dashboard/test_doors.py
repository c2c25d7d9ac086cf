"""One dialog for every conflict (SPEC §10), whatever saves: a form, a cell, a drag, many at once,
the palette, an undo, a deletion. And whatever the other has done meanwhile: changed the entity,
deleted or moved it. The dialog comes once, above everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, Tab, sees

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
OTHER = "tsk-019-01"


class Door(NamedTuple):
    """A way to save: where it is, what a person does there, and what is then wanted."""

    place: str
    act: Callable[[Tab], None]
    field: str
    wanted: str


def by_form(tab: Tab) -> None:
    tab.choose("priority", "low")
    tab.save()


def by_cell(tab: Tab) -> None:
    cell = tab.row(TASK).locator("[data-cell=priority]")
    cell.locator("button").click()
    cell.locator("select").select_option("low")


def by_board(tab: Tab) -> None:
    tab.card(TASK).drag_to(tab.column("done"))


def by_calendar(tab: Tab) -> None:
    drag_one_day(tab)


def by_calendar_keys(tab: Tab) -> None:
    tab.at(f".calendar [data-entity-id='{TASK}']").first.focus()
    tab.page.keyboard.press("Shift+ArrowRight")


def drag_one_day(tab: Tab) -> None:
    tab.drag_a_day(tab.at(f".calendar [data-entity-id='{TASK}']").first)


def by_bulk(tab: Tab) -> None:
    for entity_id in (TASK, OTHER):
        tab.row(entity_id).locator("input[type=checkbox]").check()
    tab.at("[data-bulk=field]").select_option("priority")
    tab.at(".bulk [data-field=priority]").select_option("low")
    tab.press("bulk")


def by_palette(tab: Tab) -> None:
    tab.page.keyboard.press("Control+k")
    tab.at("[data-palette]").fill("Priority Low")
    sees(tab.at(".palette-item").first, "Priority: Low")
    tab.page.keyboard.press("Enter")


def by_undo(tab: Tab) -> None:
    tab.at(".event [data-action=undo]").first.click()


def by_deletion(tab: Tab) -> None:
    tab.press("delete")
    tab.press("delete", within="dialog")


ENTITY = f"#/task/{TASK}"
CALENDAR = "#/calendar/Task?month=2026-01"
SAVES = {
    "form": Door(ENTITY, by_form, "priority", "low"),
    "cell": Door("#/table/Task", by_cell, "priority", "low"),
    "board": Door("#/board/Task", by_board, "status", "done"),
    "calendar": Door(CALENDAR, by_calendar, "due", "2026-01-24"),
    "calendar keys": Door(CALENDAR, by_calendar_keys, "due", "2026-01-24"),
    "bulk": Door("#/table/Task", by_bulk, "priority", "low"),
    "palette": Door(ENTITY, by_palette, "priority", "low"),
    "undo": Door(ENTITY, by_undo, "priority", "high"),
}
SHOWN = f"[data-entity-id='{TASK}']"


def ready(tab: Tab, served: Served, name: str) -> Door:
    door = SAVES[name]
    if name == "undo":
        served.update(TASK, "priority=medium")
    tab.open(door.place)
    expect(tab.at(SHOWN).first).to_be_visible(timeout=PATIENCE)
    if name == "undo":
        tab.at(".event").first.wait_for()
    return door


def someone_changes(served: Served) -> None:
    served.update(TASK, "priority=critical", "status=hold", "due=2026-02-20")


def someone_deletes(served: Served) -> None:
    etag = served.command("get", TASK)["etag"]
    assert served.command("delete", TASK, "--if-match", etag, "--yes")["removed"]


def someone_moves(served: Served) -> None:
    etag = served.command("get", TASK)["etag"]
    moved = served.command("move", TASK, "--project", "prj-020", "--if-match", etag, "--yes")
    assert moved["changed"], moved


def the_one_dialog(tab: Tab) -> None:
    """It is there, once, and what is behind it can't be used."""
    tab.conflict()
    expect(tab.at("dialog[open]")).to_have_count(1)
    assert tab.page.evaluate("() => !!document.activeElement.closest('[data-conflict]')")
    sees(tab.dialog.locator("[data-changes]"), "command line")
    assert "[object" not in tab.dialog.inner_text()


@pytest.mark.parametrize("name", SAVES)
def test_whatever_saves_meets_a_change_in_the_same_dialog(
    tab: Tab, served: Served, name: str
) -> None:
    door = ready(tab, served, name)
    tab.meanwhile(lambda: someone_changes(served))
    door.act(tab)

    the_one_dialog(tab)
    assert served.fields()["due"] == "2026-02-20"
    sees(tab.dialog, "was changed")
    tab.side(door.field, "mine").click()
    tab.press("merge")

    tab.at("[data-notice=good]").first.wait_for()
    tab.no_dialog()
    theirs = {"priority": "critical", "status": "hold", "due": "2026-02-20"}
    found = served.fields()
    assert {one: found[one] for one in theirs} == {**theirs, door.field: door.wanted}


@pytest.mark.parametrize("name", SAVES)
def test_whatever_saves_can_take_what_is_there_now(tab: Tab, served: Served, name: str) -> None:
    door = ready(tab, served, name)
    tab.meanwhile(lambda: someone_changes(served))
    door.act(tab)
    the_one_dialog(tab)

    tab.press("reload", within="[data-conflict]")

    tab.no_dialog()
    assert served.fields()["priority"] == "critical"
    if door.place == ENTITY:
        expect(tab.field("priority")).to_have_value("critical", timeout=PATIENCE)
        expect(tab.at("[data-notice=changed]")).to_have_count(0)


@pytest.mark.parametrize("name", SAVES)
def test_whatever_saves_meets_a_deletion_in_the_same_dialog(
    tab: Tab, served: Served, name: str
) -> None:
    door = ready(tab, served, name)
    tab.meanwhile(lambda: someone_deletes(served))
    door.act(tab)

    the_one_dialog(tab)
    sees(tab.dialog, "was deleted")
    sees(tab.dialog.locator("[data-changes]"), "deleted it")
    tab.press("merge")

    tab.at("[data-notice=good]").first.wait_for()
    tab.no_dialog()
    assert served.fields()[door.field] == door.wanted


@pytest.mark.parametrize("name", [name for name in SAVES if name != "undo"])
def test_whatever_saves_meets_a_move_in_the_same_dialog(
    tab: Tab, served: Served, name: str
) -> None:
    door = ready(tab, served, name)
    tab.meanwhile(lambda: someone_moves(served))
    door.act(tab)

    the_one_dialog(tab)
    sees(tab.dialog, "Project")
    tab.press("merge")

    tab.at("[data-notice=good]").first.wait_for()
    tab.no_dialog()
    found = served.command("get", TASK)
    assert "prj-020" in found["path"]
    assert found["fields"][door.field] == door.wanted


def test_an_undo_is_made_where_the_entity_is_now(tab: Tab, served: Served) -> None:
    """It takes back fields that a move has not touched, so there is nothing to ask."""
    door = ready(tab, served, "undo")
    tab.meanwhile(lambda: someone_moves(served))
    door.act(tab)

    sees(tab.at("[data-notice=good]"), "Undone")
    tab.no_dialog()
    found = served.command("get", TASK)
    assert ("prj-020" in found["path"], found["fields"]["priority"]) == (True, "high")


@pytest.mark.parametrize("what", [someone_changes, someone_moves])
def test_a_deletion_meets_it_in_the_same_dialog(
    tab: Tab, served: Served, what: Callable[[Served], None]
) -> None:
    tab.open_entity(TASK)
    tab.meanwhile(lambda: what(served))
    by_deletion(tab)

    the_one_dialog(tab)
    sees(tab.dialog, "before you deleted it")
    assert served.fields()
    tab.press("merge")

    sees(tab.at("[data-notice=good]"), "Deleted")
    tab.no_dialog()
    assert served.command("get", TASK)["code"] == "not_found"


def test_a_deletion_of_what_is_gone_already_says_by_whom(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.meanwhile(lambda: someone_deletes(served))
    by_deletion(tab)

    sees(tab.at("[data-notice=changed]"), "command line")
    sees(tab.at("[data-notice=changed]"), f"There is no “{TASK}”")
    tab.no_dialog()


def test_the_palette_changes_what_the_page_shows(tab: Tab, served: Served) -> None:
    """Not what another has made of it: that the person has not looked at."""
    tab.open_entity(TASK)
    someone_changes(served)
    tab.at("[data-notice=changed]").wait_for()
    by_palette(tab)

    the_one_dialog(tab)
    tab.press("keep")
    expect(tab.field("priority")).to_have_value("low")
    assert served.fields()["priority"] == "critical"


def test_nothing_is_above_the_dialog(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.meanwhile(lambda: someone_changes(served))
    by_form(tab)
    tab.page.keyboard.press(
        "Control+k"
    )  # while the save is on its way, or while the dialog is there

    the_one_dialog_on_top(tab)
    tab.page.keyboard.press("Control+k")
    the_one_dialog_on_top(tab)


def the_one_dialog_on_top(tab: Tab) -> None:
    tab.conflict()
    box = tab.dialog.bounding_box()
    assert box is not None
    assert tab.page.evaluate(
        "([x, y]) => !!document.elementFromPoint(x, y).closest('[data-conflict]')",
        [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
    )
    assert tab.page.evaluate("() => !!document.activeElement.closest('[data-conflict]')")


def test_conflicts_of_many_come_one_after_another(tab: Tab, served: Served) -> None:
    """Not ten dialogs on top of each other."""
    tasks = (TASK, OTHER, "tsk-019-02")
    tab.open("#/table/Task")
    for entity_id in tasks:
        tab.row(entity_id).locator("input[type=checkbox]").check()
    tab.at("[data-bulk=field]").select_option("priority")
    tab.at(".bulk [data-field=priority]").select_option("critical")
    tab.meanwhile(
        lambda: [served.update(one, "priority=medium", "due=2026-02-20") for one in tasks]
    )
    tab.press("bulk")

    met = []
    for _ in tasks:
        the_one_dialog(tab)
        entity_id = str(tab.dialog.get_attribute("data-conflict"))
        met.append(entity_id)
        mine = tab.side("priority", "mine").locator("input")
        if mine.count():
            mine.click()
        tab.press("merge")
        expect(tab.at(f"[data-conflict='{entity_id}']")).to_have_count(0, timeout=PATIENCE)

    sees(tab.at("[data-notice=good]"), "Changed 3")
    assert sorted(met) == sorted(tasks)
    assert [served.fields(one)["priority"] for one in tasks] == ["critical"] * 3


def test_two_steps_on_the_calendar_are_two_days(tab: Tab, served: Served) -> None:
    """Though the first is not saved yet when the second is made."""
    ready(tab, served, "calendar")
    by_calendar_keys(tab)
    by_calendar_keys(tab)

    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)
    sees(tab.at("[data-notice=good]"), "2026-01-25")
    tab.no_dialog()
    assert served.fields()["due"] == "2026-01-25"


def test_a_card_that_is_dragged_there_and_back_is_back(tab: Tab, served: Served) -> None:
    ready(tab, served, "board")
    first = served.fields()["status"]
    tab.card(TASK).drag_to(tab.column("done"))
    tab.card(TASK).drag_to(tab.column(first))

    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)
    expect(tab.column(first).locator(SHOWN)).to_be_visible()
    tab.no_dialog()
    assert served.fields()["status"] == first
