"""Write the images of a suite's test samples, never a truth: for a method that is run elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_project, add_tier
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "write the images of a suite's test samples, one TIFF a sample"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="id of a suite, or path of its .toml file")
    add_tier(parser)
    add_like(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="new folder to write into")
    add_project(parser)


def add_like(parser: argparse.ArgumentParser) -> None:
    """Add --row."""
    parser.add_argument(
        "--row", default="", metavar="ROW", help="the row whose data are meant, where rows of the suite read others"
    )


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the images and print their files."""
    from harness.submission import asked_samples, chosen_tier, write_images

    suite = project.suite(arguments.suite)
    tier = chosen_tier(suite, arguments.tier)
    asked = asked_samples(project, suite, tier, arguments.row)
    written = write_images(asked, arguments.to)
    for path in written:
        result(str(path))
    log(
        f"{len(written)} images of suite '{suite.id}', tier '{tier}'. Save a label image of each under the same name "
        f"(.tif, .png, .npy, .h5 or .zarr), then: harness submit DIR --suite {suite.id} --tier {tier} --method FILE"
    )
    return 0
