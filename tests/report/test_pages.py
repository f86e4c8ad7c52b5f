"""Views say what suites and facts say, as text."""

from __future__ import annotations

import base64
from pathlib import Path

from harness.report.pages import FigureView, files_folder, lead_lines, statement_view, suite_lines
from harness.store import Code, StatementRecord
from harness.tables.model import Winner
from harness.tables.scores import ScoreTable
from tests.helpers import temp_project
from tests.tables.tables import make_table


def test_facts_say_where_they_come_from() -> None:
    source = {"dataset": "blobs", "shape": [48, 48]}
    record = StatementRecord(
        "ab" * 32, "facts", 1, "smoke", "blobs", source, {"blobs/a": "cd" * 32}, {}, ("one",), Code("e" * 40, True)
    )
    view = statement_view(record)
    assert view.source == "dataset blobs, shape 48, 48"
    assert view.data == ("blobs/a cdcdcdcdcdcd",)
    assert (view.commit, view.key) == ("eeeeeeeeeeee (changed)", "abababababab")


def test_suites_without_records_are_listed_last(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite()
    ((key, cells),) = suite_lines({}, (suite,))
    assert key == f"empty {suite.id}"
    assert cells[-2:] == ("no records", "-")
    assert str(files_folder("samples", suite, "mini")) == f"samples/{suite.id}/v{suite.version}/mini"


def test_who_is_first_is_said_by_the_primary_metric_alone() -> None:
    winners = (
        Winner("map", "", "per-image", ("Net",), 2, 3, 1.0, 12),
        Winner("map", "", "pooled", ("Truth", "Net"), 0, 3, 0.5, 12),
        Winner("arand_x", "", "per-image", ("Truth",), 0, 3, 0.5, 12),
    )
    table = ScoreTable(make_table(primary="map", winners=winners))
    assert lead_lines(table) == [("best: Net", "", "2 of 3 neighbouring pairs are told apart")]
    assert lead_lines(ScoreTable(make_table())) == []


def test_the_address_of_a_figure_holds_all_of_it() -> None:
    svg = "<svg>±</svg>"
    kind, _, content = FigureView("title", svg, ("caption",), "curve.svg").source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).decode("utf-8") == svg
