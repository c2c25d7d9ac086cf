"""Whatever the text looks like: the edit asked for happens, and nothing else does."""

from __future__ import annotations

import re
from typing import Any

import frontmatter
import yaml
import yaml_edit
from hypothesis import assume, given
from hypothesis import strategies as st

from loop_cli.lean.plain import key_text, same
from loop_cli.markdown import document, reader
from loop_cli.markdown.duplicates import duplicate_paths
from loop_cli.markdown.patch import PatchError, Remove, Set, apply, patch
from loop_cli.markdown.reader import duplicate_keys
from tests.markdown.written import (
    Entry,
    Text,
    checked,
    entries,
    eol_comments,
    flow_texts,
    list_lines,
    new_keys,
    own_lines,
    scalars,
    texts,
    values,
    words,
)


def framed(yaml_text: str) -> str:
    """``yaml_text`` as a file."""
    end = "" if yaml_text.endswith("\n") else "\n"
    return f"---\n{yaml_text}{end}---\nbody\n"


def assert_read_alike(result: str, path: tuple[Any, ...], value: Any) -> None:
    """Both other readers find ``value`` at ``path`` of ``result``."""
    by_edit: Any = yaml_edit.Document.parse(result).to_python()
    by_frontmatter: Any = frontmatter.loads(framed(result)).metadata
    for part in path:
        by_edit, by_frontmatter = by_edit[part], by_frontmatter[part]
    assert same(by_edit, value)
    assert same(by_frontmatter, value)


def assert_confined(text: Text, index: int, result: str) -> None:
    prefix, suffix = text.around(index)
    assert result.startswith(prefix)
    assert result.endswith(suffix)
    assert len(result) + 2 >= len(prefix) + len(suffix)
    assert result.endswith("\n") == text.ended or not result


def follows_open_end(text: Text, index: int) -> bool:
    """Whether blank lines below the entry would become part of a ``|+`` above it."""
    return index > 0 and "|+" in text.entries[index - 1].lines[0]


def pick(data: st.DataObject, text: Text) -> int:
    return data.draw(st.integers(0, len(text.entries) - 1), label="entry")


@checked
@given(texts())
def test_generated_texts_mean_the_same_to_both_strict_readers(text: Text) -> None:
    assert same(reader.read(text.yaml), yaml_edit.Document.parse(text.yaml).to_python())
    assert reader.duplicate_keys(text.yaml) == {}


@checked
@given(texts(), values, st.data())
def test_set_changes_one_entry(text: Text, value: Any, data: st.DataObject) -> None:
    index = pick(data, text)
    key = text.entries[index].key
    result = patch(text.yaml, [Set((key,), value)], newline=text.newline)
    assert same(reader.read(result), {**reader.read(text.yaml), key: value})
    assert_confined(text, index, result)


@checked
@given(texts(), scalars, st.data())
def test_a_written_scalar_reads_alike_everywhere(
    text: Text, value: Any, data: st.DataObject
) -> None:
    index = pick(data, text)
    key = text.entries[index].key
    result = patch(text.yaml, [Set((key,), value)], newline=text.newline)
    assert same(reader.read(result)[key], value)
    if result != text.yaml:
        assert_read_alike(result, (key,), value)
    if isinstance(value, str) and "\n" in value:
        assert_confined(text, index, result)


@checked
@given(texts(), st.data())
def test_a_changed_scalar_keeps_its_comment(text: Text, data: st.DataObject) -> None:
    index = pick(data, text)
    entry = text.entries[index]
    result = patch(text.yaml, [Set((entry.key,), "새 값")], newline=text.newline)
    prefix, suffix = text.around(index)
    own = result[len(prefix) : len(result) - len(suffix)]
    if len(entry.lines) == 1 and " #" in entry.lines[0].replace("'# no comment'", ""):
        assert " #" in own
    assert own.count("\n") <= 2


@checked
@given(texts(), st.data())
def test_remove_takes_exactly_the_entry(text: Text, data: st.DataObject) -> None:
    index = pick(data, text)
    assume(not follows_open_end(text, index))
    result = patch(text.yaml, [Remove((text.entries[index].key,))], newline=text.newline)
    prefix, suffix = text.around(index)
    left = prefix + suffix
    if not text.ended and not suffix:
        left = left.removesuffix(text.newline)
    assert result == left


@checked
@given(texts(), values, new_keys)
def test_a_new_field_goes_below_the_last(text: Text, value: Any, key: str) -> None:
    old = reader.read(text.yaml)
    result = patch(text.yaml, [Set((key,), value)], newline=text.newline)
    assert same(reader.read(result), {**old, key: value})
    if key not in old:
        prefix, suffix = text.around(len(text.entries) - 1)
        own = text.newline.join(text.entries[-1].lines)
        assert result.startswith(prefix + own)
        assert result.endswith(suffix)


@checked
@given(texts(), st.data())
def test_setting_what_is_there_changes_no_byte(text: Text, data: st.DataObject) -> None:
    index = pick(data, text)
    key = text.entries[index].key
    value = reader.read(text.yaml)[key]
    assert patch(text.yaml, [Set((key,), value)], newline=text.newline) == text.yaml


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths_in(item, (*path, key))
    return found


@checked
@given(texts(), scalars, st.data())
def test_nested_fields_change_alone(text: Text, value: Any, data: st.DataObject) -> None:
    old = reader.read(text.yaml)
    path = data.draw(st.sampled_from(paths_in(old)), label="path")
    below = data.draw(st.sampled_from([(), ("새",)]))
    target = old
    for part in path:
        target = target[part]
    if below and not isinstance(target, dict) and target is not None:
        below = ()
    remove = data.draw(st.booleans())
    edit = Remove(path) if remove else Set((*path, *below), value)
    index = next(i for i, entry in enumerate(text.entries) if entry.key == path[0])
    assume(len(path) > 1 or not remove or not follows_open_end(text, index))
    result = patch(text.yaml, [edit], newline=text.newline)
    assert same(reader.read(result), apply(old, [edit]))
    if len(path) > 1:
        prefix, suffix = text.around(index)
        assert result.startswith(prefix)
        assert result.endswith(suffix)
    if not remove and result != text.yaml:
        assert_read_alike(result, (*path, *below), value)


@st.composite
def changed_lists(draw: st.DrawFn, old: list[Any]) -> list[Any]:
    new = []
    for item in old:
        action = draw(st.integers(0, 6))
        if action == 0:
            continue
        if action == 1:
            new.append(draw(values))
        if action == 2 and isinstance(item, dict):
            new.append({**item, draw(words): draw(scalars)})
        else:
            new.append(item)
    return new + draw(st.lists(values, max_size=2))


@st.composite
def list_texts(draw: st.DrawFn) -> Text:
    indent = draw(st.sampled_from([0, 2, 4]))
    block = ["tags:" + draw(eol_comments), *draw(list_lines(indent))]
    multi = ["tags: [", "  a, # first", "  'b',", "  {k: v}, # third", "  3 # last", "  ]"]
    style = draw(st.integers(0, 3))
    lines = block if style < 2 else [f"tags: {draw(flow_texts())}{draw(eol_comments)}"]
    entry = Entry("tags", draw(own_lines), multi if style == 3 else [x.rstrip() for x in lines])
    others = [draw(entries(key)) for key in draw(st.sampled_from([[], ["a"]]))]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return Text([Entry("first", [], ["first: 1"]), entry, *others], ["# end"], newline, True)


@checked
@given(list_texts(), st.data())
def test_lists_change_item_by_item(text: Text, data: st.DataObject) -> None:
    old = reader.read(text.yaml)
    if not isinstance(old["tags"], list):
        return
    new = data.draw(changed_lists(old["tags"]), label="new")
    result = patch(text.yaml, [Set(("tags",), new)], newline=text.newline)
    assert same(reader.read(result), {**old, "tags": new})
    prefix, suffix = text.around(1)
    assert result.startswith(prefix)
    assert result.endswith(suffix)


@checked
@given(list_texts(), words)
def test_an_appended_item_leaves_all_lines_alone(text: Text, word: str) -> None:
    old = reader.read(text.yaml)
    if not isinstance(old["tags"], list) or text.entries[1].lines[0].endswith("]"):
        return
    result = patch(text.yaml, [Set(("tags",), [*old["tags"], word])], newline=text.newline)
    lines = text.yaml.splitlines()
    if "[" not in text.entries[1].lines[0]:
        after = result.splitlines()
        added = next(i for i, line in enumerate(after) if i >= len(lines) or line != lines[i])
        assert after[:added] + after[added + 1 :] == lines


@checked
@given(
    texts(),
    scalars,
    st.data(),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["", "body\n", "# 본문\n---\nx: 1\n"]),
)
def test_whole_files_keep_their_frame(
    text: Text, value: Any, data: st.DataObject, bom: str, body: str
) -> None:
    yaml_text = text._replace(ended=True).yaml
    nl = text.newline
    whole = f"{bom}---{nl}{yaml_text}---{nl}{body}"
    parts = document.split(whole)
    assert (parts.text, parts.yaml, parts.body) == (whole, yaml_text, body)
    key = text.entries[pick(data, text)].key
    edited = parts.replace(yaml=patch(parts.yaml, [Set((key,), value)], newline=nl))
    assert edited.text == f"{bom}---{nl}{edited.yaml}---{nl}{body}"
    assert document.split(edited.text) == edited
    if edited.yaml != yaml_text:
        seen = frontmatter.loads(edited.text.removeprefix("\ufeff")).metadata
        assert same(seen[key], value)


@checked
@given(texts(), st.lists(st.tuples(new_keys, st.one_of(st.just(Remove), values)), max_size=6))
def test_several_edits_at_once(text: Text, changes: list[tuple[str, Any]]) -> None:
    edits = [Remove((key,)) if value is Remove else Set((key,), value) for key, value in changes]
    old = reader.read(text.yaml)
    result = patch(text.yaml, edits, newline=text.newline)
    assert same(reader.read(result), apply(old, edits))
    yaml.safe_load(result)


FRAGMENTS = [
    "a", "b", "k: ", ": ", "- ", "? ", "  ", "    ", "\n", "\n", "\n  ", "\n- ", "[", "]", "{", "}",
    ", ", "#", " # c", "&x ", "*x", "!t ", "!!str ", "|", ">", "|+\n", "|-\n  ", "'", '"', "\t",
    "\r\n", "\r", "---\n", "<<: ", "값", "🎉", "1", "1.0", "true", "null", "~", "%", "@", "`",
    "\\", "=", "\ufeff", "\u2028", "\x00",
]  # fmt: skip


@checked
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), values, st.data())
def test_any_text_is_edited_rightly_or_refused(
    yaml_text: str, value: Any, data: st.DataObject
) -> None:
    yaml_text = data.draw(st.sampled_from(["", "k: 1\n"])) + yaml_text
    try:
        old = reader.read(yaml_text)
    except reader.YamlSyntaxError as error:
        assert 1 <= error.line <= yaml_text.count("\n") + 2
        return
    assert isinstance(duplicate_paths(yaml_text), dict)
    if not re.search(r"^[\s&x-]*:", yaml_text, re.MULTILINE):  # of empty keys the tree is unsure
        assert duplicate_keys(yaml_text, old) == duplicate_keys(yaml_text)
    paths = [tuple(map(key_text, path)) for path in paths_in(old)]
    path = data.draw(st.sampled_from([*paths, ("new",), ("k", "new")]))
    edit = Remove(path) if data.draw(st.booleans()) else Set(path, value)
    try:
        result = patch(yaml_text, [edit])
    except PatchError as error:
        assert error.reason
        return
    assert same(reader.read(result), apply(old, [edit]))
