from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import SurfaceParameters
from harness.errors import DataError, ParameterError
from harness.model import Volume
from harness.stages.surface.pixel_classifier import PixelClassifier, filtered
from tests.stages.chains import context, make, run


def phantom(shape: tuple[int, ...] = (16, 32, 32)) -> dict[str, Volume]:
    made = generate("cell-surface-3d", SurfaceParameters(shape=shape, spacing_um=(0.4, 0.2, 0.2), blur_um=0.15, seed=5))
    return {"image": made.image, **made.labels}


def inputs() -> dict[str, Volume]:
    return {name: volume for name, volume in phantom().items() if name != "surface"}


def test_few_scribbles_find_most_of_the_surface() -> None:
    made = run([make("pixel-classifier", channel="negative", trees=20)], inputs())["surface"]
    truth = phantom()["surface"].array > 0
    found = made.array > 0
    assert made.array.dtype == np.uint8
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.5


def test_equal_seeds_give_equal_surfaces_and_others_do_not() -> None:
    stage = make("pixel-classifier", channel="actin", trees=5)
    one, again, other = (run([stage], inputs(), seed=seed)["surface"].array for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_the_slot_and_the_share_of_scribbles_are_told() -> None:
    stage = make("pixel-classifier", channel="actin", trees=2, makes="ilastik")
    assert stage.makes() == ("ilastik",)
    told: dict[str, float] = {}
    given = inputs()
    settings = replace(context(given["image"]), report=lambda name, value: told.update({name: value}))
    made = stage.run(given, settings)
    assert isinstance(made, Volume)
    assert 0 < told["scribbled"] < 0.01


def test_both_classes_must_be_scribbled() -> None:
    given = inputs()
    one = np.where(given["scribbles"].array == 2, 0, given["scribbles"].array)
    with pytest.raises(DataError, match=r"scribbles of classes \[1\]; accepted: 1 \(surface\) and 2 \(the rest\)"):
        run([make("pixel-classifier", channel="actin")], {**given, "scribbles": replace(given["scribbles"], array=one)})


def test_a_volume_without_a_surface_is_refused_for_nobody_could_scribble_on_it() -> None:
    empty = SurfaceParameters(shape=(16, 32, 32), spacing_um=(0.4, 0.2, 0.2), objects=0, seed=5)
    made = generate("cell-surface-3d", empty)
    with pytest.raises(DataError, match=r"scribbles of classes \[2\]; accepted: 1 \(surface\) and 2 \(the rest\)"):
        run([make("pixel-classifier", channel="actin")], {"image": made.image, "scribbles": made.labels["scribbles"]})


def test_an_unknown_channel_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no channel 'actine'.*actin"):
        run([make("pixel-classifier", channel="actine")], inputs())


def test_a_classifier_without_scales_is_refused() -> None:
    with pytest.raises(ParameterError, match="must not be empty"):
        PixelClassifier({"sigmas": []})


def test_a_flat_axis_has_no_curvature() -> None:
    plane = np.random.default_rng(0).random((1, 8, 8)).astype(np.float32)
    features = filtered(plane, [(1.0, 1.0, 1.0)])
    assert features.shape == (5, 1, 8, 8)
    assert np.isfinite(features).all()
