"""A table as data at full precision: CSV (a line per row and metric; a line per point of a figure) and JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.escaping import csv_value
from harness.suite import Published
from harness.tables.curves import Curve, CurveFigure, Panel, Point
from harness.tables.model import Column, Score, Table, TableRow, Winner

PLACE_COLUMNS = (
    "suite",
    "version",
    "tier",
    "data",
    "group",
    "row",
    "label",
    "dataset",
    "cells",
    "ok",
    "failed",
    "missing",
)
CSV_COLUMNS = (
    *PLACE_COLUMNS,
    "metric",
    "unit",
    "direction",
    "over",
    "aggregation",
    "n",
    "undefined",
    "mean",
    "sd_ddof0",
    "sd_ddof1",
    "published_mean",
    "published_sd",
    "published_unit",
    "verdict",
    "seconds",
    "training_seconds",
    "training_busy",
    "peak_bytes",
    "machine",
    "note",
    "bound",
    "marks",
    "rank",
    "rank_low",
    "rank_high",
    "rank_group",
    "imputed",
    "struck",
)
INTERVAL_COLUMNS = ("interval_low", "interval_high", "interval_units")
"""Further columns where intervals were asked for."""
_POINT_COLUMNS = ("over", "n", "undefined", "mean", "sd", "ddof")
CURVE_COLUMNS = (*PLACE_COLUMNS, "convention", "metric", "threshold", *_POINT_COLUMNS)
FIGURE_COLUMNS = (*PLACE_COLUMNS, "figure", "panel", "line", "metric", "x", *_POINT_COLUMNS, "bounded", "bound")


def to_csv(table: Table) -> str:
    """Return a header and one line per row and metric; scores are in the metric's own unit, absent values empty."""
    columns = (*CSV_COLUMNS, *(INTERVAL_COLUMNS if table.has_intervals else ()))
    return _csv(columns, (_csv_line(table, row, column) for row in table.rows for column in table.columns))


def to_curve_csv(table: Table, figures: Iterable[CurveFigure]) -> str:
    """Return a header and one line per convention, row and threshold; rows without scores have lines without values."""
    points = ((figure, point) for figure in figures for curve in figure.curves for point in curve.points)
    return _csv(CURVE_COLUMNS, (_curve_line(table, *place) for place in points))


def to_figure_csv(table: Table, figure: CurveFigure) -> str:
    """Return a header and one line per point of a declared figure, also of those that have no value.

    `bounded` cells met the deadline: they took at least `bound` seconds, and the mean is left out.
    """
    points = ((panel, curve, point) for panel in figure.panels for curve in panel.curves for point in curve.points)
    return _csv(FIGURE_COLUMNS, (_figure_line(table, figure, *place) for place in points))


def to_json(table: Table) -> dict[str, Any]:
    """Return the table as a JSON-able value; NaN is null, published values keep their own unit."""
    return {
        "suite": table.suite,
        "version": table.version,
        "tier": table.tier,
        "title": table.title,
        "source": table.source,
        "data_note": table.data_note,
        "cells": table.cells,
        "ok": table.ok,
        "failed": table.failed,
        "missing": table.missing,
        "stale": table.stale,
        "failures": [asdict(failure) for failure in table.failures],
        "over": table.over,
        "aggregation": table.aggregation,
        "ddof": table.ddof,
        "machine": table.machine,
        "rows": [_row_json(table, row) for row in table.rows],
        "claims": [asdict(claim) for claim in table.claims],
        "primary": table.primary,
        "winners": [_winner_json(winner) for winner in table.winners],
        "notes": list(table.notes),
    }


def _winner_json(winner: Winner) -> dict[str, Any]:
    return {**asdict(winner), "is_best": len(winner.labels) == 1, "tau": _finite(winner.tau)}


def _csv(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: csv_value(value) for name, value in line.items()} for line in lines)
    return text.getvalue()


def _csv_line(table: Table, row: TableRow, column: Column) -> dict[str, Any]:
    score = row.scores[column.metric]
    published = score.published
    return {
        **_place(table, row),
        "metric": column.metric,
        "unit": _own_unit(column),
        "direction": column.direction,
        "over": table.over,
        "aggregation": table.aggregation,
        **dict(_numbers(score)),
        "published_mean": published.mean if published else None,
        "published_sd": published.sd if published else None,
        "published_unit": published.unit if published else None,
        "verdict": score.verdict,
        "seconds": row.cost.run_s,
        "training_seconds": row.cost.fit_s,
        "training_busy": row.cost.fit_busy,
        "peak_bytes": row.cost.peak_bytes,
        "machine": table.machine,
        "note": row.note,
        "bound": row.bound,
        "marks": "; ".join(row.marks),
        **_rank(score),
        "struck": "; ".join(score.struck),
        **(_interval(score) if table.has_intervals else {}),
    }


def _rank(score: Score) -> dict[str, int | None]:
    place = score.place
    keys = ("rank", "rank_low", "rank_high", "rank_group", "imputed")
    values = (None,) * 5 if place is None else (place.rank, place.low, place.high, place.group, place.imputed)
    return dict(zip(keys, values, strict=True))


def _interval(score: Score) -> dict[str, float | int | None]:
    """Return bounds of the mean and the units behind them; nothing where too few units leave it open."""
    found = score.interval
    bounds = (None, None, None) if found is None else (found.low, found.high, found.n)
    return dict(zip(INTERVAL_COLUMNS, bounds, strict=True))


def _curve_line(table: Table, figure: CurveFigure, point: Point) -> dict[str, Any]:
    place = {"convention": figure.title, "metric": point.y, "threshold": point.x}
    return {**_place(table, point.row), **place, **_point(table, point)}


def _figure_line(table: Table, figure: CurveFigure, panel: Panel, curve: Curve, point: Point) -> dict[str, Any]:
    return {
        **_place(table, point.row),
        "figure": figure.name.removeprefix("figure-"),
        "panel": panel.title,
        "line": curve.label,
        "metric": point.y,
        "x": point.x,
        **_point(table, point),
        "bounded": point.bounded,
        "bound": _finite(point.bound),
    }


def _point(table: Table, point: Point) -> dict[str, Any]:
    return {
        "over": table.over,
        "n": point.n,
        "undefined": point.undefined,
        "mean": _finite(point.mean),
        "sd": _finite(point.sd),
        "ddof": table.ddof,
    }


def _place(table: Table, row: TableRow) -> dict[str, Any]:
    return {
        "suite": table.suite,
        "version": table.version,
        "tier": table.tier,
        "data": table.data_note,
        "group": row.group,
        "row": row.id,
        "label": row.label,
        "dataset": row.dataset,
        "cells": row.cells,
        "ok": row.ok,
        "failed": row.failed,
        "missing": row.missing,
    }


def _row_json(table: Table, row: TableRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "dataset": row.dataset,
        "group": row.group,
        "cells": row.cells,
        "ok": row.ok,
        "failed": row.failed,
        "missing": row.missing,
        "note": row.note,
        "bound": row.bound,
        "marks": list(row.marks),
        "seconds": row.cost.run_s,
        "training_seconds": row.cost.fit_s,
        "training_busy": row.cost.fit_busy,
        "peak_bytes": row.cost.peak_bytes,
        "scores": {
            column.metric: {
                "unit": _own_unit(column),
                "direction": column.direction,
                **dict(_numbers(row.scores[column.metric])),
                **_rank(row.scores[column.metric]),
                "struck": list(row.scores[column.metric].struck),
                **(_interval(row.scores[column.metric]) if table.has_intervals else {}),
                "published": _published_json(row.scores[column.metric].published),
                "verdict": row.scores[column.metric].verdict or None,
                "reason": row.scores[column.metric].reason or None,
            }
            for column in table.columns
        },
    }


def _numbers(score: Score) -> Iterator[tuple[str, float | int | None]]:
    summary = score.summary
    yield "n", summary.n
    yield "undefined", summary.undefined
    yield "mean", _finite(summary.mean)
    yield "sd_ddof0", _finite(summary.sd_population)
    yield "sd_ddof1", _finite(summary.sd_sample)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _published_json(published: Published | None) -> dict[str, Any] | None:
    return None if published is None else published.model_dump()


def _own_unit(column: Column) -> str:
    return "fraction" if column.unit == "percent" else column.unit
