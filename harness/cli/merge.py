"""Take the records of other results folders over: of nodes of a cluster, or of rows that ran side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_project, add_results
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.model import CellId
    from harness.project import Project
    from harness.store import Merge, Store

HELP = "take the records of other results folders over"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("sources", nargs="+", type=Path, metavar="DIR", help="results folder to read")
    add_results(parser)
    parser.add_argument("--replace", action="store_true", help="where records disagree, those of DIR win")
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Merge every store of the folders; nothing is written unless all of them can be merged."""
    from harness.errors import StoreError
    from harness.store import Store, find_stores, plan_merge

    merges: list[Merge] = []
    for folder in arguments.sources:
        stores = find_stores(folder)
        if not stores:
            raise StoreError(
                f"{folder}: holds no records; accepted: a results folder (<suite>/v<k>/<tier>/scores.jsonl)"
            )
        for source in stores:
            target = Store(arguments.results, source.suite, source.version, source.tier)
            merges.append(plan_merge(source, target, replace=arguments.replace, before=merges))
            if source.statements():
                log(f"{source.folder}: facts of data tables are not merged; `harness run` computes them")
    for merge in merges:
        if merge.wanted:
            merge.apply(_order(project, merge.target))
        result(f"{merge.source.folder}: {len(merge.wanted)} records taken, {merge.kept} were there")
    return 0


def _order(project: Project, store: Store) -> tuple[CellId, ...]:
    """Return the suite's cells in their order; empty for a suite that is not at hand as it was run."""
    if store.suite not in project.suite_paths:
        return ()
    suite = project.suite(store.suite)
    if suite.version != store.version or store.tier not in suite.tiers:
        return ()
    return tuple(cell.id for cell in project.cells(suite, store.tier))
