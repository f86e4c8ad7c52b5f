from __future__ import annotations

import numpy as np
import pytest

from harness.stages.stardist.probabilities import label_probabilities


def test_labels_of_a_plane_are_numbers_of_shapes() -> None:
    labels = np.array([[0, 1, 1], [3, 3, 0]])
    assert label_probabilities(labels, {"prob": np.array([0.5, 0.75, 0.25], np.float32)}) == {1: 0.5, 3: 0.25}
    assert label_probabilities(np.zeros((2, 2), int), {"prob": np.zeros(0, np.float32)}) == {}


def test_labels_of_a_volume_in_which_every_shape_is_seen() -> None:
    labels = np.array([[[0, 2], [1, 1]]])
    assert label_probabilities(labels, {"prob": np.array([0.5, 0.75], np.float32)}) == {1: 0.5, 2: 0.75}


def test_a_shape_within_a_surer_one_takes_its_probability_with_it() -> None:
    pytest.importorskip("stardist", reason="StarDist paints the shapes")
    from stardist import Rays_GoldenSpiral
    from stardist.geometry import polyhedron_to_label
    from stardist.matching import relabel_sequential

    rays = Rays_GoldenSpiral(32)
    radii = np.array([2.0, 6.0, 4.0, 1.0])
    found = {
        "dist": np.repeat(radii[:, None], 32, axis=1).astype(np.float32),
        "points": np.array([[10, 10, 10], [10, 10, 10], [10, 10, 26], [10, 10, 26]]),
        "prob": np.array([0.6, 0.9, 0.7, 0.8], np.float32),
        "rays": rays,
    }
    painted = polyhedron_to_label(
        found["dist"], found["points"], rays=rays, prob=found["prob"], shape=(20, 20, 36), verbose=False
    )
    assert set(np.unique(painted)) == {0, 2, 3, 4}, "the first shape lies in the second, which is surer"
    labels, _, _ = relabel_sequential(painted)
    assert label_probabilities(labels, found) == pytest.approx({1: 0.9, 2: 0.7, 3: 0.8})
