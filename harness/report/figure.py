"""Draws figures as SVG: colour, dash and marker each tell lines apart, so it also reads in grey."""

from __future__ import annotations

import io
import math
import textwrap
from collections import Counter
from dataclasses import dataclass
from itertools import cycle, groupby, repeat
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError
from harness.tables import Curve, CurveFigure, PrintedFigure
from harness.tables.curves import Panel, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#553300", "#000099", "#555555")
"""Okabe and Ito's (2008) without the yellow, which white swallows, and the dark ones that lie farthest from them for
every kind of colour vision."""

DASHES: tuple[Any, ...] = (
    "solid",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (10, 2)),
    (0, (4, 1, 1, 1, 1, 1)),
    (0, (2, 2)),
)
"""By place in the group. As many as have no common divisor with the colours, so that pairs repeat late."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
"""By group."""

SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "harness",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}
"""Ids from the content alone, glyphs as outlines (the same everywhere), and no text read as mathematics."""

MOST_TICKS = 12
_TITLE_WIDTH, _LABEL_WIDTH = 110, 34
_HEADING = ""
_SMALL = 8.5


@dataclass(frozen=True, slots=True)
class _Look:
    colour: str
    dash: Any
    marker: str


def figure_svg(printed: PrintedFigure) -> str:
    """Return a figure that has something to draw as SVG: the same text for the same table.

    A user's own matplotlib settings are left aside. Raises `BackendError` without matplotlib.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendError(
            "the figures of the report need matplotlib, which is not installed; pip install '.[report]'"
        ) from error
    buffer = io.StringIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        canvas = Figure(layout="constrained")
        _draw(canvas, printed)
        canvas.savefig(buffer, format="svg", metadata={"Date": None, "Title": _flat(printed.title)})
    return buffer.getvalue()


def _draw(canvas: Figure, printed: PrintedFigure) -> None:
    figure = printed.figure
    panels = canvas.subplots(1, len(figure.panels), sharey=True, squeeze=False)[0]
    looks = _looks(figure)
    entries: dict[tuple[str, str], tuple[Line2D, str]] = {}
    for axes, panel in zip(panels, figure.panels, strict=True):
        _panel(axes, figure, panel, looks, entries)
    _titles(panels[0], printed)
    shown = [entry for entry in entries.values() if entry[1]]
    if shown:
        legend = panels[-1].legend(
            *zip(*shown, strict=True),
            loc="upper left",
            bbox_to_anchor=(1.01, 1.02),
            frameon=False,
            handlelength=3.4,
            fontsize=_SMALL,
        )
        headings = [key for key, entry in entries.items() if entry[1]]
        for (_, label), text in zip(headings, legend.get_texts(), strict=True):
            if label == _HEADING:
                text.set_fontweight("bold")
    lines = sum(1 + label.count("\n") for _, label in shown)
    canvas.set_size_inches(5.6 + 3.2 * len(figure.panels), max(4.8, 1.4 + 0.21 * lines))


def _panel(
    axes: Axes,
    figure: CurveFigure,
    panel: Panel,
    looks: dict[tuple[str, str], _Look],
    entries: dict[tuple[str, str], tuple[Line2D, str]],
) -> None:
    """Draw one panel; lines of one name look alike in every panel and stand in the legend once."""
    nothing = axes.plot([], [], linestyle="none")[0]
    for key, curve in zip(_keys(panel), panel.curves, strict=True):
        if curve.heading:
            entries.setdefault((curve.heading, _HEADING), (nothing, _wrapped(curve.heading, _LABEL_WIDTH)))
        line = _plot(axes, figure, curve, looks[key]) if curve.is_drawn else nothing
        entries.setdefault(key, (line, _label(curve)))
    _axes(axes, figure)
    if panel.title:
        axes.text(0.02, 0.98, _flat(panel.title), transform=axes.transAxes, va="top", weight="bold", size=_SMALL)


def _keys(panel: Panel) -> list[tuple[str, str]]:
    """Return what each line of a panel is told by in all of them: its name, and which one of that name it is.

    Over thresholds every row is a line, whatever its label.
    """
    seen: Counter[tuple[str, str]] = Counter()
    keys = []
    for curve in panel.curves:
        named = (curve.heading, curve.label)
        keys.append((curve.heading, f"line {seen[named]} {curve.label}"))
        seen[named] += 1
    return keys


def _titles(axes: Axes, printed: PrintedFigure) -> None:
    """Write tier and data into the picture itself: it travels without its page."""
    below = "\n".join(_wrapped(line, _TITLE_WIDTH) for line in printed.lines)
    axes.set_title(below, loc="left", size=_SMALL, color="#333333")
    axes.annotate(
        _wrapped(printed.heading, _TITLE_WIDTH - 20),
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 12 + 1.25 * _SMALL * (1 + below.count("\n"))),
        textcoords="offset points",
        size=11,
        weight="bold",
    )


def _looks(figure: CurveFigure) -> dict[tuple[str, str], _Look]:
    """Give every line of the table its look, drawn or not: a row that fails does not recolour the others."""
    keys = dict.fromkeys(key for panel in figure.panels for key in _keys(panel))
    colours = cycle(COLOURS)
    found = {}
    for (_, members), marker in zip(groupby(keys, key=lambda key: key[0]), cycle(MARKERS), strict=False):
        own_markers = repeat(marker) if figure.is_of_thresholds else cycle(MARKERS)
        for key, dash, colour, own in zip(members, cycle(DASHES), colours, own_markers, strict=False):
            found[key] = _Look(colour, dash, own)
    return found


def _plot(axes: Axes, figure: CurveFigure, curve: Curve, look: _Look) -> Line2D:
    places = [point.at for point in curve.points]
    ends = [_ends(figure, point) for point in curve.points]
    if figure.is_of_thresholds:
        lows, highs = [low for low, _ in ends], [high for _, high in ends]
        axes.fill_between(places, lows, highs, color=look.colour, alpha=0.14, linewidth=0)
    else:
        axes.vlines(
            [point.at for point, (low, _) in zip(curve.points, ends, strict=True) if math.isfinite(low)],
            [low for low, _ in ends if math.isfinite(low)],
            [high for _, high in ends if math.isfinite(high)],
            color=look.colour,
            linewidth=1.0,
        )
    for point in curve.points:
        if point.bounded:
            _arrow(axes, point, look)
    means = [point.mean if point.has_mean else math.nan for point in curve.points]
    (line,) = axes.plot(
        places,
        means,
        color=look.colour,
        linestyle=look.dash,
        marker=look.marker,
        linewidth=1.5,
        markersize=5,
        markeredgecolor="white",
        markeredgewidth=0.6,
    )
    return line


def _arrow(axes: Axes, point: Point, look: _Look) -> None:
    """Draw an open arrow that ends at the deadline: the value lies somewhere above."""
    stem = {"arrowstyle": "-", "color": look.colour, "linewidth": 1.2}
    place = (point.at, point.bound)
    axes.annotate("", xy=place, xytext=(0, -16), textcoords="offset points", arrowprops=stem)
    axes.plot(*place, marker="^", markersize=9, markerfacecolor="white", markeredgecolor=look.colour)


def _ends(figure: CurveFigure, point: Point) -> tuple[float, float]:
    """Return the ends of an error bar within what y can be; NaN, which is not drawn, without one."""
    half = point.error(figure.error)
    low, high = point.mean - half, point.mean + half
    if math.isnan(half):
        return math.nan, math.nan
    if figure.scale == "log" and low <= 0:
        low = point.mean
    return (max(0.0, low), min(1.0, high)) if figure.is_share else (low, high)


def _axes(axes: Axes, figure: CurveFigure) -> None:
    places = [place for place, _ in figure.ticks]
    margin = ((places[-1] - places[0]) / 30 or 0.5) if places else 0.5
    if places:
        axes.set_xlim(places[0] - margin, places[-1] + margin)
    if len(places) <= MOST_TICKS:
        axes.set_xticks(places, [_flat(text) for _, text in figure.ticks])
    if figure.scale == "log":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}")
    elif figure.is_share:
        axes.set_ylim(-0.02, 1.02)
        axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set_xlabel(_flat(figure.over))
    axes.set_ylabel(_flat(figure.what))
    axes.label_outer()
    axes.grid(color="#dddddd", linewidth=0.6)


def _label(curve: Curve) -> str:
    """Return the label of a line and, below it, what is not whole about it."""
    ok, cells = (sum(counts) for counts in zip(*((row.ok, row.cells) for row in curve.rows), strict=True))
    state = "" if ok == cells else f"\n({ok} of {cells} cells)"
    return _wrapped(curve.label, _LABEL_WIDTH) + (state if curve.is_drawn else "\n(no scores)")


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(_flat(text), width, max_lines=6, placeholder=" …"))


def _flat(text: str) -> str:
    """Return text on one line without characters that XML forbids."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
