from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.toml_lines import KeyPath, key_lines


def paths(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key path of parsed TOML."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


TRICKY = '''\
# a comment with [brackets] and key = 1
title = "a # no comment, ] nor } = end"   # trailing

[plain]
"quoted.key" = 1
'literal key' = 2
a . b = 3
multi = """
[not a table]
x = 1 \\""" still
"""
raw = \'\'\'
it's = "raw" [[x]]\'\'\'
five = """ends with quotes"""""
array = [
  1, 2,        # [comment]
  "]",
  { inner = [ "}", 4 ], deep.er = { x = 1 } },
  [5, [6]],
]
date = 1979-05-27 07:32:00
after = true

[[rows]]
id = "one"
stages = [{ id = "a" }, { id = "b",  size = "x" }]

  [rows.tiers.smoke]
  data = []

[[rows]]
id = "two"
[[rows.parts]]
n = 1
[[rows.parts]]
n = 2
[rows.parts.sub]
m = 3
'''

EXPECTED: dict[KeyPath, int] = {
    ("title",): 2,
    ("plain",): 4,
    ("plain", "quoted.key"): 5,
    ("plain", "literal key"): 6,
    ("plain", "a", "b"): 7,
    ("plain", "multi"): 8,
    ("plain", "raw"): 12,
    ("plain", "five"): 14,
    ("plain", "array"): 15,
    ("plain", "array", 0): 16,
    ("plain", "array", 2): 17,
    ("plain", "array", 3, "inner"): 18,
    ("plain", "array", 3, "inner", 1): 18,
    ("plain", "array", 3, "deep", "er", "x"): 18,
    ("plain", "array", 4, 1, 0): 19,
    ("plain", "date"): 21,
    ("plain", "after"): 22,
    ("rows", 0): 24,
    ("rows", 0, "stages", 1, "size"): 26,
    ("rows", 0, "tiers", "smoke"): 28,
    ("rows", 0, "tiers", "smoke", "data"): 29,
    ("rows", 1): 31,
    ("rows", 1, "id"): 32,
    ("rows", 1, "parts", 0, "n"): 34,
    ("rows", 1, "parts", 1, "n"): 36,
    ("rows", 1, "parts", 1, "sub", "m"): 38,
}


@pytest.mark.parametrize(("key", "line"), EXPECTED.items(), ids=str)
def test_lines_of_tricky_toml(key: KeyPath, line: int) -> None:
    assert key_lines(TRICKY)[key] == line


def test_every_key_path_of_tricky_toml_has_a_line_of_its_own_text() -> None:
    found = key_lines(TRICKY)
    lines = TRICKY.splitlines()
    for path in paths(tomllib.loads(TRICKY)):
        if isinstance(path[-1], str):
            assert path[-1] in lines[found[path] - 1], path


def test_windows_line_ends_and_escaped_keys() -> None:
    lines = key_lines('a = 1\r\n"b\\"c" = 2\r\n"\\u00e9" = 3\r\n'.replace("\r\n", "\n"))
    assert lines == {("a",): 1, ('b"c',): 2, ("\u00e9",): 3}


BARE = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
TEXT = st.text(st.sampled_from("ab #=[]{},.'\n\t"), max_size=8)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def key_text(key: str) -> st.SearchStrategy[str]:
    return st.sampled_from([key, quoted(key), f"'{key}'"])


@st.composite
def value_text(draw: st.DrawFn, depth: int = 2) -> str:
    """The TOML of any value, on one line or several."""
    kind = draw(st.sampled_from(["int", "basic", "literal", "multi", "raw", "array", "inline"][: 7 if depth else 5]))
    if kind == "int":
        return str(draw(st.integers(-9, 9)))
    if kind == "literal":
        return "'" + draw(TEXT).replace("'", "").replace("\n", "") + "'"
    if kind == "multi":
        return '"""' + draw(TEXT) + '"""'
    if kind == "raw":
        return "'''" + draw(TEXT).replace("'", "") + "'''"
    if kind == "array":
        gap = draw(st.sampled_from(["", " ", "\n", " # it, [is\n"]))
        return "[" + gap + "".join(f"{draw(value_text(depth - 1))},{gap}" for _ in range(draw(st.integers(0, 3)))) + "]"
    if kind == "inline":
        keys = draw(st.lists(BARE, unique=True, max_size=3))
        return "{" + ", ".join(f"{draw(key_text(key))} = {draw(value_text(0))}" for key in keys) + "}"
    return quoted(draw(TEXT))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """Valid TOML with the line on which each key of a table stands."""
    text = ""
    lines: dict[KeyPath, int] = {}
    tables: list[tuple[str, KeyPath]] = [("", ())]
    names = draw(st.lists(BARE.map(lambda name: f"t-{name}"), unique=True, max_size=3))
    for name in names:
        if draw(st.booleans()):
            tables += [(f"[[{draw(key_text(name))}]]\n", (name, index)) for index in range(draw(st.integers(1, 3)))]
        else:
            tables.append((f"[ {draw(key_text(name))} ]\n", (name,)))
    for header, path in tables:
        text += draw(st.sampled_from(["", "\n", "# [comment] = 'x\n"]))
        if path:
            lines[path] = text.count("\n") + 1
        text += header
        for key in draw(st.lists(BARE, unique=True, max_size=3)):
            lines[(*path, key)] = text.count("\n") + 1
            text += f"{draw(key_text(key))} = {draw(value_text())} # done\n"
    return text, lines


@given(documents())
def test_lines_of_any_document(document: tuple[str, dict[KeyPath, int]]) -> None:
    text, lines = document
    found = key_lines(text)
    assert {path: found[path] for path in lines} == lines
    assert set(paths(tomllib.loads(text))) == set(found)


def test_a_large_file_is_scanned_in_linear_time() -> None:
    text = "".join(f'[[rows]]\nid = "row-{n}"\nstages = [{{ id = "a", size = {n} }}]\n' for n in range(20_000))
    assert key_lines(text)[("rows", 19_999, "stages", 0, "size")] == 60_000
