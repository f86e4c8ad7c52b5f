"""What trainable stages check of images and truths before a library sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.slots import TRUTH


def channels_first(volume: Volume, where: str) -> np.ndarray:
    """Return the image as float32 with axes C(Z)YX (one channel where the volume has no C axis).

    Raises `DataError` for an empty image and for values that are not finite; `where` begins the message.
    """
    array = volume.array
    if array.size == 0:
        raise DataError(f"{where}: the image is empty (shape {array.shape}, axes {volume.axes})")
    if array.dtype.kind == "f":
        bad = int(array.size - np.isfinite(array).sum())
        if bad:
            raise DataError(
                f"{where}: {bad} of {array.size} image values are NaN or infinite; accepted: finite numbers"
            )
    array = np.moveaxis(array, volume.axes.index("C"), 0) if "C" in volume.axes else array[np.newaxis]
    return np.ascontiguousarray(array, dtype=np.float32)


def consecutive(labels: np.ndarray) -> np.ndarray:
    """Return the labels as int32 with ids 1 … n in the order of the old ids; 0 stays 0."""
    ids, inverse = np.unique(labels, return_inverse=True)
    numbers = np.arange(len(ids), dtype=np.int32) + (0 if len(ids) and ids[0] == 0 else 1)
    return np.asarray(numbers[inverse].reshape(labels.shape))


def training_pairs(
    examples: Sequence[Example], where: str, *, target: str = TRUTH, with_ignored: bool = False
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return one (image, labels) pair per example: float32 C(Z)YX and int32 (Z)YX with consecutive ids.

    `target` is the slot that is learnt. What is to be ignored is background, and objects end there; a stage whose loss
    can leave voxels out takes the labels `with_ignored`, as they stand, and the masks of `ignored_masks`.

    Raises `DataError` for images that are not finite, images and truths of different shapes, and examples that
    differ in their number of channels.
    """
    pairs = []
    masks = ignored_masks(examples, where)
    for number, (example, mask) in enumerate(zip(examples, masks, strict=True), start=1):
        place = f"{where}: example {number}"
        image = channels_first(example.inputs["image"], place)
        labels = example.targets[target].array
        truth = consecutive(labels if with_ignored else without(labels, mask))
        if image.shape[1:] != truth.shape:
            raise DataError(f"{place}: the image has shape {image.shape[1:]} and its truth {truth.shape}")
        pairs.append((image, truth))
    counts = sorted({len(image) for image, _ in pairs})
    if len(counts) > 1:
        raise DataError(
            f"{where}: the examples have {', '.join(map(str, counts))} channels; accepted: one number for all"
        )
    return pairs


def ignored_masks(examples: Sequence[Example], where: str) -> list[np.ndarray | None]:
    """Return where each example is not to be taught, bool (Z)YX, None where it is everywhere.

    Raises `DataError` for a mask of another shape than the targets, and for one that leaves nothing to teach.
    """
    masks: list[np.ndarray | None] = []
    for number, example in enumerate(examples, start=1):
        if example.ignored is None:
            masks.append(None)
            continue
        mask = np.asarray(example.ignored.array != 0)
        shapes = {volume.grid.shape for volume in example.targets.values()}
        if shapes != {mask.shape}:
            found = ", ".join(map(str, sorted(shapes)))
            raise DataError(f"{where}: example {number}: the ignore mask has shape {mask.shape} and its truth {found}")
        if mask.all():
            raise DataError(f"{where}: example {number}: every voxel is to be ignored; accepted: some that are not")
        masks.append(mask if mask.any() else None)
    return masks


def without(labels: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Return labels that are 0 where a mask holds; the labels themselves without one."""
    return labels if mask is None else np.where(mask, labels.dtype.type(0), labels)


def found_nothing(sign: str, losses: Sequence[float], steps: int) -> str:
    """Return the line that says that a training found nothing: by what sign, how the loss went, and the likely cause.

    >>> found_nothing("no object on 2 validation examples", (2.0, 1.5), 8)
    'found nothing: no object on 2 validation examples; loss 2 -> 1.5 in 8 steps; likely cause: too few steps'
    """
    curve = f"loss {losses[0]:.4g} -> {losses[-1]:.4g} in {steps} steps" if losses else f"{steps} steps"
    falls = len(losses) > 1 and losses[-1] < 0.95 * losses[0]
    cause = "too few steps" if falls or len(losses) < 2 else "a learning rate that does not suit, or too few steps"
    return f"found nothing: {sign}; {curve}; likely cause: {cause}"


def require_objects(pairs: Sequence[tuple[np.ndarray, np.ndarray]], where: str) -> None:
    """Raise `DataError` unless at least one truth has an object."""
    if not pairs:
        raise DataError(f"{where}: no training examples; accepted: one or more")
    if not any(truth.any() for _, truth in pairs):
        raise DataError(f"{where}: no foreground: the truths of all {len(pairs)} examples are 0 everywhere")
