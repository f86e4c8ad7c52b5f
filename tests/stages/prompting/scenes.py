"""Small scenes with known objects, networks of a few channels, and stages run by hand with every check of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context, Stage
from harness.stages.prompting.layout import SamSpec
from harness.stages.values import Confidences, Masks, Prompts, Value

TINY = SamSpec(
    image_size=32, patch=8, width=16, depth=2, heads=2, mlp=64, window=2, global_layers=(1,), channels=32,
    decoder_mlp=32, score_width=32,
)  # fmt: skip
TINY_OPTIONS: dict[str, Any] = {
    "image_size": 32, "patch": 8, "width": 16, "depth": 2, "heads": 2, "window": 2, "global_layers": [1],
    "channels": 32, "decoder_mlp": 32,
}  # fmt: skip


def labels(array: Any, spacing: tuple[float, ...] | None = None) -> Volume:
    array = np.asarray(array)
    return Volume(array, "ZYX"[-array.ndim :], spacing)


def two_objects() -> np.ndarray:
    """A bar of 2x6 with the id 3 and a square of 4x4 with the id 7, on 12x16 pixels."""
    array = np.zeros((12, 16), dtype=np.uint16)
    array[1:3, 2:8] = 3
    array[6:10, 10:14] = 7
    return array


def bright_discs(shape: tuple[int, int] = (64, 64), *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A noisy image (uint8) of bright discs and their labels (uint16)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    truth = np.zeros(shape, dtype=np.uint16)
    for number, (row, column) in enumerate(((14, 16), (16, 46), (44, 20), (46, 48)), start=1):
        truth[(rows - row) ** 2 + (columns - column) ** 2 <= 9**2] = number
    image = np.where(truth > 0, 170, 40) + rng.normal(0, 8, shape)
    return np.clip(image, 0, 255).astype(np.uint8), truth


class Facts:
    """What a stage reported."""

    def __init__(self) -> None:
        self.numbers: dict[str, float] = {}

    def report(self, name: str, value: float) -> None:
        self.numbers[name] = value


def context(
    grid: Grid, *, seed: int = 0, weights: Mapping[str, Path] | None = None, facts: Facts | None = None
) -> Context:
    made = Context(grid, seed, Path("unused"), weights=weights or {})
    return made if facts is None else replace(made, report=facts.report)


def run(stage: Stage, slots: Mapping[str, Value], settings: Context) -> Value:
    """Return the only output of a stage, checked as in a run."""
    inputs = {slot: slots[slot] for slot in stage.reads()}
    (made,) = checked_outputs(stage, inputs, stage.run(inputs, settings), settings.grid).values()
    return made


def prompts_of(stage: Stage, volume: Volume, *, seed: int = 0, facts: Facts | None = None) -> Prompts:
    made = run(stage, {stage.reads()[0]: volume}, context(volume.grid, seed=seed, facts=facts))
    assert isinstance(made, Prompts)
    return made


def labels_of(stage: Stage, masks: Masks, facts: Facts | None = None) -> tuple[np.ndarray, dict[int, float]]:
    """Return the labels of masks, and how sure each of them is."""
    settings = context(masks.grid, facts=facts)
    made = checked_outputs(stage, {"masks": masks}, stage.run({"masks": masks}, settings), masks.grid)
    found, confidences = made["labels"], made["confidences"]
    assert isinstance(found, Volume)
    assert isinstance(confidences, Confidences)
    return found.array, confidences.by_object()
