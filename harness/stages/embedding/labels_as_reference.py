"""Labels put aside, so that those of another method can be compared with them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.stages.contract import Context, Stage


class LabelsAsReference(Stage):
    """Keep the labels made so far as the reference: a suite scores later labels against them."""

    id = "labels-as-reference"
    title = "Labels so far as reference"
    inputs = ("labels",)
    outputs = ("reference",)
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the labels unchanged."""
        return inputs["labels"]
