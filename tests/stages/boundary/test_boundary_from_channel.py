from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from tests.stages.chains import image, make, run

RAMP = np.linspace(0, 255, 64).reshape(8, 8).astype(np.uint8)


def made(volume, **parameters: object):  # type: ignore[no-untyped-def]
    return run([make("boundary-from-channel", **parameters)], {"image": volume})["probability"]


def test_unit_takes_the_values_as_they_are() -> None:
    array = (RAMP / 255).astype(np.float32)
    out = made(image(array, (2.0, 1.0), ("boundary_prediction",)), boundary="boundary_prediction")
    assert (out.axes, out.channels, out.spacing_um) == ("CYX", ("boundary",), (2.0, 1.0))
    assert out.array.dtype == np.float32
    assert (out.array[0] == array).all()
    assert (made(image(array)).array[0] == array).all()


def test_scaling_rules() -> None:
    assert made(image(RAMP), scale="dtype").array[0] == pytest.approx(RAMP / 255)
    assert made(image(RAMP // 2 + 10), scale="minmax").array.max() == 1
    assert made(image(RAMP // 2 + 10), scale="minmax").array.min() == 0
    cut = made(image(RAMP), scale="percentile", low=25.0, high=75.0).array
    assert ((cut == 0).mean(), (cut == 1).mean()) == pytest.approx((0.25, 0.25), abs=0.03)
    assert made(image(RAMP), scale="dtype", invert=True).array[0] == pytest.approx(1 - RAMP / 255, abs=1e-6)


def test_foreground_goes_along_and_is_not_inverted() -> None:
    both = image(np.stack([RAMP, RAMP.T]), channels=("wall", "nuclei"))
    out = made(both, boundary="wall", foreground="nuclei", scale="dtype", invert=True)
    assert out.channels == ("foreground", "boundary")
    assert out.array[0] == pytest.approx(RAMP.T / 255)
    assert out.array[1] == pytest.approx(1 - RAMP / 255, abs=1e-6)


@pytest.mark.parametrize("scale", ["minmax", "percentile"])
def test_constant_channel_is_zero(scale: str) -> None:
    assert not made(image(np.full((3, 3), 7.0)), scale=scale).array.any()


def test_mistakes() -> None:
    with pytest.raises(DataError, match="values from 0 to 255 with scale 'unit'"):
        made(image(RAMP))
    with pytest.raises(DataError, match="scale 'dtype' and an image of type float64"):
        made(image(RAMP / 255), scale="dtype")
    with pytest.raises(DataError, match="no channel 'boundary'"):
        made(image(RAMP), boundary="boundary")
    with pytest.raises(DataError, match="3 of 64 image values are NaN or infinite"):
        made(image(np.where(RAMP > 245, np.nan, 0.0)))
    with pytest.raises(ParameterError, match="low < high"):
        make("boundary-from-channel", low=90.0, high=10.0)
