from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cellpose.resnet_torch", reason="Cellpose 3 is not installed")

from harness.errors import ChainError, DataError
from harness.model import Volume
from harness.stages.cellpose.stage import Cellpose
from harness.stages.contract import Context, Example
from tests.stages.stardist.helpers import average_precision, blobs, folder
from tests.stages.stardist.helpers import context as any_context

pytestmark = pytest.mark.slow

PLANE, VOLUME = (128, 128), (24, 64, 64)
SMALL = {
    "filters": [8, 16, 32, 64],
    "planes_per_epoch": 8,
    "patch": 64,
    "diam_mean": 17.0,
    "diameter": 17.0,
    "min_train_masks": 1,
}
TINY = {**SMALL, "filters": [4, 8], "epochs": 3, "planes_per_epoch": 4, "batch": 4, "patch": 32}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cellpose offers downloads; none may be tried."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def context(tmp_path: Path, shape: tuple[int, ...], **changed: object) -> Context:
    return replace(any_context(tmp_path, shape, **changed), threads=1)  # type: ignore[arg-type]


def _discs(seed: int) -> Example:
    return blobs(PLANE, (9, 9), 12, seed)


def _balls(seed: int) -> Example:
    example = blobs(VOLUME, (5, 9, 9), 8, seed)
    image = example.inputs["image"]
    return Example(
        {"image": Volume(image.array, "ZYX", (2.0, 1.0, 1.0))},
        {"truth": replace(example.targets["truth"], spacing_um=(2.0, 1.0, 1.0))},
    )


def test_learns_discs_and_reloads_as_weights_and_as_base(tmp_path: Path) -> None:
    stage, model, test = Cellpose({**SMALL, "epochs": 60}), folder(tmp_path, "model"), _discs(99)
    lines: list[str] = []
    stage.fit([_discs(1), _discs(2)], [], context(tmp_path, PLANE, log=lines.append), model)
    stage.load(context(tmp_path, PLANE, model=model))
    labels = stage.run(test.inputs, context(tmp_path, PLANE))
    assert labels.array.dtype == np.uint32
    assert average_precision(test.targets["truth"].array, labels.array) > 0.5
    assert any("train_loss" in line for line in lines)
    assert not any("found nothing" in line for line in lines)
    assert json.loads((model / "training.json").read_text())["planes"] == 2

    given = Cellpose({"weights": "x", "diameter": 17.0})
    given.load(context(tmp_path, PLANE, weights={"weights": model / "cellpose.pt"}))
    assert np.array_equal(given.run(test.inputs, context(tmp_path, PLANE)).array, labels.array)

    tuned = folder(tmp_path, "tuned")
    further = Cellpose({**SMALL, "epochs": 1, "diam_mean": 0.0, "base": "x"})
    further.fit([_discs(1)], [], context(tmp_path, PLANE, weights={"base": model}), tuned)
    assert json.loads((tuned / "training.json").read_text())["diam_mean"] == 17.0


def test_a_training_that_found_nothing_says_so(tmp_path: Path) -> None:
    lines: list[str] = []
    stage = Cellpose({**TINY, "epochs": 4})
    stage.fit([_discs(1), _discs(2)], [], context(tmp_path, PLANE, log=lines.append), folder(tmp_path, "model"))
    (said,) = [line for line in lines if "found nothing" in line]
    assert said.startswith("stage 'cellpose': found nothing: no object on the 2 training planes that hold most; loss ")
    assert "in 4 steps; likely cause: " in said


def test_training_is_bit_reproducible_and_depends_on_the_seed(tmp_path: Path) -> None:
    for precision in ("float32", "bfloat16"):
        written = []
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            model = folder(tmp_path, f"{precision}-{name}")
            stage = Cellpose({**TINY, "precision": precision})
            stage.fit([_discs(1), _discs(2)], [], context(tmp_path, PLANE, seed=seed), model)
            written.append((model / "cellpose.pt").read_bytes())
        assert written[0] == written[1]
        assert written[0] != written[2]


def test_the_seed_matters_when_fine_tuning(tmp_path: Path) -> None:
    base = folder(tmp_path, "base")
    Cellpose(TINY).fit([_discs(1)], [], context(tmp_path, PLANE), base)
    losses = []
    for seed in (1, 2):
        model = folder(tmp_path, f"tuned{seed}")
        stage = Cellpose({**TINY, "base": "x"})
        stage.fit([_discs(n) for n in range(6)], [], context(tmp_path, PLANE, seed=seed, weights={"base": base}), model)
        losses.append(json.loads((model / "training.json").read_text())["losses"])
    assert losses[0] != losses[1]


@pytest.mark.parametrize("mode", [{"mode": "3d"}, {"mode": "planes", "stitch_threshold": 0.3}])
def test_learns_balls(tmp_path: Path, mode: dict[str, object]) -> None:
    stage, model, test = Cellpose({**SMALL, "epochs": 60, "every": 3, **mode}), folder(tmp_path, "model"), _balls(3)
    stage.fit([_balls(1), _balls(2)], [], context(tmp_path, VOLUME), model)
    stage.load(context(tmp_path, VOLUME, model=model))
    labels = stage.run(test.inputs, context(tmp_path, VOLUME))
    assert average_precision(test.targets["truth"].array, labels.array) > 0.5


def test_planes_of_isotropic_training_volumes(tmp_path: Path) -> None:
    model = folder(tmp_path, "model")
    options = {**TINY, "training_planes": ["xy", "yz", "zx"], "isotropic_training": True, "every": 8}
    Cellpose(options).fit([_balls(1)], [], context(tmp_path, VOLUME), model)
    possible = (48 + 64 + 64) // 8
    assert possible - 4 <= json.loads((model / "training.json").read_text())["planes"] <= possible
    unknown = blobs(VOLUME, (5, 9, 9), 8, 1)
    with pytest.raises(DataError, match="the voxel spacing is unknown"):
        Cellpose(options).fit([unknown], [], context(tmp_path, VOLUME), model)


def test_bad_input(tmp_path: Path) -> None:
    model, disc = folder(tmp_path, "model"), _discs(1)
    here = context(tmp_path, PLANE)
    with pytest.raises(ChainError, match="fit it or give 'weights'"):
        Cellpose().load(here)
    nothing = Example(disc.inputs, {"truth": Volume(np.zeros(PLANE, np.uint8), "YX")})
    with pytest.raises(DataError, match="no foreground"):
        Cellpose(TINY).fit([nothing], [], here, model)
    with pytest.raises(DataError, match=r"none of 1 training planes has 5 objects \(the fullest has 1\)"):
        Cellpose({**TINY, "min_train_masks": 5}).fit([blobs(PLANE, (9, 9), 1, 5)], [], here, model)
    stage = Cellpose(TINY)
    stage.fit([blobs(PLANE, (9, 9), 1, 5)], [], here, model)
    stage.load(replace(here, model=model))
    plane = disc.inputs["image"].array
    for image, axes, message in (
        (np.full(PLANE, np.nan, np.float32), "YX", "16384 of 16384 image values are NaN"),
        (np.stack([plane] * 3), "CYX", "the image has 3 channels; accepted: 1, or 2"),
    ):
        with pytest.raises(DataError, match=message):
            stage.run({"image": Volume(image, axes)}, here)
    flat = stage.run({"image": Volume(np.zeros((1, *PLANE), np.uint8), "ZYX")}, here)
    assert flat.array.shape == (1, *PLANE)
    with pytest.raises(DataError, match="mode '3d' needs a volume"):
        Cellpose({**TINY, "mode": "3d"}).run(disc.inputs, here)


def test_what_is_ignored_is_background(tmp_path: Path) -> None:
    one = _discs(1)
    mask = np.zeros(PLANE, bool)
    mask[:, :40] = True
    labels = one.targets["truth"].array
    removed = Volume(np.where(mask, 0, labels).astype(labels.dtype), "YX")
    told = {"ignored": replace(one, ignored=Volume(mask, "YX")), "removed": replace(one, targets={"truth": removed})}
    written = []
    for name, example in told.items():
        model = folder(tmp_path, name)
        Cellpose(TINY).fit([example], [], context(tmp_path, PLANE), model)
        written.append((model / "cellpose.pt").read_bytes())
    assert written[0] == written[1]
