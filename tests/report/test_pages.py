"""What a page says of a record."""

from __future__ import annotations

import base64
import math

from harness.report.pages import FigureView, record_view
from harness.store import CellError
from tests.records import make_record, make_timing


def test_a_scored_record() -> None:
    record = make_record(metrics={"map": 0.5, "voi": math.nan}, fold="2", repeat=1)
    view = record_view(record, make_timing(first_s=0.25), 7)
    assert (view.anchor, view.line, view.where, view.status) == ("cell-7", 7, "blobs/a fold 2 repeat 1", "ok")
    assert [(metric.id, metric.value) for metric in view.metrics] == [("map", "0.5"), ("voi", "undefined")]
    assert view.seconds == "0.25"


def test_a_failure() -> None:
    record = make_record(status="exception", error=CellError("ValueError", "broke", "otsu"))
    view = record_view(record, None, 1)
    assert (view.error, view.seconds) == ("ValueError in stage otsu: broke", "")


def test_the_address_of_a_figure_holds_all_of_it() -> None:
    svg = "<svg>±</svg>"
    kind, _, content = FigureView("title", svg, ("caption",), "curve.svg").source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).decode("utf-8") == svg
