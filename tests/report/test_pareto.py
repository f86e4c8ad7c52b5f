from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.report.pareto import chart_points, front
from harness.tables import Cost
from harness.tables.ranks import PROMPTED
from tests.tables.tables import make_table

POINTS = st.lists(st.tuples(st.integers(0, 5).map(float), st.integers(0, 5).map(float)), min_size=1, max_size=12)


@given(POINTS, st.booleans())
def test_nothing_beats_the_front_and_something_beats_the_rest(points: list[tuple[float, float]], higher: bool) -> None:
    quality, cost = zip(*points, strict=True)
    found = front(quality, cost, higher)
    sign = -1 if higher else 1

    def beaten(number: int) -> bool:
        own = (sign * quality[number], cost[number])
        others = [(sign * value, price) for value, price in points]
        return any(one[0] <= own[0] and one[1] <= own[1] and one != own for one in others)

    assert found == {number for number in range(len(points)) if not beaten(number)}


def test_entries_without_a_value_are_left_out() -> None:
    assert front([None, 0.5, 0.9], [1.0, None, 2.0], True) == {2}


def test_the_chart_is_of_the_numbers_of_the_table() -> None:
    table = make_table()
    truth, net = table.rows
    other = replace(net, id="other", label="Other", cost=Cost(0.5, None, None, 10))
    points = chart_points(replace(table, rows=(replace(truth, bound="ceiling"), net, other)))
    assert points is not None
    assert [row["id"] for row in points["rows"]] == ["net", "other"]
    assert [metric["id"] for metric in points["metrics"]] == ["map", "arand_x"]
    assert points["rows"][0]["values"]["map"] == 60.0
    assert points["rows"][0]["values"]["arand_x"] is None
    assert points["rows"][0]["costs"] == {"seconds": 1.5, "training": 60.0, "memory": 250.0}
    assert points["rows"][1]["front"] == ["map seconds", "map memory"]
    assert points["rows"][0]["front"] == ["map training"]


def test_what_an_author_reports_is_shown_and_beats_nobody() -> None:
    table = make_table()
    _, net = table.rows
    reported = replace(net, id="mine", label="Mine", cost=Cost(0.001, is_reported=True))
    points = chart_points(replace(table, rows=(net, reported)))
    assert points is not None
    assert [(row["label"], row["reported"]) for row in points["rows"]] == [
        (net.label, False),
        ("Mine (self-reported)", True),
    ]
    assert points["rows"][0]["front"] == ["map seconds", "map training", "map memory"]
    assert points["rows"][1]["front"] == []
    assert points["rows"][1]["costs"] == {"seconds": 0.001, "training": None, "memory": None}


def test_rows_of_other_data_and_those_that_the_truth_prompts_beat_nobody_else() -> None:
    table = make_table()
    _, net = table.rows
    cheap = replace(net, id="cheap", cost=Cost(0.1, 0.1, None, 10))
    elsewhere = replace(net, id="elsewhere", dataset="crops")
    told = replace(net, id="told", marks=(PROMPTED,))
    points = chart_points(replace(table, rows=(net, cheap, elsewhere, told)))
    assert points is not None
    whole = ["map seconds", "map training", "map memory"]
    assert {row["id"]: (row["among"], row["front"]) for row in points["rows"]} == {
        "net": ("", []),
        "cheap": ("", whole),
        "elsewhere": ("crops", whole),
        "told": (PROMPTED, whole),
    }


def test_without_costs_there_is_no_chart() -> None:
    table = make_table()
    assert chart_points(replace(table, rows=tuple(replace(row, cost=Cost()) for row in table.rows))) is None
