"""What vaults are like at their worst: empty, broken, huge, and full of what nobody foresaw."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.dashboard.browser import PATIENCE, Tab, new_tab, sees
from tests.dashboard.serving import fill

if TYPE_CHECKING:
    from tests.dashboard.conftest import Visit
    from tests.dashboard.serving import Served

TASK = "tsk-019-14"
SCHEMA = "00_Meta/schema_constants.yaml"
MANY = 10_000


def test_an_empty_vault_says_how_to_begin(vault: Served, visit: Visit) -> None:
    for one in vault.root.iterdir():
        if one.name not in ("00_Meta", ".loop"):
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    vault.start()
    tab = new_tab(visit(), vault.url).open()

    sees(tab.at("main"), "No Task yet")
    tab.open("#/table/Project")
    sees(tab.at("main"), "No Project yet")
    tab.open("#/calendar/Task")
    sees(tab.at("main"), "No Task yet")
    tab.open("#/activity")
    sees(tab.at("main"), "No records yet")
    assert tab.complaints == []


def test_a_schema_that_does_not_parse_is_named_and_can_be_mended(
    served: Served, visit: Visit
) -> None:
    good = (served.root / SCHEMA).read_text(encoding="utf-8")
    (served.root / SCHEMA).write_text("entity_types: [a\n", encoding="utf-8")
    tab = new_tab(visit(), served.url)
    tab.page.goto(served.url)

    sees(tab.at(".problem"), "00_Meta/schema_constants.yaml:1")
    (served.root / SCHEMA).write_text(good, encoding="utf-8")

    expect(tab.card(TASK)).to_be_visible(timeout=PATIENCE)
    assert tab.complaints == []


def test_a_vault_that_is_gone_is_named_and_comes_back(served: Served, visit: Visit) -> None:
    tab = new_tab(visit(), served.url).open()
    tab.card(TASK).wait_for()
    away = served.root.with_name("away")
    served.root.rename(away)
    tab.page.reload()

    sees(tab.at(".problem"), str(served.root))
    away.rename(served.root)

    expect(tab.card(TASK)).to_be_visible(timeout=PATIENCE)
    assert tab.complaints == []


def test_ten_thousand_are_shown_a_window_at_a_time(vault: Served, visit: Visit) -> None:
    fill(vault.root, MANY)
    vault.start()
    tab = new_tab(visit(), vault.url).open()
    tab.at(".card").first.wait_for()
    sees(tab.at("h1"), "10008")
    assert tab.at(".card").count() < 200
    tab.open("#/table/Task?sort=-due")
    expect(tab.at(".table")).to_have_attribute("aria-rowcount", "10009", timeout=PATIENCE)
    assert tab.at(".table-row").count() < 100

    last = f"할 일 {MANY - 1}"
    tab.at("[data-filter=q]").fill(last)
    sees(tab.at(".table-body .table-row").first, last)
    tab.open("#/calendar/Task?month=2026-03")
    tab.at(".calendar .ec-event").first.wait_for()
    assert tab.complaints == []


def test_the_end_of_a_long_list_is_reached(vault: Served, visit: Visit) -> None:
    fill(vault.root, 300)
    vault.start()
    tab = new_tab(visit(), vault.url).open("#/table/Task?sort=entity_name")
    tab.at(".table-body .table-row").first.wait_for()

    tab.at(".table").evaluate("(node) => { node.scrollTop = node.scrollHeight; }")

    sees(tab.at("[aria-rowindex='309']"), "할 일 299")


def test_a_name_of_300_characters_fits(served: Served, visit: Visit) -> None:
    name = "가나다라마바사 " * 37 + "끝"
    served.edit("entity_name: ", f"entity_name: {name} #")
    context = visit(viewport={"width": 400, "height": 800})
    tab = new_tab(context, served.url).open()
    card = tab.card(TASK)
    sees(card, "가나다라마바사")

    box = card.bounding_box()
    assert box is not None
    assert box["height"] <= 100
    tab.open_entity(TASK)
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= 400
    expect(tab.at("[data-action=save]")).to_be_in_viewport()


STRANGE = """\
status: 모름
due: 2026-01-09 10:00
estimated_hours: 열여섯
nested:
  deep: {list: [1, two, null]}
mixed: [1, {a: b}, "c, d"]
flag: true
number: 1.5
long: |
  first
  second
"""


def test_fields_that_nobody_foresaw_are_shown_and_kept(tab: Tab, served: Served) -> None:
    text = served.task.read_text(encoding="utf-8")
    lines = [
        line
        for line in text.splitlines(keepends=True)
        if not line.startswith(("status:", "due:", "estimated_hours:"))
    ]
    lines.insert(1, STRANGE)
    served.task.write_text("".join(lines), encoding="utf-8")
    before = served.fields()
    tab.open()
    sees(tab.column("모름"), "규칙 B·C 구현")
    tab.open("#/table/Task?columns=status,nested,mixed,due")
    sees(tab.row(TASK), "모름")
    tab.open_entity(TASK)

    expect(tab.field("status")).to_have_value("모름")
    expect(tab.field("due")).to_have_value("2026-01-09 10:00")
    expect(tab.field("estimated_hours")).to_have_value("열여섯")
    sees(tab.field("nested"), "deep")
    tab.choose("priority", "low")
    tab.save()
    tab.saved()

    after = served.fields()
    assert {**after, "priority": "", "updated": ""} == {**before, "priority": "", "updated": ""}


def test_two_files_with_one_id_are_never_guessed_between(tab: Tab, served: Served) -> None:
    (served.task.parent / "copy.md").write_bytes(served.task.read_bytes())
    tab.open()
    expect(tab.card(TASK)).to_have_count(2, timeout=PATIENCE)

    tab.page.goto(f"{tab.url}/#/task/{TASK}")
    sees(tab.at("main"), "copy.md")
    tab.at("main a").filter(has_text="copy.md").click()
    tab.choose("priority", "low")
    tab.save()
    tab.saved()

    assert "priority: low" in (served.task.parent / "copy.md").read_text(encoding="utf-8")
    assert "priority: high" in served.task.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["", "notes"])
def test_any_folder_of_notes(vault: Served, visit: Visit, folder: str) -> None:
    """No schema of ours: the page shows what there is."""
    shutil.rmtree(vault.root)
    (vault.root / ".obsidian").mkdir(parents=True)
    place = vault.root / folder
    place.mkdir(exist_ok=True)
    (place / "one.md").write_text("---\ntitle: One\nstatus: draft\n---\n\nText\n", encoding="utf-8")
    vault.start()
    tab = new_tab(visit(), vault.url).open()

    expect(tab.at("main")).to_be_visible()
    assert tab.complaints == []
