"""What `check` finds in a real vault, against counts made by other means: PyYAML,
python-frontmatter and a few lines that know nothing of loop."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import frontmatter
import pytest
import yaml
import yaml12

from loop_cli.core.check.report import Scope
from loop_cli.core.entity import FieldNames
from loop_cli.operations import repair
from loop_cli.vault.store import VaultStore
from loop_cli.vault.upkeep import check

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.core.check.report import Checked
    from loop_cli.core.records.record import Origin
    from tests.conftest import Clock

pytestmark = pytest.mark.corpus


class Plain:
    """The vault as PyYAML reads it."""

    def __init__(self, root: Path) -> None:
        path = root / "00_Meta" / "schema_constants.yaml"
        self.schema: dict[str, Any] = yaml.safe_load(path.read_text())
        self.entities: dict[str, dict[str, Any]] = {}
        self.broken: list[str] = []
        for one in sorted(root.rglob("*.md")):
            relative = one.relative_to(root).as_posix()
            if relative.startswith("00_Meta/") or one.name in self.schema["paths"]["exclude_files"]:
                continue
            try:
                fields = frontmatter.loads(one.read_text()).metadata
            except yaml.YAMLError:
                self.broken.append(relative)
                continue
            if "entity_id" in fields and "entity_type" in fields:
                self.entities[relative] = fields

    @property
    def real(self) -> list[tuple[str, dict[str, Any]]]:
        """Without the templates."""
        return [one for one in self.entities.items() if "{" not in one[1]["entity_id"]]

    def known(self, entity_type: str) -> set[str]:
        table = self.schema["known_fields"]
        return {*table["all"], *table.get(entity_type, ())}


@pytest.fixture
def store(corpus: Path, clock: Clock) -> VaultStore:
    return VaultStore(str(corpus), names=FieldNames(), clock=clock)


@pytest.fixture
def found(store: VaultStore) -> Checked:
    return check.check(store.handle, Scope())


@pytest.fixture
def plain(corpus: Path) -> Plain:
    return Plain(corpus)


def count(found: Checked, rule: str) -> int:
    return sum(one.found.rule == rule for one in found.findings)


def places(found: Checked, rule: str) -> Counter[str]:
    return Counter(one.path for one in found.findings if one.found.rule == rule)


def test_entities_and_templates(found: Checked, plain: Plain) -> None:
    assert found.entities == len(plain.entities) > 300
    templates = Counter(path for path in plain.entities if path not in dict(plain.real))
    assert places(found, "template") == templates


def test_files_that_can_not_be_read(found: Checked, plain: Plain) -> None:
    assert sorted(places(found, "unreadable")) == sorted(plain.broken)
    assert len(plain.broken) == 2


def test_unknown_fields(found: Checked, plain: Plain) -> None:
    types = plain.schema["entity_types"]
    wanted = Counter(
        {
            path: len(fields.keys() - plain.known(fields["entity_type"]))
            for path, fields in plain.real
            if fields["entity_type"] in types
        }
    )
    assert places(found, "unknown-field") == +wanted


def test_unknown_types(found: Checked, plain: Plain) -> None:
    types = plain.schema["entity_types"]
    wanted = sum(fields["entity_type"] not in types for _path, fields in plain.real)
    assert count(found, "unknown-type") == wanted > 0


def test_required_fields(found: Checked, plain: Plain) -> None:
    table = plain.schema["required_fields"]
    wanted = 0
    for _path, fields in plain.real:
        names = {*table["all"], *table.get(fields["entity_type"], ())}
        wanted += sum(fields.get(name) in (None, "") for name in names)
    empty = [path for path, fields in plain.real if fields.get("conditions_3y") == []]
    projects = [path for path in empty if plain.entities[path]["entity_type"] == "Project"]
    assert count(found, "missing-field") == wanted + len(projects) > 0


def test_conditional_fields(found: Checked, plain: Plain) -> None:
    tasks = [fields for _path, fields in plain.real if fields["entity_type"] == "Task"]
    closed = sum(one.get("status") == "done" and not one.get("closed") for one in tasks)
    target = sum(
        one.get("type") in ("dev", "bug") and not one.get("target_project") for one in tasks
    )
    projects = [fields for _path, fields in plain.real if fields["entity_type"] == "Project"]
    impact = sum(
        one.get("status") in ("done", "cancelled") and not one.get("realized_impact")
        for one in projects
    )
    assert count(found, "missing-conditional") == closed + target + impact > 100


def test_enumerations(found: Checked, plain: Plain) -> None:
    schema = plain.schema
    wanted: Counter[str] = Counter()
    for path, fields in plain.real:
        section = schema.get(fields["entity_type"].lower(), {})
        choices = {
            "status": section.get("status"),
            "evidence_status": section.get("evidence_status"),
            "outcome": section.get("outcome"),
            "type": section.get("types"),
            "target_project": section.get("target_projects"),
            "priority": schema["priority"]["values"],
            "priority_flag": schema["priority"]["values"],
            "project_kind": schema["project_kind"]["values"],
            "hypothesis_kind": schema["hypothesis_kind"]["values"],
        }
        for name, allowed in choices.items():
            known = name in plain.known(fields["entity_type"])
            value = fields.get(name)
            if allowed and known and value is not None and value not in allowed:
                wanted[path] += fields["entity_type"] in schema["entity_types"]
    assert places(found, "not-in-enumeration") == +wanted


def test_ids(found: Checked, plain: Plain) -> None:
    ids = Counter(fields["entity_id"] for _path, fields in plain.real)
    assert count(found, "duplicate-id") == sum(n for n in ids.values() if n > 1) == 2
    patterns = plain.schema["id_patterns"]
    prefixes = {"Task": "tsk", "Project": "prj", "Hypothesis": "hyp", "Track": "trk"}
    for entity_type, prefix in prefixes.items():
        wanted = [
            path
            for path, fields in plain.real
            if fields["entity_type"] == entity_type
            and not re.match(patterns[prefix], fields["entity_id"])
        ]
        reported = [
            one.path
            for one in found.findings
            if one.found.rule == "id-pattern" and one.entity_type == entity_type
        ]
        assert sorted(reported) == sorted(wanted)


def test_references_to_projects_and_hypotheses(found: Checked, plain: Plain) -> None:
    ids = {fields["entity_id"] for _path, fields in plain.real}
    aliases = {alias for _path, fields in plain.real for alias in fields.get("aliases") or ()}

    def targets(value: Any) -> list[Any]:
        return value if isinstance(value, list) else [value]

    for name in ("project_id", "program_id", "validates", "primary_hypothesis_id"):
        wanted = [
            path
            for path, fields in plain.real
            for target in targets(fields.get(name))
            if target and target not in ids | aliases
        ]
        reported = [
            one.path
            for one in found.findings
            if one.found.rule == "dangling-reference" and one.found.at[0] == name
        ]
        assert sorted(reported) == sorted(wanted)


def test_duplicate_keys(found: Checked, corpus: Path) -> None:
    wanted: Counter[str] = Counter()
    for path in corpus.rglob("*.md"):
        head = path.read_text().split("\n---", 1)[0]
        keys = Counter(re.findall(r"^([A-Za-z_]\w*):", head, re.MULTILINE))
        repeated = sum(n > 1 for n in keys.values())
        if repeated and head.startswith("---"):
            wanted[path.relative_to(corpus).as_posix()] = repeated
    assert places(found, "duplicate-key") == wanted


def test_dialects(found: Checked, plain: Plain, corpus: Path) -> None:
    """PyYAML and the YAML 1.2 parser side by side: what is no date differs nowhere here."""
    odd = []
    for path in plain.entities:
        head = re.match(r"---\n(.*?\n)---$", (corpus / path).read_text(), re.DOTALL | re.MULTILINE)
        assert head is not None
        older: Any = yaml.safe_load(head[1])
        newer: Any = yaml12.parse_yaml(head[1])
        for key, value in newer.items():
            if repr(older[key]) != repr(value) and "datetime" not in repr(older[key]):
                odd.append((path, key))
    assert odd == []
    assert count(found, "yaml-dialects") == 0


def test_file_names(found: Checked, plain: Plain) -> None:
    tasks = [
        path
        for path, fields in plain.real
        if fields["entity_type"] == "Task" and not path.endswith(f"/{fields['entity_id']}.md")
    ]
    assert sorted(places(found, "file-name")) == sorted(tasks)


def test_a_part_is_found_as_in_the_whole(store: VaultStore, found: Checked, plain: Plain) -> None:
    """Of what is not asked for only the names are looked at; nothing may be missed by that."""
    some = [fields["entity_id"] for path, fields in plain.real if count_of(found, path)][::25]
    for wanted in (
        Scope(names=("Hypothesis",)),
        Scope(paths=tuple(one.path for one in found.findings[::20])),
        *(Scope(names=(entity_id,)) for entity_id in some),
    ):
        part = check.check(store.handle, wanted)
        paths = {one.path for one in part.findings}
        assert paths
        assert part.findings == tuple(one for one in found.findings if one.path in paths)
        assert part.files == len(asked_for(wanted, plain))
        assert 0 < part.entities <= part.files < found.files


def asked_for(wanted: Scope, plain: Plain) -> set[str]:
    """The files in a scope."""
    called = {
        path
        for path, fields in plain.real
        if {fields["entity_type"], fields["entity_id"]} & {*wanted.names}
    }
    return called | {*wanted.paths}


def count_of(found: Checked, path: str) -> int:
    return sum(one.path == path for one in found.findings)


def test_all_that_can_be_repaired_is(
    store: VaultStore, found: Checked, origin: Origin, plain: Plain
) -> None:
    """Each finding with one right answer goes, and no other comes."""
    repairs = repair.apply(store, repair.preview(store, found, origin=origin), origin=origin)
    assert len(repairs) > 20
    assert all(one.done is not None and one.done.changed for one in repairs)
    after = check.check(store.handle, Scope())
    repaired = {one.change.path for one in repairs}
    left = Counter(
        (one.path, one.found.message)
        for one in found.findings
        # every change sets `updated`
        if not one.fixable and not (one.path in repaired and "updated: is req" in one.found.message)
    )
    assert Counter((one.path, one.found.message) for one in after.findings) == left
