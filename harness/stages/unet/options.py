"""Parameters of the stage `unet`, declared with the published values."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from harness.parameters import option
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.options import NetworkOptions
from harness.stages.unet.targets import OUTPUTS, Output


class UNetOptions(NetworkOptions):
    """Those of a network and its training, and what its channels mean."""

    stage = "unet"

    outputs: tuple[Output, ...] = option(OUTPUTS, "what the output channels mean")

    @model_validator(mode="after")
    def _outputs_differ(self) -> Self:
        if not self.outputs or len(set(self.outputs)) < len(self.outputs):
            raise ValueError(f"outputs {self.outputs}; accepted: one or both of {', '.join(OUTPUTS)}")
        return self

    def network(self, *, ndim: int, in_channels: int) -> NetworkSpec:
        """Return the network for an image."""
        return self.shape(ndim=ndim, in_channels=in_channels, out_channels=len(self.outputs))
