"""Curves: what a family is, means and spreads by hand, what is not drawn."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.tables import Column, Table
from harness.tables.curves import CurveFamily, curve_families
from tests.tables.tables import make_curve_table, make_table


def _family(table: Table) -> CurveFamily:
    (family,) = curve_families(table)
    return family


def test_means_and_spreads_over_ascending_thresholds() -> None:
    curve = _family(make_curve_table()).curves[2]
    assert [(point.metric, point.threshold) for point in curve.points] == [
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
    assert [(curve.heading, curve.row.id) for curve in curves] == [
        ("", "gone"),
        ("controls", "truth"),
        ("nets", "net"),
        ("nets", "one"),
    ]


def test_a_row_without_scores_is_kept_and_not_drawn() -> None:
    family = _family(make_curve_table())
    assert [curve.row.id for curve in family.drawn] == ["truth", "net", "one"]
    assert all(math.isnan(point.mean) and point.n == 0 for point in family.curves[0].points)


def test_two_thresholds_are_no_curve() -> None:
    assert [family.convention for family in curve_families(make_curve_table())] == ["gonuclear"]
    assert curve_families(make_table()) == ()


@pytest.mark.parametrize("metric", ["ap05.x", "ap0.x", "ap101.x", "map.x", "ap50", "ap50.../x", "ap50.a b", "xap50.x"])
def test_other_ids_are_no_thresholds(metric: str) -> None:
    table = make_curve_table()
    rows = tuple(replace(row, scores={**row.scores, metric: row.scores["ap50.gonuclear"]}) for row in table.rows)
    columns = tuple(
        Column(metric if column.metric == "ap50.gonuclear" else column.metric, "higher", "percent")
        for column in table.columns
    )
    assert curve_families(replace(table, rows=rows, columns=columns)) == ()


def test_only_fractions_are_curves() -> None:
    table = make_curve_table()
    assert curve_families(replace(table, columns=tuple(replace(c, unit="count") for c in table.columns))) == ()
    assert curve_families(replace(table, columns=tuple(replace(c, unit="fraction") for c in table.columns)))


def test_every_convention_has_its_family() -> None:
    table = make_curve_table()
    rows = tuple(replace(row, scores={**row.scores, "ap95.elf": row.scores["ap95.gonuclear"]}) for row in table.rows)
    table = replace(table, rows=rows, columns=(*table.columns, Column("ap95.elf", "higher", "percent")))
    families = curve_families(table)
    assert [family.convention for family in families] == ["gonuclear", "elf"]
    assert [curve.row.id for curve in families[1].drawn] == ["truth", "net", "one"]
