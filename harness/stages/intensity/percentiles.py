"""What stages share that map two percentiles of a channel to 0 and 1."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from harness.parameters import StageOptions, option


class PercentileOptions(StageOptions):
    """The two percentiles."""

    low: float = option(1.0, "percentile that becomes 0", unit="%", ge=0.0, le=100.0)
    high: float = option(99.8, "percentile that becomes 1", unit="%", ge=0.0, le=100.0)

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"'low' is {self.low} and 'high' {self.high}; accepted: low < high")
        return self

    def of(self, channel: np.ndarray) -> tuple[float, float]:
        """Return the values of a channel that become 0 and 1."""
        low, high = np.percentile(channel, (self.low, self.high))
        return float(low), float(high)


def stretched(channel: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return a float32 channel with `low` at 0 and `high` at 1; 0 everywhere where they coincide."""
    stretch: np.ndarray = (channel - np.float32(low)) * np.float32(1 / (high - low) if high > low else 0)
    return stretch
