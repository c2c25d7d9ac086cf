"""What the benchmarks share: a vault to work on, a built environment, a table."""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT.parent / "shared" / "corpus"
ENTITY = "tsk-019-14"


def lay_out_vault(target: Path, corpus: Path) -> str:
    """Copy the corpus, or where it is absent the sample vault, to `target`; what it is, in words.

    Times of modification are kept, so every copy has the same revisions.
    """
    if corpus.is_dir():
        shutil.copytree(corpus, target, symlinks=True)
        words = "a copy of the corpus"
    else:
        from loop_cli import demo

        demo.lay_out(str(target))
        words = f"the sample vault, since {corpus} is absent"
    return f"{words} ({sum(1 for _ in target.rglob('*.md'))} files)"


def built_environment() -> Path:
    """The interpreter of a fresh environment with the project's wheel, compiled.

    An editable install measures something else: another path hook, sources on another disk.
    Kept in the system's temporary folder under a hash of the sources.
    """
    sources = [PROJECT / "pyproject.toml", *sorted(_package_files())]
    digest = hashlib.sha256(sys.version.encode())
    for path in sources:
        digest.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes())
    home = Path(tempfile.gettempdir()) / f"loop-bench-{os.getuid()}-{digest.hexdigest()[:16]}"
    python = home / "bin" / "python"
    ready = home / "ready"
    if not ready.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700)
        _install(python, home)
        ready.touch()
    return python


def _install(python: Path, home: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, env=environment)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "loop_cli", tree / "loop_cli", ignore=ignored)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            if (PROJECT / name).exists():
                shutil.copy(PROJECT / name, tree)
        (tree / "README.md").touch()
        command = [str(python), "-m", "pip", "install", "--compile", str(tree)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the wheel can't be installed\n{done.stdout}{done.stderr}")


def _package_files() -> Iterable[Path]:
    return (
        path
        for path in (PROJECT / "loop_cli").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def paired_ratio(values: Sequence[float], units: Sequence[float]) -> float:
    """The median of the ratios within each round, so that a slow moment counts for both."""
    return statistics.median(value / unit for value, unit in zip(values, units, strict=True))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, ["-" * width for width in widths], *rows):
        cells = [
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
