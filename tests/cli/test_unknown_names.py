"""A name that nothing in the vault has is refused, or said; it never just finds nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Loop

ID = "tsk-019-14"


class TestTypes:
    @pytest.mark.parametrize("operator", ["=", "!="])
    @pytest.mark.parametrize(("word", "meant"), [("Taks", "Task"), ("task", "Task")])
    def test_in_a_condition(self, operator: str, word: str, meant: str, read_only: Loop) -> None:
        given = f"entity_type{operator}{word}"
        done = read_only("list", "--where", given)
        assert (done.code, done.out) == (2, "")
        assert f"--where '{given}': no type '{word}'; did you mean {meant}" in done.err

    def test_among_others(self, read_only: Loop) -> None:
        assert read_only("list", "--where", "entity_type=Task,Projct").code == 2
        assert read_only("search", "규칙", "--where", "entity_type=Taks").code == 2
        assert read_only("board", "--where", "entity_type=Taks").code == 2

    def test_of_a_bulk_update(self, loop: Loop) -> None:
        done = loop("update", "--where", "entity_type=Taks", "status=hold", "--yes")
        assert done.code == 2
        assert "did you mean Task" in done.err

    def test_a_type_that_only_an_entity_has_is_one(self, loop: Loop) -> None:
        path = loop.path()
        path.write_text(path.read_text().replace("entity_type: Task", "entity_type: Memo"))
        assert loop("list", "--where", "entity_type=Memo", "--ids").lines == [ID]

    def test_the_hint_of_a_search_is_for_its_words_alone(self, read_only: Loop) -> None:
        done = read_only("search", "규칙", "--where", "entity_type=Taks")
        assert "go together" not in done.err


class TestColumnsOfABoard:
    @pytest.mark.parametrize("by", ["stauts", "nofield", "", "a..b"])
    def test_are_the_values_of_a_field(self, by: str, read_only: Loop) -> None:
        done = read_only("board", "--by", by)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("loop: --by: ")
        assert ("did you mean status" in done.err) is (by == "stauts")

    def test_a_board_of_what_has_no_status_is_one_column(self, loop: Loop) -> None:
        done = loop("board", "NorthStar", "--json")
        assert done.code == 0


class TestProjects:
    @pytest.mark.parametrize(
        "words",
        [
            ("list", "--project", "nosuch"),
            ("list", "--project", "nosuch", "--json"),
            ("list", "--children-of", "nosuch"),
            ("agenda", "--project", "nosuch"),
            ("board", "--project", "nosuch"),
        ],
    )
    def test_one_that_is_not_there(self, words: tuple[str, ...], read_only: Loop) -> None:
        done = read_only(*words)
        assert (done.code, done.out) == (3, "")
        assert "nosuch" in done.err

    def test_one_without_tasks_is_there(self, read_only: Loop) -> None:
        assert read_only("list", "--children-of", ID, "--ids").code == 0

    def test_one_by_its_alias(self, read_only: Loop) -> None:
        for command in (("list",), ("agenda", "--json"), ("board", "--json")):
            by_id = read_only(*command, "--project", "prj-020")
            assert "tsk-020-01" in by_id.out
            assert read_only(*command, "--project", "안내서").out == by_id.out
        named = read_only("list", "--children-of", "Starter guide", "--ids").lines
        assert named == read_only("list", "--children-of", "prj-020", "--ids").lines != []

    def test_one_that_is_gone_still_has_what_names_it(self, loop: Loop) -> None:
        path = loop.path()
        path.write_text(path.read_text().replace("project_id: prj-019", "project_id: prj-gone"))
        assert loop("list", "--project", "prj-gone", "--ids").lines == [ID]


class TestTheLog:
    @pytest.mark.parametrize("more", [(), ("--json",)])
    def test_of_an_entity_that_never_was(self, more: tuple[str, ...], loop: Loop) -> None:
        for command in ("log", "history"):
            done = loop(command, "nosuch", *more)
            assert (done.code, done.out) == (3, "")

    def test_of_one_without_records(self, read_only: Loop) -> None:
        done = read_only("log", ID)
        assert (done.code, done.err) == (0, "no records\n")

    def test_of_one_that_is_gone(self, loop: Loop) -> None:
        loop("delete", ID, "--force", "--orphan", "--yes")
        assert "delete" in loop("log", ID).out
        assert loop("log", ID, "--source", "ui").code == 0

    def test_of_somebody_unknown(self, loop: Loop) -> None:
        loop("update", ID, "status=doing", "--force")
        actor = loop.records[0]["actor"]
        for more in ((), ("--json",)):
            done = loop("log", "--actor", actor[:-1] + "ß", *more)
            assert (done.code, done.out) == (0, "")
            assert f"did you mean {actor}?" in done.err
        assert "no record has the actor 'nosuch'\n" in loop("log", "--actor", "nosuch").err
        assert "no record has" not in loop("log", "prj-019", "--actor", actor).err


class TestTemplates:
    @pytest.mark.parametrize(
        "template",
        ["{{ fields.nofield }}", "{{ fields['nofield'] }}", "{% if fields.nofield %}x{% endif %}"],
    )
    @pytest.mark.parametrize("command", [("list", "task"), ("get", ID), ("search", "규칙")])
    def test_a_field_by_name(
        self, template: str, command: tuple[str, ...], read_only: Loop
    ) -> None:
        done = read_only(*command, "--template", template)
        assert (done.code, done.out) == (2, "")
        assert "nofield" in done.err

    def test_what_a_mapping_can_do_is_no_field(self, read_only: Loop) -> None:
        template = "{{ fields.status }} {{ fields.get('nofield') }} {{ fields.keys() | length }}"
        done = read_only("get", ID, "--template", template)
        assert done.code == 0
        assert done.out.startswith("todo ")
