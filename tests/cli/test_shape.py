"""`--json=FIELD,FIELD` and `--template`: the shape that a result is asked for in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

ID = "tsk-019-14"


NAMED = '[fields]\nname = "title"\n'
"""The settings of a vault whose names are in another field."""


@pytest.fixture
def titled(loop: Loop) -> Loop:
    task = loop.path()
    task.write_text(task.read_text().replace("entity_name:", "title:"))
    loop.write(".loop/config.toml", NAMED)
    return loop


class TestNames:
    """`entity_name` is the name of an entity, whatever field the vault has it in."""

    def test_of_one(self, titled: Loop) -> None:
        name = titled("get", ID, "--json").json["fields"]["title"]
        assert titled("get", ID, "--json=entity_name,status").json["entity_name"] == name
        assert titled("get", ID, "--field", "entity_name").out == f"{name}\n"
        assert titled("get", ID, "--template", "{{ entity_name }}").out == f"{name}\n"

    def test_of_many(self, titled: Loop) -> None:
        name = titled("get", ID, "--json").json["fields"]["title"]
        where = ("list", "Task", "--where", f"entity_id={ID}")
        assert titled(*where, "--json=entity_name").json == {"entity_name": name}
        assert titled(*where, "--template", "{{ entity_name }}").out == f"{name}\n"
        csv = titled(*where, "--csv", "--columns", "entity_id,entity_name").out
        assert csv.splitlines()[1].startswith(ID)
        assert name in csv


class TestFields:
    def test_of_one(self, read_only: Loop) -> None:
        whole = read_only("get", ID, "--json").json

        done = read_only("get", ID, "--json=entity_id,etag,status,tags,body,outer.inner,parent_id")

        assert done.code == 2  # no outer
        done = read_only("get", ID, "--json=entity_id,etag,status,tags,body")
        assert done.json == {
            "entity_id": ID,
            "etag": whole["etag"],
            "status": whole["fields"]["status"],
            "tags": whole["fields"]["tags"],
            "body": whole["body"],
        }

    @pytest.mark.parametrize(
        "words",
        [
            ("get", ID, "--json", "status"),
            ("list", "--json", "status,due"),
            ("list", "Task", "--json", "entity_id,fields.due"),
            ("search", "규칙", "--json", "status,due"),
        ],
        ids=" ".join,
    )
    def test_fields_after_a_blank_get_a_hint(self, read_only: Loop, words: tuple[str, ...]) -> None:
        error = read_only(*words).error
        assert f"--json={words[-1]}, with an equals sign" in error["hint"]

    def test_other_words_after_it_get_none(self, read_only: Loop) -> None:
        for words in (("get", ID, "--json", "tsk-019-99"), ("list", "--json", "taks")):
            assert "equals sign" not in (read_only(*words).error["hint"] or "")
        assert len(read_only("list", "--json", "task").lines) == 8

    def test_the_order_is_that_of_the_option_and_what_is_not_there_is_null(
        self, read_only: Loop
    ) -> None:
        done = read_only("get", ID, "--json=due,archived_at,entity_id")

        assert [*done.json] == ["due", "archived_at", "entity_id"]
        assert done.json["archived_at"] is None

    @pytest.mark.parametrize("verb", [("list", "task"), ("search", "규칙", "task")])
    def test_of_many_a_line_each(self, read_only: Loop, verb: tuple[str, ...]) -> None:
        whole = [json.loads(line) for line in read_only(*verb, "--json").lines]

        lines = [json.loads(one) for one in read_only(*verb, "--json=entity_id,status").lines]

        assert [one["entity_id"] for one in lines] == [one["entity_id"] for one in whole]
        assert all([*one] == ["entity_id", "status"] for one in lines)

    @pytest.mark.parametrize("verb", [("get", ID), ("list",), ("search", "규칙")])
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ("stauts", "did you mean status"),
            ("", "no field"),
            (",", "no field"),
            ("a..b", "field"),
        ],
    )
    def test_what_is_no_field_is_2_and_an_object(
        self, read_only: Loop, verb: tuple[str, ...], given: str, words: str
    ) -> None:
        done = read_only(*verb, f"--json={given}")

        assert (done.code, done.out) == (2, "")
        assert words in done.error["error"]

    def test_alone_it_is_a_flag_whatever_follows(self, read_only: Loop) -> None:
        for words in (("get", "--json", ID), ("get", "--json", ID, "--plain")):
            assert read_only(*words).json["fields"]["status"]

    def test_by_typer_and_by_the_quick_parser_it_is_the_same(self, read_only: Loop) -> None:
        quick = read_only("get", ID, "--json=entity_id,due").out

        assert read_only("get", ID, "--json=entity_id,due", "--plain").out == quick

    def test_commands_without_it_say_so(self, read_only: Loop) -> None:
        assert read_only("check", "--json=entity_id").code == 2


class TestTemplate:
    def test_of_one_and_of_many(self, read_only: Loop) -> None:
        name = read_only("get", ID, "--field", "entity_name").out.strip()
        text = "{{ entity_id }}: {{ entity_name }} {{ tags | json }} {{ nothing }}"

        done = read_only("get", ID, "--template", text.replace(" {{ nothing }}", ""))
        assert done.out.startswith(f"{ID}: {name} [")

        done = read_only("list", "task", "--template", "{{ entity_id }}")
        assert done.lines == read_only("list", "task", "--ids").lines
        assert read_only("search", "규칙", "--template", "{{ entity_id }}").lines

    def test_a_field_that_only_some_have_is_empty(self, read_only: Loop) -> None:
        done = read_only("list", "--template", "[{{ due }}]")

        assert "[]" in done.lines
        assert all(line.startswith("[") for line in done.lines)

    def test_the_body_of_one(self, read_only: Loop) -> None:
        body = read_only("get", ID, "--json").json["body"]

        assert read_only("get", ID, "--template", "{{ body }}").out == body
        done = read_only("get", ID, "--template", "{{ body | length }}")
        assert (done.code, done.out) == (0, f"{len(body)}\n")

    @pytest.mark.parametrize("verb", [("list", "task"), ("search", "규칙")])
    def test_many_come_without_their_bodies(self, read_only: Loop, verb: tuple[str, ...]) -> None:
        done = read_only(*verb, "--template", "{{ body }}")

        assert (done.code, done.out) == (2, "")
        assert "no entity has a field 'body'" in done.err

    @pytest.mark.parametrize("verb", [("get", ID), ("list", "task"), ("search", "규칙", "task")])
    def test_all_fields_by_name(self, read_only: Loop, verb: tuple[str, ...]) -> None:
        short = read_only(*verb, "--template", "{{ status }} {{ due }}")

        done = read_only(*verb, "--template", "{{ fields.status }} {{ fields['due'] }}")

        assert (done.code, done.out) == (0, short.out)
        assert short.lines
        named = read_only(*verb, "--template", "{% for one in fields %}{{ one }} {% endfor %}")
        assert all("status" in line.split() for line in named.lines)

    def test_of_a_file(self, read_only: Loop, tmp_path: Path) -> None:
        (tmp_path / "t").write_text("{% for one in tags %}#{{ one }} {% endfor %}\n")

        done = read_only("get", ID, "--template", f"@{tmp_path / 't'}")

        assert done.code == 0
        assert done.out.startswith("#") and done.out.count("\n") == 1

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{{ stauts }}", "did you mean status"),
            ("{{ ", "unexpected 'end of template'"),
            ("{{ 1 / 0 }}", "division by zero"),
            ("{{ status | nofilter }}", "nofilter"),
            ("{% include '/etc/passwd' %}", "no loader"),
            ("@/nowhere", "can't be read"),
        ],
    )
    def test_one_that_is_wrong_is_2(self, read_only: Loop, text: str, words: str) -> None:
        for verb in (("get", ID), ("list",)):
            done = read_only(*verb, "--template", text)
            assert done.code == 2, done.out
            assert words in done.err

    def test_a_value_is_no_template_and_leads_nowhere(self, loop: Loop) -> None:
        loop("update", ID, "notes={{ 7 * 7 }} {% raw %}", "--force")

        assert loop("get", ID, "--template", "{{ notes }}").out == "{{ 7 * 7 }} {% raw %}\n"
        reached = loop("get", ID, "--template", "{{ notes.__class__.__mro__ }}")
        assert "class" not in reached.out

    def test_without_jinja_it_says_what_to_install(self, read_only: Loop, tmp_path: Path) -> None:
        (tmp_path / "jinja2.py").write_text("raise ImportError\n")
        env = {"PYTHONPATH": f"{tmp_path}:{read_only.environment['PYTHONPATH']}"}

        done = read_only("get", ID, "--template", "{{ due }}", env=env)

        assert done.code == 2
        assert "loop-cli[template]" in done.err

    @pytest.mark.parametrize("other", ["--json", "--json=due", "--ids", "--count"])
    def test_one_shape_at_a_time(self, read_only: Loop, other: str) -> None:
        assert read_only("list", "--template", "{{ due }}", other).code == 2
