"""The rules that a schema file states about whole entities."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loop_cli.core.entity import FieldNames
from loop_cli.core.schema.paths import SchemaError
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
SECTIONS = st.sampled_from(
    ["id_patterns", "file_locations", "validation_rules", "status_mapping", "cross_vault", "task"]
)


def test_the_plain_sections() -> None:
    book = build(
        {
            "id_patterns": {"tsk": r"^tsk-\d+$"},
            "file_locations": {"Task": "a/"},
            "task": {"status_default": "todo"},
            "priority": {"default": "medium"},
            "cross_vault": {"exec_only": ["Candidate"]},
            "validation_rules": {"parent_references": {"Task": "Project"}},
        }
    )
    rules = Rules(book, FieldNames())
    assert rules.pattern("Task", "whatever") == r"^tsk-\d+$"
    assert rules.pattern("Other", "tsk-1") == r"^tsk-\d+$"
    assert rules.pattern("Other", "other") is None
    assert book.locations == {"Task": "a/"}
    assert book.default("Task", "status") == "todo"
    assert book.default("Task", "priority") == "medium"
    assert (book.elsewhere, book.parents) == (("Candidate",), {"Task": "Project"})


@pytest.mark.parametrize(
    ("words", "value", "holds"),
    [
        ("must end with '?'", "So?", True),
        ("must end with '?'", "So? ", True),
        ("must end with '?'", "So.", False),
        ("must be 'fixed'", "fixed", True),
        ("always 'doing' (never closed)", "done", False),
        ("must start with '#'", "#1", True),
        ("must contain ' - '", "a-b", False),
    ],
)
def test_forms(words: str, value: str, holds: bool) -> None:
    (rule,) = build({"validation_rules": {"format_rules": {"T": {"f": words}}}}).forms["T"]
    assert rule.holds(value) is holds
    assert rule.holds(None)


def test_words_that_are_not_known_are_left_alone() -> None:
    rules = {
        "format_rules": {"T": {"f": "must be nice"}},
        "guardrails": {"g": {"entity": "T", "check": "x > 1"}},
    }
    assert build({"validation_rules": rules}).forms == {"T": ()}


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "(?:a{99}){99}", "[" * 5000])
def test_a_pattern_that_can_not_be_used_is_named(pattern: str) -> None:
    rules = Rules(build({"id_patterns": {"tsk": pattern}}), FieldNames())
    assert (list(rules.patterns), list(rules.unusable)) == ([], ["tsk"])
    assert rules.pattern("Task", "tsk-1") is None


@settings(deadline=None)  # the machine may be busy
@given(st.dictionaries(SECTIONS, JSON, max_size=4))
def test_no_shape_of_a_section_is_an_error(data: dict[str, object]) -> None:
    try:
        rules = Rules(build(data), FieldNames())
    except SchemaError:  # of the sections that every change needs
        return

    assert all(re.compile(pattern) is not None for pattern in rules.patterns.values())
