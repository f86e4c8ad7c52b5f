"""Check a bundle and compute every score anew from its labels; nothing in it is executed, imported or unpickled."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_project
from harness.cli.output import columns, json_result, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "check a bundle of label images and compute its scores anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="what `harness submit` wrote")
    add_json(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the scores; 0 if every file and hash is right and all scores are those of the labels, else 2."""
    from harness.errors import HarnessError
    from harness.submission import verify

    try:
        found = verify(project, arguments.bundle)
    except HarnessError as error:
        if arguments.json:
            json_result({"bundle": str(arguments.bundle), "verified": False, "reason": str(error)})
        raise
    card = found.manifest.method
    if arguments.json:
        json_result(
            {
                "bundle": str(arguments.bundle),
                "verified": True,
                "reason": "",
                "seal": found.seal,
                "suite": found.manifest.suite,
                "version": found.manifest.version,
                "tier": found.manifest.tier,
                "method": card.model_dump(mode="json"),
                "samples": {name: _numbers(one.values) for name, one in found.scores.items()},
                "mean": _numbers(found.means()),
            }
        )
        return 0
    metrics = list(found.means())
    rows = [[name, *(f"{one.values[metric]:.4f}" for metric in metrics)] for name, one in found.scores.items()]
    rows.append(["mean", *(f"{value:.4f}" for value in found.means().values())])
    result(f"{card.id} {card.version}: {card.title} ({card.licence}; trained on {', '.join(card.training_data)})")
    result(columns(["sample", *metrics], rows))
    result(f"verified: {len(found.scores)} label images of suite '{found.manifest.suite}', seal {found.seal[:16]}")
    return 0


def _numbers(values: dict[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in values.items()}
