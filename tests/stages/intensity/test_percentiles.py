"""Two percentiles of a channel become 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import ParameterError
from harness.stages.intensity.percentiles import PercentileOptions, stretched


def test_percentiles_become_0_and_1() -> None:
    channel = np.arange(101, dtype=np.float32)
    low, high = PercentileOptions(low=10.0, high=90.0).of(channel)
    assert (low, high) == (10.0, 90.0)
    result = stretched(channel, low, high)
    assert result.dtype == np.float32
    assert result[[10, 50, 90, 100]].tolist() == [0.0, 0.5, 1.0, 1.125]


def test_a_constant_channel_becomes_0() -> None:
    channel = np.full((3, 4), 7, np.float32)
    assert not stretched(channel, *PercentileOptions().of(channel)).any()


def test_percentiles_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"'low' is 50\.0 and 'high' 50\.0; accepted: low < high"):
        PercentileOptions.read({"low": 50.0, "high": 50.0}, "x")
