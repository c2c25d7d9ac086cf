"""A fuzzer that makes vaults as an attacker would, and runs commands on them under strace.

    python -m tests.fuzz.attacker [--minutes 10] [--seed N] [--rounds N] [--verbose]

Each round is a vault of its own beside precious files and a home folder, made at random by its
seed: links, pipes, sockets, sparse files, forged intents and logs, hostile settings and schemas.
Some commands run on it, some of them while folders and files of the vault are swapped. What is
asserted of each: it ends within its bounds, by an exit code that is documented, with no internal
error; nothing outside the vault and the user's own folders is named by a call that could change
it; what is outside is as it was, and nobody was shown it. Exit 1 where something was found.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.fuzz.strange_commands import Command, Commands
from tests.fuzz.strange_vaults import CANARY, PLACES, TASK, Attacker, Makings
from tests.strace import CALLS, ON_DESCRIPTORS, WITH_RIGHTS, calls_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from tests.strace import Call

REPOSITORY = Path(__file__).parents[2]
CODES = {*range(10), 130, 141}
SECONDS = 20  # of the processor, for one command; many times what the slowest takes
WAITS = 90.0  # seconds until a command counts as one that hangs, on a machine with much to do
MEMORY = 3 << 29  # bytes of address space
OURS = (".cache/loop", ".config/loop", ".local/state/loop")
ABOVE = (".cache", ".config", ".local", ".local/state")
EDITOR = '#!/bin/sh\necho "and a line more" >> "$1"\n'
PROGRAM = """
import resource, sys
sys.path[0] = {!r}
resource.setrlimit(resource.RLIMIT_CPU, ({}, {}))
resource.setrlimit(resource.RLIMIT_AS, ({}, {}))
from loop_cli.cli.start import main
main()
"""
LIKE_OURS = (
    *("a" * 32 + "-0.new", "a" * 32 + ".intent", "b" * 32 + ".undone", "c" * 64, "lock"),
    *("audit_log.20260101T000000000000Z.jsonl", "audit.log", "config.toml", "d" * 64 + ".9"),
)
"""Names of files outside that would be ours in `.loop` or `_build`."""
HARMLESS = ("/dev/null", "/dev/tty")
HIDDEN = (".git", ".obsidian")


def main() -> int:
    """Fuzz for the time given; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--rounds", type=int, default=10**9)
    parser.add_argument("--verbose", action="store_true", help="show what each round does")
    parser.add_argument("--code", default=str(REPOSITORY), help="the folder of another version")
    options = parser.parse_args()
    ends = time.monotonic() + options.minutes * 60
    rounds = tried = found = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="loop-attacker-") as folder:
        base = Path(folder).resolve()
        environ = environment(base, options.code)
        makings = Makings(base, environ)
        while time.monotonic() < ends and rounds < options.rounds:
            seed = options.seed + rounds
            one = Round(base, makings, seed, options.code)
            for problem in one.run():
                found += 1
                print(f"seed {seed}: {problem}\n  {one.told()}\n", flush=True)
            if options.verbose:
                print(f"seed {seed}: {one.told()}", flush=True)
            rounds, tried, slowest = rounds + 1, tried + one.tried, max(slowest, one.slowest)
    print(
        f"{tried} commands in {rounds} rounds from seed {options.seed} on, the slowest in "
        f"{slowest:.1f} s, {found} problems"
    )
    return 1 if found else 0


def environment(base: Path, code: str) -> dict[str, str]:
    """What commands see of their surroundings."""
    home = base / "home"
    home.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": code,
        "PYTHONPYCACHEPREFIX": str(base / "compiled"),
        "LC_ALL": "C.UTF-8",
    }


class Round:
    """A vault by the seed, and commands on it."""

    def __init__(self, base: Path, makings: Makings, seed: int, code: str) -> None:
        self.chance = random.Random(seed)
        self.makings = makings
        self.code = code
        self.compiled = base / "compiled"
        self.root = base / "round"
        self.vault = self.root / "vault"
        self.home = self.root / "home"
        self.ran: list[str] = []
        self.said: list[str] = []
        self.attacker = Attacker(self.chance, self.vault)
        self.slowest = 0.0

    @property
    def tried(self) -> int:
        return len(self.ran)

    def told(self) -> str:
        """What was done, in order."""
        return "\n  ".join([*self.attacker.done, *self.ran])

    def run(self) -> Iterator[str]:
        """What went wrong."""
        self._lay_out()
        self.attacker.work()
        before = self._outside()
        commands = Commands(self.chance, str(self.vault))
        for _ in range(self.chance.choice((2, 3, 4, 5))):
            command = commands.draw()
            swapped = self.chance.random() < 0.3 and command.named is None
            swaps = Swaps(self.vault, self.chance) if swapped else None
            self.ran.append(f"loop {command.arguments!r:.300}{' while swapped' if swaps else ''}")
            yield from self._judged(command, swaps)
            after = self._outside()
            yield from differences(before, after)
            before = after

    def _lay_out(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        outside = self.root / "outside"
        for folder in (outside / "repo/.git/hooks", outside / "empty", self.home / ".ssh"):
            folder.mkdir(parents=True)
        (outside / "note.md").write_text(f"---\nentity_id: tsk-019-77\n---\n{CANARY}\n")
        (outside / "entity.md").write_text(
            "---\nentity_type: Task\nentity_id: tsk-019-78\nentity_name: a\nstatus: todo\n---\n"
        )
        for name in LIKE_OURS:
            (outside / name).write_text("precious")
        (outside / "repo/.git/HEAD").write_text("ref: refs/heads/main\n")
        (outside / "repo/.git/hooks/pre-commit.sample").write_text("#!/bin/sh\n")
        for secret in (outside / "secret", self.home / ".ssh/id_ed25519"):
            secret.write_text(f"{CANARY}\n")
            secret.chmod(0o600)
        editor = self.root / "editor"
        editor.write_text(EDITOR)
        editor.chmod(0o755)
        self.attacker.done.append(self.makings.lay_out(self.chance, self.vault))
        (self.vault / ".git/hooks").mkdir(parents=True)
        (self.vault / ".git/config").write_text("[core]\n")
        (self.vault / ".obsidian").mkdir()
        (self.vault / ".obsidian/app.json").write_text("{}")

    # -- one command ------------------------------------------------------------------------

    def _judged(self, command: Command, swaps: Swaps | None) -> Iterator[str]:
        trace = self.root / "trace"
        cwd = self.chance.choice((self.root, self.vault))
        began = time.monotonic()
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(command.stdin.encode())
            given.seek(0)
            process = subprocess.Popen(
                self._line(command, trace), env=self._environ(), cwd=cwd,
                stdin=given, stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
            code = self._ended(process, swaps)
            said, shown = _read(err), _read(out)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.ran[-1] += f": {code}"
        self.said.append(said)
        yield from _of_answer(code, said, shown)
        for call in calls_in(trace.read_text(errors="replace")):
            if (why := self.fault(call, str(cwd), command.named)) is not None:
                yield f"{why}: {call.text[:600]}"

    def _line(self, command: Command, trace: Path) -> list[str]:
        calls = f"trace={CALLS},{ON_DESCRIPTORS},{WITH_RIGHTS}"
        strace = ["strace", "-f", "-y", "--seccomp-bpf", "-e", calls, "-o", str(trace)]
        # Not -m, which would take modules from the folder that it runs in.
        program = PROGRAM.format(self.code, SECONDS, SECONDS + 5, MEMORY, MEMORY)
        return [*strace, sys.executable, "-c", program, *command.arguments]

    def _environ(self) -> dict[str, str]:
        return {
            **environment(self.root, self.code),
            "PYTHONPYCACHEPREFIX": str(self.compiled),
            "LOOP_VAULT": str(self.vault),
            "LOOP_EDITOR": str(self.root / "editor"),
            **({"LOOP_DEBUG": "1"} if os.environ.get("LOOP_DEBUG") else {}),
        }

    def _ended(self, process: subprocess.Popen[bytes], swaps: Swaps | None) -> int | None:
        """The exit code; None where it hung and was killed, with all that it had started."""
        try:
            if swaps is None:
                return process.wait(WAITS)
            with swaps:
                return process.wait(WAITS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    # -- what is asserted ----------------------------------------------------------------------

    def fault(self, call: Call, cwd: str, named: str | None = None) -> str | None:
        """What is wrong with a system call of a command where the user has `named` a folder."""
        if not call.changes or self._is_asked_for(call, cwd, named):
            return None
        if call.descriptor is not None:
            return self._wrong(call.descriptor)
        names = call.names[1:] if call.call.startswith("symlink") else call.names
        wholes = [os.path.normpath(os.path.join(folder or cwd, name)) for folder, name in names]
        for whole in [*wholes, *([call.opened] if call.opened is not None else [])]:
            if (why := self._wrong(whole)) is not None:
                return why
        for whole, (_folder, name) in zip(wholes, names, strict=True):
            if not whole.startswith(f"{self.vault}/"):
                continue
            if "/" in name:
                return "changes what it names by a path through the vault"
            if call.follows:
                return "may follow a link in the vault"
        return None

    def _is_asked_for(self, call: Call, cwd: str, named: str | None) -> bool:
        """Whether it makes the folder that the user has named, or one above it."""
        if named is None or call.call != "mkdir":
            return False
        whole = os.path.normpath(os.path.join(cwd, call.names[0][1]))
        return f"{whole}/".startswith(f"{self.vault}/") and f"{named}/".startswith(f"{whole}/")

    def _wrong(self, path: str) -> str | None:
        """Why nobody may change what is there."""
        path = path.removesuffix(" (deleted)")
        vault, home = f"{self.vault}/", f"{self.home}/"
        if path in HARMLESS or path.startswith(f"{self.compiled}/") or path == str(self.compiled):
            return None
        if path.startswith(vault):
            first = path[len(vault) :].partition("/")[0]
            return "changes what is another program's" if first in HIDDEN else None
        if path.startswith(home):
            below = path[len(home) :]
            if below in ABOVE or any(below == one or below.startswith(f"{one}/") for one in OURS):
                return None
        return "changes what is outside"

    def _outside(self) -> dict[str, tuple[object, ...]]:
        """All that nobody may change: beside the vault, in the home folder, in `.git`."""
        found: dict[str, tuple[object, ...]] = {}
        tops = [self.root / "outside", self.home / ".ssh", *(self.vault / one for one in HIDDEN)]
        for top in tops:
            found[str(top)] = _state(top)
            for place in sorted(top.rglob("*")):
                found[str(place)] = _state(place)
        names = {"outside", "vault", "home", "editor", "trace"}
        found["beside the vault"] = (sorted(set(os.listdir(self.root)) - names),)
        return found


def differences(
    before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]]
) -> Iterator[str]:
    """What has changed of what nobody may change."""
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield f"{path} was {before.get(path)} and is {after.get(path)}"


def _of_answer(code: int | None, said: str, shown: str) -> Iterator[str]:
    if code is None:
        yield "it hangs"
    elif code not in CODES:
        yield f"it ended with {code}: {said[-1500:]}"
    if "internal error" in said or "Traceback" in said:
        yield f"an internal error: {said[-3000:]}"
    if CANARY in said or CANARY in shown:
        yield f"it shows what is outside: {said[-500:]}{shown[-500:]}"
    if "\x1b" in said:
        yield f"its words hold escapes: {said[-500:]!r}"


class Swaps:
    """As a context: things in the vault go, come back, and are links to outside in between."""

    def __init__(self, vault: Path, chance: random.Random) -> None:
        self.places = [vault / one for one in chance.sample((*PLACES, TASK, TASK), 3)]
        self.leads = vault.parent / chance.choice(("outside", "outside/note.md", "home", "nowhere"))
        self.chance = random.Random(chance.random())
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        self._over.wait(self.chance.uniform(0, 0.2))
        while not self._over.wait(self.chance.choice((0.0005, 0.003, 0.02))):
            place = self.chance.choice(self.places)
            if os.path.realpath(place.parent) != str(place.parent):
                continue  # what lies beyond a link is no part of the vault
            with suppress(OSError):
                self._swap(place)

    def _swap(self, place: Path) -> None:
        aside = place.with_name(f"swapped-{self.chance.randrange(10**9)}")
        place.rename(aside)
        try:
            what = self.chance.choice(("link", "link", "nothing", "pipe", "folder", "file"))
            if what == "link":
                place.symlink_to(self.leads)
            elif what == "pipe":
                os.mkfifo(place)
            elif what == "folder":
                place.mkdir()
            elif what == "file":
                place.write_bytes(b"---\nentity_type: Task\nentity_id: tsk-019-14\n---\n")
            self._over.wait(self.chance.choice((0.0, 0.001, 0.01)))
        finally:
            with suppress(FileNotFoundError):  # what came there meanwhile stays, under another name
                place.rename(place.with_name(f"between-{self.chance.randrange(10**9)}"))
            aside.rename(place)


def _state(place: Path) -> tuple[object, ...]:
    status = place.lstat()
    content: object = None
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(place)
    elif stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(place.read_bytes()).hexdigest()
    return (status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, content)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
