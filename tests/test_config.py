from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from harness.config import Strict, TomlSource
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


def test_an_absent_key_has_the_line_of_its_table(tmp_path: Path) -> None:
    text = "[[parts]]\nsize = 1\n[[parts]]\nsize = 2\n"
    assert source(tmp_path, text).line(("parts", 1, "absent", "deeper")) == 3
    assert source(tmp_path, "").line(("absent",)) == 1


def test_a_file_is_the_origin_of_its_keys_and_can_have_another_name(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text("\na = 1\n", encoding="utf-8")
    toml = TomlSource(path, name="below/file.toml")
    assert toml.origin(["a"]) == (toml, ("a",))
    assert toml.where(["a"]) == "below/file.toml:2: a"


def test_the_nearest_of_a_few_values_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found 'slwo'; did you mean 'slow'\?"):
        source(tmp_path, 'title = ""\nnamed.x = { size = 1, mode = "slwo" }').validate(Outer)


SOME_WRONG = """
titel = ""
[[parts]]
size = "x"
[[parts]]
size = 1
moode = "fast"
[[parts]]
size = 3
[named.a]
mode = "fast"
[named.b]
size = 4
"""


def test_the_sound_part_of_a_file_knows_where_it_stands(tmp_path: Path) -> None:
    toml = source(tmp_path, SOME_WRONG)
    part = toml.sound_part(Outer, {"title": "none"})
    assert part is not None
    assert part.data == {"title": "none", "parts": [{"size": 1}, {"size": 3}], "named": {"b": {"size": 4}}}
    assert part.validate(Outer).parts[1].size == 3
    assert part.where(("parts", 1, "size")) == "file.toml:9: parts.2.size"
    assert part.line(("named", "b", "size")) == 13


def test_of_some_keys_only_those_that_are_there_are_judged(tmp_path: Path) -> None:
    toml = source(tmp_path, "[named.a]\nmode = 3\n")
    with pytest.raises(ConfigError) as caught:
        toml.check_present(Outer)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("file.toml:2: named.a.mode: ")
    with pytest.raises(ConfigError, match="required key 'title' is missing"):
        toml.validate(Outer)
    source(tmp_path, "[named.a]\n").check_present(Outer)


def test_of_a_file_without_what_it_needs_nothing_is_sound(tmp_path: Path) -> None:
    assert source(tmp_path, SOME_WRONG).sound_part(Outer, {}) is None


def test_a_sound_file_is_its_own_part(tmp_path: Path) -> None:
    toml = source(tmp_path, 'title = ""\n')
    part = toml.sound_part(Outer, {})
    assert part is not None
    assert part.data == toml.data


class First(Strict):
    kind: Literal["first"]
    size: int


class Second(Strict):
    kind: Literal["second"]
    second: str
    size: int


class Kinds(Strict):
    entries: dict[str, Annotated[First | Second, Field(discriminator="kind")]]


def test_the_kind_of_a_table_is_not_taken_for_a_key_of_its_name(tmp_path: Path) -> None:
    text = '[entries.x]\nkind = "second"\nsecond = "y"\nsize = 1\nsiez = 2\n'
    with pytest.raises(ConfigError, match=r"file.toml:5: entries.x.siez: unknown key 'siez'; did you mean 'size'?"):
        source(tmp_path, text).validate(Kinds)


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = nan", "file.toml:2: b: must be finite; found nan"),
        ("a = 1\nb = [1.0,\n -inf]", "file.toml:3: b.1: must be finite; found -inf"),
        ("a = 1979-05-27", "file.toml:1: a: dates and times are written as strings; found 1979-05-27"),
        ("a.b = 07:32:00", "file.toml:1: a.b: dates and times"),
        ("\na = 9223372036854775808", "file.toml:2: a: must fit into 64 bits"),
        ("a = 0x" + "f" * 300, "file.toml:1: a: must fit into 64 bits, as TOML says; found a number of 1200 bits"),
        ("\n\na = " + "9" * 5000, "file.toml:3: not valid TOML: Exceeds the limit"),
        ("a = 1\nb = 'x'\nb = 'y'", "file.toml:3: not valid TOML: Cannot overwrite"),
        ("a = 1\nb = [\n1,\n", "file.toml:3: not valid TOML"),
        ("x = 1\na = " + "[" * 30 + "]" * 30, "file.toml:2: a.0.0: nested deeper than 24 levels"),
        ("a" + ".a" * 40 + " = 1", "file.toml:1: a.a.a: nested deeper than 24 levels"),
        ("a = " + "[" * 5000 + "]" * 5000, "not valid TOML: nested too deeply"),
        ("a = " + "{ a = " * 3000 + "1" + " }" * 3000, "not valid TOML: nested too deeply"),
        ('a = "b\\u0000c"', "file.toml:1: a: must not hold the character U+0000"),
        ('a = { "\\u0000" = 1 }', "file.toml:1: a: must not hold the character U+0000"),
    ],
    ids=lambda text: text[:12].strip(),
)
def test_values_that_no_declaration_can_hold(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        source(tmp_path, text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_every_value_that_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        source(tmp_path, "a = nan\nb = [inf, 1.0]\n[c]\nd = 1979-05-27\n")
    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == [
        "file.toml:1:",
        "file.toml:2:",
        "file.toml:4:",
    ]


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "suite.toml")
    with pytest.raises(ConfigError, match="not a regular file"):
        TomlSource(tmp_path / "suite.toml")
    with pytest.raises(ConfigError, match="embedded null"):
        TomlSource(tmp_path / "a\0b.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        TomlSource(tmp_path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        TomlSource(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 2"):
        source(tmp_path, "a = 1\nb = \n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ConfigError, match=r"binary\.toml:1: not valid TOML: not UTF-8"):
        TomlSource(tmp_path / "binary.toml")
