from __future__ import annotations

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
from harness.stages.nets.networks import NetworkSpec
from harness.stages.spoco.checkpoints import read_pair, save_pair
from harness.stages.spoco.stage import Spoco

TINY: dict[str, Any] = {
    "f_maps": [4, 8],
    "channels": 4,
    "patch": [16],
    "stride": [8],
    "batch": 2,
    "max_iterations": 3,
    "validate_every": 1,
    "learning_rate": 1e-2,
    "min_labelled": 0.0,
    "predict_patch": [64],
    "halo": [0],
}


def example(shape: tuple[int, ...] = (24, 28), *, seed: int = 0, objects: int = 6, channels: int = 0) -> Example:
    labels = np.zeros(shape, dtype=np.uint16)
    for number in range(objects):
        row, column = divmod(number, 3)
        labels[..., 1 + 10 * row : 9 + 10 * row, 1 + 9 * column : 8 + 9 * column] = number + 1
    noise = np.random.default_rng(seed).integers(0, 40, shape)
    image = (100 * (labels > 0) + noise).astype(np.uint8)
    axes = "ZYX"[-len(shape) :]
    volume = Volume(np.stack([image] * channels), f"C{axes}") if channels else Volume(image, axes)
    return Example({"image": volume}, {"truth": Volume(labels, axes)})


def context_of(folder: Path, shape: tuple[int, ...] = (24, 28), **given: Any) -> Context:
    folder.mkdir(exist_ok=True)
    axes = "ZYX"[-len(shape) :]
    return Context(Grid(axes, shape), scratch=folder, model=folder, **{"seed": 5, "draw": 9, **given})


def fitted(stage: Spoco, one: Example, context: Context) -> dict[str, Volume]:
    assert context.model is not None
    stage.fit([one], [one], context, context.model)
    stage.load(context)
    return checked_outputs(stage, one.inputs, stage.run(one.inputs, context), context.grid)


@pytest.mark.parametrize("shape", [(24, 28), (16, 24, 28)])
def test_train_and_predict(tmp_path: Path, shape: tuple[int, ...]) -> None:
    one = example(shape)
    before = one.inputs["image"].array.copy()
    made = fitted(Spoco({**TINY, "labelled": 0.5}), one, context_of(tmp_path / "model", shape))
    assert set(made) == {"embedding"}
    volume = made["embedding"]
    assert volume.array.dtype == np.float32
    assert volume.array.shape == (4, *shape)
    assert volume.channels == ("embedding-1", "embedding-2", "embedding-3", "embedding-4")
    assert volume.array.std() > 0
    np.testing.assert_array_equal(one.inputs["image"].array, before)


def test_the_twin_predicts_from_a_second_view(tmp_path: Path) -> None:
    one = example()
    context = context_of(tmp_path / "model")
    made = fitted(Spoco({**TINY, "twin": True, "momentum": 0.0, "layer_order": "cr"}), one, context)
    first, second = made["embedding"].array, made["embedding-twin"].array
    assert first.shape == second.shape
    assert not np.array_equal(first, second)
    still = Spoco({**TINY, "twin": True, "second_view": [], "layer_order": "cr"})
    still.load(context)
    same = still.run(one.inputs, context)
    np.testing.assert_allclose(same["embedding"].array, same["embedding-twin"].array, atol=1e-5)


def test_equal_draws_leave_equal_models_and_label_equal_objects(tmp_path: Path) -> None:
    one = example()
    facts: dict[str, dict[str, float]] = {}
    hashes = []
    for name, draw, seed in (("a", 1, 5), ("b", 1, 6), ("c", 2, 5)):
        told: dict[str, float] = {}
        context = context_of(tmp_path / name, seed=seed, draw=draw, report=told.__setitem__)
        assert context.model is not None
        Spoco({**TINY, "labelled": 0.34}).fit([one], [], context, context.model)
        facts[name] = told
        hashes.append(hash_folder(context.model))
    assert hashes[0] == hashes[1] != hashes[2]
    assert {name: told["labelled_objects"] for name, told in facts.items()} == {"a": 2, "b": 2, "c": 2}
    assert facts["a"]["objects"] == 6


def test_rows_with_and_without_a_term_begin_alike_and_end_apart(tmp_path: Path) -> None:
    one = example()
    models = []
    for name, given in (("with", {}), ("without", {"consistency": 0.0})):
        context = context_of(tmp_path / name)
        assert context.model is not None
        Spoco({**TINY, "labelled": 0.2, "learning_rate": 0.0, **given}).fit([one], [], context, context.model)
        models.append(read_pair(context.model, allow_pickle=False).network)
    weights = [name for name in models[0] if "running" not in name]
    assert all(torch.equal(models[0][name], models[1][name]) for name in weights), "they started from other weights"
    ends = []
    for name, given in (("with-2", {}), ("without-2", {"consistency": 0.0})):
        context = context_of(tmp_path / name)
        assert context.model is not None
        Spoco({**TINY, "labelled": 0.2, **given}).fit([one], [], context, context.model)
        ends.append(read_pair(context.model, allow_pickle=False).network)
    assert not all(torch.equal(ends[0][name], ends[1][name]) for name in weights)


def test_fine_tuning_starts_from_the_base(tmp_path: Path) -> None:
    spec = NetworkSpec(ndim=2, out_channels=4, f_maps=(4, 8), order="bcr")
    base = tmp_path / "base"
    base.mkdir()
    network, twin = build_network(spec), build_network(spec)
    save_pair(base, spec, network, twin, {})
    context = context_of(tmp_path / "model", weights={"base": base})
    assert context.model is not None
    stage = Spoco({**TINY, "base": "some-id", "learning_rate": 0.0, "momentum": 1.0})
    assert stage.trains()
    stage.fit([example()], [], context, context.model)
    pair = read_pair(context.model, allow_pickle=False)
    kept = [name for name, _ in network.named_parameters()]
    assert all(torch.equal(pair.network[name], network.state_dict()[name]) for name in kept)
    assert all(torch.equal(pair.twin[name], twin.state_dict()[name]) for name in kept)


def test_full_supervision_has_no_unlabelled_voxels(tmp_path: Path) -> None:
    one = example()
    models = []
    for name, given in (("plain", {}), ("other", {"consistency": 7.0, "unlabelled_push": 7.0})):
        context = context_of(tmp_path / name)
        assert context.model is not None
        Spoco({**TINY, "sparse": False, **given}).fit([one], [], context, context.model)
        models.append(read_pair(context.model, allow_pickle=False).network)
    assert all(torch.equal(models[0][name], tensor) for name, tensor in models[1].items())


def test_given_weights_need_no_training(tmp_path: Path) -> None:
    spec = NetworkSpec(ndim=2, out_channels=4, f_maps=(4, 8), order="bcr")
    given = tmp_path / "given"
    given.mkdir()
    save_pair(given, spec, build_network(spec), build_network(spec), {})
    stage = Spoco({**TINY, "weights": "some-id", "twin": True})
    assert not stage.trains()
    context = context_of(tmp_path / "model", weights={"weights": given})
    stage.load(context)
    assert stage.run(example().inputs, context)["embedding-twin"].array.shape == (4, 24, 28)


def test_a_checkpoint_of_another_width_or_dimension(tmp_path: Path) -> None:
    spec = NetworkSpec(ndim=2, out_channels=8, f_maps=(4, 8), order="bcr")
    given = tmp_path / "given"
    given.mkdir()
    save_pair(given, spec, build_network(spec), build_network(spec), {})
    context = context_of(tmp_path / "model", weights={"weights": given, "base": given})
    assert context.model is not None
    with pytest.raises(DataError, match="the network has 8 out channels; wanted: 4"):
        Spoco({**TINY, "weights": "x"}).load(context)
    with pytest.raises(DataError, match="8 out channels; wanted: 4"):
        Spoco({**TINY, "base": "x"}).fit([example()], [], context, context.model)
    with pytest.raises(DataError, match="f_maps 4,8, bcr; wanted: unet 2D 1->8, f_maps 8,16, bcr"):
        Spoco({**TINY, "channels": 8, "f_maps": [8, 16], "weights": "x"}).load(context)
    with pytest.raises(DataError, match=r"holds unet 2D .*; wanted: unet 3D"):
        Spoco({**TINY, "channels": 8, "base": "x"}).fit([example((16, 24, 28))], [], context, context.model)


def test_what_cannot_be_learnt_from(tmp_path: Path) -> None:
    context = context_of(tmp_path / "model")
    assert context.model is not None
    with pytest.raises(DataError, match="no foreground"):
        Spoco(TINY).fit([example(objects=0)], [], context, context.model)
    with pytest.raises(DataError, match="no training examples"):
        Spoco(TINY).fit([], [], context, context.model)
    with pytest.raises(DataError, match=r"'patch' \[32, 32\] is larger than the smallest image sides \[24, 28\]"):
        Spoco({**TINY, "patch": [32]}).fit([example()], [], context, context.model)
    with pytest.raises(DataError, match="the examples have 1, 2 channels"):
        Spoco(TINY).fit([example(), example(channels=2)], [], context, context.model)
    broken = example()
    image = np.full((24, 28), np.nan, np.float32)
    with pytest.raises(DataError, match="NaN or infinite"):
        Spoco(TINY).fit([Example({"image": Volume(image, "YX")}, broken.targets)], [], context, context.model)
    with pytest.raises(ParameterError, match="cannot be split into 8 groups"):
        Spoco({**TINY, "f_maps": [12, 24], "layer_order": "gcr"})


def test_the_least_share_still_labels_one_object(tmp_path: Path) -> None:
    told: dict[str, float] = {}
    context = context_of(tmp_path / "model", report=told.__setitem__)
    assert context.model is not None
    stage = Spoco({**TINY, "labelled": 1e-6, "labelled_over": "set", "keep_poor": 1.0})
    stage.fit([example(), example(seed=1)], [], context, context.model)
    assert told["labelled_objects"] == 1
    assert told["objects"] == 12


def test_a_constant_image_trains_and_predicts_finite_embeddings(tmp_path: Path) -> None:
    one = example()
    flat = Example({"image": Volume(np.full((24, 28), 7, np.uint8), "YX")}, one.targets)
    made = fitted(Spoco(TINY), flat, context_of(tmp_path / "model"))
    assert np.isfinite(made["embedding"].array).all()


def test_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither weights nor a trained model"):
        Spoco(TINY).load(Context(Grid("YX", (24, 28)), seed=0, scratch=tmp_path))


@pytest.mark.slow
def test_training_learns_to_tell_objects_apart(tmp_path: Path) -> None:
    one = example((32, 32))
    options = {**TINY, "f_maps": [8, 16, 32], "layer_order": "gcr", "patch": [32], "batch": 1, "sparse": False}
    context = context_of(tmp_path / "model", (32, 32))
    stage = Spoco({**options, "max_iterations": 150, "validate_every": 50, "rotate_degrees": 0.0, "flip": 0.0})
    vectors = fitted(stage, one, context)["embedding"].array
    labels = one.targets["truth"].array
    means = np.stack([vectors[:, labels == number].mean(axis=1) for number in (1, 2, 3, 4, 5, 6)])
    apart = np.linalg.norm(means[:, None] - means[None], axis=2)[np.triu_indices(6, 1)]
    spread = np.mean([vectors[:, labels == number].std(axis=1).mean() for number in (1, 2, 3, 4, 5, 6)])
    assert apart.mean() > 4 * spread
