"""The user's own folders: where they are, and that they are for this user alone."""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING

import pytest

from loop_cli.errors import UsageError
from loop_cli.system import home
from tests.strangers import USER, Machine, machine, needs_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["machine"]
LISTED = [one.pw_dir for one in pwd.getpwall() if one.pw_uid == os.getuid()][:1]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


class TestWhere:
    def test_by_home(self, tmp_path: Path) -> None:
        environ = {"HOME": str(tmp_path)}
        assert home.config(environ) == f"{tmp_path}/.config"
        assert home.data(environ) == f"{tmp_path}/.local/share"
        assert home.cache(environ) == f"{tmp_path}/.cache/loop"
        assert home.state(environ) == f"{tmp_path}/.local/state/loop"

    @pytest.mark.parametrize(
        "value", [None, "", "relative", ".", "~", "/no/such/home", "/dev/null"]
    )
    def test_a_home_that_is_none_is_the_one_that_the_system_has(self, value: str | None) -> None:
        environ = {} if value is None else {"HOME": value}
        there = [one for one in LISTED if os.path.isdir(one)]
        assert home.home(environ) == (there[0] if there else None)

    @pytest.mark.parametrize("value", ["", "relative", "./x", "~/.cache"])
    def test_relative_variables_do_not_count(self, tmp_path: Path, value: str) -> None:
        names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
        environ = {"HOME": str(tmp_path), **dict.fromkeys(names, value)}
        plain = {"HOME": str(tmp_path)}
        for find in (home.config, home.data, home.cache, home.state):
            assert find(environ) == find(plain)
        whole = dict.fromkeys(names, "/var/x")
        assert home.cache(whole) == "/var/x/loop"
        assert home.config(whole) == "/var/x"

    def test_a_tilde(self, tmp_path: Path) -> None:
        environ = {"HOME": str(tmp_path)}
        assert home.expand("~/a/b", environ) == f"{tmp_path}/a/b"
        assert home.expand("~", environ) == str(tmp_path)
        assert home.expand("a/~", environ) == "a/~"
        assert home.expand("~root/a", environ) == f"{pwd.getpwnam('root').pw_dir}/a"
        with pytest.raises(UsageError, match="no user nobody-of-this-name"):
            home.expand("~nobody-of-this-name/a", environ)


class TestPrivate:
    def test_what_is_made_is_private_whatever_the_umask(self, tmp_path: Path, umask: int) -> None:
        ours = tmp_path / "a" / "b" / "loop"
        home.make_private(str(ours))
        file = ours / "file"
        os.close(home.create(str(file)))
        assert [mode(one) for one in (ours, ours.parent, ours.parent.parent)] == [0o700] * 3
        assert mode(file) == 0o600

    @pytest.mark.parametrize("wide", [0o755, 0o777, 0o770, 0o701])
    def test_what_is_ours_is_narrowed(self, tmp_path: Path, wide: int) -> None:
        ours = tmp_path / "loop"
        ours.mkdir()
        ours.chmod(wide)
        file = ours / "file"
        file.write_text("x")
        file.chmod(wide & 0o666)
        home.make_private(str(ours))
        assert home.narrow(str(file))
        assert (mode(ours), mode(file)) == (0o700, 0o600)

    def test_a_link_is_not_used(self, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(mode=0o755)
        (tmp_path / "loop").symlink_to(elsewhere)
        with pytest.raises(OSError, match="link"):
            home.make_private(str(tmp_path / "loop"))
        file = tmp_path / "file"
        file.write_text("x")
        file.chmod(0o644)
        (tmp_path / "link").symlink_to(file)
        assert home.narrow(str(tmp_path / "link")) is False
        assert (mode(elsewhere), mode(file)) == (0o755, 0o644)

    @pytest.mark.parametrize("what", ["file", "link to nowhere"])
    def test_what_is_no_folder_is_not_used(self, tmp_path: Path, what: str) -> None:
        place = tmp_path / "loop"
        if what == "file":
            place.write_text("")
        else:
            place.symlink_to(tmp_path / "nowhere")
        with pytest.raises(OSError):
            home.make_private(str(place))
        with pytest.raises(OSError):
            home.make_private(str(place / "below"))
        assert not (tmp_path / "nowhere").exists()

    def test_only_an_ordinary_file_of_ours_is_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "zero").symlink_to("/dev/zero")
        with (tmp_path / "giant").open("wb") as giant:
            giant.truncate(1 << 40)
        for name in ("pipe", "zero", "giant"):
            with pytest.raises(OSError):
                home.read(str(tmp_path / name), most=100)
        (tmp_path / "file").write_bytes(b"x" * 100)
        assert home.read(str(tmp_path / "file"), most=100)[0] == b"x" * 100

    @needs_root
    def test_what_is_anothers_is_not_used(self, tmp_path: Path) -> None:
        ours = tmp_path / "loop"
        ours.mkdir(mode=0o700)
        os.chown(ours, USER, USER)
        for place in (ours, ours / "below"):
            with pytest.raises(OSError, match="belongs to another user"):
                home.make_private(str(place))
        assert list(ours.iterdir()) == []


HEAD = "---\nentity_type: Zed\nentity_id: e1\nentity_name: Layoffs in March\n---\nb\n"


@needs_root
class TestAnotherUser:
    """Who has no home, or meets folders of others."""

    def vault(self, machine: Machine, owner: int) -> Path:
        vault = machine.folder("v", owner=owner)
        machine.folder("v/.loop", owner=owner)
        machine.file("v/e.md", HEAD, owner=owner)
        return vault

    @pytest.mark.parametrize("home", [None, "", "relative", "~", "/no/such/home", "/dev/null"])
    def test_without_a_home_nothing_is_written_beside_the_vaults_own(
        self, machine: Machine, home: str | None
    ) -> None:
        vault = self.vault(machine, USER)
        for name in ("~", "relative"):
            machine.folder(f"v/{name}/.config/loop", owner=USER)
            machine.file(f"v/{name}/.config/loop/config.toml", "editor = 'touch pwned'\n")
        before = sorted(vault.rglob("*"))
        env = {} if home is None else {"HOME": home}
        listed = machine.run("list", "--ids", user=USER, cwd=vault, env=env)
        assert (listed.returncode, listed.stdout) == (0, "e1\n")
        assert "no index is kept" in listed.stderr
        editor = machine.run("config", user=USER, cwd=vault, env=env).stdout
        assert "pwned" not in editor
        assert machine.run("edit", "e1", user=USER, cwd=vault, env=env).returncode != 0
        machine.run("__complete", "fish", "--", "get", "e", user=USER, cwd=vault, env=env)
        assert sorted(vault.rglob("*")) == before

    @pytest.mark.parametrize(
        "command", [("init", "~/x"), ("demo", "~/x"), ("skill", "install", "~")]
    )
    def test_without_a_home_a_tilde_is_refused(
        self, machine: Machine, command: tuple[str, ...]
    ) -> None:
        here = machine.folder("here", owner=USER)
        done = machine.run(*command, user=USER, cwd=here)
        assert done.returncode == 2
        assert "HOME names no folder" in done.stderr
        assert list(here.iterdir()) == []

    def test_without_a_home_completions_have_no_place(self, machine: Machine) -> None:
        here = machine.folder("here", owner=USER)
        done = machine.run("completion", "install", "bash", user=USER, cwd=here)
        assert (done.returncode, list(here.iterdir())) == (1, [])

    @pytest.mark.parametrize("whose", ["loop", "above"])
    def test_a_cache_that_is_anothers_is_not_used(self, machine: Machine, whose: str) -> None:
        vault = self.vault(machine, USER)
        machine.folder("cache", owner=0 if whose == "loop" else USER + 1, mode=0o777)
        ours = machine.folder("cache/loop", owner=USER + 1, mode=0o777)
        if whose == "above":
            ours.rmdir()
        env = {"HOME": "/", "XDG_CACHE_HOME": str(machine.root / "cache")}
        for _time in range(2):
            done = machine.run("list", "--ids", user=USER, cwd=vault, env=env)
            assert (done.returncode, done.stdout) == (0, "e1\n")
            assert "belongs to another user" in done.stderr
            assert machine.run(
                "__complete", "fish", "--", "get", "Lay", user=USER, cwd=vault, env=env
            )
        assert [one for one in (machine.root / "cache").rglob("*") if one.is_file()] == []

    def test_root_leaves_no_cache_in_the_home_of_another(self, machine: Machine) -> None:
        """It would lock its owner out of the cache."""
        vault, home = self.vault(machine, USER), machine.folder("home", owner=USER)
        machine.folder("home/.cache", owner=USER)
        done = machine.run("list", "--ids", cwd=vault, env={"HOME": str(home)})
        assert (done.returncode, done.stdout) == (0, "e1\n")
        assert [one.name for one in home.rglob("*")] == [".cache"]
        again = machine.run("list", "--ids", user=USER, cwd=vault, env={"HOME": str(home)})
        assert (again.returncode, again.stderr) == (0, "")
