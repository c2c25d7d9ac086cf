"""`loop check`: a walk over the files of a vault, each judged by the rules of `core.check`.

A file is read once and forgotten; what is kept of it is whom it names and what is wrong.
"""

from __future__ import annotations

from contextlib import suppress

from loop_cli.core.changes import Change
from loop_cli.core.check import across, fields, places
from loop_cli.core.check.finding import ERROR, WARNING, Finding, Found, Subject, is_template, order
from loop_cli.core.diff import value_at
from loop_cli.core.names import join_dotted, nearest, nfc
from loop_cli.errors import EntityNotFound, InvalidFile, LoopError
from loop_cli.lean.records import Struct
from loop_cli.markdown import dialects, document
from loop_cli.markdown.duplicates import duplicate_paths, without_repeats
from loop_cli.markdown.lines import Lines
from loop_cli.planning import snapshot
from loop_cli.vault import schema_file
from loop_cli.vault.files import reading as files
from loop_cli.vault.files.passed import PassedOver, passed_over
from loop_cli.vault.index import entry
from loop_cli.vault.upkeep import check_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from loop_cli.core.entity import FieldNames
    from loop_cli.core.schema.rules import Rules
    from loop_cli.planning.snapshot import Parsed
    from loop_cli.vault.handle import Vault
    from loop_cli.vault.index.locate import Locator

_SHOWN = 60


class Wanted(Struct):
    """What to check; everything where both are empty. `names` are ids, aliases and types,
    `paths` files relative to the vault."""

    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def may_be(self, one: Subject) -> bool:
        """Whether it may turn out that an entity is meant."""
        if not self.names and not self.paths:
            return True
        called = {one.type, one.id, nfc(one.id), _stem(one.path), *entry.aliases(one.fields)}
        return one.path in self.paths or any(
            name in called or nfc(name) in called for name in self.names
        )


class Checked(Struct):
    """What was found. `files` and `entities` count what was looked at; `etags` are those of the
    files that can be repaired; `passed` is what nobody looked at."""

    files: int
    entities: int
    findings: tuple[Finding, ...]
    etags: dict[str, str]
    passed: PassedOver

    def count(self, severity: str) -> int:
        """How many findings are errors, or warnings."""
        return sum(one.severity == severity for one in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings are no matter."""
        return self.count(ERROR) == 0

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `loop check`."""
        return {
            "ok": self.ok,
            "files": self.files,
            "entities": self.entities,
            "counts": {severity: self.count(severity) for severity in (ERROR, WARNING)},
            "fixable": sum(one.fixable for one in self.findings),
            "findings": [one.as_dict() for one in self.findings],
            "passed_over": self.passed.as_dict(),
        }


def check(vault: Vault, wanted: Wanted) -> Checked:
    """Look at the whole vault, and list what is wrong with what is `wanted`.

    Raises `EntityNotFound` for a name that is no id, alias or type, and what the schema raises.
    """
    walk = _walk(vault.root, vault.locator(), vault.rules, wanted)
    walk.findings += check_state.findings(vault)
    admits = _selection(wanted, walk)
    findings = [one for one in walk.findings if admits(one)]
    fixable = {one.path for one in findings if one.fixable}
    return Checked(
        files=walk.files,
        entities=walk.entities,
        findings=tuple(sorted(findings, key=order)),
        etags={path: walk.etags[path] for path in fixable},
        passed=passed_over(vault.root, vault.schema.places),
    )


def judge(root: str, locator: Locator, rules: Rules) -> tuple[Finding, ...]:
    """What is wrong with the files of a folder by rules that need not be in force there."""
    return tuple(sorted(_walk(root, locator, rules, Wanted()).findings, key=order))


def _walk(root: str, locator: Locator, rules: Rules, wanted: Wanted) -> _Walk:
    walk = _Walk(root, locator, rules, wanted)
    for path in locator.paths():
        walk.step(path)
    walk.finish()
    return walk


class _Walk:
    """The findings so far, and the register of those met: of all, since what is wrong between
    entities shows only there. Judged is what may be `wanted`, which costs ten times as much."""

    def __init__(self, root: str, locator: Locator, rules: Rules, wanted: Wanted) -> None:
        self._root = root
        self._locator = locator
        self._rules = rules
        self._wanted = wanted
        self._passed_over: set[str] = set()
        self._last: tuple[Parsed, Lines] | None = None  # the file that was read again last
        self.register = across.Register(rules)
        self.findings: list[Finding] = []
        self.etags: dict[str, str] = {}
        self.types: set[str] = set()
        self.files = self.entities = 0

    def step(self, path: str) -> None:
        """Take the next file. One that is gone since it was listed is passed over."""
        try:
            data, _modified = files.read_stable(files.inside(self._root, path), path)
        except EntityNotFound:
            return
        except LoopError as error:
            self.files += 1
            reason = error.details.get("reason", error.message)
            self._add(path, Found(rule="unreadable", message=reason), line=1)
            return
        self.files += 1
        try:
            parsed = snapshot.parse(data, path, self._rules.names, closely=False)
        except InvalidFile as error:
            self._no_entity(path, data, error)
            return
        self._entity(parsed)

    def finish(self) -> None:
        """After the last file: what is wrong between them."""
        misplaced = [
            one for one in places.misplaced(self.register, self._rules) if self._judged(one[0])
        ]
        for who, found in (*self.register.findings(self._judged), *misplaced):
            line = self._line_in(who.path, found)
            self._add(who.path, found, line=line, entity_id=who.id, entity_type=who.type)
        self.findings = [self._settled(one) for one in self.findings]
        for prefix, reason in self._rules.unusable.items():
            message = f"id_patterns.{prefix} {reason}"
            self._add(schema_file.PATH, Found(rule="schema-pattern", message=message), line=1)

    def _judged(self, who: across.Who) -> bool:
        return who.path not in self._passed_over

    def _entity(self, parsed: Parsed) -> None:
        self.entities += 1
        self.types.add(parsed.type)
        subject = Subject(
            id=parsed.id,
            type=parsed.type,
            name=parsed.name,
            path=parsed.path,
            fields=parsed.fields,
        )
        self.register.add(subject)
        if not self._wanted.may_be(subject):
            self._passed_over.add(parsed.path)
            return
        names = self._rules.names
        found = [*fields.findings(subject, self._rules), *_duplicate_keys(parsed, names)]
        if not is_template(parsed.id):
            found = _without_doubt(found, list(_dialects(parsed, names)), parsed.fields)
        lines = Lines(parsed.document.yaml)
        for one in found:
            line = _line(parsed, lines, one)
            self._add(parsed.path, one, line=line, entity_id=parsed.id, entity_type=parsed.type)
        if any(one.repair for one in found):
            self.etags[parsed.path] = snapshot.etag_of(parsed.data)

    def _no_entity(self, path: str, data: bytes, error: InvalidFile) -> None:
        """A file that is no entity is nothing wrong, unless it says that it is one."""
        try:
            _pieces, there, _warnings = snapshot.read_frontmatter(data, path)
        except InvalidFile:
            if not _is_note(data, self._rules.names):
                found = Found(rule="unreadable", message=error.details["reason"])
                self._add(path, found, line=error.details["line"] or 1)
            return
        names = (self._rules.names.id, self._rules.names.type)
        has = [name for name in names if there.get(name) not in (None, "")]
        if has:
            lacks = next((name for name in names if name not in has), has[0])
            words = (
                f"it has {has[0]}, but no {lacks}" if lacks not in has else f"{lacks} is no text"
            )
            self._add(path, Found(rule="half-entity", message=words), line=1)

    def _add(
        self,
        path: str,
        found: Found,
        *,
        line: int,
        entity_id: str | None = None,
        entity_type: str | None = None,
    ) -> None:
        finding = Finding(
            path=path, line=line, found=found, entity_id=entity_id, entity_type=entity_type
        )
        self.findings.append(finding)

    def _settled(self, one: Finding) -> Finding:
        """The finding without a repair that would name somebody who is not there."""
        needed = one.found.if_there
        if needed is None or self.register.has(*needed):
            return one
        return one.replace(found=one.found.replace(repair=()))

    def _line_in(self, path: str, found: Found) -> int:
        """The line of a field in a file that was read before."""
        if not found.at:
            return 1
        if self._last is None or self._last[0].path != path:
            with suppress(LoopError):
                parsed = self._locator.read(path).parsed
                self._last = parsed, Lines(parsed.document.yaml)
        if self._last is None or self._last[0].path != path:
            return 1
        return _line(*self._last, found)


def _selection(wanted: Wanted, walk: _Walk) -> Callable[[Finding], bool]:
    """Which findings are asked for. Raises `EntityNotFound`."""
    if not wanted.names and not wanted.paths:
        return lambda _one: True
    paths, types = set(wanted.paths), set[str]()
    for name in wanted.names:
        if name in walk.types:
            types.add(name)
        else:
            paths.update(_paths_of(name, walk))
    return lambda one: one.path in paths or one.entity_type in types


def _paths_of(name: str, walk: _Walk) -> list[str]:
    """The files of an id or an alias; of a file that can't be read, the name is the id."""
    found = [who.path for who in walk.register.named(name)]
    found += [one.path for one in walk.findings if _stem(one.path) == nfc(name)]
    if not found:
        close = nearest(name, [*walk.register.ids(), *walk.types])
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        raise EntityNotFound(
            f"{name!r} is no id, no alias and no type of this vault{meant}",
            entity_id=name,
            nearest=close,
        )
    return found


def _stem(path: str) -> str:
    return nfc(entry.stem(path))


def _line(parsed: Parsed, lines: Lines, found: Found) -> int:
    """The line of the file that a finding is about; the first where it is about the whole."""
    line = found.line or (lines.of(found.at) if found.at else 0)
    return parsed.document.yaml_line + line - 1 if line else 1


def _duplicate_keys(parsed: Parsed, own: FieldNames) -> Iterator[Found]:
    yaml = parsed.document.yaml
    for path, lines in duplicate_paths(yaml).items():
        numbers = [parsed.document.yaml_line + line - 1 for line in lines]
        listed = ", ".join(map(str, numbers))
        plain = len(path) == 1 and path[0] not in own.read_only()
        yield Found(
            rule="duplicate-key",
            message=f"{join_dotted(path)} is there {len(lines)} times (lines {listed}); "
            "the last one counts",
            at=path,
            repair=(_rewrite(path),) if plain and without_repeats(yaml, path[0]) != yaml else (),
        )


def _dialects(parsed: Parsed, own: FieldNames) -> Iterator[Found]:
    """What YAML 1.1 reads otherwise. To write the value as YAML 1.2 has it is always right."""
    for one in dialects.disagreements(parsed.document.yaml, parsed.fields):
        if one.line is not None:
            words = f"python-frontmatter (YAML 1.1) reads this otherwise: {one.other}"
            yield Found(rule="yaml-dialects", message=words, at=one.at, line=one.line)
            continue
        names = tuple(part for part in one.at if isinstance(part, str))
        value = value_at(parsed.fields, names)
        plain = len(names) == len(one.at) and not isinstance(value, dict | list) and not one.is_key
        yield Found(
            rule="yaml-dialects",
            message=f"{join_dotted(names)}: YAML 1.1 reads {_shown(one.other)}"
            + (f", YAML 1.2 {_shown(value)}" if plain else ""),
            at=one.at,
            allowed="quotes around it" if plain else None,
            repair=(_rewrite(names),) if plain and names[0] not in own.read_only() else (),
        )


def _rewrite(path: tuple[str, ...]) -> Change:
    """The change that writes a value again, so that every reader of YAML reads the same."""
    return Change(path=path, operation="rewrite", implied=True)


def _without_doubt(found: list[Found], strange: list[Found], fields: dict[str, Any]) -> list[Found]:
    """All of both. What dialects read differently is written again only where nothing else is
    wrong with it, and given another type only where it is a text: what a number's digits
    were meant to be, nobody knows."""
    wrong, unsure = {one.at for one in found}, {one.at for one in strange}
    sure = [
        one.replace(repair=())
        if one.at in unsure and not isinstance(value_at(fields, one.at), str)  # type: ignore[arg-type]
        else one
        for one in found
    ]
    return sure + [one.replace(repair=()) if one.at in wrong else one for one in strange]


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _is_note(data: bytes, names: FieldNames) -> bool:
    """Whether a file does not even begin as an entity does; one that has an id, and never closes
    its frontmatter, does."""
    text = data.decode(errors="replace")
    if text.startswith("<<<<<<< "):
        return False
    try:
        document.split(text)
    except document.NoFrontmatter as error:
        return error.reason == "no frontmatter" or f"\n{names.id}:" not in text
    except document.FrontmatterError:
        pass
    return False
