"""What a promptable network is trained on: an image at the size of its input, prompts of some objects, their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.stages.prompting.outlines import Outline, outlines
from harness.stages.prompting.pixels import fitted_shape, network_input


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPlane:
    """An image, uint8 (Y, X, 3), and its objects, integers (Y, X), 0 is background."""

    rgb: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, slots=True)
class Sampling:
    """How prompts are drawn.

    objects    of an image at most so many are asked for
    box_share  of the images ask with boxes, the others with points
    jitter     deviation of each side of a box, as a share of the box's extent, below 1/4; it moves at most twice as far
    negatives  points in other objects, up to so many
    patch      edge of a random crop in pixels; 0 takes images whole
    """

    objects: int = 8
    box_share: float = 0.5
    jitter: float = 0.05
    negatives: int = 1
    patch: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One training image. Coordinates are (x, y) in pixels of the input; the network adds half a pixel.

    image    float32 (3, size, size)
    fitted   height and width of the part of the input that the image takes
    boxes    float32 (objects, 4), None where points ask
    points   float32 (objects, points, 2) with labels int64 (objects, points), None where boxes ask
    several  whether the outputs for ambiguous prompts are trained
    masks    bool (objects, height, width)
    """

    image: np.ndarray
    fitted: tuple[int, int]
    boxes: np.ndarray | None
    points: np.ndarray | None
    labels: np.ndarray | None
    several: bool
    masks: np.ndarray


def draw(planes: Sequence[LabelledPlane], sampling: Sampling, size: int, rng: np.random.Generator) -> Drawn:
    """Return a training image: a plane, cropped, turned and mirrored at random, with prompts of some of its objects."""
    plane = planes[int(rng.integers(len(planes)))]
    rgb, labels = _cropped(plane, sampling.patch, rng)
    turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    rgb, labels = np.rot90(rgb, turns), np.rot90(labels, turns)
    if mirrored:
        rgb, labels = rgb[:, ::-1], labels[:, ::-1]
    found = outlines(labels)
    chosen = [int(index) for index in rng.permutation(len(found))[: sampling.objects]]
    return prepared(np.ascontiguousarray(rgb), labels, found, chosen, sampling, size, rng)


def prepared(
    rgb: np.ndarray,
    labels: np.ndarray,
    found: Sequence[Outline],
    chosen: Sequence[int],
    sampling: Sampling,
    size: int,
    rng: np.random.Generator,
) -> Drawn:
    """Return the input, the drawn prompts and the masks of the chosen objects of one image."""
    height, width = fitted_shape((labels.shape[0], labels.shape[1]), size)
    scale = np.array([width / labels.shape[1], height / labels.shape[0]])
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip((height, width), labels.shape, strict=True)
    )
    small = labels[rows[:, np.newaxis], columns]
    masks = np.stack([small == found[index].id for index in chosen])
    image = network_input(rgb, size)
    if rng.random() < sampling.box_share:
        boxes = np.stack([_jittered(found[index], sampling.jitter, labels.shape, rng) for index in chosen])
        placed = (boxes.reshape(-1, 2, 2) * scale).reshape(-1, 4).astype(np.float32)
        return Drawn(image, (height, width), placed, None, None, several=False, masks=masks)
    negatives = int(rng.integers(sampling.negatives + 1)) if len(found) > 1 else 0
    points, kinds = [], []
    for index in chosen:
        others = [found[other] for other in range(len(found)) if other != index]
        outside = [others[int(rng.integers(len(others)))].drawn(1, rng)[0] for _ in range(negatives)]
        points.append([found[index].drawn(1, rng)[0], *outside])
        kinds.append([1, *([0] * negatives)])
    moved = ((np.array(points)[..., ::-1] - 0.5) * scale).astype(np.float32)
    several = negatives == 0 and bool(rng.integers(2))
    return Drawn(image, (height, width), None, moved, np.array(kinds, dtype=np.int64), several=several, masks=masks)


def _cropped(plane: LabelledPlane, patch: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a random crop that holds a pixel of an object, or the whole plane."""
    shape = plane.labels.shape
    if not patch or max(shape) <= patch:
        return plane.rgb, plane.labels
    pixels = np.argwhere(plane.labels)
    centre = pixels[int(rng.integers(len(pixels)))]
    place = []
    for middle, length in zip(centre, shape, strict=True):
        edge = min(patch, length)
        first = int(rng.integers(max(middle - edge + 1, 0), min(middle, length - edge) + 1))
        place.append(slice(first, first + edge))
    return plane.rgb[tuple(place)], plane.labels[tuple(place)]


def _jittered(outline: Outline, jitter: float, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return the box (x, y, x, y) of an object with each side moved at random, within the image.

    It is not empty: a side moves by less than half of the extent.
    """
    extent = outline.high - outline.low
    moves = np.clip(rng.normal(0, 1, (2, 2)), -2, 2) * jitter * extent
    low = np.maximum(outline.low + moves[0], 0)
    high = np.minimum(outline.high + moves[1], shape)
    return np.concatenate([low[::-1], high[::-1]])
