"""Which objects of a training set are labelled: a few, drawn at random, of each image or of the set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Over = Literal["image", "set"]


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """Label images with the labelled objects alone, the others 0; how many objects there are, and how many of them."""

    labels: list[np.ndarray]
    objects: int
    labelled: int


def sparse_labels(truths: Sequence[np.ndarray], ratio: float, over: Over, seed: int) -> Sparse:
    """Return truths (integer, 0 background) of which round(ratio n) of n objects are kept, at least one.

    Over "image" n counts the objects of each image by itself (none are kept of an image without any), over "set" those
    of all images. Objects stand in one random order for a seed, so that those of a small ratio are among those of a
    larger one.
    """
    rng = np.random.default_rng(seed)
    ids = [np.unique(truth[truth != 0]) for truth in truths]
    pairs = [(image, int(number)) for image, found in enumerate(ids) for number in found]
    groups = [pairs] if over == "set" else [[pair for pair in pairs if pair[0] == image] for image in range(len(ids))]
    chosen: set[tuple[int, int]] = set()
    for group in groups:
        count = min(len(group), max(1, round(ratio * len(group))))
        chosen.update(group[place] for place in rng.permutation(len(group))[:count])
    kept = [
        np.where(np.isin(truth, [number for image, number in chosen if image == place]), truth, 0)
        for place, truth in enumerate(truths)
    ]
    return Sparse([labels.astype(truth.dtype) for labels, truth in zip(kept, truths, strict=True)],
                  len(pairs), len(chosen))  # fmt: skip
