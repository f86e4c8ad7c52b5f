from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.phantoms.painting import Objects, consecutive, find_walls, paint, place
from harness.datasets.phantoms.parameters import PhantomParameters
from harness.errors import DataError


def _objects(*centres: tuple[float, float], radius: float = 3.0) -> Objects:
    count = len(centres)
    semi = np.full((count, 2), radius)
    return Objects(np.array(centres), semi, np.arange(1, count + 1), np.full(count, radius), 4.0)


def test_touching_discs_meet_half_way() -> None:
    labels = paint(_objects((5.0, 4.0), (5.0, 8.0)), (10, 12), (1.0, 1.0))
    assert labels[4].tolist() == [0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0]


def test_hidden_objects_keep_their_space() -> None:
    labels = paint(_objects((5.0, 4.0), (5.0, 8.0)), (10, 12), (1.0, 1.0), keep=np.array([False, True]))
    assert labels[4].tolist() == [0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 0]


def test_spacing_stretches_objects() -> None:
    labels = paint(_objects((6.0, 6.0)), (6, 12), (2.0, 1.0))
    assert np.ptp(np.nonzero(labels)[0]) * 2 <= np.ptp(np.nonzero(labels)[1]) + 1


def test_objects_smaller_than_a_voxel_keep_one() -> None:
    labels = paint(_objects((1.0, 1.0), (5.0, 5.0), radius=0.1), (2, 2), (4.0, 4.0))
    assert labels.tolist() == [[1, 0], [0, 2]]


def test_the_lattice_holds_what_is_asked_for() -> None:
    parameters = PhantomParameters(shape=(100, 100), objects=40, diameter_um=3.0)
    objects = place(parameters, (0.5, 0.5), np.random.default_rng(0))
    assert len(objects.ids) == 40
    assert (objects.centres_um > 0).all()
    assert (objects.centres_um < 50).all()


def test_too_many_objects_are_refused() -> None:
    parameters = PhantomParameters(shape=(10, 10), objects=40, diameter_um=3.0)
    with pytest.raises(DataError, match="40 objects asked for, but 1 sites of"):
        place(parameters, (0.5, 0.5), np.random.default_rng(0))


def test_no_objects_at_all() -> None:
    parameters = PhantomParameters(shape=(10, 10), objects=0)
    labels = paint(place(parameters, (0.5, 0.5), np.random.default_rng(0)), (10, 10), (0.5, 0.5))
    assert labels.max() == 0


def test_consecutive() -> None:
    assert consecutive(np.array([[0, 5], [2, 5]], dtype=np.uint16)).tolist() == [[0, 2], [1, 2]]


def test_walls_lie_on_both_sides() -> None:
    assert find_walls(np.array([[1, 1, 2, 2]])).tolist() == [[False, True, True, False]]
