"""The chain of a promptable network as a plug-in of one file, through check, cache, resume, record and table."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.cli.main import main
from harness.project import Project
from harness.store import Record, Store
from harness.tables import render

PLUGIN = Path(__file__).parent / "plugins" / "prompting.py"
PROJECT = Project.find(Path(__file__).parent, plugins=[PLUGIN])
SUITE = """
schema = 1
id = "prompting"
version = 1
title = "Prompts from a second label image, and from the truth"
metrics = ["map.gonuclear", "count.pred"]
[tiers.smoke]
data = [{{ dataset = "phantom-ovule", samples = ["N1"] }}]
channels = ["noisy"]
truth = "{truth}"
reads = {{ nuclei = "gold" }}
[[rows]]
id = "prompted"
stages = [{{ id = "toy-encode" }}, {{ id = "toy-prompts" }}, {{ id = "toy-decode" }}, {{ id = "toy-masks-to-labels" }}]
[[rows]]
id = "oracle"
stages = [
  {{ id = "toy-encode" }}, {{ id = "toy-true-prompts" }}, {{ id = "toy-decode" }}, {{ id = "toy-masks-to-labels" }},
]
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "prompting.toml"
    path.write_text(SUITE.format(truth="cells"), encoding="utf-8")
    return path


def run(suite: Path) -> dict[str, int]:
    return harness.run(suite, results=suite.parent / "results", project=PROJECT).counts()


def records(suite: Path) -> dict[str, Record]:
    store = Store(suite.parent / "results", "prompting", 1, "smoke")
    return {record.row: record for record in store.records()}


def test_prompts_features_and_masks_pass_through_check_cache_resume_and_records(suite: Path) -> None:
    assert main(["check", str(suite), "--plugin", str(PLUGIN)]) == 0
    assert run(suite)["computed"] == 2
    first = records(suite)
    assert all(record.status == "ok" for record in first.values()), [record.error for record in first.values()]
    assert first["prompted"].metrics["count.pred"] > 5
    assert len({stage.output for stage in first["prompted"].stages}) == 4
    assert [stage.origin.distribution for stage in first["prompted"].stages if stage.origin] == ["prompting.py"] * 4
    assert run(suite)["computed"] == 0, "nothing to do"

    store = Store(suite.parent / "results", "prompting", 1, "smoke")
    store.scores_path.unlink()
    assert run(suite)["computed"] == 2
    assert {row: record.metrics for row, record in records(suite).items()} == {
        row: record.metrics for row, record in first.items()
    }
    timings = {timing.row: timing for timing in store.timings()}
    assert all(stage.cached for stage in timings["prompted"].stages), "every value was read from the cache"


def test_prompts_of_the_truth_are_marked_in_record_and_table(suite: Path) -> None:
    run(suite)
    found = records(suite)
    assert (found["prompted"].uses_truth, found["oracle"].uses_truth) == ("", "prompts")
    table = harness.table(suite, results=suite.parent / "results", project=PROJECT)
    assert "oracle: prompts are made from the ground truth" in render(table, "md")
    assert table.scores is not None
    assert ["prompted by the truth" in row.marks for row in table.scores.rows] == [False, True]


def test_a_row_that_the_truth_prompts_is_ranked_among_its_like_alone(suite: Path) -> None:
    again = SUITE[SUITE.index('[[rows]]\nid = "oracle"') :].replace('"oracle"', '"oracle-again"')
    suite.write_text((SUITE + again).format(truth="cells"), encoding="utf-8")
    run(suite)
    table = harness.table(suite, results=suite.parent / "results", project=PROJECT).scores
    assert table is not None
    places = {row.id: row.scores[table.primary].place for row in table.rows}
    assert places["prompted"] is None, "the only one of its kind has no place"
    assert all(place is not None and place.high == 2 for row, place in places.items() if row != "prompted")
    assert {winner.prompted for winner in table.winners} == {True}


def test_the_second_label_image_may_not_be_the_truth(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite.write_text(SUITE.format(truth="gold"), encoding="utf-8")
    assert main(["check", str(suite), "--plugin", str(PLUGIN)]) == 2
    assert "reads 'nuclei', which is the ground truth here" in capsys.readouterr().err
