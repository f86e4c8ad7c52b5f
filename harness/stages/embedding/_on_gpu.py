"""Searches for modes and core distances by products of matrices, for a GPU. Importing this module imports torch.

Everything is looked at: nothing is thinned, no cells are made. Distances come from products, so they round otherwise
than those of the compiled loops. Products are in float32, not in TF32.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_PAIRS = 2**28
"""Distances that lie in memory at once: 1 GB."""


def grid_seeds(vectors: np.ndarray, edge: float, least: int, device: str) -> np.ndarray:
    """Return the centres of the grid's cells that hold at least so many vectors (float32), the fullest first.

    They and their order are those of `modes.grid_seeds`.
    """
    with torch.inference_mode():
        # A number of the host would be divided by as a product with its inverse, which rounds otherwise.
        width = torch.full((), edge, dtype=torch.float32, device=device)
        cells = torch.round(torch.as_tensor(vectors, device=device) / width)
        # Equal rows by their lowest numbers, channel by channel: a pair of numbers below 2^31 is one number of 64 bits.
        number = torch.zeros(len(cells), dtype=torch.int64, device=device)
        for column in cells.T:
            _, value = torch.unique(column, return_inverse=True)
            _, number = torch.unique(number * len(cells) + value, return_inverse=True)
        counts = torch.bincount(number)
        if int((counts >= least).sum()) == len(cells):
            return vectors
        places = torch.arange(len(cells), device=device)
        first = torch.full_like(counts, len(cells)).scatter_reduce_(0, number, places, reduce="amin")
        first = first[counts >= least].sort().values
        fullest = counts[number[first]].sort(descending=True, stable=True).indices
        seeds: np.ndarray = (cells[first[fullest]] * width).cpu().numpy()
        return seeds


def climbed(
    vectors: np.ndarray,
    seeds: np.ndarray,
    radius: float,
    most: int,
    device: str,
    *,
    modes: np.ndarray | None = None,
    stop: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where searches end (float32, n x channels), how many vectors lie in their last windows (int64), and which
    of them came within `stop` of one of the modes (bool), which ends them.

    A search ends where its mean moves by at most a thousandth of the radius or after `most` + 1 windows; an empty
    window counts 0.
    """
    with _exact():
        every = torch.as_tensor(vectors, device=device)
        counted = torch.nn.functional.pad(every, (0, 1), value=1.0)
        known = None if modes is None or not len(modes) else torch.as_tensor(modes, device=device)
        points = torch.tensor(seeds, device=device)
        counts = torch.zeros(len(seeds), dtype=torch.int64, device=device)
        reached = torch.zeros(len(seeds), dtype=torch.bool, device=device)
        step = max(1, _PAIRS // max(1, len(vectors)))
        left = torch.arange(len(seeds), device=device)
        for _ in range(most + 1):
            if known is not None:
                near = (_squared(points[left], known) <= stop * stop).any(dim=1)
                reached[left[near]] = True
                left = left[~near]
            if not len(left):
                break
            moving = []
            for part in torch.split(left, step):
                sums = _within(points[part], every, radius) @ counted
                counts[part] = sums[:, -1].to(torch.int64)
                means = sums[:, :-1] / sums[:, -1:].clamp(min=1.0)
                found = counts[part] > 0
                moved = torch.linalg.vector_norm(means - points[part], dim=1)
                points[part[found]] = means[found]
                moving.append(part[found & (moved > 1e-3 * radius)])
            left = torch.cat(moving)
        return points.cpu().numpy(), counts.cpu().numpy(), reached.cpu().numpy()


def nearest_neighbours(vectors: np.ndarray, neighbours: int, device: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distance of each vector to its n-th nearest other (float32), and the n (int32), in order."""
    core = np.empty(len(vectors), dtype=np.float32)
    near = np.empty((len(vectors), neighbours), dtype=np.int32)
    with _exact():
        every = torch.as_tensor(vectors, device=device)
        for part in torch.split(torch.arange(len(vectors), device=device), max(1, _PAIRS // len(vectors))):
            away = _squared(every[part], every)
            away[torch.arange(len(part), device=device), part] = torch.inf
            found = torch.topk(away, neighbours, dim=1, largest=False, sorted=True)
            place = part.cpu().numpy()
            core[place] = found.values[:, -1].cpu().numpy()
            near[place] = found.indices.cpu().numpy()
    return core, near


def nearest_of(vectors: np.ndarray, centres: np.ndarray, device: str) -> np.ndarray:
    """Return for each vector (float32, n x channels) the number (int64) of the nearest centre."""
    with _exact():
        every, known = torch.as_tensor(vectors, device=device), torch.as_tensor(centres, device=device)
        step = max(1, _PAIRS // len(centres))
        found = torch.cat([_squared(part, known).argmin(dim=1) for part in torch.split(every, step)])
        numbers: np.ndarray = found.cpu().numpy()
        return numbers


def _within(points: torch.Tensor, vectors: torch.Tensor, radius: float) -> torch.Tensor:
    """Return 1 where a vector (m x channels) lies within the radius of a point (n x channels), else 0: n x m, float32.

    In one product and one comparison in place: what is read and written of n x m numbers is what the time goes into.
    """
    lengths = vectors.square().sum(dim=1)
    away = torch.addmm(lengths[None], points, vectors.T, alpha=-2.0)
    return away.le_(radius * radius - points.square().sum(dim=1)[:, None])


def _squared(points: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Return the squared distances of points (n x channels) to vectors (m x channels), n x m, none below 0."""
    lengths = vectors.square().sum(dim=1)
    away = torch.addmm(lengths[None], points, vectors.T, alpha=-2.0)
    return away.add_(points.square().sum(dim=1)[:, None]).clamp_(min=0.0)


@contextmanager
def _exact() -> Iterator[None]:
    """Multiply in float32: TF32 would round distances to three digits."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
