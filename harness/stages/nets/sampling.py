"""Where training patches come from: volumes held in memory once, patches that are views of them, batches made ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product, repeat
from typing import Any, Literal, TypeVar

import numpy as np

from harness.errors import DataError
from harness.stages.nets.compute import standardised

Sampling = Literal["strided", "random"]
FILTER_SEED = 47
ATTEMPTS = 1000
"""Draws after which a random patch is taken as it is."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingVolume:
    """A standardised image (C, (Z) Y X) float32 and its labels ((Z) Y X) integer, 0 is background.

    Several label images of one grid are stacked in front: (L, (Z) Y X). Voxels where `ignored`, bool ((Z) Y X), holds
    are not taught; None where all are.
    """

    image: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The spatial shape."""
        return self.image.shape[1:]

    def labels_at(self, place: tuple[slice, ...]) -> np.ndarray:
        """Return a view of the labels of a patch."""
        index: tuple[Any, ...] = (..., *place)
        return np.asarray(self.labels[index])

    def ignored_at(self, place: tuple[slice, ...]) -> np.ndarray:
        """Return which voxels of a patch are not taught, bool ((Z) Y X)."""
        if self.ignored is None:
            return np.zeros([part.stop - part.start for part in place], bool)
        return np.asarray(self.ignored[place])

    def taught_at(self, place: tuple[slice, ...]) -> np.ndarray:
        """Return the labels of a patch, 0 where they are not taught."""
        labels = self.labels_at(place)
        return labels if self.ignored is None else np.where(self.ignored_at(place), labels.dtype.type(0), labels)


def training_volumes(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    plane_wise: bool,
    masks: Iterable[np.ndarray | None] = repeat(None),
) -> list[TrainingVolume]:
    """Return images (C(Z)YX, standardised here) and labels ((Z)YX) as volumes, or as their planes.

    `masks` has one a pair: where it holds, bool (Z)YX, voxels are not taught; planes without any other are left out.
    """
    volumes: list[TrainingVolume] = []
    for (image, labels), mask in zip(pairs, masks, strict=False):
        image = standardised(image)
        if plane_wise and labels.ndim == 3:
            own = [None] * len(labels) if mask is None else list(mask)
            volumes += [
                TrainingVolume(image[:, plane], labels[plane], ignored)
                for plane, ignored in enumerate(own)
                if ignored is None or not ignored.all()
            ]
        else:
            volumes.append(TrainingVolume(image, labels, mask))
    return volumes


def require_patch(patch: Sequence[int], volumes: Sequence[TrainingVolume], where: str) -> None:
    """Raise `DataError` for a patch that does not fit into every volume: the record would name it all the same."""
    smallest = [min(sizes) for sizes in zip(*(volume.shape for volume in volumes), strict=True)]
    if any(side < wanted for side, wanted in zip(smallest, patch, strict=True)):
        raise DataError(
            f"{where}: 'patch' {list(patch)} is larger than the smallest image sides {smallest}; "
            f"accepted: at most {smallest}"
        )


@dataclass(frozen=True, slots=True)
class PatchFilter:
    """Keep a patch whose labelled fraction is above `fraction`; keep the others with probability `keep`."""

    fraction: float = 0.01
    keep: float = 0.01

    def accepts(self, labels: np.ndarray, rng: np.random.Generator) -> bool:
        """Return whether to train on a patch with these labels; draws from `rng` only for poor patches."""
        return np.count_nonzero(labels) > self.fraction * labels.size or bool(rng.random() < self.keep)


class Patches:
    """Training patches by number: the n-th patch depends on the seed and on n, on nothing that happened before.

    `sampling` "strided" walks through all accepted positions of a grid, shuffled anew for every epoch; "random" draws a
    uniform position for each patch.
    """

    def __init__(
        self,
        volumes: Sequence[TrainingVolume],
        *,
        patch: Sequence[int],
        stride: Sequence[int],
        sampling: Sampling,
        accept: PatchFilter,
        seed: int,
    ) -> None:
        self._volumes = volumes
        self._patch = tuple(patch)
        self._accept = accept
        self._seed = seed
        self.has_ignored = any(volume.ignored is not None for volume in volumes)
        self._stacked = bool(volumes) and volumes[0].labels.ndim > len(volumes[0].shape)
        self._positions: list[tuple[int, tuple[slice, ...]]] = []
        if sampling == "strided":
            rng = np.random.default_rng(FILTER_SEED)
            for number, volume in enumerate(volumes):
                for place in strided_places(volume.shape, self._patch, stride):
                    if accept.accepts(volume.taught_at(place), rng):
                        self._positions.append((number, place))
            if not self._positions:
                raise DataError(
                    f"no patch of {self._patch} pixels is labelled on more than {accept.fraction:.0%} of its pixels"
                )
        choices = [np.prod([n - p + 1 for n, p in zip(v.shape, patch, strict=True)]) for v in volumes]
        self._weights = np.array(choices, dtype=np.float64) / sum(choices)

    @property
    def epoch(self) -> int:
        """How many patches make an epoch; 0 where patches are drawn at random."""
        return len(self._positions)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
        """Return views of the image and labels of a patch and the generator for its augmentation.

        Where some volume has voxels that are not taught, a last label image is 1 in them: `split_ignored` takes it off.
        """
        rng = np.random.default_rng([self._seed, index])
        number, place = self._shuffled(index) if self._positions else self._drawn(rng)
        volume = self._volumes[number]
        labels = volume.labels_at(place)
        if self.has_ignored:
            ignored = volume.ignored_at(place)
            labels = np.concatenate([labels.reshape(-1, *ignored.shape), ignored[np.newaxis].astype(labels.dtype)])
        return volume.image[:, *place], labels, rng

    def split_ignored(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels of an item as its volume has them, and which of its voxels are taught, bool ((Z) Y X)."""
        return labels[:-1] if self._stacked else labels[0], labels[-1] == 0

    def _shuffled(self, index: int) -> tuple[int, tuple[slice, ...]]:
        epoch, position = divmod(index, len(self._positions))
        order = np.random.default_rng([self._seed, FILTER_SEED, epoch]).permutation(len(self._positions))
        return self._positions[int(order[position])]

    def _drawn(self, rng: np.random.Generator) -> tuple[int, tuple[slice, ...]]:
        for _ in range(ATTEMPTS):
            number = int(rng.choice(len(self._volumes), p=self._weights))
            shape = self._volumes[number].shape
            corner = [int(rng.integers(n - p + 1)) for n, p in zip(shape, self._patch, strict=True)]
            place = tuple(slice(first, first + size) for first, size in zip(corner, self._patch, strict=True))
            if self._accept.accepts(self._volumes[number].taught_at(place), rng):
                break
        return number, place


def strided_places(shape: Sequence[int], patch: Sequence[int], stride: Sequence[int]) -> list[tuple[slice, ...]]:
    """Return the patches of a grid, the last one of each axis flush with the end; patches must fit into the shape."""
    starts = [
        sorted({*range(0, length - size + 1, step), length - size})
        for length, size, step in zip(shape, patch, stride, strict=True)
    ]
    return [
        tuple(slice(first, first + size) for first, size in zip(corner, patch, strict=True))
        for corner in product(*starts)
    ]


def made_ahead(make: Callable[[int], Item], count: int, *, workers: int) -> Iterator[Item]:
    """Yield `make(0)`, `make(1)`, … `make(count - 1)` in order, computed by background threads a little ahead."""
    ahead = 2 * workers
    waiting: deque[Future[Item]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="patches")
    try:
        for number in range(count):
            waiting.append(pool.submit(make, number))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
