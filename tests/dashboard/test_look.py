"""For everybody: a screen reader, dark and light, small and large, English and Korean. And what is
in the vault stays text, whatever it looks like."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from loop_cli.server import page
from tests.dashboard.browser import PATIENCE, Tab, new_tab, sees

if TYPE_CHECKING:
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
DASHBOARD = Path(page.__file__).parent / "dashboard"
VIEWS = {
    "board": ("#/board/Task", ".card"),
    "table": ("#/table/Task", ".table-body .table-row"),
    "calendar": ("#/calendar/Task?month=2026-01", ".calendar [data-entity-id]"),
    "entity": (f"#/task/{TASK}", ".markdown h3"),
    "new": ("#/new/Task", "form.create"),
    "activity": ("#/activity", "[data-run]"),
}
SIZES = {"wide": {"width": 1600, "height": 900}, "narrow": {"width": 400, "height": 800}}
SERIOUS = ("serious", "critical")


def problems(tab: Tab) -> list[str]:
    """What axe finds that is serious."""
    if find_spec("axe_playwright_python") is None:
        pytest.skip("axe-playwright-python, of the extra 'dev', is not installed")
    from axe_playwright_python.sync_playwright import Axe

    # Through the driver: the page's own policy lets no script of others in.
    found: dict[str, Any] = Axe().run(tab.page).response
    return [
        f"{one['id']}: {one['help']}: {node['target']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_view(
    served: Served, visit: Visit, theme: str, size: str
) -> None:
    served.update(TASK, "priority=low")
    context = visit(color_scheme=theme, viewport=SIZES[size], bypass_csp=True)
    tab = new_tab(context, served.url)
    found: dict[str, list[str]] = {}
    for name, (place, shown) in VIEWS.items():
        tab.page.goto(f"{served.url}/{place}")
        tab.at(shown).first.wait_for()
        found[name] = problems(tab)
        if size == "narrow":
            found[f"{name} fits"] = wider_than_the_screen(tab)

    tab.page.goto(f"{served.url}/#/task/{TASK}")
    tab.at("form.entity").wait_for()
    served.update(TASK, "priority=critical", "assignee=ops")
    tab.at("[data-notice=changed]").wait_for()
    found["changed"] = problems(tab)
    tab.choose("priority", "medium")
    tab.save()
    tab.conflict()
    found["conflict"] = problems(tab)
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Control+k")
    tab.at(".palette-item").first.wait_for()
    found["palette"] = problems(tab)
    tab.page.keyboard.press("Escape")
    context.clear_cookies()
    tab.page.reload()
    tab.at("[data-sign-in]").wait_for()
    found["sign-in"] = problems(tab)

    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize(
    ("theme", "size", "locale"),
    [("light", "narrow", "ko-KR"), ("dark", "narrow", "en-GB"), ("light", "wide", "en-GB"),
     ("dark", "wide", "ko-KR")],
)  # fmt: skip
def test_axe_finds_nothing_serious_in_what_opens(
    served: Served, visit: Visit, theme: str, size: str, locale: str
) -> None:
    """Bars, cells, boxes, questions, notices, errors: what is not there when a view is opened."""
    look = {"color_scheme": theme, "viewport": SIZES[size], "locale": locale}
    context = visit(bypass_csp=True, reduced_motion="reduce", **look)
    tab = new_tab(context, served.url)
    found: dict[str, list[str]] = {}

    def look_at(name: str) -> None:
        found[name] = problems(tab)
        if size == "narrow":
            found[f"{name} fits"] = wider_than_the_screen(tab)

    tab.open("#/table/Task")
    tab.row(TASK).locator("input[type=checkbox]").check()
    tab.row(TASK).locator("[data-cell=assignee] button").click()
    tab.at("[data-cell=assignee] input").wait_for()
    look_at("bulk and cell")
    tab.page.keyboard.press("Escape")
    tab.at(".popover summary").click()
    look_at("columns")
    tab.open("#/board/Task")
    tab.card(TASK).locator(".mover").select_option("doing")
    tab.at("[data-notice=good]").wait_for()
    look_at("notice")
    tab.open("#/calendar/Task?month=2026-01")
    tab.at(".calendar-top summary").click()
    look_at("help")
    tab.open("#/new/Task")
    tab.at("form.create [data-field=entity_name]").fill("x")
    tab.press("create")
    tab.at("#new-assignee-error").wait_for()
    look_at("errors")
    tab.open_entity(TASK)
    tab.press("write")
    tab.field("body").fill("# 새 글\n")
    tab.type("project_id", "prj-404")
    tab.save()
    tab.at("#error-project_id").wait_for()
    look_at("typed")
    tab.press("delete")
    tab.at("dialog[open]").wait_for()
    look_at("question")
    tab.page.keyboard.press("Escape")
    if size == "narrow":
        tab.at(".top-bar [aria-expanded]").click()
    tab.at(".unsaved summary").click()
    look_at("menu")
    served.stop()
    tab.at("[data-notice=offline]").wait_for(state="attached")
    look_at("offline")

    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_where_there_is_nothing(
    vault: Served, visit: Visit, theme: str
) -> None:
    for one in vault.root.iterdir():
        if one.name not in ("00_Meta", ".loop"):
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    vault.start()
    tab = new_tab(visit(color_scheme=theme, bypass_csp=True), vault.url)
    found: dict[str, list[str]] = {}
    for name in ("board", "table", "calendar", "activity"):
        tab.open(f"#/{name}/Task")
        tab.at(".empty").wait_for()
        found[name] = problems(tab)
    tab.open("#/task/tsk-404")
    tab.at(".empty").wait_for()
    found["missing"] = problems(tab)
    vault.root.rename(vault.root.with_name("away"))
    tab.page.reload()
    tab.at(".problem").wait_for()
    found["gone"] = problems(tab)

    assert {name: some for name, some in found.items() if some} == {}


def wider_than_the_screen(tab: Tab) -> list[str]:
    """What makes the page itself scroll to the side."""
    found = tab.page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return [] if found[0] <= found[1] else [f"{found[0]} pixels in {found[1]}"]


def test_a_narrow_screen_has_a_menu(served: Served, visit: Visit) -> None:
    tab = new_tab(visit(viewport=SIZES["narrow"]), served.url).open()
    link = tab.at(".side a[href='#/board/Project']")
    expect(link).not_to_be_visible()

    tab.at(".top-bar [aria-expanded]").click()
    link.click()

    expect(tab.at("h1")).to_contain_text("Project", timeout=PATIENCE)
    expect(link).not_to_be_visible()


@pytest.mark.parametrize(("locale", "word"), [("ko-KR", "보드"), ("en-US", "Board")])
def test_the_language_is_the_browsers(served: Served, visit: Visit, locale: str, word: str) -> None:
    tab = new_tab(visit(locale=locale), served.url).open()

    sees(tab.at("[data-view=board]"), word)
    assert tab.at("html").get_attribute("lang") == locale[:2]


def test_language_and_theme_can_be_chosen_and_stay(tab: Tab) -> None:
    tab.open()
    tab.at("[data-setting=language]").select_option("ko")
    tab.at("[data-setting=theme]").select_option("dark")
    sees(tab.at("[data-view=board]"), "보드")

    tab.page.reload()

    sees(tab.at("[data-view=board]"), "보드")
    assert tab.at("html").get_attribute("data-theme") == "dark"


def test_a_conflict_in_korean(served: Served, visit: Visit) -> None:
    tab = new_tab(visit(locale="ko-KR"), served.url).open_entity(TASK)
    served.update(TASK, "status=doing")
    tab.choose("priority", "low")
    tab.save()
    tab.conflict()

    sees(tab.dialog, "읽은 뒤에")
    sees(tab.dialog.locator("[data-changes]"), "명령줄")
    sees(tab.at("[data-action=merge]"), "합쳐서 저장")


def test_every_word_is_there_in_both_languages() -> None:
    text = (DASHBOARD / "words.js").read_text(encoding="utf-8")
    words = dict(re.findall(r'^  (\w+): \["(?:[^"\\]|\\.)+", "((?:[^"\\]|\\.)+)"\],$', text, re.M))
    used = {
        key
        for path in DASHBOARD.rglob("*.js")
        if path.parent.name != "vendor"
        for key in re.findall(r'\bt\("(\w+)"', path.read_text(encoding="utf-8"))
    }

    assert used - set(words) == set()
    assert all(value.strip() for value in words.values())


MARKUP = '<img src=x onerror=\\"window.hit=1\\"><script>window.hit=1</script> & <b>굵게</b>'


def test_markup_in_names_and_values_stays_text(tab: Tab, served: Served) -> None:
    served.edit("규칙 B·C 구현: 동시 수정 방지와 변경 기록", "이름")
    text = served.task.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^entity_name: .*$", lambda _one: f'entity_name: "{MARKUP}"', text)
    text = re.sub(r"(?m)^assignee: .*$", lambda _one: f'assignee: "{MARKUP}"', text)
    served.task.write_text(text, encoding="utf-8")
    shown = MARKUP.replace("\\", "")
    for place, selector in (
        ("#/board/Task", f".card[data-entity-id='{TASK}'] .card-name"),
        ("#/table/Task", f".table-row[data-entity-id='{TASK}'] [role=rowheader]"),
        ("#/calendar/Task?month=2026-01", f".calendar [data-entity-id='{TASK}'] .event-name"),
    ):
        tab.open(place)
        sees(tab.at(selector).first, shown)
    tab.open_entity(TASK)
    expect(tab.field("entity_name")).to_have_value(shown)
    served.update(TASK, "status=doing")
    tab.choose("priority", "low")
    tab.save()
    sees(tab.conflict(), shown)

    assert tab.page.evaluate("() => window.hit") is None


def test_scripts_in_a_body_do_nothing(tab: Tab, served: Served) -> None:
    harmful = (
        "<script>window.hit=1</script><img src=x onerror='window.hit=1'>\n\n"
        "[a](javascript:window.hit=1) <a href='javascript:window.hit=1'>b</a>\n\n"
        "<svg onload='window.hit=1'></svg><iframe src='/docs'></iframe>\n\n"
        "<form action='/sign-in'><input name=token></form> <style>*{display:none}</style>\n\n"
        "![picture](https://elsewhere.example/x.png) [[rules B and C|a link]]\n\n# Title\n"
    )
    served.task.write_text(served.task.read_text(encoding="utf-8") + harmful, encoding="utf-8")
    asked: list[str] = []
    tab.page.on("request", lambda one: asked.append(one.url))
    tab.open_entity(TASK)
    body = tab.at(".markdown")
    sees(body, "Title")

    assert tab.page.evaluate("() => window.hit") is None
    for selector in ("script", "img", "svg", "iframe", "form", "style", "[href^=javascript]"):
        expect(body.locator(selector)).to_have_count(0)
    assert [url for url in asked if not url.startswith(served.url)] == []
    body.get_by_text("a link").click()
    expect(tab.at("form.entity")).to_be_visible(timeout=PATIENCE)


def test_the_policy_blocks_what_is_injected(tab: Tab) -> None:
    tab.open()
    blocked: list[str] = []
    tab.page.on("console", lambda one: blocked.append(one.text) if one.type == "error" else None)

    tab.page.evaluate(
        """() => {
          const inline = document.createElement('script');
          inline.textContent = 'window.hit = 1';
          document.body.append(inline);
          const other = document.createElement('script');
          other.src = 'https://elsewhere.example/x.js';
          document.body.append(other);
          const bait = '<b onclick="window.hit = 1" id=bait>x</b>';
          document.body.insertAdjacentHTML('beforeend', bait);
          document.getElementById('bait').click();
        }"""
    )

    tab.page.wait_for_function("() => true")
    assert tab.page.evaluate("() => window.hit") is None
    assert len([text for text in blocked if "Content Security Policy" in text]) >= 3


def test_nothing_is_loaded_from_elsewhere_or_breaks_the_policy(tab: Tab) -> None:
    asked: list[str] = []
    said: list[str] = []
    tab.page.on("request", lambda one: asked.append(one.url))
    tab.page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    for place, shown in VIEWS.values():
        tab.page.goto(f"{tab.url}/{place}")
        if shown != "[data-run]":
            tab.at(shown).first.wait_for()

    assert [url for url in asked if not url.startswith(tab.url)] == []
    assert [text for text in said if "Content Security Policy" in text] == []
