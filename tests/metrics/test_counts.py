"""Sums of counts, and what cannot be summed."""

from __future__ import annotations

import pytest

from harness.errors import LabelError
from harness.metrics.counts import added, number, series


def test_names_and_entries_are_added() -> None:
    total = added([{"n": 1, "tp": (1, 0)}, {"n": 2, "tp": (3, 4)}, {"tp": (0, 1), "n": 0}])
    assert total == {"n": 3, "tp": (4, 5)}
    assert (number(total, "n"), series(total, "tp")) == (3, (4, 5))
    assert added([]) == {}


def test_images_that_were_not_counted_alike_are_refused() -> None:
    with pytest.raises(LabelError, match="the count 'b' is known of some images only"):
        added([{"a": 1}, {"a": 1, "b": 2}])


def test_a_count_that_was_not_kept_is_named() -> None:
    with pytest.raises(LabelError, match=r"the count .tp\.elf. was not kept; score the prediction again"):
        series({}, "tp.elf")
