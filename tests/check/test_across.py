"""The rules between entities, and rule A."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loop_cli.core.check import across
from loop_cli.core.check.across import Register
from loop_cli.core.check.places import misplaced, pattern_of, sync_copy
from loop_cli.core.schema.rules import Rules
from tests.check.conftest import subject

if TYPE_CHECKING:
    from loop_cli.core.check.finding import Subject

    Row = tuple[str, str, tuple[str | int, ...]]

TRACK = subject("Track", path="20_Strategy/2026/trk-1.md")
PROJECT = subject("Project", path="50_Projects/2026/a/project.md", conditions_3y=["trk-1"])


def find(rules: Rules, *subjects: Subject) -> list[Row]:
    """What is wrong between them: who, the rule, and where."""
    register = _register(rules, subjects)
    return [(who.id, one.rule, one.at) for who, one in register.findings()]


def places(rules: Rules, *subjects: Subject) -> list[tuple[str, str, Any]]:
    register = _register(rules, subjects)
    return [(who.id, one.rule, one.allowed) for who, one in misplaced(register, rules)]


def _register(rules: Rules, subjects: tuple[Subject, ...]) -> Register:
    register = Register(rules)
    for one in subjects:
        register.add(one)
    return register


def project(**more: Any) -> Subject:
    return subject("Project", **{"conditions_3y": None, **more})


class TestIds:
    def test_two_files_with_one_id_name_each_other(self, rules: Rules) -> None:
        one, two = subject("Track", path="a.md"), subject("Track", path="b.md")
        register = _register(rules, (one, two))
        messages = [found.message for _who, found in register.findings()]
        assert messages == [
            "the id trk-1 is carried by b.md too",
            "the id trk-1 is carried by a.md too",
        ]

    def test_ids_are_one_in_both_normal_forms(self, rules: Rules) -> None:
        composed, decomposed = "가", "가"
        one = subject("Note", entity_id=composed, path="a.md")
        two = subject("Note", entity_id=decomposed, path="b.md")
        assert {row[1] for row in find(rules, one, two)} == {"duplicate-id"}

    def test_aliases(self, rules: Rules) -> None:
        one = subject("Track", aliases=["첫째", "trk-2", "trk-1"])
        two = subject("Track", entity_id="trk-2", aliases="첫째")
        three = subject("Track", entity_id="trk-3", aliases=["셋째"])
        assert find(rules, one, two, three) == [
            ("trk-1", "duplicate-alias", ("aliases",)),
            ("trk-1", "duplicate-alias", ("aliases",)),
            ("trk-2", "duplicate-alias", ("aliases",)),
        ]


class TestReferences:
    def test_all_is_there(self, rules: Rules) -> None:
        assert find(rules, TRACK, project(), subject()) == []

    def test_what_is_not_there(self, rules: Rules) -> None:
        register = _register(rules, (TRACK, project(), subject(project_id="prj-002")))
        ((who, one),) = list(register.findings())
        assert (who.id, one.rule, one.at) == ("tsk-001-01", "dangling-reference", ("project_id",))
        assert one.message == "project_id: there is no Project prj-002; did you mean prj-001?"
        assert one.allowed == "the id of a Project"

    def test_what_is_of_the_wrong_type(self, rules: Rules) -> None:
        register = _register(rules, (TRACK, project(), subject(parent_id="trk-1")))
        ((_who, one),) = list(register.findings())
        assert (one.rule, one.message) == (
            "wrong-reference",
            "parent_id: trk-1 is a Track, not a Project",
        )

    def test_items_of_lists_and_of_mappings(self, rules: Rules) -> None:
        relations = [
            {"type": "supports", "target_id": "trk-1"},
            {"type": "enables", "target_id": "trk-9"},
            {"type": "triggers", "target_id": "action:stop"},
            "trk-8",
        ]
        one = project(validates=["trk-1", "hyp-77"], outgoing_relations=relations)
        assert find(rules, TRACK, one) == [
            ("prj-001", "dangling-reference", ("validates", 1)),
            ("prj-001", "dangling-reference", ("outgoing_relations", 1, "target_id")),
        ]

    def test_an_alias_and_a_link_lead_there_too(self, rules: Rules) -> None:
        one = project(aliases=["안내서"])
        task = subject(project_id="[[prj-001|안내서]]", parent_id="안내서")
        assert find(rules, TRACK, one, task) == []

    def test_a_vault_whose_ids_have_no_pattern_has_no_references(self, rules: Rules) -> None:
        free = Rules(rules.schema.replace(id_patterns={}), rules.names)
        assert find(free, subject(project_id="anything")) == []

    def test_a_type_that_lives_elsewhere_is_not_missed(self, rules: Rules) -> None:
        task = subject(project_id=None, parent_id=None, candidate_id="cand-001")
        assert [row[1] for row in find(rules, task)] == ["dangling-reference"]
        free = Rules(rules.schema.replace(elsewhere=("Candidate",)), rules.names)
        assert find(free, task) == []


class TestSuggestions:
    def test_the_nearest_is_looked_for_once(self, rules: Rules, monkeypatch: Any) -> None:
        asked = []

        def nearest(name: str, ids: Any, *, count: int) -> list[str]:
            asked.append(name)
            return list(ids)[:count]

        monkeypatch.setattr(across, "nearest", nearest)
        tasks = [subject(entity_id=f"tsk-001-0{number}", project_id="prj-9") for number in (1, 2)]

        register = _register(rules, (*tasks, PROJECT))
        found = [one.nearest for _who, one in register.findings() if one.at == ("project_id",)]

        assert found == [("tsk-001-01",)] * 2
        assert asked.count("prj-9") == 1

    def test_of_very_many_it_is_not(self, rules: Rules, monkeypatch: Any) -> None:
        """Each is compared with every id, so the time would grow with the square."""
        monkeypatch.setattr(across, "_COMPARED", 7)
        tasks = [
            subject(entity_id=f"tsk-001-0{number}", project_id=f"prj-00{number}", parent_id=None)
            for number in (2, 3, 4)
        ]

        register = _register(rules, (*tasks, project()))
        found = [one for _who, one in register.findings() if one.rule == "dangling-reference"]

        assert [bool(one.nearest) for one in found] == [True, False, False, False]

    def test_what_is_not_wanted_is_not_judged(self, rules: Rules) -> None:
        one, two = subject(entity_id="tsk-001-02"), subject(entity_id="tsk-001-03")
        register = _register(rules, (one, two))

        found = {who.id for who, _one in register.findings(lambda who: who.id == "tsk-001-03")}

        assert found == {"tsk-001-03"}


class TestCircles:
    def test_a_circle_shows_at_each_on_it(self, rules: Rules) -> None:
        ring = [
            ("hyp-01", "hyp-02"),
            ("hyp-02", "hyp-03"),
            ("hyp-03", "hyp-01"),
            ("hyp-04", "hyp-01"),
        ]
        subjects = [
            subject("Hypothesis", entity_id=one, parent_hypothesis_id=parent)
            for one, parent in ring
        ]
        register = _register(rules, tuple(subjects))
        found = {who.id: one.message for who, one in register.findings()}
        assert sorted(found) == ["hyp-01", "hyp-02", "hyp-03"]
        assert found["hyp-01"].endswith("its own ancestor: hyp-01 → hyp-02 → hyp-03 → hyp-01")

    def test_an_entity_that_is_its_own_parent(self, rules: Rules) -> None:
        one = subject("Hypothesis", parent_hypothesis_id="hyp-01")
        assert find(rules, one) == [("hyp-01", "circular-reference", ("parent_hypothesis_id",))]

    def test_a_long_chain_is_no_circle(self, rules: Rules) -> None:
        subjects = [
            subject("Note", entity_id=f"n-{number}", parent_id=f"n-{number + 1}")
            for number in range(5000)
        ]
        assert {row[1] for row in find(rules, *subjects)} == {"dangling-reference"}


class TestRuleA:
    def test_all_is_in_its_place(self, rules: Rules) -> None:
        task = subject(path="50_Projects/2026/a/Tasks/tsk-001-01.md")
        star = subject("NorthStar", path="01_North_Star/north_star.md")
        assert places(rules, TRACK, PROJECT, task, star) == []

    def test_names(self, rules: Rules) -> None:
        task = subject(path="50_Projects/2026/a/Tasks/좋은 이름.md")
        star = subject("NorthStar", path="01_North_Star/ns.md")
        odd = subject("Project", path="50_Projects/2026/a/P001.md")
        assert places(rules, odd, task, star) == [
            ("prj-001", "file-name", "project.md"),
            ("tsk-001-01", "file-name", "tsk-001-01.md"),
            ("ns-1", "file-name", "north_star.md"),
        ]

    def test_folders(self, rules: Rules) -> None:
        elsewhere = subject(path="50_Projects/2026/b/Tasks/tsk-001-01.md")
        orphan = subject(entity_id="tsk-002-01", project_id="prj-9", path="Inbox/tsk-002-01.md")
        track = subject("Track", path="trk-1.md")
        assert places(rules, PROJECT, elsewhere, orphan, track) == [
            ("tsk-001-01", "file-place", "50_Projects/2026/a/Tasks"),
            ("tsk-002-01", "file-place", "50_Projects/.../Tasks/"),
            ("trk-1", "file-place", "20_Strategy/{year}/"),
        ]

    @pytest.mark.parametrize(
        ("place", "folder", "fits"),
        [
            ("a/{year}/", "a/2026", True),
            ("a/{year}/", "a/2026/b", False),
            ("a/b_{period}/", "a/b_2026-2028", True),
            ("a/b_{period}/", "a/b_", False),
            ("a/.../Tasks/", "a/x/y/Tasks", True),
            ("a/.../Tasks/", "a/Tasks", False),
            ("a.b/", "aXb", False),
        ],
    )
    def test_places_with_placeholders(self, place: str, folder: str, fits: bool) -> None:
        import re

        assert (re.fullmatch(pattern_of(place), folder) is not None) is fits


class TestSyncCopies:
    @pytest.mark.parametrize(
        ("name", "original"),
        [
            ("Scratch.sync-conflict-20230112-003022-FUKIKK4.md", "Scratch.md"),
            ("n/Scratch.sync-conflict-20230112-003022.md", "Scratch.md"),
            ("TODO (conflicted copy 2026-07-10 070952).md", "TODO.md"),
            ("TODO (somebody's conflicted copy 2024-01-09).markdown", "TODO.markdown"),
            ("TODO (Conflicted copy laptop 202603121129).md", "TODO.md"),
            ("TODO (somebody's conflicted copy 2024-01-09) (1).md", "TODO.md"),
            ("할 일 (Case Conflict).md", "할 일.md"),
            ("TODO (CONFLICT 20231005T070858).md", "TODO.md"),
        ],
    )
    def test_are_named_with_what_they_are_copies_of(self, name: str, original: str) -> None:
        found = sync_copy(name)

        assert found is not None
        assert f"copy of {original}," in found.message

    @pytest.mark.parametrize(
        "name", ["Notes 2.md", "The conflict (2026).md", "Conflicted copy.md", "sync-conflict.md"]
    )
    def test_are_no_files_with_other_names(self, name: str) -> None:
        assert sync_copy(name) is None
