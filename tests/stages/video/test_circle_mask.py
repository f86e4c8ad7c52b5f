from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import VideoParameters
from harness.errors import DataError
from harness.model import Volume
from tests.stages.chains import make, run


def video(frames: int = 6) -> Volume:
    return generate("fragments-video", VideoParameters(shape=(frames, 64, 64), objects=3, radius_px=5.0)).image


@pytest.mark.parametrize("frames", [1, 6])
def test_the_well_is_found(frames: int) -> None:
    region = run([make("circle-mask", channel="red")], {"image": video(frames)})["region"].array
    assert region.shape == (frames, 64, 64)
    assert (region == region[0]).all()
    down, right = np.indices((64, 64)) + 0.5
    well = np.hypot(down - 32, right - 32) <= 0.44 * 64
    found = region[0].astype(bool)  # the ring has an inner and an outer edge; either will do
    assert (found & well).sum() / (found | well).sum() > 0.8
    assert (found & well).sum() > 0.95 * well.sum()


def test_a_video_without_an_edge_has_no_well() -> None:
    flat = Volume(np.full((3, 32, 32), 7, np.uint8), "ZYX")
    with pytest.raises(DataError, match="the median over time of 3 frames has no edge; accepted: a well"):
        run([make("circle-mask")], {"image": flat})
