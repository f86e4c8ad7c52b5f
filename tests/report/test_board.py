from __future__ import annotations

from dataclasses import replace

from harness.report.board import board_of, leaderboard
from harness.tables.model import Place, Winner
from harness.tables.scores import ScoreTable
from tests.tables.tables import make_table


def test_a_column_is_of_numbers_if_every_text_begins_with_one_or_stands_for_none() -> None:
    board = board_of(
        ("row", "score", "note", "rank"),
        [("a", ("1 a", "0.5 ± 0.1", "1 of 2", "ceiling")), ("b", ("2 b", "-", "late", "2 (1-3) a"))],
        {"a": "a.html"},
    )
    assert [column.is_text for column in board.columns] == [True, False, True, False]
    assert [cell.order for cell in board.lines[0].cells] == ["", "0.5", "", ""]
    assert [cell.order for cell in board.lines[1].cells] == ["", "", "", "2"]
    assert board.lines[0].cells[0].link == "a.html"


def test_groups_become_a_column() -> None:
    board = leaderboard(ScoreTable(make_table()))
    assert [column.title for column in board.columns[:3]] == ["row", "group", "map (percent) ↑"]
    assert [line.cells[1].text for line in board.lines] == ["controls", "other"]
    assert [line.key for line in board.lines] == ["truth", "net"]


def test_what_an_advisory_hits_is_struck_out_in_its_own_column() -> None:
    table = make_table()
    truth, net = table.rows
    hit = replace(net, scores={**net.scores, "map": replace(net.scores["map"], struck=("A-1",))})
    board = leaderboard(ScoreTable(replace(table, rows=(truth, hit))))
    assert [[cell.struck for cell in line.cells].count("advisory A-1") for line in board.lines] == [0, 1]
    assert board.lines[1].cells[2].struck == "advisory A-1"


def test_the_rank_stands_right_behind_the_rows() -> None:
    table = make_table()
    truth, net = table.rows
    placed = replace(net.scores["map"], place=Place(1, 1, 1, 1), struck=("A-1",))
    net = replace(net, scores={**net.scores, "map": placed})
    table = replace(
        table, rows=(truth, net), primary="map", winners=(Winner("map", "", "per-image", ("N",), 0, 0, 1, 9),)
    )
    board = leaderboard(ScoreTable(table))
    titles = ["row", "group", "rank", "map (percent) ↑", "95 % of the mean"]
    assert [column.title for column in board.columns[:5]] == titles
    assert [cell.text for cell in board.lines[1].cells[:3]] == ["Net_1", "other", "1 (1-1) a"]
    assert [cell.struck for cell in board.lines[1].cells[:6]] == ["", "", "", "advisory A-1", "", ""]
    assert [line.cells[4].text for line in board.lines] == ["-", "open"]


def test_a_method_that_is_called_like_a_bound_is_none() -> None:
    table = make_table()
    truth, net = table.rows
    placed = {"map": replace(net.scores["map"], place=Place(1, 1, 1, 1))}
    rows = (replace(truth, bound="ceiling"), replace(net, label="control", scores={**net.scores, **placed}))
    winners = (Winner("map", "", "per-image", ("control",), 0, 0, 1, 9),)
    board = leaderboard(ScoreTable(replace(table, rows=rows, primary="map", winners=winners)))
    assert [line.bound for line in board.lines] == [True, False]


def test_the_interval_of_the_mean_stands_behind_it() -> None:
    table = make_table()
    truth, net = table.rows
    texts = []
    for place in (Place(1, 1, 2, 1, 0, 0.51234, 0.75), Place(1, 1, 2, 1, 3, 0.1, 0.75)):
        placed = replace(net, scores={**net.scores, "map": replace(net.scores["map"], place=place)})
        winners = (Winner("map", "", "per-image", ("N",), 0, 0, 1, 9),)
        board = leaderboard(ScoreTable(replace(table, rows=(truth, placed), primary="map", winners=winners)))
        texts.append(board.lines[1].cells[4].text)
    assert texts == ["51.23 to 75.00", "-"], "what stands in for missing cells is none of the mean"
