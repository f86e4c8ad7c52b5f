from __future__ import annotations

import pytest

from harness.errors import ParameterError
from harness.stages.stardist.plane import StarDist2D
from harness.stages.stardist.volume import StarDist3D


def test_defaults_are_the_published_ovule_settings() -> None:
    options = StarDist3D().options
    assert (options["n_rays"], options["grid"], options["patch"]) == (96, (2, 4, 4), (96, 96, 96))
    assert (options["batch"], options["steps_per_epoch"], options["epochs"]) == (8, 400, 1000)
    assert (options["learning_rate"], options["percentiles"], options["foreground_only"]) == (3e-4, (1.0, 99.8), 0.9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"grid": [2, 4]}, "'grid' has 2 numbers; accepted: 3"),
        ({"grid": [2, 3, 4]}, "holds 3; accepted: powers of 2"),
        ({"patch": [96, 96, 90]}, "90 along X; accepted: multiples of 16"),
        ({"patch": [32, 64, 96]}, "augmenter 'xy' exchanges axes of different patch sizes"),
        ({"patch": [48, 96, 96], "augmenter": "isotropic-3d"}, "accepted: equal sizes"),
        ({"percentiles": [99.8, 1.0]}, "two increasing numbers"),
        ({"anisotropy": [2.0]}, "'anisotropy' has 1 numbers; accepted: 3"),
        ({"backbone": "vgg"}, "accepted: one of unet, resnet"),
    ],
)
def test_sizes_that_do_not_fit(given: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match="stage 'stardist-3d'") as caught:
        StarDist3D(given)
    assert message in str(caught.value)


def test_resnet_patches_need_the_grid_only() -> None:
    assert StarDist3D({"backbone": "resnet", "patch": [50, 100, 100]}).options["patch"] == (50, 100, 100)


def test_2d_has_no_resnet() -> None:
    with pytest.raises(ParameterError, match="accepted: one of unet"):
        StarDist2D({"backbone": "resnet"})


def test_weights_switch_training_off() -> None:
    assert StarDist2D().trains()
    assert not StarDist2D({"weights": "some-id"}).trains()
