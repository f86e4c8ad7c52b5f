from __future__ import annotations

import pytest

from harness.errors import ParameterError
from harness.stages.nets.networks import NetworkSpec, feature_maps

SPOCO = NetworkSpec(ndim=2, in_channels=3, out_channels=16, f_maps=feature_maps(16, 6), order="bcr")


def test_spec_survives_json() -> None:
    assert NetworkSpec.from_json(SPOCO.to_json()) == SPOCO
    assert SPOCO.levels == 6
    assert SPOCO.multiple == 32


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (NetworkSpec(kind="vnet"), "accepted: unet, residual-unet"),
        (NetworkSpec(ndim=4), "accepted: 2, 3"),
        (NetworkSpec(f_maps=(16,)), "at least two"),
        (NetworkSpec(order="gxr"), "letters of"),
        (NetworkSpec(order="rc"), "no activation in front"),
        (NetworkSpec(f_maps=(12, 24)), "12 channels cannot be split into 8 groups"),
        (NetworkSpec(f_maps=(4, 8)), "12 channels cannot be split into 8 groups"),
    ],
)
def test_impossible_shapes(spec: NetworkSpec, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        spec.check("suite.toml:3")


def test_the_largest_map_is_the_joined_one_at_the_finest_level() -> None:
    assert NetworkSpec(f_maps=(16, 32, 64)).largest_map((2, 3, 4)) == 48 * 24
    assert NetworkSpec(kind="residual-unet", f_maps=(16, 32)).largest_map((2, 3, 4)) == 16 * 24
