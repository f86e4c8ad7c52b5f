from __future__ import annotations

from dataclasses import replace

from harness.stages.multihead.network import HeadsSpec
from harness.stages.nets.networks import NetworkSpec

SPEC = HeadsSpec(NetworkSpec(f_maps=(8, 16)), (1, 2), (2, 2))


def test_a_spec_is_written_and_read() -> None:
    assert HeadsSpec.from_json(SPEC.to_json()) == SPEC


def test_the_joined_network_is_as_wide_as_all_encoders() -> None:
    assert SPEC.joined.f_maps == (16, 32)
    assert SPEC.joined.in_channels == 3
    assert SPEC.joined.out_channels == 4
    assert SPEC.joined.multiple == SPEC.base.multiple


def test_residual_networks_and_uneven_groups_are_refused() -> None:
    assert not SPEC.problem
    assert "accepted: unet" in replace(SPEC, base=replace(SPEC.base, kind="residual-unet")).problem
    assert "groups" in replace(SPEC, base=replace(SPEC.base, f_maps=(12, 24))).problem
