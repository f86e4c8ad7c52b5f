"""How numbers, published values and header lines read."""

from __future__ import annotations

import math

import pytest

from harness.statistics import summarise
from harness.suite import Published
from harness.tables import Column, Score
from harness.tables.text import (
    column_title,
    footnotes,
    header_lines,
    heading,
    number,
    published_text,
    row_notes,
    score_text,
)
from tests.tables.tables import make_table

PERCENT, FRACTION = Column("map", "higher", "percent"), Column("map", "lower", "fraction")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (78.333, "percent", "78.33"),
        (0.78333, "fraction", "0.7833"),
        (29.0, "count", "29.0"),
        (math.nan, "x", "undefined"),
    ],
)
def test_numbers(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


@pytest.mark.parametrize(
    ("values", "ddof", "text"),
    [
        ([0.5, 0.7], 1, "60.00 ± 14.14"),
        ([0.5, 0.7], 0, "60.00 ± 10.00"),
        ([0.5], 1, "50.00"),
        ([], 1, "-"),
        ([0.5, math.nan], 1, "50.00 (1 undefined)"),
        ([math.nan], 1, "undefined"),
    ],
)
def test_scores(values: list[float], ddof: int, text: str) -> None:
    assert score_text(Score(summarise(values)), PERCENT, ddof) == text


@pytest.mark.parametrize(
    ("published", "column", "text"),
    [
        (None, PERCENT, "-"),
        (Published(mean=78.33, sd=1.73, unit="percent"), PERCENT, "78.33 ± 1.73"),
        (Published(mean=0.5, unit="fraction"), PERCENT, "50.00"),
        (Published(mean=50.0, unit="percent"), FRACTION, "0.5000"),
        (Published(illegible=True), PERCENT, "illegible"),
        (Published(mean=1.0, sd=0.1, note="n"), FRACTION, "1.0000 ± 0.1000 [!]"),
    ],
)
def test_published_values_are_in_the_unit_of_the_column(published: Published | None, column: Column, text: str) -> None:
    assert published_text(published, column) == text


def test_titles_say_unit_and_direction() -> None:
    assert column_title(PERCENT) == "map (percent) ↑"
    assert column_title(FRACTION) == "map (fraction) ↓"
    assert column_title(Column("count", "none", "count")) == "count (count)"


def test_the_header_begins_with_suite_and_state() -> None:
    lines = header_lines(make_table())
    assert lines[0] == "suite toy v1, tier smoke; data: phantoms"
    assert lines[1] == "6 cells: 1 FAILED, 1 MISSING, 4 ok"
    assert lines[2].startswith("1 of the missing cells have records of another chain")
    assert "the smoke tier is no reproduction and gets no verdict" in lines[5]
    assert lines[-1] == "a note"
    assert not any("no reproduction" in line for line in header_lines(make_table(tier="paper")))


def test_the_source_is_named_once() -> None:
    assert heading("Gold", "table 2") == "Gold (table 2)"
    assert heading("Gold (table 2)", "table 2") == "Gold (table 2)"
    assert heading("Gold", "") == "Gold"
    assert heading("Gold (table 2)", "table 2, figure 3") == "Gold (table 2, figure 3)"
    assert heading("Gold (by hand)", "table 2") == "Gold (by hand) (table 2)"


def test_footnotes_name_their_value() -> None:
    assert footnotes(make_table()) == ("[!] Net_1, map: another page prints 77",)
    assert row_notes(make_table()) == ("Net_1: trains on every tier: 100 % here",)
