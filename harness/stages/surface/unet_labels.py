"""The stage `unet-labels`: a U-Net that learns chosen channels of chosen volumes from labels that a chain has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import model_validator

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context, Example
from harness.stages.slots import TRUTH
from harness.stages.surface.chosen import Order, by_label, ordered, with_channels
from harness.stages.unet.options import UNetOptions
from harness.stages.unet.stage import UNetStage


class UNetLabelsOptions(UNetOptions):
    """The parameters of `unet`, and what is learnt from what."""

    channels: tuple[str, ...] = option((), "image channels in this order; empty = all")
    volumes: int = option(0, "only so many training volumes, the first ones; 0 = all", when="fit", ge=0)
    learns: tuple[str, ...] = option((TRUTH,), "slots of labels; an image is learnt once with each", when="fit")
    validates: tuple[str, ...] = option((), "slots of labels that choose the weights; empty = those learnt", when="fit")
    order: Order = option("alternate", "labels of an image in turns, or all in random order", when="fit")

    @model_validator(mode="after")
    def _learns_something(self) -> Self:
        if not self.learns:
            raise ValueError("parameter 'learns' is empty; accepted: at least one slot of labels")
        for name in ("learns", "validates", "channels"):
            if len(set(self[name])) < len(self[name]):
                raise ValueError(f"parameter '{name}' is {list(self[name])}; accepted: each once")
        return self


class UNetLabelsStage(UNetStage):
    """The network, training and prediction of `unet`; what differs are the examples.

    Labels of one image that come from several makers are learnt as so many examples. Patches are drawn at random, so
    that the order of the examples moves the stream of random numbers and nothing else.
    """

    id = "unet-labels"
    title = "U-Net of chosen channels, volumes and labels"

    Options = UNetLabelsOptions
    options: UNetLabelsOptions

    def learns(self) -> tuple[str, ...]:
        """Return the slots that `learns` names."""
        return self.options.learns

    def validates(self) -> tuple[str, ...]:
        """Return the slots that `validates` names, else those learnt."""
        return self.options.validates or self.options.learns

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train as `unet` does; raises `DataError` for fewer training volumes than asked for, too."""
        options = self.options
        if options.volumes > len(training):
            raise DataError(
                f"{self.where}: 'volumes' is {options.volumes}; the fold has {len(training)} training volumes"
            )
        chosen = training[: options.volumes or len(training)]
        examples = by_label(chosen, self.learns(), options.channels, self.where)
        held_out = by_label(validation, self.validates(), options.channels, self.where)
        super().fit(ordered(examples, options.order, context.seed), held_out, context, model)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 probabilities, one channel per entry of `outputs`."""
        return super().run({"image": with_channels(inputs["image"], self.options.channels, self.where)}, context)
