from __future__ import annotations

import numpy as np

from tests.stages.chains import image, labels_of, make


def test_every_voxel_is_0() -> None:
    two_channels = image(np.zeros((2, 3, 4, 5)), channels=("a", "b"))
    made = labels_of([make("empty")], {"image": two_channels})
    assert made.shape == (3, 4, 5)
    assert made.dtype == np.uint32
    assert (made == 0).all()
