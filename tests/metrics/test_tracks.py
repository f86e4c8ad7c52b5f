from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from harness.errors import BackendError, LabelError
from harness.metrics.tracks import _with_a_stander_by, frames_of, tracks_of


def test_a_label_that_comes_back_is_a_track_that_goes_on() -> None:
    tracks = tracks_of([np.array([4, 9]), np.array([9]), np.array([4])])
    assert tracks.table.tolist() == [[1, 0, 0, 0], [2, 0, 1, 0], [3, 2, 2, 1]]
    assert [dict(frame) for frame in tracks.of] == [{4: 1, 9: 2}, {9: 2}, {4: 3}]


def test_a_video_without_objects_has_no_tracks() -> None:
    table = tracks_of([np.array([], int), np.array([], int)]).table
    assert (table.shape, table.dtype) == ((0, 4), np.int64)


def test_the_object_that_stands_still_is_no_track_of_the_video() -> None:
    truth, pred = (tracks_of([np.array([4, 9]), np.array(later)]).table for later in ([4, 9], [5, 9]))
    lists = [[[1, 2], [1, 2]], [[1, 2], [3, 2]], [[1], [2]], [[1], [2]]]
    of_truth, of_pred, *frames = _with_a_stander_by(truth, pred, *lists)
    for table, before in ((of_truth, truth), (of_pred, pred)):
        name, *rest = table[-1].tolist()
        assert table[:-1].tolist() == before.tolist()
        assert name not in before[:, 0]
        assert rest == [2, 3, 0]
    assert frames == [[*one, [name], [name]] for one, name in zip(lists, (3, 4, 3, 4), strict=True)]


def test_space_may_have_one_axis() -> None:
    line = np.array([[1, 1, 0], [0, 1, 1]])
    assert frames_of(line, line).precision_50 == 1


def test_frames_of_one_axis_are_refused() -> None:
    with pytest.raises(LabelError, match="time and at least one axis of space"):
        frames_of(np.zeros(3, int), np.zeros(3, int))


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctc_metrics.metrics", None)
    video = np.ones((2, 3, 3), np.uint8)
    frames = frames_of(video, video)
    assert frames.precision_50 == 1
    with pytest.raises(BackendError, match=r"pip install '\.\[tracking\]'"):
        frames.measured["TRA"]


def test_empty_frames_count_in_no_precision() -> None:
    truth = np.zeros((3, 4, 4), np.uint8)
    truth[0, :2] = 1
    assert frames_of(truth, truth).precision_50 == 1
    assert math.isnan(frames_of(truth[1:], truth[1:]).precision_50)


def test_a_label_that_comes_back_again_goes_on_with_its_last_track() -> None:
    one, none = np.array([5]), np.array([], int)
    tracks = tracks_of([one, none, one, one, none, none, one])
    assert tracks.table.tolist() == [[1, 0, 0, 0], [2, 2, 3, 1], [3, 6, 6, 2]]
    assert tracks.table.dtype == np.int64
    assert [dict(frame) for frame in tracks.of] == [{5: 1}, {}, {5: 2}, {5: 2}, {}, {}, {5: 3}]


def test_a_partner_covers_more_than_half_of_the_true_object() -> None:
    """Of 4 voxels 8 covers 2, of 3 voxels 9 covers 2 and one beside them: IoU 2 of 4."""
    truth = np.array([[[6, 6, 6, 6, 7, 7, 7, 0, 0]]])
    pred = np.array([[[8, 8, 0, 0, 9, 9, 0, 9, 0]]])
    matches = frames_of(np.repeat(truth, 2, axis=0), np.repeat(pred, 2, axis=0)).matches
    assert matches == {
        "labels_ref": [[1, 2]] * 2,
        "labels_comp": [[1, 2]] * 2,
        "mapped_ref": [[2]] * 2,
        "mapped_comp": [[2]] * 2,
        "ious": [[0.5]] * 2,
    }


def test_the_precision_of_frames_is_their_mean() -> None:
    """One of one object; one of three, the other two being missed and spurious; IoU of one half, which is no match."""
    truth = np.array([[[1, 1, 1, 0]], [[1, 2, 0, 0]], [[1, 1, 0, 0]]])
    pred = np.array([[[4, 4, 0, 0]], [[4, 0, 0, 5]], [[4, 0, 0, 0]]])
    assert frames_of(truth, pred).precision_50 == pytest.approx((1 + 1 / 3 + 0) / 3)


def test_without_objects_on_a_side_no_library_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctc_metrics.metrics", None)
    video, nothing = np.ones((2, 3, 3), np.uint8), np.zeros((2, 3, 3), np.uint8)
    names = {"SEG", "DET", "TRA", "HOTA", "IDSW"}
    assert dict(frames_of(video, nothing).measured) == dict.fromkeys(names, 0.0)
    undefined = frames_of(nothing, video).measured
    assert set(undefined) == names
    assert all(map(math.isnan, undefined.values()))
