from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import DataError
from harness.stages.stardist.options import PlaneOptions, VolumeOptions
from harness.stages.stardist.training import (
    anisotropy,
    budget,
    mirrored,
    require_patch_fits,
    search_thresholds,
    tile_counts,
)


@pytest.mark.parametrize(("steps", "expected"), [(0, (1000, 100)), (250, (3, 100)), (40, (1, 40)), (200, (2, 100))])
def test_budget(steps: int, expected: tuple[int, int]) -> None:
    assert budget(PlaneOptions(steps=steps, steps_per_epoch=100, epochs=1000)) == expected


def test_tiles() -> None:
    assert tile_counts((100, 512, 512), (), (96, 96, 96), 8) == (1, 3, 3)
    assert tile_counts((100, 512, 512), (2, 1, 1), (96, 96, 96), 8) == (2, 1, 1)


def test_patch_larger_than_the_smallest_image_names_the_maximum() -> None:
    pairs = [(np.zeros(0), np.zeros((40, 100, 100))), (np.zeros(0), np.zeros((100, 70, 100)))]
    with pytest.raises(
        DataError, match=r"'patch' \[96, 96, 96\].*sides \[40, 70, 100\]; accepted: at most \[40, 64, 96\]"
    ):
        require_patch_fits(pairs, (96, 96, 96), (8, 16, 16), "here")
    require_patch_fits(pairs, (40, 64, 64), (8, 16, 16), "here")


class _NoLibrary:
    thresholds: dict[str, float] | None = None

    def predict(self, *_: Any, **__: Any) -> None:
        raise AssertionError("nothing to search on")


@pytest.mark.parametrize(
    ("iterations", "validation", "reason"),
    [
        (0, [(np.zeros((4, 4, 1)), np.ones((4, 4), int))], "not searched"),
        (20, [], "no validation example has an object"),
    ],
)
def test_defaults_without_a_search_say_why(iterations: int, validation: list[Any], reason: str) -> None:
    pytest.importorskip("stardist")
    model = _NoLibrary()
    found = search_thresholds(model, validation, PlaneOptions(search=iterations, search_nms=(0.3,)))
    assert found == {"prob": 0.5, "nms": 0.4, "source": f"library defaults: {reason}", "accuracy": 0.0}
    assert model.thresholds == {"prob": 0.5, "nms": 0.4}


def test_anisotropy_from_the_truths() -> None:
    pytest.importorskip("stardist")
    labels = np.zeros((20, 40, 40), int)
    labels[2:10, 4:20, 5:21] = 1
    empty = np.zeros_like(labels)
    assert anisotropy(VolumeOptions(), [labels, empty]) == (2.0, 1.0, 1.0)
    assert anisotropy(VolumeOptions(anisotropy=(3.0, 1.0, 1.0)), [labels]) == (3.0, 1.0, 1.0)


def test_validation_images_are_mirrored_to_the_patch() -> None:
    labels = np.arange(6).reshape(2, 3)
    image, grown = mirrored((labels[..., np.newaxis].astype(np.float32), labels), (5, 2))
    assert grown.tolist() == [[0, 1, 2], [3, 4, 5], [3, 4, 5], [0, 1, 2], [0, 1, 2]]
    assert np.array_equal(image[..., 0], grown)
