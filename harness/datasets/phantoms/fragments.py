"""Videos of fragments in a round well: they move, touch, fade for some frames, and cross above each other.

The first axis is time. A fragment has one id in all frames. Masks of single frames, as a segmenter of frames would
give them, have other ids in every frame and lack fragments that have faded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.datasets.phantoms.painting import consecutive
from harness.datasets.phantoms.parameters import VideoParameters
from harness.datasets.phantoms.rosette import ellipse

FRAGMENTS = 12
LONGEST_FADE = 2
"""Frames that a fragment is gone at most at a time."""
_WELL = 0.44
"""Radius of the well over the shorter side of a frame."""
_RING = 3.0
_BRIGHT = 150.0


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """Fragments as they lie (labels), as a segmenter of frames sees them (masks), and their light by channel."""

    labels: np.ndarray
    masks: np.ndarray
    light: dict[str, np.ndarray]


def film(parameters: VideoParameters, rng: np.random.Generator) -> Video:
    """Return a video: labels and masks uint16 (T, Y, X), light float32 by channel "red", "green", "blue"."""
    frames, height, width = parameters.shape
    count = max(1, FRAGMENTS if parameters.objects is None else parameters.objects)
    size = float(min(height, width))
    centre = np.array([height / 2, width / 2])
    paths = _paths(parameters, count, frames, size * _WELL - _RING, rng) + centre
    angles = rng.uniform(0, np.pi, count)[:, None] + np.cumsum(rng.normal(0, 0.08, (count, frames)), axis=1)
    lengths = parameters.radius_px * rng.uniform(0.8, 1.2, count)
    widths = lengths * rng.uniform(0.5, 0.75, count)
    faded = _fades(parameters.missing, count, frames, rng)
    labels = np.zeros(parameters.shape, dtype=np.uint16)
    seen = np.zeros(parameters.shape, dtype=bool)
    for frame in range(frames):
        for number in range(count):
            where = paths[number, frame], float(angles[number, frame])
            inside = ellipse((height, width), *where, float(lengths[number]), float(widths[number]))
            labels[frame][inside] = number + 1
            seen[frame][inside] = not faded[number, frame]
    if not labels.any():
        labels[0, height // 2, width // 2] = 1
    if not (labels[seen] > 0).any():
        seen |= labels > 0
    labels = consecutive(labels)
    return Video(labels, _masks(labels, seen, rng), _light(labels, seen, size * _WELL, rng))


def _paths(parameters: VideoParameters, count: int, frames: int, reach: float, rng: np.random.Generator) -> np.ndarray:
    """Return where fragments are, (count, frames, 2) in pixels from the centre of the well.

    Most wander and turn back at the wall. Of each crossing two go straight through one point of the well, which they
    reach in the same frame.
    """
    radii = reach * 0.8 * np.sqrt(rng.uniform(0.05, 1, count))
    turns = 2.399963 * np.arange(count) + rng.uniform(0, 2 * np.pi)
    places = np.stack([radii * np.sin(turns), radii * np.cos(turns)], axis=1)
    paths = np.zeros((count, frames, 2))
    heading = rng.uniform(0, 2 * np.pi, count)
    for frame in range(frames):
        paths[:, frame] = places
        heading += rng.normal(0, 0.35, count)
        moved = places + parameters.step_px * np.stack([np.sin(heading), np.cos(heading)], axis=1)
        away = np.linalg.norm(moved, axis=1) > max(reach - parameters.radius_px, 1.0)
        heading[away] = np.arctan2(-places[away, 0], -places[away, 1])
        places = np.where(away[:, None], places, moved)
    for crossing in range(min(parameters.crossings, count // 2)):
        where = rng.uniform(-0.3, 0.3, 2) * reach
        first = rng.uniform(0, 2 * np.pi)
        for number, angle in ((2 * crossing, first), (2 * crossing + 1, first + np.pi / 2)):
            times = np.arange(frames)[:, None] - frames / 2
            way = parameters.step_px * times * np.array([np.sin(angle), np.cos(angle)])
            limit = max(reach - parameters.radius_px, 1.0)
            straight = where + way
            paths[number] = (
                straight * np.minimum(1, limit / np.maximum(np.linalg.norm(straight, axis=1), 1e-6))[:, None]
            )
    return paths


def _fades(share: float, count: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return in which frames (bool, (count, frames)) each fragment has faded: runs of some frames, not in the first."""
    faded = np.zeros((count, frames), dtype=bool)
    for fragment in faded:
        for _ in range(4 * frames):
            if fragment.sum() >= share * frames or frames < LONGEST_FADE + 2:
                break
            start = int(rng.integers(1, frames - LONGEST_FADE))
            fragment[start : start + int(rng.integers(1, LONGEST_FADE + 1))] = True
    return faded


def _masks(labels: np.ndarray, seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the fragments seen in each frame, numbered from 1 in an order of the frame's own."""
    masks = np.zeros(labels.shape, dtype=np.uint16)
    for frame, visible in enumerate(np.where(seen, labels, 0)):
        ids = np.unique(visible[visible > 0])
        numbers = np.zeros(int(labels.max()) + 1, dtype=np.uint16)
        numbers[ids] = rng.permutation(len(ids)) + 1
        masks[frame] = numbers[visible]
    return masks


def _light(labels: np.ndarray, seen: np.ndarray, radius: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return bright wells with dark fragments, a darker ring, and light that falls off to one side."""
    frames, height, width = labels.shape
    down, right = np.indices((height, width), dtype=np.float32)
    apart = np.hypot(down + 0.5 - height / 2, right + 0.5 - width / 2)
    slope = 1 + 0.25 * ((right / max(width - 1, 1)) - 0.5) + 0.15 * ((down / max(height - 1, 1)) - 0.5)
    still = np.where(apart <= radius, _BRIGHT, 0.75 * _BRIGHT) * slope
    still = np.where(np.abs(apart - radius) <= _RING / 2, 0.35 * _BRIGHT, still).astype(np.float32)
    shade = rng.uniform(0.35, 0.5, int(labels.max()) + 1).astype(np.float32)
    dark = np.where(seen, shade[labels], np.float32(0.97))
    dark = np.where(labels > 0, dark, np.float32(1))
    red = still[None] * dark
    return {"red": red, "green": still[None] * (0.5 + 0.5 * dark), "blue": np.repeat(0.6 * still[None], frames, axis=0)}
