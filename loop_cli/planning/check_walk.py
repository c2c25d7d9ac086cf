"""Walk over the files of a vault, and check each by the rules of `core.check`.

A file is read once. Only its references and its findings stay in memory.
"""

from __future__ import annotations

from loop_cli.core.check import across, fields, places
from loop_cli.core.check.finding import Finding, Found, Subject, is_template, order
from loop_cli.core.check.report import Checked
from loop_cli.errors import EntityNotFound, InvalidFile, LoopError
from loop_cli.lean.basics import suppress
from loop_cli.planning import check_text as text
from loop_cli.planning import schema_text, snapshot
from loop_cli.planning.check_wanted import may_be, selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from loop_cli.core.check.report import PassedOver, Scope
    from loop_cli.core.schema.rules import Rules
    from loop_cli.core.upkeep import RecordedPlace
    from loop_cli.markdown.lines import Lines
    from loop_cli.planning.check_links import Mending
    from loop_cli.planning.check_wanted import Admits
    from loop_cli.planning.snapshot import Parsed

    Read = Callable[[str], bytes]


def walked(
    paths: Iterable[str],
    read: Read,
    rules: Rules,
    wanted: Scope,
    *,
    schema: str = schema_text.PATH,
) -> Walk:
    """Check the files at some paths, whose bytes `read` gives, or raises `LoopError`; `schema` is
    the file of the schema."""
    walk = Walk(read, rules, wanted, schema)
    for path in paths:
        walk.step(path)
    walk.finish()
    return walk


class Walk:
    """The findings so far, and the register of all entities.

    All are registered, because problems between entities need it. Only `wanted` files are checked,
    because that costs ten times as much.
    """

    def __init__(self, read: Read, rules: Rules, wanted: Scope, schema: str) -> None:
        self._read = read
        self._schema = schema
        self._rules = rules
        self._wanted = wanted
        self._passed_over: set[str] = set()
        self._last: tuple[Parsed, Lines] | None = None  # the file that was read again last
        self.register = across.Register(rules)
        self.findings: list[Finding] = []
        self.etags: dict[str, str] = {}
        self.types: set[str] = set()
        self.seen: dict[str, str | None] = {}  # the type of the entity in each file, if it is one

    def step(self, path: str) -> None:
        """Check the next file. A file that is gone since it was listed is skipped."""
        try:
            data = self._read(path)
        except EntityNotFound:
            return
        except LoopError as error:
            self.seen[path] = None
            reason = error.details.get("reason", error.message)
            self._add(path, Found(rule="unreadable", message=reason), line=1)
            return
        self.seen[path] = None
        copied = places.sync_copy(path)
        if copied is not None:
            self._add(path, copied, line=1)
        try:
            parsed = snapshot.parse(data, path, self._rules.names, closely=False)
        except InvalidFile as error:
            self._no_entity(path, data, error)
            return
        self._entity(parsed)

    def counts(self, admits: Admits) -> tuple[int, int]:
        """How many of the files are in the scope, and how many of these are entities."""
        kinds = [kind for path, kind in self.seen.items() if admits(path, kind)]
        return len(kinds), sum(kind is not None for kind in kinds)

    def finish(self) -> None:
        """Finish after the last file: check between entities."""
        misplaced = [
            one for one in places.misplaced(self.register, self._rules) if self._judged(one[0])
        ]
        for who, found in (*self.register.findings(self._judged), *misplaced):
            line = self._line_in(who.path, found)
            self._add(who.path, found, line=line, entity_id=who.id, entity_type=who.type)
        self.findings = [self._settled(one) for one in self.findings]
        for prefix, reason in self._rules.unusable.items():
            message = f"id_patterns.{prefix} {reason}"
            self._add(self._schema, Found(rule="schema-pattern", message=message), line=1)

    def result(self, others: Mending, passed: PassedOver) -> Checked:
        """The wanted findings, those of `others` too. Raises `EntityNotFound` for an unknown
        name."""
        self.findings += others.findings
        admits = selection(self._wanted, self.register, self.types, self.findings)
        findings = [one for one in self.findings if admits(one.path, one.entity_type)]
        fixable = {one.path for one in findings if one.found.repair}
        mends = {one.path for one in findings if one.found.mends}
        count, entities = self.counts(admits)
        return Checked(
            files=count,
            entities=entities,
            findings=tuple(sorted(findings, key=order)),
            etags={path: self.etags[path] for path in fixable},
            mended={path: change for path, change in others.changes.items() if path in mends},
            passed=passed,
        )

    def _judged(self, who: across.Who) -> bool:
        return who.path not in self._passed_over

    def _entity(self, parsed: Parsed) -> None:
        self.seen[parsed.path] = parsed.type
        self.types.add(parsed.type)
        subject = Subject(
            id=parsed.id,
            type=parsed.type,
            name=parsed.name,
            path=parsed.path,
            fields=parsed.fields,
        )
        self.register.add(subject)
        if not may_be(self._wanted, subject):
            self._passed_over.add(parsed.path)
            return
        names = self._rules.names
        found = [*fields.findings(subject, self._rules), *text.duplicate_keys(parsed, names)]
        if not is_template(parsed.id):
            found = text.without_doubt(
                found, list(text.disagreements(parsed, names)), parsed.fields
            )
        lines = text.lines_of(parsed)
        for one in found:
            line = text.line_of(parsed, lines, one)
            self._add(parsed.path, one, line=line, entity_id=parsed.id, entity_type=parsed.type)
        if any(one.repair for one in found):
            self.etags[parsed.path] = snapshot.etag_of(parsed.data)

    def _no_entity(self, path: str, data: bytes, error: InvalidFile) -> None:
        """A file that is not an entity is fine, unless it claims to be one."""
        try:
            _pieces, there, _warnings = snapshot.read_frontmatter(data, path)
        except InvalidFile:
            if not text.is_note(data, self._rules.names):
                found = Found(rule="unreadable", message=error.details["reason"])
                self._add(path, found, line=error.details["line"] or 1)
            return
        names = (self._rules.names.id, self._rules.names.type)
        has = [name for name in names if there.get(name) not in (None, "")]
        if has:
            lacks = next((name for name in names if name not in has), has[0])
            words = (
                f"it has {has[0]}, but no {lacks}" if lacks not in has else f"{lacks} is not a text"
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
        """Return the finding without a repair that would refer to a missing entity."""
        needed = one.found.if_there
        if needed is None or self.register.has(*needed):
            return one
        return one.replace(found=one.found.replace(repair=()))

    def _line_in(self, path: str, found: Found) -> int:
        """Return the line of a field in a file that was read before."""
        if not found.at:
            return 1
        if self._last is None or self._last[0].path != path:
            with suppress(LoopError):
                names = self._rules.names
                notes = names.id_is_stem
                parsed = snapshot.parse(self._read(path), path, names, notes=notes)
                self._last = parsed, text.lines_of(parsed)
        if self._last is None or self._last[0].path != path:
            return 1
        return text.line_of(*self._last, found)


def against_unread(folders: Mapping[str, str]) -> Iterator[Finding]:
    """The findings about folders that can't be read, and why not."""
    for folder, why in folders.items():
        found = Found(rule="unreadable", message=f"the folder can't be read: {why}")
        yield Finding(path=folder or ".", line=1, found=found)


def against_records(
    edited: Iterable[RecordedPlace], gone: Iterable[RecordedPlace]
) -> Iterator[Finding]:
    """The findings about files that changed after their last record, and about missing ones."""
    for place in edited:
        words = "was edited outside loop since its last record"
        found = Found(rule="edited-outside", message=words)
        yield Finding(path=place.path, line=1, found=found, entity_id=place.entity_id)
    for place in gone:
        words = f"the file of {place.entity_id}, as its last record names it, is not there"
        found = Found(rule="gone", message=words)
        yield Finding(path=place.path, line=1, found=found, entity_id=place.entity_id)
