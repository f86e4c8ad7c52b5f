"""What must be read with a figure of curves: what line and bar are, and which rows are not whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.tables.curves import Curve, CurveFigure, Point
from harness.tables.model import Table
from harness.tables.text import heading, state_text


@dataclass(frozen=True, slots=True)
class PrintedFigure:
    """A figure with what must be read beside it.

    title    what it shows in one line, tier and data with it
    heading  what stands above it: whose figure it is
    lines    what stands in the picture itself, which travels without its page
    caption  the lines below it on a page
    """

    figure: CurveFigure
    title: str
    heading: str
    lines: tuple[str, ...]
    caption: tuple[str, ...]


ERRORS = {"sd": "mean ± sd", "se": "mean ± standard error"}


def printed_figure(table: Table, figure: CurveFigure) -> PrintedFigure:
    """Return a figure of a table with what must be read beside it."""
    whose, state, data = heading(table.title, table.source), standing(table), f"data: {table.data_note}"
    return PrintedFigure(
        figure,
        title=f"{whose}: {figure.title}; {state}; {data}",
        heading=f"{whose}, {table.tier} tier",
        lines=(state, data, spread(table, figure)),
        caption=caption(table, figure),
    )


def standing(table: Table) -> str:
    """Return suite, tier and, below the paper tier, what keeps its numbers apart from those of the source."""
    text = f"suite {table.suite} v{table.version}, {table.tier} tier"
    return text if table.is_paper else f"{text}: no reproduction of {table.source or 'a published figure'}"


def spread(table: Table, figure: CurveFigure) -> str:
    """Return what line and error of a figure are and of how many values."""
    counts = {point.n for curve in figure.drawn for point in curve.points if point.has_mean}
    n = "" if not counts else f", n = {min(counts)}" + ("" if len(counts) == 1 else f" to {max(counts)}")
    has_error = any(point.has_spread and figure.error != "none" for curve in figure.drawn for point in curve.points)
    cut = ", cut at 0 and 1" if figure.is_share else ""
    shape = "band" if figure.is_of_thresholds else "bars"
    error = f"; {shape}: {ERRORS[figure.error]} (ddof = {table.ddof}){cut}" if has_error else ""
    return f"line: mean over {table.over}{n}{error}"


def caption(table: Table, figure: CurveFigure) -> tuple[str, ...]:
    """Return the lines below a figure; one without any curve is not drawn and has no caption."""
    drawn = figure.drawn
    alone = [curve for curve in drawn if any(point.n == 1 and point.has_mean for point in curve.points)]
    shape = "band" if figure.is_of_thresholds else "bars"
    return (
        f"{_sentence(figure)}; {spread(table, figure)}",
        f"{standing(table)}; data: {table.data_note}",
        *_named(f"no {shape} where n = 1", alone if figure.error != "none" else []),
        *_named("undefined scores are left out", [c for c in drawn if any(point.undefined for point in c.points)]),
        *_bounds(figure),
        *(line for curves in _coinciding(figure) for line in _named("one line on top of the other", curves)),
        *_named("incomplete, drawn over what exists", [c for c in drawn if not c.is_whole], _state),
        *_named("struck out, not drawn", [curve for curve in figure.curves if _struck(curve)], _struck),
        *_named("not drawn, no scores", [c for c in figure.curves if not c.is_drawn and not _struck(c)], _state),
    )


def _sentence(figure: CurveFigure) -> str:
    """Return what is drawn over what, as the suite declares it."""
    scale = ", logarithmic" if figure.scale == "log" else ""
    over = f"the {figure.over}" if figure.is_of_thresholds else figure.over
    sentence = f"{figure.what[0].upper()}{figure.what[1:]}{scale} over {over}"
    return (
        sentence
        if figure.is_automatic or figure.title in (sentence, f"{figure.what} over {figure.over}")
        else (f"{figure.title}: {figure.what}{scale} over {over}")
    )


def _bounds(figure: CurveFigure) -> list[str]:
    """Name the points that are bounds: cells that met their deadline would have taken longer."""
    found = [
        f"{place_of(figure, curve, point)} ({point.bounded} of {point.row.cells} cells)"
        for curve in figure.curves
        for point in curve.points
        if point.bounded
    ]
    deadlines = sorted({point.bound for curve in figure.curves for point in curve.points if point.bounded})
    named = " or ".join(f"{deadline:g} s" for deadline in deadlines)
    return (
        [f"open arrow: a bound, cells met the deadline of {named} and took longer: {'; '.join(found)}"] if found else []
    )


def place_of(figure: CurveFigure, curve: Curve, point: Point) -> str:
    """Return a point in words: its line and its x."""
    return ", ".join(part for part in (curve.label, f"{figure.over} = {point.x}") if part)


def _named(meaning: str, curves: Iterable[Curve], state: Callable[[Curve], str] = lambda curve: "") -> list[str]:
    """Return a line that names curves, none if there are none."""
    named = dict.fromkeys((curve.label or "the line", state(curve)) for curve in curves)
    names = "; ".join(f"{label} ({text})" if text else label for label, text in named)
    return [f"{meaning}: {names}"] if names else []


def _struck(curve: Curve) -> str:
    """Return the advisories by which values of a curve count no more, in words."""
    ids = dict.fromkeys(one for point in curve.points for one in point.struck)
    return ", ".join(f"advisory {one}" for one in ids)


def _state(curve: Curve) -> str:
    """Return failures and missing cells of the rows of a curve; rows are named where there are several."""
    rows = [(row, state_text(row)) for row in curve.rows]
    if len(rows) == 1:
        return rows[0][1]
    return "; ".join(f"{row.label}: {text}" for row, text in rows if text)


def _coinciding(figure: CurveFigure) -> list[list[Curve]]:
    """Return the curves of a panel that hide each other: equal means wherever there is one."""
    found = []
    for panel in figure.panels:
        places: dict[tuple[tuple[float, float], ...], list[Curve]] = {}
        for curve in panel.curves:
            line = tuple((point.at, point.mean) for point in curve.points if point.has_mean)
            if line:
                places.setdefault(line, []).append(curve)
        found += [curves for curves in places.values() if len(curves) > 1]
    return found
