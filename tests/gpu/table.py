"""`python -m tests.gpu.table`: README's tables of what a GPU changes, from the published report and records."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

from harness.store import Store

DEVICES = Path(__file__).resolve().parents[2] / "results" / "devices"
GPU, PROCESSOR = DEVICES / "h200", DEVICES / "xeon-16c"
CLUSTERED = (
    ("mean-shift-fast-448-pc16", "mean shift (fast), generated"),
    ("mean-shift-fast-448-pc16-noisier", "mean shift (fast), generated, noisier"),
    ("hdbscan-fast-448-pc16", "HDBSCAN (fast), generated"),
    ("hdbscan-fast-448-pc16-noisier", "HDBSCAN (fast), generated, noisier"),
)


def rows_table() -> str:
    """Return a line for each row of the reports that was run on both devices; an environment has one of its own."""
    reports = [json.loads(path.read_text()) for path in sorted(GPU.glob("report*.json"))]
    lines = [
        "| row | metric | CPU | GPU | training s, CPU | GPU | busy %, GPU | prediction s, CPU | GPU | GPU memory MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(row) for report in reports for row in report["rows"] if not row["problems"]]
    wrong = (row for report in reports for row in report["rows"] if row["problems"])
    said = [f"`{row['name']}` is left out: {'; '.join(_short(row, one) for one in row['problems'])}." for row in wrong]
    return "\n".join([*lines, *([""] if said else []), *said])


def clusterings_table() -> str:
    """Return the median seconds of clustering 448 x 448 voxels of 16 components on both devices."""
    lines = ["| clustering of 448 x 448 x 16 | s, CPU | s, GPU |", "|---|---|---|"]
    for row, label in CLUSTERED:
        lines.append(f"| {label} | {_seconds(PROCESSOR, row):.2f} | {_seconds(GPU, row):.2f} |")
    return "\n".join(lines)


def _short(row: dict[str, Any], problem: str) -> str:
    return problem.removeprefix(f"{row['name']}: ")


def _row(row: dict[str, Any]) -> str:
    busy = "-" if row["busy"][1] is None else f"{100 * row['busy'][1]:.0f}"
    cells = (
        row["name"],
        f"`{row['metric']}`",
        *(f"{score:.3f}" for score in row["scores"]),
        *("-" if seconds is None else f"{seconds:.1f}" for seconds in row["fit_s"]),
        busy,
        *(f"{seconds:.3f}" for seconds in row["run_s"]),
        "-" if row["device_peak_bytes"] is None else f"{row['device_peak_bytes'] / 1e6:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _seconds(results: Path, row: str) -> float:
    """Return the median of the steady calls of the last stage of a row of the mini tier of `clustering-size`."""
    timings = Store(results, "clustering-size", 1, "mini").timings()
    return median(seconds for one in timings if one.row == row for seconds in one.stages[-1].steady_s)


if __name__ == "__main__":
    sys.stdout.write(f"{rows_table()}\n\n{clusterings_table()}\n")
