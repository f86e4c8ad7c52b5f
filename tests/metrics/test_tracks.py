from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from harness.errors import BackendError, LabelError
from harness.metrics.tracks import frames_of, tracks_of


def test_a_label_that_comes_back_is_a_track_that_goes_on() -> None:
    tracks = tracks_of([np.array([4, 9]), np.array([9]), np.array([4])])
    assert tracks.table.tolist() == [[1, 0, 0, 0], [2, 0, 1, 0], [3, 2, 2, 1]]
    assert [dict(frame) for frame in tracks.of] == [{4: 1, 9: 2}, {9: 2}, {4: 3}]


def test_a_video_without_objects_has_no_tracks() -> None:
    assert tracks_of([np.array([], int), np.array([], int)]).table.shape == (0, 4)


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
