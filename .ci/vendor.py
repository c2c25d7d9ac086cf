"""Brings the libraries of the dashboard into `loop_cli/server/dashboard/vendor/`, from npm.

    python .ci/vendor.py            fetch the versions of LIBRARIES anew, and write the folder
    python .ci/vendor.py --check    compare the folder with its list; needs no network

To take a newer version, change it in LIBRARIES, run the script, run `tests/dashboard`, commit. The
page runs the files as they are, without a build step, so a module that imports another by its bare
name ("preact") is made to import the file beside it ("./preact.js"). Nothing else is changed but
comments that name source maps, which are not there. `list.json` in the folder says of each file
where it comes from, and the SHA-256 of both forms; `LICENSES.txt` has the licences' texts.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "loop_cli" / "server" / "dashboard" / "vendor"
LIST = FOLDER / "list.json"
LICENSES = FOLDER / "LICENSES.txt"


class Library(NamedTuple):
    """A package of npm, and which of its files go where. `export` is a name that a script which
    is no module leaves in the page, and that a module made of it is to export; `notice` the line of
    the copyright in its repository, where the package has no text of its licence (MIT)."""

    name: str
    version: str
    license: str
    files: dict[str, str]
    export: str | None = None
    notice: str | None = None


LIBRARIES = (
    Library(
        "preact",
        "11.2.0",
        "MIT",
        {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"},
    ),
    Library("htm", "3.1.1", "Apache-2.0", {"dist/htm.mjs": "htm.js"}),
    Library("@preact/signals-core", "1.14.5", "MIT", {"dist/signals-core.mjs": "signals-core.js"}),
    Library("@preact/signals", "2.11.4", "MIT", {"dist/signals.mjs": "signals.js"}),
    Library("marked", "18.2.1", "MIT", {"lib/marked.esm.js": "marked.js"}),
    Library(
        "dompurify",
        "3.5.0",
        "(MPL-2.0 OR Apache-2.0)",
        {"dist/purify.min.js": "purify.js"},
        export="globalThis.DOMPurify",
    ),
    Library(
        "@event-calendar/build",
        "5.10.1",
        "MIT",
        {
            "dist/event-calendar.min.js": "calendar.js",
            "dist/event-calendar.min.css": "calendar.css",
        },
        export="EventCalendar",
        notice="Copyright (c) 2021 vkurko",
    ),
)
# Bare names, and the files beside.
_BESIDE = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "htm": "./htm.js",
    "@preact/signals-core": "./signals-core.js",
}
_IMPORT = re.compile(r"""((?:\bfrom|\bimport)\s*)(["'])([^"'./][^"']*)\2""")
_MAP = re.compile(r"\n?(?://|/\*)# sourceMappingURL=[^\n*]*(?:\*/)?\s*$")


def main(arguments: list[str]) -> int:
    """Fetch or check. Returns the exit code."""
    if arguments == ["--check"]:
        problems = wrong()
        print("\n".join(problems) or "the vendored files are as listed")
        return bool(problems)
    fetch()
    return 0


def wrong() -> list[str]:
    """How the folder differs from its list, and its list from LIBRARIES."""
    listed = json.loads(LIST.read_text(encoding="utf-8"))["files"]
    here = {one.name for one in FOLDER.iterdir()} - {LIST.name, LICENSES.name}
    problems = [f"{name}: not listed" for name in sorted(here - set(listed))]
    licenses = LICENSES.read_text(encoding="utf-8")
    for library in LIBRARIES:
        if f"== {library.name} {library.version}: " not in licenses:
            problems.append(f"{LICENSES.name} has nothing of {library.name} {library.version}")
        for name in library.files.values():
            said = listed.get(name, {})
            if (said.get("package"), said.get("version")) != (library.name, library.version):
                problems.append(f"{name}: not of {library.name} {library.version}; run me")
            elif name not in here or _hash((FOLDER / name).read_bytes()) != said["sha256"]:
                problems.append(f"{name}: not the file that was fetched")
    known = {name for one in LIBRARIES for name in one.files.values()}
    return problems + [f"{name}: of no library" for name in sorted(set(listed) - known)]


def fetch() -> None:
    """Write the folder anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    listed: dict[str, dict[str, Any]] = {}
    licenses = []
    for library in LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            package, integrity = _packed(library, Path(folder))
            licenses.append(_license(library, package))
            for source, name in library.files.items():
                content = (package / source).read_bytes()
                (FOLDER / name).write_bytes(made := _made(content, library, name))
                listed[name] = {
                    "package": library.name,
                    "version": library.version,
                    "license": library.license,
                    "integrity": integrity,
                    "source": source,
                    "source_sha256": _hash(content),
                    "sha256": _hash(made),
                }
    about = "Written by .ci/vendor.py, which also checks it."
    document = {"about": about, "files": dict(sorted(listed.items()))}
    LIST.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    LICENSES.write_text("\n".join(licenses), encoding="utf-8")


def _packed(library: Library, folder: Path) -> tuple[Path, str]:
    """The unpacked package, and the hash that the registry gives for it; npm has compared it."""
    command = ["npm", "pack", "--json", f"{library.name}@{library.version}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
    said = json.loads(done.stdout)
    (one,) = said if isinstance(said, list) else said.values()
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    package = folder / "package"
    told = json.loads((package / "package.json").read_text(encoding="utf-8"))
    if told["license"] != library.license:
        raise SystemExit(f"{library.name}: its licence is now {told['license']}")
    return package, one["integrity"]


def _made(content: bytes, library: Library, name: str) -> bytes:
    """A file as the page loads it."""
    text = _MAP.sub("", content.decode("utf-8"))
    if name.endswith(".css"):
        return text.encode()
    if library.export is not None:
        return f"{text}\nexport default {library.export};\n".encode()
    return _IMPORT.sub(lambda one: f"{one[1]}{one[2]}{_BESIDE[one[3]]}{one[2]}", text).encode()


def _license(library: Library, package: Path) -> str:
    texts = [
        one.read_text(encoding="utf-8").strip()
        for one in sorted(package.iterdir())
        if one.name.upper().startswith(("LICENSE", "LICENCE"))
    ]
    if not texts and library.notice is not None and library.license == "MIT":
        own = (ROOT / "LICENSE").read_text(encoding="utf-8").strip()  # which is that one, too
        texts = [re.sub(r"(?m)^Copyright .*$", library.notice, own)]
    if not texts:
        raise SystemExit(f"{library.name}: it has no text of its licence")
    body = "\n\n".join(texts)
    return f"== {library.name} {library.version}: {library.license}\n\n{body}\n"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
