"""The geometry of phantoms: centres on a jittered lattice, and the voxels of each object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.datasets.phantoms.parameters import PhantomParameters
from harness.errors import DataError

_JITTER = 0.22


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Ellipsoids: centres and semi-axes (n x ndim, micrometres), ids from 1, and the radius that sets their weight.

    `pitch_um` is the largest distance of neighbouring sites of their lattice.
    """

    centres_um: np.ndarray
    semi_axes_um: np.ndarray
    ids: np.ndarray
    radii_um: np.ndarray
    pitch_um: float


def place(parameters: PhantomParameters, spacing: Sequence[float], rng: np.random.Generator) -> Objects:
    """Return objects at random sites of a jittered lattice that fills the volume.

    Raises `DataError` if more objects are asked for than the lattice has sites.
    """
    extent = np.asarray(parameters.shape) * np.asarray(spacing)
    pitch = parameters.diameter_um / parameters.crowding
    sites = np.maximum(1, np.floor(extent / pitch + 0.5)).astype(int)
    total = int(np.prod(sites, dtype=np.int64))
    wanted = max(1, round(parameters.density * total)) if parameters.objects is None else parameters.objects
    if wanted > total:
        raise DataError(
            f"phantom: {wanted} objects asked for, but {total} sites of {pitch:.3g} um fit into "
            f"{' x '.join(f'{size:.4g}' for size in extent)} um; ask for fewer, or a smaller diameter_um"
        )
    chosen = np.sort(rng.permutation(total)[:wanted])
    index = np.stack(np.unravel_index(chosen, tuple(sites)), axis=1)
    step = extent / sites
    jitter = rng.uniform(-_JITTER, _JITTER, (wanted, len(extent)))
    centres = (index + 0.5 + jitter) * step
    spread = parameters.variation
    radii = parameters.diameter_um / 2 * rng.uniform(1 - spread, 1 + spread, wanted)
    stretch = rng.uniform(1 - spread, 1 + spread, (wanted, len(extent)))
    return Objects(centres, radii[:, None] * stretch, np.arange(1, wanted + 1), radii, float(step.max()))


def paint(
    objects: Objects, shape: tuple[int, ...], spacing: Sequence[float], *, keep: np.ndarray | None = None
) -> np.ndarray:
    """Return the label image (uint16, or uint32 from 65536 objects on) of objects clipped to their power cells.

    `keep` masks objects that shall be seen; the others claim their space and leave it 0. Labels are the objects' ids.
    """
    steps = np.asarray(spacing)
    count = len(objects.ids)
    labels = np.zeros(shape, dtype=np.uint16 if count < 1 << 16 else np.uint32)
    nearest = np.full(shape, np.inf, dtype=np.float32)
    for centre, semi, name, radius in zip(
        objects.centres_um, objects.semi_axes_um, objects.ids, objects.radii_um, strict=True
    ):
        low = np.maximum(0, np.floor((centre - semi) / steps)).astype(int)
        high = np.minimum(shape, np.ceil((centre + semi) / steps) + 1).astype(int)
        box = tuple(slice(start, stop) for start, stop in zip(low, high, strict=True))
        offsets = [
            ((np.arange(start, stop) + 0.5) * step - middle).astype(np.float32)
            for start, stop, step, middle in zip(low, high, steps, centre, strict=True)
        ]
        power = _sum_of_squares(offsets) - np.float32(radius**2)
        scaled = [offset / np.float32(length) for offset, length in zip(offsets, semi, strict=True)]
        mine = (_sum_of_squares(scaled) <= 1) & (power < nearest[box])
        labels[box][mine] = name
        nearest[box][mine] = power[mine]
    _mark_centres(labels, objects, steps)
    if keep is not None:
        visible = np.concatenate([[0], np.where(keep, objects.ids, 0)]).astype(labels.dtype)
        labels = visible[labels]
    return labels


def consecutive(labels: np.ndarray) -> np.ndarray:
    """Return labels renumbered 1, 2, … in the order of their ids, in the same dtype."""
    present = np.bincount(labels.reshape(-1), minlength=1) > 0
    present[0] = False
    table = np.cumsum(present).astype(labels.dtype)
    table[~present] = 0
    return np.asarray(table[labels])


def find_walls(cells: np.ndarray) -> np.ndarray:
    """Return the mask (bool) of voxels with another label next to them, on either side of the wall."""
    walls = np.zeros(cells.shape, dtype=bool)
    for axis in range(cells.ndim):
        before = tuple(slice(None, -1) if index == axis else slice(None) for index in range(cells.ndim))
        after = tuple(slice(1, None) if index == axis else slice(None) for index in range(cells.ndim))
        differ = cells[before] != cells[after]
        walls[before] |= differ
        walls[after] |= differ
    return walls


def _mark_centres(labels: np.ndarray, objects: Objects, steps: np.ndarray) -> None:
    """Give each object the voxel of its centre, so that none is lost on a grid coarser than itself."""
    voxel = np.minimum((objects.centres_um / steps).astype(int), np.asarray(labels.shape) - 1)
    for place_of, name in zip(voxel, objects.ids, strict=True):
        where = tuple(int(part) for part in place_of)
        if labels[where] == 0:
            labels[where] = name


def _sum_of_squares(offsets: Sequence[np.ndarray]) -> np.ndarray:
    total = np.zeros((1,) * len(offsets), dtype=np.float32)
    for axis, offset in enumerate(offsets):
        total = total + (offset**2).reshape([-1 if index == axis else 1 for index in range(len(offsets))])
    return total
