"""Validate datasets.toml, suites (all or those named) and shared files; each mistake has its line, file and key."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_methods, add_project, add_settings, add_suites
from harness.cli.output import json_result, log, result
from harness.errors import Gathered, HarnessError

if TYPE_CHECKING:
    from harness.project import Project

HELP = "validate datasets.toml, suites and shared files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="*")
    add_methods(parser)
    add_settings(parser)
    parser.add_argument("--data", action="store_true", help="open a file of each sample source that is here, too")
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Check everything, report every mistake, and return 2 if there is any."""
    from harness.status.items import items_path, read_items
    from harness.suite import read_shared, shared_paths

    label, of_catalogue = _catalogue_problems(project)
    problems, checked = list(of_catalogue), {label: not of_catalogue}
    for name in arguments.suites or project.suite_paths:
        found = [problem for problem in project.suite_problems(name) if problem not in of_catalogue]
        problems += found
        checked[f"suite {name}"] = not found
    shared = {} if arguments.suites else shared_paths(project.root)
    for name, path in shared.items():
        found = _mistakes(read_shared, path, name)
        problems += found
        checked[f"shared file {name}"] = not found
    if not arguments.suites and not of_catalogue and items_path(project) is not None:
        found = _mistakes(read_items, project)
        problems += found
        checked["items.toml"] = not found
    if arguments.data and not of_catalogue:
        for name, found in _data_problems(project, arguments.suites):
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


def _catalogue_problems(project: Project) -> tuple[str, list[str]]:
    """Return how the catalogue is called among what was checked, and its mistakes."""
    from harness.suite import recipe_problems

    found = Gathered()
    with found.noting():
        catalogue = project.catalogue
        problems = [f"plug-in {origin} is broken: {reason}" for origin, reason in catalogue.broken.items()]
        problems += recipe_problems(catalogue, project.stages)
        return f"{len(catalogue.dataset_ids())} datasets, {len(catalogue.weight_ids())} weights", problems
    return "datasets.toml", found.problems


def _data_problems(project: Project, suites: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    from harness.datasets.opening import data_problems

    for name in _named_datasets(project, suites):
        yield name, list(data_problems(project.catalogue.dataset(name), lambda line: log(f"harness: note: {line}")))


def _named_datasets(project: Project, suites: Sequence[str]) -> list[str]:
    """Return the datasets of the named suites, else those of the catalogue whose files are on this machine."""
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
    found = Gathered()
    with found.noting():
        check(*arguments)
    return found.problems
