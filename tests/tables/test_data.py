"""CSV and JSON at full precision with both spreads."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from harness.tables.curves import curve_figures
from harness.tables.data import CSV_COLUMNS, CURVE_COLUMNS, FIGURE_COLUMNS, to_csv, to_curve_csv, to_figure_csv, to_json
from tests.tables.tables import make_curve_table, make_sweep_table, make_table


def test_csv_has_a_line_per_row_and_metric() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(make_table()))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(row["row"], row["metric"]) for row in rows] == [
        ("truth", "map"),
        ("truth", "arand_x"),
        ("net", "map"),
        ("net", "arand_x"),
    ]
    net = rows[2]
    assert (net["suite"], net["version"], net["tier"], net["failed"], net["missing"]) == ("toy", "1", "smoke", "1", "1")
    assert (net["unit"], float(net["mean"])) == ("fraction", pytest.approx(0.6))
    assert float(net["sd_ddof0"]) == pytest.approx(0.1)
    assert float(net["sd_ddof1"]) == pytest.approx(0.02**0.5)
    assert (net["published_mean"], net["published_unit"]) == ("78.33", "percent")
    assert rows[3]["mean"] == ""
    assert rows[1]["undefined"] == "1"


def test_json_is_strict_and_complete() -> None:
    value = to_json(make_table())
    json.dumps(value, allow_nan=False)
    assert (value["cells"], value["failed"], value["missing"], value["stale"], value["ddof"]) == (6, 1, 1, 1, 1)
    score = value["rows"][1]["scores"]["map"]
    assert score["published"]["conflict"] == "another page prints 77"
    assert value["rows"][1]["scores"]["arand_x"]["mean"] is None
    assert value["claims"][0]["outcome"] == "holds"


def test_curves_have_a_line_per_row_and_threshold_also_where_there_is_nothing() -> None:
    table = make_curve_table()
    lines = list(csv.DictReader(io.StringIO(to_curve_csv(table, curve_figures(table)))))
    assert tuple(lines[0]) == CURVE_COLUMNS
    assert [(line["row"], line["threshold"]) for line in lines] == [
        (row, threshold) for row in ("gone", "truth", "net", "one") for threshold in ("0.5", "0.75", "0.95")
    ]
    assert (lines[0]["n"], lines[0]["mean"], lines[0]["sd"], lines[0]["missing"]) == ("0", "", "", "2")
    first, _, last = lines[6:9]
    assert (first["convention"], first["metric"], first["over"]) == ("gonuclear", "ap50.gonuclear", "folds")
    assert (float(first["mean"]), float(first["sd"])) == (pytest.approx(0.7), pytest.approx(0.02**0.5))
    assert (first["n"], first["ddof"], first["tier"]) == ("2", "1", "smoke")
    assert (last["n"], last["undefined"], last["sd"]) == ("1", "1", "")


def test_no_cell_of_csv_begins_a_formula() -> None:
    table = make_table(data_note="=HYPERLINK(A1)")
    hostile = replace(table, rows=tuple(replace(row, label="@x", group="-1+2", note="+y") for row in table.rows))
    for line in csv.DictReader(io.StringIO(to_csv(hostile))):
        assert (line["data"], line["label"], line["group"]) == ("'=HYPERLINK(A1)", "'@x", "'-1+2")
        assert line["note"] == "'+y"


def test_a_declared_figure_has_a_line_per_point_and_its_bounds() -> None:
    table = make_sweep_table()
    lines = list(csv.DictReader(io.StringIO(to_figure_csv(table, curve_figures(table)[1]))))
    assert tuple(lines[0]) == FIGURE_COLUMNS
    assert [
        (line["figure"], line["line"], line["x"], line["mean"], line["bounded"], line["bound"]) for line in lines
    ] == [
        ("4.15", "ms", "4", "10.0", "0", ""),
        ("4.15", "ms", "16", "40.0", "0", ""),
        ("4.15", "hd", "4", "10.0", "0", ""),
        ("4.15", "hd", "16", "", "2", "60.0"),
    ]
