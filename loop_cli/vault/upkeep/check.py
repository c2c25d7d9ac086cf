"""`loop check` of a vault in a folder: its files, and the state around them."""

from __future__ import annotations

from loop_cli.core.check.finding import Finding, order
from loop_cli.core.check.report import Checked, Scope
from loop_cli.planning.check_walk import Walk, walked
from loop_cli.planning.check_wanted import selection
from loop_cli.vault import VaultLayout
from loop_cli.vault.files import reading as files
from loop_cli.vault.upkeep import check_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from loop_cli.core.schema.rules import Rules
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.index.locate import Locator


def check(vault: Vault, wanted: Scope) -> Checked:
    """Check the whole vault, and list the findings that are `wanted`.

    Raises `EntityNotFound` for an unknown name, and the errors of the schema.
    """
    walk = _walk(vault.layout, vault.locator(), vault.rules, wanted)
    state = check_state.look(vault, walk.register)
    walk.findings += state.findings
    admits = selection(wanted, walk.register, walk.types, walk.findings)
    findings = [one for one in walk.findings if admits(one.path, one.entity_type)]
    fixable = {one.path for one in findings if one.found.repair}
    mends = {one.path for one in findings if one.found.mends}
    count, entities = walk.counts(admits)
    return Checked(
        files=count,
        entities=entities,
        findings=tuple(sorted(findings, key=order)),
        etags={path: walk.etags[path] for path in fixable},
        mended={path: change for path, change in state.changes.items() if path in mends},
        passed=check_state.passed(vault),
    )


def judge(root: str, locator: Locator, rules: Rules) -> tuple[Finding, ...]:
    """Check the files of a folder by rules that are not in use there yet."""
    return tuple(sorted(_walk(VaultLayout(root), locator, rules, Scope()).findings, key=order))


def _walk(layout: VaultLayout, locator: Locator, rules: Rules, wanted: Scope) -> Walk:
    def read(path: str) -> bytes:
        return files.read_stable(files.inside(layout.root, path), path)[0]

    return walked(locator.paths(), read, rules, wanted, schema=layout.schema)
