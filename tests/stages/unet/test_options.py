from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ParameterError
from harness.stages.nets.augment import Augmentation
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.training import TrainingPlan
from harness.stages.unet.options import UNetOptions
from harness.stages.unet.stage import UNetStage


def settings(**given: Any) -> UNetOptions:
    return UNetStage(given, where="suite.toml:9").options


def test_defaults_are_the_published_values() -> None:
    plain = settings()
    assert plain.network(ndim=3, in_channels=1) == NetworkSpec()
    assert plain.plan(ndim=3) == TrainingPlan((96, 96, 96), (48, 48, 48))
    assert plain.augmentation(3) == Augmentation()
    assert plain.per_axis("predict_patch", 3) == (192, 256, 256)
    assert plain.per_axis("halo", 3) == (64, 64, 64)


def test_lists_of_pixels() -> None:
    some = settings(patch=[32], stride=[8, 16], halo=[])
    assert some.per_axis("patch", 3) == (32, 32, 32)
    assert some.per_axis("stride", 2) == (8, 16)
    assert some.per_axis("predict_patch", 2) == (256, 256)
    assert some.per_axis("halo", 3) == ()
    with pytest.raises(ParameterError, match=r"'stride' is \[8, 16\]; accepted: 1 or 3 numbers"):
        some.per_axis("stride", 3)


def test_widths() -> None:
    assert settings(f_maps=[32], levels=5).network(ndim=2, in_channels=3).f_maps == (32, 64, 128, 256, 512)
    assert settings(f_maps=[8, 24]).network(ndim=2, in_channels=3).f_maps == (8, 24)


def test_planes_of_rotation() -> None:
    turning = settings(rotate_planes=["ZY", "YX", "ZX"])
    assert turning.augmentation(3).planes == ((-3, -2), (-2, -1), (-3, -1))
    assert turning.augmentation(2).planes == ((-2, -1),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"outputs": []}, "one or both of"),
        ({"outputs": ["boundary", "boundary"]}, "one or both of"),
        ({"outputs": ["edges"]}, "one of foreground, boundary"),
        ({"patch": []}, "'patch' is empty"),
        ({"f_maps": [4]}, "cannot be split into 8 groups"),
        ({"layer_order": "gr"}, "letters of"),
        ({"stride_ratio": 0.0}, r"a number in \(0, 1\]"),
        ({"batchsize": 4}, "did you mean 'batch'"),
    ],
)
def test_mistakes(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        settings(**given)
    assert str(caught.value).startswith("suite.toml:9")
