"""The sample vault is valid under the default schema and shows what it promises."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frontmatter
import pytest
import yaml
import yaml12

PACKAGE = Path(__file__).parents[1] / "loop_cli"
VAULT = PACKAGE / "demo" / "vault"
SCHEMA_TEXT = (PACKAGE / "core" / "default_schema.yaml").read_text(encoding="utf-8")
SCHEMA: dict[str, Any] = yaml.safe_load(SCHEMA_TEXT)
FRONTMATTER = re.compile(r"---\r?\n(.*?\n)---\r?\n(.*)", re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """One entity file of the sample vault, read twice."""

    path: Path
    raw: bytes
    yaml_text: str
    body: str
    fields: dict[str, Any]  # YAML 1.2, as loop and Obsidian read it
    old_fields: dict[str, Any]  # YAML 1.1, as python-frontmatter reads it

    @property
    def id(self) -> str:
        return str(self.fields["entity_id"])

    @property
    def type(self) -> str:
        return str(self.fields["entity_type"])


def read_sample(path: Path) -> Sample:
    raw = path.read_bytes()
    text = raw.decode("utf-8")
    match = FRONTMATTER.fullmatch(text)
    assert match, f"{path} has no frontmatter"
    fields: Any = yaml12.parse_yaml(match[1])
    return Sample(
        path=path,
        raw=raw,
        yaml_text=match[1],
        body=match[2],
        fields=fields,
        old_fields=frontmatter.loads(text).metadata,
    )


def entity_paths() -> list[Path]:
    excluded = tuple(VAULT / folder for folder in SCHEMA["paths"]["exclude"])
    return [
        path
        for path in sorted(VAULT.rglob("*.md"))
        if path.name not in SCHEMA["paths"]["exclude_files"]
        and not any(path.is_relative_to(folder) for folder in excluded)
    ]


SAMPLES = [read_sample(path) for path in entity_paths()]
BY_ID = {sample.id: sample for sample in SAMPLES}
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)


def as_new_reader(value: Any) -> Any:
    """What YAML 1.1 read, with its dates turned back into text."""
    if isinstance(value, dict):
        return {key: as_new_reader(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_new_reader(item) for item in value]
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    return value


def holds(condition: str, fields: dict[str, Any]) -> bool:
    """Whether `field = value` or `field in [a, b]` is true of the fields."""
    name, operator, allowed = condition.split(" ", 2)
    assert operator in {"=", "in"}
    return fields.get(name) in [item.strip() for item in allowed.strip("[]").split(",")]


def allowed_values(entity_type: str) -> dict[str, list[str]]:
    """The enumeration of each field of a type."""
    kinds = {
        "NorthStar": {"status": SCHEMA["northstar"]["status"]},
        "Program": {"status": ["doing"], "program_type": SCHEMA["program_types"]},
        "Project": {
            "status": SCHEMA["project"]["status"],
            "project_kind": SCHEMA["project_kind"]["values"],
            "tier": SCHEMA["impact"]["tiers"],
            "impact_magnitude": SCHEMA["impact"]["magnitudes"],
        },
        "Task": {
            "status": SCHEMA["task"]["status"],
            "type": SCHEMA["task"]["types"],
            "target_project": SCHEMA["task"]["target_projects"],
            "priority": SCHEMA["priority"]["values"],
        },
        "Hypothesis": {"hypothesis_kind": SCHEMA["hypothesis_kind"]["values"]},
        "Experiment": {"outcome": [*SCHEMA["experiment"]["outcome"], None]},
        "Retrospective": {"verdict": SCHEMA["retrospective"]["verdict"]},
    }
    everywhere = {
        "evidence_status": SCHEMA["hypothesis"]["evidence_status"],
        "risk_level": SCHEMA["risk_level"]["values"],
        "priority_flag": SCHEMA["priority"]["values"],
    }
    rules = SCHEMA["validation_rules"]["format_rules"].get(entity_type, {})
    listed = {
        name: [item.strip() for item in match[1].split(",")]
        for name, rule in rules.items()
        if (match := re.search(r"one of \[(.*)\]", rule))
    }
    return {**everywhere, **kinds.get(entity_type, {}), **listed}


class TestSchema:
    def test_reads_the_same_in_both_dialects(self) -> None:
        assert yaml12.parse_yaml(SCHEMA_TEXT) == SCHEMA

    def test_is_short(self) -> None:
        assert len(SCHEMA_TEXT.splitlines()) < 250

    @pytest.mark.parametrize("section", ["required_fields", "known_fields"])
    def test_lists_every_type(self, section: str) -> None:
        assert set(SCHEMA[section]) == {"all", *SCHEMA["entity_types"]}

    def test_has_a_location_for_every_type(self) -> None:
        assert set(SCHEMA["file_locations"]) == set(SCHEMA["entity_types"])

    @pytest.mark.parametrize("entity_type", SCHEMA["entity_types"])
    def test_required_and_writable_fields_are_known(self, entity_type: str) -> None:
        known = {*SCHEMA["known_fields"]["all"], *SCHEMA["known_fields"][entity_type]}
        writable = SCHEMA["write_targets"]["writable_fields"].get(entity_type, [])
        assert known.issuperset(SCHEMA["required_fields"][entity_type])
        assert known.issuperset(writable)
        assert not {"entity_id", "entity_type", "created", "updated"} & set(writable)

    def test_every_id_pattern_is_anchored_and_compiles(self) -> None:
        for prefix, pattern in SCHEMA["id_patterns"].items():
            re.compile(pattern)
            assert pattern.startswith(f"^{prefix}-") and pattern.endswith("$")

    @pytest.mark.parametrize("section", ["task", "project"])
    def test_every_status_has_a_label_and_a_colour(self, section: str) -> None:
        part = SCHEMA[section]
        assert part["status_default"] in part["status"]
        assert list(part["status_labels"]) == list(part["status_colors"]) == part["status"]

    @pytest.mark.parametrize("section", ["priority", "project_kind", "hypothesis_kind"])
    def test_every_value_has_a_label_and_a_colour(self, section: str) -> None:
        part = SCHEMA[section]
        assert part["default"] in part["values"]
        assert list(part["labels"]) == list(part["colors"]) == part["values"]


class TestVault:
    def test_size(self) -> None:
        assert 18 <= len(SAMPLES) <= 24

    def test_ids_are_unique(self) -> None:
        assert len(BY_ID) == len(SAMPLES)

    def test_aliases_lead_to_one_entity(self) -> None:
        aliases = [alias for sample in SAMPLES for alias in sample.fields.get("aliases", [])]
        assert len(aliases) == len(set(aliases))
        assert not set(aliases) & set(BY_ID)

    def test_covers_the_types(self) -> None:
        missing = set(SCHEMA["entity_types"]) - {sample.type for sample in SAMPLES}
        assert missing == {"Candidate", "TaskExecDetail"}

    def test_some_ids_are_near_each_other(self) -> None:
        assert {"tsk-019-13", "tsk-019-14"} <= set(BY_ID)

    def test_brings_no_schema(self) -> None:
        assert not (VAULT / "00_Meta" / "schema_constants.yaml").exists()

    def test_has_members_that_are_roles(self) -> None:
        text = (VAULT / "00_Meta" / "members.yaml").read_text(encoding="utf-8")
        members = yaml.safe_load(text)["members"]
        assert yaml12.parse_yaml(text) == {"members": members}
        assert members["root"] == "관리자"
        assert all(isinstance(name, str) for name in members.values())

    def test_has_a_template_and_a_plain_note(self) -> None:
        template = VAULT / "00_Meta" / "_TEMPLATES" / "template_task.md"
        assert "created: {{DATE}}" in template.read_text(encoding="utf-8")
        assert not (VAULT / "README.md").read_text(encoding="utf-8").startswith("---")

    def test_names_are_composed(self) -> None:
        for path in VAULT.rglob("*"):
            assert unicodedata.is_normalized("NFC", str(path.relative_to(VAULT)))

    def test_every_address_is_an_example(self) -> None:
        for path in filter(Path.is_file, VAULT.rglob("*")):
            hosts = re.findall(rb"\w+://([^/\s]*)", path.read_bytes())
            assert set(hosts) <= {b"example.com"}, path

    def test_people_are_teams(self) -> None:
        owners = {sample.fields.get("owner", sample.fields.get("assignee")) for sample in SAMPLES}
        assert owners <= {"개발팀", "디자인팀", "ops", "founders", None}


class TestValid:
    @each_sample
    def test_id_matches_its_pattern(self, sample: Sample) -> None:
        prefix = sample.id.split("-")[0]
        assert re.fullmatch(SCHEMA["id_patterns"][prefix], sample.id)

    @each_sample
    def test_required_fields_are_there(self, sample: Sample) -> None:
        required = SCHEMA["required_fields"]
        for name in [*required["all"], *required[sample.type]]:
            assert sample.fields.get(name) not in (None, "", []), name

    @each_sample
    def test_all_fields_are_known(self, sample: Sample) -> None:
        known = SCHEMA["known_fields"]
        assert set(sample.fields) <= {*known["all"], *known[sample.type]}

    @each_sample
    def test_no_field_is_forbidden_or_derived(self, sample: Sample) -> None:
        rules = SCHEMA["validation_rules"]
        banned = {
            *rules["forbidden"].get(sample.type, []),
            *rules["derived_fields"].get(sample.type, []),
        }
        assert not banned & set(sample.fields)

    @each_sample
    def test_enumerations(self, sample: Sample) -> None:
        for name, allowed in allowed_values(sample.type).items():
            if name in sample.fields:
                assert sample.fields[name] in allowed, name
        assert set(sample.fields.get("conditions_3y", [])) <= set(SCHEMA["condition_ids"])

    @each_sample
    def test_conditional_fields_are_there(self, sample: Sample) -> None:
        for rule in SCHEMA["validation_rules"]["conditional_required"].get(sample.type, []):
            if holds(rule["when"], sample.fields):
                assert sample.fields.get(rule["field"]), rule

    @each_sample
    def test_parent_is_of_the_right_type(self, sample: Sample) -> None:
        wanted = SCHEMA["validation_rules"]["parent_references"].get(sample.type)
        if wanted:
            assert BY_ID[sample.fields["parent_id"]].type == wanted
        else:
            assert sample.fields.get("parent_id") is None

    @each_sample
    def test_references_exist(self, sample: Sample) -> None:
        single = [
            "project_id",
            "project",
            "program_id",
            "primary_hypothesis_id",
            "hypothesis_id",
            "source_project",
            "default_track_id",
        ]
        several = [
            "conditions_3y",
            "default_conditions_3y",
            "validates",
            "validated_hypotheses",
            "falsified_hypotheses",
        ]
        wanted = {sample.fields[name] for name in single if name in sample.fields}
        wanted.update(*(sample.fields.get(name, []) for name in several))
        assert wanted <= set(BY_ID)

    @each_sample
    def test_question_ends_with_a_question_mark(self, sample: Sample) -> None:
        if sample.type == "Hypothesis":
            assert sample.fields["hypothesis_question"].endswith("?")

    @each_sample
    def test_lies_where_the_schema_puts_its_type(self, sample: Sample) -> None:
        location = SCHEMA["file_locations"][sample.type]
        folders = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(location)).replace(r"\.\.\.", ".+")
        assert re.match(folders, sample.path.relative_to(VAULT).as_posix())

    @each_sample
    def test_dialects_agree_apart_from_dates(self, sample: Sample) -> None:
        # repr tells 1 from 1.0 and from True, which == does not
        assert repr(as_new_reader(sample.old_fields)) == repr(sample.fields)

    @each_sample
    def test_numbers_are_numbers(self, sample: Sample) -> None:
        for name in ("estimated_hours", "actual_hours", "confidence", "normalized_delta"):
            assert isinstance(sample.fields.get(name), int | float | None)


class TestShows:
    @pytest.mark.parametrize("quote", ["", "'", '"'])
    def test_date_style(self, quote: str) -> None:
        style = re.compile(rf"^\w+: {quote}\d{{4}}-\d\d-\d\d{quote}\s*(#.*)?$", re.MULTILINE)
        assert sum(bool(style.search(sample.yaml_text)) for sample in SAMPLES) >= 2

    def test_one_file_has_crlf_throughout(self) -> None:
        crlf = [sample for sample in SAMPLES if b"\r" in sample.raw]
        assert [sample.id for sample in crlf] == ["tsk-019-07"]
        assert crlf[0].raw.count(b"\r\n") == crlf[0].raw.count(b"\n") > 0

    def test_one_file_has_no_final_newline(self) -> None:
        bare = [sample.id for sample in SAMPLES if not sample.raw.endswith(b"\n")]
        assert bare == ["tsk-020-01"]

    def test_every_file_is_named_by_rule(self) -> None:
        by_rule = {"project.md", "_PROGRAM.md"}
        assert [s.id for s in SAMPLES if s.path.stem != s.id and s.path.name not in by_rule] == []

    @pytest.mark.parametrize(
        ("what", "pattern"),
        [
            ("own-line comment in Korean", r"^#.*[가-힣]"),
            ("own-line comment in English", r"^# [ -~]+$"),
            ("end-of-line comment in Korean", r"^\w.*\S\s+#.*[가-힣]"),
            ("end-of-line comment in English", r"^\w.*\S\s+# [ -~]+$"),
            ("literal block", r"^\w+: \|$"),
            ("literal block, stripped", r"^\w+: \|-$"),
            ("folded block", r"^\w+: >$"),
            ("folded block, stripped", r"^\w+: >-$"),
            ("block list, not indented", r"^\w+:\n- "),
            ("block list, indented by two", r"^\w+:\n  - "),
            ("block list, indented by four", r"^\w+:\n    - "),
            ("flow list", r"^\w+: \[[^\]\n]+, "),
            ("empty list", r"^\w+: \[\]$"),
            ("block mapping", r"^expected_impact:\n  statement: "),
            ("flow mapping", r"^expected_impact: \{statement: "),
            ("null", r"^\w+: null$"),
            ("time, quoted", r"^start_time: '10:30'"),
            ("timestamp as loop writes it", r'^updated: "\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z"$'),
            ("Korean alias", r"^aliases:( \[|\n *- ).*[가-힣]"),
            ("blank line", r"^$\n\S"),
        ],
    )
    def test_style(self, what: str, pattern: str) -> None:
        texts = [sample.yaml_text.replace("\r\n", "\n") for sample in SAMPLES]
        assert any(re.search(pattern, text, re.MULTILINE) for text in texts), what


class TestScenario:
    def test_project(self) -> None:
        project = BY_ID["prj-019"]
        assert "SSOT 규칙" in project.fields["entity_name"]
        assert project.path.name == "project.md"
        assert set(project.fields["expected_impact"]) == {"statement", "metric", "target"}

    def test_task(self) -> None:
        task = BY_ID["tsk-019-14"]
        wanted = {
            "status": "todo",
            "priority": "high",
            "type": "dev",
            "assignee": "개발팀",
            "estimated_hours": 16,
            "actual_hours": None,
            "project_id": "prj-019",
            "parent_id": "prj-019",
        }
        assert {name: task.fields[name] for name in wanted} == wanted
        assert task.fields["due"] and task.fields["tags"]

    def test_task_body_has_a_table_and_a_checklist(self) -> None:
        body = BY_ID["tsk-019-14"].body
        assert 30 <= len(body.splitlines()) <= 50
        assert "|---|" in body and "- [ ] " in body
        for word in ("expected_updated_at", "run_id", "actor", "source", "diff"):
            assert word in body

    def test_its_project_has_other_tasks(self) -> None:
        tasks = {sample.id for sample in SAMPLES if sample.fields.get("project_id") == "prj-019"}
        assert {"tsk-019-01", "tsk-019-07", "tsk-019-14"} <= tasks

    @each_sample
    def test_other_bodies_are_short(self, sample: Sample) -> None:
        if sample.id != "tsk-019-14":
            assert 2 <= len(sample.body.strip().splitlines()) <= 15
