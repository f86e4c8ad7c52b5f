"""Scores of a row as the evaluation results that model hubs read: YAML files of a model's repository."""

from __future__ import annotations

import json
import math
from typing import Any

from harness.tables.model import Table, TableRow


def eval_results(table: Table, row: TableRow, *, dataset: str, date: str, url: str = "") -> str:
    """Return the YAML of `.eval_results/<name>.yaml`: an entry per metric, in the metric's own unit.

    `dataset` is the id of the benchmark on the hub, of which "<tier>/<metric>" is a task; `date` is ISO 8601; `url`
    leads to the results. Metrics without a value, or with one that an advisory strikes out, are left out. The text is
    empty for a row that has none.
    """
    lines: list[str] = []
    for column in table.columns:
        mean = row.scores[column.metric].summary.mean
        if math.isnan(mean) or column.direction == "none" or row.scores[column.metric].struck:
            continue
        notes = [
            f"mean over {table.over}, {row.ok} of {row.cells} cells",
            *row.marks,
            *([row.note] if row.note else []),
        ]
        lines += [
            "- dataset:",
            f"    id: {_scalar(dataset)}",
            f"    task_id: {_scalar(f'{table.tier}/{column.metric}')}",
            f"  value: {_scalar(mean)}",
            f"  date: {_scalar(date)}",
        ]
        if url:
            lines += [
                "  source:",
                f"    url: {_scalar(url)}",
                f"    name: {_scalar(f'{table.suite} v{table.version}')}",
            ]
        lines.append(f"  notes: {_scalar('; '.join(notes))}")
    return "\n".join(lines) + "\n" if lines else ""


def _scalar(value: Any) -> str:
    """Return a value as JSON writes it, which is YAML as well."""
    return json.dumps(value, ensure_ascii=True)
