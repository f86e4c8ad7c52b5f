from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import FlowParameters
from harness.errors import DataError, ParameterError
from harness.metrics import METRICS, Pair
from harness.model import Volume
from harness.stages.chain import checked_outputs
from tests.stages.chains import context, make, probability, run

PRECISION = next(metric for metric in METRICS if metric.id == "map.canonical")


def test_areas_must_leave_something_between_them() -> None:
    with pytest.raises(ParameterError, match="'min_area' 50 is above 'max_area' 20"):
        make("ultrack", min_area=50, max_area=20)


def test_a_single_frame_is_no_video() -> None:
    with pytest.raises(DataError, match="a video of 1 frame; accepted: two frames or more"):
        run([make("ultrack")], {"probability": probability(np.zeros((1, 20, 20), np.float32))})


def test_cells_are_followed_through_frames_in_which_a_membrane_is_open(tmp_path: Path) -> None:
    pytest.importorskip("ultrack", reason="needs an interpreter with ultrack: `tox run -e ultrack`")
    made = generate("gastrula-video", FlowParameters(shape=(6, 60, 60), noise=0.1, open=0.05, seed=3))
    maps = run(
        [make("boundary-from-channel", scale="percentile"), make("smooth-map", sigma=1.0, by_plane=True)],
        {"image": made.image},
    )["probability"]
    stage = make("ultrack", min_area=60, max_area=600)
    settings = replace(context(maps), scratch=tmp_path)
    labels = checked_outputs(stage, {"probability": maps}, stage.run({"probability": maps}, settings), maps.grid)
    found = labels["labels"]
    assert isinstance(found, Volume)
    assert found.array.dtype == np.uint32
    assert PRECISION.of(Pair(made.labels["gold"].array, found.array)) > 0.5
