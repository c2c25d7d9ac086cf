"""What people do all day: make, move, change many, look back, undo; by mouse and by keys alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, Tab, new_tab, sees

if TYPE_CHECKING:
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
OTHERS = ("tsk-019-01", "tsk-019-02")


def test_a_card_is_dragged_to_another_column(tab: Tab, served: Served) -> None:
    tab.open()
    tab.card(TASK).drag_to(tab.column("done"))

    expect(tab.column("done").locator(f"[data-entity-id='{TASK}']")).to_be_visible()
    sees(tab.at("[data-notice=good]"), "Status: Done")
    found = served.fields()
    assert found["status"] == "done"
    tab.press("undo", within="[data-notice=good]")
    expect(tab.column("todo").locator(f"[data-entity-id='{TASK}']")).to_be_visible(timeout=PATIENCE)
    assert served.fields()["status"] == "todo"


def test_what_others_do_appears_on_the_board(two: tuple[Tab, Tab]) -> None:
    first, second = two
    first.open()
    second.open()
    first.card(TASK).locator(".mover").select_option("doing")

    expect(second.column("doing").locator(f"[data-entity-id='{TASK}']")).to_be_visible(
        timeout=PATIENCE
    )


def test_an_edit_in_an_editor_appears_too(tab: Tab, served: Served) -> None:
    tab.open()
    tab.card(TASK).wait_for()

    served.edit("status: todo", "status: hold")

    expect(tab.column("hold").locator(f"[data-entity-id='{TASK}']")).to_be_visible(timeout=PATIENCE)


def test_a_value_is_changed_in_its_cell(tab: Tab, served: Served) -> None:
    tab.open("#/table/Task")
    row = tab.row(TASK)
    row.locator("[data-cell=priority] button").click()
    row.locator("[data-cell=priority] select").select_option("low")
    sees(row.locator("[data-cell=priority]"), "Low")
    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)
    row.locator("[data-cell=assignee] button").click()
    row.locator("[data-cell=assignee] input").fill("디자인팀")
    row.locator("[data-cell=assignee] input").press("Enter")
    sees(row.locator("[data-cell=assignee] button"), "디자인팀")

    found = served.fields()
    assert (found["priority"], found["assignee"]) == ("low", "디자인팀")
    tab.no_dialog()


def test_what_is_not_valid_stays_in_its_cell_with_the_reason(tab: Tab, served: Served) -> None:
    tab.open("#/table/Task?columns=project_id,status")
    row = tab.row(TASK)
    row.locator("[data-cell=project_id] button").click()
    row.locator("[data-cell=project_id] input").fill("prj-404")
    row.locator("[data-cell=project_id] input").press("Enter")

    sees(row.locator(".cell-error"), "prj-404")
    expect(row.locator("[data-cell=project_id] input")).to_have_value("prj-404")
    assert served.records() == []


def test_what_is_not_valid_is_said_at_its_field(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.type("project_id", "prj-404")
    tab.save()

    sees(tab.at("#error-project_id"), "prj-404")
    expect(tab.field("project_id")).to_have_value("prj-404")
    assert served.records() == []


def test_a_table_is_sorted_and_filtered_by_its_address(tab: Tab) -> None:
    tab.open("#/table/Task?sort=-due&status=done")
    rows = tab.at(".table-body .table-row")
    expect(rows).to_have_count(3)
    dues = rows.locator("[data-cell=due]").all_inner_texts()
    assert [text.strip() for text in dues] == ["8 Jan", "7 Jan", "29 Dec 2025"]

    tab.at("[data-filter=q]").fill("회의")

    expect(rows).to_have_count(1)
    assert "q=" in tab.page.url
    tab.page.reload()
    expect(rows).to_have_count(1, timeout=PATIENCE)


def test_many_are_changed_in_one_run_and_taken_back(tab: Tab, served: Served) -> None:
    before = [served.fields(one)["priority"] for one in (TASK, *OTHERS)]
    tab.open("#/table/Task")
    for entity_id in (TASK, *OTHERS):
        tab.row(entity_id).locator("input[type=checkbox]").check()
    sees(tab.at(".bulk"), "3 selected")
    tab.at("[data-bulk=field]").select_option("priority")
    tab.at(".bulk [data-field=priority]").select_option("critical")
    tab.press("bulk")
    sees(tab.at("[data-notice=good]"), "Changed 3")

    records = served.records()
    assert len({one["run_id"] for one in records}) == 1
    assert served.fields(OTHERS[0])["priority"] == "critical"
    tab.press("undo", within="[data-notice=good]")
    sees(tab.at("[data-notice=good]"), "Undone")
    assert [served.fields(one)["priority"] for one in (TASK, *OTHERS)] == before


def test_a_conflict_among_many_comes_to_the_same_dialog(tab: Tab, served: Served) -> None:
    tab.open("#/table/Task")
    for entity_id in (TASK, *OTHERS):
        tab.row(entity_id).locator("input[type=checkbox]").check()
    tab.hear_nothing()
    tab.at("[data-bulk=field]").select_option("priority")
    tab.at(".bulk [data-field=priority]").select_option("critical")
    served.update(TASK, "priority=low")
    tab.press("bulk")

    tab.conflict()
    assert served.fields(OTHERS[0])["priority"] == "critical"
    tab.side("priority", "mine").click()
    tab.press("merge")
    sees(tab.at("[data-notice=good]"), "Changed 3")
    assert served.fields()["priority"] == "critical"


def test_a_new_task(tab: Tab, served: Served) -> None:
    tab.open()
    tab.press("new")
    form = "form.create "
    tab.at(f"{form}[data-field=entity_name]").fill("새 할 일 <b>굵게</b>")
    tab.press("create")
    sees(tab.at(f"{form}#new-assignee-error"), "required")
    tab.at(f"{form}[data-field=assignee]").fill("개발팀")
    tab.at(f"{form}[data-field=project_id]").fill("prj-019")
    tab.at(f"{form}[data-field=body]").fill("# 처음\n")
    tab.press("create")

    expect(tab.at("form.entity[data-entity-id]")).to_be_visible(timeout=PATIENCE)
    entity_id = str(tab.at("form.entity[data-entity-id]").get_attribute("data-entity-id"))
    found = served.command("get", entity_id)
    assert found["fields"]["entity_name"] == "새 할 일 <b>굵게</b>"
    assert found["body"].strip() == "# 처음"
    assert served.records()[-1]["actor"] == "user:김은향"
    tab.press("undo", within="[data-notice=good]")
    expect(tab.at(".board")).to_be_visible(timeout=PATIENCE)
    assert served.command("get", entity_id)["code"] == "not_found"


def test_deleting_asks_and_can_be_taken_back(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.press("delete")
    tab.press("delete", within="dialog")
    sees(tab.at("[data-notice=good]"), "Deleted")
    assert served.command("get", TASK)["code"] == "not_found"

    tab.press("undo", within="[data-notice=good]")

    expect(tab.card(TASK)).to_be_visible(timeout=PATIENCE)
    assert served.fields()["status"] == "todo"


def test_deleting_what_others_refer_to_names_them(tab: Tab, served: Served) -> None:
    tab.open("#/project/prj-020")
    tab.press("delete")
    tab.press("delete", within="dialog")

    sees(tab.at("dialog .lines"), "tsk-020-01")
    tab.page.keyboard.press("Escape")
    assert served.fields("prj-020")


def test_deleting_what_has_changed_since_is_a_conflict(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.press("delete")
    served.update(TASK, "status=doing")
    tab.press("delete", within="dialog")

    tab.conflict()
    sees(tab.dialog.locator("[data-changes]"), "command line")
    tab.press("reload", within="[data-conflict]")
    tab.no_dialog()
    assert served.fields()["status"] == "doing"


def test_the_activity_of_the_vault(tab: Tab, served: Served) -> None:
    served.update(TASK, "priority=low")
    served.update(OTHERS[0], "priority=critical")
    tab.open("#/activity")
    expect(tab.at("[data-run]")).to_have_count(2, timeout=PATIENCE)
    tab.at("[data-filter=entity_id]").fill(TASK)
    tab.at("[data-filter=entity_id]").press("Enter")
    expect(tab.at("[data-run]")).to_have_count(1)

    tab.at("[data-run] [data-action=undo]").click()

    sees(tab.at("[data-notice=good]"), "Undone")
    assert served.fields()["priority"] == "high"


def test_undoing_what_was_changed_again_is_a_conflict(tab: Tab, served: Served) -> None:
    served.update(TASK, "priority=low", "status=doing")
    served.update(TASK, "priority=critical")
    tab.open_entity(TASK)
    tab.at(".event [data-action=undo]").nth(1).click()

    tab.conflict()
    sees(tab.side("priority", "current"), "Critical")
    tab.side("priority", "mine").click()
    tab.press("merge")
    tab.no_dialog()
    expect(tab.field("priority")).to_have_value("high", timeout=PATIENCE)
    found = served.fields()
    assert (found["priority"], found["status"]) == ("high", "todo")


def test_the_history_of_an_entity_is_undone(tab: Tab, served: Served) -> None:
    served.update(TASK, "priority=low")
    tab.open_entity(TASK)
    sees(tab.at(".event").first, "command line")

    tab.at(".event [data-action=undo]").click()

    expect(tab.field("priority")).to_have_value("high", timeout=PATIENCE)
    assert served.fields()["priority"] == "high"


def test_the_palette_finds_goes_and_changes(tab: Tab, served: Served) -> None:
    tab.open()
    tab.page.keyboard.press("Control+k")
    tab.at("[data-palette]").fill("동시 수정")
    sees(tab.at(".palette-item").first, TASK)
    tab.page.keyboard.press("Enter")
    expect(tab.form(TASK)).to_be_visible(timeout=PATIENCE)
    tab.page.keyboard.press("Control+k")
    tab.at("[data-palette]").fill("Priority Low")
    sees(tab.at(".palette-item").first, "Priority: Low")
    tab.page.keyboard.press("Enter")

    sees(tab.at("[data-notice=good]"), "Priority: Low")
    expect(tab.field("priority")).to_have_value("low")
    assert served.fields()["priority"] == "low"


def test_words_in_a_body_are_found(tab: Tab) -> None:
    tab.open()
    tab.page.keyboard.press("Control+k")
    tab.at("[data-palette]").fill("예약 작업")

    sees(tab.at(".palette-list"), TASK)


def test_keys_alone_move_a_card_and_settle_a_conflict(tab: Tab, served: Served) -> None:
    tab.open()
    tab.card(TASK).locator("a").focus()
    tab.page.keyboard.press("Shift+ArrowRight")
    expect(tab.column("doing").locator(f"[data-entity-id='{TASK}'] a")).to_be_focused(
        timeout=PATIENCE
    )
    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)
    assert served.fields()["status"] == "doing"
    tab.page.keyboard.press("Enter")
    expect(tab.form(TASK)).to_be_visible(timeout=PATIENCE)
    served.update(TASK, "priority=critical")
    tab.field("priority").focus()
    tab.page.keyboard.press("l")  # Low
    expect(tab.field("priority")).to_have_value("low")
    tab.page.keyboard.press("Control+s")
    tab.conflict()
    tab.side("priority", "mine").locator("input").focus()
    tab.page.keyboard.press("Space")
    tab.at("[data-conflict] [data-action=merge]").focus()
    tab.page.keyboard.press("Enter")

    tab.saved()
    assert served.fields()["priority"] == "low"


def test_the_focus_stays_within_the_dialog(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    served.update(TASK, "priority=critical")
    tab.choose("priority", "low")
    tab.page.keyboard.press("Control+s")
    tab.conflict()
    inside = "() => !!document.activeElement.closest('[data-conflict], body:not(:focus-within)')"

    for _ in range(12):
        tab.page.keyboard.press("Tab")
        assert tab.page.evaluate(inside)


@pytest.mark.parametrize("how", ["mouse", "keys"])
def test_the_calendar_moves_dates(tab: Tab, served: Served, how: str) -> None:
    tab.open("#/calendar/Task?month=2026-01")
    event = tab.at(f".calendar [data-entity-id='{TASK}']").first
    event.wait_for()
    if how == "keys":
        event.focus()
        tab.page.keyboard.press("Shift+ArrowRight")
    else:
        tab.drag_a_day(event)

    sees(tab.at("[data-notice=good]"), "Due: 2026-01-24")
    assert served.fields()["due"] == "2026-01-24"


def test_every_entity_and_view_has_a_link(tab: Tab) -> None:
    tab.open_entity(TASK)
    tab.at(".of").first.click()
    expect(tab.at("form[data-entity-id='prj-019']")).to_be_visible(timeout=PATIENCE)
    assert tab.page.url.endswith("#/project/prj-019")
    tab.at(f".linked a[href='#/task/{TASK}']").click()
    expect(tab.form(TASK)).to_be_visible(timeout=PATIENCE)
    tab.page.go_back()
    expect(tab.at("form[data-entity-id='prj-019']")).to_be_visible(timeout=PATIENCE)
    tab.page.goto(f"{tab.url}/#/entity/rules%20B%20and%20C")  # an alias
    expect(tab.at("form.entity")).to_be_visible(timeout=PATIENCE)


def test_what_is_not_there_says_so(tab: Tab) -> None:
    tab.open("#/task/tsk-404")

    sees(tab.at("main"), "There is no “tsk-404”")


def test_one_save_is_one_request(served: Served, visit: Visit) -> None:
    tab = new_tab(visit(), served.url).open()
    tab.card(TASK).wait_for()
    sent: list[str] = []
    wanted = re.compile(r"/api/(?!events|entities\?)")  # nor what is counted when there is time
    tab.page.on("request", lambda one: sent.append(one.method) if wanted.search(one.url) else None)

    tab.card(TASK).locator(".mover").select_option("doing")
    sees(tab.at("[data-notice=good]"), "Doing")
    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)

    assert sent.count("PATCH") == 1
    assert len(sent) == 1
