"""Model files of the deposit and a base model, small, made with the libraries that wrote the published ones."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.model import Grid
from harness.stages.contract import Context
from harness.stages.nets.build import build_network
from harness.stages.nets.compute import standardised
from harness.stages.nets.networks import NetworkSpec
from harness.stages.stardist import session
from tests.integration.project import ROOT
from tests.integration.volumes import Ovule

PUBLISHED_PARAMETERS = 1_021_132
"""Of the 3D U-Net with 16 feature maps, one input and two outputs."""

CELLPOSE = {"nuclei_finetune/gold": 17.0, "cyto2_finetune/gold": 28.5, "scratch_trained/gold": 30.0}
"""Folders and the diameters that the checkpoints state; that of cyto2 is not its row's: the checkpoint's own counts."""


def model_files(ovules: list[Ovule], folder: Path) -> dict[str, bytes]:
    """Return the checkpoints of five folds of the six gold models, by path; `folder` is for files in passing."""
    context = Context(Grid("ZYX", (24, 64, 64)), seed=1, scratch=folder, threads=2)
    files: dict[str, bytes] = {}
    files.update(_plantseg(ovules))
    for backbone in ("resnet", "unet"):
        files.update(_stardist(backbone, ovules, context, folder))
    for place, diameter in CELLPOSE.items():
        files.update(_cellpose(place, diameter, ovules, folder))
    return {f"{ROOT}/Models/{path}": content for path, content in files.items()}


def base_model(ovules: list[Ovule], folder: Path, diameter: float = 17.0) -> bytes:
    """Return a base model of Cellpose as the library's network saves it; `folder` is for a file in passing.

    A diameter of 17 px is that of nuclei, 30 that of cells.
    """
    return _cellpose_network(diameter, ovules[0], seed=0, path=folder / "nucleitorch_0")


def zoo_network(channels: int, *, seed: int, ndim: int = 3) -> bytes:
    """Return a network of PlantSeg's zoo as pytorch-3dunet writes it, random weights, both signs among the logits."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built = build_network(NetworkSpec(ndim=ndim, f_maps=(8, 16, 32), out_channels=channels)).eval()
    voxels = (0, *range(2, 2 + ndim))
    with torch.no_grad():
        logits = built(torch.randn(1, 1, *(16, 32, 32)[-ndim:], generator=torch.Generator().manual_seed(seed)))
        scale = (2.0 / logits.std(dim=voxels)).reshape(-1)
        built.final_conv.weight.mul_(scale.reshape(-1, *(1,) * (1 + ndim)))
        built.final_conv.bias.sub_(logits.mean(dim=voxels)).mul_(scale)
    content = io.BytesIO()
    torch.save({"model_state_dict": built.state_dict()}, content)
    return content.getvalue()


def stardist_export(folder: Path) -> dict[str, bytes]:
    """Return a 3D ResNet as StarDist's library exports it for the BioImage.IO zoo, by file name; random weights.

    Configuration and thresholds stand in the description alone; `folder` is for files in passing.
    """
    import yaml

    context = Context(Grid("ZYX", (24, 64, 64)), seed=1, scratch=folder, threads=2)
    _, written = _stardist_model("resnet", context, folder)
    config = json.loads((written / "config.json").read_text(encoding="utf-8"))
    stated = {"config": config, "thresholds": {"prob": 0.5, "nms": 0.3}}
    description = {"name": "StarDist", "type": "model", "config": {"stardist": stated}}
    return {
        "rdf.yaml": yaml.safe_dump(description).encode(),
        "stardist_weights.h5": (written / "weights_best.h5").read_bytes(),
    }


def _plantseg(ovules: list[Ovule]) -> Iterator[tuple[str, bytes]]:
    """Write checkpoints as pytorch-3dunet does; random weights, outputs scaled so that both signs occur."""
    import torch

    torch.manual_seed(0)
    network = build_network(NetworkSpec()).eval()
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == PUBLISHED_PARAMETERS
    with torch.no_grad():
        image = torch.from_numpy(standardised(ovules[0].arrays["noisy"][None].astype(np.float32)))[None]
        logits = network(image)
        scale = 1.5 / logits.std(dim=(0, 2, 3, 4))
        network.final_conv.weight.mul_(scale.reshape(-1, 1, 1, 1, 1))
        network.final_conv.bias.sub_(logits.mean(dim=(0, 2, 3, 4))).mul_(scale)
    state = network.state_dict()
    for number, ovule in enumerate(ovules):
        generator = torch.Generator().manual_seed(number)
        prefix = "module." if number % 2 else ""
        tensors = {
            f"{prefix}{name}": tensor + 1e-4 * torch.randn(tensor.shape, generator=generator)
            for name, tensor in state.items()
        }
        checkpoint = {
            "num_iterations": 150_000,
            "best_eval_score": np.float64(0.9),
            "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 1e-4}]},
            "model_state_dict": tensors,
        }
        content = io.BytesIO()
        torch.save(checkpoint, content)
        run = f"plantseg/3dunet/gold/test_{ovule.id}_original_one_rotate2d_fmaps16_96x4"
        yield f"{run}/best_checkpoint.pytorch", content.getvalue()
        yield f"{run}/last_checkpoint.pytorch", content.getvalue()
        yield f"{run}/config_train.yml", b"model:\n  name: UNet3D\n"


def _stardist(backbone: str, ovules: list[Ovule], context: Context, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Write model folders as the library does; random weights, thresholds that leave a few candidates."""
    model, written = _stardist_model(backbone, context, folder)
    from csbdeep.utils import normalize

    start = model.keras_model.get_weights()
    for number, ovule in enumerate(ovules):
        rng = np.random.default_rng(number)
        model.keras_model.set_weights([array + 0.01 * rng.standard_normal(array.shape) for array in start])
        probability, _ = model.predict(normalize(ovule.arrays["noisy"], 1, 99.8), show_tile_progress=False)
        thresholds = {"prob": float(np.clip(np.quantile(probability, 0.9), 0.01, 0.99)), "nms": 0.3}
        model.keras_model.save_weights(str(written / "weights_best.h5"))
        place = f"stardist/{backbone}/gold/stardist_{backbone}_96_grid244_{ovule.id}"
        yield f"{place}/config.json", (written / "config.json").read_bytes()
        yield f"{place}/thresholds.json", json.dumps(thresholds).encode()
        yield f"{place}/weights_best.h5", (written / "weights_best.h5").read_bytes()
        yield f"{place}/logs/train/events.out.tfevents", b"\0"


def _stardist_model(backbone: str, context: Context, folder: Path) -> tuple[Any, Path]:
    """Return a small model of random weights and its folder, with `config.json` and `weights_best.h5`."""
    session.start_seeded(context)
    from stardist import Rays_GoldenSpiral
    from stardist.models import Config3D, StarDist3D

    small = {
        "resnet": {"resnet_n_filter_base": 4, "resnet_n_blocks": 2, "net_conv_after_resnet": 8},
        "unet": {"unet_n_filter_base": 4, "net_conv_after_unet": 8},
    }
    config = Config3D(
        axes="ZYX", rays=Rays_GoldenSpiral(96, anisotropy=(2, 1, 1)), anisotropy=(2, 1, 1), grid=(2, 4, 4),
        backbone=backbone, train_patch_size=(96, 96, 96), train_batch_size=8, use_gpu=False, **small[backbone],
    )  # fmt: skip
    with session.output_to(print):
        model = StarDist3D(config, name=backbone, basedir=str(folder / "stardist"))
    written = folder / "stardist" / backbone
    model.keras_model.save_weights(str(written / "weights_best.h5"))
    return model, written


def _cellpose(place: str, diameter: float, ovules: list[Ovule], folder: Path) -> Iterator[tuple[str, bytes]]:
    """Write checkpoints as the library's network does, without a suffix; random weights, few pixels inside."""
    for number, ovule in enumerate(ovules):
        content = _cellpose_network(diameter, ovule, seed=number + len(place), path=folder / "cellpose")
        yield f"cellpose/{place}/cellpose_residual_on_style_on_concatenation_off_{ovule.id}_gold", content


def _cellpose_network(diameter: float, ovule: Ovule, *, seed: int, path: Path) -> bytes:
    import torch
    from cellpose.resnet_torch import CPnet

    torch.manual_seed(seed)
    network: Any = CPnet([2, 4, 8], 3, sz=3, mkldnn=False, max_pool=True, diam_mean=diameter)
    _few_inside(network, ovule.arrays["noisy"])
    network.save_model(str(path))
    return path.read_bytes()


def _few_inside(network: Any, volume: np.ndarray) -> None:
    """Shift a network's logit of being inside, so that a fiftieth of the pixels of a volume's planes is."""
    import torch

    planes = torch.from_numpy(volume.astype(np.float32))[:, None]
    planes = (planes - planes.min()) / (planes.max() - planes.min())
    with torch.no_grad():
        logits = network.eval()(torch.cat([planes, torch.zeros_like(planes)], dim=1))[0][:, 2]
        network.output[2].bias[2] -= torch.quantile(logits.flatten()[:100_000], 0.98)
