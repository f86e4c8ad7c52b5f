"""Suites of surfaces, heads and videos on data that cannot serve: what runs all the same, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.project import Project
from harness.store import Record, Store

pytestmark = pytest.mark.slow

VIDEOS = (
    "masks-as-volume",
    "masks-linked",
    "masks-linked-gap2",
    "video-as-volume",
    "video-linked",
    "video-linked-gap2",
)
SMALL = 'train = ["small-train-01", "small-train-02"], validation = ["small-validation-1"]'


def records(folder: Path, suite: str, setting: str, *rows: str) -> dict[str, Record]:
    """Return the record of each row of a suite's smoke tier, with a setting laid over it."""
    only = harness.Selection(rows=rows)
    project = Project.find(settings=(setting,))
    harness.run(suite, tier="smoke", results=folder, only=only, offline=True, project=project)
    return {record.row: record for record in Store(folder, suite, 1, "smoke").records()}


def problem(record: Record) -> str:
    assert record.status == "exception"
    assert record.error is not None
    return record.error.message


def test_a_video_of_one_frame_is_scored_like_any_other(tmp_path: Path) -> None:
    data = 'data=[{dataset="phantom-fragments", samples=["one-frame"]}]'
    found = records(tmp_path, "planarian-video", data, "control-truth", *VIDEOS)
    assert {row: record.status for row, record in found.items()} == dict.fromkeys(("control-truth", *VIDEOS), "ok")
    for row in ("control-truth", "masks-linked", "masks-linked-gap2"):
        assert found[row].metrics["video.hota"] == 1, "in one frame there is nothing to link"


def test_a_volume_without_surface_has_no_labels_to_learn_from(tmp_path: Path) -> None:
    data = f'data=[{{dataset="phantom-cell-surface", samples=["empty-1"], {SMALL}}}]'
    found = records(tmp_path, "table-5.1", data, "control-truth", "negative-otsu", "ilastik-itself")
    assert found["control-truth"].status == found["negative-otsu"].status == "ok"
    assert "scribbles of classes [2]; accepted: 1 (surface) and 2 (the rest)" in problem(found["ilastik-itself"])


def test_labels_of_a_first_model_that_vanish_teach_nobody(tmp_path: Path) -> None:
    found = records(tmp_path, "table-5.1", "stages.first-threshold.at=1.0", "second")
    assert "no foreground: the truths of all 2 examples are 0 everywhere" in problem(found["second"])


def test_a_head_that_names_an_absent_channel_is_told_the_nearest(tmp_path: Path) -> None:
    found = records(tmp_path, "table-a.2", 'stages.unet-heads.inputs=["cleer"]', "1a", "5")
    for record in found.values():
        assert "a head names the channel 'cleer'; did you mean 'clear'?" in problem(record)
