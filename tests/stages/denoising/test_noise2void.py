from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from harness.errors import DataError
from harness.hashing import hash_folder
from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context, Example
from harness.stages.denoising.noise2void import Noise2Void

TINY: dict[str, Any] = {
    "channel": "membrane",
    "f_maps": [8],
    "levels": 2,
    "patch": [8, 16, 16],
    "stride": [8, 8, 8],
    "batch": 2,
    "max_iterations": 2,
    "validate_every": 2,
    "learning_rate": 4e-3,
    "predict_patch": [16],
    "halo": [4],
}
SHAPE = (8, 24, 24)


def signal() -> np.ndarray:
    rough = np.random.default_rng(9).standard_normal(SHAPE)
    return np.asarray(100 + 60 * gaussian_filter(rough, 3) / gaussian_filter(rough, 3).std(), dtype=np.float32)


def image(seed: int, noise: float = 60.0) -> Volume:
    rng = np.random.default_rng(seed)
    noisy = signal() + noise * rng.standard_normal(SHAPE)
    return Volume(np.stack([rng.random(SHAPE), noisy]).astype(np.float32), "CZYX", None, ("nuclei", "membrane"))


def settings(folder: Path) -> Context:
    folder.mkdir(exist_ok=True)
    return Context(Grid("ZYX", SHAPE), seed=5, scratch=folder, model=folder)


def trained(folder: Path, **given: Any) -> Noise2Void:
    stage = Noise2Void({**TINY, **given})
    stage.fit([Example({"image": image(seed)}, {}) for seed in range(2)], [], settings(folder), folder)
    stage.load(settings(folder))
    return stage


def test_noise_goes_and_other_channels_stay(tmp_path: Path) -> None:
    stage = trained(tmp_path, max_iterations=120, hidden=0.05)
    given = image(7)
    made = checked_outputs(stage, {"image": given}, stage.run({"image": given}, settings(tmp_path)), given.grid)[
        "image"
    ]
    assert isinstance(made, Volume)
    assert made.channels == given.channels
    np.testing.assert_array_equal(made.channel("nuclei"), given.channel("nuclei"))
    truth = signal()
    before, after = (float(((volume.channel("membrane") - truth) ** 2).mean()) for volume in (given, made))
    assert after < 0.5 * before


def test_equal_seeds_give_equal_models_and_nothing_else_is_learnt_from(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trained(tmp_path / name)
    assert hash_folder(tmp_path / "one") == hash_folder(tmp_path / "two")
    stage = Noise2Void(TINY)
    assert stage.learns() == stage.validates() == ()


def test_a_plane_of_one_channel_is_denoised_too(tmp_path: Path) -> None:
    stage = Noise2Void({**TINY, "channel": "", "patch": [16], "stride": [8]})
    plane = Volume(image(0).channel("membrane")[0], "YX", None, ("membrane",))
    where = Context(plane.grid, seed=5, scratch=tmp_path, model=tmp_path)
    stage.fit([Example({"image": plane}, {})], [], where, tmp_path)
    stage.load(where)
    made = stage.run({"image": plane}, where)
    assert made.axes == "YX"
    assert made.array.dtype == np.float32
    assert made.array.shape == plane.array.shape


def test_bad_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no training examples"):
        Noise2Void(TINY).fit([], [], settings(tmp_path), tmp_path)
    with pytest.raises(DataError, match=r"no channel 'membrain'.*membrane"):
        trained(tmp_path / "channel", channel="membrain")
    with pytest.raises(DataError, match=r"'patch' .* is larger than the smallest image sides"):
        trained(tmp_path / "patch", patch=[32])
    with pytest.raises(DataError, match="neither weights nor a trained model"):
        Noise2Void(TINY).load(Context(Grid("ZYX", SHAPE), seed=0, scratch=tmp_path))
