"""The table of SPEC §6, "Recovery": each state that a wreck can leave, built by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loop_cli import vault as layout
from loop_cli.errors import StorageError
from tests.faults.vault import Vault, change, etag, origin
from tests.faults.wrecks import UPDATED, Wreck

if TYPE_CHECKING:
    from typing import Any

THEIRS = b"---\nentity_type: Task\nentity_id: tsk-001-01\nstatus: blocked\n---\ntheir line\n"
TORN = 40  # bytes of a line that were written


@pytest.fixture
def used(vault: Vault) -> Vault:
    """A vault with `.loop/` and a log, in which the tasks themselves are untouched."""
    store = vault.store()
    store.commit([change(vault.id(), "priority=high")], origin=origin())
    store.commit([change(vault.id(2), "priority=high")], origin=origin())
    return vault


@pytest.fixture(params=["update", "get"])
def recover(request: pytest.FixtureRequest) -> Any:
    """Recovery by the next writer, or by the next reader."""

    def by_writer(vault: Vault) -> None:
        vault.store().commit([change(vault.id(2), "priority=medium")], origin=origin())

    def by_reader(vault: Vault) -> None:
        vault.store().find(vault.id())

    return by_writer if request.param == "update" else by_reader


def settled(vault: Vault) -> list[str]:
    """What the log says was done to the status, where all is as it says."""
    assert vault.staged == []
    vault.check_chain()
    return [
        data["entity_id"]
        for data in vault.landed()
        if data["diff"].get("status", {}).get("new") == "hold"
    ]


class TestOneChange:
    def test_staged_without_its_line_is_removed(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used)
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()

    @pytest.mark.parametrize("upto", [1, TORN, -1])
    def test_torn_line_is_cut(self, used: Vault, recover: Any, upto: int) -> None:
        wreck = Wreck(used).record(upto=upto)
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()

    def test_another_torn_tail_is_not_cut(self, used: Vault, recover: Any) -> None:
        Wreck(used)
        with used.log.open("ab") as log:
            log.write(b'{"somebody": "els')
        recover(used)
        assert used.staged == []
        assert b'{"somebody": "els' in used.log.read_bytes().splitlines()

    def test_line_without_its_newline_counts(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used)
        wreck.record(upto=len(wreck.line))
        recover(used)
        assert used.staged == []
        assert wreck.is_new()

    def test_recorded_change_is_landed(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record()
        recover(used)
        assert settled(used) == [used.id()]
        assert wreck.is_new()

    def test_landed_change_is_cleaned_up(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record().exchange()
        recover(used)
        assert settled(used) == [used.id()]
        assert wreck.is_new()

    def test_landed_change_that_was_edited_since_stays(self, used: Vault, recover: Any) -> None:
        Wreck(used).record().exchange()
        used.path().write_bytes(THEIRS)
        recover(used)
        assert settled(used) == [used.id()]
        assert used.data() == THEIRS

    def test_what_came_out_is_put_back(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record().exchange()
        wreck.staged.write_bytes(THEIRS)
        recover(used)
        assert settled(used) == []
        assert used.data() == THEIRS

    def test_two_texts_of_others_are_both_kept(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record().exchange()
        wreck.staged.write_bytes(THEIRS)
        used.path().write_bytes(newer := THEIRS + b"and another\n")
        recover(used)
        settled(used)
        assert used.data() == newer
        assert used.kept == [THEIRS]

    def test_staged_file_is_gone_before_landing(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record()
        wreck.staged.unlink()
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()

    def test_staged_file_is_gone_after_landing(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record().exchange()
        wreck.staged.unlink()
        recover(used)
        assert settled(used) == [used.id()]
        assert wreck.is_new()

    def test_entity_was_edited_before_landing(self, used: Vault, recover: Any) -> None:
        Wreck(used).record()
        used.path().write_bytes(THEIRS)
        recover(used)
        assert settled(used) == []
        assert used.data() == THEIRS

    def test_entity_is_elsewhere(self, used: Vault) -> None:
        Wreck(used).record()
        used.path().rename(moved := used.path().with_name("moved.md"))
        found = used.store().find(used.id())
        assert settled(used) == []
        assert found.path.endswith("moved.md")
        assert moved.is_file() and not used.path().exists()

    def test_marked_undone_is_never_landed(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record()
        wreck.commit.mark_undone()
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()

    def test_marked_undone_is_taken_back(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record().exchange()
        wreck.commit.mark_undone()
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()

    def test_undone_and_not_cleaned_up(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record()
        wreck.commit.mark_undone()
        used.store().find(used.id())
        lines = used.log.read_bytes()
        wreck.commit.stage([wreck.after])
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()
        assert used.log.read_bytes().startswith(lines)

    def test_second_name_of_an_exchange_in_steps(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used).record()
        aside = wreck.staged.with_name(wreck.staged.name + layout.ASIDE)
        used.path().rename(aside)
        wreck.staged.rename(used.path())
        recover(used)
        assert settled(used) == [used.id()]
        assert wreck.is_new()

    def test_torn_intent_is_swept(self, used: Vault, recover: Any) -> None:
        wreck = Wreck(used)
        for path in (used.root / ".loop" / "staged").glob("*.intent"):
            path.write_bytes(path.read_bytes()[:50])
        recover(used)
        assert settled(used) == []
        assert not wreck.is_new()

    def test_stranger_in_the_folder_is_left_alone(self, used: Vault, recover: Any) -> None:
        Wreck(used)
        stranger = used.root / ".loop" / "staged" / ".DS_Store"
        stranger.write_bytes(b"x")
        recover(used)
        assert used.staged == [".DS_Store"]

    def test_recovering_twice_is_recovering_once(self, used: Vault) -> None:
        Wreck(used).record()
        used.store().find(used.id())
        lines = used.log.read_bytes()
        assert used.store().find(used.id()).fields["status"] == "hold"
        assert used.log.read_bytes() == lines


class TestHostileIntents:
    """A vault may come from anywhere, with `.loop/staged` in it."""

    @pytest.mark.parametrize("path", ["../outside.md", "/etc/loop-outside.md", "link/outside.md"])
    def test_leads_nobody_out_of_the_vault(self, used: Vault, path: str) -> None:
        outside = used.root.parent / "outside.md"
        outside.write_bytes(b"precious")
        (used.root / "link").symlink_to(used.root.parent)
        Wreck(used).record()
        (intents,) = (used.root / ".loop" / "staged").glob("*.intent")
        (intent,) = json.loads(intents.read_bytes())
        intents.write_text(json.dumps([{**intent, "path": path, "etag_before": etag(b"precious")}]))
        staged = used.staged
        used.store().find(used.id())
        assert outside.read_bytes() == b"precious"
        assert used.staged == staged

    def test_a_link_in_place_of_the_folder_is_refused(self, vault: Vault) -> None:
        precious = vault.root.parent / "precious"
        precious.mkdir()
        (precious / "a.new").write_bytes(b"precious")
        (vault.root / ".loop").mkdir()
        (vault.root / ".loop" / "staged").symlink_to(precious)
        vault.store().find(vault.id())
        with pytest.raises(StorageError, match=r"staged.*is a link, and none is followed there"):
            vault.store().commit([change(vault.id(), "status=hold")], origin=origin())
        assert (precious / "a.new").read_bytes() == b"precious"


class TestGroups:
    @pytest.fixture
    def pair(self, used: Vault) -> list[Wreck]:
        return Wreck.group(used, 1, 2)

    @staticmethod
    def recover(used: Vault) -> None:
        used.store().find(used.id())

    def test_no_line_is_removed(self, used: Vault, pair: list[Wreck]) -> None:
        self.recover(used)
        assert settled(used) == []
        assert not any(wreck.is_new() for wreck in pair)

    @pytest.mark.parametrize("upto", [0, 1, TORN])
    def test_half_recorded_is_undone(self, used: Vault, pair: list[Wreck], upto: int) -> None:
        pair[0].record()
        pair[1].record(upto=upto)
        self.recover(used)
        assert used.staged == []
        assert not any(wreck.is_new() for wreck in pair)
        assert [data["entity_id"] for data in used.landed()] == [used.id(1), used.id(2)]

    @pytest.mark.parametrize("landed", [0, 1, 2])
    def test_recorded_is_landed(self, used: Vault, pair: list[Wreck], landed: int) -> None:
        for wreck in pair:
            wreck.record()
        for wreck in pair[:landed]:
            wreck.exchange()
        self.recover(used)
        assert used.staged == []
        assert all(wreck.is_new() for wreck in pair)

    @pytest.mark.parametrize("edited", [0, 1])
    def test_one_that_can_not_land_undoes_all(
        self, used: Vault, pair: list[Wreck], edited: int
    ) -> None:
        for wreck in pair:
            wreck.record()
        pair[1 - edited].exchange()
        used.path(edited + 1).write_bytes(theirs := THEIRS.replace(b"01-01", b"01-02", edited))
        self.recover(used)
        assert used.staged == []
        assert not pair[1 - edited].is_new()
        assert used.data(edited + 1) == theirs
        undone = [data["entity_id"] for _d, data in used.records()[-2:] if not data["diff"]]
        assert undone == [used.id(2), used.id(1)]

    def test_what_others_wrote_meanwhile_is_kept(self, used: Vault, pair: list[Wreck]) -> None:
        for wreck in pair:
            wreck.record().exchange()
        pair[0].commit.mark_undone()
        used.path(2).write_bytes(theirs := THEIRS.replace(b"01-01", b"01-02"))
        self.recover(used)
        assert used.staged == []
        assert not pair[0].is_new()
        assert used.data(2) == theirs

    def test_a_mark_undoes_all(self, used: Vault, pair: list[Wreck]) -> None:
        for wreck in pair:
            wreck.record().exchange()
        pair[0].commit.mark_undone()
        self.recover(used)
        assert used.staged == []
        assert not any(wreck.is_new() for wreck in pair)

    @pytest.mark.parametrize("gone", [0, 1])
    def test_an_intent_that_is_none_of_ours_makes_all_of_them_none(
        self, used: Vault, pair: list[Wreck], gone: int
    ) -> None:
        (intents,) = (used.root / ".loop" / "staged").glob("*.intent")
        both = json.loads(intents.read_bytes())
        both[gone]["name"] = "../../" + both[gone]["name"]
        intents.write_text(json.dumps(both))
        staged = used.staged
        self.recover(used)
        assert used.staged == staged
        assert not any(wreck.is_new() for wreck in pair)

    def test_partly_cleaned_up_has_landed(self, used: Vault, pair: list[Wreck]) -> None:
        for wreck in pair:
            wreck.record().exchange()
        pair[0].change.discard()
        self.recover(used)
        assert used.staged == []
        assert all(wreck.is_new() for wreck in pair)


class TestReaders:
    def test_while_a_writer_holds_the_lock_its_record_is_not_yet_there(self, used: Vault) -> None:
        settled_before = used.store().find(used.id())
        wreck = Wreck(used).record()
        with used.store().lock():
            seen = used.store().find(used.id())
            assert used.staged != []
        assert seen.revision == settled_before.revision
        assert not wreck.is_new()

    def test_after_the_exchange_its_record_is_there(self, used: Vault) -> None:
        Wreck(used).record().exchange()
        with used.store().lock():
            seen = used.store().find(used.id())
        assert seen.revision.updated_at == UPDATED

    def test_a_dry_run_sees_what_a_crash_left_landed(self, used: Vault) -> None:
        wreck = Wreck(used).record()
        wanted = change(used.id(), "status=doing", if_match=etag(wreck.after))
        (outcome,) = used.store().commit([wanted], origin=origin(), dry_run=True)
        assert not isinstance(outcome, Exception), outcome
        assert settled(used) == [used.id()]
