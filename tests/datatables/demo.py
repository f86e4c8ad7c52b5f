"""Data tables over the toy catalogue, with one small volume of known content."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datatables import compute_statements, statement_inputs
from harness.model import Sample, Tier, Volume
from harness.store import StatementRecord
from harness.suite import Suite
from tests.helpers import Project, temp_project


def head(table: str) -> str:
    return f"""
    schema = 1
    id = "demo"
    version = 1
    title = "Data"
    kind = "data-table"
    table = "{table}"
    tiers.paper = {{}}
    tiers.smoke = {{}}
    """


SUMMARY = (
    head("dataset-summary")
    + """
    [[data_rows]]
    id = "N1"
    title = "First"
    dataset = "volumes"
    sample = "N1"
    label = "gold"
    values = { count = 2, spacing_xyz = [0.126, 0.126, 0.284], channels = ["noisy", "clear"] }
    tolerance = { spacing_xyz = 0.001 }
    conflict = { count = "printed 3 elsewhere" }
    stated = { stage = "3-V" }
"""
)


def sample(labels: np.ndarray | None = None) -> Sample:
    array = np.zeros((2, 4, 5), np.uint16)
    array[0, :2, :3] = 7
    array[1, 3, 4] = 9
    truth = Volume(array if labels is None else labels, "ZYX", (0.2837, 0.1268, 0.1268))
    image = Volume(np.zeros((2, 2, 4, 5)), "CZYX", truth.spacing_um, ("noisy", "clear"))
    return Sample("volumes", "N1", image, {"gold": truth}, "hash")


def demo_project(folder: Path) -> Project:
    """Return the toy project with a sample that can be read."""
    project = temp_project(folder)
    volumes = project.catalogue.dataset("volumes")
    volumes.channels = ("noisy", "clear")
    volumes.content = {"N1": sample()}
    return project


def stored(project: Project, suite: Suite, tier: Tier) -> tuple[StatementRecord, ...]:
    """Return the facts of every row as a run would store them."""
    records = []
    for row in suite.data_rows:
        inputs = statement_inputs(suite, row, tier, project.catalogue)
        facts = compute_statements(inputs, project.catalogue)
        records.append(
            StatementRecord(
                inputs.key, suite.id, suite.version, tier, row.id, inputs.source.model_dump(), inputs.data, facts
            )
        )
    return tuple(records)
