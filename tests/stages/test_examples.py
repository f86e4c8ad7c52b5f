from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.examples import (
    channels_first,
    consecutive,
    found_nothing,
    ignored_masks,
    require_objects,
    training_pairs,
    without,
)


def _example(image: np.ndarray, axes: str = "YX", truth: np.ndarray | None = None) -> Example:
    plane = image if axes == "YX" else image[0]
    return Example(
        {"image": Volume(image, axes)}, {"truth": Volume(np.ones(plane.shape, int) if truth is None else truth, "YX")}
    )


def test_channel_axis_comes_first() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(3, 4, 2)
    assert channels_first(Volume(array, "YXC"), "x").shape == (2, 3, 4)
    assert channels_first(Volume(array[..., 0], "YX"), "x").shape == (1, 3, 4)
    assert channels_first(Volume(array, "ZYX"), "x").dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(bad: float) -> None:
    image = np.zeros((4, 4), np.float32)
    image[1, 2] = bad
    with pytest.raises(DataError, match="here: 1 of 16 image values are NaN or infinite"):
        channels_first(Volume(image, "YX"), "here")


def test_empty_image() -> None:
    with pytest.raises(DataError, match="the image is empty"):
        channels_first(Volume(np.zeros((0, 4)), "YX"), "here")


def test_consecutive_ids() -> None:
    labels = np.array([[0, 2**40], [7, 7]], np.uint64)
    assert consecutive(labels).tolist() == [[0, 2], [1, 1]]
    assert consecutive(np.array([[9, 4]])).tolist() == [[2, 1]]
    assert consecutive(labels).dtype == np.int32


def test_pairs_must_agree() -> None:
    flat = np.zeros((4, 4), np.uint8)
    with pytest.raises(DataError, match="have 1, 2 channels"):
        training_pairs([_example(flat), _example(np.stack([flat, flat]), "CYX")], "here")
    with pytest.raises(DataError, match=r"shape \(4, 4\) and its truth \(2, 2\)"):
        training_pairs([_example(flat, truth=np.ones((2, 2), int))], "here")


def test_what_is_ignored_is_no_object_unless_it_is_asked_for() -> None:
    image, truth = np.zeros((2, 3), np.uint8), np.array([[0, 4, 4], [9, 9, 255]])
    mask = Volume(np.array([[0, 0, 7], [0, 0, 1]]), "YX")
    ignored = replace(_example(image, truth=truth), ignored=mask)
    assert training_pairs([ignored], "here")[0][1].tolist() == [[0, 1, 0], [2, 2, 0]]
    assert training_pairs([ignored], "here", with_ignored=True)[0][1].tolist() == [[0, 1, 1], [2, 2, 3]]
    everything, some, none = ignored_masks(
        [_example(image), ignored, replace(ignored, ignored=Volume(np.zeros((2, 3), bool), "YX"))], "here"
    )
    assert everything is None
    assert none is None
    assert some is not None
    assert some.tolist() == [[False, False, True], [False, False, True]]
    assert without(truth, some).tolist() == [[0, 4, 0], [9, 9, 0]]
    assert without(truth, None) is truth


def test_an_ignore_mask_must_fit_and_leave_something() -> None:
    flat = _example(np.zeros((2, 3), np.uint8))
    with pytest.raises(DataError, match=r"example 1: the ignore mask has shape \(3, 2\) and its truth \(2, 3\)"):
        ignored_masks([replace(flat, ignored=Volume(np.zeros((3, 2), bool), "YX"))], "here")
    with pytest.raises(DataError, match="here: example 1: every voxel is to be ignored"):
        training_pairs([replace(flat, ignored=Volume(np.ones((2, 3), bool), "YX"))], "here")


def test_no_foreground_and_no_examples() -> None:
    flat = np.zeros((4, 4), np.uint8)
    with pytest.raises(DataError, match="no foreground: the truths of all 1 examples"):
        require_objects(training_pairs([_example(flat, truth=flat)], "here"), "here")
    with pytest.raises(DataError, match="no training examples"):
        require_objects([], "here")


@pytest.mark.parametrize(
    ("losses", "cause"),
    [((2.0, 1.0), "too few steps"), ((1.0, 1.0), "a learning rate that does not suit"), ((), "too few steps")],
)
def test_a_training_that_found_nothing_says_why(losses: tuple[float, ...], cause: str) -> None:
    line = found_nothing("no object", losses, 8)
    assert line.startswith("found nothing: no object; ")
    assert "8 steps; likely cause: " + cause in line
