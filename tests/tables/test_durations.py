"""Seconds that figures draw, and the cells that met their deadline."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.store import StageTiming, Timing
from harness.tables.durations import row_durations
from tests.helpers import temp_project
from tests.records import make_record, make_timing

SUITE = """
schema = 1
id = "toy"
version = 1
title = "T"
metrics = ["map.toy"]
spread_over = "samples"
limits.deadline_s = 60.0
tiers.smoke.data = [{ dataset = "flat" }]
[[rows]]
id = "otsu"
axes = { n = 4 }
stages = [{ id = "blur" }, { id = "cut" }]
"""
FIGURE = '[[figures]]\nid = "f"\nx = "n"\ny = { seconds = true, since = "blur" }\n'


def timing(sample: str, repeat: int, seconds: float) -> Timing:
    stages = (StageTiming("blur", first_s=100.0), StageTiming("cut", first_s=seconds))
    return Timing("k", "otsu", "blobs", sample, "", repeat, "m", "env", "cpu", 1, stages=stages, total_s=200.0)


def test_seconds_since_a_stage_by_unit(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite(SUITE + FIGURE, "toy")
    records = [make_record(sample=sample, repeat=repeat) for sample in "ab" for repeat in (0, 1)]
    timings = [timing(sample, repeat, 1.0 + repeat + ord(sample) - ord("a")) for sample in "ab" for repeat in (0, 1)]
    found = row_durations(suite, "smoke", records, timings)["otsu"]["blur"]
    assert (found.summary.n, found.summary.mean) == (2, pytest.approx(2.0))
    assert (found.bounded, found.deadline_s) == (0, 60.0)


def test_a_cell_that_met_its_deadline_is_counted(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite(SUITE + FIGURE, "toy")
    records = [make_record(sample="a"), make_record(sample="b", status="timeout")]
    found = row_durations(suite, "smoke", records, [timing("a", 0, 1.0)])["otsu"]["blur"]
    assert (found.summary.n, found.bounded) == (1, 1)


def test_without_such_a_figure_there_is_nothing_to_compute(tmp_path: Path) -> None:
    suite = temp_project(tmp_path).suite(SUITE, "toy")
    assert row_durations(suite, "smoke", [make_record()], [make_timing()]) == {}
