"""Checkpoints of networks, damaged: read or refused, and nothing in them is run."""

from __future__ import annotations

import io
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from harness.stages.nets.checkpoints import infer_spec, load_state, read_state
from tests.campaign.mutations import damaged


class Hostile:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


@dataclass(frozen=True)
class Checkpoints:
    """Files of PyTorch."""

    name: str = "checkpoints"

    def prepare(self, folder: Path) -> list[bytes]:
        """Return checkpoints of several layouts, one of which runs code."""
        import torch

        from harness.stages.nets.build import build_network
        from harness.stages.nets.networks import NetworkSpec

        torch.set_num_threads(1)
        state = build_network(NetworkSpec(ndim=2, f_maps=(8, 16))).state_dict()
        contents: list[Any] = [state, {"model_state_dict": state, "epoch": 3}, {**state, "hostile": Hostile()}]
        found = []
        for content in contents:
            for zipped in (True, False):
                buffer = io.BytesIO()
                torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
                found.append(buffer.getvalue())
        return [*found, pickle.dumps(Hostile())]

    def attempt(self, originals: list[bytes], random: Random, folder: Path) -> None:
        """Damage one in most cases, and load it into a network."""
        from harness.stages.nets.build import build_network

        os.chdir(folder)
        content = random.choice(originals)
        path = folder / "best_checkpoint.pytorch"
        path.write_bytes(damaged(random, content) if random.random() < 0.9 else content)
        try:
            state = read_state(path)
            spec = infer_spec(state)
            if spec is not None and spec.ndim == 2 and max(spec.f_maps) <= 16:
                load_state(build_network(spec), spec, state, where=str(path))
        finally:
            assert not (folder / "ran").exists(), "code of the checkpoint was run"
