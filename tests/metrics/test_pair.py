"""Evidence of a pair is made once, and voxels to ignore are counted nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics import OverlapTable, overlap_table
from harness.metrics.counts import Counts
from harness.metrics.pair import Pair
from tests.metrics.images import OF_OVERLAP, pairs
from tests.metrics.images import Pair as Images


def test_evidence_and_counts_are_made_once() -> None:
    calls = []

    def count(table: OverlapTable) -> Counts:
        calls.append(table)
        return {"n": table.n_truth}

    pair = Pair(np.array([1, 2]), np.array([1, 0]))
    assert pair.counted(count, "overlap") == pair.counted(count, "overlap") == {"n": 2}
    assert calls == [pair.overlap]


@given(pairs(), st.randoms(use_true_random=False))
def test_ignored_voxels_are_as_if_they_were_not_there(images: Images, random: object) -> None:
    truth, pred = images
    ignore = np.array([random.random() < 0.4 for _ in range(truth.size)], np.uint8).reshape(truth.shape)
    if ignore.all():
        return
    kept = overlap_table(truth[ignore == 0], pred[ignore == 0])
    for metric in OF_OVERLAP:
        assert metric.of(Pair(truth, pred, ignore=ignore)) == pytest.approx(metric(kept), abs=0, nan_ok=True)


@given(pairs(), st.sampled_from([0, 1, 9, 77, -1]))
def test_a_value_of_the_truth_can_be_ignored(images: Images, value: int) -> None:
    truth, pred = images
    by_value, by_mask = Pair(truth, pred, ignore=value), Pair(truth, pred, ignore=(truth == value).astype(np.uint8))
    assert np.array_equal(by_value.ignored, by_mask.ignored)
    if by_mask.ignored.all():
        for pair in (by_value, by_mask):
            with pytest.raises(LabelError, match="every voxel is ignored"):
                _ = pair.overlap
        return
    for metric in OF_OVERLAP:
        assert metric.of(by_value) == pytest.approx(metric.of(by_mask), abs=0, nan_ok=True)


def test_a_value_to_ignore_may_be_negative() -> None:
    truth, pred = np.array([-1, 1, 1, 0]), np.array([3, 3, 3, 0])
    assert Pair(truth, pred, ignore=-1).overlap.truth_ids.tolist() == [0, 1]
    with pytest.raises(LabelError, match="negative label -1"):
        _ = Pair(truth, pred, ignore=0).overlap


@given(pairs(), st.sampled_from([None, 1, 9]), st.sampled_from(["keep", "drop"]))
def test_the_images_are_those_that_are_compared(images: Images, ignore: int | None, border: str) -> None:
    pair = Pair(*images, ignore=ignore, border=border)
    truth, pred = pair.images
    assert (truth.shape, truth.dtype, pred.dtype) == (images[0].shape, images[0].dtype, images[1].dtype)
    if ignore is None and border == "keep":
        assert truth is images[0]
        assert pred is images[1]
    if pair.ignored is not None and pair.ignored.all():
        return
    blank = overlap_table(truth, pred)
    assert blank.objects.counts.tolist() == pair.overlap.objects.counts.tolist()
    if pair.ignored is None:
        assert blank.counts.tolist() == pair.overlap.counts.tolist()
    else:
        assert not truth[pair.ignored].any()
        assert not pred[pair.ignored].any()


def test_lazy_images_lose_their_border_too() -> None:
    dask_array = pytest.importorskip("dask.array")
    rng = np.random.default_rng(4)
    truth, pred = (rng.integers(0, 60, (20, 30)) for _ in range(2))
    lazy = Pair(dask_array.from_array(truth, chunks=7), dask_array.from_array(pred, chunks=11), border="drop")
    plain = Pair(truth, pred, border="drop")
    assert np.array_equal(lazy.overlap.counts, plain.overlap.counts)
    assert all(np.array_equal(one, other) for one, other in zip(lazy.images, plain.images, strict=True))
    assert Pair(truth.tolist(), pred.tolist(), border="drop").overlap.counts.tolist() == plain.overlap.counts.tolist()


def test_a_border_is_kept_or_dropped() -> None:
    with pytest.raises(LabelError, match="border is 'remove'; accepted: 'keep' or 'drop'"):
        Pair([1], [1], border="remove")


@pytest.mark.parametrize(
    ("ignore", "message"),
    [
        (np.ones((2, 3), bool), "every voxel is ignored"),
        (np.zeros((3, 2), bool), r"the ignore mask has shape \(3, 2\), truth has shape \(2, 3\)"),
        (np.zeros((2, 3)), "the ignore mask has dtype float64"),
    ],
)
def test_wrong_masks_are_label_errors(ignore: np.ndarray, message: str) -> None:
    labels = np.ones((2, 3), int)
    with pytest.raises(LabelError, match=message):
        _ = Pair(labels, labels, ignore=ignore).overlap


def test_ignored_voxels_of_lazy_images_are_left_out() -> None:
    dask_array = pytest.importorskip("dask.array")
    rng = np.random.default_rng(3)
    truth, pred, ignore = (rng.integers(0, 5, (30, 20)) for _ in range(3))
    lazy = overlap_table(
        dask_array.from_array(truth, chunks=7),
        dask_array.from_array(pred, chunks=11),
        ignore=dask_array.from_array(ignore, chunks=5),
    )
    table = overlap_table(truth[ignore == 0], pred[ignore == 0])
    assert np.array_equal(lazy.counts, table.counts)
    assert lazy.voxels == np.count_nonzero(ignore == 0)


@given(pairs(), st.sampled_from([None, 1, 9]), st.sampled_from(["keep", "drop"]))
def test_geometry_has_the_objects_that_are_compared(images: Images, ignore: int | None, border: str) -> None:
    pair = Pair(*images, ignore=ignore, border=border)
    if pair.ignored is not None and pair.ignored.all():
        return
    table = pair.overlap
    assert pair.geometry.truth.ids.tolist() == table.truth_ids[table.first_truth :].tolist()
    assert pair.geometry.pred.ids.tolist() == table.pred_ids[table.first_pred :].tolist()
    assert pair.geometry.truth.voxels.tolist() == table.truth_sizes[table.first_truth :].tolist()


class Broken:
    """An image that says what it is and cannot be read."""

    shape, ndim, dtype = (2, 2), 2, np.dtype(np.int64)

    def __getitem__(self, region: object) -> np.ndarray:
        raise RuntimeError("no such chunk")


LABELS = np.ones((2, 2), int)


@pytest.mark.parametrize("evidence", ["overlap", "at_border", "images", "geometry", "maps", "surfaces", "frames"])
@pytest.mark.parametrize("name", ["truth", "prediction"])
def test_what_cannot_be_read_is_named(evidence: str, name: str) -> None:
    images = (Broken(), LABELS) if name == "truth" else (LABELS, Broken())
    with pytest.raises(LabelError, match=rf"^{name} cannot be read as an array \(RuntimeError: no such chunk\)"):
        getattr(Pair(*images), evidence)


def test_what_says_what_to_ignore_is_named_too() -> None:
    with pytest.raises(LabelError, match=r"^truth cannot be read as an array"):
        _ = Pair(Broken(), LABELS, ignore=1).ignored
    with pytest.raises(LabelError, match=r"^the ignore mask cannot be read as an array"):
        _ = Pair(LABELS, LABELS, ignore=Broken()).ignored


def test_what_is_no_label_image_is_named_where_voxels_to_ignore_are_read() -> None:
    with pytest.raises(LabelError, match=r"^truth has dtype float64"):
        _ = Pair(np.ones((2, 2)), LABELS, ignore=1).ignored
    with pytest.raises(LabelError, match=r"^the ignore mask has dtype float64"):
        _ = Pair(LABELS, LABELS, ignore=np.ones((2, 2))).ignored


class Stored:
    """An image that only slices, as Zarr and HDF5 datasets do."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
        return self.array[region]


@pytest.mark.parametrize("border", ["keep", "drop"])
@pytest.mark.parametrize("is_masked", [False, True])
def test_stored_images_are_compared_as_those_in_memory(border: str, is_masked: bool) -> None:
    truth, pred, mask = np.random.default_rng(6).integers(0, 40, (3, 9, 7))
    mask %= 2
    plain = Pair(truth, pred, border=border, ignore=mask if is_masked else None)
    stored = Pair(Stored(truth), Stored(pred), border=border, ignore=Stored(mask) if is_masked else None)
    assert all(np.array_equal(one, other) for one, other in zip(stored.images, plain.images, strict=True))
    assert stored.overlap.counts.tolist() == plain.overlap.counts.tolist()
    assert np.array_equal(Pair(Stored(truth), pred, ignore=3).ignored, truth == 3)


def test_labels_beyond_double_precision_are_dropped_one_by_one() -> None:
    truth = np.array([[2**53, 0, 0], [0, 2**53 + 1, 0], [0, 0, 0]])
    assert Pair(truth, truth, border="drop").images[0].tolist() == [[0, 0, 0], [0, 2**53 + 1, 0], [0, 0, 0]]


def test_maps_are_the_given_numbers_and_are_compared_where_nothing_is_ignored() -> None:
    reals = np.array([[0.5, 1.5]]), np.array([[2.5, 3.5]])
    maps = Pair([[0, 1]], [[1, 1]], ignore=[[0, 1]], reals=reals).maps
    assert maps.truth is reals[0]
    assert maps.pred is reals[1]
    assert maps.compared is not None
    assert maps.compared.tolist() == [[True, False]]
    plain = Pair([[0, 1]], [[1, 3]]).maps
    assert (plain.truth.tolist(), plain.pred.tolist(), plain.compared) == ([[0, 1]], [[1, 3]], None)


def test_bands_and_frames_are_those_of_what_is_compared() -> None:
    truth, pred = np.zeros((9, 9), int), np.zeros((9, 9), int)
    truth[3:6, 3:6], truth[0, 0], pred[3:6, 3:5], pred[8, 8] = 1, 2, 1, 2
    dropped = Pair(truth, pred, spacing_um=(0.1, 0.1), border="drop")
    assert dropped.frames.sides[0].table.tolist() == [[1, 3, 5, 0]]
    alone = Pair(np.where(truth == 1, 1, 0), np.where(pred == 1, 1, 0), spacing_um=(0.1, 0.1))
    assert dropped.banded.truth_ids.tolist() == alone.banded.truth_ids.tolist()
    assert dropped.banded.counts.tolist() == alone.banded.counts.tolist()
    assert dropped.surfaces.distances("foreground", "voxels").truth.totals.tolist() == [8.0]
    by_value, by_mask = (
        Pair(truth, pred, spacing_um=(0.1, 0.1), ignore=ignore).banded for ignore in (2, (truth == 2).astype(np.uint8))
    )
    assert by_value.counts.tolist() == by_mask.counts.tolist()
    assert by_value.voxels == by_mask.voxels == 80


def test_confidences_are_of_all_predicted_objects_the_compared_ones_are_ranked() -> None:
    truth, pred = np.zeros((5, 5), int), np.zeros((5, 5), int)
    truth[2, 2], pred[2, 2], pred[0, 0] = 1, 4, 9
    ranked = Pair(truth, pred, border="drop", confidences={4: 0.5, 9: 0.25}).ranked
    assert ranked.confidences.tolist() == [0.5]
    assert Pair(truth, pred, confidences={4: 0.5, 9: 0.25}).ranked.confidences.tolist() == [0.5, 0.25]
