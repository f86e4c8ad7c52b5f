"""The stage `noise2void`: a channel without its noise, by a network that learnt from the noisy images alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import option
from harness.stages.arrays import channel_of
from harness.stages.contract import Context, Example, Stage
from harness.stages.denoising.blind import BlindSpots, denoising_head
from harness.stages.nets import checkpoints, compute
from harness.stages.nets.build import build_network
from harness.stages.nets.heads import Head, activated
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.options import NetworkOptions
from harness.stages.nets.predicting import Predictor, check_size
from harness.stages.nets.sampling import require_patch, training_volumes
from harness.stages.nets.training import history_json, train


class Noise2VoidOptions(NetworkOptions):
    """Those of a network and its training, and what is hidden. What would blur noise is off unless it is asked for."""

    stage = "noise2void"

    channel: str = option("", "image channel; empty = the only one")
    hidden: float = option(0.015, "share of the voxels of a patch that are hidden", when="fit", ge=0.0, le=0.5)
    radius: int = option(5, "farthest neighbour whose value hides a voxel", unit="px", when="fit", ge=1)
    rotate_degrees: float = option(
        0.0, "largest rotation, which blurs the noise", unit="degree", when="fit", ge=0, le=180
    )
    elastic: float = option(0.0, "probability of an elastic deformation, which blurs it too", when="fit", ge=0, le=1)
    gaussian_noise: float = option(0.0, "probability of further Gaussian noise", when="fit", ge=0, le=1)
    poisson_noise: float = option(0.0, "probability of further Poisson noise", when="fit", ge=0, le=1)

    def network(self, ndim: int) -> NetworkSpec:
        """Return the network for an image."""
        return self.shape(ndim=ndim, in_channels=1, out_channels=1)


class Noise2Void(Stage):
    """Predict each voxel of a channel from its surroundings; other channels stay as they are.

    Nothing but noisy images is learnt from: no truth, no clean image. The last weights count. The network is the
    U-Net of this toolkit, and sees the voxel itself when it is used, as the published one does.
    """

    id = "noise2void"
    title = "Noise2Void"
    outputs = ("image",)
    needs = ("torch", "scipy")
    extra = "torch"
    devices = ("cpu", "cuda")
    licence = "MIT"
    citation = "Krull et al. 2019, doi:10.1109/CVPR.2019.00223"

    Options = Noise2VoidOptions
    options: Noise2VoidOptions

    def trains(self) -> bool:
        """Whether there are no given weights."""
        return not self.options.weights

    def learns(self) -> tuple[str, ...]:
        """Return nothing: the images are all that is learnt from."""
        return ()

    def validates(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on the channel of all images and write the weights.

        Raises `DataError` without an image, and for images that are not finite or smaller than the patch.
        """
        if not training:
            raise DataError(f"{self.where}: no training examples; accepted: one or more")
        images = [self._channel(example.inputs["image"]) for example in training]
        pairs = [(image, np.ones(image.shape[1:], np.int32)) for image in images]
        volumes = training_volumes(pairs, plane_wise=self.options.plane_wise)
        spec = self.options.network(volumes[0].labels.ndim)
        spec.check(self.where)
        for volume in volumes:
            check_size(volume.shape, spec, self.where)
        plan = self.options.plan(ndim=spec.ndim)
        require_patch(plan.patch, volumes, self.where)
        spots = BlindSpots(self.options.augmentation(spec.ndim), self.options.hidden, self.options.radius)
        with compute.torch_threads(context.threads), compute.seeded(context.seed):
            trained = train(
                build_network(spec),
                (self._head,),
                volumes,
                (),
                plan=replace(plan, augmentation=spots),
                compute=compute.choose(context.device, self.options.precision, spec.ndim),
                seed=context.seed,
                workers=max(1, context.threads - 1) if context.device.startswith("cuda") else 1,
                log=context.log,
                report=context.report,
            )
        checkpoints.save_model(model, spec, trained.network, notes=history_json(trained))

    def load(self, context: Context) -> None:
        """Read the given or trained weights; dimensions are those of the weights."""
        source = context.weights.get("weights") or context.model
        if source is None:
            raise DataError(f"{self.where}: neither weights nor a trained model; accepted: one of them")
        file = checkpoints.weights_file(source)
        state = checkpoints.read_state(file, allow_pickle=self.options.allow_pickle)
        found = checkpoints.infer_spec(state)
        spec = self.options.network(found.ndim if found else len(context.grid.shape))
        spec.check(self.where)
        network = build_network(spec)
        checkpoints.load_state(network, spec, state, where=str(file))
        how = compute.choose(context.device, self.options.precision, spec.ndim)
        options = self.options
        self._predictor = Predictor(how.place(network).eval(), spec, how, options, self.where, options.plane_wise)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the image as float32, axes and channels kept, the channel in its own units."""
        image = inputs["image"]
        noisy = self._channel(image)
        with compute.torch_threads(context.threads):
            made = self._predictor(compute.standardised(noisy), activated((self._head,)), context.log)
        clean = made[0] * noisy.std(dtype=np.float64) + noisy.mean(dtype=np.float64)
        if "C" not in image.axes:
            return Volume(clean.astype(np.float32), image.axes, image.spacing_um, image.channels)
        axis = image.axes.index("C")
        array = np.moveaxis(image.array.astype(np.float32), axis, 0)
        array[image.channels.index(self.options.channel) if self.options.channel else 0] = clean
        return Volume(np.moveaxis(array, 0, axis), image.axes, image.spacing_um, image.channels)

    @property
    def _head(self) -> Head:
        return denoising_head((self.options.channel or "image",))

    def _channel(self, image: Volume) -> np.ndarray:
        return channel_of(image, self.options.channel, self.where)[np.newaxis]
