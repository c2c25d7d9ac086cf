"""`loop kept`: what is kept is listed, and goes only when somebody says so."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from loop_cli import models_life

if TYPE_CHECKING:
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
