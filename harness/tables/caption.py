"""What must be read with a figure of curves: what line and band are, and which rows are not whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.tables.curves import Curve, CurveFamily
from harness.tables.model import Table, TableRow
from harness.tables.text import state_text


def standing(table: Table) -> str:
    """Return suite, tier and, below the paper tier, what keeps its numbers apart from those of the source."""
    text = f"suite {table.suite} v{table.version}, {table.tier} tier"
    return text if table.is_paper else f"{text}: no reproduction of {table.source or 'a published figure'}"


def spread(table: Table, family: CurveFamily) -> str:
    """Return what line and band of a family are and of how many values."""
    counts = {point.n for curve in family.drawn for point in curve.points if point.has_mean}
    n = f"n = {min(counts)}" if len(counts) == 1 else f"n = {min(counts)} to {max(counts)}"
    has_band = any(point.has_spread for curve in family.drawn for point in curve.points)
    band = f"; band: mean ± sd (ddof = {table.ddof}), cut at 0 and 1" if has_band else ""
    return f"line: mean over {table.over}, {n}{band}"


def caption(table: Table, family: CurveFamily) -> tuple[str, ...]:
    """Return the lines below a figure; a family without any curve has no figure and no caption."""
    drawn = family.drawn
    return (
        f"Average precision ({family.convention}) over the IoU threshold; {spread(table, family)}",
        f"{standing(table)}; data: {table.data_note}",
        *_named("no band where n = 1", [curve for curve in drawn if any(point.n == 1 for point in curve.points)]),
        *_named("undefined scores are left out", [c for c in drawn if any(point.undefined for point in c.points)]),
        *(line for curves in _coinciding(drawn) for line in _named("one line on top of the other", curves)),
        *_named("incomplete, drawn over what exists", [c for c in drawn if c.row.ok < c.row.cells], state_text),
        *_named("not drawn, no scores", [curve for curve in family.curves if not curve.is_drawn], state_text),
    )


def _named(meaning: str, curves: Iterable[Curve], state: Callable[[TableRow], str] = lambda row: "") -> list[str]:
    """Return a line that names rows, none if there are none."""
    rows = ((curve.row.label, state(curve.row)) for curve in curves)
    names = "; ".join(f"{label} ({text})" if text else label for label, text in rows)
    return [f"{meaning}: {names}"] if names else []


def _coinciding(drawn: Iterable[Curve]) -> list[list[Curve]]:
    """Return the curves that hide each other: equal means at every threshold that has one."""
    places: dict[tuple[tuple[float, float], ...], list[Curve]] = {}
    for curve in drawn:
        line = tuple((point.threshold, point.mean) for point in curve.points if point.has_mean)
        places.setdefault(line, []).append(curve)
    return [curves for curves in places.values() if len(curves) > 1]
