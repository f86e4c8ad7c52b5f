"""Quality against cost: what each row gets and takes, and which rows no other beats in both."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.tables.model import Column, Cost, Table, TableRow
from harness.tables.ranks import PROMPTED
from harness.tables.text import REPORTED, column_title

COSTS: Mapping[str, tuple[str, Callable[[Cost], float | None]]] = {
    "seconds": ("seconds an image", lambda cost: cost.run_s),
    "training": ("seconds of training", lambda cost: cost.fit_s),
    "memory": (
        "peak memory in megabytes",
        lambda cost: None if cost.peak_bytes is None else cost.peak_bytes / 1e6,
    ),
}


def chart_points(table: Table) -> dict[str, Any] | None:
    """Return what the chart draws, as a JSON-able value: metrics, costs, and rows with both and their fronts.

    A row's `front` names "metric cost" for each pair in which no other row of those it is `among` is better and no
    dearer: rows of one data set, those that the truth prompts among themselves. Rows made from the ground truth are
    left out, and what an author reports is on no front: nobody here measured it. None where no row has a cost. The
    numbers are those that the table prints.
    """
    rows = [row for row in table.rows if not row.bound]
    costs = [name for name in COSTS if any(_cost(row, name) is not None for row in rows)]
    metrics = [column for column in table.columns if column.direction != "none"]
    metrics.sort(key=lambda column: column.metric != table.primary)
    if not costs or not metrics:
        return None
    fronts = {(column.metric, name): _front_of(rows, column, name) for column in metrics for name in costs}
    return {
        "metrics": [{"id": c.metric, "title": column_title(c), "direction": c.direction} for c in metrics],
        "costs": [{"id": name, "title": COSTS[name][0]} for name in costs],
        "rows": [
            {
                "id": row.id,
                "label": f"{row.label}{REPORTED}" if row.cost.is_reported else row.label,
                "reported": row.cost.is_reported,
                "among": _among(row),
                "values": {column.metric: _value(row, column) for column in metrics},
                "costs": {name: _cost(row, name) for name in costs},
                "front": [f"{metric} {name}" for (metric, name), members in fronts.items() if number in members],
            }
            for number, row in enumerate(rows)
        ],
    }


def front(quality: Sequence[float | None], cost: Sequence[float | None], higher_is_better: bool) -> frozenset[int]:
    """Return which entries no other beats: none is as good and cheaper, or better and as cheap. None is left out.

    >>> sorted(front([0.5, 0.9, 0.4], [1.0, 2.0, 3.0], True))
    [0, 1]
    """
    known = [
        ((-value if higher_is_better else value), price, number)
        for number, (value, price) in enumerate(zip(quality, cost, strict=True))
        if value is not None and price is not None
    ]
    best, found = math.inf, set()
    for price in sorted({price for _, price, _ in known}):
        of_price = [(value, number) for value, other, number in known if other == price]
        least = min(value for value, _ in of_price)
        if least < best:
            found |= {number for value, number in of_price if value == least}
            best = least
    return frozenset(found)


def _front_of(rows: Sequence[TableRow], column: Column, cost: str) -> frozenset[int]:
    """Return the places of the rows that no other of those they are among beats."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        groups[_among(row)].append(number)
    found: set[int] = set()
    for numbers in groups.values():
        own = [rows[number] for number in numbers]
        quality = [_value(row, column) for row in own]
        measured = [None if row.cost.is_reported else _cost(row, cost) for row in own]
        found |= {numbers[place] for place in front(quality, measured, column.direction == "higher")}
    return frozenset(found)


def _among(row: TableRow) -> str:
    """Return which rows a row may be held against: "" for all of a table of one data set."""
    return ", ".join(part for part in (row.dataset, PROMPTED if PROMPTED in row.marks else "") if part)


def _value(row: TableRow, column: Column) -> float | None:
    """Return the mean as it is printed; None for one that is undefined, and for one that an advisory strikes out."""
    if row.scores[column.metric].struck:
        return None
    mean = row.scores[column.metric].summary.mean
    return mean * column.scale if math.isfinite(mean) else None


def _cost(row: TableRow, name: str) -> float | None:
    value = COSTS[name][1](row.cost)
    return value if value is None or value > 0 else None
