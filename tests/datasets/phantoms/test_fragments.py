from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.phantoms.fragments import Video, film
from harness.datasets.phantoms.parameters import VideoParameters


def video(seed: int = 0, **given: object) -> Video:
    parameters = VideoParameters.model_validate({"shape": (30, 96, 96), "objects": 6, "crossings": 0, **given})
    return film(parameters, np.random.default_rng(seed))


def test_fragments_keep_their_ids_and_move_little_by_little() -> None:
    labels = video().labels
    assert np.unique(labels).tolist() == list(range(7))
    for number in range(1, 7):
        centres = [np.argwhere(frame == number).mean(axis=0) for frame in labels if (frame == number).any()]
        assert np.linalg.norm(np.diff(centres, axis=0), axis=1).max() < 8


def test_masks_have_ids_of_each_frame_and_lack_some() -> None:
    made = video(missing=0.2)
    for frame, masks in zip(made.labels, made.masks, strict=True):
        ids = np.unique(masks[masks > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        assert (frame[masks > 0] > 0).all()
    missing = ((made.labels > 0) & (made.masks == 0)).sum() / (made.labels > 0).sum()
    assert 0.1 < missing < 0.3
    whole = video(missing=0.0)
    np.testing.assert_array_equal(whole.masks > 0, whole.labels > 0)


def test_what_faded_is_hardly_seen() -> None:
    made = video(missing=0.2)
    red = made.light["red"]
    seen, faded = made.masks > 0, (made.labels > 0) & (made.masks == 0)
    assert red[seen].mean() < 0.7 * red[faded].mean()


def test_crossing_fragments_lie_above_each_other() -> None:
    made = video(crossings=1, objects=2, missing=0.0)
    middle = slice(13, 18)
    sizes = [(made.labels[time] == 1).sum() for time in range(30)]
    assert min(sizes[middle]) < 0.5 * max(sizes)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 32, 32), (3, 5, 40)])
def test_any_size_gives_a_fragment(shape: tuple[int, int, int]) -> None:
    made = video(shape=shape, objects=0)
    assert made.labels.shape == shape
    assert made.labels.any()
    assert made.masks.any()
