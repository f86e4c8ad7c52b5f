"""Draws the curves of a family as SVG: colour, dash and marker each tell rows apart, so it also reads in grey."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, groupby
from typing import TYPE_CHECKING, Any

from harness.errors import BackendError
from harness.tables import Curve, CurveFamily, Table
from harness.tables.caption import spread, standing
from harness.tables.curves import Point
from harness.tables.text import cell_count, heading

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
_SMALL = 8.5


@dataclass(frozen=True, slots=True)
class _Look:
    colour: str
    dash: Any
    marker: str


def curve_svg(table: Table, family: CurveFamily) -> str:
    """Return the figure of a family that has something to draw: the same text for the same table.

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
        figure = Figure(layout="constrained")
        _draw(figure, table, family)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": _flat(figure_title(table, family))})
    return buffer.getvalue()


def figure_title(table: Table, family: CurveFamily) -> str:
    """Return what a figure shows in one line, tier and data with it."""
    return f"{heading(table.title, table.source)}: {family.convention}; {standing(table)}; data: {table.data_note}"


def _draw(figure: Figure, table: Table, family: CurveFamily) -> None:
    axes = figure.subplots()
    nothing = axes.plot([], [], linestyle="none")[0]
    entries: list[tuple[Line2D, str]] = []
    headings: dict[str, int] = {}
    for curve, look in zip(family.curves, _looks(family), strict=True):
        if curve.heading and curve.heading not in headings:
            headings[curve.heading] = len(entries)
            entries.append((nothing, _wrapped(curve.heading, _LABEL_WIDTH)))
        entries.append((_plot(axes, curve, look) if curve.is_drawn else nothing, _label(curve)))
    _axes(axes, family)
    _titles(axes, table, family)
    legend = axes.legend(
        *zip(*entries, strict=True),
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        frameon=False,
        handlelength=3.4,
        fontsize=_SMALL,
    )
    for index in headings.values():
        legend.get_texts()[index].set_fontweight("bold")
    figure.set_size_inches(8.8, max(4.8, 1.4 + 0.21 * sum(1 + label.count("\n") for _, label in entries)))


def _titles(axes: Axes, table: Table, family: CurveFamily) -> None:
    """Write tier and data into the picture itself: it travels without its page."""
    lines = (standing(table), f"data: {table.data_note}", spread(table, family))
    below = "\n".join(_wrapped(line, _TITLE_WIDTH) for line in lines)
    axes.set_title(below, loc="left", size=_SMALL, color="#333333")
    axes.annotate(
        _wrapped(f"{heading(table.title, table.source)}, {table.tier} tier", _TITLE_WIDTH - 20),
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 12 + 1.25 * _SMALL * (1 + below.count("\n"))),
        textcoords="offset points",
        size=11,
        weight="bold",
    )


def _looks(family: CurveFamily) -> Iterator[_Look]:
    """Give every row of the table its look, drawn or not: a row that fails does not recolour the others."""
    colours = cycle(COLOURS)
    groups = groupby(family.curves, key=lambda curve: curve.heading)
    for (_, members), marker in zip(groups, cycle(MARKERS), strict=False):
        for _, dash, colour in zip(members, cycle(DASHES), colours, strict=False):
            yield _Look(colour, dash, marker)


def _plot(axes: Axes, curve: Curve, look: _Look) -> Line2D:
    thresholds = [point.threshold for point in curve.points]
    bands = [_band(point) for point in curve.points]
    axes.fill_between(
        thresholds, [low for low, _ in bands], [high for _, high in bands], color=look.colour, alpha=0.14, linewidth=0
    )
    means = [point.mean if point.has_mean else math.nan for point in curve.points]
    (line,) = axes.plot(
        thresholds,
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


def _band(point: Point) -> tuple[float, float]:
    """Return mean - sd and mean + sd within what the score can be; NaN, which is not drawn, without a spread."""
    if not point.has_spread:
        return math.nan, math.nan
    return max(0.0, point.mean - point.sd), min(1.0, point.mean + point.sd)


def _axes(axes: Axes, family: CurveFamily) -> None:
    thresholds = [point.threshold for point in family.curves[0].points]
    margin = (thresholds[-1] - thresholds[0]) / 30
    axes.set_xlim(thresholds[0] - margin, thresholds[-1] + margin)
    axes.set_ylim(-0.02, 1.02)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    if len(thresholds) <= MOST_TICKS:
        axes.set_xticks(thresholds, [f"{threshold:.2f}" for threshold in thresholds])
    axes.set_xlabel("IoU threshold")
    axes.set_ylabel(f"average precision ({_flat(family.convention)})")
    axes.grid(color="#dddddd", linewidth=0.6)


def _label(curve: Curve) -> str:
    """Return the label of a row and, below it, what is not whole about it."""
    state = "" if curve.row.ok == curve.row.cells else f"\n({cell_count(curve.row)} cells)"
    return _wrapped(curve.row.label, _LABEL_WIDTH) + (state if curve.is_drawn else "\n(no scores)")


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(_flat(text), width, max_lines=6, placeholder=" …"))


def _flat(text: str) -> str:
    """Return text on one line without characters that XML forbids."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
