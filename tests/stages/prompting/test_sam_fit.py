from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import DataError, ParameterError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.prompting.network import read
from harness.stages.prompting.sam_fit import SamFit
from harness.stages.values import Masks
from tests.stages.prompting.scenes import TINY, TINY_OPTIONS, bright_discs, context, run

pytest.importorskip("transformers", reason="the extra `prompting` is not installed")

SHORT: dict[str, Any] = {
    "iterations": 3, "objects": 2, "learning_rate": 1e-3, "warmup": 1, "validate_every": 3, "per_side": 3,
    "least_score": 0.0, "least_stability": 0.0,
}  # fmt: skip


def example(seed: int = 0, planes: int = 0) -> Example:
    image, truth = bright_discs(seed=seed)
    if planes:
        image, truth = np.stack([image] * planes), np.stack([truth, *[np.zeros_like(truth)] * (planes - 1)])
    axes = "ZYX"[-image.ndim :]
    return Example({"image": Volume(image, axes)}, {"truth": Volume(truth, axes)})


def fitted(folder: Path, *examples: Example, weights: dict[str, Path] | None = None, **parameters: Any) -> SamFit:
    stage = SamFit({**TINY_OPTIONS, **SHORT, **parameters})
    settings = context(examples[0].inputs["image"].grid, weights=weights)
    folder.mkdir()
    stage.fit(examples, examples[:1], settings, folder)
    return stage


def test_a_checkpoint_in_the_published_layout_is_written(tmp_path: Path) -> None:
    fitted(tmp_path / "model", example())
    spec, state = read(tmp_path / "model")
    assert spec == TINY
    assert "image_encoder.blocks.1.attn.qkv.weight" in state


def test_training_goes_on_from_a_checkpoint_of_any_size(tmp_path: Path) -> None:
    fitted(tmp_path / "generic", example())
    fitted(tmp_path / "tuned", example(1), weights={"base": tmp_path / "generic"}, base="generic", width=768)
    (spec, generic), (found, tuned) = read(tmp_path / "generic"), read(tmp_path / "tuned")
    assert found == spec
    moved = max(float((generic[name] - tuned[name]).abs().max()) for name in generic)
    assert 0 < moved < 0.1


def test_a_trained_network_makes_masks_by_itself(tmp_path: Path) -> None:
    stage = fitted(tmp_path / "model", example())
    image = example(2).inputs["image"]
    settings = context(image.grid)
    with pytest.raises(DataError, match="no trained model"):
        stage.load(settings)
    settings = replace(settings, model=tmp_path / "model")
    stage.load(settings)
    made = run(stage, {"image": image}, settings)
    assert isinstance(made, Masks)
    assert len(made) > 0


def test_planes_without_an_object_teach_nothing(tmp_path: Path) -> None:
    fitted(tmp_path / "model", example(planes=3))
    empty = example(planes=3)
    with pytest.raises(DataError, match="no plane of the 1 training examples has an object"):
        fitted(tmp_path / "other", empty, first_plane=1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": 36}, "'image_size' 36 is no multiple of 'patch' 8"),
        ({"heads": 3}, "'width' 16 is no multiple of 'heads' 3"),
        ({"channels": 24}, "'channels' 24 is no multiple of 16"),
        ({"global_layers": [2]}, r"'global_layers' \[2\] names a layer above 1"),
    ],
)
def test_networks_that_cannot_be(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        fitted(tmp_path / "model", example(), **parameters)


def test_a_window_that_holds_every_token_is_the_whole_image(tmp_path: Path) -> None:
    fitted(tmp_path / "model", example(), window=4, global_layers=[])
    assert read(tmp_path / "model")[0].window == 0


@pytest.mark.slow
def test_boxes_are_learnt_in_a_minute(tmp_path: Path) -> None:
    said: dict[str, float] = {}
    longer = {
        "image_size": 64, "width": 32, "iterations": 400, "images": 2, "objects": 4, "learning_rate": 2e-3,
        "warmup": 20, "validate_every": 50, "focal_weight": 0.1,
    }  # fmt: skip
    stage = SamFit({**TINY_OPTIONS, **SHORT, **longer})
    settings = context(example().inputs["image"].grid)
    with torch.random.fork_rng(devices=[]):
        stage.fit([example(n) for n in range(4)], [example(9)], replace(settings, report=said.__setitem__), tmp_path)
    assert said["validation_iou"] > 0.6
