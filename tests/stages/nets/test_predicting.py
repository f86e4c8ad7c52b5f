from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.stages.nets.build import build_network
from harness.stages.nets.compute import choose
from harness.stages.nets.heads import unchanged
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.options import NetworkOptions
from harness.stages.nets.predicting import Predictor, check_image, check_size

FLAT = NetworkSpec(ndim=2, f_maps=(8, 16), out_channels=3, order="bcr")


def predictor(spec: NetworkSpec = FLAT, *, plane_wise: bool = False, **given: object) -> Predictor:
    options = NetworkOptions.read({"predict_patch": [8], "halo": [4], **given}, "here")
    how = choose("cpu", "auto", spec.ndim)
    return Predictor(how.place(build_network(spec)).eval(), spec, how, options, "here", plane_wise)


def test_tiles_with_their_context_predict_what_one_pass_does() -> None:
    image = np.random.default_rng(0).standard_normal((1, 24, 20)).astype(np.float32)
    lines: list[str] = []
    tiled = predictor(halo=[16])
    whole = Predictor(tiled.network, tiled.spec, tiled.compute, NetworkOptions.read({}, "here"), "here")
    made = tiled(image, unchanged, lines.append)
    assert made.shape == (3, 24, 20)
    np.testing.assert_allclose(made[:, 12:-12, 8:-8], whole(image, unchanged, lines.append)[:, 12:-12, 8:-8], atol=1e-5)
    assert lines[0].endswith("halo (16, 16)")


def test_planes_of_a_volume_by_a_flat_network() -> None:
    image = np.zeros((1, 3, 16, 16), dtype=np.float32)
    image[:, 1] = 1
    with pytest.raises(DataError, match="here: a 2D network for a 3D image"):
        predictor()(image, unchanged, lambda line: None)
    made = predictor(plane_wise=True)(image, unchanged, lambda line: None)
    assert made.shape == (3, 3, 16, 16)
    np.testing.assert_array_equal(made[:, 0], made[:, 2])
    assert not np.array_equal(made[:, 0], made[:, 1])


def test_what_is_no_input_is_refused() -> None:
    with pytest.raises(DataError, match="here: the image has 2 channels; the network takes 1"):
        check_image(np.zeros((2, 8, 8)), FLAT, "here", plane_wise=False)
    with pytest.raises(DataError, match=r"here: an image of \(1, 8\) pixels; accepted: at least 2 per axis"):
        check_size((1, 8), FLAT, "here")


def test_nothing_is_left_of_a_gradient() -> None:
    predict = predictor()
    predict(np.zeros((1, 16, 16), np.float32), unchanged, lambda line: None)
    assert all(parameter.grad is None for parameter in predict.network.parameters())
    assert torch.is_grad_enabled()
