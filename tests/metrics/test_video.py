"""Tracking measures of label volumes against videos whose answer is known, and against files of the challenge."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import tifffile

from harness.datasets.phantoms.fragments import film
from harness.datasets.phantoms.parameters import VideoParameters
from harness.metrics import METRICS, Pair
from harness.metrics.tracks import frames_of

KNOWN = {metric.id.removeprefix("video."): metric for metric in METRICS if metric.id.startswith("video.")}


def video(**given: object) -> np.ndarray:
    parameters = VideoParameters.model_validate({"shape": (12, 48, 48), "objects": 3, "radius_px": 5.0, **given})
    return film(parameters, np.random.default_rng(2)).labels.astype(np.uint16)


def of(truth: np.ndarray, pred: np.ndarray) -> dict[str, float]:
    pair = Pair(truth, pred)
    return {name: metric.of(pair) for name, metric in KNOWN.items()}


def test_the_truth_is_perfect_whatever_its_labels_are_called() -> None:
    truth = video()
    other = np.array([0, 70, 3, 900], np.uint16)[truth]
    assert of(truth, other) == {"tra": 1, "seg": 1, "det": 1, "hota": 1, "switches": 0, "ap50": 1}


def test_one_switch_is_counted_and_costs_no_frame() -> None:
    truth = video()
    pred = truth.copy()
    pred[6:][truth[6:] == 2] = 9
    found = of(truth, pred)
    assert found["switches"] == 1
    assert found["det"] == found["seg"] == found["ap50"] == 1
    assert found["tra"] < 1
    assert found["hota"] < 1


def test_an_empty_frame_costs_detection_and_switches_nothing() -> None:
    truth = video()
    pred = truth.copy()
    pred[5] = 0
    found = of(truth, pred)
    assert found["switches"] == 0
    assert found["det"] == pytest.approx(1 - (truth[5] > 0).any() * len(np.unique(truth[5])[1:]) / _objects(truth))
    empty = truth.copy()
    empty[5] = 0
    assert of(empty, pred)["hota"] == pytest.approx(1)


def test_a_video_of_one_frame() -> None:
    truth = video()[:1]
    assert of(truth, truth) == {"tra": 1, "seg": 1, "det": 1, "hota": 1, "switches": 0, "ap50": 1}


def test_nothing_predicted_and_nothing_there() -> None:
    truth, nothing = video(), np.zeros((12, 48, 48), np.uint16)
    assert of(truth, nothing) == {"tra": 0, "seg": 0, "det": 0, "hota": 0, "switches": 0, "ap50": 0}
    assert all(math.isnan(value) for value in of(nothing, nothing).values())


def test_the_library_says_the_same_of_files(tmp_path: Path) -> None:
    from ctc_metrics.scripts.evaluate import evaluate_sequence

    truth = video(missing=0.0)
    pred = truth.copy()
    pred[6:][truth[6:] == 2] = 9
    pred[3:, :20][truth[3:, :20] == 1] = 0
    for folder, stem, volume in (("gt/TRA", "man_track", truth), ("gt/SEG", "man_seg", truth), ("res", "mask", pred)):
        (tmp_path / folder).mkdir(parents=True)
        for time, frame in enumerate(volume):
            tifffile.imwrite(tmp_path / folder / f"{stem}{time:03d}.tif", frame)
    frames = frames_of(truth, pred)
    for file, side, volume in (("gt/TRA/man_track.txt", 0, truth), ("res/res_track.txt", 1, pred)):
        tracks = frames.sides[side]
        lines = [" ".join(map(str, row)) for row in tracks.table.tolist()]
        (tmp_path / file).write_text("\n".join(lines) + "\n")
        stem = "gt/TRA/man_track" if side == 0 else "res/mask"
        for time, frame in enumerate(volume):
            table = np.zeros(int(frame.max()) + 1, np.uint16)
            for label, track in tracks.of[time].items():
                table[label] = track
            tifffile.imwrite(tmp_path / f"{stem}{time:03d}.tif", table[frame])
    wanted = ["SEG", "DET", "TRA", "HOTA", "MOTA"]
    expected = evaluate_sequence(str(tmp_path / "res"), str(tmp_path / "gt"), wanted, threads=1)
    found = frames.measured
    for name in ("SEG", "DET", "TRA", "HOTA", "IDSW"):
        assert found[name] == pytest.approx(float(expected[name])), name


def _objects(volume: np.ndarray) -> int:
    return sum(len(np.unique(frame[frame > 0])) for frame in volume)
