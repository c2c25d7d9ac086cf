"""A fuzzer of whole commands: argument lists, and files of a vault.

    python tests/fuzz/commands.py [--minutes 10] [--seed N] [--what arguments|files]

Each command runs in this process on a small vault of its own. Whatever is given, and whatever
lies in the vault, the answer is a result or an error in words: never an internal error, and no
file keeps another one from being read. What breaks that is printed with its seed. Exit 1 where
something did.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loop_cli import demo
from loop_cli.cli import output, start
from loop_cli.cli.render import styles

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 5  # seconds, after which a command that waits gets a Ctrl-C
CODES = {*range(10), 130, 141}
VERBS = (
    *("get", "update", "edit", "apply", "list", "search", "create", "delete", "move", "rename"),
    *("kept", "diff", "history", "undo", "log", "check", "schema", "init", "watch", "skill"),
    "backlinks",
    *("audit", "config", "completion", "demo", "", "--", "-", "--vault", "nope", "\udcff", "get "),
    *("audit verify", "audit rotate", "audit redact", "audit migrate", "skill install"),
    *("skill path", "completion install", "completion bash", "log --follow"),
)
OPTIONS = (
    *("--json", "--where", "-w", "--sort", "--limit", "--columns", "--force", "--if-match", "-n"),
    *("--expected-updated-at", "--on-conflict", "--unset", "--set-json", "--body-file", "--path"),
    *("--append-body", "--atomic", "--dry-run", "--yes", "-y", "--no-input", "--lock-timeout"),
    *("--vault", "--field", "--yaml", "--raw", "--body", "--fields", "--editor", "--type"),
    *("--name", "--template", "--id", "--project", "--to", "--since", "--until", "--actor"),
    *("--source", "--follow", "--run", "--older-than", "--prune", "--fix", "--github", "--strict"),
    *(
        "--plain",
        "--help",
        "-h",
        "--version",
        "--utc",
        "--csv",
        "--ids",
        "--all",
        "--if",
        "--agent",
    ),
    *("--shell", "--count", "--path=", "--json=1", "--no", "-", "--", "---", "--=", "-=", "-nyw"),
)
VALUES = (
    *(
        "",
        " ",
        "\udcff",
        "\udcff=1",
        "x=\udcff",
        "\udcff~\udcff",
        "a\udc80b.md",
        "\u202e",
        "\x1b[31m",
    ),
    *("tsk-019-14", "prj-019", "hyp-1-01", "Task", "Nope", "task", "-1", "0", "1", "1.5", "1e999"),
    *(
        "nan",
        "inf",
        "-5",
        "9" * 30,
        "9" * 5000,
        "a" * 5000,
        "가" * 300,
        "😀" * 60,
        "\n",
        "a\nb",
        "\r",
    ),
    *("x=1", "x:=1", "x:={", "x:=" + "[" * 3000, "x:=1e999", "x:=NaN", "x:=" + "9" * 5000, "x+=a"),
    *(
        "x-=",
        "x!",
        "=",
        ":=",
        "!",
        "+=",
        "x=@",
        "x=@-",
        "x=@/nope",
        "x=@@",
        "x=@/",
        "a.b=c",
        "a..b=1",
    ),
    *(
        ".=1",
        "\\=1",
        "\\.=1",
        "status=done",
        "status=no",
        "due=tomorrow",
        "due=9999-99-99",
        "body=x",
    ),
    *(
        "entity_id=x",
        "updated=x",
        "tags+=\ud800",
        "tags-=1",
        "a" * 600 + "=1",
        "x=\x00".replace("\0", ""),
    ),
    *(
        "x<y",
        "x~",
        "<",
        "~",
        "!=",
        "has:",
        "has:x",
        "missing:\udcff",
        "due<today",
        "due<today+99999",
    ),
    *(
        "due>today-99999d",
        "x<1e999",
        "x=" + "1," * 500,
        "x~(",
        "id,\udcff",
        "-x",
        "-\udcff",
        "id,,",
        ",",
    ),
    *(
        "today",
        "today+99999d",
        "2026-99-99",
        "9999-12-31",
        "0001-01-01",
        "9999-12-31T23:59:59.999999Z",
    ),
    *(
        "2026-01-09T14:35:10.1234567Z",
        "0" * 16,
        "f" * 16,
        "g" * 16,
        "f" * 17,
        "fail",
        "rebase",
        "zsh",
    ),
    *(
        "bash",
        "../../x",
        "/",
        "/dev/null",
        "/proc/self/mem",
        "~",
        ".",
        "x.md",
        "a/" * 2000,
        "*",
        "[",
    ),
    *(
        "00000000-0000-4000-8000-000000000000",
        "deadbeef",
        '"',
        "'",
        '"a b',
        "%s",
        "{0}",
        "[bold]",
        "회의",
    ),
)
STDIN = (
    *(b"", b"\xff\xfe", b"{}", b"[]", b"null", b"1", b"x", b"\n\n", b"[" * 50_000, b'{"a": 1e999}'),
    b'{"entity_id": "tsk-019-14", "set": {"notes": "x"}}\n{"entity_id": 1}\n',
    *(
        b'{"id": "tsk-019-14", "set": {"\\ud800": "\\udcff"}}\n',
        b'{"notes": "\\ud800"}',
        b"9" * 5000,
    ),
)
SNIPPETS = (
    *(
        "x: !!timestamp no",
        "x: !!int no",
        "x: !!int ''",
        "x: !!int '-'",
        "x: !!float '-'",
        "x: !!bool ''",
    ),
    *(
        "x: !!binary no%%",
        "x: !!python/object:os.system a",
        "x: !!set [a]",
        "x: !!omap a",
        "x: !!map a",
    ),
    *(
        "x: !!null a",
        "x: !!str [a]",
        "x: =",
        "<<: a",
        "<<: [1, 2]",
        "x: {<<: a}",
        "a: &a\n  <<: *a",
    ),
    *(
        "x: &a [*a]",
        "x: *nope",
        "? [a]\n: b",
        "? {a: b}\n: c",
        "x: {[a]: b}",
        "x: {? : b}",
        "? \n: x",
    ),
    *("x: 0000-00-00", "x: 2026-13-45", "x: 9999-99-99T99:99:99Z", "x: 2026-01-01T00:00:00+99:99"),
    *(
        "x: 0001-01-01T00:00:00+14:00",
        "x: 1e999999",
        "x: -1e999999",
        "x: .inf",
        "x: .nan",
        "x: 0o777",
    ),
    *("x: " + "9" * 4400, "x: -" + "9" * 3999, "x: 0x" + "f" * 3900, "x: 0b" + "1" * 9000),
    *(
        "x: 1" + ":59" * 300,
        "x: 1" + ":59" * 3000 + ".5",
        "x: 1_" + "1" * 5000,
        "0x" + "f" * 3900 + ": y",
    ),
    *(
        'x: "\\ud800"',
        '"\\ud800": x',
        'x: "\\UFFFFFFFF"',
        'x: "\\0"',
        "? !!timestamp no\n: y",
        "x: @a",
    ),
    *(
        "x: " + "[" * 70 + "]" * 70,
        "x: " + "[" * 1000,
        "x: " + "{a: " * 63 + "b" + "}" * 63,
        "x: !a b",
    ),
    *("x:\n" + "".join(" " * depth + "a:\n" for depth in range(1, 180)), "x: " + "- " * 100),
    *(
        "true: x\nnull: z\n1: a\n1.5: b\n.nan: c",
        '1: a\n"1": b',
        "2026-01-01: x",
        "~: x",
        "x: |9\n a",
    ),
    *(
        "tags: !!timestamp no",
        "status: !!int no",
        "updated: !!timestamp no",
        "created: [1]",
        "tags: {a: b}",
    ),
    *(
        "aliases: [[a], {b: c}, 1, null]",
        'entity_name: "\\ud800"',
        "entity_name: [a]",
        "status: {a: b}",
    ),
    *(
        'parent_id: "\\ud800"',
        "project_id: [a]",
        "outgoing_relations: [{target_id: [1]}, a, 1, null]",
    ),
    *(
        "x: {1: {2: {null: 3}}}",
        'x: {"a.b": {"": 1}}',
        '"": x',
        '"x\\ny": z',
        "k" * 2000 + ": v",
        "x: y\nx: z",
    ),
    *("due: 99999-01-01", "due: 20260101", "due: !!timestamp 2026-01-01", "estimated_hours: 1e400"),
    *(
        "\u202e: x",
        "x: 0x_",
        "x: -_",
        "x: 2001-1-1 1:1:1." + "1" * 50,
        "x: 2001-01-01T24:00:00Z",
        "- a",
        "a",
    ),
)
READING = (
    *(
        ("check",),
        ("check", "--json"),
        ("list", "--json"),
        ("list", "--where", "has:x", "--sort", "x"),
    ),
    *(
        ("get", "e1"),
        ("get", "e1", "--json"),
        ("get", "e1", "--yaml"),
        ("get", "e1", "--field", "x"),
    ),
    *(("search", "body"), ("list", "--columns", "id,x"), ("schema", "--json"), ("schema", "Task")),
)
WRITING = (
    ("update", "e1", 'm:={"a":{"b":1}}', "--force"),
    ("update", "e1", "x=new", "--force"),
    ("update", "e1", "x!", "--force"),
    *(
        ("check", "--fix", "--yes"),
        ("update", "--where", "has:x", "n=1", "--yes"),
        ("rename", "e1"),
    ),
    *(
        ("undo", "--yes"),
        ("create", "Task", "--name", "n", "status=todo"),
        ("diff", "e1"),
        ("log",),
    ),
)
PLACES = (
    *(
        "00_Meta/schema_constants.yaml",
        "00_Meta/members.yaml",
        ".loop/config.toml",
        ".loop/schema.yaml",
    ),
    "00_Meta/_TEMPLATES/template_task.md",
)


def main() -> int:
    """Fuzz for the time given; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--what", choices=["arguments", "files"])
    options = parser.parse_args()
    kinds = [options.what] if options.what else ["arguments", "files"]
    ends = time.monotonic() + options.minutes * 60
    tried = found = 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        while time.monotonic() < ends:
            seed = options.seed + tried
            for kind in kinds:
                for problem in TRIALS[kind](random.Random(seed), folder):
                    found += 1
                    print(f"seed {seed}, {kind}: {problem}", flush=True)
            tried += 1
    print(f"{tried} trials from seed {options.seed} on, {found} problems")
    return 1 if found else 0


def prepare(folder: str) -> None:
    """Have nothing of the person who runs this within reach."""
    os.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("LOOP_", "XDG_"))]:
        del os.environ[name]
    os.environ.update(
        HOME=f"{folder}/home", EDITOR="true", LOOP_VAULT=f"{folder}/vault", SHELL="/bin/sh"
    )
    os.mkdir(f"{folder}/home")
    signal.signal(signal.SIGALRM, signal.default_int_handler)


def try_arguments(chance: random.Random, folder: str) -> Iterator[str]:
    """A random command line on the sample vault, which is made anew now and then."""
    vault = Path(folder, "vault")
    if not vault.is_dir() or chance.random() < 0.03:
        shutil.rmtree(vault, ignore_errors=True)
        demo.lay_out(str(vault))
    arguments = chance.choice(VERBS).split(" ")
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4, 6))):
        arguments.append(chance.choice(OPTIONS if chance.random() < 0.45 else VALUES))
        if chance.random() < 0.1:
            arguments[-1] = f"{chance.choice(OPTIONS)}={chance.choice(VALUES)}"
    yield from run(arguments, chance.choice((None, *STDIN)))


def try_files(chance: random.Random, folder: str) -> Iterator[str]:
    """A vault with a strange file and a good one, which can be read whatever the other is."""
    vault = Path(folder, "vault")
    shutil.rmtree(vault, ignore_errors=True)
    _write(vault / "good.md", _entity("good", ""))
    strange = "\n".join(chance.choices(SNIPPETS, k=chance.choice((1, 1, 2, 4))))
    strange = _damaged(chance, strange) if chance.random() < 0.4 else strange
    _write(vault / "e.md", _entity("e1", strange + "\n"))
    if chance.random() < 0.4:
        place = chance.choice(PLACES)
        text = (
            f"---\n{strange}\n---\n" if place.endswith(".md") else f"members:\n  a: b\n{strange}\n"
        )
        _write(vault / place, text)
    for arguments in (*chance.sample(READING, 4), *chance.sample(WRITING, 2)):
        for problem in run(list(arguments), None):
            yield f"{problem}\n{strange[:2000]!r}"
    for place in PLACES:
        (vault / place).unlink(missing_ok=True)
    for problem in run(["get", "good", "--json"], None, codes={0}):
        yield f"the good one: {problem}\n{strange[:2000]!r}"


TRIALS: dict[str, Any] = {"arguments": try_arguments, "files": try_files}


def run(arguments: list[str], stdin: bytes | None, *, codes: set[int] = CODES) -> Iterator[str]:
    """What is wrong with the answer to a command line; nothing where all is well."""
    before, streams = dict(os.environ), (sys.stdin, sys.stdout, sys.stderr)
    shown = f"loop {json.dumps(arguments)[:500]} < {None if stdin is None else stdin[:80]!r}"
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        given.write(stdin or b"")
        given.seek(0)
        sys.stdin = None if stdin is None else open(given.fileno(), closefd=False)  # noqa: SIM115
        sys.stdout = open(out.fileno(), "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(err.fileno(), "w", closefd=False)  # noqa: SIM115
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        code: Any = None
        try:
            output.prepare_streams()
            code = start.run(arguments)
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException:
            code = traceback.format_exc()[-2000:]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.stdin, sys.stdout, sys.stderr = streams
            os.environ.clear()
            os.environ.update(before)
            styles.set_plain(False)
        err.seek(0)
        said = err.read()
    if code not in codes or b"internal error" in said:
        yield f"{shown}: {code}\n{said.decode(errors='replace')[:2000]}"


def _entity(entity_id: str, lines: str) -> str:
    return f"---\nentity_type: Zed\nentity_id: {entity_id}\nentity_name: n\n{lines}---\nbody\n"


def _damaged(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    piece = chance.choice(
        ("\t", "\r", "\n", ": ", "- ", "'", '"', "{", "]", "&a ", "*a", "!!int ", "#", "\x00")
    )
    return text[:at] + piece + text[at + chance.choice((0, 1, 5)) :]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    sys.exit(main())
