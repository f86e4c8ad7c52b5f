from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.cellpose.predicting import anisotropy_of, require_mode


def test_3d_needs_a_volume() -> None:
    assert require_mode("3d", Volume(np.zeros((4, 4, 4)), "ZYX"), "here")
    assert not require_mode("planes", Volume(np.zeros((4, 4, 4)), "ZYX"), "here")
    for array, axes in ((np.zeros((4, 4)), "YX"), (np.zeros((1, 4, 4)), "ZYX"), (np.zeros((2, 4, 4)), "CYX")):
        with pytest.raises(DataError, match="mode '3d' needs a volume"):
            require_mode("3d", Volume(array, axes), "here")


def test_anisotropy_comes_from_the_spacing_unless_given() -> None:
    volume = Volume(np.zeros((4, 4, 4)), "ZYX", (0.28, 0.14, 0.14))
    assert anisotropy_of(0.0, volume, "here") == pytest.approx(2.0)
    assert anisotropy_of(2.24, volume, "here") == 2.24
    with pytest.raises(DataError, match="the voxel spacing is unknown"):
        anisotropy_of(0.0, Volume(volume.array, "ZYX"), "here")
