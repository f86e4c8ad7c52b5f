"""The parameters of both StarDist stages, and the checks that need no library."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from harness.parameters import StageOptions, Weights, option, with_default

AUGMENTERS = {"none": (), "xy": ("Y", "X"), "isotropic-3d": ("Z", "Y", "X")}
"""Axes that each augmenter permutes and flips."""


class NetworkOptions(StageOptions):
    """What the network is."""

    weights: Weights = option(
        "", "a trained model of this backbone, grid and rays (folder or zip: config.json, weights, thresholds.json)"
    )
    backbone: Literal["unet", "resnet"] = option("unet", "network")
    n_rays: int = option(32, "directions of the star-convex shape", ge=3)
    grid: tuple[int, ...] = option((2, 2), "subsampling of the prediction (powers of 2)", ge=1)
    filters: int = option(32, "filters of the first level, doubled at each lower one", ge=1)
    depth: int = option(3, "levels of the U-Net", ge=1)
    net_conv_after: int = option(128, "filters of the last convolution (0: none)", ge=0)


class VolumeNetworkOptions(NetworkOptions):
    """What a network for volumes is besides."""

    blocks: int = option(4, "blocks of the ResNet", ge=1)
    convs_per_block: int = option(3, "convolutions of each ResNet block", ge=2)
    anisotropy: tuple[float, ...] = option(
        (), "relative extent of objects per axis, inverted; [] = from the truths", ge=0.01
    )


class TrainingOptions(StageOptions):
    """How it is trained, and how its thresholds are found."""

    patch: tuple[int, ...] = option((256, 256), "training patch", unit="px", when="fit", ge=1)
    batch: int = option(4, "patches a step", when="fit", ge=1)
    steps_per_epoch: int = option(100, "steps between validations", when="fit", ge=1)
    epochs: int = option(400, "epochs", when="fit", ge=1)
    steps: int = option(0, "total budget, rounded up to whole epochs; 0 = steps_per_epoch x epochs", when="fit", ge=0)
    learning_rate: float = option(3e-4, "of Adam; halved after `patience` epochs without progress", when="fit", ge=0.0)
    patience: int = option(40, "epochs without progress before the rate is halved", when="fit", ge=1)
    foreground_only: float = option(0.9, "fraction of patches with foreground", when="fit", ge=0.0, le=1.0)
    sample_cache: bool = option(True, "keep the valid patch positions of each image in memory", when="fit")
    val_patches: int = option(0, "validation patches; 0 = one an image", when="fit", ge=0)
    augmenter: Literal["xy", "isotropic-3d", "none"] = option(
        "xy", "axes that are flipped and permuted, with random intensity", when="fit"
    )
    search: int = option(20, "iterations of the threshold search on validation examples; 0 = none", when="fit", ge=0)
    search_nms: tuple[float, ...] = option(
        (0.3, 0.4, 0.5), "NMS thresholds that are searched", when="fit", ge=0.01, le=0.99
    )


class PredictionOptions(StageOptions):
    """How objects are found."""

    percentiles: tuple[float, ...] = option((1.0, 99.8), "image percentiles mapped to 0 and 1", ge=0.0, le=100.0)
    prob_threshold: float = option(0.0, "object probability; 0 = the model's own", when="run", ge=0.0, le=1.0)
    nms_threshold: float = option(0.0, "overlap of objects; 0 = the model's own", when="run", ge=0.0, le=1.0)
    tiles: tuple[int, ...] = option((), "tiles per axis; [] = ceil(shape / (patch x batch^(1/axes)))", ge=1)


class StarDistOptions(PredictionOptions, TrainingOptions, NetworkOptions):
    """The parameters of both stages with the defaults for planes."""

    axes: ClassVar[str]

    @model_validator(mode="after")
    def _fit_each_other(self) -> Self:
        for name, optional in (("grid", False), ("patch", False), ("anisotropy", True), ("tiles", True)):
            values = self[name] if name in type(self).model_fields else ()
            if len(values) != len(self.axes) and not (optional and not values):
                raise ValueError(
                    f"'{name}' has {len(values)} numbers; accepted: {len(self.axes)}, one for each of {self.axes}"
                )
        for step in self.grid:
            if step & (step - 1):
                raise ValueError(f"'grid' {list(self.grid)} holds {step}; accepted: powers of 2")
        self._check_patch()
        if len(self.percentiles) != 2 or not self.percentiles[0] < self.percentiles[1]:
            raise ValueError(f"'percentiles' is {list(self.percentiles)}; accepted: two increasing numbers")
        return self

    def _check_patch(self) -> None:
        levels = 2**self.depth if self.backbone == "unet" else 1
        reason = f"2^depth x grid of the {self.backbone}" if levels > 1 else "the grid"
        for axis, size, step in zip(self.axes, self.patch, self.grid, strict=True):
            if size % (levels * step):
                raise ValueError(
                    f"'patch' {list(self.patch)} has {size} along {axis}; accepted: "
                    f"multiples of {levels * step} ({reason})"
                )
        mixed = {self.patch[self.axes.index(axis)] for axis in AUGMENTERS[self.augmenter]}
        if len(mixed) > 1:
            raise ValueError(
                f"augmenter '{self.augmenter}' exchanges axes of different patch sizes {sorted(mixed)}; "
                "accepted: equal sizes along them"
            )


class PlaneOptions(StarDistOptions):
    """The parameters for planes."""

    axes = "YX"
    backbone: Literal["unet"] = with_default(StarDistOptions, "backbone", "unet")
    augmenter: Literal["xy", "none"] = with_default(StarDistOptions, "augmenter", "xy")


class VolumeOptions(StarDistOptions, VolumeNetworkOptions):
    """The parameters for volumes; defaults are those of the published ovule models."""

    axes = "ZYX"
    n_rays: int = with_default(StarDistOptions, "n_rays", 96)
    grid: tuple[int, ...] = with_default(StarDistOptions, "grid", (2, 4, 4))
    depth: int = with_default(StarDistOptions, "depth", 2)
    patch: tuple[int, ...] = with_default(StarDistOptions, "patch", (96, 96, 96))
    batch: int = with_default(StarDistOptions, "batch", 8)
    steps_per_epoch: int = with_default(StarDistOptions, "steps_per_epoch", 400)
    epochs: int = with_default(StarDistOptions, "epochs", 1000)
    val_patches: int = with_default(StarDistOptions, "val_patches", 16)
