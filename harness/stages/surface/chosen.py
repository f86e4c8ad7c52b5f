"""Which channels, volumes and labels a network learns from: the columns of a table of actin models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from harness.errors import DataError, nearest
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.slots import TRUTH

Order = Literal["alternate", "random"]


def with_channels(image: Volume, names: Sequence[str], where: str) -> Volume:
    """Return an image of the named channels in that order, the image itself where none is named.

    Raises `DataError` for a channel that the image does not have.
    """
    if not names:
        return image
    for name in names:
        if name not in image.channels:
            raise DataError(f"{where}: the image has no channel '{name}'{nearest(name, image.channels)}")
    array = np.stack([image.channel(name) if "C" in image.axes else image.array for name in names])
    return Volume(array, "C" + image.grid.axes, image.spacing_um, tuple(names))


def by_label(
    examples: Sequence[Example], slots: Sequence[str], channels: Sequence[str], where: str, *, ignores: str = ""
) -> list[Example]:
    """Return an example for each image and each slot of labels, in turns: the first image with all its labels first.

    What an example has to be ignored stays so; voxels where the slot `ignores` is not 0 are ignored, too.
    """
    return [
        Example(
            {"image": with_channels(example.inputs["image"], channels, where)},
            {TRUTH: example.targets[slot]},
            _ignored(example, ignores),
        )
        for example in examples
        for slot in slots
    ]


def _ignored(example: Example, slot: str) -> Volume | None:
    """Return where an example is not to be taught: what it says itself, and where the mask of a slot is not 0."""
    if not slot:
        return example.ignored
    mask = example.targets[slot]
    if example.ignored is None:
        return mask
    return Volume(((mask.array != 0) | (example.ignored.array != 0)).astype(np.uint8), mask.axes, mask.spacing_um)


def ordered(examples: Sequence[Example], order: Order, seed: int) -> list[Example]:
    """Return examples as they stand, or in a seeded random order that begins with the first of them."""
    if order == "alternate" or not examples:
        return list(examples)
    rest = np.random.default_rng(seed).permutation(len(examples) - 1) + 1
    return [examples[0], *(examples[int(number)] for number in rest)]
