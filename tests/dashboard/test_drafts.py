"""Nothing typed is lost: a reload, a closed tab, a lost connection, a session that is over, a
server that was restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, Tab, new_tab, sees
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Route

    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
KEPT = "() => Object.keys(localStorage).some((key) => key.startsWith('loop:draft:'))"
NOT_KEPT = "() => !Object.keys(localStorage).some((key) => key.startsWith('loop:draft:'))"
UNSENT = "() => Object.keys(localStorage).some((key) => key.startsWith('loop:unsent:'))"


def typed(tab: Tab) -> Tab:
    """A due date and a text are typed, and not saved."""
    tab.open_entity(TASK)
    tab.type("due", "2026-02-02")
    tab.write_body("초안\n")
    tab.page.wait_for_function(KEPT)
    return tab


def has_draft(tab: Tab) -> None:
    expect(tab.field("due")).to_have_value("2026-02-02", timeout=PATIENCE)
    expect(tab.field("body")).to_have_value("초안\n")
    sees(tab.at("[data-notice=draft]"), "not saved yet")


def test_a_reload_keeps_what_was_typed(tab: Tab, served: Served) -> None:
    typed(tab)

    tab.page.reload()

    has_draft(tab)
    tab.save()
    tab.saved()
    found = served.command("get", TASK)
    assert (found["fields"]["due"], found["body"]) == ("2026-02-02", "초안\n")
    tab.page.wait_for_function(NOT_KEPT)


def test_a_tab_that_was_closed(served: Served, visit: Visit) -> None:
    context = visit()
    typed(new_tab(context, served.url)).page.close()

    again = new_tab(context, served.url).open_entity(TASK)

    has_draft(again)


def test_a_draft_on_a_state_that_has_changed_since(served: Served, visit: Visit) -> None:
    context = visit()
    typed(new_tab(context, served.url)).page.close()
    served.update(TASK, "status=doing")

    again = new_tab(context, served.url).open_entity(TASK)

    has_draft(again)
    sees(again.at("[data-notice=changed]"), "command line")
    again.save()
    again.conflict()
    again.press("merge")
    again.saved()
    found = served.fields()
    assert (found["status"], found["due"]) == ("doing", "2026-02-02")


def test_two_tabs_of_one_browser_have_their_own_drafts(served: Served, visit: Visit) -> None:
    context = visit()
    first = typed(new_tab(context, served.url))
    second = new_tab(context, served.url).open_entity(TASK)
    expect(second.field("due")).to_have_value("2026-01-23")

    second.choose("priority", "low")
    second.save()
    second.saved()
    first.page.reload()

    has_draft(first)
    expect(first.field("priority")).to_have_value("high")


def test_a_discarded_draft_is_gone(tab: Tab) -> None:
    typed(tab)

    tab.press("discard")

    expect(tab.field("due")).to_have_value("2026-01-23")
    tab.page.wait_for_function(NOT_KEPT)


def test_a_save_without_a_connection_is_sent_once_it_is_back(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.page.context.set_offline(True)
    tab.choose("priority", "low")
    tab.save()
    sees(tab.at("[data-notice=offline]"), "No connection")
    sees(tab.at("[data-notice=unsent]"), "1")
    assert served.fields()["priority"] == "high"

    tab.page.context.set_offline(False)

    tab.saved()
    assert served.fields()["priority"] == "low"
    assert len(served.records()) == 1


def test_a_save_that_could_not_be_sent_outlives_the_tab(served: Served, visit: Visit) -> None:
    context = visit()
    tab = new_tab(context, served.url).open()
    tab.card(TASK).wait_for()
    context.set_offline(True)
    tab.card(TASK).locator(".mover").select_option("doing")
    tab.at("[data-notice=unsent]").wait_for()
    tab.page.wait_for_function(UNSENT)
    tab.page.close()
    context.set_offline(False)

    again = new_tab(context, served.url).open()

    expect(again.column("doing").locator(f"[data-entity-id='{TASK}']")).to_be_visible(
        timeout=PATIENCE
    )
    again.page.wait_for_function(f"() => !({UNSENT})()")
    assert served.fields()["status"] == "doing"


def test_a_save_whose_answer_was_lost_is_no_conflict_with_oneself(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "PATCH" or lost:
            route.continue_()
            return
        lost.append(route.fetch().text())
        route.abort()

    tab.page.route("**/api/entities/*", lose)
    tab.choose("priority", "low")
    tab.save()

    tab.saved()
    assert lost
    tab.no_dialog()
    assert served.fields()["priority"] == "low"
    assert len(served.records()) == 1


def test_a_restarted_server_asks_to_sign_in_and_nothing_is_lost(tab: Tab, served: Served) -> None:
    typed(tab)
    served.stop()
    tab.at("[data-notice=offline]").wait_for()
    served.start()
    tab.at("[data-sign-in]").wait_for()

    tab.save()
    tab.at("#token").fill(served.tokens["eun"])
    tab.press("sign-in")

    tab.saved()
    found = served.command("get", TASK)
    assert (found["fields"]["due"], found["body"]) == ("2026-02-02", "초안\n")
    assert found["fields"]["priority"] == "high"


def test_a_change_during_a_restart_is_still_a_conflict(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.choose("priority", "low")
    served.stop()
    tab.at("[data-notice=offline]").wait_for()
    served.update(TASK, "priority=critical")
    served.start()
    tab.at("#token").fill(served.tokens["eun"])
    tab.press("sign-in")
    sees(tab.at("[data-notice=changed]"), "command line")

    tab.save()

    tab.conflict()
    sees(tab.side("priority", "current"), "Critical")
    assert served.fields()["priority"] == "critical"


def test_a_session_that_was_ended(tab: Tab, served: Served) -> None:
    tab.open_entity(TASK)
    tab.page.context.clear_cookies()

    tab.choose("priority", "low")
    tab.save()
    sees(tab.at("[data-sign-in]"), "session is over")
    tab.at("#token").fill(served.tokens["eun"])
    tab.press("sign-in")

    tab.saved()
    assert served.fields()["priority"] == "low"


def test_a_new_entity_is_kept_while_it_is_typed(tab: Tab) -> None:
    tab.open("#/new/Task")
    tab.at("form.create [data-field=entity_name]").fill("새 할 일")
    tab.page.wait_for_function(KEPT)

    tab.page.reload()

    expect(tab.at("form.create [data-field=entity_name]")).to_have_value(
        "새 할 일", timeout=PATIENCE
    )


def test_who_may_only_read_is_told_and_can_change_nothing(served: Served, visit: Visit) -> None:
    tab = new_tab(visit("wall"), served.url).open_entity(TASK)

    sees(tab.at("[data-notice=read-only]"), "only read")
    expect(tab.at("[data-action=save]")).to_have_count(0)
    expect(tab.field("status")).to_be_disabled()
    tab.open("#/table/Task")
    tab.row(TASK).wait_for()
    expect(tab.at(".cell-button")).to_have_count(0)
    assert tab.complaints == []


def test_a_server_that_only_reads(vault: Served, visit: Visit) -> None:
    vault.start("--read-only")
    tab = new_tab(visit(), vault.url).open()

    sees(tab.at("[data-notice=read-only]"), "only read")
    expect(tab.at("[data-action=new]")).to_have_count(0)


def test_without_a_session_the_page_asks_for_a_token(served: Served, visit: Visit) -> None:
    context = visit()
    context.clear_cookies()
    tab = new_tab(context, served.url)
    tab.page.goto(served.url)

    sees(tab.at("[data-sign-in]"), "loop serve")
    tab.at("#token").fill("wrong")
    tab.press("sign-in")
    sees(tab.at("[data-sign-in] [role=alert]"), "nobody is known")
    tab.at("#token").fill(served.tokens["eun"])
    tab.press("sign-in")
    tab.card(TASK).wait_for()


def test_the_link_that_serve_opens_signs_in_and_leads_to_the_page(
    vault: Served, browser: Browser, tmp_path: Path
) -> None:
    noted = tmp_path / "opened"
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {noted}.new && mv {noted}.new {noted}\n')
    opener.chmod(0o755)
    vault.extra = {"BROWSER": f"{opener} %s"}
    vault.start("--open")
    wait_until(noted.exists)
    tab = new_tab(browser.new_context(), vault.url)

    tab.page.goto(noted.read_text())

    tab.card(TASK).wait_for()
    assert tab.page.url.startswith(f"{vault.url}/")
    assert "key=" not in tab.page.url
    tab.page.context.close()


def test_without_a_dashboard_there_is_no_page(vault: Served, visit: Visit) -> None:
    vault.start("--no-dashboard")

    found = visit().request.get(f"{vault.url}/")

    assert found.status == 404
