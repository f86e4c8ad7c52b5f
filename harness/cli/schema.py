"""Print the JSON schema of a file of suites, shared rows, data sets, items or advisories: the meaning of every key."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from harness.cli.output import json_result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "print the JSON schema of suite files, shared files, datasets.toml, items.toml or advisories.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    kinds = ("suite", "shared", "datasets", "items", "advisories")
    parser.add_argument("kind", nargs="?", choices=kinds, default="suite", help="which file")


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the schema."""
    if arguments.kind == "suite":
        from harness.suite import suite_json_schema

        schema = suite_json_schema()
        json_result({**schema, "$defs": {**schema.get("$defs", {}), **_stages()}})
    elif arguments.kind == "shared":
        from harness.suite import shared_json_schema

        json_result(shared_json_schema())
    elif arguments.kind == "items":
        from harness.status.items import ItemsFile

        json_result(ItemsFile.model_json_schema(by_alias=True))
    elif arguments.kind == "advisories":
        from harness.advisories import AdvisoriesFile

        json_result(AdvisoriesFile.model_json_schema(by_alias=True))
    else:
        from harness.datasets.declared.declaration import CatalogueFile

        json_result(CatalogueFile.model_json_schema(by_alias=True))
    return 0


def _stages() -> dict[str, Any]:
    """Return what a row may write of each stage, by "stage:" and its id."""
    from harness import registry
    from harness.parameters import stage_schema

    usable = [entry.item for entry in registry.stages() if entry.item is not None]
    return {f"stage:{stage.id}": stage_schema(stage.id, stage.Options) for stage in usable}
