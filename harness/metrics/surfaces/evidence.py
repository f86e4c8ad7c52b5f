"""Surfaces of a pair of label images: distances between those of all objects, and between those of matched objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from harness.errors import LabelError
from harness.metrics.geometry import PairGeometry
from harness.metrics.overlap import OverlapTable
from harness.metrics.surfaces.elements import Elements
from harness.metrics.surfaces.profile import BothWays, Profile
from harness.metrics.surfaces.search import Apply, Mask, Search, Weighted
from harness.threads import usable_cores

Unit = Literal["um", "px"]
Scope = Literal["foreground", "matched"]
MOST_THREADS = 4
T = TypeVar("T")
Masks = tuple[Mask, Mask, "np.ndarray | None"]


@dataclass(frozen=True, eq=False)
class Bands:
    """Voxels of objects near their border, for each of r pairs of masks: in either and in both, (r,) float64."""

    truth: np.ndarray
    pred: np.ndarray
    both: np.ndarray


@dataclass(frozen=True, eq=False)
class Surfaces:
    """The surfaces of a truth and a prediction, 2D or 3D; each kind of distance is measured once, when asked for.

    truth, pred  label images in memory, of one shape; 0 is background
    ignored      bool, of their shape: elements with a voxel here are none; None for no such voxel
    spacing_um   size of a voxel in micrometres, one number per axis; None where it is unknown
    overlap      the overlap table of the images
    geometry     the boxes of their objects

    "foreground" is one pair of masks, the voxels that are not 0. "matched" are the pairs of a truth and a predicted
    object with an IoU above one half (exactly compared, so partners are unique), each measured as if there were no
    other. Surfaces are those of a mask alone: an object has one where it touches another, and at the border of the
    image. Raises `LabelError` for images with other than two or three axes.
    """

    truth: np.ndarray
    pred: np.ndarray
    ignored: np.ndarray | None
    spacing_um: tuple[float, ...] | None
    overlap: OverlapTable
    geometry: Callable[[], PairGeometry]
    _measured: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.truth.ndim not in (2, 3):
            raise LabelError(f"surfaces are those of 2D and 3D images; found the shape {self.truth.shape}")

    def distances(self, scope: Scope, elements: Elements, unit: Unit = "um") -> BothWays:
        """Return the distances between the surfaces of each pair of masks.

        `unit` "px" measures in voxels, whatever their size. Raises `LabelError` for "um" where the size of a voxel is
        unknown, and for "px" where it is known.
        """
        return self._once((scope, elements, unit), lambda: self._distances(scope, elements, self._spacing(unit)))

    def bands(self, scope: Scope, width: float, unit: Unit = "um") -> Bands:
        """Count the voxels of each pair of masks that are nearer than a width to the border voxels of their own mask.

        Raises what `distances` raises.
        """
        return self._once((scope, "band", width, unit), lambda: self._bands(scope, width, self._spacing(unit)))

    @cached_property
    def matches(self) -> tuple[np.ndarray, np.ndarray]:
        """Truth and predicted labels of the matched pairs, each (m,) uint64."""
        pairs = self.overlap.objects.candidates(0.5)
        hits = 2 * pairs.counts > pairs.unions
        return self.overlap.truth_ids[pairs.rows[hits]], self.overlap.pred_ids[pairs.cols[hits]]

    def _spacing(self, unit: Unit) -> tuple[float, ...]:
        if unit == "px" and self.spacing_um is not None:
            size = " x ".join(f"{step:g}" for step in self.spacing_um)
            raise LabelError(
                f"a tolerance in pixels where a voxel is known to be {size} um; accepted: a tolerance in micrometres, "
                "as in 'nsd.surfels.2um'"
            )
        if unit == "px":
            return (1.0,) * self.truth.ndim
        if self.spacing_um is None:
            raise LabelError(
                "surfaces are measured in micrometres, and the size of a voxel is unknown; accepted: --spacing Z Y X "
                "(`spacing_um`), 1 for each axis to measure in voxels, or a tolerance in pixels as in 'nsd.surfels.2px'"
            )
        return self.spacing_um

    def _distances(self, scope: Scope, elements: Elements, spacing: tuple[float, ...]) -> BothWays:
        search = Search(elements, spacing)

        def measured(masks: Masks, apply: Apply = map) -> tuple[Weighted, Weighted]:
            return search.both_ways(*masks, apply=apply)

        with _threads() as apply:
            found = (
                [measured(self._foreground, apply)] if scope == "foreground" else list(apply(measured, self._matched))
            )
        return BothWays(Profile.of([one for one, _ in found]), Profile.of([two for _, two in found]))

    def _bands(self, scope: Scope, width: float, spacing: tuple[float, ...]) -> Bands:
        search = Search("voxels", spacing)

        def counted(masks: Masks, apply: Apply = map) -> tuple[int, int, int]:
            truth, pred = apply(lambda mask: search.band(mask, width), masks[:2])
            if masks[2] is not None:
                truth, pred = truth & ~masks[2], pred & ~masks[2]
            return np.count_nonzero(truth), np.count_nonzero(pred), np.count_nonzero(truth & pred)

        with _threads() as apply:
            found = [counted(self._foreground, apply)] if scope == "foreground" else list(apply(counted, self._matched))
        return Bands(*np.array(found, np.float64).reshape(-1, 3).T)

    @cached_property
    def _foreground(self) -> Masks:
        return Mask(self.truth), Mask(self.pred), self.ignored

    @cached_property
    def _matched(self) -> list[Masks]:
        """The masks of each matched pair, in the box that holds both of its objects.

        Elements lie between voxels: with ignored voxels the box also has those beside the objects.
        """
        geometry = self.geometry()
        truth_ids, pred_ids = self.matches
        one, two = np.searchsorted(geometry.truth.ids, truth_ids), np.searchsorted(geometry.pred.ids, pred_ids)
        beside = 0 if self.ignored is None else 1
        low = np.maximum(np.minimum(geometry.truth.low[one], geometry.pred.low[two]) - beside, 0)
        high = np.minimum(np.maximum(geometry.truth.high[one], geometry.pred.high[two]) + beside, self.truth.shape)

        def masks_of(index: int) -> Masks:
            box = tuple(slice(*bounds) for bounds in zip(low[index], high[index], strict=True))
            masks = Mask(self.truth[box], int(truth_ids[index])), Mask(self.pred[box], int(pred_ids[index]))
            return *masks, None if self.ignored is None else self.ignored[box]

        return [masks_of(index) for index in range(truth_ids.size)]

    def _once(self, key: tuple[Any, ...], measure: Callable[[], T]) -> T:
        if key not in self._measured:
            self._measured[key] = measure()
        found: T = self._measured[key]
        return found


@contextmanager
def _threads() -> Iterator[Apply]:
    threads = min(usable_cores(), MOST_THREADS)
    if threads == 1:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map
