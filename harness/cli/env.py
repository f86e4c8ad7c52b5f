"""Show what a record will say about this machine: interpreter, packages, hardware, threads, code."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.options import add_json
from harness.cli.output import json_result, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "show what records say about this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads per worker (default: 1)")
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the environment."""
    from harness.provenance import commit_of_code, environment

    found = environment(arguments.threads)
    commit, dirty = commit_of_code()
    value = {"fingerprint": found.fingerprint, "code": {"commit": commit, "dirty": dirty}, **found.to_json()}
    if arguments.json:
        json_result(value)
        return 0
    for name, entry in value.items():
        if isinstance(entry, dict):
            result(f"{name}:")
            for key, text in entry.items():
                result(f"  {key}: {text}")
        else:
            result(f"{name}: {', '.join(map(str, entry)) if isinstance(entry, list) else entry}")
    return 0
