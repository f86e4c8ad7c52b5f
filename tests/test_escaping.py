"""Nothing that a file or a library names acts on whoever reads it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.escaping import csv_value, markdown, one_line, tolerate_any_character, visible

HOSTILE = "\x1b]0;title\x07\x1b[2Jrow\u202egpj.exe\u2066\u200b\x9b31m\r"


def test_what_acts_is_written_out() -> None:
    assert visible(HOSTILE) == "\\x1b]0;title\\x07\\x1b[2Jrow\\u202egpj.exe\\u2066\\u200b\\x9b31m\\x0d"
    assert visible("a\tb\n± ↑ é שלום 核") == "a\tb\n± ↑ é שלום 核"
    assert visible("a\udce9b") == "a\\udce9b"
    assert visible("a\U000e0041\xad\u180e") == "a\\U000e0041\\xad\\u180e", "letters that nobody sees"


TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    shown.encode("utf-8")
    assert not {unicodedata.category(letter) for letter in shown if letter not in "\t\n"} & {"Cc", "Cs"}
    assert not {unicodedata.bidirectional(letter) for letter in shown} & TURNS
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    "link", ["[x](javascript:alert(1))", "![x](http://x/y)", "<javascript:alert(1)>", "[x]: javascript:a"]
)
def test_no_link_comes_of_text(link: str) -> None:
    assert not re.search(r"(?<!\\)[\[\]<>]", markdown(link))


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "＝1", "-1+2", "+-1"])
def test_text_that_begins_a_formula(text: str) -> None:
    assert csv_value(text) == f"'{text}"
    out = io.StringIO()
    csv.writer(out).writerow([csv_value(text)])
    assert next(csv.reader(io.StringIO(out.getvalue())))[0].startswith("'")


@pytest.mark.parametrize("value", [-1.5, None, 3, "-", "", "-1.5", "+2e-3", "net", "a=b", ".5"])
def test_what_is_no_formula_is_kept(value: object) -> None:
    assert csv_value(value) == value


def test_a_stream_writes_what_its_encoding_lacks_as_escapes() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    tolerate_any_character(stream, io.StringIO())
    stream.write("0.5 ± 0.1 \udce9")
    stream.flush()
    assert raw.getvalue() == b"0.5 \\xb1 0.1 \\udce9"
