"""Settings: where each comes from, how the vault is found, and what is refused (SPEC §2, §7)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from loop_cli import config
from loop_cli.core.changes import Edits, parse_changes
from loop_cli.core.commits import EntityChange
from loop_cli.core.entity import FieldNames, Precondition
from loop_cli.errors import EntityNotFound, StorageError, UsageError, only
from loop_cli.failures import NoVault
from loop_cli.vault.store import VaultStore

if TYPE_CHECKING:
    from pathlib import Path

    from loop_cli.config import Settings
    from loop_cli.core.records.record import Origin
    from tests.conftest import Clock


class Place:
    """A machine of its own: a home, an environment, a folder to be in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.home.mkdir()
        self.vault = root / "vault"
        (self.vault / ".loop").mkdir(parents=True)
        self.user_file = self.home / "loop" / "config.toml"
        self.environ = {"XDG_CONFIG_HOME": str(self.home)}

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def vault_config(self, text: str) -> None:
        self.write(self.vault / ".loop" / "config.toml", text)

    def user_config(self, text: str) -> None:
        self.write(self.user_file, text)

    def load(self, cwd: Path | None = None, **options: Any) -> Settings:
        return config.load(options, environ=self.environ, cwd=str(cwd or self.vault))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A machine with one vault."""
    return Place(tmp_path)


def test_the_defaults(place: Place) -> None:
    found = place.load()

    assert found.root == str(place.vault)
    assert (found["lock_timeout"], found["on_conflict"], found["audit.private"]) == (
        10.0,
        "fail",
        (),
    )
    assert found.names == FieldNames()
    assert found.values["lock_timeout"].origin == "default"


def test_option_environment_vault_user_default(place: Place) -> None:
    place.user_config("lock_timeout = 1\n")
    assert place.load()["lock_timeout"] == 1
    assert place.load().values["lock_timeout"].origin == str(place.user_file)
    place.vault_config("lock_timeout = 2\n")
    assert place.load()["lock_timeout"] == 2
    assert place.load().values["lock_timeout"].origin == ".loop/config.toml"
    place.environ["LOOP_LOCK_TIMEOUT"] = "3"
    assert place.load()["lock_timeout"] == 3
    assert place.load().values["lock_timeout"].origin == "LOOP_LOCK_TIMEOUT"
    assert place.load(lock_timeout=4.5)["lock_timeout"] == 4.5
    assert place.load(lock_timeout=4.5).values["lock_timeout"].origin == "--lock-timeout"


def test_an_option_not_given_and_an_empty_variable_do_not_count(place: Place) -> None:
    place.environ["LOOP_LOCK_TIMEOUT"] = ""

    assert place.load(lock_timeout=None)["lock_timeout"] == 10


def test_lists_and_names_come_from_text_or_toml(place: Place) -> None:
    place.vault_config('[audit]\nprivate = ["notes", "salary"]\n[fields]\nid = "key"\n')
    assert place.load()["audit.private"] == ("notes", "salary")
    assert place.load().names == FieldNames(id="key")
    place.environ |= {"LOOP_AUDIT_PRIVATE": "a, b,", "LOOP_FIELDS_UPDATED": "modified"}
    assert place.load()["audit.private"] == ("a", "b")
    assert place.load().names == FieldNames(id="key", updated="modified")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lock_timeout = -1", "number of seconds"),
        ("lock_timeout = true", "number of seconds"),
        ('lock_timeout = "soon"', "number of seconds"),
        ("lock_timeout = nan", "number of seconds"),
        ('on_conflict = "force"', "fail or rebase"),
        ("[audit]\nprivate = 5", "list of field names"),
        ("[audit]\nprivate = [1]", "list of field names"),
        ("[fields]\nid = 5", "must be a text"),
        ('[fields]\nid = ""', "must be a text"),
        ("lock_timout = 5", "did you mean lock_timeout"),
        ('[fields]\nident = "x"', "no setting 'fields.ident'"),
        ("lock_timeout = ", "config.toml"),
        ("a = 1\na = 2", "config.toml"),
        ("#" * (1 << 20) + "\nlock_timeout = 5", "too large"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(place: Place, text: str, words: str) -> None:
    place.vault_config(text)

    with pytest.raises(UsageError, match=words) as caught:
        place.load()

    assert caught.value.exit_code == 2
    assert "config.toml" in caught.value.message


def test_a_wrong_value_in_the_environment_names_the_variable(place: Place) -> None:
    place.environ["LOOP_ON_CONFLICT"] = "force"

    with pytest.raises(UsageError, match="LOOP_ON_CONFLICT: on_conflict must be fail or rebase"):
        place.load()


def test_a_file_that_is_no_text_is_refused(place: Place) -> None:
    (place.vault / ".loop" / "config.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(UsageError, match=r"config\.toml"):
        place.load()


@pytest.mark.parametrize("whose", ["vault", "user"])
def test_a_pipe_in_its_place_is_refused_at_once(place: Place, whose: str) -> None:
    file = place.user_file if whose == "user" else place.vault / ".loop" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    os.mkfifo(file)

    with pytest.raises(UsageError, match="not an ordinary file"):
        place.load()


def test_the_users_file_may_be_a_link_and_the_vaults_may_not_leave_it(place: Place) -> None:
    kept = place.write(place.root / "dotfiles" / "loop.toml", "lock_timeout = 7\n")
    place.user_file.parent.mkdir()
    place.user_file.symlink_to(kept)
    assert place.load()["lock_timeout"] == 7
    (place.vault / ".loop" / "config.toml").symlink_to(kept)

    with pytest.raises(StorageError, match="out of the vault"):
        place.load()


class TestDiscovery:
    """Which folder is the vault."""

    def test_the_option_goes_before_the_variable_and_that_before_the_folder(
        self, place: Place
    ) -> None:
        one, two = place.root / "one", place.root / "two"
        one.mkdir()
        two.mkdir()
        place.environ["LOOP_VAULT"] = str(two)

        assert place.load(vault=str(one)).root == str(one)
        assert place.load(vault=str(one)).values["vault"].origin == "--vault"
        assert place.load().root == str(two)
        assert place.load().values["vault"].origin == "LOOP_VAULT"

    def test_a_tilde_is_the_home_folder_and_never_one_of_that_name(self, place: Place) -> None:
        (place.home / "v").mkdir()
        (place.vault / "~" / "v").mkdir(parents=True)
        (place.vault / "~" / "other").mkdir()
        place.environ["HOME"] = str(place.home)
        assert place.load(vault="~/v").root == str(place.home / "v")
        place.environ["LOOP_VAULT"] = "~/v"
        assert place.load().root == str(place.home / "v")
        with pytest.raises(EntityNotFound):
            place.load(vault="~/other")

    def test_a_schema_above_goes_before_a_nearer_loop_folder_or_obsidian(
        self, place: Place
    ) -> None:
        outer = place.root / "outer"
        inner = outer / "a" / "b"
        (inner / ".obsidian").mkdir(parents=True)
        assert place.load(cwd=inner).root == str(inner)
        assert place.load(cwd=inner).values["vault"].origin == f".obsidian in {inner}"
        (outer / "a" / ".loop").mkdir()
        assert place.load(cwd=inner).root == str(outer / "a")
        (outer / "a" / ".loop").rmdir()
        place.write(outer / "00_Meta" / "schema_constants.yaml", "entity_types: []\n")
        assert place.load(cwd=inner).root == str(outer)

    def test_the_user_configuration_is_last(self, place: Place) -> None:
        elsewhere = place.root / "elsewhere"
        elsewhere.mkdir()
        place.user_config(f'vault = "{place.vault}"\n')

        assert place.load(cwd=elsewhere).root == str(place.vault)
        assert place.load(cwd=elsewhere).values["vault"].origin == "user configuration"

    @pytest.mark.parametrize("value", ["5", "false", '""', "[]"])
    def test_a_vault_that_is_no_text_is_a_wrong_value(self, place: Place, value: str) -> None:
        place.user_config(f"vault = {value}\n")

        with pytest.raises(UsageError, match="vault must be a text"):
            place.load(cwd=place.home)

    def test_none_says_all_four_ways(self, place: Place) -> None:
        elsewhere = place.root / "elsewhere"
        elsewhere.mkdir()

        with pytest.raises(NoVault) as caught:
            place.load(cwd=elsewhere)

        assert caught.value.exit_code == 2
        for way in ("--vault", "LOOP_VAULT", "schema_constants.yaml", ".loop", ".obsidian"):
            assert way in caught.value.message
        assert str(elsewhere) in caught.value.message
        assert str(place.user_file) in caught.value.message

    def test_some_commands_need_none(self, place: Place) -> None:
        found = config.load({}, environ=place.environ, cwd=str(place.home), need_vault=False)

        assert found.root is None
        assert found["lock_timeout"] == 10

    @pytest.mark.parametrize("kind", ["nothing", "file"])
    def test_a_vault_that_is_no_folder_is_not_found(self, place: Place, kind: str) -> None:
        if kind == "file":
            place.write(place.root / kind, "")

        with pytest.raises(EntityNotFound, match="not a folder") as caught:
            place.load(vault=str(place.root / kind))

        assert caught.value.exit_code == 3

    def test_a_vault_inside_another_is_refused_naming_both(self, place: Place) -> None:
        inner = place.vault / "deep" / "inner"
        inner.mkdir(parents=True)

        with pytest.raises(UsageError) as caught:
            place.load(vault=str(inner))

        assert str(inner) in caught.value.message
        assert f"{place.vault} and" in caught.value.message

    def test_a_link_to_a_folder_inside_another_is_no_way_around(self, place: Place) -> None:
        inner = place.vault / "deep" / "inner"
        inner.mkdir(parents=True)
        link = place.root / "link"
        link.symlink_to(inner)

        with pytest.raises(UsageError) as caught:
            place.load(vault=str(link))

        assert f"{place.vault} and {link}" in caught.value.message

    def test_a_vault_around_another_is_refused_naming_both(
        self, place: Place, clock: Clock
    ) -> None:
        inner = place.vault / "deep" / "inner"
        (inner / ".loop").mkdir(parents=True)
        store = VaultStore(str(place.vault), names=FieldNames(), clock=clock)

        with pytest.raises(UsageError) as caught:
            store.find("tsk-1")

        assert str(inner) in caught.value.message
        assert f"{place.vault} and" in caught.value.message


def test_a_plain_folder_of_notes_is_a_vault(place: Place, clock: Clock, origin: Origin) -> None:
    """`id = "@stem"` and `type = "@folder"`: notes that know nothing of entities."""
    root = place.root / "notes"
    (root / ".obsidian").mkdir(parents=True)
    place.write(root / ".loop" / "config.toml", '[fields]\nid = "@stem"\ntype = "@folder"\n')
    note = place.write(root / "요리" / "김치.md", "---\ntags: [매운]\n---\n# 김치\n")
    place.write(root / "top.md", "---\n---\nno fields\n")
    place.write(root / "plain.md", "no frontmatter\n")
    settings = place.load(cwd=root / "요리")
    assert settings.root == str(root)
    store = VaultStore(str(root), names=settings.names, clock=clock)

    found = store.find("김치")
    assert (found.id, found.type, found.path) == ("김치", "요리", "요리/김치.md")
    assert store.find("top").type == "Note"
    change = EntityChange(
        entity_id="김치",
        edits=Edits(changes=parse_changes(["tags+=신", "rating:=5", "mood=good"], read=str)),
        precondition=Precondition(if_match=found.revision.etag),
    )
    done = only(store.commit([change], origin=origin))

    assert note.read_text(encoding="utf-8") == (
        "---\ntags: [매운, 신]\nrating: 5\nmood: good\n"
        f"updated: '{done.after.revision.updated_at}'\n---\n# 김치\n"
    )
    assert [record.entity_id for record in store.records()] == ["김치"]
