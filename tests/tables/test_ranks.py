"""Ranks, groups and winners as a table says them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.tables.data import to_csv, to_json
from harness.tables.grid import grid
from harness.tables.markdown import to_markdown
from harness.tables.model import Place, Table, TableRow, Winner
from harness.tables.ranks import _imputed, letters, meaning, place_text, winner_lines, winner_words
from tests.tables.tables import make_table

BEST = Winner("map", "", "per-image", ("Net",), 3, 4, 1.0, 12)
EQUALS = Winner("arand_x", "blobs", "pooled", ("A", "B", "C", "D"), 0, 3, math.nan, 5)


def ranked() -> Table:
    table = make_table()
    truth, net = table.rows
    placed = replace(net.scores["map"], place=Place(2, 1, 3, 1, 1))
    rows: tuple[TableRow, ...] = (
        replace(truth, bound="ceiling"),
        replace(net, scores={**net.scores, "map": placed}, marks=("verified", "contamination unknown")),
    )
    return replace(table, rows=rows, winners=(BEST, EQUALS), primary="map")


def test_best_is_said_only_of_one_row() -> None:
    assert winner_words(BEST) == "best: Net"
    assert winner_words(EQUALS) == "first among 4 equals: A; B; C; …"
    assert list(winner_lines(ranked())) == [
        ("map", "per-image", "best: Net", "3 of 4 neighbouring pairs", "1.00"),
        ("arand_x on blobs", "pooled", "first among 4 equals: A; B; C; …", "0 of 3 neighbouring pairs", "-"),
    ]


def test_rows_that_the_truth_prompts_are_first_among_themselves() -> None:
    told = (replace(BEST, prompted=True), replace(EQUALS, prompted=True))
    assert [winner_words(one) for one in told] == [
        "best prompted by the truth: Net",
        "first among 4 equals prompted by the truth: A; B; C; …",
    ]
    assert "rows prompted by the truth among themselves" in meaning(replace(ranked(), winners=(BEST, *told)))
    assert "prompted" not in meaning(ranked())


def test_a_place_is_told_with_its_interval_and_the_letter_of_its_group() -> None:
    truth, net = ranked().rows
    assert place_text(net, "map") == "2 (1-3) a"
    assert place_text(net, "arand_x") == "-"
    assert place_text(truth, "map") == "ceiling"


@pytest.mark.parametrize(("group", "text"), [(1, "a"), (26, "z"), (27, "aa"), (28, "ab"), (53, "ba")])
def test_letters(group: int, text: str) -> None:
    assert letters(group) == text


def test_every_form_of_the_table_has_the_ranks() -> None:
    table = ranked()
    cells = grid(table)
    at = cells.header.index("rank")
    assert cells.header[at + 1] == "n"
    assert [line.cells[at] for _, members in cells.groups for line in members] == ["ceiling", "2 (1-3) a"]
    assert cells.header[-1] == "marks"
    text = to_markdown(table)
    assert "Which row is first" in text
    assert "| map | per-image | best: Net |" in text
    assert "fewer than 8 of them tell nothing apart" in text
    lines = to_csv(table).splitlines()
    assert ",verified; contamination unknown,2,1,3,1,1," in next(line for line in lines if ",net," in line)
    shown = to_json(table)
    assert shown["winners"][0]["is_best"] is True
    assert shown["winners"][1]["tau"] is None
    assert shown["rows"][1]["scores"]["map"]["rank"] == 2


def test_what_stands_for_a_failed_cell_is_said() -> None:
    net = make_table().rows[1]
    assert list(_imputed(net, Place(2, 1, 3, 1, 2, worst=0.0))) == ["imputed 2 of 4 as 0 for the rank"]
    assert not list(_imputed(net, Place(2, 1, 3, 1)))
    assert not list(_imputed(net, None))


def test_a_table_without_ranks_says_nothing_of_them() -> None:
    assert meaning(make_table()) == ""
    assert "rank" not in grid(make_table()).header
