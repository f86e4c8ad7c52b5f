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
    ignores: str = option("", "slot of a mask: voxels where it is not 0 are not taught; empty = none", when="fit")

    @model_validator(mode="after")
    def _learns_something(self) -> Self:
        if not self.learns:
            raise ValueError("parameter 'learns' is empty; accepted: at least one slot of labels")
        for name in ("learns", "validates", "channels"):
            if len(set(self[name])) < len(self[name]):
                raise ValueError(f"parameter '{name}' is {list(self[name])}; accepted: each once")
        if self.ignores in {*self.learns, *self.validates}:
            raise ValueError(f"parameter 'ignores' is '{self.ignores}', which is learnt; accepted: another slot")
        return self


class UNetLabelsStage(UNetStage):
    """The network, training and prediction of `unet`; what differs are the examples.

    Labels of one image that come from several makers are learnt as so many examples. Patches are drawn at random, so
    that the order of the examples moves the stream of random numbers and nothing else. What a mask says that nobody
    knows, as in planes too deep to annotate, enters neither loss nor validation score.
    """

    id = "unet-labels"
    title = "U-Net of chosen channels, volumes and labels"

    Options = UNetLabelsOptions
    options: UNetLabelsOptions

    def learns(self) -> tuple[str, ...]:
        """Return the slots that `learns` names, and last the mask of what is not taught where there is one."""
        return self.options.learns + self._masks

    def validates(self) -> tuple[str, ...]:
        """Return the slots that `validates` names, else those learnt, and last the mask where there is one."""
        return (self.options.validates or self.options.learns) + self._masks

    @property
    def _masks(self) -> tuple[str, ...]:
        return (self.options.ignores,) if self.options.ignores else ()

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train as `unet` does; raises `DataError` for fewer training volumes than asked for, too."""
        options = self.options
        if options.volumes > len(training):
            raise DataError(
                f"{self.where}: 'volumes' is {options.volumes}; the fold has {len(training)} training volumes"
            )
        chosen = training[: options.volumes or len(training)]
        examples = self._by_label(chosen, options.learns)
        held_out = self._by_label(validation, options.validates or options.learns)
        super().fit(ordered(examples, options.order, context.seed), held_out, context, model)

    def _by_label(self, examples: Sequence[Example], slots: Sequence[str]) -> list[Example]:
        return by_label(examples, slots, self.options.channels, self.where, ignores=self.options.ignores)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 probabilities, one channel per entry of `outputs`."""
        return super().run({"image": with_channels(inputs["image"], self.options.channels, self.where)}, context)
