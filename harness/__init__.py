"""Benchmark and reproducibility harness for instance segmentation in bioimaging."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.errors import HarnessError
    from harness.gating.api import gate
    from harness.metrics.metric import Metric
    from harness.model import Grid, Sample, Volume
    from harness.objects import object_table
    from harness.parameters import Parameter
    from harness.project import Project
    from harness.runner.api import run
    from harness.scoring import score, score_set
    from harness.stages.contract import Context, Example, Stage
    from harness.stages.values import Confidences, Features, Masks, Prompts
    from harness.suite.filters import Selection
    from harness.tables.api import table

_HOMES = {
    "Confidences": "harness.stages.values",
    "Context": "harness.stages.contract",
    "Example": "harness.stages.contract",
    "Features": "harness.stages.values",
    "Grid": "harness.model",
    "HarnessError": "harness.errors",
    "Masks": "harness.stages.values",
    "Metric": "harness.metrics.metric",
    "Parameter": "harness.parameters",
    "Prompts": "harness.stages.values",
    "Sample": "harness.model",
    "Stage": "harness.stages.contract",
    "Volume": "harness.model",
    "Project": "harness.project",
    "Selection": "harness.suite.filters",
    "gate": "harness.gating.api",
    "object_table": "harness.objects",
    "run": "harness.runner.api",
    "score": "harness.scoring",
    "score_set": "harness.scoring",
    "table": "harness.tables.api",
}

__all__ = [
    "Confidences",
    "Context",
    "Example",
    "Features",
    "Grid",
    "HarnessError",
    "Masks",
    "Metric",
    "Parameter",
    "Project",
    "Prompts",
    "Sample",
    "Selection",
    "Stage",
    "Volume",
    "gate",
    "object_table",
    "run",
    "score",
    "score_set",
    "table",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import harness` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'harness' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
