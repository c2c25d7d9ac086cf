"""What every store tells of its files."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from tests.store.conftest import ONE, TWO, Bench, text
from tests.store.life.conftest import (
    PROJECT,
)


class TestFiles:
    def test_all_as_their_files_have_them(self, bench: Bench) -> None:
        bench.harness.edit_outside("work/note.md", b"no entity")

        found = sorted(bench.store.files(), key=lambda one: one.id)

        assert [(one.id, one.path) for one in found] == [
            ("prj-1", PROJECT),
            ("tsk-1", ONE),
            ("tsk-2", TWO),
        ]
        assert found[1].raw == bench.harness.bytes_of(ONE)
        assert found[1].body == "Body\n"

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    def test_those_that_refer_to_an_id_or_have_it(self, bench: Bench, form: Any) -> None:
        spelled = unicodedata.normalize(form, "한글").encode()
        named = bench.harness.bytes_of(TWO).replace(
            b"---\n", b"---\nparent_id: '[[" + spelled + b"|x]]'\n", 1
        )
        bench.harness.edit_outside(TWO, named)
        bench.harness.edit_outside("work/other.md", text(unicodedata.normalize(form, "한글")))
        weighed = text("tsk-9").replace(
            b"---\n", b"---\ntrack_contributes: {" + spelled + b": 0.5}\n", 1
        )
        bench.harness.edit_outside("work/tsk-9.md", weighed)

        found = {one.path for one in bench.store.files(referring_to=["한글", "nobody"])}

        assert found == {TWO, "work/other.md", "work/tsk-9.md"}

    @pytest.mark.parametrize("spelled", ['"\\uD55C\\uAE00"', '"a\\"b"', "'a\"b'", "\\d{3}"])
    def test_a_text_that_json_or_yaml_escape(self, bench: Bench, spelled: str) -> None:
        named = bench.harness.bytes_of(TWO).replace(
            b"---\n", f"---\nparent_id: {spelled}\n".encode(), 1
        )
        bench.harness.edit_outside(TWO, named)
        wanted = bench.find("tsk-2").fields["parent_id"]

        assert [one.id for one in bench.store.files(referring_to=[wanted])] == ["tsk-2"]

    def test_half_a_character_is_no_matter(self, bench: Bench) -> None:
        half = '---\nentity_type: Task\nentity_id: tsk-9\nparent_id: "\\ud800 한글"\n---\n'
        bench.harness.edit_outside("work/half.md", half.encode())

        found = [one.id for one in bench.store.files(referring_to=["\ud800 한글", "\ud800"])]

        assert found in (["tsk-9"], [])  # YAML 1.2 may refuse it

    def test_the_paths_of_all(self, bench: Bench) -> None:
        bench.harness.edit_outside("work/note.md", b"no entity")

        assert sorted(bench.store.paths()) == sorted([ONE, TWO, PROJECT, "work/note.md"])
