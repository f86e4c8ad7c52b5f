"""The stage `unet`: image to foreground and boundary probabilities, trained here or with given weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context, Example, Stage
from harness.stages.examples import (
    channels_first,
    found_nothing,
    ignored_masks,
    require_objects,
    training_pairs,
    without,
)
from harness.stages.nets import checkpoints, compute, training
from harness.stages.nets.build import build_network
from harness.stages.nets.heads import Head, activated
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.predicting import Predictor, check_size
from harness.stages.nets.sampling import TrainingVolume, require_patch, training_volumes
from harness.stages.nets.tiling import Tiling
from harness.stages.unet.heads import boundary_head
from harness.stages.unet.options import UNetOptions

WORTHLESS_DICE = 0.05
"""A validation score below which a network has learnt nothing."""


class UNetStage(Stage):
    """Boundary U-Net of the PlantSeg lineage (doi 10.7554/eLife.57613), defaults of the GoNuclear networks.

    Each channel of the image is standardised over the whole volume. Spacing plays no part. Voxels to be ignored enter
    neither loss nor validation score.
    """

    id = "unet"
    title = "U-Net: foreground and boundary probabilities"
    outputs = ("probability",)
    needs = ("torch", "scipy")
    extra = "torch"
    devices = ("cpu", "cuda")
    citation = "Wolny et al. 2020, doi 10.7554/eLife.57613; Vijayan et al. 2024, doi 10.1242/dev.202800"

    Options = UNetOptions
    options: UNetOptions

    @property
    def head(self) -> Head:
        """What the channels mean and learn."""
        return boundary_head(self.options.outputs)

    def trains(self) -> bool:
        """Whether there are no given weights."""
        return not self.options.weights

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on the examples and write weights and configuration; without validation the last weights count.

        Raises `DataError` for examples without any object, of different channel numbers, with values that are not
        finite, or smaller than the patch. Validation examples may be smaller: they are taken whole.
        """
        pairs, masks = _taught(training, f"{self.where}: training")
        seen = [(image, without(labels, mask)) for (image, labels), mask in zip(pairs, masks, strict=True)]
        require_objects(seen, f"{self.where}: training")
        plane_wise = self.options.plane_wise
        volumes = training_volumes(pairs, plane_wise=plane_wise, masks=masks)
        others, unknown = _taught(validation, f"{self.where}: validation")
        held_out = training_volumes(others, plane_wise=plane_wise, masks=unknown)
        spec = self.options.network(ndim=volumes[0].labels.ndim, in_channels=len(volumes[0].image))
        spec.check(self.where)
        for volume in [*volumes, *held_out]:
            check_size(volume.shape, spec, self.where)
        require_patch(self.options.plan(ndim=spec.ndim).patch, volumes, self.where)
        self._train(spec, volumes, held_out, context, model)

    def _train(
        self,
        spec: NetworkSpec,
        volumes: Sequence[TrainingVolume],
        held_out: Sequence[TrainingVolume],
        context: Context,
        model: Path,
    ) -> None:
        with compute.torch_threads(context.threads), compute.seeded(context.seed):
            trained = training.train(
                build_network(spec),
                (self.head,),
                volumes,
                held_out,
                plan=self.options.plan(ndim=spec.ndim),
                compute=compute.choose(context.device, self.options.precision, spec.ndim),
                seed=context.seed,
                workers=max(1, context.threads - 1) if context.device.startswith("cuda") else 1,
                log=context.log,
                report=context.report,
            )
        scores = [entry[self.head.name] for entry in trained.history if self.head.name in entry]
        if scores and max(scores) < WORTHLESS_DICE:
            losses = [entry["loss"] for entry in trained.history]
            sign = f"best Dice {max(scores):.3g} on {len(held_out)} validation examples"
            context.log(f"{self.where}: {found_nothing(sign, losses, trained.iterations)}")
        checkpoints.save_model(model, spec, trained.network, notes=training.history_json(trained))

    def load(self, context: Context) -> None:
        """Read the given or trained weights; dimensions and input channels are those of the weights."""
        source = context.weights.get("weights") or context.model
        if source is None:
            raise DataError(f"{self.where}: neither weights nor a trained model; accepted: one of them")
        file = checkpoints.weights_file(source)
        state = checkpoints.read_state(file, allow_pickle=self.options.allow_pickle)
        found = checkpoints.infer_spec(state) or self.options.network(ndim=len(context.grid.shape), in_channels=1)
        spec = self.options.network(ndim=found.ndim, in_channels=found.in_channels)
        spec.check(self.where)
        network = build_network(spec)
        checkpoints.load_state(network, spec, state, where=str(file))
        how = compute.choose(context.device, self.options.precision, spec.ndim)
        placed, options = how.place(network).eval(), self.options
        self._predictor = Predictor(placed, spec, how, options, self.where, options.plane_wise)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 probabilities, one channel per entry of `outputs`."""
        volume = inputs["image"]
        image = compute.standardised(channels_first(volume, self.where))
        with compute.torch_threads(context.threads):
            result = self._predictor(image, activated((self.head,)), context.log)
        return Volume(result, "C" + volume.grid.axes, volume.spacing_um, self.head.channels)

    def tiles(self, shape: tuple[int, ...]) -> Tiling:
        """Return how an image of this shape is cut for the loaded network."""
        return self._predictor.tiles(shape)


def _taught(
    examples: Sequence[Example], where: str
) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray | None]]:
    """Return images with their labels, and which of their voxels are to be ignored."""
    return training_pairs(examples, where, with_ignored=True), ignored_masks(examples, where)
