from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.stages.nets.build import build_network
from harness.stages.nets.networks import NetworkSpec
from harness.stages.spoco.checkpoints import read_pair, save_pair

SPEC = NetworkSpec(ndim=2, in_channels=3, out_channels=4, f_maps=(4, 8), order="bcr")


def state(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in build_network(SPEC).state_dict().items()}


@pytest.mark.parametrize("parallel", ["", "module."])
def test_the_layout_of_the_public_code(tmp_path: Path, parallel: str) -> None:
    tensors = {**state(f"{parallel}net_f."), **state(f"{parallel}net_g.")}
    content = {
        "num_epochs": 3,
        "num_iterations": 700,
        "model_state_dict": tensors,
        "best_eval_score": np.float64(0.5),
        "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 2e-4}]},
    }
    torch.save(content, tmp_path / "best_checkpoint.pytorch")
    pair = read_pair(tmp_path, allow_pickle=False)
    assert pair.spec == SPEC
    network, twin = build_network(SPEC), build_network(SPEC)
    pair.load(network, SPEC)
    pair.load_twin(twin, SPEC)
    for made, part in ((network, "net_f"), (twin, "net_g")):
        for name, tensor in made.state_dict().items():
            assert torch.equal(tensor, tensors[f"{parallel}{part}.{name}"])


def test_a_network_alone_has_no_twin(tmp_path: Path) -> None:
    torch.save(state(""), tmp_path / "alone.pt")
    pair = read_pair(tmp_path, allow_pickle=False)
    pair.load(build_network(SPEC), SPEC)
    with pytest.raises(DataError, match=r"alone\.pt: holds no twin \(net_g\.\*\); accepted with it: twin = false"):
        pair.load_twin(build_network(SPEC), SPEC)


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    network, twin = build_network(SPEC), build_network(SPEC)
    save_pair(tmp_path, SPEC, network, twin, {"iterations": 1})
    pair = read_pair(tmp_path, allow_pickle=False)
    assert pair.spec == SPEC
    assert all(torch.equal(pair.network[name], tensor) for name, tensor in network.state_dict().items())
    assert all(torch.equal(pair.twin[name], tensor) for name, tensor in twin.state_dict().items())


def test_another_width_is_refused(tmp_path: Path) -> None:
    save_pair(tmp_path, SPEC, build_network(SPEC), build_network(SPEC), {})
    pair = read_pair(tmp_path, allow_pickle=False)
    wider = NetworkSpec(ndim=2, in_channels=3, out_channels=4, f_maps=(8, 16), order="bcr")
    with pytest.raises(DataError, match=r"holds unet 2D 3->4, f_maps 4,8, bcr; wanted: unet 2D 3->4, f_maps 8,16, bcr"):
        pair.load(build_network(wider), wider)
    grey = NetworkSpec(ndim=2, in_channels=1, out_channels=4, f_maps=(4, 8), order="bcr")
    with pytest.raises(DataError, match="the network has 3 in channels; wanted: 1"):
        pair.load(build_network(grey), grey)
