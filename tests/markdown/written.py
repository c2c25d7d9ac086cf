"""Frontmatter of every kind that people and programs write, for property tests."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# A profile with more examples (--hypothesis-profile) is followed.
checked = settings(
    max_examples=max(250, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

LOOKALIKES = [
    "10:30", "yes", "No", "on", "y", "012", "0x1F", "1_000", "1e3", "~", "null", "2026-01-09",
    "2026-01-09T14:35:10.123456Z", "- x", "a: b", "#x", "a #b", "a\tb", "\t", "x\ty", "🎉 축하",
    " leading", "trailing ", "", "=", "<<", ".5", "+1", "1.", "'", '"', "it's", 'say "hi"', "\\n",
    "[[wiki]]", "{{DATE}}", "@x", "`x`", "%x", "!x", "&x", "*x", "|", ">", "?", "? x", ":", "-",
    "x:", ":x", "---", "...", "--- x", "\u0085", "a\u2028b", "\ufeff", "\x07", "\x00", "\uffff",
    "가나다라", "x" * 300, "긴 줄 " * 80, "190:20:30", "1.5", "-0", "0o17", ".inf", ".NaN", "a, b",
    "[a", "a]", "{a", "http://x.y/z#a", "a:b", "a?b", "2026년 계획", "3rd", "\r", "a\r\nb",
    "\u200b", "null ", "0", "١٢", "e\u0301", "\U0001fffe", "\xa0x", "x\xa0",
]  # fmt: skip
MULTILINE = [
    "a\nb", "a\nb\n", "a\n\nb\n", "a\n\n", "\na", "\n", "\n\n", " a\nb", "a\n b\n", "a \nb",
    "a\n \nb", "# 제목\n\n- 하나\n- 둘\n", "a\tb\nc\n", "a\n\tb\n", "---\na\n", "a\n---\nb\n",
    "a\n# b\n", "a: b\nc: d", "a\r\nb\r\n", "x\u2028y\nz", "\ta\nb", "a\n   ",
]  # fmt: skip

words = st.sampled_from(["todo", "doing", "개발팀", "한 글", "prj-023", "dev", "x y z", "완료"])
strings = st.one_of(
    words, st.sampled_from(LOOKALIKES), st.sampled_from(MULTILINE), st.text(max_size=12)
).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
numbers = st.one_of(
    st.integers(-(10**6), 10**6),
    st.sampled_from([2**63, 2**64, -(2**70), 0.5, 1e3, 1e16, 1e-7, -0.0, float("inf")]),
)
scalars = st.one_of(strings, strings, numbers, st.booleans(), st.none())
new_keys = st.one_of(words, st.sampled_from(LOOKALIKES)).filter(lambda key: key != "<<")
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(new_keys, inner, max_size=3)
    ),
    max_leaves=6,
)

eol_comments = st.sampled_from(["", "", "", " # 주석", "  # it's: a [comment", " #"])
own_lines = st.lists(st.sampled_from(["# 섹션", "", "# key: value", "", "# - [ ] x"]), max_size=2)


class Entry(NamedTuple):
    """One top-level entry of a generated text, and the comments and blanks above it."""

    key: str
    above: list[str]
    lines: list[str]


@st.composite
def written_scalars(draw: st.DrawFn) -> str:
    return draw(
        st.one_of(
            words,
            st.sampled_from(
                [
                    "3",
                    "1.5",
                    "true",
                    "null",
                    "~",
                    "",
                    "2026-01-08",
                    "''",
                    '""',
                    "'10:30'",
                    "'it''s'",
                ]
            ),
            st.sampled_from(
                ['"a\\tb"', '"한\\u0020글"', "'# no comment'", '"a: b"', "'- x'", "1e3"]
            ),
        )
    )


@st.composite
def list_lines(draw: st.DrawFn, indent: int) -> list[str]:
    lines = []
    pad = " " * indent
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.integers(0, 5))
        if kind == 0:
            lines += [
                f"{pad}- id: {draw(words)}{draw(eol_comments)}",
                f"{pad}  n: {draw(written_scalars())}",
            ]
            if draw(st.booleans()):
                lines += [f"{pad}  sub:", f"{pad}  - {draw(words)}", f"{pad}  - z"]
        elif kind == 1:
            lines += [f"{pad}- |", f"{pad}  text", "", f"{pad}  more"]
        elif kind == 2:
            lines += [f"{pad}- - {draw(words)}", f"{pad}  - 2"]
        else:
            lines.append(f"{pad}- {draw(written_scalars())}{draw(eol_comments)}".rstrip())
        if draw(st.integers(0, 4)) == 0:
            lines.append(f"{pad}# between")
    while lines[-1].endswith("# between"):
        lines.pop()
    return lines


@st.composite
def mapping_lines(draw: st.DrawFn, indent: int, depth: int = 0) -> list[str]:
    pad = " " * indent
    lines = []
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 5))
        if kind == 0 and depth < 2:
            lines += [f"{pad}하위{number}:", *draw(mapping_lines(indent + 2, depth + 1))]
        elif kind == 1:
            lines += [f"{pad}l{number}:", *draw(list_lines(indent + 2))]
        else:
            lines.append(f"{pad}s{number}: {draw(written_scalars())}{draw(eol_comments)}")
        if draw(st.integers(0, 4)) == 0:
            lines += ["", f"{pad}# 안쪽"]
    while not lines[-1].strip() or lines[-1].strip().startswith("#"):
        lines.pop()
    return lines


@st.composite
def flow_texts(draw: st.DrawFn) -> str:
    parts = draw(
        st.lists(
            st.sampled_from(["a", "'b'", '"c"', "3", "한글", "d e", "[x, y]"]),
            min_size=1,
            max_size=4,
        )
    )
    if draw(st.booleans()):
        parts = [f"k{i}: {part}" for i, part in enumerate(parts)]
        return "{" + ", ".join(parts) + "}"
    comma = draw(st.sampled_from([", ", ",", " , "]))
    space = draw(st.sampled_from(["", " "]))
    return "[" + space + comma.join(parts) + space + "]"


@st.composite
def entries(draw: st.DrawFn, key: str) -> Entry:
    above = draw(own_lines)
    comment = draw(eol_comments)
    kind = draw(st.integers(0, 9))
    name = draw(st.sampled_from([key, f"'{key}'", f'"{key}"', key, key]))
    if kind <= 3:
        lines = [f"{name}: {draw(written_scalars())}{comment}"]
    elif kind == 4:
        lines = [f"{name}: {draw(flow_texts())}{comment}"]
    elif kind == 5:
        lines = [f"{name}:{comment}", *draw(list_lines(draw(st.sampled_from([0, 2, 4]))))]
    elif kind == 6:
        lines = [f"{name}:{comment}", *draw(mapping_lines(draw(st.sampled_from([2, 4]))))]
    elif kind == 7:
        header = draw(st.sampled_from(["|", "|-", ">", ">-", "|2", "|+"]))
        blank = draw(st.sampled_from([[], [], ["    "], ["   ", "     "]]))
        lines = [f"{name}: {header}{comment}", "  첫 줄", "", "  # 둘째 줄", "  third: line"]
        return Entry(key, above, [line.rstrip(" ") for line in lines] + blank)
    elif kind == 8:
        lines = [f"{name}:", f"  {draw(words)}{comment}"]
    else:
        lines = draw(
            st.sampled_from(
                [
                    [f"{name}: 'one", "", f"  two'{comment}"],
                    [f"{name}: plain", f"  and more{comment}"],
                    [f'{name}: "esc \\', f'  aped"{comment}'],
                    [f"{name}: [", "  a, # first", "  'b',", f"  c ]{comment}"],
                    [f"{name}: {{", "  k: 1, # first", "  l: [2]", f"  }}{comment}"],
                ]
            )
        )
    return Entry(key, above, [line.rstrip(" ") for line in lines])


class Text(NamedTuple):
    """A generated YAML text with the byte-for-byte pieces around each of its entries."""

    entries: list[Entry]
    trailer: list[str]
    newline: str
    ended: bool

    @property
    def yaml(self) -> str:
        lines = [line for entry in self.entries for line in (*entry.above, *entry.lines)]
        text = self.newline.join([*lines, *self.trailer])
        return text + self.newline if self.ended else text

    def around(self, index: int) -> tuple[str, str]:
        """What stands before and behind the lines of an entry; the newline belongs to it."""
        before = [line for entry in self.entries[:index] for line in (*entry.above, *entry.lines)]
        before += self.entries[index].above
        prefix = "".join(line + self.newline for line in before)
        own = self.newline.join(self.entries[index].lines) + self.newline
        return prefix, self.yaml[len(prefix + own) :]


@st.composite
def texts(draw: st.DrawFn) -> Text:
    keys = ["status", "이름", "tags", "d e", "notes", "n1"]
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=5, unique=True))
    made = [draw(entries(key)) for key in chosen]
    # Blank lines behind a |+ would be part of it.
    for entry, following in itertools.pairwise(made):
        if "|+" in entry.lines[0]:
            while following.above and not following.above[0]:
                del following.above[0]
    trailer = draw(st.sampled_from([[], [], ["# 끝"], ["", "# end"]]))
    if "|+" in made[-1].lines[0]:
        trailer = []
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return Text(made, trailer, newline, ended=draw(st.integers(0, 5)) > 0)
