"""Somebody who has a keyboard and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.dashboard.browser import PATIENCE, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST = 150  # presses of Tab until somebody gives up
POINTERS = "addEventListener('pointerdown', () => { window.pointers = true; }, true);"
IS_AT = "(selector) => !!document.activeElement && document.activeElement.matches(selector)"
IS_WITHIN = "(selector) => !!document.activeElement && !!document.activeElement.closest(selector)"
# What has the focus is seen to have it: it, or what is around it, has an outline, on the screen.
UNSEEN = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const box = node.getBoundingClientRect();
  const name = node.outerHTML.slice(0, 160);
  if (!box.width || !box.height) return `nothing to see of ${name}`;
  if (box.right < 0 || box.bottom < 0 || box.left > innerWidth || box.top > innerHeight) {
    return `outside of the screen: ${name}`;
  }
  for (let one = node, up = 0; one && up < 4; one = one.parentElement, up++) {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) return null;
  }
  return `no outline: ${name}`;
}"""


@dataclass
class Hands:
    """A tab that is used by keys alone."""

    tab: Tab

    def __post_init__(self) -> None:
        self.page.context.add_init_script(POINTERS)

    @property
    def page(self) -> Page:
        return self.tab.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def reach(self, selector: str, *, back: bool = False) -> None:
        """Press Tab until something has the focus; each stop on the way can be seen."""
        way = []
        for _ in range(MOST):
            self.press("Shift+Tab" if back else "Tab")
            unseen = self.page.evaluate(UNSEEN)
            assert unseen is None, unseen
            if self.page.evaluate(IS_AT, selector):
                return
            way.append(self.where())
        raise AssertionError(f"no way to {selector} by Tab, only over\n" + "\n".join(way))

    def where(self) -> str:
        """What has the focus."""
        return str(self.page.evaluate("() => document.activeElement?.outerHTML.slice(0, 120)"))

    def is_at(self, selector: str) -> None:
        """Wait until it has the focus."""
        self.page.wait_for_function(IS_AT, arg=selector, timeout=PATIENCE)

    def is_within(self, selector: str) -> None:
        """Wait until something in it has the focus."""
        self.page.wait_for_function(IS_WITHIN, arg=selector, timeout=PATIENCE)

    def used_no_mouse(self) -> bool:
        return not self.page.evaluate("() => window.pointers")
