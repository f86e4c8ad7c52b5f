from __future__ import annotations

import pytest

from harness.errors import ParameterError
from harness.stages.cellpose.stage import Cellpose


def test_defaults_are_the_published_settings() -> None:
    options = Cellpose().options
    assert (options["learning_rate"], options["weight_decay"], options["epochs"], options["batch"]) == (
        0.1,
        1e-4,
        500,
        8,
    )
    assert (options["diameter"], options["stitch_threshold"], options["min_train_masks"]) == (26.5, 0.9, 5)
    assert (options["flow_threshold"], options["cellprob_threshold"], options["min_size"]) == (0.4, 0.0, 15)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"training_planes": ["xz"]}, "'training_planes' holds 'xz'; accepted: xy, yz, zx"),
        ({"training_planes": []}, "'training_planes' is empty; accepted"),
        ({"filters": [32]}, "'filters' has 1 numbers; accepted: 2 to 4"),
        ({"filters": [32, 64, 512]}, "accepted: a number in [1, 256]"),
        ({"weights": "a", "base": "b"}, "'weights' predicts and 'base' trains"),
        ({"percentiles": [5.0]}, "two increasing numbers"),
        ({"mode": "2d"}, "accepted: one of planes, 3d"),
    ],
)
def test_parameters_that_do_not_fit(given: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Cellpose(given)
    assert message in str(caught.value)


def test_weights_switch_training_off() -> None:
    assert Cellpose({"base": "x"}).trains()
    assert not Cellpose({"weights": "x"}).trains()
