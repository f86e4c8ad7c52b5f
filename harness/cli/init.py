"""Write a commented template to begin with: data, a suite, a method or metric of one file, the card of a method that
is run elsewhere, or a CI workflow."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "write a commented template of a dataset, a suite, a method, a method card, a metric or a CI workflow"
TEMPLATES = Path(__file__).parent / "templates"
KINDS = {
    "dataset": ("dataset.toml", "datasets.toml", "`harness check --data`"),
    "suite": ("suite.toml", "suites/mine.toml", "`harness check mine`"),
    "method": ("method.py.txt", "my_method.py", "`harness list stages --plugin my_method.py`"),
    "card": ("card.toml", "my_method.toml", "`harness submit DIR --suite SUITE --method my_method.toml`"),
    "metric": ("metric.py.txt", "my_metric.py", "`harness list metrics --plugin my_metric.py`"),
    "ci": ("ci.yml", ".github/workflows/segmentation.yml", "a commit"),
    "gitlab-ci": ("gitlab-ci.yml", ".gitlab-ci.yml", "a commit"),
}
"""Template, the file it becomes, and what to do next."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("kind", choices=tuple(KINDS), help="what to begin")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to (default: where the harness looks)")


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the template and print its path; raises `ConfigError` for a file that is there already."""
    from harness.errors import ConfigError
    from harness.store.files import replace_text

    template, place, then = KINDS[arguments.kind]
    path = arguments.output or Path(place)
    if path.exists():
        raise ConfigError(f"{path}: is there already, and is not replaced; name another file with --output")
    replace_text(path, (TEMPLATES / template).read_text(encoding="utf-8"))
    log(f"next: edit it, then {then}")
    result(str(path))
    return 0
