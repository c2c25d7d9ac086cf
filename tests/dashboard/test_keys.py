"""By keyboard alone: every view and every dialog is reached, used and left without a mouse, what
has the focus is seen to have it, and the focus is never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, Tab, new_tab, sees
from tests.dashboard.hands import Hands
from tests.dashboard.serving import fill

if TYPE_CHECKING:
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
OTHER = "tsk-019-01"
ENTITY = f"#/task/{TASK}"
FIRST_CELL = ".table [tabindex='0']"
KEPT = "() => Object.keys(localStorage).some((key) => key.startsWith('loop:draft:'))"


def in_row(hands: Hands, entity_id: str) -> None:
    """Walk down the table to a row."""
    hands.reach(FIRST_CELL)
    for _ in range(20):
        if hands.page.evaluate(
            "(id) => document.activeElement.closest('[data-entity-id]')?.dataset.entityId === id",
            entity_id,
        ):
            return
        hands.press("ArrowDown")
    raise AssertionError(f"no way to {entity_id}")


# The table.


def test_rows_are_chosen_and_changed_in_one_run_and_taken_back(
    hands: Hands, served: Served
) -> None:
    tab = hands.tab.open("#/table/Task")
    tab.row(TASK).wait_for()
    hands.reach(FIRST_CELL)
    hands.press("Space", "ArrowDown", "Space", "ArrowDown", "Space")
    sees(tab.at(".bulk"), "3 selected")
    chosen = [
        str(one.get_attribute("data-entity-id"))
        for one in tab.at(".table-row[aria-selected=true]").all()
    ]
    before = [served.fields(one)["priority"] for one in chosen]

    hands.reach("[data-bulk=field]", back=True)
    hands.type("Prio")
    hands.reach(".bulk [data-field=priority]")
    hands.type("Crit")
    hands.reach("[data-action=bulk]")
    hands.press("Enter")

    sees(tab.at("[data-notice=good]"), "Changed 3")
    assert [served.fields(one)["priority"] for one in chosen] == ["critical"] * 3
    hands.is_within(".table")  # the bar is gone; the focus is where it was before
    hands.press("Control+z")
    sees(tab.at("[data-notice=good]"), "Undone")
    assert [served.fields(one)["priority"] for one in chosen] == before


def test_the_undo_of_a_notice_is_a_button_that_tab_comes_to(hands: Hands, served: Served) -> None:
    tab = hands.tab.open("#/table/Task")
    in_row(hands, TASK)
    hands.press("Space")
    hands.reach("[data-bulk=field]", back=True)
    hands.type("Prio")
    hands.reach(".bulk [data-field=priority]")
    hands.type("Low")
    hands.press("Tab", "Enter")
    sees(tab.at("[data-notice=good]"), "Changed 1")

    hands.reach("[data-notice=good] [data-action=undo]")
    hands.press("Enter")

    sees(tab.at("[data-notice=good]"), "Undone")
    hands.is_within(".table")
    assert served.fields()["priority"] == "high"


def test_all_rows_are_chosen_and_let_go(hands: Hands) -> None:
    tab = hands.tab.open("#/table/Task")
    tab.row(TASK).wait_for()
    hands.reach(FIRST_CELL)
    hands.press("Control+Home", "Space")
    sees(tab.at(".bulk"), "8 selected")

    hands.reach(".bulk button[type=button]", back=True)
    hands.press("Enter")

    expect(tab.at(".bulk")).to_have_count(0)
    hands.is_at(".table .head input")


def test_a_list_in_a_cell_is_walked_through_before_it_is_saved(
    hands: Hands, served: Served
) -> None:
    tab = hands.tab.open("#/table/Task")
    in_row(hands, TASK)
    hands.press("ArrowRight", "ArrowRight", "ArrowRight")
    hands.is_at("[data-cell=priority] button")
    hands.press("Enter")
    hands.is_at("[data-cell=priority] select")
    hands.press("ArrowDown", "ArrowDown")
    assert served.records() == []
    expect(tab.row(TASK).locator("select")).to_have_value("low")

    hands.press("Enter")

    hands.is_at(f"[data-entity-id='{TASK}'] [data-cell=priority] button")
    tab.all_saved()
    assert served.fields()["priority"] == "low"
    assert len(served.records()) == 1


@pytest.mark.parametrize(("key", "saved"), [("Enter", True), ("Tab", True), ("Escape", False)])
def test_a_text_in_a_cell_is_saved_or_left_as_it_is(
    hands: Hands, served: Served, key: str, saved: bool
) -> None:
    tab = hands.tab.open("#/table/Task")
    in_row(hands, TASK)
    hands.press(*["ArrowRight"] * 4, "Enter")
    hands.is_at("[data-cell=assignee] input")
    hands.type("디자인팀")
    hands.press(key)

    if key == "Tab":
        tab.at("[data-notice=good]").wait_for()
    else:
        hands.is_at(f"[data-entity-id='{TASK}'] [data-cell=assignee] button")
    tab.all_saved()
    assert served.fields()["assignee"] == ("디자인팀" if saved else "개발팀")
    assert len(served.records()) == int(saved)


def test_half_a_date_in_a_cell_is_not_saved(hands: Hands, served: Served) -> None:
    tab = hands.tab.open("#/table/Task?columns=due")
    in_row(hands, TASK)
    hands.press("ArrowRight", "ArrowRight", "Enter")
    hands.is_at("[data-cell=due] input")
    hands.press("Backspace", "Enter")

    sees(tab.at(".cell-error"), "Not a whole date")
    hands.press("Escape")
    assert served.records() == []


def test_a_table_is_sorted_and_its_columns_are_chosen(hands: Hands) -> None:
    tab = hands.tab.open("#/table/Task")
    tab.row(TASK).wait_for()
    hands.reach(".popover summary")
    hands.press("Enter")
    hands.reach(".popover input")
    hands.press("Space")
    expect(tab.at("[data-sort=status]")).to_have_count(0)
    hands.press("Escape")
    hands.is_at(".popover summary")
    expect(tab.at(".popover[open]")).to_have_count(0)

    hands.reach(FIRST_CELL)
    hands.press("ArrowUp", "ArrowRight")
    hands.is_at("[data-sort=entity_name]")
    hands.press("Enter")

    expect(tab.at("[role=columnheader][aria-sort=ascending]")).to_contain_text("Name")
    hands.is_at("[data-sort=entity_name]")


def test_the_end_of_a_long_table_is_one_key_away(vault: Served, visit: Visit) -> None:
    fill(vault.root, 300)
    vault.start()
    hands = Hands(new_tab(visit(), vault.url).open("#/table/Task?sort=entity_name"))
    hands.tab.at(".table-body .table-row").first.wait_for()
    expect(hands.tab.at(".table")).to_have_attribute("aria-rowcount", "309", timeout=PATIENCE)
    hands.reach(FIRST_CELL)

    hands.press("Control+End")
    hands.is_within("[aria-rowindex='309']")
    for key in ("PageUp", "PageUp", "Home"):
        hands.press(key)
        hands.is_within(".table-body .table-row")
    hands.is_at("[data-entity-id] input")
    hands.press("Control+Home")
    hands.is_at(".head input")
    assert hands.used_no_mouse()


def test_the_filters_are_used_and_cleared(hands: Hands) -> None:
    tab = hands.tab.open("#/table/Task")
    rows = tab.at(".table-body .table-row")
    expect(rows).to_have_count(8)
    hands.press("/")
    hands.is_at("[data-filter=q]")
    hands.type("규칙")
    hands.reach("[data-filter=status]")
    hands.type("Done")
    expect(rows).to_have_count(2)

    hands.reach("[data-action=clear-filters]")
    hands.press("Enter")

    expect(rows).to_have_count(8)
    assert "status=" not in tab.page.url
    hands.is_within(".filters")


def test_views_have_keys_and_a_link_past_the_menu(hands: Hands) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.press("Tab")
    hands.is_at(".skip")
    hands.press("Enter")
    hands.is_at("#main")
    for key, place in (("2", ".table"), ("3", ".calendar"), ("1", ".board")):
        hands.press(key)
        expect(tab.at(place)).to_be_visible(timeout=PATIENCE)
    hands.reach("[data-view=table]", back=True)
    hands.press("Enter")
    expect(tab.at(".table")).to_be_visible()
    hands.is_at("[data-view=table]")


# The board and the calendar.


def test_the_list_on_a_card_moves_it_at_enter(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(f".card[data-entity-id='{TASK}'] a")
    hands.press("Tab", "ArrowDown", "ArrowDown")
    assert served.records() == []

    hands.press("Enter")

    hands.is_at(f"[data-column=hold] [data-entity-id='{TASK}'] a")
    tab.all_saved()
    assert served.fields()["status"] == "hold"


def test_a_card_is_moved_and_moved_back(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(f".card[data-entity-id='{TASK}'] a")
    hands.press("Shift+ArrowRight")
    sees(tab.at("[data-notice=good]"), "Doing")
    hands.is_at(f"[data-column=doing] [data-entity-id='{TASK}'] a")

    hands.press("Control+z")

    expect(tab.column("todo").locator(f"[data-entity-id='{TASK}']")).to_be_visible(timeout=PATIENCE)
    assert served.fields()["status"] == "todo"
    hands.is_within("#main")


def test_the_calendar_is_walked_through(hands: Hands, served: Served) -> None:
    tab = hands.tab.open("#/calendar/Task?month=2026-02")
    tab.at(".calendar .ec-grid").first.wait_for()
    hands.reach("[data-action=previous]")
    hands.press("Enter")
    sees(tab.at(".calendar-top h2"), "January 2026")
    hands.reach(".calendar-top summary")
    hands.press("Enter")
    sees(tab.at(".popover-box"), "Shift")
    hands.press("Escape")
    expect(tab.at(".popover[open]")).to_have_count(0)
    hands.reach(f".calendar [data-entity-id='{TASK}']")
    hands.press("Shift+ArrowDown")
    sees(tab.at("[data-notice=good]"), "2026-01-30")
    hands.is_at(f".calendar [data-entity-id='{TASK}']")
    assert served.fields()["due"] == "2026-01-30"

    hands.press("Enter")

    expect(tab.form(TASK)).to_be_visible(timeout=PATIENCE)


def test_a_full_day_of_the_calendar_is_opened(vault: Served, visit: Visit) -> None:
    fill(vault.root, 150)  # five on each day of March
    vault.start()
    tab = new_tab(visit(viewport={"width": 1280, "height": 700}), vault.url)
    hands = Hands(tab)
    tab.open("#/calendar/Task?month=2026-03")
    tab.at(".calendar .ec-event").first.wait_for()
    more = tab.at(".calendar .ec-day-foot a").first
    more.wait_for()
    hands.reach(".calendar .ec-day-foot a")
    hands.press("Enter")
    popup = tab.at(".ec-popup")
    expect(popup).to_be_visible()
    hands.reach(".ec-popup .ec-event")
    hands.press("Escape")
    expect(popup).to_have_count(0)
    assert hands.used_no_mouse()


# One entity.


def test_a_new_task_is_made_and_taken_back(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.press("c")
    hands.is_at("form.create [data-field=entity_name]")
    hands.type("새 할 일")
    hands.press("Control+Enter")
    hands.is_at("#new-assignee")  # what is wrong comes first
    sees(tab.at("#new-assignee-error"), "required")
    hands.type("개발팀")
    hands.reach("#new-due")
    hands.type("03012026")
    hands.reach("#new-project_id")
    hands.type("prj-019")
    hands.reach("#new-body")
    hands.type("# 처음")
    hands.reach("[data-action=create]", back=True)
    hands.press("Enter")

    expect(tab.at("form.entity:not(.create)")).to_be_visible(timeout=PATIENCE)
    hands.is_at("h1")
    entity_id = str(tab.at("form.entity").get_attribute("data-entity-id"))
    made = served.command("get", entity_id)
    assert (made["fields"]["due"], made["body"].strip()) == ("2026-03-01", "# 처음")
    hands.press("Control+z")
    expect(tab.at(".board")).to_be_visible(timeout=PATIENCE)
    assert served.command("get", entity_id)["code"] == "not_found"
    hands.is_at("#main")


def test_a_new_task_is_left_and_gone_on_with(hands: Hands) -> None:
    tab = hands.tab.open("#/new/Task")
    hands.is_at("form.create [data-field=entity_name]")
    hands.type("반쯤")
    tab.page.wait_for_function(KEPT)
    hands.reach("form.create a.button")
    hands.press("Enter")
    expect(tab.at(".board")).to_be_visible(timeout=PATIENCE)
    hands.is_at("#main")

    hands.reach(".unsaved summary", back=True)
    hands.press("Enter")
    hands.reach(".unsaved a")
    hands.press("Enter")

    expect(tab.at("form.create [data-field=entity_name]")).to_have_value("반쯤", timeout=PATIENCE)
    hands.is_at("form.create [data-field=entity_name]")


def test_fields_and_text_are_written_saved_and_taken_back(hands: Hands, served: Served) -> None:
    before = served.command("get", TASK)
    tab = hands.tab.open_entity(TASK)
    hands.is_at("h1")
    hands.reach("[data-action=write]")
    hands.press("Enter")
    hands.reach("[data-field=body]")
    hands.press("Control+End")
    hands.type("\n끝\n")
    hands.reach("[data-field=status]")
    hands.type("Doing")
    hands.reach("[data-field=due]")
    hands.type("02022026")
    hands.reach(".rest summary")
    hands.press("Enter")
    hands.reach(".rest .control")
    hands.reach("[data-action=save]", back=True)
    hands.press("Enter")

    tab.saved()
    hands.is_at("[data-action=save]")
    found = served.command("get", TASK)
    assert (found["fields"]["status"], found["fields"]["due"]) == ("doing", "2026-02-02")
    assert found["body"].endswith("\n끝\n")
    hands.reach("[data-action=preview]")
    hands.press("Enter")
    sees(tab.at(".markdown"), "끝")
    hands.reach(".event [data-action=undo]")
    hands.press("Enter")
    sees(tab.at("[data-notice=good]"), "Undone")
    expect(tab.field("status")).to_have_value("todo", timeout=PATIENCE)
    found = served.command("get", TASK)
    assert (found["fields"]["due"], found["body"]) == (before["fields"]["due"], before["body"])
    hands.is_within("form.entity")


def test_a_field_that_was_saved_is_taken_back_from_where_one_is(
    hands: Hands, served: Served
) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=priority]")
    hands.type("Low")
    hands.press("Control+s")
    tab.saved()
    hands.press("Control+z")

    expect(tab.field("priority")).to_have_value("high", timeout=PATIENCE)
    hands.is_at("[data-field=priority]")
    assert served.fields()["priority"] == "high"


def test_what_is_wrong_has_the_focus_after_a_save(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=project_id]")
    hands.press("Control+a")
    hands.type("prj-404")
    hands.reach("[data-field=target_project]")
    hands.press("Control+s")

    sees(tab.at("#error-project_id"), "prj-404")
    hands.is_at("[data-field=project_id]")
    assert served.records() == []


@pytest.mark.parametrize("how", ["Control+s", "button"])
def test_half_a_date_is_not_saved(hands: Hands, served: Served, how: str) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=due]")
    hands.press("Backspace")
    expect(tab.field("due")).to_have_value("")
    if how == "button":
        hands.reach("[data-action=save]", back=True)
    hands.press("Enter" if how == "button" else how)

    hands.is_at("[data-field=due]")
    hands.type("01312026")
    hands.press("Control+s")
    tab.saved()
    assert [one["diff"]["due"]["new"] for one in served.records()] == ["2026-01-31"]


def test_links_lead_on_and_back(hands: Hands) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach(".of")
    hands.press("Enter")
    expect(tab.form("prj-019")).to_be_visible(timeout=PATIENCE)
    hands.is_at("h1")
    hands.reach(".linked a")
    hands.press("Enter")
    expect(tab.form("prj-019")).to_have_count(0, timeout=PATIENCE)
    tab.page.go_back()
    expect(tab.form("prj-019")).to_be_visible(timeout=PATIENCE)


def test_a_deletion_is_asked_for_left_done_and_taken_back(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-action=delete]")
    hands.press("Enter")
    hands.is_within("dialog")
    hands.press("Escape")
    expect(tab.at("dialog")).to_have_count(0)
    hands.is_at("[data-action=delete]")
    hands.press("Enter")
    hands.is_within("dialog")
    hands.reach("dialog [data-action=delete]")
    hands.press("Enter")
    sees(tab.at("[data-notice=good]"), "Deleted")
    assert served.command("get", TASK)["code"] == "not_found"
    hands.is_at("#main")

    hands.reach("[data-notice=good] [data-action=undo]")
    hands.press("Enter")

    expect(tab.card(TASK)).to_be_visible(timeout=PATIENCE)
    assert served.fields()["status"] == "todo"


def test_a_deletion_of_what_others_refer_to_is_chosen(hands: Hands, served: Served) -> None:
    tab = hands.tab.open("#/project/prj-020")
    tab.form("prj-020").wait_for()
    hands.reach("[data-action=delete]")
    hands.press("Enter")
    hands.is_within("dialog")
    hands.reach("dialog [data-action=delete]")
    hands.press("Enter")
    sees(tab.at("dialog .lines"), "tsk-020-01")
    hands.is_within("dialog")
    hands.reach("dialog [data-action=orphan]")
    hands.press("Enter")

    sees(tab.at("[data-notice=good]"), "Deleted")
    assert served.command("get", "prj-020")["code"] == "not_found"
    assert served.fields("tsk-020-01")["project_id"] == "prj-020"
    hands.is_at("#main")


# A conflict.


def clash(hands: Hands, served: Served) -> Tab:
    """A priority is typed that another has changed meanwhile, and a due date besides."""
    tab = hands.tab.open_entity(TASK)
    served.update(TASK, "priority=critical")
    tab.at("[data-notice=changed]").wait_for()
    hands.reach("[data-field=priority]")
    hands.type("Low")
    hands.reach("[data-field=due]")
    hands.type("02022026")
    hands.press("Control+s")
    tab.conflict()
    hands.is_within("[data-conflict]")
    return tab


def test_a_side_is_chosen_in_the_dialog(hands: Hands, served: Served) -> None:
    tab = clash(hands, served)
    hands.reach("[data-conflict-field=priority] input[type=radio]")
    hands.press("ArrowRight")
    expect(tab.side("priority", "mine").locator("input")).to_be_checked()
    hands.reach("[data-action=merge]")
    hands.press("Enter")

    tab.saved()
    hands.is_within("form.entity")
    found = served.fields()
    assert (found["priority"], found["due"]) == ("low", "2026-02-02")


def test_a_value_is_edited_in_the_dialog(hands: Hands, served: Served) -> None:
    tab = clash(hands, served)
    hands.reach("[data-action=edit-value]")
    hands.press("Enter")
    hands.reach("[data-conflict] [data-field=priority]")
    hands.type("Med")
    hands.reach("[data-action=merge]")
    hands.press("Enter")

    tab.saved()
    assert served.fields()["priority"] == "medium"


def test_the_dialog_is_left_with_what_is_there_now(hands: Hands, served: Served) -> None:
    tab = clash(hands, served)
    hands.reach("[data-conflict] [data-action=reload]")
    hands.press("Enter")

    tab.no_dialog()
    expect(tab.field("priority")).to_have_value("critical")
    hands.is_within("form.entity")
    assert served.fields()["priority"] == "critical"


@pytest.mark.parametrize("how", ["Escape", "button"])
def test_the_dialog_is_left_to_go_on_editing(hands: Hands, served: Served, how: str) -> None:
    tab = clash(hands, served)
    if how == "button":
        hands.is_at("[data-action=keep]")  # nothing can be saved yet, so that is where it begins
    hands.press("Enter" if how == "button" else how)

    tab.no_dialog()
    hands.is_at("[data-field=due]")
    expect(tab.field("priority")).to_have_value("low")
    hands.reach("[data-action=compare]", back=True)
    hands.press("Enter")
    tab.conflict()
    assert served.fields()["priority"] == "critical"
    hands.press("Escape")
    tab.no_dialog()


def test_what_does_not_clash_is_saved_by_one_enter(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    served.update(TASK, "status=doing")
    tab.at("[data-notice=changed]").wait_for()
    hands.reach("[data-field=priority]")
    hands.type("Low")
    hands.press("Control+s")
    tab.conflict()
    hands.is_at("[data-action=merge]")
    hands.press("Enter")

    tab.saved()
    hands.is_at("[data-field=priority]")
    found = served.fields()
    assert (found["status"], found["priority"]) == ("doing", "low")


def test_what_was_deleted_is_put_back(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=priority]")
    hands.type("Low")
    etag = served.command("get", TASK)["etag"]
    assert served.command("delete", TASK, "--if-match", etag, "--yes")["removed"]
    tab.at("[data-notice=changed]").wait_for()
    hands.press("Control+s")
    tab.conflict()
    hands.reach("[data-action=merge]")
    hands.press("Enter")

    tab.saved()
    hands.is_within("form.entity")
    assert served.fields()["priority"] == "low"


# Drafts, activity, search, settings, signing in.


def test_a_draft_is_taken_up_saved_or_discarded(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=priority]")
    hands.type("Low")
    tab.page.wait_for_function(KEPT)
    tab.page.reload()
    sees(tab.at("[data-notice=draft]"), "not saved yet")
    expect(tab.field("priority")).to_have_value("low", timeout=PATIENCE)
    hands.is_at("h1")

    hands.reach("[data-action=discard]")
    hands.press("Enter")

    expect(tab.field("priority")).to_have_value("high")
    hands.is_within("#main")
    hands.reach("[data-field=priority]")
    hands.type("Crit")
    hands.press("Control+s")
    tab.saved()
    assert served.fields()["priority"] == "critical"


def test_what_others_changed_is_shown(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    served.update(TASK, "status=doing")
    tab.at("[data-notice=changed]").wait_for()

    hands.reach("[data-notice=changed] [data-action=reload]")
    hands.press("Enter")

    expect(tab.field("status")).to_have_value("doing", timeout=PATIENCE)
    hands.is_within("form.entity")


def test_the_activity_is_filtered_and_a_run_is_taken_back(hands: Hands, served: Served) -> None:
    served.update(TASK, "priority=low")
    served.update(OTHER, "priority=critical")
    tab = hands.tab.open()
    hands.reach(".side a[href='#/activity']")
    hands.press("Enter")
    expect(tab.at("[data-run]")).to_have_count(2, timeout=PATIENCE)
    hands.reach("[data-filter=source]")
    hands.type("dash")
    sees(tab.at("main"), "No records")
    hands.press("Home")
    hands.reach("[data-filter=entity_id]")
    hands.type(TASK)
    hands.press("Enter")
    expect(tab.at("[data-run]")).to_have_count(1, timeout=PATIENCE)

    hands.reach("[data-run] [data-action=undo]")
    hands.press("Enter")

    sees(tab.at("[data-notice=good]"), "Undone")
    hands.is_within("#main")
    assert served.fields()["priority"] == "high"
    assert served.fields(OTHER)["priority"] == "critical"
    hands.reach("[data-run] a")
    hands.press("Enter")
    expect(tab.form(TASK)).to_be_visible(timeout=PATIENCE)


def test_a_search_is_made_walked_through_and_left(hands: Hands) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach(".side-search")
    hands.press("Enter")
    hands.is_at("[data-palette]")
    hands.press("Escape")
    hands.is_at(".side-search")
    hands.press("Control+k")
    hands.is_at("[data-palette]")
    hands.type("예약 작업")
    sees(tab.at(".palette-list"), TASK)
    for _ in range(10):
        if TASK in tab.at(".palette-item[aria-selected=true]").inner_text():
            break
        hands.press("ArrowDown")
    hands.press("Enter")

    expect(tab.form(TASK)).to_be_visible(timeout=PATIENCE)
    hands.is_at("h1")


def test_the_palette_takes_back_what_was_done_last(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=priority]")
    hands.type("Low")
    hands.press("Control+s")
    tab.saved()

    hands.press("Control+k")
    hands.is_at("[data-palette]")
    hands.type("undo")
    sees(tab.at(".palette-item[aria-selected=true]"), "Undo")
    hands.press("Enter")

    expect(tab.field("priority")).to_have_value("high", timeout=PATIENCE)
    assert served.fields()["priority"] == "high"


def test_theme_and_language_are_switched(hands: Hands) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach("[data-setting=language]")
    hands.press("ArrowDown")
    expect(tab.at("html")).to_have_attribute("lang", "ko")
    hands.is_at("[data-setting=language]")
    hands.reach("[data-setting=theme]")
    hands.press("End")
    expect(tab.at("html")).to_have_attribute("data-theme", "dark")
    hands.is_at("[data-setting=theme]")


def test_signing_out_and_in(hands: Hands, served: Served) -> None:
    tab = hands.tab.open()
    tab.card(TASK).wait_for()
    hands.reach("[data-action=sign-out]")
    hands.press("Enter")
    hands.is_at("#token")
    hands.type("wrong")
    hands.press("Enter")
    sees(tab.at("[data-sign-in] [role=alert]"), "nobody is known")
    hands.press("Control+a")
    hands.type(served.tokens["eun"])
    hands.press("Enter")

    tab.card(TASK).wait_for()
    hands.reach(".card a")


def test_a_session_that_was_ended_is_begun_again(hands: Hands, served: Served) -> None:
    tab = hands.tab.open_entity(TASK)
    hands.reach("[data-field=priority]")
    tab.page.context.clear_cookies()
    hands.type("Low")
    hands.press("Control+s")
    tab.at("[data-sign-in]").wait_for()
    hands.is_at("[data-field=priority]")  # the banner takes the focus from nobody who types
    hands.reach("#token", back=True)
    hands.type(served.tokens["eun"])
    hands.press("Enter")

    tab.saved()
    hands.is_within("form.entity")
    assert served.fields()["priority"] == "low"


def test_the_menu_of_a_narrow_screen(served: Served, visit: Visit) -> None:
    size = {"width": 400, "height": 800}
    tab = new_tab(visit(viewport=size, reduced_motion="reduce"), served.url)
    hands = Hands(tab)
    tab.open()
    tab.card(TASK).wait_for()
    hands.reach(".top-bar [aria-expanded]")
    hands.press("Enter")
    hands.is_within(".side")
    hands.press("Escape")
    hands.is_at(".top-bar [aria-expanded=false]")
    hands.press("Enter")
    hands.is_within(".side")
    hands.reach(".side a[href='#/board/Project']")
    hands.press("Enter")

    expect(tab.at("h1")).to_contain_text("Project", timeout=PATIENCE)
    hands.is_within(".content")
    assert hands.used_no_mouse()
    assert tab.complaints == []


def test_who_may_only_read_walks_over_cells(served: Served, visit: Visit) -> None:
    hands = Hands(new_tab(visit("wall"), served.url).open("#/table/Task"))
    hands.tab.row(TASK).wait_for()
    hands.reach(FIRST_CELL)
    hands.press("ArrowRight", "ArrowDown")
    hands.is_at("[aria-rowindex='3'] [data-cell=status]")
    hands.press("Home", "Enter")
    expect(hands.tab.at("form.entity")).to_be_visible(timeout=PATIENCE)
