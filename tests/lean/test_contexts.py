"""Context managers as `contextlib` has them."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loop_cli.lean import basics as contexts

KINDS = (OSError, FileNotFoundError, ValueError, KeyboardInterrupt, LookupError, KeyError)
RAISED = st.one_of(st.none(), st.sampled_from(KINDS))
# What a manager does as it is left: nothing, suppress, or raise an error of its own.
LEAVING = st.one_of(st.sampled_from(("pass", "suppress")), st.sampled_from(KINDS))


class _Thing:
    def __init__(self, seen: list[object], name: int, leaving: Any = "pass") -> None:
        self.seen, self.name, self.leaving = seen, name, leaving

    def __enter__(self) -> int:
        self.seen.append(("enter", self.name))
        return self.name

    def __exit__(self, kind: Any, error: Any, _trace: Any) -> bool:
        self.seen.append(("exit", self.name, kind, type(error)))
        if isinstance(self.leaving, type):
            raise self.leaving(self.name)
        return bool(self.leaving == "suppress")

    def close(self) -> None:
        self.seen.append(("close", self.name))
        if isinstance(self.leaving, type):
            raise self.leaving(self.name)


def _raise(kind: Any) -> None:
    if kind is not None:
        raise kind("block")


def _run(block: Any) -> list[object]:
    """What was seen on the way, and how it ended."""
    seen: list[object] = []
    try:
        block(seen)
    except BaseException as error:
        return [*seen, type(error), str(error)]
    return [*seen, "done"]


@given(st.lists(st.sampled_from(KINDS), max_size=3), RAISED)
def test_suppress(kinds: list[type[BaseException]], raised: Any) -> None:
    def block(of: Any) -> Any:
        def run(seen: list[object]) -> None:
            with of.suppress(*kinds) as given:
                seen.append(given)
                _raise(raised)
                seen.append("end")

        return run

    assert _run(block(contexts)) == _run(block(contextlib))


@given(RAISED, LEAVING)
def test_closing(raised: Any, leaving: Any) -> None:
    def block(of: Any) -> Any:
        def run(seen: list[object]) -> None:
            thing = _Thing(seen, 1, leaving)
            with of.closing(thing) as given:
                seen.append(given is thing)
                _raise(raised)

        return run

    assert _run(block(contexts)) == _run(block(contextlib))


@given(st.lists(LEAVING, max_size=4), RAISED)
def test_a_stack_of_managers(leaving: list[Any], raised: Any) -> None:
    def block(of: Any) -> Any:
        def run(seen: list[object]) -> None:
            with of.ExitStack() as stack:
                for number, how in enumerate(leaving):
                    seen.append(stack.enter_context(_Thing(seen, number, how)))
                _raise(raised)
                seen.append("end")

        return run

    assert _run(block(contexts)) == _run(block(contextlib))


def test_a_manager_that_can_not_be_entered_is_not_left() -> None:
    class Closed(_Thing):
        def __enter__(self) -> int:
            raise ValueError("closed")

    def block(of: Any) -> Any:
        def run(seen: list[object]) -> None:
            with of.ExitStack() as stack:
                stack.enter_context(_Thing(seen, 1))
                stack.enter_context(Closed(seen, 2))

        return run

    assert _run(block(contexts)) == _run(block(contextlib))
