"""What links cost in a vault: `rename`, `delete`, `backlinks`, `check`, beside reading the files.

    python tests/bench/links.py [--entities 10000]

On a generated vault (`generate.py`) in which every task also links to its project and to another
task, and a tenth as many notes. Each command in a process of its own, the index being there;
medians of the seconds that it took. `read` opens and reads each Markdown file once, in one process;
`parse` asks the Markdown parser for the links of each as well.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from tests.bench import common, generate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

YOUNG = 2.2  # seconds in which files are read again, as in no vault in use
ROUNDS = 5
READ = """
import os, sys
parse = sys.argv[2] == "parse"
if parse:
    from loop_cli.markdown import links
for folder, _folders, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".md"):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            if parse:
                links.find(data.decode())
"""


def add_links(root: Path) -> None:
    """Let every task link to its project and to another task, and add notes that do."""
    chance = random.Random(1)
    tasks = sorted(root.glob("50_Projects/*/*/Tasks/*.md"))
    for number, path in enumerate(tasks):
        other = chance.choice(tasks)
        text = f"\nsee [[{other.stem}|it]], [the project](../project.md) and `[[{other.stem}]]`\n"
        with path.open("a") as file:
            file.write(text)
        if number % 10 == 0:
            note = root / "00_Inbox" / f"note {number}.md"
            note.parent.mkdir(exist_ok=True)
            note.write_text(f"# A note\n\n- [[{other.stem}]]\n- [[{path.stem}]]\n")


def misnamed(root: Path) -> Iterator[str]:
    """Tasks whose file has another name than rule A has, one after the other."""
    tasks = sorted(root.glob("50_Projects/*/*/Tasks/*.md"))
    for path in tasks[:: len(tasks) // (ROUNDS + 1)]:
        path.rename(path.with_name(f"old {path.name}"))
        yield path.stem


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long a process took. Exit 6 is the answer of a delete that links are in the way of, and
    of a check, since generated vaults are not without fault."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    took = time.perf_counter() - start
    if done.returncode not in (0, 6):
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.decode()}")
    return took


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to work: the disk to measure")
    parser.add_argument("--python", type=Path, help="of an environment that has loop")
    options = parser.parse_args()
    python = options.python or common.built_environment()
    with tempfile.TemporaryDirectory(prefix="loop-links-", dir=options.folder) as folder:
        root = Path(folder) / "vault"
        generate.lay_out(root, entities=options.entities)
        add_links(root)
        ids = list(misnamed(root))
        environment = {"PATH": os.environ["PATH"], "LOOP_VAULT": str(root), "HOME": folder}
        time.sleep(YOUNG)
        loop = [str(python.parent / "loop")]
        seconds([*loop, "list", "--limit", "1", "--json"], environment)
        rows = []
        for what in ("read", "parse"):
            bare = [str(python), "-c", READ, str(root), what]
            rows.append((what, [seconds(bare, environment) for _ in range(ROUNDS)]))
        for verb, more in (("rename", "--yes"), ("backlinks", "--json"), ("delete", "--force")):
            took = [seconds([*loop, verb, one, more], environment) for one in ids[:ROUNDS]]
            rows.append((f"`{verb} ID`", took))
        rows.append(("`check`", [seconds([*loop, "check", "--json"], environment)]))
        files = sum(1 for _ in root.rglob("*.md"))
        bare_reading = statistics.median(rows[0][1])
    table = [
        (what, f"{(median := statistics.median(took)):.2f} s", f"{median / bare_reading:.1f}")
        for what, took in rows
    ]
    print(f"{files} files; medians of {ROUNDS}")
    common.print_table(["", "time", "times reading"], table)


if __name__ == "__main__":
    main()
