"""The labels of somebody else: what people who label the same image agree on."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.stages.contract import Context, Stage


class SecondAnnotator(Stage):
    """Return a further label image of the data as if it were a prediction.

    The row names it: `reads = { annotator = "initial" }`.
    """

    id = "second-annotator"
    title = "Labels of a second annotator"
    inputs = ("annotator",)
    licence = "MIT"
    citation = "Control of this package"
    cacheable = False

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the labels unchanged, (Z)YX, 0 background."""
        return inputs["annotator"]
