"""`loop kept`: what is kept is listed, and goes only when somebody says so."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from loop_cli.core.entity import FieldNames
from loop_cli.vault.store import VaultStore
from loop_cli.vault.upkeep import kept as keeping
from loop_cli.wire import life as models_life

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Loop

ID = "tsk-019-01"


@pytest.fixture
def kept(loop: Loop) -> Loop:
    """A vault in which a file was deleted, and a long body replaced."""
    for body in ("긴 글\n" * 20_000, "short\n"):
        loop("update", "tsk-019-14", "--body-file", "-", "--force", "--json", stdin=body)
    loop("delete", ID, "--force")
    return loop


def names(loop: Loop) -> set[str]:
    folder = loop.vault / ".loop" / "kept"
    return set(os.listdir(folder)) if folder.is_dir() else set()


def test_nothing_is_kept_at_first(loop: Loop) -> None:
    done = loop("kept", "--json").json

    models_life.KeptDocument.model_validate(done)
    assert done == {"kept": [], "bytes": 0, "pruned": False}
    assert loop("kept").out == "nothing is kept\n"


def test_what_is_kept_and_of_what(kept: Loop) -> None:
    done = kept("kept", "--json").json

    models_life.KeptDocument.model_validate(done)
    found = {(one["entity_id"], one["what"]) for one in done["kept"]}
    assert found == {(ID, "file"), ("tsk-019-14", "body")}
    assert {one["name"] for one in done["kept"]} == names(kept)
    assert done["bytes"] == sum(one["bytes"] for one in done["kept"])


def test_of_one_entity(kept: Loop) -> None:
    done = kept("kept", ID, "--json").json

    assert [one["entity_id"] for one in done["kept"]] == [ID]


def test_text_that_is_in_no_record_is_listed_too(kept: Loop) -> None:
    data = b"somebody's"
    name = hashlib.sha256(data).hexdigest()
    kept.write(f".loop/kept/{name}", data.decode())

    found = {one["name"]: one["what"] for one in kept("kept", "--json").json["kept"]}

    assert found[name] is None
    assert "in no record" in kept("kept").out


class TestPrune:
    def test_asks_first(self, kept: Loop) -> None:
        before = names(kept)

        done = kept("kept", "--prune", "--json")

        assert (done.code, done.error["code"]) == (9, "confirmation")
        assert names(kept) == before

    def test_removes_what_was_listed(self, kept: Loop) -> None:
        done = kept("kept", ID, "--prune", "--yes", "--json").json

        models_life.KeptDocument.model_validate(done)
        assert done["pruned"] is True
        assert [one["entity_id"] for one in kept("kept", "--json").json["kept"]] == ["tsk-019-14"]

    def test_by_age(self, kept: Loop) -> None:
        old = sorted(names(kept))[0]
        long_ago = time.time() - 100 * 86_400
        os.utime(kept.vault / ".loop" / "kept" / old, (long_ago, long_ago))

        done = kept("kept", "--prune", "--older-than", "90", "--yes", "--json").json

        assert [one["name"] for one in done["kept"]] == [old]
        assert old not in names(kept) and len(names(kept)) == 1

    def test_a_dry_run_removes_nothing(self, kept: Loop) -> None:
        before = names(kept)

        done = kept("kept", "--prune", "--dry-run", "--json").json

        assert done["dry_run"] is True and len(done["kept"]) == 2
        assert names(kept) == before

    def test_on_a_terminal(self, kept: Loop) -> None:
        question = "Remove this for good? [y/N] "

        assert kept.on_terminal("kept", "--prune", replies=((question, "n\n"),)).code == 9
        assert len(names(kept)) == 2
        assert kept.on_terminal("kept", "--prune", replies=((question, "y\n"),)).code == 0
        assert names(kept) == set()


class TestStrangers:
    """`.loop/kept` may have come with a vault from anywhere."""

    def test_a_link_in_its_place_is_not_followed(self, loop: Loop, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.mkdir()
        (victim / ("0" * 64)).write_text("precious")
        (loop.vault / ".loop").mkdir(exist_ok=True)
        (loop.vault / ".loop" / "kept").symlink_to("../../victim")

        for arguments in ((), ("--prune", "--yes"), ("--prune", "--older-than", "0", "--yes")):
            done = loop("kept", *arguments, "--json")
            assert (done.code, done.error["code"]) == (1, "io")
            assert "link" in done.error["error"] and "rm .loop/kept" in done.error["hint"]
        assert os.listdir(victim) == ["0" * 64]

    def test_nor_is_one_to_another_folder_of_the_vault(self, loop: Loop) -> None:
        folder = loop.vault / "30_Ontology" / "inner"
        folder.mkdir(parents=True)
        (folder / ("0" * 64)).write_text("precious")
        (loop.vault / ".loop").mkdir(exist_ok=True)
        (loop.vault / ".loop" / "kept").symlink_to("../30_Ontology/inner")

        assert loop("kept", "--prune", "--yes").code == 1
        assert len(os.listdir(folder)) == 1

    def test_what_has_another_name_is_no_file_of_loop(self, kept: Loop) -> None:
        folder = kept.vault / ".loop" / "kept"
        (folder / "thesis.docx").write_text("precious")
        (folder / "sub").mkdir()
        (folder / "sub" / ("0" * 64)).write_text("precious")
        (folder / ("0" * 63)).write_text("precious")

        listed = kept("kept", "--json").json
        assert len(listed["kept"]) == 2
        assert "thesis.docx" in listed["warnings"][0]
        assert kept("kept", "--prune", "--yes").code == 0
        assert names(kept) == {"thesis.docx", "sub", "0" * 63}

    def test_a_link_with_a_name_of_loop_goes_and_what_it_leads_to_stays(
        self, kept: Loop, tmp_path: Path
    ) -> None:
        precious = tmp_path / "precious"
        precious.write_text("precious")
        (kept.vault / ".loop" / "kept" / ("0" * 64)).symlink_to(precious)

        assert kept("kept", "--prune", "--yes").code == 0
        assert (names(kept), precious.read_text()) == (set(), "precious")

    def test_a_folder_with_one_is_left(self, kept: Loop) -> None:
        (kept.vault / ".loop" / "kept" / ("0" * 64)).mkdir()

        assert kept("kept", "--prune", "--yes").code == 0
        assert names(kept) == {"0" * 64}


class TestMeanwhile:
    """Only what was shown is removed: somebody may keep something while a person is asked."""

    @pytest.fixture
    def store(self, kept: Loop) -> VaultStore:
        return VaultStore(str(kept.vault), names=FieldNames(), clock=lambda: time.time_ns() // 1000)

    def test_what_is_kept_anew_stays(self, kept: Loop, store: VaultStore) -> None:
        shown = keeping.listed(store.handle)
        os.utime(kept.vault / ".loop" / "kept" / shown[0].name)

        removed, staying = keeping.prune(store.handle, shown)

        assert ([one.name for one in removed], [one.name for one in staying]) == (
            [shown[1].name],
            [shown[0].name],
        )
        assert names(kept) == {shown[0].name}

    @pytest.mark.parametrize("change", ["other text", "same size", "same times", "another file"])
    def test_what_is_another_one_now_stays(
        self, kept: Loop, store: VaultStore, change: str
    ) -> None:
        shown = keeping.listed(store.handle)
        path = kept.vault / ".loop" / "kept" / shown[0].name
        status = path.stat()
        text = "other" if change != "same size" else "x" * status.st_size
        if change == "another file":
            path.unlink()
        path.write_text(text)
        if change in ("same times", "another file"):
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

        keeping.prune(store.handle, shown)

        assert names(kept) == {shown[0].name}

    def test_what_came_since_stays(self, kept: Loop, store: VaultStore) -> None:
        shown = keeping.listed(store.handle)
        (kept.vault / ".loop" / "kept" / ("0" * 64)).write_text("new")

        keeping.prune(store.handle, shown)

        assert names(kept) == {"0" * 64}

    def test_what_is_gone_is_no_matter(self, kept: Loop, store: VaultStore) -> None:
        shown = keeping.listed(store.handle)
        (kept.vault / ".loop" / "kept" / shown[0].name).unlink()

        removed, staying = keeping.prune(store.handle, shown)

        assert (len(removed), staying, names(kept)) == (1, [], set())

    def test_that_it_stays_is_said(self, kept: Loop) -> None:
        """A person is asked, and meanwhile the same text is kept again."""
        name = sorted(names(kept))[0]
        question = "Remove this for good? [y/N] "
        path = kept.vault / ".loop" / "kept" / name

        class Answer(str):
            def encode(self, *_given: object) -> bytes:
                os.utime(path)
                return b"y\n"

        screen = kept.on_terminal("kept", "--prune", replies=((question, Answer("y")),))
        words = " ".join(screen.text.split())
        assert "was kept again or changed since it was listed, so it stays" in words
        assert names(kept) == {name}


def test_what_cannot_be_finished_is_taken_aside(loop: Loop) -> None:
    loop("update", "tsk-019-14", "status=doing", "--force")
    staged = loop.vault / ".loop" / "staged" / f"{'c' * 32}.intent"
    staged.write_text('[{"name": "of no change of ours"}]')
    (staged.parent / "notes.txt").write_text("somebody's")
    told = loop("get", "tsk-019-14")
    assert told.code == 0 and "to take it aside: loop kept --aside" in told.err
    planned = loop("kept", "--aside", "--dry-run", "--json").json
    assert planned["aside"] == [f".loop/staged/{staged.name}"]
    assert staged.exists()
    done = loop("kept", "--aside", "--json").json
    (path,) = done["aside"]
    assert (loop.vault / path).read_text() == '[{"name": "of no change of ours"}]'
    assert not staged.exists() and (staged.parent / "notes.txt").exists()
    assert loop("get", "tsk-019-14").err == ""
    assert path.rpartition("/")[2] in [one["name"] for one in done["kept"]]
