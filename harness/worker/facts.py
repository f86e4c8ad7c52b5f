"""Exact numbers that a stage reports of its training or its run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real

from harness.errors import ChainError

BUSY = "busy_s"
"""Seconds that the device worked on gradient steps: noisy, so no fact of a record but a part of its timing."""
MOST_FACTS = 100


class Facts:
    """What one call of a stage's code reports, by name; of a name that is reported again the last number stays."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._numbers: dict[str, float] = {}
        self._busy_s: float | None = None

    def report(self, name: str, value: float) -> None:
        """Take a number; raises `ChainError` for what is none, or is not finite."""
        if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
            raise ChainError(f"stage '{self._stage}' reported {name!r} as {value!r}; accepted: a finite number")
        if not isinstance(name, str) or not name.isidentifier():
            raise ChainError(f"stage '{self._stage}' reported a number as {name!r}; accepted: a name like 'best_epoch'")
        if name == BUSY:
            self._busy_s = (self._busy_s or 0.0) + float(value)
            return
        self._numbers[name] = int(value) if isinstance(value, Integral) else float(value)
        if len(self._numbers) > MOST_FACTS:
            raise ChainError(f"stage '{self._stage}' reported more than {MOST_FACTS} facts")

    @property
    def busy_s(self) -> float | None:
        """The sum of the busy seconds, None if none were reported."""
        return self._busy_s

    def numbers(self) -> Mapping[str, float]:
        """Return the facts in the order of their names."""
        return dict(sorted(self._numbers.items()))
