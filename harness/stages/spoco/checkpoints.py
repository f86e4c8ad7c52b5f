"""Weights of a network and its twin in one file, in the layout of the public code: `net_f.*` and `net_g.*`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataError
from harness.stages.nets import checkpoints
from harness.stages.nets.networks import NetworkSpec

if TYPE_CHECKING:
    import torch
    from torch import nn

NETWORK, TWIN = "net_f", "net_g"


@dataclass(frozen=True, slots=True, eq=False)
class PairState:
    """The tensors of a network and of its twin by their names in either; those of the twin are empty without one."""

    network: Mapping[str, torch.Tensor]
    twin: Mapping[str, torch.Tensor]
    where: str

    @property
    def spec(self) -> NetworkSpec | None:
        """The shape of the network as its tensors show it, None if it is no U-Net of this family."""
        return checkpoints.infer_spec(self.network)

    def load(self, network: nn.Module, spec: NetworkSpec) -> None:
        """Copy the network's tensors; raises `DataError` for those of another network."""
        checkpoints.load_state(network, spec, self.network, where=self.where)

    def load_twin(self, twin: nn.Module, spec: NetworkSpec) -> None:
        """Copy the twin's tensors; raises `DataError` if there are none."""
        if not self.twin:
            raise DataError(f"{self.where}: holds no twin ({TWIN}.*); accepted with it: twin = false")
        checkpoints.load_state(twin, spec, self.twin, where=self.where)


def read_pair(path: Path, *, allow_pickle: bool) -> PairState:
    """Return the tensors of a file or folder: of a pair, or of one network of the same family alone.

    Raises `DataError` for what `harness.stages.nets.checkpoints.read_state` refuses.
    """
    file = checkpoints.weights_file(path)
    state = checkpoints.read_state(file, allow_pickle=allow_pickle)
    parts = {
        part: {name.removeprefix(f"{part}."): tensor for name, tensor in state.items() if name.startswith(f"{part}.")}
        for part in (NETWORK, TWIN)
    }
    return PairState(parts[NETWORK] or state, parts[TWIN], str(file))


def save_pair(folder: Path, spec: NetworkSpec, network: nn.Module, twin: nn.Module, notes: Mapping[str, Any]) -> None:
    """Write both networks, and a JSON file of their shape and of `notes`, into an existing folder."""
    from torch import nn as modules

    checkpoints.save_model(folder, spec, modules.ModuleDict({NETWORK: network, TWIN: twin}), notes=notes)
