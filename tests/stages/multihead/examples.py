"""Two-channel volumes with two structures: shells with a core in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.model import Grid, Volume
from harness.stages.contract import Context, Example

SHAPE = (16, 16, 16)
TINY: dict[str, Any] = {
    "f_maps": [8],
    "levels": 2,
    "patch": [16],
    "stride": [16],
    "batch": 1,
    "max_iterations": 2,
    "validate_every": 1,
    "learning_rate": 1e-3,
    "predict_patch": [16],
    "halo": [4],
    "inputs": ["clear+wall"],
    "outputs": ["nuclei", "cell"],
}


def example(seed: int = 0, *, absent: tuple[str, ...] = ()) -> Example:
    rng = np.random.default_rng(seed)
    cells = np.zeros(SHAPE, np.uint16)
    cells[1:8, 2:14, 2:14] = 1
    cells[8:15, 2:14, 2:14] = 2
    nuclei = np.zeros(SHAPE, np.uint16)
    nuclei[3:6, 5:11, 5:11] = 1
    nuclei[10:13, 5:11, 5:11] = 2
    image = np.stack([120 * (nuclei > 0), 80 * (cells > 0), np.zeros(SHAPE)]) + rng.integers(0, 30, (3, *SHAPE))
    labels = {"nuclei": nuclei, "cell": cells}
    targets = {name: Volume(0 * one if name in absent else one, "ZYX") for name, one in labels.items()}
    return Example({"image": Volume(image.astype(np.uint8), "CZYX", None, ("clear", "wall", "noisy"))}, targets)


def context(folder: Path) -> Context:
    folder.mkdir(exist_ok=True)
    return Context(Grid("ZYX", SHAPE), seed=3, scratch=folder, model=folder)
