"""Compute metrics of recorded cells anew from the predictions that were kept; no method is run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_metrics, add_project, add_results, add_suites, add_tier
from harness.cli.output import json_result, log

if TYPE_CHECKING:
    from harness.project import Project

HELP = "compute metrics of recorded cells anew from kept predictions"
EXIT_INCOMPLETE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    add_tier(parser)
    add_results(parser)
    add_metrics(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Rescore each suite; the last line of stdout is its counts as JSON. 3 if predictions are missing."""
    from harness.datasets.fetching.places import cache_folder
    from harness.runner.rescoring import rescore

    total = {"cells": 0, "rescored": 0, "missing": 0}
    for suite in project.suites(arguments.suites):
        tier = arguments.tier or suite.default_tier
        suite.tier(tier)
        done = rescore(project, suite, tier, arguments.results, cache_folder(), log)
        for cell in done.changed:
            log(f"{suite.id} {tier}: {cell}: rescored, and changed")
        for cell, reason in done.missing.items():
            log(f"{suite.id} {tier}: {cell}: not rescored: {reason}")
        total = {name: number + done.counts()[name] for name, number in total.items()}
    json_result(total, one_line=True)
    return EXIT_INCOMPLETE if total["missing"] else 0
