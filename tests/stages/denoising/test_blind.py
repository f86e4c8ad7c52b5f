from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.stages.denoising.blind import BlindSpots, denoising_head, hidden_error


def still(image: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return image, labels


@pytest.mark.parametrize(("share", "radius"), [(0.0, 5), (0.02, 1), (0.5, 5), (0.5, 40)])
def test_what_is_hidden_shows_a_neighbour_and_never_itself(share: float, radius: int) -> None:
    image = np.arange(2 * 4 * 8 * 8, dtype=np.float32).reshape(2, 4, 8, 8)
    seen, wanted = BlindSpots(still, share, radius)(image, np.ones((4, 8, 8), np.int32), np.random.default_rng(0))
    hidden = wanted[-1] == 1
    np.testing.assert_array_equal(wanted[:-1], image)
    np.testing.assert_array_equal((seen != image), np.broadcast_to(hidden, image.shape))
    assert hidden.sum() == 1 if not share else 0.5 * share < hidden.mean() < 2 * share
    assert np.isin(seen[0], image[0]).all()


def test_neighbours_are_near() -> None:
    image = np.tile(np.arange(64, dtype=np.float32), (1, 64, 1))
    seen, wanted = BlindSpots(still, 0.3, 2)(image, np.ones((64, 64), np.int32), np.random.default_rng(0))
    away = np.abs(seen - image)[0][wanted[-1] == 1]
    assert set(np.unique(np.minimum(away, 64 - away))) == {0, 1, 2}


def test_the_error_is_that_of_hidden_voxels_alone() -> None:
    target = torch.zeros(1, 2, 2, 2)
    target[0, 0] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    target[0, 1, 0, 1] = target[0, 1, 1, 0] = 1
    raw = torch.tensor([[[[9.0, 4.0], [3.0, 9.0]]]], requires_grad=True)
    error = hidden_error(raw, target)
    assert error.item() == 2
    error.backward()
    assert raw.grad is not None
    assert raw.grad.tolist() == [[[[0, 2], [0, 0]]]]
    head = denoising_head(("membrane",))
    assert head.score(raw, target).item() == -2
    assert hidden_error(raw, torch.zeros(1, 2, 2, 2)).item() == 0
