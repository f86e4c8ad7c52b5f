"""Validate datasets.toml and every suite (or those named); each mistake is one line with file, line and key."""

from __future__ import annotations

import argparse

from harness.cli.options import add_json, add_plugins, add_suites
from harness.cli.output import json_result, log, result

HELP = "validate datasets.toml and suites"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="*")
    add_plugins(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check everything, report every mistake, and return 2 if there is any."""
    from harness import registry
    from harness.cli.loading import load_plugins
    from harness.datasets import load_catalogue
    from harness.errors import HarnessError
    from harness.suite import check_suite, load_suite, recipe_problems, suite_paths

    load_plugins(arguments.plugins)
    catalogue = load_catalogue()
    problems = [f"plug-in {origin} is broken: {reason}" for origin, reason in catalogue.broken.items()]
    problems += recipe_problems(catalogue, registry.stages())
    checked = {f"{len(catalogue.dataset_ids())} datasets, {len(catalogue.weight_ids())} weights": not problems}
    for name in arguments.suites or suite_paths():
        try:
            check_suite(load_suite(name), catalogue)
        except HarnessError as error:
            problems += str(error).splitlines()
            checked[f"suite {name}"] = False
        else:
            checked[f"suite {name}"] = True
    if arguments.json:
        json_result({"ok": not problems, "problems": problems})
    else:
        for name, is_valid in checked.items():
            result(f"{'ok     ' if is_valid else 'INVALID'} {name}")
    for problem in problems:
        log(f"harness: error: {problem}")
    return HarnessError.exit_code if problems else 0
