from __future__ import annotations

from math import exp

import pytest

from harness.stages.spoco.terms import Terms


@pytest.mark.parametrize("kernel", [0.5, 0.9])
def test_the_gaussian_has_the_value_of_the_kernel_at_delta_var(kernel: float) -> None:
    terms = Terms(delta_var=0.7, kernel=kernel)
    assert exp(-(0.7**2) / terms.two_sigma) == pytest.approx(kernel)
