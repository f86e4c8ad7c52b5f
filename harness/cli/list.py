"""List what is registered: stages, suites, datasets, metrics or weights, with the reason of what cannot be used."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.cli.options import add_json, add_project
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "list stages, slots, suites, datasets, metrics or weights"
SHOWN = {
    "stages": ("id", "usable", "reads", "makes", "title", "reason", "install"),
    "slots": ("id", "holds", "on_grid", "scored", "meaning"),
    "suites": ("id", "usable", "version", "default_tier", "rows", "title", "source", "reason"),
    "datasets": ("id", "usable", "dimensions", "samples", "licence", "reason", "how"),
    "metrics": ("id", "usable", "direction", "unit", "needs", "title", "reason"),
    "weights": ("id", "availability", "licence", "title"),
}
"""Columns of the text form; columns that are empty throughout are left out. JSON has every field."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("kind", choices=tuple(SHOWN), help="what to list")
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print one line or object per entry."""
    listings: dict[str, Callable[[Project], Iterator[dict[str, Any]]]] = {
        "stages": _stages,
        "slots": _slots,
        "suites": _suites,
        "datasets": _datasets,
        "metrics": _metrics,
        "weights": _weights,
    }
    entries = list(listings[arguments.kind](project))
    if arguments.json:
        json_result(entries)
        return 0
    if arguments.kind == "metrics":
        entries = _in_lines(entries)
    if entries:
        shown = [name for name in SHOWN[arguments.kind] if any(_text(entry[name]) for entry in entries)]
        result(columns(shown, ([_text(entry[name]) for name in shown] for entry in entries)))
    else:
        log(f"no {arguments.kind}")
    return 0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def _stages(project: Project) -> Iterator[dict[str, Any]]:
    from dataclasses import asdict

    for entry in project.stages:
        stage: Any = entry.item
        broken = stage is None
        yield {
            "id": entry.id,
            "usable": not entry.reason,
            "reads": "" if broken else ", ".join(stage.inputs),
            "makes": "" if broken else ", ".join(stage.outputs),
            "title": "" if broken else stage.title,
            "reason": entry.reason,
            "install": entry.install,
            "origin": entry.origin,
            "uses_truth": "" if broken else stage.uses_truth,
            "version": 0 if broken else stage.version,
            "licence": "" if broken else stage.licence,
            "citation": "" if broken else stage.citation,
            "parameters": [] if broken else [asdict(parameter) for parameter in stage.parameters],
        }


def _slots(project: Project) -> Iterator[dict[str, Any]]:
    from harness.stages.slots import SLOTS

    for slot in SLOTS.values():
        yield {
            "id": slot.name,
            "holds": slot.holds.__name__,
            "on_grid": slot.on_grid,
            "scored": slot.scored,
            "meaning": slot.meaning,
        }


def _suites(project: Project) -> Iterator[dict[str, Any]]:
    from harness.errors import HarnessError

    for name in project.suite_paths:
        try:
            suite = project.suite(name)
        except HarnessError as error:
            yield _suite_entry(name, reason=str(error))
            continue
        yield _suite_entry(
            name,
            version=suite.version,
            default_tier=suite.default_tier,
            rows=len(suite.rows) + len(suite.data_rows),
            title=suite.title,
            source=suite.source,
            tiers=tuple(suite.tiers),
            metrics=suite.metrics,
        )


def _suite_entry(
    name: str,
    *,
    reason: str = "",
    version: int = 0,
    default_tier: str = "",
    rows: int = 0,
    title: str = "",
    source: str = "",
    tiers: Sequence[str] = (),
    metrics: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "id": name,
        "usable": not reason,
        "version": version,
        "default_tier": default_tier,
        "rows": rows,
        "source": source,
        "title": title,
        "reason": reason,
        "tiers": list(tiers),
        "metrics": list(metrics),
    }


def _datasets(project: Project) -> Iterator[dict[str, Any]]:
    catalogue = project.catalogue
    for origin, reason in catalogue.broken.items():
        log(f"harness: broken plug-in {origin}: {reason}")
    for name in catalogue.dataset_ids():
        dataset = catalogue.dataset(name)
        available = dataset.availability()
        yield {
            "id": name,
            "usable": available.ok,
            "dimensions": dataset.ndim,
            "samples": len(dataset.sample_ids()),
            "licence": dataset.declaration.licence,
            "reason": available.reason,
            "how": available.how,
            "channels": list(dataset.channels),
            "labels": list(dataset.label_names),
            "splits": {split: [fold.id for fold in folds] for split, folds in dataset.splits.items()},
        }


def _metrics(project: Project) -> Iterator[dict[str, Any]]:
    """Yield every metric; of a family one line, with what is said of its example."""
    from harness.tables.metrics import declared, listed, siblings

    entries = listed(project.metrics)
    line_of = {name: line.name for line in siblings(entry.id for entry in entries) for name in line.ids}
    for entry in entries:
        metric: Any = entry.item
        broken = metric is None
        facts = {} if broken else declared(metric, entry.origin)
        yield {
            "id": entry.id,
            "usable": not entry.reason,
            "direction": "" if broken else metric.direction,
            "unit": "" if broken else metric.unit,
            "title": "" if broken else metric.title,
            "reason": entry.reason,
            "origin": entry.origin,
            "definition": "" if broken else metric.definition,
            "source": "" if broken else metric.source,
            "edge_cases": facts.get("edge_cases", []),
            "siblings": line_of[entry.id],
            "needs": "" if broken else metric.needs,
            "aggregation": facts.get("aggregation", ""),
            "undefined": facts.get("undefined", ""),
            "sparse": "" if broken else metric.sparse,
        }


def _in_lines(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one entry for the metrics whose ids differ in numbers only; `harness list metrics --json` has each."""
    from harness.tables.metrics import siblings

    by_id = {entry["id"]: entry for entry in entries}
    grouped = []
    for line in siblings(by_id):
        first = by_id[line.ids[0]]
        grouped.append({**first, "id": line.name, "title": line.title(first["title"])})
    return grouped


def _weights(project: Project) -> Iterator[dict[str, Any]]:
    catalogue = project.catalogue
    for name in catalogue.weight_ids():
        declaration = catalogue.weights(name).declaration
        yield {
            "id": name,
            "availability": declaration.availability,
            "licence": declaration.licence,
            "title": declaration.title,
            "citation": declaration.citation,
            "landing": declaration.landing,
            "note": declaration.note,
        }
