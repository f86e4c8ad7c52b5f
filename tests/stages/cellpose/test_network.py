from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("cellpose.resnet_torch", reason="Cellpose 3 is not installed")

import torch

from harness.errors import DataError
from harness.stages.cellpose.network import build_network, filters_of, load_network, save_network
from harness.stages.nets.compute import Compute

CPU = Compute("cpu", "float32", False)


def _saved(folder: Path, change: Callable[[dict[str, Any]], object] = lambda state: None) -> Path:
    network = build_network((4, 8), 17.0, CPU)
    save_network(network, folder)
    state = torch.load(folder / "cellpose.pt", weights_only=True)
    change(state)
    torch.save(state, folder / "cellpose.pt")
    return folder / "cellpose.pt"


def test_default_widths_are_the_published_network() -> None:
    from cellpose.resnet_torch import CPnet

    network = build_network((32, 64, 128, 256), 30.0, CPU)
    library = CPnet([2, 32, 64, 128, 256], 3, 3, diam_mean=30.0)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert shapes == {name: tuple(tensor.shape) for name, tensor in library.state_dict().items()}
    assert sum(tensor.numel() for tensor in network.parameters()) == sum(t.numel() for t in library.parameters())
    assert filters_of(library.state_dict(), "here") == (32, 64, 128, 256)


def test_what_is_saved_is_loaded_at_its_own_width(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    for source in (path, tmp_path):
        network = load_network(source, 0.0, CPU).eval()
        assert float(network.diam_mean) == 17.0
        flows, style, _ = network(torch.zeros(1, 2, 16, 16))
        assert flows.shape == (1, 3, 16, 16)
        assert style.shape == (1, 256)
    assert float(load_network(path, 17.0, CPU).diam_mean) == 17.0
    with pytest.raises(
        DataError, match="states a 'diam_mean' of 17 and the parameter is 30; accepted: equal ones, or 0"
    ):
        load_network(path, 30.0, CPU)


def test_a_checkpoint_without_diameters_needs_one(tmp_path: Path) -> None:
    path = _saved(tmp_path, lambda state: [state.pop(name) for name in ("diam_mean", "diam_labels")])
    with pytest.raises(DataError, match="states no 'diam_mean'; accepted: the parameter"):
        load_network(path, 0.0, CPU)
    assert float(load_network(path, 17.0, CPU).diam_mean) == 17.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(W2=torch.zeros(1)), "a Cellpose 4 checkpoint"),
        (lambda s: s.pop("output.2.bias"), r"missing output.2.bias \(1\); unknown none"),
        (lambda s: s.update(extra=torch.zeros(1)), r"missing none; unknown extra \(1\)"),
        (lambda s: s.update({"output.2.bias": torch.zeros(7)}), r"'output.2.bias' has shape \(7,\); accepted: \(3,\)"),
        (lambda s: s.pop("downsample.down.res_down_0.conv.conv_0.2.weight"), "not a Cellpose 1-3 network"),
        (
            lambda s: s.update({"downsample.down.res_down_0.conv.conv_0.2.weight": torch.zeros(4, 1, 3, 3)}),
            "a network of 1 input channels; accepted: 2",
        ),
    ],
)
def test_other_architectures(tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_network(_saved(tmp_path, change), 0.0, CPU)


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"no tensors")
    with pytest.raises(DataError, match="not readable as tensors"):
        load_network(bad, 0.0, CPU)
    torch.save([1, 2], bad)
    with pytest.raises(DataError, match="holds a list"):
        load_network(bad, 0.0, CPU)
    (tmp_path / "another").write_bytes(b"")
    with pytest.raises(DataError, match="no single checkpoint; found: another, bad"):
        load_network(tmp_path, 0.0, CPU)


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"x": Harmful()}, tmp_path / "bad")
    with pytest.raises(DataError, match="not readable as tensors"):
        load_network(tmp_path / "bad", 0.0, CPU)
    assert not (tmp_path / "ran").exists()
