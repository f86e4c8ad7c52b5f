from __future__ import annotations

import pytest

from harness.errors import ParameterError
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.options import NetworkOptions


def settings(**given: object) -> NetworkOptions:
    return NetworkOptions.read(given, "suite.toml:9")


def test_the_shape_is_that_of_the_channels_it_is_asked_for() -> None:
    assert settings().shape(ndim=2, in_channels=3, out_channels=16) == NetworkSpec(
        ndim=2, in_channels=3, out_channels=16
    )


def test_messages_name_the_stage() -> None:
    with pytest.raises(ParameterError, match=r"stage 'network': parameter 'patch' is \[8, 16\]"):
        settings(patch=[8, 16]).per_axis("patch", 3)


def test_a_network_that_cannot_be_is_refused_before_there_is_an_image() -> None:
    with pytest.raises(ParameterError, match=r"suite\.toml:9.*cannot be split into 8 groups"):
        settings(f_maps=[4])
