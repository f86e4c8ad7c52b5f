"""The stage `unet-package`: a boundary U-Net trained here and written as a package of the BioImage.IO format."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.stages.contract import Context, Example
from harness.stages.nets import checkpoints, compute
from harness.stages.nets.build import build_network
from harness.stages.nets.halo import tile_halo
from harness.stages.nets.networks import NetworkSpec
from harness.stages.unet.stage import UNetStage

if TYPE_CHECKING:
    import torch

FORMAT_VERSION = "0.5.12"
TEST_STEPS = 4
"""Sides of the test tensors, in steps of the coarsest level; more where the halo asks for it."""
SPATIAL = {2: ("y", "x"), 3: ("z", "y", "x")}


class UNetPackage(UNetStage):
    """Train like `unet`; the model is a package that any program of the BioImage.IO format runs, TorchScript inside.

    It holds a description, the weights, and test tensors that the network itself made. `unet` reads the weights beside
    them as its own. The test input is drawn from the seed of the training.
    """

    id = "unet-package"
    title = "U-Net, written as a BioImage.IO package"

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train, then write bioimageio.yaml, weights.torchscript and the test tensors; raises what `unet` raises."""
        super().fit(training, validation, context, model)
        spec = NetworkSpec.from_json(checkpoints.read_config(model)["network"])
        network = build_network(spec)
        checkpoints.load_state(network, spec, checkpoints.read_state(model), where=str(model))
        with compute.torch_threads(context.threads):
            write_package(model, spec, network.eval(), self.options.outputs, context.rng(), citation=self.citation)


def write_package(
    folder: Path,
    spec: NetworkSpec,
    network: torch.nn.Module,
    names: Sequence[str],
    rng: np.random.Generator,
    *,
    citation: str,
) -> None:
    """Write a network with its description and test tensors into an existing folder.

    `names` are those of the output channels. The network takes (1, C, (Z) Y X) of sides that are multiples of its
    coarsest step, standardised per channel, and gives logits, of which the description takes the sigmoid.
    """
    import torch
    import yaml

    side = spec.multiple * TEST_STEPS + 2 * tile_halo(spec)
    image = rng.normal(100, 20, (1, spec.in_channels, *(side,) * spec.ndim)).astype(np.float32)
    ready = torch.from_numpy(compute.standardised(image[0])[np.newaxis])
    with torch.inference_mode():
        output = torch.sigmoid(network(ready)).numpy()
    with torch.no_grad():
        traced: Any = torch.jit.trace(network, ready, check_trace=False)  # type: ignore[no-untyped-call]
        traced.save(str(folder / "weights.torchscript"))
    np.save(folder / "test_input.npy", image)
    np.save(folder / "test_output.npy", output)
    text = yaml.safe_dump(_description(folder, spec, side, names, citation), sort_keys=False)
    (folder / "bioimageio.yaml").write_text(text, encoding="utf-8")


def _description(folder: Path, spec: NetworkSpec, side: int, names: Sequence[str], citation: str) -> dict[str, Any]:
    spatial = SPATIAL[spec.ndim]

    def file(name: str) -> dict[str, str]:
        return {"source": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}

    halo = tile_halo(spec)
    size = {"min": 2 * halo + spec.multiple, "step": spec.multiple}
    return {
        "format_version": FORMAT_VERSION,
        "type": "model",
        "name": "boundary U-Net of a benchmark",
        "description": spec.title.replace("->", " to "),
        "authors": [{"name": "trained by the harness"}],
        "cite": [{"text": citation, "doi": "10.7554/eLife.57613"}],
        "license": "CC0-1.0",
        "inputs": [
            {
                "id": "raw",
                "description": "image, any unit",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": [f"channel{n}" for n in range(spec.in_channels)]},
                    *({"type": "space", "id": name, "size": size} for name in spatial),
                ],
                "test_tensor": file("test_input.npy"),
                "preprocessing": [
                    {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
                    {"id": "zero_mean_unit_variance", "kwargs": {"axes": list(spatial)}},
                ],
            }
        ],
        "outputs": [
            {
                "id": "probability",
                "description": "probabilities in [0, 1]",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": list(names)},
                    *(
                        {"type": "space", "id": name, "halo": halo, "size": {"tensor_id": "raw", "axis_id": name}}
                        for name in spatial
                    ),
                ],
                "test_tensor": file("test_output.npy"),
                "postprocessing": [{"id": "sigmoid"}],
            }
        ],
        "weights": {"torchscript": {**file("weights.torchscript"), "pytorch_version": _torch_version()}},
    }


def _torch_version() -> str:
    import torch

    return str(torch.__version__).partition("+")[0]
