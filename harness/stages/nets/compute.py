"""How a network computes: device, number format, memory layout and threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from harness.errors import BackendError
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.tiling import Forward

if TYPE_CHECKING:
    import torch
    from torch import nn

Precision = Literal["auto", "float32", "bfloat16", "float16"]
SMALLEST_STD = 1e-10
INDEX_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Compute:
    """Where and in which format convolutions run; `precision` is never "auto", float32 sums stay float32."""

    device: str
    precision: str
    channels_last: bool

    def place(self, module: nn.Module) -> nn.Module:
        """Return the module on the device in the chosen memory layout."""
        import torch

        placed: Any = module.to(self.device)
        return cast("nn.Module", placed.to(memory_format=torch.channels_last_3d) if self.channels_last else placed)

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """Return a batch array (N, C, ...) on the device; the copy to a GPU goes through pinned memory."""
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(array))
        return self.move(tensor.pin_memory() if self.device.startswith("cuda") else tensor)

    def move(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a (pinned) CPU tensor on the device in the chosen memory layout, without waiting for the copy."""
        import torch

        moved = tensor.to(self.device, non_blocking=True)
        five = self.channels_last and moved.ndim == 5
        return moved.contiguous(memory_format=torch.channels_last_3d) if five else moved

    def autocast(self) -> AbstractContextManager[None]:
        """Return the context in which forward passes use the chosen number format."""
        import torch

        if self.precision == "float32":
            return nullcontext()
        kind = self.device.partition(":")[0]
        context: AbstractContextManager[None] = torch.autocast(kind, dtype=getattr(torch, self.precision))
        return context


def choose(device: str, precision: str, ndim: int) -> Compute:
    """Return how to compute on a device; raises `BackendError` if the device or the format is not there.

    "auto" is float32 on a CPU (the same numbers on every machine, speed aside) and bfloat16 on a GPU that has it,
    float16 on others. Channels-last pays off for 3D convolutions in float32 on a CPU and in half precision on a GPU.
    """
    import torch

    on_gpu = device.startswith("cuda")
    if on_gpu and not torch.cuda.is_available():
        raise BackendError(f"device '{device}': torch {torch.__version__} finds no CUDA device; accepted: cpu")
    if precision == "auto":
        half = "bfloat16" if on_gpu and torch.cuda.is_bf16_supported() else "float16"
        precision = half if on_gpu else "float32"
    if precision == "float16" and not on_gpu:
        raise BackendError("precision 'float16' needs a CUDA device; accepted on a CPU: float32, bfloat16")
    return Compute(device, precision, ndim == 3 and (precision == "float32") != on_gpu)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Run with `count` torch threads and restore the former number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(count, 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


class BusyTime:
    """How long a device worked on training steps: by its own events on a GPU, by the clock on a CPU."""

    def __init__(self, device: str) -> None:
        self._on_gpu = device.startswith("cuda")
        self._pairs: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._seconds = 0.0

    @contextmanager
    def step(self) -> Iterator[None]:
        """Count what is done inside."""
        import torch

        if not self._on_gpu:
            started = time.perf_counter()
            yield
            self._seconds += time.perf_counter() - started
            return
        event: Any = torch.cuda.Event
        first, last = event(enable_timing=True), event(enable_timing=True)
        first.record()
        yield
        last.record()
        self._pairs.append((first, last))

    def total_s(self) -> float:
        """Wait for the device and return the seconds counted so far."""
        if self._pairs:
            self._pairs[-1][1].synchronize()
            self._seconds += sum(first.elapsed_time(last) for first, last in self._pairs) / 1000
            self._pairs.clear()
        return self._seconds


def standardised(image: np.ndarray) -> np.ndarray:
    """Return (C, (Z) Y X) float32 with mean 0 and standard deviation 1 per channel over the whole volume.

    A constant channel becomes 0.
    """
    axes = tuple(range(1, image.ndim))
    mean = image.mean(axis=axes, keepdims=True, dtype=np.float64)
    spread = image.std(axis=axes, keepdims=True, dtype=np.float64)
    return np.asarray((image - mean) / np.maximum(spread, SMALLEST_STD), dtype=np.float32)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a torch generator of this seed, and leave the process's own as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def forward_of(network: nn.Module, compute: Compute, activate: Callable[[torch.Tensor], torch.Tensor]) -> Forward:
    """Return the function that predicts one tile: the activated output of its core, float32 on the CPU."""
    import torch

    def forward(tile: np.ndarray, core: tuple[slice, ...]) -> np.ndarray:
        with torch.inference_mode(), compute.autocast():
            raw = network(compute.tensor(tile[np.newaxis]))
            return np.asarray(activate(raw[:, :, *core].float())[0].cpu().numpy())

    return forward


def fits_on_gpu(network: nn.Module, spec: NetworkSpec, compute: Compute, shape: tuple[int, ...]) -> bool:
    """Return whether a forward pass over a patch of this shape stays within the GPU's memory and indices of 32 bits.

    CUDA convolutions count elements in 32 bits; beyond, libraries take slow paths that need far more memory, or fail.
    """
    import torch

    if spec.largest_map(shape) > INDEX_LIMIT:
        return False
    try:
        with torch.inference_mode(), compute.autocast():
            network(compute.move(torch.zeros(1, spec.in_channels, *shape)))
        return True
    except torch.cuda.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
