"""Patterns of ids: what `re` says, in a time that grows no faster than the id."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loop_cli.core import patterns
from loop_cli.core.entity import FieldNames
from loop_cli.core.patterns import MAX_ID, Unusable, check, is_found, is_whole
from loop_cli.core.schema.rules import Rules
from loop_cli.core.schema.schema import build
from loop_cli.vault import schema_file

LONGEST = "a" * (MAX_ID - 1) + "!"
SLOW = [
    "^tsk-" + "[a-z]*" * 25 + "$",
    "^(a+)+$",
    "(a|a)*b",
    r"(\w+){1,}!!",
    r"^x-\d*\d*\d*$",
    "^(a|aa)+$",
    "(a?){30}a{30}$",
    "^(a?a?a?a?){10}b",
    "^(?:a*)*b",
    ".*.*.*.*=.*",
    "^([a-z]{0,9}){9}$",
    "(((a*)*)*)*b",
    "a*?a*?a*?a*?b",
    "^(|a|b|a)*c",
    r"(?i)^(A+)+$",
    "^" + "(a|b|ab)" * 40 + "$",
    "^(a{1,30}){1,30}$",
]


def reader_of(pattern: str) -> patterns._Part:
    return patterns._Reader(pattern).whole()


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_with_many_ways_is_used_and_comes_to_an_end(pattern: str) -> None:
    check(pattern)
    began = time.process_time()
    for text in (LONGEST, "tsk-" + "a" * 190 + "1", "x-" + "1" * 197 + "y", "a" * MAX_ID):
        is_found(pattern, text)
        is_whole(pattern, text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("pattern", SLOW)
def test_such_a_pattern_still_means_the_same(pattern: str) -> None:
    for text in ("", "a", "aa", "ab", "aab", "b", "c", "x-12", "tsk-ab", "AA", "a=b", "abc!!"):
        assert is_found(pattern, text) == (re.search(pattern, text) is not None)
        assert is_whole(pattern, text) == (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "is not a regular expression"),
        ("[" * 400, "is not a regular expression"),
        ("a{99999999999}", "is not a regular expression"),
        (r"\p{L}", "is not a regular expression"),
        ("a" * 501, "is longer than 500 characters"),
        ("(?=a)b", "look ahead"),
        ("^(?!tsk-000)tsk", "look ahead"),
        ("(?<=a)b", "look behind"),
        ("(?<!a)b", "look behind"),
        (r"(a)\1", "back reference"),
        ("(?P<x>a)(?P=x)", "back reference"),
        ("(a)?(?(1)b|c)", "condition"),
        ("(?#x)a", "comment"),
        ("(?x) a b", "verbose"),
        ("(?x:a )", "verbose"),
        (r"\N{DIGIT ONE}", "escape"),
        ("(?ai)k", "together"),
        ("\ud800", "half a character"),
        ("^(?:a{1,100}){100}", "too large"),
        ("(?:){999999999}", "too large"),
        (r"(\w{60}|\w{60})*", "too large"),
        ("(" * 30 + "a" + ")" * 30, "groups in each other"),
        ("(" * 240 + "a" + ")" * 240, "i"),
    ],
)
def test_a_pattern_that_can_not_be_used_is_refused_with_the_reason(
    pattern: str, words: str
) -> None:
    with pytest.raises(Unusable, match=re.escape(words)):
        check(pattern)


@pytest.mark.parametrize("pattern", ["(?>a)b", "a++b", "a?+b", "a{2}+b", "a*+b"])
def test_possessive_repeats_which_mean_other_things_to_the_engine_are_refused(
    pattern: str,
) -> None:
    with pytest.raises(Unusable, match=r"possessive|atomic"):
        check(pattern)


def test_the_shipped_patterns_are_plainly_simple_and_load_no_engine() -> None:
    rules = Rules(schema_file.shipped(), FieldNames())
    assert rules.unusable == {}
    assert all(reader_of(pattern).is_simple for pattern in rules.patterns.values())
    script = (
        "import sys; from loop_cli.vault import schema_file as s; b = s.shipped();"
        "from loop_cli.core.patterns import is_found as f;"
        "assert f(b.id_patterns['tsk'], 'tsk-site-a7k9m2-1765756800000');"
        "assert 'pydantic_core' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("pattern", "simple"),
    [
        (r"^tsk-\d+$", True),
        ("^(a|b)c{1,3}$", True),
        ("^pgm-[a-z][a-z0-9-]*$", True),
        (r"^a*\b$", True),
        (r"\Aa\Z", True),
        ("a", False),  # `re` begins at each character
        ("^a*b", False),
        ("^a*b*", False),
        ("^(a*)$", False),
        ("^(a|b*)$", False),
        ("^(ab)*$", False),
        ("^a|b", False),
        ("^(a?){19}$", False),
    ],
)
def test_what_is_plainly_simple(pattern: str, simple: bool) -> None:
    assert reader_of(pattern).is_simple is simple


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"a\Z|b", "xa"),
        ("a$|b", "xa"),
        (r"\d+\d*x", "٣٤x"),
        (r"\w*\w*x", "½x"),
        (r"\w*\w*x", "가나²x"),
        (r"^\w*\w*$", "\u0301"),  # a mark alone is no letter to Python
        (r"\W*\W*x", "\u0301x"),
        (r"[^\W\d]*x", "1x"),
        (r"\s*\s*x", " x"),
        (r"[]a]*[]a]*b", "]b"),
        ("[^]a]*[^]a]*b", "xb"),
        ("[a-]*[-a]*b", "a-b"),
        (r"[a\-c]*[a\-c]*x", "a-cx"),
        ("[[]*[[]*x", "[x"),
        ("[a&&b]*a*x", "a&bx"),
        ("[+--]*a*x", ",-x"),
        ("[~~]*a*x", "~x"),
        ("[[:alpha:]]*a*x", ":]x"),
        (r"\<*\>*x", "<>x"),
        (r"\/*\-*x", "/-x"),
        ("a{,2}b*c*d", "aad"),
        ("a{b*c*", "a{bc"),
        ("a{}b*c*", "a{}bc"),
        ("a{x}b*c*", "a{x}"),
        ("a{1,b*c*", "a{1,bc"),
        ("a{,}b*c", "aaabc"),
        (r"\x41*\u0042*\U00000043*x", "ABCx"),
        ("(?i:a)*(?-i:B)*", "AB"),
        ("(?i)가*É*x", "éX"),
        (r"(?a)\w*\w*x", "é"),
        (r"(?a:\d)*\d*$", "٣"),
        (r"(?u)\d*\d*$", "٣"),
        ("(?m)^a*$|b*", "aa"),
        ("(?s).*.*x", "가x"),
        ("(?P<이름>a)*b*", "ab"),
        ("a#b*c*", "a#bc"),
        ("a b*c*", "a bc"),
        (r"\ba*\Bb*", "ab"),
        ("가*나*", "가나"),
        ("😀*😀*x", "😀x"),
        ("^(^a)*b*", "ab"),
        ("(?:a*)*", "aa"),
        ("|a*b*", ""),
        ("(|)*x*", "x"),
        ("()*a*", "a"),
    ],
)
def test_the_engine_is_given_what_python_means(pattern: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert is_found(pattern, text) == (re.search(pattern, text) is not None)
        assert is_whole(pattern, text) == (re.fullmatch(pattern, text) is not None)


ATOMS = st.sampled_from(
    [
        *("a", "b", "1", "-", "가", "é", "_", ".", r"\d", r"\w", r"\s", r"\S", r"\W", r"\D", r"\-"),
        *("[ab]", "[^a]", "[a-z]", r"[\d가]", r"[^\w]", r"[a-]", r"\.", " "),
        *(r"\b", "^", "$", r"\Z"),
    ]
)
# No `(?a:`, of which Python itself thinks otherwise when it searches than when it matches.
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,2}", "{,2}", "*?", "{1,}", "??"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | st.tuples(st.sampled_from(["(", "(?:", "(?i:"]), inner, st.just(")"), REPEATS).map(
            "".join
        )
        | st.tuples(ATOMS, REPEATS).map("".join)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=400)
@given(PATTERNS, st.text("aAbB1-가é_. ٣", max_size=8))
@example("(|a)*b", "aab")
@example("(a|ab)(c|bcd)(d*)$", "abcd")
def test_both_engines_and_python_agree(pattern: str, text: str) -> None:
    try:
        python = re.compile(pattern)
    except re.error:
        return
    try:
        engine = reader_of(pattern).engine
    except Unusable:
        return
    found = python.search(text) is not None
    whole = python.fullmatch(text) is not None
    assert (is_found(pattern, text), is_whole(pattern, text)) == (found, whole)
    assert patterns._in_linear_time(engine)(text) == found
    assert patterns._in_linear_time(rf"\A(?:{engine})\z")(text) == whole


@settings(deadline=None, max_examples=400)
@given(st.text(r"ab1(){}[]|*+?^$\.,-<>=!:PiasuxwdbBZ& #~", max_size=14))
def test_any_text_is_a_pattern_or_is_refused(pattern: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check(pattern)
        except Unusable:
            return
        # Before Python 3.14 its `\B` did not match in an empty text, which is no id.
        empty = () if r"\B" in pattern else ("",)
        for text in (*empty, "a", "b1", "a-b", "ab"):
            assert is_found(pattern, text) == (re.search(pattern, text) is not None)


@pytest.mark.parametrize("text", ["a" * (MAX_ID + 1), "a" * 1_000_000, "a\n", "a\u202e", "\udcff"])
def test_what_is_no_id_matches_no_pattern(text: str) -> None:
    for pattern in ("^a+", "a", ".*.*", "^[^b]*[^b]*"):
        assert not is_found(pattern, text)
        assert not is_whole(pattern, text)


def test_a_pattern_too_many_is_said_to_be() -> None:
    given_ = {f"p{number}": f"^p{number}-[0-9]$" for number in range(103)}
    rules = Rules(build({"id_patterns": given_}), FieldNames())
    assert len(rules.patterns) == 100
    assert list(rules.unusable) == ["p100", "p101", "p102"]
    assert "loop uses the first 100" in rules.unusable["p100"]


def test_the_worst_schema_is_read_within_seconds() -> None:
    """Every pattern as costly as may be."""
    worst = {f"p{number}": rf"{number}(\w{{60}}|b)*\w*" for number in range(1000)}
    began = time.process_time()
    rules = Rules(build({"id_patterns": worst}), FieldNames())
    for pattern in rules.patterns.values():
        is_found(pattern, "a" * MAX_ID)
    assert time.process_time() - began < 30
