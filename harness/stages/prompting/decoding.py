"""From features and prompts to masks, whichever library holds the network.

Prompts are grouped by what they consist of, since a padded point is not the same as none; logits are brought to the
size of the image before they are cut at 0; poor and doubled masks are dropped by the rules of the automatic mode of
Segment Anything (doi:10.1109/ICCV51070.2023.00371).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np

from harness.errors import DataError
from harness.stages.prompting.layout import SamSpec
from harness.stages.prompting.pixels import fitted_shape
from harness.stages.values import Prompts

if TYPE_CHECKING:
    import torch

Kept = Literal["one", "best", "all"]
"""Masks of a prompt: the single output, the best of the several ones by predicted IoU, or all of these."""


class Decoded(NamedTuple):
    """Logits (prompts, masks, h, w) at the resolution of the decoder, and predicted IoU (prompts, masks)."""

    logits: torch.Tensor
    scores: torch.Tensor


class Network(Protocol):
    """A promptable network that some library holds; coordinates are (x, y) in the pixels of its input."""

    spec: SamSpec
    fingerprint: str

    def encode(self, image: np.ndarray) -> np.ndarray:
        """Return the features (channels, side, side) float32 of an input (3, size, size) float32."""

    def decode(
        self,
        features: torch.Tensor,
        points: torch.Tensor | None,
        labels: torch.Tensor | None,
        boxes: torch.Tensor | None,
        *,
        several: bool,
    ) -> Decoded:
        """Return what the decoder makes of prompts of one kind for the features of one image.

        points  float32 (prompts, points, 2), with `labels` int (prompts, points): 1 inside, 0 outside
        boxes   float32 (prompts, 4): x and y of the upper left, then of the lower right corner
        several whether the outputs for ambiguous prompts are asked for, not the single one
        """


@dataclass(frozen=True, slots=True)
class Rules:
    """Which masks are kept.

    kept            see `Kept`
    batch           prompts decoded at once
    least_score     the predicted IoU must be above
    least_stability how much of the mask at -offset the mask at +offset must hold, at least
    offset          of the logits
    nms             of two masks whose boxes overlap by more, the one of the better score stays; 1 keeps both
    """

    kept: Kept = "one"
    batch: int = 64
    least_score: float = 0.0
    least_stability: float = 0.0
    offset: float = 1.0
    nms: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Masks of one plane, bool (Y, X), the predicted IoU of each and the object it was asked for with."""

    masks: list[np.ndarray]
    scores: np.ndarray
    objects: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Prompts of one kind on one plane, in pixels of the image, in (x, y).

    objects  (prompts,) int64
    points   (prompts, points, 2) float64 with labels (prompts, points), None where there are none
    boxes    (prompts, 4) float64, None where there are none
    """

    objects: np.ndarray
    points: np.ndarray | None
    labels: np.ndarray | None
    boxes: np.ndarray | None


def require_inside(prompts: Prompts, where: str) -> None:
    """Raise `DataError` for a point or a box that leaves the image, naming its object."""
    shape = np.array(prompts.grid.shape, dtype=np.float64)
    outside = ((prompts.points < 0) | (prompts.points > shape)).any(axis=1)
    if outside.any():
        first = int(np.argmax(outside))
        what = f"point {prompts.points[first].tolist()} of object {prompts.point_objects[first]}"
        raise DataError(f"{where}: {what} lies outside of the image; accepted: 0 to {prompts.grid.shape}")
    over = ((prompts.boxes[:, 0] < 0) | (prompts.boxes[:, 1] > shape)).any(axis=1)
    if over.any():
        first = int(np.argmax(over))
        what = f"box {prompts.boxes[first].tolist()} of object {prompts.box_objects[first]}"
        raise DataError(f"{where}: {what} lies outside of the image; accepted: 0 to {prompts.grid.shape}")


def groups(prompts: Prompts, plane: int) -> Iterator[Group]:
    """Yield the prompts of a plane by kind: those with a box before those without, then by their number of points.

    An object has at most one prompt on a plane: its box, if it has one there, and all of its points.
    """
    boxes, points = _on_plane(prompts, plane)
    by_object: dict[int, tuple[list[int], list[int]]] = {}
    for index in boxes:
        by_object.setdefault(int(prompts.box_objects[index]), ([], []))[0].append(index)
    for index in points:
        by_object.setdefault(int(prompts.point_objects[index]), ([], []))[1].append(index)
    kinds: dict[tuple[int, int], list[int]] = {}
    for name, (own_boxes, own_points) in by_object.items():
        kinds.setdefault((-len(own_boxes[:1]), len(own_points)), []).append(name)
    for (has_box, count), names in sorted(kinds.items()):
        box_index = [by_object[name][0][0] for name in names] if has_box else []
        point_index = np.array([by_object[name][1] for name in names], dtype=np.int64).reshape(len(names), count)
        yield Group(
            np.array(names, dtype=np.int64),
            prompts.points[point_index][..., :-3:-1] if count else None,
            prompts.point_labels[point_index] if count else None,
            prompts.boxes[box_index][..., :-3:-1].reshape(-1, 4) if has_box else None,
        )


def _on_plane(prompts: Prompts, plane: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return the numbers of the boxes and of the points that lie on a plane."""
    if len(prompts.grid.shape) == 2:
        return range(len(prompts.boxes)), range(len(prompts.points))
    on_boxes = (prompts.boxes[:, 0, 0] <= plane) & (plane < prompts.boxes[:, 1, 0])
    on_points = np.floor(prompts.points[:, 0]) == plane
    return np.flatnonzero(on_boxes).tolist(), np.flatnonzero(on_points).tolist()


def decode_plane(
    network: Network, features: np.ndarray, prompts: Prompts, plane: int, rules: Rules, device: str
) -> Found:
    """Return the masks of the prompts on one plane.

    features  (channels, side, side) float32 of that plane
    """
    import torch

    shape = (prompts.grid.shape[-2], prompts.grid.shape[-1])
    found: list[tuple[np.ndarray, float, int]] = []
    tensor = torch.from_numpy(np.ascontiguousarray(features)).to(device)
    with torch.inference_mode():
        for group in groups(prompts, plane):
            for first in range(0, len(group.objects), rules.batch):
                part = slice(first, first + rules.batch)
                found += _decoded(network, tensor, group, part, shape, rules, device)
    objects = np.array([name for _, _, name in found], dtype=np.int64)
    scores = np.array([score for _, score, _ in found], dtype=np.float64)
    masks = [mask for mask, _, _ in found]
    order = _by_nms(masks, scores, rules.nms) if rules.nms < 1 else range(len(masks))
    return Found([masks[index] for index in order], scores[list(order)], objects[list(order)])


def _decoded(
    network: Network,
    features: torch.Tensor,
    group: Group,
    part: slice,
    shape: tuple[int, int],
    rules: Rules,
    device: str,
) -> list[tuple[np.ndarray, float, int]]:
    """Return mask, score and object of each mask of some prompts that is good enough."""
    import torch

    size = network.spec.image_size
    height, width = fitted_shape(shape, size)
    scale = np.array([width / shape[1], height / shape[0]])

    def placed(coordinates: np.ndarray | None, shift: float) -> torch.Tensor | None:
        """Pixels of the input; the network adds half a pixel, to points and to corners of boxes alike."""
        if coordinates is None:
            return None
        pairs = (coordinates[part].reshape(len(coordinates[part]), -1, 2) - shift) * scale
        return torch.from_numpy(pairs.astype(np.float32)).to(device)

    points, boxes = placed(group.points, 0.5), placed(group.boxes, 0.0)
    labels = None if group.labels is None else torch.from_numpy(group.labels[part]).to(device)
    encoded = network.decode(
        features, points, labels, None if boxes is None else boxes.reshape(-1, 4), several=rules.kept != "one"
    )
    logits, scores = encoded.logits.float(), encoded.scores.float()
    if rules.kept == "best":
        best = scores.argmax(dim=1, keepdim=True)
        scores = scores.gather(1, best)
        logits = logits.gather(1, best[..., None, None].expand(-1, -1, *logits.shape[-2:]))
    count = logits.shape[1]
    names = np.repeat(group.objects[part], count)
    logits, scores = enlarged(logits, size, (height, width), shape).flatten(0, 1), scores.flatten()
    keep = scores > rules.least_score if rules.least_score > 0 else torch.ones_like(scores, dtype=torch.bool)
    if rules.least_stability > 0:
        keep &= stability(logits, rules.offset) >= rules.least_stability
    numbers = torch.nonzero(keep).flatten().tolist()
    masks = (logits[keep] > 0).cpu().numpy()
    return [(mask, float(scores[number]), int(names[number])) for mask, number in zip(masks, numbers, strict=True)]


def enlarged(logits: torch.Tensor, size: int, fitted: tuple[int, int], shape: tuple[int, int]) -> torch.Tensor:
    """Return logits (prompts, masks, h, w) at the input's size, then without its padding, then at `shape`."""
    import torch.nn.functional as functional

    large = functional.interpolate(logits, (size, size), mode="bilinear", align_corners=False)
    large = large[..., : fitted[0], : fitted[1]]
    return functional.interpolate(large, shape, mode="bilinear", align_corners=False)


def stability(logits: torch.Tensor, offset: float) -> torch.Tensor:
    """Return for each mask (n, Y, X) the IoU of what lies above +offset and above -offset, NaN where nothing does."""
    inner, outer = ((logits > level).flatten(1).sum(dim=1) for level in (offset, -offset))
    return inner / outer


def _by_nms(masks: Sequence[np.ndarray], scores: np.ndarray, most: float) -> list[int]:
    """Return the numbers of the masks that stay, best score first: greedy, by the IoU of bounding boxes.

    The sides of a box are counted from its first to its last pixel, as `segment-anything` does: one pixel has no area.
    """
    boxes = np.array([_corners(mask) for mask in masks], dtype=np.float64).reshape(-1, 4)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    stays: list[int] = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        best, left = int(left[0]), left[1:]
        stays.append(best)
        low = np.maximum(boxes[best, :2], boxes[left, :2])
        high = np.minimum(boxes[best, 2:], boxes[left, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        union = areas[best] + areas[left] - common
        left = left[~(common > most * union)]
    return stays


def _corners(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return the first and the last row and column of a mask, (0, 0, 0, 0) for one without a pixel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return (0, 0, 0, 0)
    return (int(rows[0]), int(columns[0]), int(rows[-1]), int(columns[-1]))
