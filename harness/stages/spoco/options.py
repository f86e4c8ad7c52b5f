"""Parameters of the stage `spoco` with the published values: the network, its loss, its objects, its views."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from pydantic import model_validator

from harness.parameters import Weights, option, with_default
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.options import NetworkOptions
from harness.stages.nets.training import Schedule, TrainingPlan
from harness.stages.spoco.objects import Over
from harness.stages.spoco.terms import Terms
from harness.stages.spoco.views import Change, View, Views


class LossOptions(NetworkOptions):
    """The terms of the loss; a weight of 0 switches one off."""

    delta_var: float = option(0.5, "radius of an object in the embedding space", when="fit", ge=1e-6)
    delta_dist: float = option(2.0, "half the distance that objects keep", when="fit", ge=1e-6)
    pull: float = option(1.0, "weight: voxels to the mean of their object", when="fit", ge=0)
    push: float = option(1.0, "weight: means of objects from each other", when="fit", ge=0)
    regularisation: float = option(0.001, "weight: short means", when="fit", ge=0)
    unlabelled_push: float = option(1.0, "weight: unlabelled voxels from the means of objects", when="fit", ge=0)
    instance_dice: float = option(1.0, "weight: Dice of soft masks with objects, pooled over a patch", when="fit", ge=0)
    consistency: float = option(
        1.0, "weight: Dice of the masks of network and twin around unlabelled voxels", when="fit", ge=0
    )
    kernel: float = option(0.5, "value of a soft mask at the distance delta_var", when="fit", ge=1e-6, le=0.999999)
    anchors: int = option(20, "most unlabelled voxels of a patch whose masks are compared", when="fit", ge=1)
    uncovered: float = option(0.05, "share of unlabelled voxels that masks may leave out", when="fit", ge=0, le=1)
    momentum: float = option(0.999, "share of its weights that the twin keeps in a step", when="fit", ge=0, le=1)

    def terms(self, *, sparse: bool) -> Terms:
        """Return the terms of the loss."""
        return Terms(
            self.delta_var, self.delta_dist, self.pull, self.push, self.regularisation, self.unlabelled_push,
            self.instance_dice, self.consistency, self.kernel, self.anchors, self.uncovered, sparse,
        )  # fmt: skip


class SpocoOptions(LossOptions):
    """All parameters."""

    stage = "spoco"

    f_maps: tuple[int, ...] = with_default(NetworkOptions, "f_maps", (16, 32, 64, 128, 256, 512))
    layer_order: str = with_default(NetworkOptions, "layer_order", "bcr")
    patch: tuple[int, ...] = with_default(NetworkOptions, "patch", (512, 512))
    stride: tuple[int, ...] = with_default(NetworkOptions, "stride", (512, 512))
    batch: int = with_default(NetworkOptions, "batch", 16)
    max_iterations: int = with_default(NetworkOptions, "max_iterations", 100_000)
    learning_rate: float = with_default(NetworkOptions, "learning_rate", 2e-4)
    min_labelled: float = with_default(NetworkOptions, "min_labelled", 0.05)
    elastic: float = with_default(NetworkOptions, "elastic", 0.0)
    gaussian_noise: float = with_default(NetworkOptions, "gaussian_noise", 0.0)
    poisson_noise: float = with_default(NetworkOptions, "poisson_noise", 0.0)

    channels: int = option(16, "dimension of the embedding", ge=1)
    base: Weights = option("", "weights to start from: fine-tuning", when="fit")
    labelled: float = option(1.0, "share of the objects that are labelled, at least one; in (0, 1]", when="fit", le=1)
    labelled_over: Over = option("image", "share of the objects of each image, or of all", when="fit")
    sparse: bool = option(
        True, "voxels of label 0 are unlabelled; false: they are background, a cluster like others", when="fit"
    )
    schedule: Schedule = option("cosine", "learning rate to 0 at the end, or lowered on a plateau", when="fit")
    first_view: tuple[Change, ...] = option((), "what is done to the values that the network sees", when="fit")
    second_view: tuple[Change, ...] = option(("blur",), "what is done to those that the twin sees")
    view_probability: float = option(1.0, "of blur and jitter; half of it of either noise", ge=0, le=1)
    blur_sigma: tuple[float, ...] = option((0.1, 2.0), "least and greatest width of the blur", unit="px", ge=0)
    jitter: float = option(0.4, "strength of the jitter of brightness, contrast and colour", ge=0, le=1)
    twin: bool = option(False, "predict with the twin too, from a second view of the image", when="run")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not 0 < self.labelled <= 1:
            raise ValueError(f"parameter 'labelled' is {self.labelled}; accepted: a number in (0, 1]")
        if self.labelled < 1 and not self.sparse:
            raise ValueError(
                f"labelled = {self.labelled} with sparse = false would learn unlabelled objects as background; "
                "accepted: sparse = true, or labelled = 1.0"
            )
        if self.base and self.weights:
            raise ValueError("base and weights; accepted: base to fine-tune, or weights to use as they are")
        if len(self.blur_sigma) != 2 or self.blur_sigma[0] > self.blur_sigma[1]:
            raise ValueError(f"parameter 'blur_sigma' is {list(self.blur_sigma)}; accepted: [least, greatest]")
        return self

    def network(self, *, ndim: int, in_channels: int) -> NetworkSpec:
        """Return the network for an image."""
        return self.shape(ndim=ndim, in_channels=in_channels, out_channels=self.channels)

    def view(self, changes: tuple[Change, ...]) -> View:
        """Return what is done to the values of a view."""
        low, high = self.blur_sigma
        return View(changes, (low, high), self.jitter, self.view_probability)

    def plan(self, *, ndim: int) -> TrainingPlan:
        """Return how to train on images of 2 or 3 dimensions."""
        views = Views(self.augmentation(ndim), self.view(self.first_view), self.view(self.second_view))
        return replace(super().plan(ndim=ndim), augmentation=views, schedule=self.schedule)
