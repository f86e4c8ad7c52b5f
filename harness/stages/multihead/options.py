"""Parameters of the stage `unet-heads`."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from harness.parameters import StageOptions, option
from harness.stages.multihead.heads import HeadNames
from harness.stages.multihead.network import HeadsSpec
from harness.stages.multihead.terms import Loss, Term
from harness.stages.nets.compute import Precision
from harness.stages.nets.networks import NetworkSpec, feature_maps
from harness.stages.nets.options import PatchOptions
from harness.stages.unet.targets import OUTPUTS


class HeadsOptions(StageOptions):
    """What the network is."""

    inputs: tuple[str, ...] = option(("image",), "input heads: channels of the image joined by +, an encoder each")
    outputs: tuple[str, ...] = option(
        ("truth",), "output heads: slots of labels joined by +, a decoder each; a/b is the union of two slots"
    )
    f_maps: tuple[int, ...] = option((16,), "channels per level; one number doubles from level to level", ge=1)
    levels: int = option(4, "resolutions, where f_maps is one number", ge=2, le=8)
    layer_order: str = option("gcr", "g group norm, b batch norm, c convolution, r/l/e activations, d dropout")
    groups: int = option(8, "groups of group norm", ge=1)
    precision: Precision = option("auto", "auto: float32 on a CPU, half precision on a GPU")


class ObjectiveOptions(StageOptions):
    """What it is trained for."""

    loss: Loss = option(
        "dice", "of each head: 1 less the mean Dice of its channels, or cross-entropy as well", when="fit"
    )
    term: Term = option("none", "what compares the two channels of `between`", when="fit")
    weight: float = option(1.0, "of that term", when="fit", ge=0.0)
    between: tuple[str, ...] = option(
        (), "the two channels that should not lie in one place, e.g. nuclei:foreground, cells:boundary", when="fit"
    )


class UNetHeadsOptions(PatchOptions, ObjectiveOptions, HeadsOptions):
    """All parameters."""

    stage = "unet-heads"

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if not self.f_maps:
            raise ValueError("parameter 'f_maps' is empty; accepted: at least one number")
        names = self.names
        problem = names.problem or self.spec(ndim=3).problem
        if problem:
            raise ValueError(problem)
        if self.term != "none" and (len(self.between) != 2 or not set(self.between) <= set(names.channels)):
            raise ValueError(f"'between' is {list(self.between)}; accepted: two of {', '.join(names.channels)}")
        return self

    @property
    def names(self) -> HeadNames:
        """What the heads are called."""
        return HeadNames.of(self.inputs, self.outputs)

    def spec(self, *, ndim: int) -> HeadsSpec:
        """Return the network for images of 2 or 3 dimensions."""
        names = self.names
        inputs = tuple(len(head) for head in names.inputs)
        base = NetworkSpec(
            ndim=ndim,
            in_channels=inputs[0],
            out_channels=len(OUTPUTS),
            f_maps=self.f_maps if len(self.f_maps) > 1 else feature_maps(self.f_maps[0], self.levels),
            order=self.layer_order,
            groups=self.groups,
        )
        return HeadsSpec(base, inputs, tuple(len(OUTPUTS) * len(head) for head in names.outputs))
