"""Validate datasets.toml, suites (all or those named) and shared files; each mistake has its line, file and key."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_methods, add_project, add_suites
from harness.cli.output import json_result, log, result
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.project import Project

HELP = "validate datasets.toml, suites and shared files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="*")
    add_methods(parser)
    parser.add_argument("--data", action="store_true", help="open a file of each sample source that is here, too")
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Check everything, report every mistake, and return 2 if there is any."""
    from harness.datasets.opening import data_problems
    from harness.status.items import items_path, read_items
    from harness.suite import check_suite, read_shared, recipe_problems, shared_paths

    catalogue, stages = project.catalogue, project.stages
    problems = [f"plug-in {origin} is broken: {reason}" for origin, reason in catalogue.broken.items()]
    problems += recipe_problems(catalogue, stages)
    checked = {f"{len(catalogue.dataset_ids())} datasets, {len(catalogue.weight_ids())} weights": not problems}

    def check_named(name: str) -> None:
        check_suite(project.suite(name), catalogue, stages)

    for name in arguments.suites or project.suite_paths:
        found = _mistakes(check_named, name)
        problems += found
        checked[f"suite {name}"] = not found
    shared = {} if arguments.suites else shared_paths(project.root)
    for name, path in shared.items():
        found = _mistakes(read_shared, path, name)
        problems += found
        checked[f"shared file {name}"] = not found
    if not arguments.suites and items_path(project) is not None:
        found = _mistakes(read_items, project)
        problems += found
        checked["items.toml"] = not found
    if arguments.data:
        named = _named_datasets(project, arguments.suites)
        for name in named:
            found = list(data_problems(catalogue.dataset(name)))
            problems += found
            checked[f"data {name}"] = not found
    problems = list(dict.fromkeys(problems))  # each suite on a shared file finds its mistakes
    if arguments.json:
        json_result({"ok": not problems, "problems": problems})
    else:
        for name, is_valid in checked.items():
            result(f"{'ok     ' if is_valid else 'INVALID'} {name}")
    for problem in problems:
        log(f"harness: error: {problem}")
    return HarnessError.exit_code if problems else 0


def _named_datasets(project: Project, suites: Sequence[str]) -> list[str]:
    """Return the datasets of the named suites, else those of the catalogue whose files are on this machine."""
    from harness.errors import HarnessError

    catalogue = project.catalogue
    if not suites:
        datasets = [catalogue.dataset(name) for name in catalogue.dataset_ids()]
        with_files = [dataset for dataset in datasets if dataset.declaration.kind != "generated"]
        return [dataset.id for dataset in with_files if dataset.availability().ok and dataset.availability().here]
    names: dict[str, None] = {}
    for suite_name in suites:
        try:
            suite = project.suite(suite_name)
        except HarnessError:  # its mistakes are listed already
            continue
        names.update({spec.dataset: None for tier in suite.tiers.values() for spec in tier.data or ()})
    return [name for name in names if name in catalogue.dataset_ids()]


def _mistakes(check: Callable[..., object], *arguments: object) -> list[str]:
    """Return the mistakes that a check raises, one per line of its error."""
    try:
        check(*arguments)
    except HarnessError as error:
        return str(error).splitlines()
    return []
