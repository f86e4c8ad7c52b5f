"""The parameters of both StarDist stages, and the checks that need no library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import ParameterError
from harness.parameters import Parameter

AUGMENTERS = {"none": (), "xy": ("Y", "X"), "isotropic-3d": ("Z", "Y", "X")}
"""Axes that each augmenter permutes and flips."""


def network_parameters(ndim: int) -> tuple[Parameter, ...]:
    """Return the options that shape the network; 3D defaults are those of the published ovule models."""
    volume = ndim == 3
    common = (
        Parameter(
            "weights",
            "weights",
            "",
            "a trained model of this backbone, grid and rays (folder or zip: config.json, weights, thresholds.json)",
        ),
        Parameter("backbone", "str", "unet", "network", choices=("unet", "resnet") if volume else ("unet",)),
        Parameter("n_rays", "int", 96 if volume else 32, "directions of the star-convex shape", minimum=3),
        Parameter(
            "grid", "ints", (2, 4, 4) if volume else (2, 2), "subsampling of the prediction (powers of 2)", minimum=1
        ),
        Parameter("filters", "int", 32, "filters of the first level, doubled at each lower one", minimum=1),
        Parameter("depth", "int", 2 if volume else 3, "levels of the U-Net", minimum=1),
        Parameter("net_conv_after", "int", 128, "filters of the last convolution (0: none)", minimum=0),
    )
    if not volume:
        return common
    return (
        *common,
        Parameter("blocks", "int", 4, "blocks of the ResNet", minimum=1),
        Parameter("convs_per_block", "int", 3, "convolutions of each ResNet block", minimum=2),
        Parameter(
            "anisotropy",
            "floats",
            (),
            "relative extent of objects per axis, inverted; [] = from the truths",
            minimum=0.01,
        ),
    )


def training_parameters(ndim: int) -> tuple[Parameter, ...]:
    """Return the options of training and threshold search."""
    volume = ndim == 3
    return (
        Parameter("patch", "ints", (96,) * 3 if volume else (256, 256), "training patch", "px", minimum=1),
        Parameter("batch", "int", 8 if volume else 4, "patches a step", minimum=1),
        Parameter("steps_per_epoch", "int", 400 if volume else 100, "steps between validations", minimum=1),
        Parameter("epochs", "int", 1000 if volume else 400, "epochs", minimum=1),
        Parameter(
            "steps", "int", 0, "total budget, rounded up to whole epochs; 0 = steps_per_epoch x epochs", minimum=0
        ),
        Parameter(
            "learning_rate", "float", 3e-4, "of Adam; halved after `patience` epochs without progress", minimum=0.0
        ),
        Parameter("patience", "int", 40, "epochs without progress before the rate is halved", minimum=1),
        Parameter("foreground_only", "float", 0.9, "fraction of patches with foreground", minimum=0.0, maximum=1.0),
        Parameter("sample_cache", "bool", True, "keep the valid patch positions of each image in memory"),
        Parameter("val_patches", "int", 16 if volume else 0, "validation patches; 0 = one an image", minimum=0),
        Parameter(
            "augmenter",
            "str",
            "xy",
            "axes that are flipped and permuted, with random intensity",
            choices=("xy", "isotropic-3d", "none") if volume else ("xy", "none"),
        ),
        Parameter(
            "search", "int", 20, "iterations of the threshold search on validation examples; 0 = none", minimum=0
        ),
        Parameter(
            "search_nms", "floats", (0.3, 0.4, 0.5), "NMS thresholds that are searched", minimum=0.01, maximum=0.99
        ),
    )


def prediction_parameters() -> tuple[Parameter, ...]:
    """Return the options of prediction."""
    return (
        Parameter(
            "percentiles", "floats", (1.0, 99.8), "image percentiles mapped to 0 and 1", minimum=0.0, maximum=100.0
        ),
        Parameter("prob_threshold", "float", 0.0, "object probability; 0 = the model's own", minimum=0.0, maximum=1.0),
        Parameter("nms_threshold", "float", 0.0, "overlap of objects; 0 = the model's own", minimum=0.0, maximum=1.0),
        Parameter("tiles", "ints", (), "tiles per axis; [] = ceil(shape / (patch x batch^(1/axes)))", minimum=1),
    )


def check_options(options: Mapping[str, Any], axes: str, where: str) -> None:
    """Raise `ParameterError` for sizes that do not fit each other; `axes` is "YX" or "ZYX"."""
    ndim = len(axes)
    for name, optional in (("grid", False), ("patch", False), ("anisotropy", True), ("tiles", True)):
        values = options.get(name, ())
        if len(values) != ndim and not (optional and not values):
            raise ParameterError(
                f"{where}: '{name}' has {len(values)} numbers; accepted: {ndim}, one for each of {axes}"
            )
    for step in options["grid"]:
        if step & (step - 1):
            raise ParameterError(f"{where}: 'grid' {list(options['grid'])} holds {step}; accepted: powers of 2")
    _check_patch(options, axes, where)
    low_high = options["percentiles"]
    if len(low_high) != 2 or not low_high[0] < low_high[1]:
        raise ParameterError(f"{where}: 'percentiles' is {list(low_high)}; accepted: two increasing numbers")


def _check_patch(options: Mapping[str, Any], axes: str, where: str) -> None:
    patch = options["patch"]
    levels = 2 ** options["depth"] if options["backbone"] == "unet" else 1
    reason = f"2^depth x grid of the {options['backbone']}" if levels > 1 else "the grid"
    for axis, size, step in zip(axes, patch, options["grid"], strict=True):
        if size % (levels * step):
            raise ParameterError(
                f"{where}: 'patch' {list(patch)} has {size} along {axis}; accepted: "
                f"multiples of {levels * step} ({reason})"
            )
    mixed = {patch[axes.index(axis)] for axis in AUGMENTERS[options["augmenter"]]}
    if len(mixed) > 1:
        raise ParameterError(
            f"{where}: augmenter '{options['augmenter']}' exchanges axes of different patch sizes {sorted(mixed)}; "
            "accepted: equal sizes along them"
        )
