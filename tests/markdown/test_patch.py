"""What an edit writes, case by case; the text around it is always the same."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from loop_cli.markdown import reader
from loop_cli.markdown.patch import PatchError, Remove, Set, apply, patch


def put(yaml_text: str, **fields: Any) -> str:
    return patch(yaml_text, [Set((key,), value) for key, value in fields.items()])


def drop(yaml_text: str, *path: str) -> str:
    return patch(yaml_text, [Remove(path)])


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ("a: x # c\nb: 1\n", "w", "a: w # c\nb: 1\n"),
        ("a:   'x'  # c\n", "y", "a:   'y'  # c\n"),
        ('a: "x"\n', "y", 'a: "y"\n'),
        ("a: x\n", "10:30", "a: '10:30'\n"),
        ("a: 2026-01-08\n", "2026-01-09", "a: 2026-01-09\n"),
        ("a: '2026-01-08'\n", "2026-01-09", "a: '2026-01-09'\n"),
        ("a: 2026-01-08\n", "2026-02-30", "a: '2026-02-30'\n"),
        ("a: 10:30\n", "10:31", "a: '10:31'\n"),
        ("a: 'x'\n", "it's", "a: 'it''s'\n"),
        ("a: 'x'\n", 3, "a: 3\n"),
        ("a: 1\n", 1.0, "a: 1.0\n"),
        ("a: 1\n", True, "a: true\n"),
        ("a: 1\n", 1e16, "a: 1.0e+16\n"),
        ("a: x\n", None, "a: null\n"),
        ("a:\n", "x", "a: x\n"),
        ("a:   \n", "x", "a: x\n"),
        ("a:   # c\n", "x", "a: x   # c\n"),
        ("a:\n# c\n\nb: 1\n", "x", "a: x\n# c\n\nb: 1\n"),
        ("a:\n  x # c\nb: 1\n", "w", "a:\n  w # c\nb: 1\n"),
        ("a: x\n  y\n  z # c\nb: 1\n", "w", "a: w # c\nb: 1\n"),
        ('a: "x\n\n  y"\nb: 1\n', "w", 'a: "w"\nb: 1\n'),
        ("a: x # c\n", "p\nq\n", "a: | # c\n  p\n  q\n"),
        ("a: x\n", "p\n\nq", "a: |-\n  p\n\n  q\n"),
        ("a: x\nb: 1\n", "p\nq\n\n", "a: |+\n  p\n  q\n\nb: 1\n"),
        ("a: x\n\nb: 1\n", "p\nq\n\n", 'a: "p\\nq\\n\\n"\n\nb: 1\n'),
        ('a: "x"\n', "p\nq", 'a: "p\\nq"\n'),
        ("a: x\n", " p\nq", 'a: " p\\nq"\n'),
        ("a: | # c\n  x\n\n\nb: 1\n", "y\nz\n", "a: | # c\n  y\n  z\n\n\nb: 1\n"),
        ("a: >-\n  x\n  y\n# c\n", "y\nz", "a: |-\n  y\n  z\n# c\n"),
        ("a: |-\n  x\n   \nb: 1\n", "y\nz", "a: |-\n  y\n  z\nb: 1\n"),
        ("a: |-\n  x\n\t\t\t\nb: 1\n", "y\nz", "a: |-\n  y\n  z\n\t\t\t\nb: 1\n"),
        ("a: |-\n  x\n \t\t\nb: 1\n", "y\nz", "a: |-\n  y\n  z\n \t\t\nb: 1\n"),
        ("a: |+ # c\n  x\n\n\nb: 1\n", "w", "a: w # c\nb: 1\n"),
        ("a: x\n", "a\tb", 'a: "a\\tb"\n'),
        ("a: x\n", "a\u2028b", 'a: "a\\Lb"\n'),
        ("a: x\n", "한글 🎉", "a: 한글 🎉\n"),
        ("a: x # c\nb: 1\n", ["p", "q"], "a: # c\n  - p\n  - q\nb: 1\n"),
        ("a: x # c\n", {"k": {"l": []}}, "a: # c\n  k:\n    l: []\n"),
        ("a: # c\n  - x # d\nb: 1\n", "w", "a: w # c\nb: 1\n"),
        ("a: # c\n  k: 1 # d\n\n# e\n", [], "a: [] # c\n\n# e\n"),
        ("a: [x, y] # c\n", "z", "a: z # c\n"),
        ("{a: x, b: 1}\n", "y, z", "{a: 'y, z', b: 1}\n"),
        ("{a, b: 1}\n", "w", "{a: w, b: 1}\n"),
        ('{"a":1, b: 1}\n', "p\nq", '{"a":"p\\nq", b: 1}\n'),
        ("a: &x 1\nb: 2\n", 3, "a: &x 3\nb: 2\n"),
        ("a: !!str 1\n", "2", "a: '2'\n"),
        ("a:\t1 # c\n", 2, "a:\t2 # c\n"),
        ("a: 1", 2, "a: 2"),
        ("a: 1\r\nb: 2\r\n", 2, "a: 2\r\nb: 2\r\n"),
    ],
)
def test_a_changed_value(old: str, value: Any, new: str) -> None:
    assert put(old, a=value) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a: 1\n", "a: 1\nz: 9\n"),
        ("a: 1", "a: 1\nz: 9"),
        ("", "z: 9\n"),
        ("\n", "\nz: 9\n"),
        ("# c\n", "# c\nz: 9\n"),
        ("# c", "# c\nz: 9"),
        ("{}\n", "{z: 9}\n"),
        ("{ a: 1 } # c\n", "{ a: 1, z: 9 } # c\n"),
        ("{a: 1,}\n", "{a: 1, z: 9,}\n"),
        ("{\n  a: 1, # c\n  b: 2 # d\n}\n", "{\n  a: 1, # c\n  b: 2, # d\n  z: 9\n}\n"),
        ("a: |+\n  x\n\n", "a: |+\n  x\n\nz: 9\n"),
        ("a: |\n  x\n\n", "a: |\n  x\nz: 9\n\n"),
        ("a: |-\n  x\n   \n \n", "a: |-\n  x\n   \nz: 9\n \n"),
        ("a: 1\n\n# end\n", "a: 1\nz: 9\n\n# end\n"),
        ("a:\n  - x\n  # - y\n# end\n", "a:\n  - x\n  # - y\nz: 9\n# end\n"),
        ("a:\n- x\n", "a:\n- x\nz: 9\n"),
        ("  a: 1\n", "  a: 1\n  z: 9\n"),
        ("'z': 9\n", "'z': 9\n"),
    ],
)
def test_a_new_field(old: str, new: str) -> None:
    assert put(old, z=9) == new


def test_new_fields_follow_the_habits_of_the_file() -> None:
    assert put("l:\n- x\n", z=["y z"]) == "l:\n- x\nz:\n- y z\n"
    assert put("l: [x]\n", z=["p", "10:30"]) == "l: [x]\nz: [p, '10:30']\n"
    assert put("m:\n    k: 1\n", z={"k": [1]}) == "m:\n    k: 1\nz:\n    k:\n      - 1\n"
    assert put("", z=[{"k": 1, "l": ["p"]}, ["q"], []]) == (
        "z:\n  - k: 1\n    l:\n      - p\n  - - q\n  - []\n"
    )
    assert patch("a: 1\r\n", [Set(("z",), ["p\nq\n"])], newline="\r\n") == (
        "a: 1\r\nz:\r\n  - |\r\n    p\r\n    q\r\n"
    )
    assert put("", **{"10:30": 1, "yes": 2, "a b": 3}) == "'10:30': 1\n'yes': 2\na b: 3\n"


@pytest.mark.parametrize(
    ("old", "path", "new"),
    [
        ("a: 1 # c\nb: 2\n", ("a",), "b: 2\n"),
        ("# over\na: 1\n\n# c\nb: 2\n", ("a",), "# over\n\n# c\nb: 2\n"),
        ("a: 1\nb: |\n  x\n\nc: 3\n", ("b",), "a: 1\n\nc: 3\n"),
        ("a: 1\nb: |-\n  x\n   \n\nc: 3\n", ("b",), "a: 1\n\nc: 3\n"),
        ("a: 1\nb:\n- x\n- y # c\nc: 3\n", ("b",), "a: 1\nc: 3\n"),
        ("a: 1\n", ("a",), ""),
        ("a: 1\nb: 2", ("b",), "a: 1"),
        ("a:\n  b: 1 # c\n", ("a", "b"), "a: {}\n"),
        ("a:\n  b: 1\n  # c\n  d: 2\n", ("a", "b"), "a:\n  # c\n  d: 2\n"),
        ("{a: 1, b: 2}\n", ("a",), "{b: 2}\n"),
        ("{a: 1, b: 2}\n", ("b",), "{a: 1}\n"),
        ("{ a: 1 }\n", ("a",), "{}\n"),
        ("a: {k: 1}\n", ("a", "k"), "a: {}\n"),
        ("? a\n: 1\nb: 2\n", ("a",), "b: 2\n"),
        ("a: &x 1\nb: 2\n", ("a",), "b: 2\n"),
        ("a: 1\n", ("b", "c"), "a: 1\n"),
    ],
)
def test_removal(old: str, path: tuple[str, ...], new: str) -> None:
    assert drop(old, *path) == new


@pytest.mark.parametrize(
    ("old", "new_list", "new"),
    [
        ("a:\n  - x # c\n  - y\n", ["x", "y", "z"], "a:\n  - x # c\n  - y\n  - z\n"),
        ("a:\n- 'x'\n# m\n- y\nb: 1\n", ["x", "z", "y"], "a:\n- 'x'\n- z\n# m\n- y\nb: 1\n"),
        ("a:\n- x # c\n- 'y' # d\n", ["y"], "a:\n- 'y' # d\n"),
        ("a:\n- x\n- y\n", ["z", "x", "y"], "a:\n- z\n- x\n- y\n"),
        ("a:\n- 'x' # c\n- y\n", ["w", "y"], "a:\n- 'w' # c\n- y\n"),
        ("a:\n- x # c\n", [], "a: []\n"),
        ("a: [] # c\n", ["x"], "a: # c\n  - x\n"),
        ("a: [ ]\nb: [y]\n", ["x"], "a: [x]\nb: [y]\n"),
        ("a: [x, 'y'] # c\n", ["x", "y", "a, b"], "a: [x, 'y', 'a, b'] # c\n"),
        ("a: [ x,y ]\n", ["y"], "a: [ y ]\n"),
        ("a: [x, y]\n", ["x"], "a: [x]\n"),
        ("a: [k: 1, z]\n", [{"k": 2}, "z"], "a: [k: 2, z]\n"),
        ("a: [x, y,]\n", ["x", "y", "z"], "a: [x, y, z,]\n"),
        ("a: [x]\n", [], "a: []\n"),
        ("a: [\n  x, # c\n  y # d\n]\n", ["x", "y", "z"], "a: [\n  x, # c\n  y, # d\n  z\n]\n"),
        ("a: [\n  x, # c\n  y, # d\n]\n", ["x", "y", "z"], "a: [\n  x, # c\n  y, # d\n  z,\n]\n"),
        ("a: [\n  x, # c\n  y\n]\n", ["x"], "a: [\n  x # c\n]\n"),
        ("a: [\n  x, # c\n  y\n]\n", ["y"], "a: [\n  y\n]\n"),
        (
            "a:\n- k: 1 # c\n  l: 'x'\n- k: 2\n",
            [{"k": 1, "l": "z"}, {"k": 2, "m": [1]}],
            "a:\n- k: 1 # c\n  l: 'z'\n- k: 2\n  m:\n  - 1\n",
        ),
        ("a:\n- k: 1\n  l: 2\n", [{"l": 2}], "a:\n- l: 2\n"),
        ("a:\n- k: 1 # c\n  # m\n  l: 2\n", [{"l": 2}], "a:\n- \n  # m\n  l: 2\n"),
        ("a:\n- - 1\n  - 2\n- x\n", [[2, 3], "x"], "a:\n- - 2\n  - 3\n- x\n"),
        ("a:\n-\n- x\n", ["w", "x"], "a:\n- w\n- x\n"),
        ("a:\n- x # c\n", [{"k": 1, "l": 2}], "a:\n- k: 1\n  l: 2\n"),
        ("a:\n- |\n  x\n\n- y\n", ["x\n", "y", "p\nq"], "a:\n- |\n  x\n\n- y\n- |-\n  p\n  q\n"),
    ],
)
def test_lists(old: str, new_list: list[Any], new: str) -> None:
    assert put(old, a=new_list) == new


def test_long_lists_keep_their_items() -> None:
    lines = [f"- '{number}' # {number}\n" for number in range(2_000)]
    items = [str(number) for number in range(2_000)]
    changed = put("a:\n" + "".join(lines), a=["first", *items[1:1000], *items[1001:], "x"])
    assert changed == "a:\n- 'first' # 0\n" + "".join(lines[1:1000] + lines[1001:]) + "- x\n"


def test_nested_fields() -> None:
    text = "a:\n    b: 1 # c\n    d:\n      - e\nf: {g: 1}\nh:\n"
    edits = [
        Set(("a", "b"), 2),
        Set(("a", "p"), {"o": 1}),
        Set(("f", "g"), "x"),
        Set(("f", "i"), [1]),
        Set(("h", "i", "j"), 1),
        Set(("k", "l"), 1),
    ]
    assert patch(text, edits) == (
        "a:\n    b: 2 # c\n    d:\n      - e\n    p:\n        o: 1\nf: {g: x, i: [1]}\n"
        "h:\n    i:\n        j: 1\nk:\n    l: 1\n"
    )


def test_a_mapping_that_replaces_another_changes_what_differs() -> None:
    text = "a:\n  k: 'x' # c\n  # m\n  l: 2\nb: 1\n"
    assert put(text, a={"k": "x", "p": 3}) == "a:\n  k: 'x' # c\n  # m\n  p: 3\nb: 1\n"
    assert put(text, a={"p": 3}) == "a:\n  p: 3\nb: 1\n"


def test_keys_that_are_not_text_are_found_by_their_text() -> None:
    assert patch("2024: x\nm: {1: y}\n", [Set(("2024",), "z"), Set(("m", "1"), "w")]) == (
        "2024: z\nm: {1: w}\n"
    )


@pytest.mark.parametrize(
    ("text", "edit", "word", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", Set(("a",), 4), "lines 1 and 3", 3),
        ("a: 1\nb: 2\na: 3\n", Remove(("a",)), "lines 1 and 3", 3),
        ("x:\n  a: 1\n  a: 3\n", Set(("x", "a"), 4), "lines 2 and 3", 3),
        ("a: &x 1\nb: *x\n", Set(("a",), 2), "&x", 1),
        ("a: &x {k: 1}\nb: *x\n", Set(("a", "k"), 2), "&x", 1),
        ("a: &x 1\nb: *x\n", Set(("b",), 2), "alias", 2),
        ("a: &x {k: 1}\nb: *x\n", Set(("b", "k"), 2), "alias", 2),
        ("a: &x 1\nb: *x\n", Remove(("a",)), "without changing something else", None),
        ("m: &m {k: 1}\na:\n  <<: *m\n", Set(("a", "l"), 2), "merge key", None),
        ("m: &m {k: 1}\na:\n  <<: *m\n  l: 1\n", Remove(("a", "<<")), "merge key", None),
        ("m: &m {k: 1}\na:\n  <<: *m\n  l: 1\n", Remove(("a", "l")), "merge key", None),
        ("a: |+\n  x\nb: 1\n\nc: 1\n", Remove(("b",)), "without changing", None),
        ("a: !secret x\n", Set(("a",), "y"), "tag", 1),
        ("? a\n: 1\n", Set(("a",), 2), "?", 1),
        ("a: [k: 1]\n", Set(("a",), [{"k": 1, "l": 2}]), "without changing", None),
        ("a: 1\rb: 2\n", Set(("a",), 2), "carriage return", 1),
        ("a: x\n", Set(("a", "b"), 1), "a is a single value", None),
        ("a: [x]\n", Set(("a", "0"), 1), "a is a list", None),
        ("a: x\n", Remove(("a", "b")), "a is a single value", None),
        ("a: x\n", Set(("a",), "\ud800"), "surrogate", None),
        ("a: x\n", Set(("a",), {"k": {1: 2}}), "key has to be text", None),
        ("a: x\n", Set(("a",), (1, 2)), "tuple", None),
        ("a: x\n", Set(("a",), 10**5000), "digits", None),
        ("a: x\n", Set(("k" * 600,), 1), "key of more than", None),
    ],
)
def test_refusals(text: str, edit: Set | Remove, word: str, line: int | None) -> None:
    with pytest.raises(PatchError) as caught:
        patch(text, [edit])
    assert word in caught.value.reason
    assert caught.value.line == line


def test_what_is_refused_in_one_place_does_not_hinder_another() -> None:
    text = "a: 1\na: 2\nb: &x 1\nc: *x\nm: !t v\ne: {<<: {k: 1}, f: 1}\n? g\n: h\n"
    assert put(text, new=1) == text + "new: 1\n"
    assert patch(text, [Set(("e", "f"), 2)]) == text.replace("f: 1", "f: 2")


def test_values_nested_too_deeply_are_refused() -> None:
    value: Any = "x"
    for _ in range(2_000):
        value = [value]
    with pytest.raises(PatchError, match="deep"):
        put("a: 1\n", a=value)


def test_a_text_that_cannot_be_read_is_not_edited() -> None:
    with pytest.raises(reader.YamlSyntaxError):
        put("a: b: c\n", a=1)


def test_equal_values_change_nothing() -> None:
    text = "a:  1 #c\nb: [x,  y]\nc: {k:  1}\nd: .NaN\ne: 'x'\n"
    assert put(text, a=1, b=["x", "y"], c={"k": 1}, d=float("nan"), e="x") == text
    assert put("a: 1\n", a=True) == "a: true\n"
    assert drop(text, "z") == text


def test_apply_copies() -> None:
    mapping: dict[str, Any] = {"a": {"b": [1]}, "n": None}
    value: dict[str, list[int]] = {"k": [1]}
    result = apply(mapping, [Set(("a", "c"), value), Set(("n", "x", "y"), 1), Remove(("q", "r"))])
    assert result == {"a": {"b": [1], "c": {"k": [1]}}, "n": {"x": {"y": 1}}}
    assert mapping == {"a": {"b": [1]}, "n": None}
    value["k"].append(2)
    result["a"]["b"].append(2)
    assert (result["a"]["c"], mapping["a"]["b"]) == ({"k": [1]}, [1])


def test_edits_are_values() -> None:
    assert Set(("a",), 1) == Set(["a"], 1)
    assert Set(("a",), 1) != Set(("a",), True)
    assert Remove(("a",)) == Remove(("a",)) != Remove(("b",))
    assert len({Set(("a",), [1]), Set(("a",), [1]), Remove(("a",))}) == 2
    assert repr(Set(("a",), 1)) == "Set(path=('a',), value=1)"
    with pytest.raises(AttributeError):
        Set(("a",), 1).value = 2  # type: ignore[misc]
    for path in ((), "ab", (1,)):
        with pytest.raises(PatchError):
            Remove(path)  # type: ignore[arg-type]


def imported_by(code: str) -> set[str]:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    script = f"import sys; sys.path.insert(0, {root!r})\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(done.stdout.decode().split())


def test_ordinary_edits_import_no_second_reader() -> None:
    modules = imported_by(
        "from loop_cli.markdown.document import split\n"
        "from loop_cli.markdown.patch import Remove, Set, patch\n"
        "values = ['done', \"2026-01-09T14:35:10.123456Z\", '10:30', 3, 0.5, None, ['x', 'yes']]\n"
        "for value in values: patch('a: x\\nb: [y]\\n', [Set(('a',), value), Remove(('b',))])\n"
    )
    assert not modules & {"yaml", "frontmatter", "dataclasses", "typing", "pathlib", "difflib"}
    assert "yaml" in imported_by(
        "from loop_cli.markdown.patch import Set, patch\npatch('', [Set(('a',), 'x\\ny')])"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("t: [\n  a,\n  b,  # of b\n]\n", "t: [\n  a,\n]\n"),
        ("t: [\n  a, # of a\n  b # of b\n]\n", "t: [\n  a # of a\n]\n"),
        ("t: [\r\n  a, # of a\r\n  b, # of b\r\n]\r\n", "t: [\r\n  a, # of a\r\n]\r\n"),
        ("t: [\n  a, c,\n  b # of b\n]\n", "t: [\n  a\n]\n"),
        ("t: [\n  a, c,\n  b, # of b\n]\n", "t: [\n  a,\n]\n"),
        ("t: [\n  a, b, # of the line\n]\n", "t: [\n  a, # of the line\n]\n"),
    ],
)
def test_the_comment_of_a_removed_item_goes_with_it(old: str, new: str) -> None:
    assert put(old, t=["a"]) == new
