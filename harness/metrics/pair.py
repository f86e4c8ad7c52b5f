"""A pair: a truth and a prediction, with what is known of both, and the evidence that metrics read, made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from harness.metrics.band import banded_overlap
from harness.metrics.blocks import label_array, paired_blocks, read_block
from harness.metrics.confidences import Ranked, ranked
from harness.metrics.counts import Counts
from harness.metrics.geometry import PairGeometry, geometry
from harness.metrics.objects import ObjectTable, object_table_of
from harness.metrics.overlap import OverlapTable, overlap_table
from harness.metrics.positions import Centres, centres
from harness.metrics.spacing import checked_spacing
from harness.metrics.surfaces.evidence import Surfaces

Border = Literal["keep", "drop"]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two label images of one shape (any number of axes, any integer dtype or bool, 0 is background).

    truth, pred  NumPy arrays or what `overlap_table` reads block by block
    spacing_um   size of a voxel in micrometres, one number per axis; None where it is unknown
    ignore       an array of the same shape: voxels where it is not 0 are counted nowhere; None keeps all
    border       whether objects that touch the border of their image are kept, or are background in either image
    sparse       whether the truth holds only some of the objects, so that its 0 says nothing
    confidences  how sure a method is of each predicted object, by label; None where it does not say

    Each kind of evidence is an attribute that is made when it is first asked for. Not slotted for that reason.
    """

    truth: Any
    pred: Any
    spacing_um: Sequence[float] | None = None
    ignore: Any = None
    border: Border = "keep"
    sparse: bool = False
    confidences: Mapping[int, float] | None = None
    _counts: dict[Callable[[Any], Counts], Counts] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def overlap(self) -> OverlapTable:
        """The overlap table; raises `LabelError` for images that cannot be compared."""
        return overlap_table(self.truth, self.pred, ignore=self.ignore)

    @cached_property
    def geometry(self) -> PairGeometry:
        """Where the objects of both images lie; raises `LabelError` for images that cannot be read."""
        images = ((self.truth, "truth"), (self.pred, "prediction"))
        return PairGeometry(*(geometry(image, name=name, ignore=self.ignore) for image, name in images))

    @cached_property
    def objects(self) -> ObjectTable:
        """What became of each object; raises `LabelError` for images that cannot be compared."""
        return object_table_of(self.overlap, self.geometry)

    @cached_property
    def surfaces(self) -> Surfaces:
        """The surfaces of objects; raises `LabelError` for images that are not 2D or 3D, and a wrong spacing."""
        truth, pred = self.images
        spacing = checked_spacing(self.spacing_um, truth.ndim)
        return Surfaces(truth, pred, self.ignored, spacing, self.overlap, lambda: self.geometry)

    @cached_property
    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """Truth and prediction in memory as they are compared: what is ignored is 0 in both.

        Each keeps its shape and dtype; where nothing is ignored they are the given arrays.
        """
        paired_blocks(self.truth, self.pred, ignore=self.ignore)
        truth, pred = (_in_memory(image, name) for image, name in ((self.truth, "truth"), (self.pred, "prediction")))
        return _blanked(truth, self.ignored), _blanked(pred, self.ignored)

    @cached_property
    def ignored(self) -> np.ndarray | None:
        """Which voxels are counted nowhere, bool of the images' shape; None if all are compared."""
        return None if self.ignore is None else np.asarray(_in_memory(self.ignore, "the ignore mask") != 0)

    @cached_property
    def ranked(self) -> Ranked:
        """The overlap table with the confidences; raises `LabelError` where they are not those of its objects."""
        everything = self.overlap if self.ignore is None else overlap_table(self.truth, self.pred)
        return ranked(self.overlap, self.confidences, everything.pred_ids)

    @cached_property
    def banded(self) -> OverlapTable:
        """The overlap table of a truth without CREMI's border band; raises `LabelError` without the size of a voxel."""
        return banded_overlap(self.truth, self.pred, self.spacing_um, self.ignore)

    @cached_property
    def centres(self) -> Centres:
        """Where the centres of objects lie; raises `LabelError` without the size of a voxel."""
        return centres(self.geometry, self.spacing_um)

    def counted(self, counts: Callable[[Any], Counts], needs: str) -> Counts:
        """Return what a function counts in the evidence named `needs`; each function is asked once a pair."""
        if counts not in self._counts:
            self._counts[counts] = counts(getattr(self, needs))
        return self._counts[counts]


def _in_memory(image: Any, name: str) -> np.ndarray:
    """Return an image as a NumPy array, whatever holds it."""
    image = label_array(image, name)
    return read_block(image, tuple(slice(0, int(extent)) for extent in image.shape), name)


def _blanked(image: np.ndarray, ignored: np.ndarray | None) -> np.ndarray:
    """Return an image in which what is ignored is 0."""
    return image if ignored is None else np.where(ignored, image.dtype.type(0), image)
