"""Facts of patches by two rules."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.datatables.patches import patch_statements
from harness.suite.datarows import COMPUTED

SIDES = st.lists(st.integers(1, 2000), min_size=3, max_size=3)


def test_a_volume_worked_out_by_hand() -> None:
    # one axis covered: 128^3 / 64 voxels remain for two axes, 181 each, less 44 on both sides (code);
    # 3 * 128 / 64 = 6 remain in the printed rule, whose root is 2
    assert patch_statements([64, 256, 256], [128] * 3, 4) == {
        "halo": 44,
        "halo_exact": 48,
        "patch_code": (64, 93, 93),
        "halo_code": (0, 44, 44),
        "used_code": 64 * 181 * 181 / 128**3,
        "patch_printed": (64, 2, 2),
        "halo_printed": (0, 0, 0),
        "used_printed": 64 * 2 * 2 / 128**3,
        "agree": "no",
    }


@pytest.mark.parametrize(("levels", "halo"), [(4, 44), (5, 92), (6, 188)])
def test_the_halo_of_the_equation(levels: int, halo: int) -> None:
    facts = patch_statements([500, 500], [1024, 1024], levels)
    assert facts["halo"] == halo
    assert facts["patch_code"] == facts["patch_printed"] == (500, 500)
    assert facts["agree"] == "yes"


def test_a_patch_without_voxels_is_said() -> None:
    facts = patch_statements([64, 96, 512], [128] * 3, 4)
    assert facts["patch_printed"] == "none"
    assert "halo_printed" not in facts
    assert facts["agree"] == "no"


@given(SIDES, st.integers(2, 50))
def test_the_code_never_asks_for_more_than_fits(volume: list[int], steps: int) -> None:
    facts = patch_statements(volume, [16 * steps] * 3, 4)
    assert set(facts) <= set(COMPUTED["patches"])
    used = facts["used_code"]
    assert isinstance(used, float)
    assert used <= 1
    if prod(volume) <= (16 * steps) ** 3:
        assert facts["patch_code"] == tuple(volume)
