"""The truth itself: every metric must give its best value."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.stages.contract import Context, Stage


class Truth(Stage):
    """Return the ground truth unchanged."""

    id = "truth"
    title = "Ground truth"
    inputs = ("truth",)
    uses_truth = "control"
    licence = "MIT"
    citation = "Control of this package"
    cacheable = False

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the truth, (Z)YX, 0 background."""
        return inputs["truth"]
