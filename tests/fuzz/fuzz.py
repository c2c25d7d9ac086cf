"""A fuzzer of what reads text: splitting and reading frontmatter, patching, reading the log.

    python tests/fuzz/fuzz.py [--minutes 10] [--seed N] [--corpus DIR]

Seeds are the files of the sample vault (and of a corpus), changed at random with pieces that
YAML and JSON care about. Each input is tried in a child process, so that an abort of a parser,
a crash or a hang is found too, and is then printed with its seed. Exit 1 where one was found.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loop_cli import demo
from loop_cli.core.records.record import History
from loop_cli.errors import LoopError
from loop_cli.markdown import document, patch, reader
from loop_cli.markdown.patch import apply
from loop_cli.vault import VaultLayout
from loop_cli.vault.log.log import AuditLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

BATCH = 200
HANG = 30.0  # seconds for a batch; a sound one takes less than one
PIECES = (
    *("---\n", "\n---\n", "\n", "\r\n", "\r", "\t", " ", "  ", ": ", ":", "- ", "-", "? ", "# "),
    *("|", ">", "|+\n", ">-\n", "|2\n", "&a ", "*a", "<<: *a", "!!str ", "!x ", "%YAML 1.2\n"),
    *("{", "}", "[", "]", ",", "'", '"', "''", '\\"', "\\s", "\\u00e9", "\\ud800", "@", "`"),
    *("null", "~", "yes", "010", "1e3", ".inf", ".nan", "10:30", "2026-01-09", "0x1F", "1_000"),
    *("가나다", "한", "🙋‍♀️", "\u00a0", "\u2028", "\u0085", "\ufeff", "\x00", "\x1b[31m"),
    *('"entity_id": "', '"metadata": ', '{"a": 1}', '"rolled_back"', "\\", "9" * 40, "a" * 300),
)
KEYS = ("status", "tags", "notes", "가", "a.b", "x y", "entity_name", "1", "true", "new: key")
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1.5, 1e300, "", "done", "yes", "012", "10:30", "2026-01-09", " a ", "# no"),
    *("a: b", "- x", "여러\n줄\n", "\n\n", "tab\there", "🙋‍♀️", "'", '"', "\x1b[0m", "a" * 2000),
    *([], ["a", "b"], ["x", {"k": "v"}], {}, {"a": {"b": [1, "2"]}}, {"가": None}),
)


def main() -> int:
    """Fuzz for the time given; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    seeds = [path.read_text() for path in _files(Path(demo.SAMPLE), options.corpus)]
    ends = time.monotonic() + options.minutes * 60
    tried = found = 0
    seed = options.seed
    while time.monotonic() < ends:
        problem = run_batch(seeds, seed)
        tried += BATCH
        seed += BATCH
        if problem is not None:
            found += 1
            print(problem, flush=True)
    print(f"{tried} inputs from seed {options.seed} on, {found} problems")
    return 1 if found else 0


def run_batch(seeds: list[str], first: int) -> str | None:
    """Try a batch in a child; what went wrong, or None."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_batch, args=(seeds, first, theirs))
    child.start()
    theirs.close()
    at = first
    deadline = time.monotonic() + HANG
    while ours.poll(max(0.0, deadline - time.monotonic())):
        try:
            message = ours.recv()
        except EOFError:
            break
        if isinstance(message, str):
            child.join()
            return message
        at = message
    hung = child.is_alive() and time.monotonic() >= deadline
    if hung:
        child.kill()
    child.join()
    if hung or child.exitcode:
        return f"seed {at}: {'hangs' if hung else f'died with {child.exitcode}'}"
    return None


def _batch(seeds: list[str], first: int, report: Connection) -> None:
    for seed in range(first, first + BATCH):
        report.send(seed)
        try:
            try_one(random.Random(seed), seeds)
        except Exception as error:
            import traceback

            report.send(f"seed {seed}: {error!r}\n{traceback.format_exc()}")
            return


def try_one(chance: random.Random, seeds: list[str]) -> None:
    """One input, made by `chance`; raises where something is not as promised."""
    text = changed(chance, chance.choice(seeds))
    try_text(chance, text)
    if chance.random() < 0.2:
        try_log(chance)


def changed(chance: random.Random, text: str) -> str:
    """`text` with some random changes, most of them near its beginning."""
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8, 30))):
        at = chance.randrange(min(len(text), chance.choice((40, 400, 4000))) + 1)
        length = chance.choice((0, 0, 1, 3, 20))
        piece = chance.choice(PIECES) * chance.choice((1, 1, 1, 2, 60))
        text = text[:at] + piece + text[at + length :]
    return text


def try_text(chance: random.Random, text: str) -> None:
    """What splits joins; what reads can be patched, exactly and nothing else, or is refused."""
    try:
        pieces = document.split(text)
    except document.FrontmatterError:
        return
    assert pieces.text == text, "split and join differ"
    try:
        before = reader.read(pieces.yaml)
        reader.duplicate_keys(pieces.yaml)
    except reader.YamlSyntaxError as error:
        assert 1 <= error.line <= pieces.yaml.count("\n") + pieces.yaml.count("\r") + 1
        return
    edits = list(_edits(chance, before))
    try:
        result = patch.patch(pieces.yaml, edits, newline=pieces.newline)
        wanted = apply(before, edits)
    except patch.PatchError:
        return
    assert repr(reader.read(result)) == repr(wanted), "the patched text reads differently"
    untouched = [key for key in before if all(edit.path[0] != key for edit in edits)]
    try:
        again = patch.patch(result, [patch.Set((key,), before[key]) for key in untouched])
    except patch.PatchError:  # keys below that are no text can't be written, so not set either
        return
    assert again == result, "setting what is there changed something"


def _edits(chance: random.Random, fields: dict[str, Any]) -> Iterator[patch.Set | patch.Remove]:
    taken: set[str] = set()
    for _ in range(chance.randrange(3)):
        key = chance.choice([*fields, *KEYS])
        if key in taken:
            continue
        taken.add(key)
        if chance.random() < 0.25:
            yield patch.Remove((key,))
        else:
            yield patch.Set((key,), chance.choice(VALUES))


def try_log(chance: random.Random) -> None:
    """Whatever is in a log, it can be read as far as it parses."""
    line = '{"entity_id": "tsk-1", "metadata": {"etag_after": "0123456789abcdef"}, "diff": {}}\n'
    data = changed(chance, line * chance.randrange(4)).encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "_build").mkdir()
        (Path(root) / "_build" / "audit_log.jsonl").write_bytes(data)
        log = AuditLog(VaultLayout(root))
        try:
            for record in log.records():
                record.as_change()
            history = History(log.records_of("tsk-1", path=None))
            assert history.ceiling is None or isinstance(history.ceiling, int)
            assert log.link().keys() <= {"previous", "previous_own"}
        except LoopError:
            return


def _files(sample: Path, corpus: Path | None) -> Iterator[Path]:
    yield from sorted(sample.rglob("*.md"))
    if corpus is not None:
        yield from sorted(corpus.rglob("*.md"))


if __name__ == "__main__":
    sys.exit(main())
