from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import DataError, ParameterError
from harness.hashing import hash_folder
from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context, Example
from harness.stages.nets.build import build_network
from harness.stages.nets.checkpoints import save_model
from harness.stages.nets.networks import NetworkSpec
from harness.stages.unet.stage import UNetStage

TINY: dict[str, Any] = {
    "f_maps": [8],
    "levels": 3,
    "patch": [16],
    "stride": [8],
    "batch": 2,
    "max_iterations": 2,
    "validate_every": 1,
    "learning_rate": 1e-3,
    "predict_patch": [16],
    "halo": [8],
}


def example(shape: tuple[int, ...] = (20, 24, 28), *, seed: int = 0, channels: int = 0, objects: int = 6) -> Example:
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, dtype=np.uint16)
    for number in range(1, objects + 1):
        corner = [int(rng.integers(0, n - 6)) for n in shape]
        labels[tuple(slice(c, c + 6) for c in corner)] = number
    image = (200 * (labels > 0) + rng.integers(0, 40, shape)).astype(np.uint8)
    axes = "ZYX"[-len(shape) :]
    volume = Volume(np.stack([image] * channels), "C" + axes) if channels else Volume(image, axes)
    return Example({"image": volume}, {"truth": Volume(labels, axes)})


Make = Callable[..., Context]


@pytest.fixture
def make_context(tmp_path: Path) -> Make:
    def make(shape: tuple[int, ...], **given: Any) -> Context:
        model = tmp_path / given.pop("name", "model")
        model.mkdir(exist_ok=True)
        lines: list[str] = given.pop("lines", [])
        axes = "ZYX"[-len(shape) :]
        return Context(Grid(axes, shape), seed=5, scratch=tmp_path, model=model, log=lines.append, **given)

    return make


def fitted(stage: UNetStage, one: Example, context: Context) -> Volume:
    assert context.model is not None
    stage.fit([one], [one], context, context.model)
    stage.load(context)
    return checked_outputs(stage, one.inputs, stage.run(one.inputs, context), context.grid)["probability"]


@pytest.mark.parametrize("shape", [(20, 24, 28), (40, 36)])
@pytest.mark.parametrize("kind", ["unet", "residual-unet"])
def test_train_and_predict(make_context: Make, shape: tuple[int, ...], kind: str) -> None:
    one = example(shape)
    before = one.inputs["image"].array.copy()
    result = fitted(UNetStage({**TINY, "architecture": kind}), one, make_context(shape))
    assert result.array.dtype == np.float32
    assert result.array.shape == (2, *shape)
    assert result.axes == "C" + "ZYX"[-len(shape) :]
    assert result.channels == ("foreground", "boundary")
    assert 0 <= result.array.min() < result.array.max() <= 1
    np.testing.assert_array_equal(one.inputs["image"].array, before)


def test_equal_seeds_leave_equal_models(make_context: Make) -> None:
    one = example()
    stage = UNetStage(TINY)
    contexts = [make_context((20, 24, 28), name=name) for name in ("first", "second")]
    for context in contexts:
        assert context.model is not None
        stage.fit([one], [one], context, context.model)
    first, second = (context.model for context in contexts)
    assert first is not None
    assert second is not None
    assert hash_folder(first) == hash_folder(second)


def test_a_plane_wise_network_on_a_volume(make_context: Make) -> None:
    one = example()
    result = fitted(UNetStage({**TINY, "plane_wise": True}), one, make_context((20, 24, 28)))
    assert result.array.shape == (2, 20, 24, 28)


def test_several_channels_and_one_output(make_context: Make) -> None:
    one = example(channels=2)
    result = fitted(UNetStage({**TINY, "outputs": ["boundary"]}), one, make_context((20, 24, 28)))
    assert result.channels == ("boundary",)
    assert result.array.shape == (1, 20, 24, 28)


def test_a_volume_smaller_than_a_patch(make_context: Make) -> None:
    lines: list[str] = []
    one, context = example((12, 13, 20)), make_context((12, 13, 20), lines=lines)
    options = {**TINY, "stride": [48], "predict_patch": [192, 256, 256]}
    message = r"'patch' \[12, 16, 16\] is larger than the smallest image sides \[12, 13, 20\]; accepted: at most \["
    with pytest.raises(DataError, match=message):
        UNetStage({**options, "patch": [12, 16, 16]}).fit([one], [], context, context.scratch)
    result = fitted(UNetStage({**options, "patch": [12, 13, 20]}), one, context)
    assert result.array.shape == (2, 12, 13, 20)
    assert lines[-1] == "1 tiles of (12, 16, 20) with halo (0, 0, 0)"


def test_patches_found_by_memory(make_context: Make) -> None:
    context = make_context((400, 64, 64))
    assert context.model is not None
    save_model(context.model, NetworkSpec(), build_network(NetworkSpec()), notes={})
    stage = UNetStage({"predict_patch": [], "halo": [], "memory_gb": 1.0})
    stage.load(context)
    tiles = stage.tiles((400, 64, 64))
    assert tiles.patch[1:] == (64, 64)
    assert tiles.halo == (48, 0, 0)
    assert 64 < tiles.patch[0] < 400
    unlimited = UNetStage({"predict_patch": [], "halo": []})
    unlimited.load(context)
    assert unlimited.tiles((400, 64, 64)).patch == (400, 64, 64)


def test_published_tiles_are_indexed_in_32_bits(make_context: Make) -> None:
    context = make_context((400, 1000, 1000))
    assert context.model is not None
    save_model(context.model, NetworkSpec(), build_network(NetworkSpec()), notes={})
    stage = UNetStage()
    stage.load(context)
    tiles = stage.tiles((400, 1000, 1000))
    assert (tiles.patch, tiles.halo) == ((192, 128, 256), (64, 64, 64))
    assert NetworkSpec().largest_map(tiles.tile_shape) < 2**31 <= NetworkSpec().largest_map((320, 384, 384))


def weights_of(spec: NetworkSpec, folder: Path) -> Path:
    folder.mkdir()
    save_model(folder, spec, build_network(spec), notes={})
    return folder


def test_given_weights_need_no_training(make_context: Make, tmp_path: Path) -> None:
    given = weights_of(NetworkSpec(f_maps=(8, 16, 32)), tmp_path / "given")
    stage = UNetStage({**TINY, "weights": "some-id"})
    assert not stage.trains()
    assert UNetStage(TINY).trains()
    context = make_context((20, 24, 28), weights={"weights": given})
    stage.load(context)
    assert stage.run(example().inputs, context).array.shape == (2, 20, 24, 28)


def test_the_mirrored_checkpoint_predicts(make_context: Make, mirror: Path) -> None:
    context = make_context((16, 32, 32), weights={"weights": mirror / "panseg-unet3d-checkpoint"})
    stage = UNetStage({"weights": "panseg-unet3d-checkpoint", "outputs": ["boundary"]})
    stage.load(context)
    result = stage.run(example((16, 32, 32)).inputs, context)
    assert result.array.shape == (1, 16, 32, 32)
    assert result.array.std() > 0


def test_weights_of_another_network(make_context: Make, tmp_path: Path) -> None:
    given = weights_of(NetworkSpec(f_maps=(8, 16)), tmp_path / "given")
    context = make_context((20, 24, 28), weights={"weights": given})
    with pytest.raises(DataError, match="holds unet 3D 1->2, f_maps 8,16, gcr; wanted: unet 3D 1->2, f_maps 8,16,32"):
        UNetStage({**TINY, "weights": "x"}).load(context)
    with pytest.raises(DataError, match="2 out channels; wanted: 1"):
        UNetStage({**TINY, "levels": 2, "outputs": ["boundary"], "weights": "x"}).load(context)


def test_pickled_weights_need_the_flag(make_context: Make, tmp_path: Path) -> None:
    file = tmp_path / "old.pytorch"
    state = build_network(NetworkSpec(f_maps=(8, 16, 32))).state_dict()
    torch.save({"model_state_dict": state, "folder": tmp_path}, file)
    context = make_context((20, 24, 28), weights={"weights": file})
    with pytest.raises(DataError, match="allow_pickle"):
        UNetStage({**TINY, "weights": "x"}).load(context)
    UNetStage({**TINY, "weights": "x", "allow_pickle": True}).load(context)


def test_images_that_do_not_fit_the_network(make_context: Make, tmp_path: Path) -> None:
    given = weights_of(NetworkSpec(f_maps=(8, 16, 32)), tmp_path / "given")
    context = make_context((20, 24, 28), weights={"weights": given})
    stage = UNetStage({**TINY, "weights": "x"})
    stage.load(context)
    with pytest.raises(DataError, match="the image has 3 channels; the network takes 1"):
        stage.run(example(channels=3).inputs, context)
    with pytest.raises(DataError, match="a 3D network for a 2D image"):
        stage.run(example((30, 30)).inputs, context)
    with pytest.raises(DataError, match=r"an image of \(2, 24, 28\) pixels; accepted: at least 4 per axis"):
        stage.run({"image": Volume(np.zeros((2, 24, 28), np.uint8), "ZYX")}, context)
    with pytest.raises(DataError, match="NaN"):
        stage.run({"image": Volume(np.full((20, 24, 28), np.nan, np.float32), "ZYX")}, context)


def test_truths_that_cannot_be_learnt(make_context: Make) -> None:
    context = make_context((20, 24, 28))
    assert context.model is not None
    with pytest.raises(DataError, match="no foreground"):
        UNetStage(TINY).fit([example(objects=0)], [], context, context.model)
    with pytest.raises(DataError, match="at least 8 per axis"):
        UNetStage({**TINY, "levels": 4}).fit([example((7, 20, 20))], [], context, context.model)
    with pytest.raises(ParameterError, match="9 channels cannot be split"):
        UNetStage(TINY).fit([example(channels=9)], [], context, context.model)


def test_one_object_is_enough(make_context: Make) -> None:
    result = fitted(UNetStage(TINY), example(objects=1), make_context((20, 24, 28)))
    assert np.isfinite(result.array).all()


def test_spacing_plays_no_part(make_context: Make) -> None:
    one = example()
    context = make_context((20, 24, 28))
    stage = UNetStage(TINY)
    plain = fitted(stage, one, context)
    image = one.inputs["image"]
    spaced = stage.run({"image": Volume(image.array, image.axes, (0.3, 0.1, 0.1))}, context)
    np.testing.assert_array_equal(plain.array, spaced.array)
    assert spaced.spacing_um == (0.3, 0.1, 0.1)


def test_nothing_to_load(make_context: Make, tmp_path: Path) -> None:
    context = Context(Grid("ZYX", (20, 24, 28)), seed=0, scratch=tmp_path)
    with pytest.raises(DataError, match="neither weights nor a trained model"):
        UNetStage(TINY).load(context)


@pytest.mark.parametrize("plane_wise", [False, True])
def test_what_is_ignored_is_not_taught_whatever_it_is_labelled(make_context: Make, plane_wise: bool) -> None:
    one = example((20, 24, 28))
    labels = one.targets["truth"].array
    mask, inner = np.zeros((2, *labels.shape), bool)
    mask[:9], inner[:8] = True, True
    wrong = Volume(np.where(inner, 99, labels).astype(labels.dtype), "ZYX")
    ignored = Volume(mask, "ZYX")
    told = {
        "plain": one,
        "ignored": replace(one, ignored=ignored),
        "ignored and wrong": replace(one, targets={"truth": wrong}, ignored=ignored),
    }
    models = {}
    for name, taught in told.items():
        context = make_context(labels.shape, name=name)
        assert context.model is not None
        UNetStage({**TINY, "plane_wise": plane_wise}).fit([taught], [taught], context, context.model)
        models[name] = hash_folder(context.model)
    assert models["ignored"] == models["ignored and wrong"] != models["plain"]
    nothing = replace(one, targets={"truth": Volume(np.where(mask, labels, 0), "ZYX")}, ignored=ignored)
    context = make_context(labels.shape, name="nothing")
    assert context.model is not None
    with pytest.raises(DataError, match="no foreground: the truths of all 1 examples"):
        UNetStage(TINY).fit([nothing], [], context, context.model)
