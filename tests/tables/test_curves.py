"""Curves: what a family is, means and spreads by hand, what is not drawn."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.tables import Column, Table
from harness.tables.curves import CurveFigure, curve_figures
from tests.tables.tables import make_curve_table, make_sweep_table, make_table


def _family(table: Table) -> CurveFigure:
    (family,) = curve_figures(table)
    return family


def test_means_and_spreads_over_ascending_thresholds() -> None:
    curve = _family(make_curve_table()).curves[2]
    assert [(point.y, point.x) for point in curve.points] == [
        ("ap50.gonuclear", 0.5),
        ("ap75.gonuclear", 0.75),
        ("ap95.gonuclear", 0.95),
    ]
    assert [point.mean for point in curve.points] == pytest.approx([0.7, 0.4, 0.1])
    assert [point.sd for point in curve.points[:2]] == pytest.approx([0.02**0.5, 0.02**0.5])
    assert [(point.n, point.undefined) for point in curve.points] == [(2, 0), (2, 0), (1, 1)]
    assert [point.has_spread for point in curve.points] == [True, True, False]


def test_the_spread_has_the_ddof_of_the_table() -> None:
    family = _family(make_curve_table(ddof=0))
    assert [point.sd for point in family.curves[2].points] == pytest.approx([0.1, 0.1, 0.0])
    assert not any(point.has_spread for point in family.curves[3].points)


def test_rows_stand_in_the_groups_of_the_table() -> None:
    curves = _family(make_curve_table()).curves
    assert [(curve.heading, curve.rows[0].id) for curve in curves] == [
        ("", "gone"),
        ("controls", "truth"),
        ("nets", "net"),
        ("nets", "one"),
    ]


def test_a_row_without_scores_is_kept_and_not_drawn() -> None:
    family = _family(make_curve_table())
    assert [curve.rows[0].id for curve in family.drawn] == ["truth", "net", "one"]
    assert all(math.isnan(point.mean) and point.n == 0 for point in family.curves[0].points)


def test_two_thresholds_are_no_curve() -> None:
    assert [family.title for family in curve_figures(make_curve_table())] == ["gonuclear"]
    assert curve_figures(make_table()) == ()


def test_only_fractions_are_curves() -> None:
    table = make_curve_table()
    assert curve_figures(replace(table, columns=tuple(replace(c, unit="count") for c in table.columns))) == ()
    assert curve_figures(replace(table, columns=tuple(replace(c, unit="fraction") for c in table.columns)))


def test_every_convention_has_its_family() -> None:
    table = make_curve_table()
    rows = tuple(replace(row, scores={**row.scores, "ap95.elf": row.scores["ap95.gonuclear"]}) for row in table.rows)
    table = replace(
        table, rows=rows, columns=(*table.columns, Column("ap95.elf", "higher", "percent", ("ap.elf", 0.95)))
    )
    families = curve_figures(table)
    assert [family.title for family in families] == ["gonuclear", "elf"]
    assert [curve.rows[0].id for curve in families[1].drawn] == ["truth", "net", "one"]


def test_a_figure_over_an_axis_has_lines_and_panels() -> None:
    quality, _ = curve_figures(make_sweep_table())
    assert (quality.name, quality.title, quality.what, quality.over) == ("figure-4.13", "Quality", "map", "n")
    assert [panel.title for panel in quality.panels] == ["model = full", "model = sparse"]
    assert [curve.label for curve in quality.panels[0].curves] == ["ms", "hd"]
    curve = quality.panels[0].curves[0]
    assert [(point.row.id, point.x, point.at) for point in curve.points] == [
        ("full-ms-4", 4, 4.0),
        ("full-ms-16", 16, 16.0),
    ]
    assert curve.points[0].mean == pytest.approx(0.49)
    assert curve.points[0].error("se") == pytest.approx(0.05 / 3**0.5)
    assert math.isnan(curve.points[0].error("none"))


def test_seconds_since_a_stage_and_a_bound() -> None:
    _, seconds = curve_figures(make_sweep_table())
    assert (seconds.what, seconds.scale, seconds.is_share) == ("seconds since net", "log", False)
    (panel,) = seconds.panels
    assert [(p.mean, p.bounded) for p in panel.curves[0].points] == [(pytest.approx(10.0), 0), (pytest.approx(40.0), 0)]
    bound = panel.curves[1].points[1]
    assert (bound.x, bound.bounded, bound.bound, bound.has_mean) == (16, 2, 60.0, False)
    assert panel.curves[1].is_drawn


def test_a_name_among_the_values_makes_an_axis_of_names() -> None:
    table = make_sweep_table()
    named = tuple(replace(row, axes={**row.axes, "n": "all" if row.axes["n"] == 16 else 4}) for row in table.rows)
    figure = curve_figures(replace(table, rows=named))[0]
    assert figure.ticks == ((0.0, "all"), (1.0, "4"))


def test_each_data_set_has_lines_of_its_own_over_an_axis() -> None:
    table = make_sweep_table()
    of_two = [replace(row, dataset=name) for row in table.rows for name in ("large", "small")]
    alone, (figure, *_) = curve_figures(table)[0], curve_figures(replace(table, rows=tuple(of_two)))
    lines = [curve.label for curve in alone.panels[0].curves]
    assert [curve.label for curve in figure.panels[0].curves] == [
        f"{one}, {d}" for one in lines for d in ("large", "small")
    ]
    counts = [len(curve.points) for curve in alone.panels[0].curves for _ in range(2)]
    assert [len(curve.points) for curve in figure.panels[0].curves] == counts
