"""The Cellpose 3 network: built at any width, read from and written to checkpoints with checks."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.stages.cellpose.options import STYLE_ROOM
from harness.stages.nets.compute import Compute

CHECKPOINT = "cellpose.pt"
CHANNELS, OUTPUTS, SCRATCH_DIAMETER = 2, 3, 30.0
OPTIONAL = {"diam_mean", "diam_labels"}


def build_network(filters: tuple[int, ...], diam_mean: float, compute: Compute) -> Any:
    """Return the library's network on the device of `compute`, with two input channels.

    Convolutions run in the format of `compute`, flows and styles leave as float32; half precision goes with the
    channels-last layout, for which CPUs and GPUs have faster convolutions.
    """
    import torch
    from cellpose.resnet_torch import CPnet

    half = compute.precision != "float32"

    class Network(CPnet):  # type: ignore[misc, unused-ignore]
        def forward(self, data: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
            if half:
                data = data.contiguous(memory_format=torch.channels_last)
            with compute.autocast():
                flows, style, levels = super().forward(data)
            missing = STYLE_ROOM - style.shape[1]  # the library's tiles keep room for 256 style features
            return flows.float(), torch.nn.functional.pad(style.float(), (0, missing)), levels

    network = Network([CHANNELS, *filters], OUTPUTS, sz=3, mkldnn=False, max_pool=True, diam_mean=diam_mean)
    network = network.to(compute.device)
    return network.to(memory_format=torch.channels_last) if half else network


def read_checkpoint(source: Path) -> dict[str, Any]:
    """Return the tensors of a Cellpose 1-3 checkpoint: a file, or a folder that holds one.

    Nothing in it is executed. Raises `DataError` for anything else, Cellpose 4 checkpoints included.
    """
    import torch

    path = single_file(source)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: not readable as tensors: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(state, dict):
        raise DataError(f"{path}: holds a {type(state).__name__}; accepted: the tensors of a Cellpose 1-3 network")
    if "W2" in state:
        raise DataError(f"{path}: a Cellpose 4 checkpoint; accepted: Cellpose 1-3 (use the stage 'cellpose-sam')")
    return state


def filters_of(state: Mapping[str, Any], where: str) -> tuple[int, ...]:
    """Return the filters per level of a checkpoint; raises `DataError` if it is of another architecture."""
    stem = "downsample.down.res_down_{}.conv.conv_0.2.weight"
    filters: list[int] = []
    while (name := stem.format(len(filters))) in state:
        filters.append(int(state[name].shape[0]))
    if not filters:
        found = ", ".join(sorted(state)[:3])
        raise DataError(
            f"{where}: not a Cellpose 1-3 network: no '{stem.format(0)}'; found {len(state)} keys: {found}, …"
        )
    channels = int(state[stem.format(0)].shape[1])
    if channels != CHANNELS:
        raise DataError(f"{where}: a network of {channels} input channels; accepted: {CHANNELS}")
    return tuple(filters)


def load_network(source: Path, diam_mean: float, compute: Compute) -> Any:
    """Return the network of a checkpoint; `diam_mean` is for one that states none.

    Raises `DataError` for missing, unknown or misshapen tensors, and if neither or both state a diameter that differs:
    the library lets the checkpoint's override the caller's.
    """
    state = read_checkpoint(source)
    stated = float(state["diam_mean"]) if "diam_mean" in state else 0.0
    if not diam_mean and not stated:
        raise DataError(
            f"{source}: states no 'diam_mean'; accepted: the parameter 'diam_mean' (17 for nuclei, 30 for cyto models)"
        )
    if diam_mean and stated and abs(diam_mean - stated) > 1e-3:
        raise DataError(
            f"{source}: states a 'diam_mean' of {stated:g} and the parameter is {diam_mean:g}; "
            "accepted: equal ones, or 0 for the checkpoint's own"
        )
    diameter = diam_mean or stated
    network = build_network(filters_of(state, str(source)), diameter, compute)
    expected = network.state_dict()
    missing = sorted(set(expected) - set(state) - OPTIONAL)
    unknown = sorted(set(state) - set(expected))
    if missing or unknown:
        raise DataError(
            f"{source}: not the tensors of this network: missing {_some(missing)}; unknown {_some(unknown)}"
        )
    wrong = sorted(name for name in state if state[name].shape != expected[name].shape)
    if wrong:
        name = wrong[0]
        raise DataError(
            f"{source}: '{name}' has shape {tuple(state[name].shape)}; accepted: {tuple(expected[name].shape)} "
            f"({len(wrong)} tensors differ)"
        )
    network.load_state_dict(state, strict=False)
    network.diam_mean.data.fill_(diameter)
    return network


def save_network(network: Any, folder: Path) -> None:
    """Write the tensors to `cellpose.pt`, in the layout that Cellpose 3 itself reads."""
    import torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    torch.save(tensors, folder / CHECKPOINT)


def single_file(source: Path) -> Path:
    """Return a checkpoint given as a file, or as a folder with one; raises `DataError` if it holds none or several."""
    if source.is_file():
        return source
    if (source / CHECKPOINT).is_file():
        return source / CHECKPOINT
    files = sorted(path for path in source.glob("*") if path.is_file() and path.suffix not in (".json", ".npy", ".md"))
    if len(files) != 1:
        found = ", ".join(path.name for path in files[:6]) or "nothing"
        raise DataError(f"{source}: no single checkpoint; found: {found}; accepted: one file, or '{CHECKPOINT}'")
    return files[0]


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''} ({len(names)})" if names else "none"
