"""Make one bundle of a folder of label images: checked as the host will check it, with hashes and scores."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.images import add_like
from harness.cli.options import add_project, add_tier
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "make a bundle of label images that were made elsewhere"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("predictions", type=Path, metavar="DIR", help="a label image a sample, named by its id")
    parser.add_argument("--suite", required=True, metavar="SUITE", help="id of a suite, or path of its .toml file")
    add_tier(parser)
    add_like(parser)
    parser.add_argument(
        "--method",
        type=Path,
        required=True,
        metavar="FILE",
        help="method card (TOML): id, title, licence, training_data; `harness init card` writes one",
    )
    parser.add_argument("--out", type=Path, metavar="BUNDLE", help="the bundle (default: <method>-<suite>-<tier>.zip)")
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the bundle and print its path."""
    from harness.bundles import read_card
    from harness.submission import asked_samples, chosen_tier, submit

    card = read_card(arguments.method)
    suite = project.suite(arguments.suite)
    tier = chosen_tier(suite, arguments.tier)
    out = arguments.out or Path(f"{card.id}-{suite.id}-{tier}.zip")
    asked = asked_samples(project, suite, tier, arguments.row)
    scores = submit(suite, tier, asked, arguments.predictions, card, out, row=arguments.row)
    for name, one in scores.items():
        log(f"{name}: {suite.primary} {one.values[suite.primary]:.4f}")
    result(str(out))
    log(f"next: harness verify {out}; harness run {suite.id} --tier {tier} --method {out} --row {card.id}")
    return 0
