"""What single commands cost as a vault grows: the table of `loop help scale`.

    python tests/bench/life.py [--entities 1000,10000,100000]

On generated vaults (`generate.py`), each command in a process of its own, the index being there:
the seconds of processor that it took, and the most memory of it in MiB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a program sees its own folder

from tests.bench import common, generate

YOUNG = 2.2  # seconds in which files are read again, as in no vault in use
# A small process between this one and the command: a child starts with its parent's peak.
METER = """
import os, resource, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print("", used.ru_utime + used.ru_stime, used.ru_maxrss * unit, file=sys.stderr)
sys.exit(code)
"""
EVIDENCE = ("normalized_delta=1", "evidence_strength=weak", "status=done")


def commands(root: Path) -> dict[str, tuple[str, ...]]:
    """What is measured, by its name in the table; each changes another entity."""
    tasks = generate.task_ids(root, 40)
    projects = [path.name[:10] for path in sorted(root.glob("50_Projects/*/*"))]
    here = f"project_id={projects[0]}"
    evidence = ("create", "Evidence", "--name", "x", f"project={projects[0]}", *EVIDENCE)
    return {
        "first index": ("list", "--limit", "1"),
        "`get ID`": ("get", tasks[0]),
        "`update ID`": ("update", tasks[0], "priority=low", "--force"),
        "`create Task`": ("create", "Task", "--name", "x", here, "assignee=ops"),
        "`create`, where ids are counted": evidence,
        "`list`, nothing changed": ("list", "--limit", "1"),
        "`delete ID`": ("delete", tasks[1], "--force"),
        "`move ID`": ("move", tasks[2], "--project", projects[-1], "--force"),
        "`rename --all --dry-run`": ("rename", "--all", "--dry-run"),
        "`check ID`": ("check", tasks[3]),
        "`check`": ("check",),
    }


def measured(command: tuple[str, ...], root: Path, python: Path) -> tuple[float, float]:
    """Its seconds of processor, and its most memory in MiB."""
    program = str(python.parent / "loop")
    environment = {"PATH": os.environ["PATH"], "LOOP_VAULT": str(root)}
    environment["HOME"] = str(root.parent / f"home-{root.name}")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", METER, program, *command, "--json"],
        env=environment,
        capture_output=True,
        check=False,
    )
    if done.returncode not in (0, 6):  # generated vaults are not without fault
        raise SystemExit(f"loop {' '.join(command)}: exit {done.returncode}")
    *_others, seconds, most = done.stderr.split()
    return float(seconds), int(most) / 2**20


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--entities", default="1000,10000,100000")
    parser.add_argument("--folder", type=Path, help="where to work: the disk to measure")
    parser.add_argument("--python", type=Path, help="of an environment that has loop")
    options = parser.parse_args()
    python = options.python or common.built_environment()
    sizes = [int(size) for size in options.entities.split(",")]
    rows: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="loop-life-", dir=options.folder) as folder:
        for size in sizes:
            root = Path(folder) / str(size)
            generate.lay_out(root, entities=size)
            time.sleep(YOUNG)
            for what, command in commands(root).items():
                seconds, most = measured(command, root, python)
                rows.setdefault(what, []).append(f"{seconds:.2f} s, {most:.0f} MiB")
    common.print_table(["", *map(str, sizes)], [[what, *row] for what, row in rows.items()])


if __name__ == "__main__":
    main()
