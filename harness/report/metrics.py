"""A page a metric: what is declared of it, and a worked example drawn from an edge case."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.escaping import visible
from harness.metrics import Metric
from harness.metrics.cases import CASES
from harness.registry import MetricRegistry
from harness.report.writing import write_page
from harness.tables.metrics import declared, listed, siblings, value_text, worked_example

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = "metrics"
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2")
"""Of the objects of a picture, in the order of their labels."""
VOXEL_PX = 8
_GAP_VOXELS = 4


def write_metric_pages(environment: Environment, registry: MetricRegistry, output: Path) -> str:
    """Write a page per usable metric and one that lists them; return the name of the list, relative to `output`.

    A family of metrics, whose ids hold any number, has one page, with what is declared of its example. The pages are
    made of the declarations that score, so that they cannot say anything else. Raises `StoreError` if the folder
    cannot be written.
    """
    usable = {entry.id: (entry.item, entry.origin) for entry in listed(registry) if entry.item is not None}
    template = environment.get_template("metric.html")
    for name, (metric, origin) in usable.items():
        write_page(output / FOLDER / page_name(name), template.render(root="../", **_context(metric, origin)))
    lines = [
        {
            "name": line.name,
            "title": line.title(usable[line.ids[0]][0].title),
            "pages": [(name, page_name(name)) for name in line.ids],
        }
        for line in siblings(usable)
    ]
    write_page(output / FOLDER / "index.html", environment.get_template("metrics.html").render(root="../", lines=lines))
    return f"{FOLDER}/index.html"


def page_name(metric: str) -> str:
    """Return the file name of a metric's page: its id, with what a file name may not hold written out."""
    kept = (letter if letter.isalnum() or letter in ".-_" else f"%{ord(letter):x}" for letter in visible(metric))
    return f"{''.join(kept)}.html"


def _context(metric: Metric, origin: str) -> dict[str, Any]:
    facts = declared(metric, origin)
    case, value = worked_example(metric)
    cases = [(name, value_text(number)) for name, number in facts.pop("edge_cases")]
    low, high = facts.pop("range")
    shown = {**facts, "range": f"{value_text(low)} to {value_text(high)}"}
    rows = [(name, text) for name, text in shown.items() if text != "" and name not in ("metric", "title")]
    picture = case_svg(case) if case in CASES else ""
    answer = "undefined" if value != value else value_text(value)
    return {"metric": metric, "rows": rows, "cases": cases, "picture": picture, "case": case, "answer": answer}


def case_svg(case: str) -> str:
    """Return a toy pair of `harness.metrics.cases` as SVG: the truth at the left, the prediction at the right."""
    truth, pred = CASES[case]()
    labels = sorted(set(np.unique(truth).tolist()) | set(np.unique(pred).tolist()) - {0})
    colours = {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(label for label in labels if label)}
    height, width = truth.shape
    wide, high = (2 * width + _GAP_VOXELS) * VOXEL_PX, (height + 3) * VOXEL_PX
    size = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
    said = 'role="img" aria-label="a toy truth beside a toy prediction"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {said}>']
    for title, image, left in (("truth", truth, 0), ("prediction", pred, width + _GAP_VOXELS)):
        x = left * VOXEL_PX
        parts.append(f'<text x="{x}" y="{2 * VOXEL_PX}" font-size="14" fill="currentColor">{title}</text>')
        parts.append(
            f'<rect x="{x}" y="{3 * VOXEL_PX}" width="{width * VOXEL_PX}" height="{height * VOXEL_PX}" '
            'fill="none" stroke="currentColor"/>'
        )
        parts += _boxes(image, x, 3 * VOXEL_PX, colours)
    return "".join([*parts, "</svg>"])


def _boxes(image: np.ndarray, x: int, y: int, colours: dict[int, str]) -> Iterable[str]:
    """Yield a rectangle per run of one label in equal rows, and the label in its corner."""
    runs: dict[tuple[int, int, int], list[int]] = {}
    for row, values in enumerate(image):
        edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), values.size]
        for start, stop in pairwise(edges):
            if values[start]:
                runs.setdefault((int(values[start]), start, stop), []).append(row)
    for (label, start, stop), rows in runs.items():
        for first, last in _stretches(rows):
            left, top = x + start * VOXEL_PX, y + first * VOXEL_PX
            size = f'width="{(stop - start) * VOXEL_PX}" height="{(last + 1 - first) * VOXEL_PX}"'
            yield f'<rect x="{left}" y="{top}" {size} fill="{colours[label]}"/>'
            yield f'<text x="{left + 4}" y="{top + 13}" font-size="12" fill="#fff">{label}</text>'


def _stretches(rows: list[int]) -> Iterable[tuple[int, int]]:
    """Yield first and last of each stretch of rows that follow one another."""
    first = rows[0]
    for row, after in zip(rows, [*rows[1:], -1], strict=True):
        if after != row + 1:
            yield first, row
            first = after
