"""Labels put aside under another name, so that a chain can go on and make others."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage


class KeepLabels(Stage):
    """Hand the labels on under another name, where a scored pair finds them; the slot itself stays as it is."""

    id = "keep-labels"
    title = "Labels under another name"
    inputs = ("labels",)
    licence = "MIT"
    citation = "Part of this package"
    cacheable = False

    class Options(StageOptions):
        to: str = option("reference", "slot of the copy")

    options: Options

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `to` names."""
        return (self.options.to,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the labels unchanged, (Z)YX, 0 background."""
        return inputs["labels"]
