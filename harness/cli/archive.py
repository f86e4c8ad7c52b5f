"""Write results as one zip for an archive: an RO-Crate with records, tables, suites, checksums and a citation."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_project, add_results, add_suites
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "write results as an RO-Crate, one zip with checksums and citation"
ANONYMOUS = "the authors of segmentation-harness"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="*")
    add_results(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip to write")
    parser.add_argument("--title", default="Benchmark results of segmentation-harness", help="title of the archive")
    parser.add_argument(
        "--author", dest="authors", action="append", default=[], metavar="NAME", help="an author; may be repeated"
    )
    parser.add_argument("--licence", default="CC-BY-4.0", metavar="SPDX", help="licence (default: CC-BY-4.0)")
    parser.add_argument("--date", default="", metavar="YYYY-MM-DD", help="date of publication (default: today)")
    parser.add_argument("--url", default="", help="address at which the results will be found")
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the archive and print its path."""
    from harness.report.archive import About, write_archive

    day = _date(arguments.date) if arguments.date else datetime.now(UTC).date()
    authors = tuple(arguments.authors) or (ANONYMOUS,)
    about = About(arguments.title, authors, arguments.licence, day.isoformat(), arguments.url)
    members = write_archive(project, project.suites(arguments.suites), arguments.results, arguments.out, about)
    log(f"{len(members)} files, each with its checksum in SHA256SUMS")
    result(str(arguments.out))
    return 0


def _date(text: str) -> date:
    """Return a date; raises `ConfigError` for anything else: it stands in the citation as it is."""
    from harness.errors import ConfigError

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--date is '{text}'; accepted: a day as YYYY-MM-DD") from error
