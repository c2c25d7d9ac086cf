"""The vault against a simple model: writers, editors, crashes and a clock that jumps."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loop_cli.core import timestamps
from loop_cli.errors import ConflictError, LoopError
from tests.faults.crashes import START, STEPS, crashing
from tests.faults.vault import Vault, change, etag, origin

STATUSES = ("todo", "doing", "hold", "blocked")


class VaultMachine(RuleBasedStateMachine):
    """`texts` is what each file must be; `landed` how many records each must have. After a
    crash both may be as if the change had come or not, and the next look settles which."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = START

    @initialize()
    def lay_out(self) -> None:
        self.vault = Vault(root=self.folder / "vault").lay_out()
        self.texts = {number: self.vault.data(number) for number in (1, 2)}
        self.landed = {1: 0, 2: 0}
        self.seen: dict[int, list[str]] = {1: [], 2: []}
        self.highest = {1: 0, 2: 0}
        self.unsettled = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def clock(self) -> int:
        return self.now

    # -- what happens -------------------------------------------------------------------------

    @rule(seconds=st.integers(-1_000_000, 1_000_000))
    def clock_jumps(self, seconds: int) -> None:
        self.now += seconds * timestamps.SECOND

    @rule(number=st.sampled_from((1, 2)), status=st.sampled_from(STATUSES))
    def right_expectation(self, number: int, status: str) -> None:
        self.settle()
        self.update(number, status, if_match=etag(self.texts[number]))

    @rule(number=st.sampled_from((1, 2)), status=st.sampled_from(STATUSES))
    def no_expectation(self, number: int, status: str) -> None:
        self.settle()
        self.update(number, status, if_match=None)

    @rule(number=st.sampled_from((1, 2)), status=st.sampled_from(STATUSES), data=st.data())
    def stale_expectation(self, number: int, status: str, data: st.DataObject) -> None:
        self.settle()
        current = etag(self.texts[number])
        stale = [one for one in self.seen[number] if one != current] or ["0" * 16]
        wanted = change(
            self.vault.id(number), f"status={status}", if_match=data.draw(st.sampled_from(stale))
        )
        (outcome,) = self.vault.store(self.clock).commit([wanted], origin=origin())
        assert isinstance(outcome, ConflictError)

    @rule(statuses=st.tuples(st.sampled_from(STATUSES), st.sampled_from(STATUSES)))
    def group(self, statuses: tuple[str, str]) -> None:
        self.settle()
        self.vault.store(self.clock).commit(self.both(statuses), origin=origin(), atomic=True)
        for number, status in enumerate(statuses, start=1):
            self.expect(number, status)

    @rule(number=st.sampled_from((1, 2)), touching=st.booleans(), line=st.integers(0, 99))
    def edited_outside(self, number: int, touching: bool, line: int) -> None:
        self.settle()
        text = self.texts[number] + f"{line}\n".encode()
        if touching:
            text = re.sub(rb"(?m)^updated: .*$", b'updated: "2026-01-05"', text)
        self.vault.path(number).write_bytes(text)
        self.texts[number] = text

    @rule(
        number=st.sampled_from((1, 2)),
        status=st.sampled_from(STATUSES),
        step=st.sampled_from(sorted(STEPS)),
        call=st.integers(1, 8),
        after=st.booleans(),
    )
    def crash(self, number: int, status: str, step: str, call: int, after: bool) -> None:
        self.settle()
        with crashing(step, call=call, after=after):
            wanted = change(self.vault.id(number), f"status={status}")
            self.vault.store(self.clock).commit([wanted], origin=origin())
        self.unsettled = True
        self.wanted = {number: status}

    @rule(
        statuses=st.tuples(st.sampled_from(STATUSES), st.sampled_from(STATUSES)),
        step=st.sampled_from(sorted(STEPS)),
        call=st.integers(1, 16),
        after=st.booleans(),
    )
    def crash_in_a_group(
        self, statuses: tuple[str, str], step: str, call: int, after: bool
    ) -> None:
        self.settle()
        with crashing(step, call=call, after=after):
            self.vault.store(self.clock).commit(self.both(statuses), origin=origin(), atomic=True)
        self.unsettled = True
        self.wanted = dict(enumerate(statuses, start=1))

    @precondition(lambda self: self.unsettled)
    @rule(step=st.sampled_from(sorted(STEPS)), call=st.integers(1, 6), after=st.booleans())
    def crash_in_recovery(self, step: str, call: int, after: bool) -> None:
        with crashing(step, call=call, after=after), contextlib.suppress(LoopError):
            self.vault.store(self.clock).find(self.vault.id())

    @precondition(lambda self: self.unsettled)
    @rule(number=st.sampled_from((1, 2)))
    def edited_before_recovery(self, number: int) -> None:
        """Nothing of an edit is lost, whatever recovery makes of the change."""
        with self.vault.path(number).open("ab") as file:
            file.write(b"before recovery\n")
        self.vault.store(self.clock).find(self.vault.id())
        everything = self.vault.data(number) + b"".join(self.vault.kept)
        assert b"before recovery\n" in everything
        for one in (1, 2):
            self.texts[one] = self.vault.data(one)
            self.landed[one] = len(self.vault.landed(one))
        self.unsettled = False

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def as_the_model_says(self) -> None:
        if self.unsettled:
            return
        for number in (1, 2):
            assert self.vault.data(number) == self.texts[number]
            assert len(self.vault.landed(number)) == self.landed[number]
        assert self.vault.staged == []
        self.vault.check_chain()

    @invariant()
    def updated_strictly_increases(self) -> None:
        for number in (1, 2):
            instants = [
                timestamps.parse(data["metadata"]["updated_after"])
                for data in self.vault.landed(number)
            ]
            known = [instant for instant in instants if instant is not None]
            assert known == sorted(set(known)) and len(known) == len(instants)

    # -- the model ----------------------------------------------------------------------------

    def both(self, statuses: tuple[str, str]) -> list:  # type: ignore[type-arg]
        return [
            change(self.vault.id(number), f"status={status}")
            for number, status in enumerate(statuses, start=1)
        ]

    def update(self, number: int, status: str, *, if_match: str | None) -> None:
        wanted = change(self.vault.id(number), f"status={status}", if_match=if_match)
        (outcome,) = self.vault.store(self.clock).commit([wanted], origin=origin())
        assert not isinstance(outcome, LoopError), outcome
        self.expect(number, status)

    def expect(self, number: int, status: str) -> None:
        """The change landed, or there was nothing to change."""
        before = self.texts[number]
        if with_status(before, status) == before:
            return
        records = self.vault.landed(number)
        self.texts[number] = with_updated(
            with_status(before, status), records[-1]["metadata"]["updated_after"]
        )
        self.landed[number] += 1
        self.seen[number].append(etag(self.texts[number]))

    def settle(self) -> None:
        """Look after a crash: all of the change is there, or nothing."""
        if not self.unsettled:
            return
        self.vault.store(self.clock).find(self.vault.id())
        self.unsettled = False
        real = {
            number: status
            for number, status in self.wanted.items()
            if with_status(self.texts[number], status) != self.texts[number]
        }
        came = [self.vault.data(number) != self.texts[number] for number in real]
        assert all(came) or not any(came)
        if any(came):
            for number, status in real.items():
                self.expect(number, status)


def with_status(text: bytes, status: str) -> bytes:
    return re.sub(rb"(?m)^status: .*$", f"status: {status}".encode(), text)


def with_updated(text: bytes, updated: str) -> bytes:
    return re.sub(rb"(?m)^updated: .*$", f'updated: "{updated}"'.encode(), text)


TestVault = VaultMachine.TestCase
TestVault.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
