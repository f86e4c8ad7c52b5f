"""Look for damaged and altered files among records, predictions, cache, downloads and pins, and list advisories."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_project, add_results
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "find damaged or altered files, and records that an advisory speaks of"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_results(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print what was found; 0 if nothing is damaged or altered, else 1. Advisories alone are no damage."""
    from dataclasses import asdict

    from harness.audit import audit, finding_lines
    from harness.datasets.fetching.places import cache_folder

    found = audit(project, arguments.results, cache_folder())
    if arguments.json:
        json_result(
            {
                "sound": found.is_sound,
                "looked_at": dict(found.looked_at),
                "findings": [asdict(finding) for finding in found.findings],
            }
        )
    else:
        if found.findings:
            result(columns(("what", "state", "where", "found", "do"), finding_lines(found)))
        counted = ", ".join(f"{count} {kind}s" for kind, count in sorted(found.looked_at.items()))
        log(f"looked at {counted or 'nothing'}; {len(found.findings)} findings")
    return 0 if found.is_sound else 1
