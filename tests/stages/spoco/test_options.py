from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ParameterError
from harness.stages.nets.networks import NetworkSpec
from harness.stages.spoco.options import SpocoOptions
from harness.stages.spoco.stage import Spoco
from harness.stages.spoco.terms import Terms
from harness.stages.spoco.views import View, Views


def settings(**given: Any) -> SpocoOptions:
    return Spoco(given, where="suite.toml:9").options


def test_defaults_are_the_published_values() -> None:
    plain = settings()
    published = NetworkSpec(ndim=2, in_channels=1, out_channels=16, f_maps=(16, 32, 64, 128, 256, 512), order="bcr")
    assert plain.network(ndim=2, in_channels=1) == published
    plan = plain.plan(ndim=2)
    assert (plan.patch, plan.stride, plan.batch, plan.max_iterations) == ((512, 512), (512, 512), 16, 100_000)
    assert (plan.learning_rate, plan.weight_decay, plan.schedule) == (2e-4, 1e-5, "cosine")
    assert plain.terms(sparse=True) == Terms()
    assert plain.momentum == 0.999


def test_views_are_those_of_the_options() -> None:
    views = settings(first_view=["jitter"], second_view=["blur", "noise"], jitter=0.1, blur_sigma=[1.0, 3.0]).plan(
        ndim=2
    )
    assert isinstance(views.augmentation, Views)
    assert views.augmentation.first == View(("jitter",), (1.0, 3.0), 0.1)
    assert views.augmentation.second == View(("blur", "noise"), (1.0, 3.0), 0.1)


def test_each_term_has_a_weight() -> None:
    terms = settings(
        pull=2.0, push=3.0, regularisation=4.0, unlabelled_push=5.0, instance_dice=6.0, consistency=0.0, sparse=False
    )
    assert terms.terms(sparse=terms.sparse) == Terms(0.5, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, sparse=False)


def test_a_prediction_with_the_twin_is_no_other_training() -> None:
    when = {parameter.name: parameter.when for parameter in Spoco.parameters}
    assert when["twin"] == "run"
    assert when["consistency"] == when["base"] == when["labelled"] == "fit"
    assert when["channels"] == when["f_maps"] == "both"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labelled": 0.0}, r"'labelled' is 0.0; accepted: a number in \(0, 1\]"),
        ({"labelled": 1.5}, "'labelled'"),
        ({"labelled": 0.1, "sparse": False}, "would learn unlabelled objects as background"),
        ({"labelled_over": "batch"}, "one of image, set"),
        ({"base": "a", "weights": "b"}, "base to fine-tune, or weights to use"),
        ({"second_view": ["zoom"]}, "one of blur, noise, jitter"),
        ({"blur_sigma": [2.0]}, r"\[least, greatest\]"),
        ({"blur_sigma": [2.0, 1.0]}, r"\[least, greatest\]"),
        ({"consistency": -1.0}, "'consistency'"),
        ({"consistancy": 1.0}, "did you mean 'consistency'"),
    ],
)
def test_mistakes(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        settings(**given)
    assert str(caught.value).startswith("suite.toml:9")
