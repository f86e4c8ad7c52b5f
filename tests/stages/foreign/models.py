"""Small described models: a box filter of 3 pixels in each of the formats that are run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ARCHITECTURE = """
import torch

class Box(torch.nn.Module):
    def __init__(self, ndim, factor):
        super().__init__()
        kind = torch.nn.AvgPool2d if ndim == 2 else torch.nn.AvgPool3d
        self.pool = kind(3, 1, 1, count_include_pad=False)
        self.factor = torch.nn.Parameter(torch.tensor(float(factor)))

    def forward(self, x):
        return self.pool(x) * self.factor
"""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def field(number: int, value: int | str | bytes) -> bytes:
    """Return one entry of a protocol buffer: a number, a text, or a nested message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_box(ndim: int) -> bytes:
    """Return the box filter as ONNX, written entry by entry: there is no library here that makes such a file."""

    def tensor(name: str) -> bytes:
        shape = b"".join(field(1, field(2, f"d{axis}")) for axis in range(ndim + 2))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    def ints(name: str, values: Sequence[int]) -> bytes:
        return field(1, name) + b"".join(field(8, value) for value in values) + field(20, 7)

    node = field(1, "x") + field(2, "y") + field(4, "AveragePool")
    node += field(5, ints("kernel_shape", [3] * ndim)) + field(5, ints("pads", [1] * 2 * ndim))
    graph = field(1, node) + field(2, "box") + field(11, tensor("x")) + field(12, tensor("y"))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def box(array: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """Return what the network makes of (N, C, (Z) Y X) float32."""
    import torch

    kind: Any = torch.nn.AvgPool2d if array.ndim == 4 else torch.nn.AvgPool3d
    return np.asarray(kind(3, 1, 1, count_include_pad=False)(torch.from_numpy(array)).numpy() * np.float32(factor))


def package(
    folder: Path,
    *,
    formats: Sequence[str] = ("torchscript",),
    size: int | Mapping[str, int] = 32,
    halo: int = 2,
    spatial: Sequence[str] = ("y", "x"),
    channels: int = 1,
    preprocessing: Sequence[Mapping[str, Any]] = (),
    postprocessing: Sequence[Mapping[str, Any]] = (),
    factor: float = 1.0,
    axis: Mapping[str, Any] | None = None,
    further_axes: Sequence[Mapping[str, Any]] = (),
    test: tuple[np.ndarray, np.ndarray] | None = None,
    **changes: Any,
) -> Path:
    """Write a package into a new folder; `changes` are laid over the description."""
    folder.mkdir(parents=True)
    weights = _weights(folder, formats, len(spatial), channels, factor)
    side = size if isinstance(size, int) else size["min"]
    if test is None:
        image = np.random.default_rng(0).random((1, channels, *(side,) * len(spatial))).astype(np.float32)
        test = (image, box(image, factor))
    for name, array in zip(("test_input", "test_output"), test, strict=True):
        np.save(folder / f"{name}.npy", array)
    names = [f"c{number}" for number in range(channels)]
    inside = {"halo": halo} if halo else {}
    description = {
        "format_version": "0.5.12",
        "type": "model",
        "name": "box filter",
        "description": "mean of 3 pixels along each axis",
        "authors": [{"name": "a test"}],
        "cite": [{"text": "none", "doi": "10.1234/none"}],
        "license": "CC0-1.0",
        "inputs": [
            {
                "id": "raw",
                "axes": [
                    {"type": "batch"},
                    *further_axes,
                    {"type": "channel", "channel_names": names},
                    *({"type": "space", "id": name, "size": size, **(axis or {})} for name in spatial),
                ],
                "test_tensor": described(folder, "test_input.npy"),
                "preprocessing": list(preprocessing),
            }
        ],
        "outputs": [
            {
                "id": "smooth",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": names},
                    *(
                        {
                            "type": "space",
                            "id": name,
                            "size": {"tensor_id": "raw", "axis_id": name},
                            **inside,
                            **(axis or {}),
                        }
                        for name in spatial
                    ),
                ],
                "test_tensor": described(folder, "test_output.npy"),
                "postprocessing": list(postprocessing),
            }
        ],
        "weights": weights,
        **changes,
    }
    (folder / "bioimageio.yaml").write_text(yaml.safe_dump(description, sort_keys=False))
    return folder


def described(folder: Path, name: str) -> dict[str, str]:
    return {"source": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def change(folder: Path, old: str, new: str) -> None:
    """Replace a text of the description that stands there."""
    file = folder / "bioimageio.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def _weights(folder: Path, formats: Sequence[str], ndim: int, channels: int, factor: float) -> dict[str, Any]:
    import torch

    space: dict[str, Any] = {}
    exec(ARCHITECTURE, space)  # the same lines that the package brings
    network = space["Box"](ndim, factor).eval()
    found: dict[str, Any] = {}
    if "onnx" in formats:
        (folder / "weights.onnx").write_bytes(onnx_box(ndim))
        found["onnx"] = {**described(folder, "weights.onnx"), "opset_version": 13}
    if "torchscript" in formats:
        traced = torch.jit.trace(network, torch.zeros(1, channels, *(8,) * ndim))
        traced.save(str(folder / "weights.pt"))
        found["torchscript"] = {**described(folder, "weights.pt"), "pytorch_version": "2.0"}
    if "pytorch_state_dict" in formats:
        torch.save(network.state_dict(), folder / "state.pt")
        (folder / "box.py").write_text(ARCHITECTURE)
        found["pytorch_state_dict"] = {
            **described(folder, "state.pt"),
            "architecture": {
                **described(folder, "box.py"),
                "callable": "Box",
                "kwargs": {"ndim": ndim, "factor": factor},
            },
            "pytorch_version": "2.0",
        }
    return found
