from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.hashing import hash_folder
from harness.stages.nets.build import build_network
from harness.stages.nets.checkpoints import infer_spec, load_state, read_config, read_state, save_model, weights_file
from harness.stages.nets.networks import NetworkSpec

SMALL = NetworkSpec(ndim=2, f_maps=(8, 16))


def small_state() -> dict[str, torch.Tensor]:
    return dict(build_network(SMALL).state_dict())


def test_the_mirrored_checkpoint_loads_and_runs(mirror: Path) -> None:
    state = read_state(mirror / "panseg-unet3d-checkpoint" / "best_checkpoint.pytorch")
    spec = NetworkSpec(out_channels=1)
    assert infer_spec(state) == spec
    network = build_network(spec).eval()
    load_state(network, spec, state, where="mirror")
    with torch.inference_mode():
        probability = torch.sigmoid(network(torch.randn(1, 1, 16, 32, 32)))
    assert probability.shape == (1, 1, 16, 32, 32)
    assert probability.isfinite().all()
    assert probability.std() > 0


@pytest.mark.parametrize(
    "spec",
    [
        NetworkSpec(),
        SMALL,
        NetworkSpec(in_channels=3, out_channels=1, f_maps=(8, 16, 32), order="bcr"),
        NetworkSpec(kind="residual-unet", ndim=2, in_channels=2, f_maps=(8, 16, 32)),
        NetworkSpec(ndim=2, f_maps=(8, 16), order="cr"),
        NetworkSpec(ndim=2, f_maps=(8, 16), order="crg"),
    ],
)
def test_the_shape_of_a_network_shows_in_its_tensors(spec: NetworkSpec) -> None:
    assert infer_spec(build_network(spec).state_dict()) == spec


def test_foreign_tensors_have_no_shape() -> None:
    assert infer_spec({"layer.weight": torch.zeros(3)}) is None
    assert infer_spec({"final_conv.weight": torch.zeros(2, 4, 1, 1)}) is None


@pytest.mark.parametrize("layout", ["plain", "model_state_dict", "state_dict", "parallel"])
def test_layouts(tmp_path: Path, layout: str) -> None:
    state = small_state()
    content: object = {
        "plain": state,
        "model_state_dict": {
            "model_state_dict": state,
            "num_iterations": 7,
            "best_eval_score": np.float32(0.5),
            "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": np.float64(1e-4)}]},
        },
        "state_dict": {"state_dict": state},
        "parallel": {"model_state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
    }[layout]
    torch.save(content, tmp_path / "best_checkpoint.pytorch")
    read = read_state(tmp_path)
    assert list(read) == list(state)
    assert all(torch.equal(read[name], state[name]) for name in state)


class Opaque:
    """Something only pickle can bring back."""


def test_pickled_objects_need_the_flag(tmp_path: Path) -> None:
    file = tmp_path / "old.pytorch"
    torch.save({"model_state_dict": small_state(), "config": Opaque()}, file)
    with pytest.raises(DataError, match="allow_pickle = true"):
        read_state(file)
    assert read_state(file, allow_pickle=True)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such weights file"):
        read_state(tmp_path / "absent.pt")
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(b"PK\x03\x04 not a zip archive")
    with pytest.raises(DataError, match=r"damaged\.pt"):
        read_state(damaged)
    other = tmp_path / "other.pt"
    torch.save({"epoch": 3}, other)
    with pytest.raises(DataError, match="no state dict; found: \\['epoch'\\]"):
        read_state(other)
    plain = tmp_path / "plain.pt"
    plain.write_bytes(pickle.dumps(Path("x"), protocol=2))
    with pytest.raises(DataError, match=r"plain\.pt"):
        read_state(plain)


def test_the_one_file_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found: none"):
        weights_file(tmp_path)
    (tmp_path / "a.pth").touch()
    assert weights_file(tmp_path).name == "a.pth"
    (tmp_path / "b.pt").touch()
    with pytest.raises(DataError, match=r"a\.pth, b\.pt"):
        weights_file(tmp_path)
    (tmp_path / "best_checkpoint.pytorch").touch()
    assert weights_file(tmp_path).name == "best_checkpoint.pytorch"


def refusal(spec: NetworkSpec, state: dict[str, torch.Tensor]) -> str:
    with pytest.raises(DataError) as caught:
        load_state(build_network(spec), spec, state, where="file.pt")
    message = str(caught.value)
    assert message.startswith("file.pt: ")
    assert "\n" not in message
    return message


def test_other_networks_are_refused() -> None:
    deep = NetworkSpec(ndim=2, f_maps=(8, 16, 32))
    message = refusal(deep, small_state())
    assert "holds unet 2D 1->2, f_maps 8,16, gcr; wanted: unet 2D 1->2, f_maps 8,16,32, gcr" in message
    assert "and 9 more missing" in message
    residual = NetworkSpec(kind="residual-unet", ndim=2, f_maps=(8, 16))
    assert "holds unet 2D" in refusal(residual, small_state())
    assert "another architecture" in refusal(SMALL, {"layer.weight": torch.zeros(2)})


def test_channel_counts_are_named() -> None:
    assert "has 1 in channels; wanted: 3" in refusal(NetworkSpec(ndim=2, in_channels=3, f_maps=(8, 16)), small_state())
    assert "has 2 out channels; wanted: 1" in refusal(
        NetworkSpec(ndim=2, out_channels=1, f_maps=(8, 16)), small_state()
    )


def test_single_tensors_are_named() -> None:
    state = small_state()
    del state["final_conv.bias"]
    state["extra"] = torch.zeros(1)
    assert "final_conv.bias missing; extra unexpected" in refusal(SMALL, state)


def test_saved_models_come_back(tmp_path: Path) -> None:
    network = build_network(SMALL)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, SMALL, network, notes={"iterations": 3})
    assert hash_folder(tmp_path / "first") == hash_folder(tmp_path / "second")
    config = read_config(tmp_path / "first")
    assert NetworkSpec.from_json(config["network"]) == SMALL
    assert config["iterations"] == 3
    other = build_network(SMALL)
    load_state(other, SMALL, read_state(tmp_path / "first"), where="first")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True))


def test_broken_config(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config\.json: no such file"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"iterations": 1}))
    with pytest.raises(DataError, match="no entry 'network'; found: iterations"):
        read_config(tmp_path)
