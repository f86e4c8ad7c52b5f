"""A table with everything in it: groups, failures, gaps, published values, hostile strings."""

from __future__ import annotations

import math
from typing import Any

from harness.statistics import summarise
from harness.suite import Published
from harness.suite.schema import FigureSpec, SecondsOf
from harness.tables import ClaimLine, Column, Cost, Duration, Failure, Score, Table, TableRow

COLUMNS = (Column("map", "higher", "percent"), Column("arand_x", "lower", "fraction"))
PUBLISHED = Published(mean=78.33, sd=1.73, unit="percent", conflict="another page prints 77")


def make_table(**changed: Any) -> Table:
    """Return a small table; keyword arguments replace its fields."""
    rows = (
        TableRow(
            "truth",
            "Truth & <b>",
            "controls",
            cells=2,
            ok=2,
            failed=0,
            missing=0,
            scores={"map": Score(summarise([1.0, 1.0])), "arand_x": Score(summarise([0.0, math.nan]))},
        ),
        TableRow(
            "net",
            "Net_1",
            "",
            cells=4,
            ok=2,
            failed=1,
            missing=1,
            scores={
                "map": Score(summarise([0.5, 0.7]), PUBLISHED, "not reproduced", "the means differ"),
                "arand_x": Score(summarise([])),
            },
            cost=Cost(1.5, 60.0, 0.873, 250_000_000),
            note="trains on every tier: 100 % here",
        ),
    )
    fields: dict[str, Any] = {
        "suite": "toy",
        "version": 1,
        "tier": "smoke",
        "title": "Toy | 100 %",
        "source": "table 0",
        "data_note": "phantoms",
        "columns": COLUMNS,
        "rows": rows,
        "failures": (Failure("net", "blobs/a fold 1", "exception", "unet: <script>|\n_x_"),),
        "stale": 1,
        "over": "samples",
        "aggregation": "per-image",
        "ddof": 1,
        "machine": "cpu-2c",
        "claims": (ClaimLine("c", "truth & net", "section 1", "holds", "truth 1, net 0.6", "blobs (2 samples)"),),
        "notes": ("a note",),
    }
    return Table(**{**fields, **changed})


AP_COLUMNS = ("ap95.gonuclear", "map", "ap50.gonuclear", "ap75.gonuclear", "ap50.elf", "ap75.elf")


def make_curve_table(**changed: Any) -> Table:
    """Return a table with one family of three thresholds: a whole row, a torn one, a lone value, and nothing."""
    rows = (
        _curve_row("gone", "Gone", "", {}, cells=2, missing=2),
        _curve_row("truth", "Truth", "controls", {50: (1.0, 1.0), 75: (1.0, 1.0), 95: (1.0, 1.0)}, cells=2),
        _curve_row("net", "Net & <b>", "nets", {50: (0.8, 0.6), 75: (0.5, 0.3), 95: (math.nan, 0.1)}, cells=2),
        _curve_row("one", "One", "nets", {50: (0.4,), 75: (0.2,), 95: (0.1,)}, cells=3, failed=1, missing=1),
    )
    columns = tuple(Column(metric, "higher", "percent", at_of(metric)) for metric in AP_COLUMNS)
    return make_table(**{"columns": columns, "rows": rows, "over": "folds", **changed})


def at_of(metric: str) -> tuple[str, float] | None:
    """Return where the metric of a registered convention stands in its series."""
    return None if not metric.startswith("ap") else (f"ap.{metric.partition('.')[2]}", int(metric[2:4]) / 100)


def _curve_row(row: str, label: str, group: str, values: dict[int, tuple[float, ...]], **counts: int) -> TableRow:
    by_metric = {f"ap{percent}.gonuclear": own for percent, own in values.items()}
    scores = {metric: Score(summarise(by_metric.get(metric, ()))) for metric in AP_COLUMNS}
    counts = {"failed": 0, "missing": 0, **counts}
    ok = counts["cells"] - counts["failed"] - counts["missing"]
    return TableRow(row, label, group, ok=ok, scores=scores, **counts)


def make_sweep_table(**changed: Any) -> Table:
    """Return rows by model, clustering and components, one of which met its deadline, and declared figures of them."""
    figures = (
        FigureSpec(
            id="4.13", title="Quality", x="n", lines="cluster", panels="model", y="map", error="se", rows={"f": ""}
        ),
        FigureSpec(id="4.15", x="n", lines="cluster", y=SecondsOf(seconds=True, since="net"), scale="log",
                   rows={"model": "full", "f": ""}),
    )  # fmt: skip
    rows = tuple(
        TableRow(
            id=f"{model}-{cluster}-{n}{f}",
            label=f"{model} {cluster} {n}",
            group="",
            cells=3,
            ok=1 if (cluster, n) == ("hd", 16) else 3,
            failed=2 if (cluster, n) == ("hd", 16) else 0,
            missing=0,
            scores={"map": Score(summarise([0.5 + n / 100, 0.4 + n / 100, 0.45 + n / 100]))},
            axes={"model": model, "cluster": cluster, "n": n, "f": f},
            durations={"net": Duration(summarise([n * 2.0, n * 3.0]), 2 if (cluster, n) == ("hd", 16) else 0, 60.0)},
        )
        for model in ("full", "sparse")
        for cluster in ("ms", "hd")
        for n in (16, 4)
        for f in ("", "solid")
    )
    fields = {"columns": COLUMNS[:1], "rows": rows, "figures": figures, "failures": ()}
    return make_table(**{**fields, **changed})
