"""A pair: a truth and a prediction, with what is known of both, and the evidence that metrics read, made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from harness.errors import LabelError
from harness.metrics.band import banded_overlap
from harness.metrics.blocks import label_array, paired_blocks, read_block, where_label
from harness.metrics.border import border_labels, without
from harness.metrics.confidences import Ranked, ranked
from harness.metrics.counts import Counts
from harness.metrics.geometry import PairGeometry, geometry
from harness.metrics.map_pairs import Maps
from harness.metrics.objects import ObjectTable, object_table_of
from harness.metrics.overlap import OverlapTable, overlap_table
from harness.metrics.positions import Centres, Neighbours, centres
from harness.metrics.spacing import checked_spacing
from harness.metrics.surfaces.evidence import Surfaces
from harness.metrics.traces import Traces, traces
from harness.metrics.tracks import Frames, frames_of

Border = Literal["keep", "drop"]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two label images of one shape (any number of axes, any integer dtype or bool, 0 is background).

    truth, pred  NumPy arrays or what `overlap_table` reads block by block
    spacing_um   size of a voxel in micrometres, one number per axis; None where it is unknown
    ignore       an array of the same shape: voxels where it is not 0 are counted nowhere; or a whole number: voxels
                 with this label of the truth are counted nowhere; None keeps all
    border       whether objects that touch the border of their image are kept, or are background in either image
    border_px    how many voxels wide the border is that objects must not touch
    sparse       whether the truth holds only some of the objects, so that its 0 says nothing
    confidences  how sure a method is of each predicted object, by label; None where it does not say
    reals        truth and prediction as maps of real numbers, where `truth` and `pred` are those above a threshold
    count        what makes the overlap table of both: a function as `overlap_table` is one

    Each kind of evidence is an attribute that is made when it is first asked for. Not slotted for that reason.
    Raises `LabelError` for a border that is neither kept nor dropped.
    """

    truth: Any
    pred: Any
    spacing_um: Sequence[float] | None = None
    ignore: Any = None
    border: Border = "keep"
    border_px: int = 1
    sparse: bool = False
    confidences: Mapping[int, float] | None = None
    reals: tuple[np.ndarray, np.ndarray] | None = None
    count: Callable[..., OverlapTable] = overlap_table
    _counts: dict[Callable[[Any], Counts], Counts] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.border not in ("keep", "drop"):
            raise LabelError(f"border is {self.border!r}; accepted: 'keep' or 'drop'")

    @cached_property
    def overlap(self) -> OverlapTable:
        """The overlap table; raises `LabelError` for images that cannot be compared."""
        table = self.count(self.truth, self.pred, ignore=self.ignore)
        return table if self.border == "keep" else without(table, *self.at_border)

    @cached_property
    def at_border(self) -> tuple[np.ndarray, np.ndarray]:
        """The labels of truth and of prediction that touch the border of their image, each (n,) ascending.

        What is ignored counts here: a cell is cut by the border of the image whatever is ignored of it.
        """
        truth, pred = (label_array(image, name) for image, name in ((self.truth, "truth"), (self.pred, "prediction")))
        return border_labels(truth, self.border_px, "truth"), border_labels(pred, self.border_px, "prediction")

    @cached_property
    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """Truth and prediction in memory as they are compared: what is ignored, and what is dropped, is 0 in both.

        Each keeps its shape and dtype; where nothing is ignored or dropped they are the given arrays. Evidence beyond
        the overlap table is to be read from these.
        """
        paired_blocks(self.truth, self.pred, ignore=self.ignore)
        truth, pred = (_in_memory(image, name) for image, name in ((self.truth, "truth"), (self.pred, "prediction")))
        none = np.zeros(0, np.uint8)
        of_truth, of_pred = self.at_border if self.border == "drop" else (none, none)
        return _blanked(truth, of_truth, self.ignored), _blanked(pred, of_pred, self.ignored)

    @cached_property
    def ignored(self) -> np.ndarray | None:
        """Which voxels are counted nowhere, bool of the images' shape; None if all are compared."""
        if self.ignore is None:
            return None
        if isinstance(self.ignore, int | np.integer):
            return where_label(_in_memory(self.truth, "truth"), int(self.ignore))
        return np.asarray(_in_memory(self.ignore, "the ignore mask") != 0)

    @property
    def _is_whole(self) -> bool:
        """Whether a mask alone says what of the images is not compared, so that they can be read block by block."""
        return self.border == "keep" and not isinstance(self.ignore, int | np.integer)

    @cached_property
    def geometry(self) -> PairGeometry:
        """Where the objects of both images lie; raises `LabelError` for images that cannot be read."""
        images = (self.truth, self.pred) if self._is_whole else self.images
        ignore = self.ignore if self._is_whole else None
        named = zip(images, ("truth", "prediction"), strict=True)
        return PairGeometry(*(geometry(image, name=name, ignore=ignore) for image, name in named))

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
    def ranked(self) -> Ranked:
        """The overlap table with the confidences; raises `LabelError` where they are not those of its objects."""
        everything = self.overlap if self._is_whole and self.ignore is None else overlap_table(self.truth, self.pred)
        return ranked(self.overlap, self.confidences, everything.pred_ids)

    @cached_property
    def banded(self) -> OverlapTable:
        """The overlap table of a truth without CREMI's border band; raises `LabelError` without the size of a voxel."""
        truth, pred = (self.truth, self.pred) if self.border == "keep" else self.images
        return banded_overlap(truth, pred, self.spacing_um, self.ignore if self._is_whole else self.ignored)

    @property
    def values(self) -> OverlapTable:
        """The overlap table, for metrics that read predicted labels as numbers and are never computed unasked."""
        return self.overlap

    @cached_property
    def centres(self) -> Centres:
        """Where the centres of objects lie; raises `LabelError` without the size of a voxel."""
        return centres(self.geometry, self.spacing_um)

    @cached_property
    def neighbours(self) -> Neighbours:
        """How near the next true object is; raises `LabelError` for images that cannot be compared."""
        return Neighbours(self.overlap, self.geometry.truth, self.spacing_um)

    @cached_property
    def traces(self) -> Traces:
        """The truth as traced lines, and the prediction along them; raises `LabelError` without the size of a voxel."""
        return traces(*self.images, self.spacing_um)

    @cached_property
    def frames(self) -> Frames:
        """The images frame by frame, time being the first axis; raises `LabelError` for images of one axis."""
        truth, pred = self.images
        return frames_of(truth, pred)

    @cached_property
    def maps(self) -> Maps:
        """Both images as maps of numbers, as they are; what is ignored is not compared, the border rule has no say."""
        paired_blocks(self.truth, self.pred, ignore=self.ignore)
        if self.reals is not None:
            truth, pred = self.reals
        else:
            truth, pred = _in_memory(self.truth, "truth"), _in_memory(self.pred, "prediction")
        return Maps(truth, pred, None if self.ignored is None else ~self.ignored)

    def counted(self, counts: Callable[[Any], Counts], needs: str) -> Counts:
        """Return what a function counts in the evidence named `needs`; each function is asked once a pair."""
        if counts not in self._counts:
            self._counts[counts] = counts(getattr(self, needs))
        return self._counts[counts]


def _in_memory(image: Any, name: str) -> np.ndarray:
    """Return an image as a NumPy array, whatever holds it."""
    image = label_array(image, name)
    if isinstance(image, np.ndarray):
        return image
    return read_block(image, tuple(slice(0, int(extent)) for extent in image.shape), name)


def _blanked(image: np.ndarray, labels: np.ndarray, ignored: np.ndarray | None) -> np.ndarray:
    """Return an image in which some labels and voxels are 0; the image itself where there are none."""
    if ignored is None and not labels.size:
        return image
    blank = np.isin(image, labels)
    return np.where(blank if ignored is None else blank | ignored, image.dtype.type(0), image)
