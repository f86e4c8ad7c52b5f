"""The stage `unet`: image to foreground and boundary probabilities, trained here or with given weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context, Example, Stage
from harness.stages.examples import channels_first, found_nothing, require_objects, training_pairs
from harness.stages.nets import checkpoints, compute, patches, tiling, training
from harness.stages.nets.build import build_network
from harness.stages.nets.halo import tile_halo
from harness.stages.nets.heads import Head, activated
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.sampling import TrainingVolume
from harness.stages.unet.heads import boundary_head
from harness.stages.unet.options import UNetOptions

if TYPE_CHECKING:
    from torch import nn


WORTHLESS_DICE = 0.05
"""A validation score below which a network has learnt nothing."""


class UNetStage(Stage):
    """Boundary U-Net of the PlantSeg lineage (doi 10.7554/eLife.57613), defaults of the GoNuclear networks.

    Each channel of the image is standardised over the whole volume. Spacing plays no part.
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
        pairs = training_pairs(training, f"{self.where}: training")
        require_objects(pairs, f"{self.where}: training")
        volumes = self._volumes(pairs)
        held_out = self._volumes(training_pairs(validation, f"{self.where}: validation"))
        spec = self.options.network(ndim=volumes[0].labels.ndim, in_channels=len(volumes[0].image))
        spec.check(self.where)
        for volume in [*volumes, *held_out]:
            _check_size(volume.shape, spec)
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
                plan=self._plan(spec.ndim, volumes),
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

    def _volumes(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[TrainingVolume]:
        volumes: list[TrainingVolume] = []
        for image, labels in pairs:
            image = compute.standardised(image)
            if self.options.plane_wise and labels.ndim == 3:
                volumes += [TrainingVolume(image[:, plane], labels[plane]) for plane in range(len(labels))]
            else:
                volumes.append(TrainingVolume(image, labels))
        return volumes

    def _plan(self, ndim: int, volumes: Sequence[TrainingVolume]) -> training.TrainingPlan:
        """Return how to train; a patch that does not fit is refused, for the record would name it all the same."""
        plan = self.options.plan(ndim=ndim)
        smallest = [min(sizes) for sizes in zip(*(volume.shape for volume in volumes), strict=True)]
        if any(side < wanted for side, wanted in zip(smallest, plan.patch, strict=True)):
            raise DataError(
                f"{self.where}: 'patch' {list(plan.patch)} is larger than the smallest image sides {smallest}; "
                f"accepted: at most {smallest}"
            )
        return plan

    def load(self, context: Context) -> None:
        """Read the given or trained weights; dimensions and input channels are those of the weights."""
        source = context.weights.get("weights") or context.model
        if source is None:
            raise DataError(f"{self.where}: neither weights nor a trained model; accepted: one of them")
        file = checkpoints.weights_file(source)
        state = checkpoints.read_state(file, allow_pickle=self.options.allow_pickle)
        found = checkpoints.infer_spec(state) or self.options.network(ndim=len(context.grid.shape), in_channels=1)
        self._spec = self.options.network(ndim=found.ndim, in_channels=found.in_channels)
        self._spec.check(self.where)
        network = build_network(self._spec)
        checkpoints.load_state(network, self._spec, state, where=str(file))
        self._compute = compute.choose(context.device, self.options.precision, self._spec.ndim)
        self._network: nn.Module = self._compute.place(network).eval()

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 probabilities, one channel per entry of `outputs`."""
        volume = inputs["image"]
        image = channels_first(volume, self.where)
        self._check_image(image)
        image = compute.standardised(image)
        with compute.torch_threads(context.threads):
            if self._spec.ndim == image.ndim - 1:
                result = self._predict(image, context)
            else:
                planes = [self._predict(image[:, plane], context) for plane in range(image.shape[1])]
                result = np.stack(planes, axis=1)
        return Volume(result, "C" + volume.grid.axes, volume.spacing_um, self.head.channels)

    def _check_image(self, image: np.ndarray) -> None:
        ndim = image.ndim - 1
        if ndim != self._spec.ndim and not (self.options.plane_wise and self._spec.ndim < ndim):
            raise DataError(
                f"{self.where}: a {self._spec.ndim}D network for a {ndim}D image; "
                "accepted: the same, or a 2D network with plane_wise = true"
            )
        if len(image) != self._spec.in_channels:
            raise DataError(
                f"{self.where}: the image has {len(image)} channels; the network takes {self._spec.in_channels}"
            )
        _check_size(image.shape[-self._spec.ndim :], self._spec)

    def _predict(self, image: np.ndarray, context: Context) -> np.ndarray:
        plan = self.tiles(image.shape[1:])
        context.log(f"{len(plan)} tiles of {plan.tile_shape} with halo {plan.halo}")
        forward = compute.forward_of(self._network, self._compute, activated((self.head,)))
        return tiling.predict_tiled(forward, image, plan, channels=self._spec.out_channels)

    def tiles(self, shape: tuple[int, ...]) -> tiling.Tiling:
        """Return how an image of this shape is cut for the loaded network.

        Tiles that the network cannot index in 32 bits get smaller cores, on every device, so that all see the same.
        """
        spec = self._spec
        halo = self.options.per_axis("halo", spec.ndim) or (tile_halo(spec),) * spec.ndim
        patch = self.options.per_axis("predict_patch", spec.ndim)
        if not patch:
            patch, halo = patches.patch_and_halo(shape, self._feasible(), halo, rule=self.options.patch_rule)
        ratio = self.options.stride_ratio

        def plan(core: tuple[int, ...]) -> tiling.Tiling:
            return tiling.plan_tiles(shape, core, halo, stride_ratio=ratio, multiple=spec.multiple)

        return tiling.fitting_tiles(
            plan(patch), plan, lambda found: spec.largest_map(found.tile_shape) <= compute.INDEX_LIMIT
        )

    def _feasible(self) -> tuple[int, ...]:
        spec, network, how = self._spec, self._network, self._compute
        limit = self.options.memory_gb * 1e9
        if limit:
            return patches.feasible_patch(lambda shape: patches.prediction_bytes(spec, shape) <= limit, spec.ndim)
        if how.device.startswith("cuda"):
            return patches.feasible_patch(lambda shape: compute.fits_on_gpu(network, spec, how, shape), spec.ndim)
        return patches.CPU_PATCH[spec.ndim]


def _check_size(shape: Sequence[int], spec: NetworkSpec) -> None:
    if min(shape) < spec.multiple:
        raise DataError(
            f"stage 'unet': an image of {tuple(shape)} pixels; accepted: at least {spec.multiple} per axis "
            f"for a network of {spec.levels} levels"
        )
