"""Two tabs open one task (SPEC §10): the second is told, and settles it in the browser. Nothing is
overwritten unseen, and nothing typed is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, Tab, new_tab, sees

if TYPE_CHECKING:
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"


def both_open(two: tuple[Tab, Tab]) -> tuple[Tab, Tab]:
    first, second = two
    first.open_entity(TASK)
    second.open_entity(TASK)
    return first, second


def clash(two: tuple[Tab, Tab]) -> Tab:
    """The first has saved a status; the second, who read before, saves a priority."""
    first, second = both_open(two)
    first.choose("status", "doing")
    first.save()
    first.saved()
    second.choose("priority", "low")
    second.save()
    second.conflict()
    return second


def test_the_second_of_two_tabs_is_told_who_changed_what(
    two: tuple[Tab, Tab], served: Served
) -> None:
    second = clash(two)

    sees(second.dialog.locator("[data-changes]"), "박서준")
    sees(second.dialog.locator("[data-changes]"), "dashboard")
    sees(second.dialog.locator("[data-changes]"), "Status")
    sees(second.side("status", "base"), "To do")
    sees(second.side("status", "current"), "Doing")
    sees(second.side("priority", "base"), "High")
    sees(second.side("priority", "mine"), "Low")
    assert served.fields()["priority"] == "high"


def test_save_merged_keeps_both(two: tuple[Tab, Tab], served: Served) -> None:
    second = clash(two)

    second.press("merge")
    second.saved()

    second.no_dialog()
    found = served.fields()
    assert (found["status"], found["priority"]) == ("doing", "low")
    last = served.records()[-1]
    assert (last["actor"], last["source"]) == ("user:김은향", "ui")
    assert (last["modified_fields"], last["metadata"]["precondition"]) == (["priority"], "etag")
    expect(second.field("status")).to_have_value("doing")


def test_reload_takes_theirs(two: tuple[Tab, Tab], served: Served) -> None:
    second = clash(two)

    second.press("reload", within="[data-conflict]")

    second.no_dialog()
    expect(second.field("status")).to_have_value("doing")
    expect(second.field("priority")).to_have_value("high")
    assert served.fields()["priority"] == "high"


def test_keep_editing_loses_nothing_and_writes_nothing(
    two: tuple[Tab, Tab], served: Served
) -> None:
    second = clash(two)

    second.page.keyboard.press("Escape")

    second.no_dialog()
    expect(second.field("priority")).to_have_value("low")
    assert served.fields()["priority"] == "high"
    second.save()
    second.conflict()
    second.press("merge")
    second.saved()
    assert served.fields()["priority"] == "low"


def test_a_tab_says_so_before_anyone_saves(two: tuple[Tab, Tab]) -> None:
    first, second = both_open(two)

    first.choose("status", "doing")
    first.save()

    notice = second.at("[data-notice=changed]")
    sees(notice, "박서준")
    sees(notice, "Status")
    sees(second.at("[data-now=status]"), "Doing")
    expect(second.field("status")).to_have_value("todo")
    second.press("reload", within="[data-notice=changed]")
    expect(second.field("status")).to_have_value("doing")
    second.choose("priority", "low")
    second.save()
    second.saved()
    second.no_dialog()


def test_the_same_field_on_both_sides_is_chosen(two: tuple[Tab, Tab], served: Served) -> None:
    first, second = both_open(two)
    first.choose("priority", "critical")
    first.save()
    first.saved()
    second.choose("priority", "low")
    second.type("due", "2026-02-02")
    second.save()
    second.conflict()

    expect(second.at("[data-conflict] [data-action=merge]")).to_be_disabled()
    second.side("priority", "current").click()
    second.press("merge")
    second.saved()

    found = served.fields()
    assert (found["priority"], found["due"]) == ("critical", "2026-02-02")


def test_a_field_can_be_edited_in_the_dialog(two: tuple[Tab, Tab], served: Served) -> None:
    first, second = both_open(two)
    first.type("assignee", "디자인팀")
    first.save()
    first.saved()
    second.type("assignee", "ops")
    second.save()
    second.conflict()

    second.press("edit-value")
    second.dialog.locator("[data-field=assignee]").fill("관리자")
    second.press("merge")
    second.saved()

    assert served.fields()["assignee"] == "관리자"


def test_lines_of_both_sides_are_merged(two: tuple[Tab, Tab], served: Served) -> None:
    first, second = both_open(two)
    text = served.body()
    first.write_body(text.replace("# 규칙 B·C 구현", "# 규칙 B와 C"))
    first.save()
    first.saved()
    second.write_body(text + "\n- [ ] 문서 고치기\n")
    second.save()
    second.conflict()

    merged = second.dialog.locator("[data-merged]")
    sees(merged, "# 규칙 B와 C")
    sees(merged, "문서 고치기")
    second.press("merge")
    second.saved()

    assert "# 규칙 B와 C\n" in served.body()
    assert served.body().endswith("- [ ] 문서 고치기\n")


def test_the_same_lines_on_both_sides_are_decided(two: tuple[Tab, Tab], served: Served) -> None:
    first, second = both_open(two)
    first.write_body("\n하나\n")
    first.save()
    first.saved()
    second.write_body("\n둘\n")
    second.save()
    second.conflict()

    expect(second.at("[data-conflict] [data-action=merge]")).to_be_disabled()
    second.side("body", "mine").click()
    second.press("merge")
    second.saved()

    assert served.body() == "\n둘\n"


def test_three_tabs(two: tuple[Tab, Tab], served: Served, visit: Visit) -> None:
    first, second = both_open(two)
    third = new_tab(visit("eun"), served.url).open_entity(TASK)
    first.choose("status", "doing")
    first.save()
    first.saved()
    second.choose("priority", "low")
    second.save()
    second.conflict()
    third.type("due", "2026-03-01")
    third.save()
    third.conflict()

    second.press("merge")
    second.saved()
    third.press("merge")  # the revision of the dialog holds no more
    sees(third.dialog, "changed again")
    third.press("merge")
    third.saved()

    found = served.fields()
    assert (found["status"], found["priority"], found["due"]) == ("doing", "low", "2026-03-01")


def test_ones_own_saves_are_no_conflict(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    for value in ("low", "critical", "medium"):
        tab.choose("priority", value)
        tab.save()
        tab.saved()
    tab.page.goto(f"{tab.url}/#/board/Task")
    tab.card(TASK).locator(".mover").select_option("doing")
    tab.card(TASK).locator(".mover").select_option("hold")
    expect(tab.column("hold").locator(f"[data-entity-id='{TASK}']")).to_be_visible()
    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)

    tab.no_dialog()
    found = served.fields()
    assert (found["status"], found["priority"]) == ("hold", "medium")


def test_a_drag_on_the_board_meets_the_same_dialog(tab: Tab, served: Served) -> None:
    tab.open()
    tab.card(TASK).wait_for()
    tab.hear_nothing()
    served.update(TASK, "status=hold")
    tab.card(TASK).locator(".mover").select_option("doing")

    tab.conflict()
    sees(tab.dialog.locator("[data-changes]"), "command line")
    tab.side("status", "mine").click()
    tab.press("merge")

    tab.no_dialog()
    expect(tab.column("doing").locator(f"[data-entity-id='{TASK}']")).to_be_visible()
    expect(tab.at(".waits")).to_have_count(0, timeout=PATIENCE)
    assert served.fields()["status"] == "doing"


def test_a_drag_that_is_kept_is_a_draft_of_its_entity(tab: Tab, served: Served) -> None:
    tab.open()
    tab.card(TASK).wait_for()
    tab.hear_nothing()
    served.update(TASK, "status=hold")
    tab.card(TASK).locator(".mover").select_option("doing")
    tab.conflict()
    tab.page.unroute("**/api/entities/*")
    tab.press("keep")

    expect(tab.form(TASK)).to_be_visible()
    expect(tab.field("status")).to_have_value("doing")
    sees(tab.at("[data-notice=changed]"), "command line")
    tab.save()
    tab.conflict()
    tab.side("status", "mine").click()
    tab.press("merge")
    tab.saved()
    assert served.fields()["status"] == "doing"


def test_an_edit_by_a_command_line(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    served.update(TASK, "status=doing")
    tab.choose("priority", "low")
    tab.save()
    tab.conflict()

    sees(tab.dialog.locator("[data-changes]"), "command line")
    tab.press("merge")
    tab.saved()

    assert served.fields()["status"] == "doing"


def test_an_edit_without_a_record_is_nobodys(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    served.edit("status: todo", "status: doing")
    tab.choose("priority", "low")
    tab.save()
    tab.conflict()

    sees(tab.dialog.locator("[data-changes]"), "nobody can say by whom")
    sees(tab.side("priority", "base"), "High")
    tab.press("merge")
    tab.saved()

    found = served.fields()
    assert (found["status"], found["priority"]) == ("doing", "low")


def test_an_entity_that_was_deleted_can_be_put_back(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    etag = served.command("get", TASK)["etag"]
    assert served.command("delete", TASK, "--if-match", etag, "--yes")["removed"]
    tab.choose("priority", "low")
    tab.save()
    tab.conflict()

    sees(tab.dialog.locator("[data-changes]"), "deleted it")
    tab.press("merge")
    tab.saved()

    assert served.fields()["priority"] == "low"


def test_an_entity_that_was_moved_is_saved_where_it_is(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    etag = served.command("get", TASK)["etag"]
    moved = served.command("move", TASK, "--project", "prj-020", "--if-match", etag, "--yes")
    assert moved["changed"], moved
    tab.choose("priority", "low")
    tab.save()
    tab.conflict()
    sees(tab.dialog.locator("[data-changes]"), "Project")
    tab.press("merge")
    tab.saved()

    found = served.command("get", TASK)
    assert "prj-020" in found["path"]
    assert found["fields"]["priority"] == "low"
