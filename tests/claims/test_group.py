from __future__ import annotations

import pytest

from harness.claims import UndecidableError
from harness.claims.group import Contrast
from tests.claims.groups import group


def test_a_contrast_is_of_the_units_that_all_its_rows_have() -> None:
    numbers = group(a=(0.5, 0.7, 0.9), b=(0.4, 0.5))
    found = numbers.contrast({"a": 1.0, "b": -1.0}, 0.5, "says", "problem")
    assert found.values == pytest.approx((0.6, 0.7))
    assert found.mean == pytest.approx(0.7 - 0.45 + 0.5)
    assert (found.says, found.problem, found.ties) == ("says", "problem", False)


def test_which_units_agree() -> None:
    assert Contrast(0.0, (1.0, 0.0, -1.0), "", "").agreeing == 1
    assert Contrast(0.0, (1.0, 0.0, -1.0), "", "", ties=True).agreeing == 2
    assert not Contrast(0.0, (), "", "").is_true_of_means
    assert Contrast(0.0, (), "", "", ties=True).is_true_of_means


def test_a_row_without_spread() -> None:
    assert group(a=(1.0, 3.0)).spread("a") == pytest.approx(2**0.5)
    with pytest.raises(UndecidableError, match="row 'a' has one value and so no spread"):
        group(a=(1.0,)).spread("a")


def test_which_way_is_better() -> None:
    assert (group().sign, group("lower").sign) == (1, -1)
