"""Show one stage, metric or dataset in full: what it is, what it reads and makes, and what each parameter means."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli.options import add_json, add_project
from harness.cli.output import columns, json_result, result

if TYPE_CHECKING:
    from harness.parameters import Parameter
    from harness.project import Project

HELP = "show one stage, metric or dataset with what its parameters mean"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("kind", choices=("stage", "metric", "dataset"), help="what it is")
    parser.add_argument("name", metavar="ID", help="its id, as `harness list` prints it")
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print what is declared of it; raises with the nearest name for an unknown one."""
    shown = {"stage": _stage, "metric": _metric, "dataset": _dataset}[arguments.kind](project, arguments.name)
    if arguments.json:
        json_result(shown)
        return 0
    parameters = shown.pop("parameters", None)
    edge_cases = shown.pop("edge_cases", None)
    result(
        columns(("", ""), [(key, _text(value)) for key, value in shown.items() if value not in ("", [], {})]).strip()
    )
    if parameters is not None:
        result("")
        result(columns(("parameter", "default", "accepted", "used", "meaning"), map(_parameter_line, parameters)))
    if edge_cases is not None:
        from harness.tables.metrics import value_text

        result("")
        result(columns(("edge case", "value"), ((case, value_text(value)) for case, value in edge_cases)))
    return 0


def _stage(project: Project, name: str) -> dict[str, Any]:
    entry = project.stages.entry(name)
    stage = project.stages.get(name)
    return {
        "stage": entry.id,
        "title": stage.title,
        "version": stage.version,
        "reads": list(stage.inputs),
        "makes": list(stage.outputs),
        "usable": "yes" if not entry.reason else f"no: {entry.reason}",
        "install": entry.install,
        "origin": entry.origin,
        "licence": stage.licence,
        "citation": stage.citation,
        "parameters": [{**asdict(one), "accepted": _accepted(one)} for one in stage.parameters],
    }


def _metric(project: Project, name: str) -> dict[str, Any]:
    from harness.tables.metrics import declared

    entry = project.metrics.entry(name)
    code = entry.code()
    return {**declared(project.metrics.get(name), entry.origin), "code": code.code if code.is_plugin else ""}


def _dataset(project: Project, name: str) -> dict[str, Any]:
    dataset = project.catalogue.dataset(name)
    declaration = dataset.declaration
    return {
        "dataset": dataset.id,
        "title": declaration.title,
        "kind": declaration.kind,
        "availability": declaration.availability,
        "usable": "yes" if (found := dataset.availability()).ok else f"no: {found}",
        "channels": list(dataset.channels),
        "labels": list(dataset.label_names),
        "ignored": declaration.ignore
        if isinstance(declaration.ignore, int)
        else getattr(declaration.ignore, "image", ""),
        "truth": "sparse: only some of the objects" if declaration.sparse else "dense",
        "samples": len(dataset.samples),
        "splits": {split: [fold.id for fold in folds] for split, folds in dataset.splits.items()},
        "licence": declaration.licence,
        "citation": declaration.citation,
        "note": declaration.note,
    }


def _parameter_line(parameter: dict[str, Any]) -> tuple[str, ...]:
    unit = f" [{parameter['unit']}]" if parameter["unit"] else ""
    used = {"fit": "training", "run": "prediction"}.get(parameter["when"], "both")
    return (parameter["name"], _text(parameter["default"]), parameter["accepted"], used, f"{parameter['help']}{unit}")


def _accepted(parameter: Parameter) -> str:
    """Return kind, choices and range of a parameter in words."""
    if parameter.choices:
        return " | ".join(parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    bounds = [*([f"from {low:g}"] if low is not None else []), *([f"to {high:g}"] if high is not None else [])]
    return " ".join([parameter.kind, *bounds])


def _text(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "[]"
    return " ".join(str(value).split()) if value != "" else '""'
