"""Phantom discs and balls, and contexts, for the StarDist tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context, Example
from harness.stages.stardist.stage import StarDistStage
from harness.stages.values import Confidences

THREADS = 2
"""One number for all tests: TensorFlow fixes it for the process."""


def blobs(shape: tuple[int, ...], radius: tuple[float, ...], count: int, seed: int) -> Example:
    """Return bright, separate ellipsoids on noise, as an example without a channel axis."""
    generator = np.random.default_rng(seed)
    grid = np.indices(shape)
    labels = np.zeros(shape, np.uint16)
    for number in range(1, count + 1):
        for _ in range(200):
            centre = [generator.uniform(r * 0.8, n - r * 0.8) for r, n in zip(radius, shape, strict=True)]
            distance = sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radius, strict=True))
            if not labels[distance < 1.5].any():
                labels[distance < 1] = number
                break
    image = (100 * (labels > 0) + generator.normal(50, 8, shape)).clip(0, 255).astype(np.uint8)
    axes = "YX" if len(shape) == 2 else "ZYX"
    return Example({"image": Volume(image, axes)}, {"truth": Volume(labels, axes)})


def context(tmp_path: Path, shape: tuple[int, ...], *, seed: int = 7, **changed: object) -> Context:
    """Return a CPU context with its own scratch folder; `changed` may set model and weights."""
    scratch = tmp_path / f"scratch{len(list(tmp_path.glob('scratch*')))}"
    scratch.mkdir()
    grid = Grid("YX" if len(shape) == 2 else "ZYX", shape)
    return Context(grid=grid, seed=seed, scratch=scratch, threads=THREADS, **changed)  # type: ignore[arg-type]


def labels_of(stage: StarDistStage, inputs: Mapping[str, Volume], context: Context) -> Volume:
    """Return the labels that a stage finds; its confidences are checked to be of them, and probabilities."""
    made = checked_outputs(stage, inputs, stage.run(inputs, context), context.grid)
    labels, sure = made["labels"], made["confidences"]
    assert isinstance(labels, Volume)
    assert isinstance(sure, Confidences)
    assert ((sure.scores > 0) & (sure.scores <= 1)).all()
    return labels


def folder(tmp_path: Path, name: str) -> Path:
    """Return a new empty folder."""
    path = tmp_path / name
    path.mkdir()
    return path


def average_precision(truth: np.ndarray, labels: np.ndarray) -> float:
    """Return TP / (TP + FP + FN) at IoU 0.5, counted without a library."""
    pairs, counts = np.unique(np.stack([truth.ravel(), labels.ravel()]), axis=1, return_counts=True)
    matched = 0
    for (left, right), both in zip(pairs.T, counts, strict=True):
        if left and right:
            union = (truth == left).sum() + (labels == right).sum() - both
            matched += both / union > 0.5
    objects = len(np.unique(truth[truth > 0])) + len(np.unique(labels[labels > 0]))
    return matched / max(objects - matched, 1)
