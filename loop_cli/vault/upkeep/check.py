"""`loop check` of a vault in a folder: its files, and the state around them."""

from __future__ import annotations

from loop_cli.core.check.finding import Finding, order
from loop_cli.core.check.report import Scope
from loop_cli.planning.check_walk import Walk, against_unread, walked
from loop_cli.vault import VaultLayout
from loop_cli.vault.files import reading as files
from loop_cli.vault.upkeep import check_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.check.report import Checked
    from loop_cli.core.schema.rules import Rules
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.index.locate import Locator


def check(vault: Vault, wanted: Scope) -> Checked:
    """Check the whole vault, and list the findings that are `wanted`.

    Raises `EntityNotFound` for an unknown name, and the errors of the schema.
    """
    walk = _walk(vault.layout, vault.locator(), vault.rules, wanted)
    walk.findings += against_unread(vault.locator().unread)
    state = check_state.look(vault, walk.register)
    return walk.result(state, check_state.passed(vault))


def judge(root: str, locator: Locator, rules: Rules) -> tuple[Finding, ...]:
    """Check the files of a folder by rules that are not in use there yet."""
    return tuple(sorted(_walk(VaultLayout(root), locator, rules, Scope()).findings, key=order))


def _walk(layout: VaultLayout, locator: Locator, rules: Rules, wanted: Scope) -> Walk:
    def read(path: str) -> bytes:
        return files.read_stable(files.inside(layout.root, path), path)[0]

    return walked(locator.paths(), read, rules, wanted, schema=layout.schema)
