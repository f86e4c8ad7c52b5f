"""Weights on disk: read pytorch-3dunet and PlantSeg checkpoints, check them against a network, write our own."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import DataError
from harness.stages.nets.networks import NetworkSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

WEIGHTS_NAME = "weights.pt"
CONFIG_NAME = "config.json"
FOLDER_NAMES = (WEIGHTS_NAME, "best_checkpoint.pytorch", "last_checkpoint.pytorch")
"""Names looked for in a folder of weights, in this order."""
SUFFIXES = (".pt", ".pth", ".pytorch")
STATE_KEYS = ("model_state_dict", "state_dict")
PARALLEL_PREFIX = "module."
SHOWN = 3
"""How many tensor names a message lists."""


class Described(Protocol):
    """The shape of a network that can be written down."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""


def weights_file(path: Path) -> Path:
    """Return `path`, or the one weights file of a folder; raises `DataError` if there is no single one."""
    if not path.is_dir():
        return path
    for name in FOLDER_NAMES:
        if (path / name).is_file():
            return path / name
    found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise DataError(f"{path}: no single weights file; found: {names}; accepted: {', '.join(FOLDER_NAMES)}")
    return found[0]


def read_state(path: Path, *, allow_pickle: bool = False) -> dict[str, torch.Tensor]:
    """Return the tensors of a checkpoint by name, on the CPU, without the prefix of data-parallel training.

    A checkpoint is a state dict, or a dict that holds one as "model_state_dict" or "state_dict". Only tensors and plain
    numbers are read; `allow_pickle` also runs whatever code the file asks for, so it is for trusted files.
    Raises `DataError` for a file that is absent, damaged, of another kind, or in need of `allow_pickle`.
    """
    file = weights_file(path)
    content = _read(file, allow_pickle=allow_pickle)
    for key in STATE_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    import torch

    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(v, torch.Tensor) for v in content.values())
    ):
        found = sorted(str(key) for key in content)[:SHOWN] if isinstance(content, Mapping) else type(content).__name__
        raise DataError(f"{file}: no state dict; found: {found}; accepted: tensors by name, or {STATE_KEYS[0]}")
    names = [str(name) for name in content]
    start = len(PARALLEL_PREFIX) if all(name.startswith(PARALLEL_PREFIX) for name in names) else 0
    return {name[start:]: tensor for name, tensor in zip(names, content.values(), strict=True)}


def _read(file: Path, *, allow_pickle: bool) -> Any:
    import numpy as np
    import torch

    if not file.is_file():
        raise DataError(f"{file}: no such weights file")
    scalar = np.float64(0).__reduce__()[0]
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    kinds = [type(np.dtype(kind)) for kind in ("float32", "float64", "int64")]
    harmless: list[Any] = [*((scalar, name) for name in names), np.dtype, *kinds]
    try:
        with torch.serialization.safe_globals(harmless):
            return torch.load(file, map_location="cpu", weights_only=not allow_pickle)
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{file}: not a file of plain tensors ({_first_line(error)}); if you trust it, set allow_pickle = true"
        ) from error
    except Exception as error:  # torch fails in any way on a damaged file, also without a word
        raise DataError(f"{file}: cannot be read as a torch checkpoint ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def infer_spec(state: Mapping[str, torch.Tensor]) -> NetworkSpec | None:
    """Return the network a state dict belongs to, or None if it is no U-Net of this family.

    The activation and the group count leave no trace in the tensors: "r" and 8 are assumed.
    """
    final = state.get("final_conv.weight")
    if final is None or final.ndim not in (4, 5):
        return None
    residual = "encoders.0.basic_module.conv2.conv.weight" in state
    last = "conv3" if residual else "SingleConv2"
    widths: list[int] = []
    while (last_conv := state.get(f"encoders.{len(widths)}.basic_module.{last}.conv.weight")) is not None:
        widths.append(int(last_conv.shape[0]))
    first = state.get(f"encoders.0.basic_module.{'conv1' if residual else 'SingleConv1.conv'}.weight")
    if not widths or (first is None and not residual):
        return None
    return NetworkSpec(
        kind="residual-unet" if residual else "unet",
        ndim=final.ndim - 2,
        in_channels=widths[0] if first is None else int(first.shape[1]),
        out_channels=int(final.shape[0]),
        f_maps=tuple(widths),
        order=_infer_order(state, "conv2" if residual else "SingleConv1"),
    )


def _infer_order(state: Mapping[str, torch.Tensor], step: str) -> str:
    prefix = f"encoders.0.basic_module.{step}"
    for letter, name in (("g", "groupnorm"), ("b", "batchnorm")):
        norm = state.get(f"{prefix}.{name}.weight")
        if norm is not None:
            outgoing, incoming = state[f"{prefix}.conv.weight"].shape[:2]
            return f"cr{letter}" if norm.shape[0] == outgoing != incoming else f"{letter}cr"
    return "cr"


def load_state(network: nn.Module, spec: NetworkSpec, state: Mapping[str, torch.Tensor], *, where: str) -> None:
    """Copy a state dict into a network; raises `DataError` unless every name and shape agrees.

    `where` (the file) begins the message, which names the channel counts, the other architecture, or the first few
    missing, unexpected or misshapen tensors.
    """
    expected = network.state_dict()
    missing = [name for name in expected if name not in state]
    unexpected = [name for name in state if name not in expected]
    shapes = [name for name in expected if name in state and expected[name].shape != state[name].shape]
    if not (missing or unexpected or shapes):
        network.load_state_dict(dict(state))
        return
    found = infer_spec(state)
    if found is not None:
        _check_channels(found, spec, where)
    parts = [f"{_few(names)} {what}" for names, what in ((missing, "missing"), (unexpected, "unexpected")) if names]
    parts += [f"{_few(shapes)} of another shape"] if shapes else []
    holds = f"holds {found.title}" if found else "holds another architecture"
    raise DataError(f"{where}: {holds}; wanted: {spec.title} ({'; '.join(parts)})")


def _check_channels(found: NetworkSpec, wanted: NetworkSpec, where: str) -> None:
    same = (found.kind, found.ndim, found.f_maps) == (wanted.kind, wanted.ndim, wanted.f_maps)
    for name in ("in_channels", "out_channels"):
        have, want = getattr(found, name), getattr(wanted, name)
        if same and have != want:
            raise DataError(f"{where}: the network has {have} {name.replace('_', ' ')}; wanted: {want}")


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def save_model(folder: Path, spec: Described, network: nn.Module, *, notes: Mapping[str, Any]) -> None:
    """Write a network's weights and a JSON file of its shape and of `notes` into an existing folder.

    Equal weights and notes give equal bytes. `read_state` and pytorch-3dunet both read the weights.
    """
    import torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    torch.save({"model_state_dict": tensors}, folder / WEIGHTS_NAME)
    text = json.dumps({"network": spec.to_json(), **notes}, indent=2, sort_keys=True)
    (folder / CONFIG_NAME).write_text(text + "\n", encoding="utf-8")


def read_config(folder: Path) -> dict[str, Any]:
    """Return the JSON that `save_model` wrote; raises `DataError` if it is absent or lacks the network."""
    file = folder / CONFIG_NAME
    if not file.is_file():
        raise DataError(f"{file}: no such file; a trained model holds {WEIGHTS_NAME} and {CONFIG_NAME}")
    config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if "network" not in config:
        raise DataError(f"{file}: no entry 'network'; found: {', '.join(sorted(config))}")
    return config
