"""Training a StarDist model with the library and searching its thresholds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.stages.contract import Context
from harness.stages.stardist.augment import make_augmenter
from harness.stages.stardist.options import AUGMENTERS, StarDistOptions, VolumeOptions
from harness.stages.stardist.weights import LIBRARY_THRESHOLDS

NO_MATCH = "no threshold gives a match on the validation examples"
Pair = tuple[np.ndarray, np.ndarray]
"""A normalised float32 (Z)YXC image and its int32 (Z)YX labels; pixels of label -1 are not taught."""


def budget(options: StarDistOptions) -> tuple[int, int]:
    """Return (epochs, steps an epoch); a total budget is cut into epochs and rounded up to whole ones."""
    if not options.steps:
        return options.epochs, options.steps_per_epoch
    per_epoch = min(options.steps_per_epoch, options.steps)
    return math.ceil(options.steps / per_epoch), per_epoch


def anisotropy(options: VolumeOptions, labels: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Return the given anisotropy, else max(median extents) / median extents over all label images with objects."""
    from stardist import calculate_extents

    if options.anisotropy:
        return tuple(options.anisotropy)
    extents = np.asarray(calculate_extents([image for image in labels if image.any()]))
    return tuple(float(value) for value in extents.max() / extents)


def require_patch_fits(pairs: Sequence[Pair], patch: Sequence[int], multiples: Sequence[int], where: str) -> None:
    """Raise `DataError` if an image is smaller than the training patch, naming the largest patch that fits all."""
    smallest = [min(labels.shape[axis] for _, labels in pairs) for axis in range(len(patch))]
    if any(size < wanted for size, wanted in zip(smallest, patch, strict=True)):
        largest = [size // step * step for size, step in zip(smallest, multiples, strict=True)]
        raise DataError(
            f"{where}: 'patch' {list(patch)} is larger than the smallest image sides {smallest}; "
            f"accepted: at most {largest}"
        )


def network_config(options: StarDistOptions, channels: int, extents: tuple[float, ...]) -> Any:
    """Return the library's configuration; `extents` is the anisotropy, empty for 2D."""
    from stardist.models import Config2D, Config3D

    epochs, per_epoch = budget(options)
    common = {
        "n_channel_in": channels,
        "grid": tuple(options.grid),
        "backbone": options.backbone,
        f"net_conv_after_{options.backbone}": options.net_conv_after,
        f"{options.backbone}_n_filter_base": options.filters,
        "train_patch_size": tuple(options.patch),
        "train_batch_size": options.batch,
        "train_epochs": epochs,
        "train_steps_per_epoch": per_epoch,
        "train_learning_rate": options.learning_rate,
        "train_foreground_only": options.foreground_only,
        "train_sample_cache": options.sample_cache,
        "train_n_val_patches": options.val_patches or None,
        "train_reduce_lr": {"factor": 0.5, "patience": options.patience, "min_delta": 0, "verbose": 0},
        "train_tensorboard": False,
        "train_checkpoint_last": None,
        "train_checkpoint_epoch": None,
    }
    if options.backbone == "unet":
        common["unet_n_depth"] = options.depth
    elif isinstance(options, VolumeOptions):
        common |= {"resnet_n_blocks": options.blocks, "resnet_n_conv_per_block": options.convs_per_block}
    if extents:
        return Config3D(rays=options.n_rays, anisotropy=extents, **common)
    return Config2D(n_rays=options.n_rays, **common)


def train(
    model: Any, training: Sequence[Pair], validation: Sequence[Pair], options: StarDistOptions, context: Context
) -> dict[str, list[float]]:
    """Train the library's model in place, best checkpoint kept, and return the loss per epoch.

    Without validation examples the schedule and the choice of the checkpoint follow patches of the training examples.
    """
    import keras

    axes = "ZYX" if len(options.patch) == 3 else "YX"
    augmenter = make_augmenter([axes.index(axis) for axis in AUGMENTERS[options.augmenter]], context.seed)
    watched = [mirrored(pair, options.patch) for pair in validation] or training
    model.prepare_for_training()

    def tell(epoch: int, logs: Mapping[str, float]) -> None:
        context.log(f"epoch {epoch + 1}: loss {logs['loss']:.4f}, validation loss {logs['val_loss']:.4f}")

    model.callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=tell))
    history = model.train(
        [image for image, _ in training],
        [labels for _, labels in training],
        validation_data=([image for image, _ in watched], [labels for _, labels in watched]),
        augmenter=augmenter,
    )
    return {name: [float(value) for value in history.history[name]] for name in ("loss", "val_loss")}


def mirrored(pair: Pair, patch: Sequence[int]) -> Pair:
    """Return the image and its labels, mirrored at the far border of every axis that is shorter than the patch."""
    image, labels = pair
    missing = [(0, max(side - size, 0)) for size, side in zip(labels.shape, patch, strict=True)]
    return np.pad(image, [*missing, (0, 0)], mode="symmetric"), np.pad(labels, missing, mode="symmetric")


def search_thresholds(model: Any, validation: Sequence[Pair], options: StarDistOptions) -> dict[str, Any]:
    """Set the model's thresholds and return them with where they come from.

    For each NMS threshold the probability between half and all of the highest prediction that gives the best mean
    accuracy at IoU 0.3, 0.5, 0.7 is found by golden section (`stardist.utils.optimize_threshold`). Without validation
    objects, or where nothing matches, the library's defaults hold. Pixels that are not taught are background.
    """
    from stardist.utils import optimize_threshold

    seen = [(image, np.maximum(labels, 0)) for image, labels in validation]
    usable = [(image, labels) for image, labels in seen if labels.any()]
    best, prob, nms = 0.0, LIBRARY_THRESHOLDS["prob"], LIBRARY_THRESHOLDS["nms"]
    if not options.search or not usable:
        reason = "no validation example has an object" if options.search else "not searched"
    else:
        tiles = [tile_counts(labels.shape, options.tiles, options.patch, options.batch) for _, labels in usable]
        maps = [
            model.predict(image, n_tiles=(*count, 1), show_tile_progress=False)
            for (image, _), count in zip(usable, tiles, strict=True)
        ]
        top = max(float(prediction[0].max()) for prediction in maps)
        truths = [labels for _, labels in usable]
        for candidate in options.search_nms:
            found, value = optimize_threshold(
                truths, maps, model=model, nms_thresh=candidate, maxiter=options.search, verbose=0
            )
            if value > best:
                best, prob, nms = float(value), float(np.clip(found, top / 2, top)), float(candidate)
        reason = "" if best else NO_MATCH
    source = f"library defaults: {reason}" if reason else f"searched on {len(usable)} validation examples"
    model.thresholds = {"prob": prob, "nms": nms}
    return {"prob": prob, "nms": nms, "source": source, "accuracy": best}


def tile_counts(shape: Sequence[int], given: Sequence[int], patch: Sequence[int], batch: int) -> tuple[int, ...]:
    """Return the tiles per axis: those given, else ceil(shape / (patch x batch^(1/axes))).

    >>> tile_counts((300, 900), (), (256, 256), 4)
    (1, 2)
    """
    if given:
        return tuple(given)
    grown = batch ** (1 / len(shape))
    return tuple(math.ceil(size / (side * grown)) for size, side in zip(shape, patch, strict=True))


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object, sorted and indented."""
    path.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")
