"""Validate datasets.toml, suites (all or those named) and shared files; each mistake has its line, file and key."""

from __future__ import annotations

import argparse
from collections.abc import Callable
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
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Check everything, report every mistake, and return 2 if there is any."""
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
    problems = list(dict.fromkeys(problems))  # each suite on a shared file finds its mistakes
    if arguments.json:
        json_result({"ok": not problems, "problems": problems})
    else:
        for name, is_valid in checked.items():
            result(f"{'ok     ' if is_valid else 'INVALID'} {name}")
    for problem in problems:
        log(f"harness: error: {problem}")
    return HarnessError.exit_code if problems else 0


def _mistakes(check: Callable[..., object], *arguments: object) -> list[str]:
    """Return the mistakes that a check raises, one per line of its error."""
    try:
        check(*arguments)
    except HarnessError as error:
        return str(error).splitlines()
    return []
