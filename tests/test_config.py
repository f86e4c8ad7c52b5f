from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from harness.config import KeyPath, Strict, TomlSource
from harness.errors import ConfigError


class Inner(Strict):
    size: int
    mode: Literal["fast", "slow"] = "fast"


class Outer(Strict):
    schema_number: Literal[1] = Field(1, alias="schema")
    title: str
    parts: tuple[Inner, ...] = ()
    named: dict[str, Inner] = Field(default={})


def source(folder: Path, text: str) -> TomlSource:
    path = folder / "file.toml"
    path.write_text(text, encoding="utf-8")
    return TomlSource(path)


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
def test_lines_of_tricky_toml(tmp_path: Path, key: KeyPath, line: int) -> None:
    assert source(tmp_path, TRICKY).line(key) == line


def test_every_key_path_of_tricky_toml_has_a_line_of_its_own_text(tmp_path: Path) -> None:
    toml = source(tmp_path, TRICKY)
    lines = TRICKY.splitlines()
    for path in paths(tomllib.loads(TRICKY)):
        if isinstance(path[-1], str):
            assert path[-1] in lines[toml.line(path) - 1], path


def test_absent_key_has_the_line_of_its_table(tmp_path: Path) -> None:
    assert source(tmp_path, TRICKY).line(("rows", 1, "parts", 1, "absent", "deeper")) == 35


def test_a_file_is_the_origin_of_its_keys_and_can_have_another_name(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text("\na = 1\n", encoding="utf-8")
    toml = TomlSource(path, name="below/file.toml")
    assert toml.origin(["a"]) == (toml, ("a",))
    assert toml.where(["a"]) == "below/file.toml:2: a"


def test_windows_line_ends_and_escaped_keys(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(b'a = 1\r\n"b\\"c" = 2\r\n"\\u00e9" = 3\r\n')
    toml = TomlSource(path)
    assert [toml.line((key,)) for key in ("a", 'b"c', "\u00e9")] == [1, 2, 3]


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
def test_lines_of_any_document(
    tmp_path_factory: pytest.TempPathFactory, document: tuple[str, dict[KeyPath, int]]
) -> None:
    text, lines = document
    toml = source(tmp_path_factory.mktemp("toml"), text)
    assert toml.data == tomllib.loads(text)
    assert {path: toml.line(path) for path in lines} == lines


def test_a_large_file_is_scanned_in_linear_time(tmp_path: Path) -> None:
    text = "".join(f'[[rows]]\nid = "row-{n}"\nstages = [{{ id = "a", size = {n} }}]\n' for n in range(20_000))
    assert source(tmp_path, text).line(("rows", 19_999, "stages", 0, "size")) == 60_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 1", "file.toml:1: title: Input should be a valid string; found 1"),
        ('titel = "x"\ntitle = "x"', "file.toml:1: titel: unknown key 'titel'; did you mean 'title'?"),
        ('schema = 2\ntitle = ""', "file.toml:1: schema: Input should be 1; found 2"),
        ('title = ""\n[[parts]]\nsiez = 1', "file.toml:3: parts.0.siez: unknown key 'siez'; did you mean 'size'?"),
        ('title = ""\n[[parts]]\nmode = "fast"', "file.toml:2: parts.0: required key 'size' is missing"),
        ('title = ""\nnamed.x = { size = 1,\tmode = "slwo" }', "file.toml:2: named.x.mode: Input should be 'fast' or"),
        (
            'title = ""\n[named.x]\nsize = 1\nmod = 2',
            "file.toml:4: named.x.mod: unknown key 'mod'; did you mean 'mode'?",
        ),
    ],
)
def test_mistakes_name_file_line_key_and_nearest(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        source(tmp_path, text).validate(Outer)
    assert message in str(caught.value)


def test_every_mistake_has_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        source(tmp_path, "title = 1\nother = 2\n").validate(Outer)
    assert len(str(caught.value).splitlines()) == 2


def test_valid_file_is_frozen(tmp_path: Path) -> None:
    outer = source(tmp_path, 'schema = 1\ntitle = "x"\nparts = [{ size = 3 }]').validate(Outer)
    assert outer.parts == (Inner(size=3),)
    with pytest.raises(ValueError, match="frozen"):
        outer.title = "y"  # type: ignore[misc]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        TomlSource(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 2"):
        source(tmp_path, "a = 1\nb = \n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ConfigError, match=r"binary\.toml: not valid TOML: not UTF-8"):
        TomlSource(tmp_path / "binary.toml")
