"""Fetch datasets and weights by id, or everything that a tier of a suite needs, and say what vouches for the files."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from harness.cli.options import add_project, add_tier
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.datasets import Catalogue, Dataset, WeightsFile
    from harness.datasets.fetching.lockfile import Voucher
    from harness.model import Tier
    from harness.project import Project
    from harness.suite import Suite

HELP = "fetch datasets and weights"
FIRST_TIME = {
    "declared": "verified against the declared checksum",
    "listing": "verified against the checksum in the archive's listing",
    "first download": "first seen: the lock file keeps the hash from now on, nothing else vouches for it",
}
"""What is said of files by what their hash rests on, where the lock file did not have it before."""
LOCKED = "verified against the lock file"
UNVERIFIED = "nothing to download, no checksum to verify"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("names", nargs="+", metavar="DATASET|WEIGHTS|SUITE", help="what to fetch")
    add_tier(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Fetch everything named; what a suite needs and cannot be had is reported at the end (exit code 3)."""
    from harness.errors import RegistryError, nearest

    catalogue = project.catalogue
    wanted: dict[str, Dataset | WeightsFile] = {}
    suites = project.suite_paths
    for name in arguments.names:
        if name in catalogue.dataset_ids():
            wanted.update([_dataset(name, catalogue)])
        elif name in catalogue.weight_ids():
            wanted.update(_weights(name, catalogue))
        elif name in suites or name.endswith(".toml"):
            wanted.update(_needs(project, project.suite(name), arguments.tier))
        else:
            accepted = (*catalogue.dataset_ids(), *catalogue.weight_ids(), *suites)
            raise RegistryError(f"'{name}' is no dataset, weights or suite{nearest(name, accepted)}")
    return _fetch_all(wanted)


def _needs(project: Project, suite: Suite, tier: Tier | None) -> Iterator[tuple[str, Dataset | WeightsFile]]:
    """Yield the datasets of a tier's cells and the registered weights that their stages name."""
    catalogue, stages = project.catalogue, project.stages
    for cell in project.cells(suite, tier or suite.default_tier):
        yield _dataset(cell.data.dataset, catalogue)
        for spec in cell.chain:
            for parameter in stages.get(spec.id).parameters:
                value = spec.parameters[parameter.name]
                if parameter.kind == "weights" and value in catalogue.weight_ids():
                    yield from _weights(value, catalogue)


def _weights(name: str, catalogue: Catalogue) -> Iterator[tuple[str, Dataset | WeightsFile]]:
    """Yield what must be fetched for registered weights: their files, or the dataset that they are trained on.

    What a training starts from is fetched too.
    """
    from harness.datasets.overlap import lineage

    for one in lineage(catalogue, name):
        entry = catalogue.weights(one)
        recipe = entry.declaration.recipe
        yield (f"weights {one}", entry) if recipe is None else _dataset(recipe.dataset, catalogue)


def _dataset(name: str, catalogue: Catalogue) -> tuple[str, Dataset | WeightsFile]:
    return f"dataset {name}", catalogue.dataset(name)


def _fetch_all(wanted: dict[str, Dataset | WeightsFile]) -> int:
    from harness.errors import HarnessError

    failed = 0
    for name, item in wanted.items():
        try:
            outcome = _fetch(item)
        except HarnessError as error:
            log(f"harness: error: {name}: {error}")
            failed += 1
            continue
        result(f"{name}: {outcome}")
    if failed:
        log(f"harness: {failed} of {len(wanted)} could not be fetched")
    return 3 if failed else 0


def _fetch(item: Dataset | WeightsFile) -> str:
    """Fetch one item and return what vouches for it; raises `DataError` for a local dataset that is absent."""
    from harness.datasets import Dataset
    from harness.errors import DataError

    if isinstance(item, Dataset) and not (found := item.availability()).ok:
        raise DataError(str(found))
    known = item.vouchers()
    item.fetch(progress=sys.stderr.isatty())
    return _outcome(item.vouchers(), known)


def _outcome(vouchers: Mapping[str, Voucher], known: Mapping[str, Voucher]) -> str:
    """Return how many files were verified against what; `known` are the vouchers from before they were fetched."""
    said = Counter(
        LOCKED if voucher != "declared" and name in known else FIRST_TIME[voucher] for name, voucher in vouchers.items()
    )
    parts = (f"{count} {'file' if count == 1 else 'files'} {text}" for text, count in said.items())
    return "; ".join(parts) or UNVERIFIED
