"""The stage `unet-heads`: a U-Net with lists of input and output heads, and a loss between two of its channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context, Example, Stage
from harness.stages.multihead.network import HeadsSpec
from harness.stages.multihead.objectives import output_heads
from harness.stages.multihead.options import UNetHeadsOptions
from harness.stages.multihead.terms import BetweenHeads
from harness.stages.nets import checkpoints, compute, training
from harness.stages.nets.heads import Head, activated, check_heads
from harness.stages.nets.predicting import Predictor, check_size
from harness.stages.nets.sampling import TrainingVolume, require_patch

if TYPE_CHECKING:
    from torch import nn


class UNetHeadsStage(Stage):
    """One encoder for each input head, one whole decoder for each output head, trained together.

    Each structure has two channels, foreground and boundary. Every channel of the image is standardised over the whole
    volume. Labels are learnt from the slots that the output heads name: further label images, or what a chain made.
    """

    id = "unet-heads"
    title = "U-Net with several input and output heads"
    outputs = ("structures",)
    needs = ("torch", "scipy")
    extra = "torch"
    devices = ("cpu", "cuda")
    licence = "MIT"
    citation = "Wolny et al. 2020, doi:10.7554/eLife.57613; heads after github.com/qin-yu/segmenu"

    Options = UNetHeadsOptions
    options: UNetHeadsOptions

    def learns(self) -> tuple[str, ...]:
        """Return the slots of labels that the output heads name."""
        return self.options.names.slots

    @property
    def heads(self) -> tuple[Head, ...]:
        """What the output heads mean and learn."""
        options = self.options
        forbidden: dict[str, tuple[str, float]] = {}
        if options.term == "overlap-truth":
            first, second = options.between
            forbidden = {first: (second, options.weight), second: (first, options.weight)}
        return output_heads(options.names, options.loss, forbidden)

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on the examples and write weights and configuration; without validation the last weights count.

        A structure may be absent from some of the images. Raises `DataError` for one that is absent from all of them,
        for a head that names a channel the image does not have, for values that are not finite and for images smaller
        than the patch.
        """
        volumes = [self._volume(example, f"{self.where}: training") for example in training]
        held_out = [self._volume(example, f"{self.where}: validation") for example in validation]
        self._check_structures(volumes)
        spec = self.options.spec(ndim=volumes[0].image.ndim - 1)
        for volume in [*volumes, *held_out]:
            check_size(volume.shape, spec.base, self.where)
        require_patch(self.options.plan(ndim=spec.base.ndim).patch, volumes, self.where)
        self._train(spec, volumes, held_out, context, model)

    def _train(
        self,
        spec: HeadsSpec,
        volumes: Sequence[TrainingVolume],
        held_out: Sequence[TrainingVolume],
        context: Context,
        model: Path,
    ) -> None:
        with compute.torch_threads(context.threads), compute.seeded(context.seed):
            trained = training.train(
                self._built(spec),
                self.heads,
                volumes,
                held_out,
                plan=self.options.plan(ndim=spec.base.ndim),
                compute=compute.choose(context.device, self.options.precision, spec.base.ndim),
                seed=context.seed,
                workers=max(1, context.threads - 1) if context.device.startswith("cuda") else 1,
                log=context.log,
                report=context.report,
                companion=self._companion(),
            )
        checkpoints.save_model(model, spec, trained.network, notes=training.history_json(trained))

    def load(self, context: Context) -> None:
        """Read the trained weights."""
        if context.model is None:
            raise DataError(f"{self.where}: no trained model; accepted: one that `fit` wrote")
        spec = HeadsSpec.from_json(checkpoints.read_config(context.model)["network"])
        network = self._built(spec)
        network.load_state_dict(checkpoints.read_state(context.model))
        how = compute.choose(context.device, self.options.precision, spec.base.ndim)
        self._predictor = Predictor(how.place(network).eval(), spec.joined, how, self.options, self.where)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 probabilities, channels "<structure>:foreground" and "<structure>:boundary" in turns."""
        volume, names = inputs["image"], self.options.names
        image = compute.standardised(names.image(volume, self.where))
        with compute.torch_threads(context.threads):
            result = self._predictor(image, activated(self.heads), context.log)
        return Volume(result, "C" + volume.grid.axes, volume.spacing_um, names.channels)

    def _built(self, spec: HeadsSpec) -> nn.Module:
        from harness.stages.multihead import _unet

        check_heads(self.heads, sum(spec.outputs))
        return _unet.build_heads(spec)

    def _companion(self) -> BetweenHeads | None:
        options = self.options
        if options.term in ("none", "overlap-truth"):
            return None
        first, second = (options.names.channels.index(name) for name in options.between)
        return BetweenHeads(options.term, options.weight, first, second)

    def _volume(self, example: Example, where: str) -> TrainingVolume:
        names = self.options.names
        image = compute.standardised(names.image(example.inputs["image"], where))
        return TrainingVolume(image, names.labels(example, where))

    def _check_structures(self, volumes: Sequence[TrainingVolume]) -> None:
        if not volumes:
            raise DataError(f"{self.where}: no training examples; accepted: one or more")
        for number, slot in enumerate(self.options.names.slots):
            if not any(volume.labels[number].any() for volume in volumes):
                raise DataError(f"{self.where}: '{slot}' is 0 everywhere in all {len(volumes)} training examples")
