"""Tissue without gaps, as in a gastrula: nuclei in cells, membranes with holes, light that falls off with depth.

As a volume (ZYX) with the planes in which nobody would trust an annotation, and as a video of one plane (the first axis
is time) in which cells drift, come in and leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.datasets.phantoms.painting import Objects, consecutive, paint, place
from harness.datasets.phantoms.parameters import FlowParameters, TissueParameters
from harness.datasets.phantoms.surface import smooth_noise

HOLE = 0.1
"""Share of its light that a membrane has where it is open."""
_JITTER = 0.25
_WANDER = 0.25
"""How far a nucleus lies from the middle of its column at most, as a share of the column."""
_STRAIGHT = 0.6
"""Share of the drift that all cells have in common; the rest turns around the middle of the plane."""


def settle(
    parameters: TissueParameters, spacing: Sequence[float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return cells and nuclei (uint16 or uint32, ZYX): every voxel is of a cell, a nucleus has the id of its cell.

    Cells are columns: they are placed in a space that is compressed along Z. A nucleus lies anywhere along its column.
    """
    columns = [spacing[0] / parameters.tall, *spacing[1:]]
    sites = place(parameters, columns, rng)
    extent = np.asarray(parameters.shape) * columns
    cells = paint(_everywhere(sites, float(np.linalg.norm(extent))), parameters.shape, columns)
    centres = sites.centres_um * (parameters.tall, 1, 1)
    centres[:, 0] += parameters.tall * sites.pitch_um * rng.uniform(-_WANDER, _WANDER, len(centres))
    centres[:, 0] = np.clip(centres[:, 0], 0, parameters.shape[0] * spacing[0])
    nuclei = paint(replace(sites, centres_um=centres), parameters.shape, spacing)
    nuclei[nuclei != cells] = 0
    kept = np.unique(cells)
    table = np.zeros(int(kept.max()) + 1, dtype=cells.dtype)
    table[kept] = np.arange(1, len(kept) + 1)
    return table[cells], table[nuclei]


def depth_of_light(planes: int, deep: float) -> np.ndarray:
    """Return the share of light in each plane (float32): 1 in the first, `deep` in the last, falling exponentially."""
    return np.asarray(deep ** (np.arange(planes) / max(planes - 1, 1)), dtype=np.float32)


def with_holes(
    walls: np.ndarray, share: float, length: float, steps: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Return the light (float32) of walls that are open on a share of their area, in holes of about a length."""
    noise = smooth_noise(walls.shape, steps, length, rng)
    closed = noise <= np.quantile(noise, 1 - share)
    return np.asarray(walls * np.where(closed, 1, HOLE), dtype=np.float32)


def unreliable_planes(shape: Sequence[int], reliable: float) -> np.ndarray:
    """Return 1 (uint16, ZYX) in the planes behind a share of the depth, at least in the last one."""
    mask = np.zeros(tuple(shape), dtype=np.uint16)
    mask[min(round(reliable * shape[0]), shape[0] - 1) :] = 1
    return mask


def flow(parameters: FlowParameters, rng: np.random.Generator) -> np.ndarray:
    """Return cells of a plane that drift (uint16 or uint32, TYX), each with one id in all frames; no pixel is 0.

    Sites of cells lie on a jittered lattice that reaches past the frame, so that cells come in and leave.
    """
    frames, height, width = parameters.shape
    margin = parameters.pitch_px + parameters.drift_px * frames
    starts = [np.arange(-margin, side + margin, parameters.pitch_px) for side in (height, width)]
    down, across = (grid.ravel() for grid in np.meshgrid(*starts, indexing="ij"))
    sites = np.stack([down, across], axis=1)
    sites += parameters.pitch_px * rng.uniform(-_JITTER, _JITTER, sites.shape)
    heading = rng.uniform(0, 2 * np.pi)
    straight = _STRAIGHT * parameters.drift_px * np.array([np.sin(heading), np.cos(heading)])
    turn = (1 - _STRAIGHT) * parameters.drift_px / max(height, width) * 2
    middle = np.array([height / 2, width / 2])
    rows, columns = np.indices((height, width), dtype=np.float32) + np.float32(0.5)
    cells = np.zeros(parameters.shape, dtype=np.uint16 if len(sites) < 1 << 16 else np.uint32)
    for frame in cells:
        apart = sites - middle
        near = (np.abs(apart) <= middle + 2 * parameters.pitch_px).all(axis=1)
        frame[:] = _nearest(sites, near, rows, columns)
        sites = sites + straight + turn * apart[:, ::-1] * (1, -1)
        sites += rng.normal(0, parameters.wander_px, sites.shape)
    return consecutive(cells)


def _nearest(sites: np.ndarray, near: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the number, from 1, of the site nearest to each pixel, among those that are near the frame."""
    numbers = np.flatnonzero(near) if near.any() else np.arange(len(sites))
    best = np.full(rows.shape, np.inf, dtype=np.float32)
    found = np.zeros(rows.shape, dtype=np.int64)
    for number in numbers:
        y, x = sites[number].astype(np.float32)
        distance = (rows - y) ** 2 + (columns - x) ** 2
        closer = distance < best
        best[closer] = distance[closer]
        found[closer] = number + 1
    return found


def _everywhere(objects: Objects, reach: float) -> Objects:
    return replace(objects, semi_axes_um=np.full_like(objects.semi_axes_um, reach))
