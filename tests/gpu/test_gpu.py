"""The script for machines with a GPU, as far as it goes on a CPU."""

from __future__ import annotations

import json
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.runner.summary import RunSummary, SuiteSummary
from harness.store import StageTiming, Store
from harness.suite import load_suite
from tests.gpu.__main__ import main
from tests.gpu.checks import guard_problems, precision_problems, size_problems
from tests.gpu.rows import REPOSITORY, ROWS, TOLERANCE, Row, compared, computed
from tests.records import make_record, make_timing

UNET = ROWS[0]


def test_the_guard_and_the_format_of_a_cpu_are_as_they_should_be() -> None:
    assert guard_problems() == []
    assert precision_problems("cpu") == []
    assert size_problems("cpu") == []


def run_of(folder: Path, value: float, stage: StageTiming) -> RunSummary:
    """A run of one cell of the row of the U-Net."""
    store = Store(folder, UNET.suite, 1, "smoke")
    record = make_record(suite=UNET.suite, metrics={"map.canonical": value, "map.gonuclear": value})
    with store.open() as writer:
        writer.add(record, replace(make_timing(), cell=record.cell, stages=(stage,)))
    suite = SuiteSummary(UNET.suite, 1, "smoke", store.folder, 1, 1, 0, keys=frozenset([record.cell]))
    return RunSummary((suite,))


def test_what_differs_between_devices_is_a_problem(tmp_path: Path) -> None:
    stage = StageTiming("unet", fit_s=10.0, fit_busy_s=4.0, first_s=2.0, device="cpu")
    on_gpu = replace(stage, device="cuda", device_peak_bytes=10**9, fit_s=1.0)
    reference = run_of(tmp_path / "a", 0.5, stage)
    good = compared(UNET, reference, run_of(tmp_path / "b", 0.5, on_gpu), device="cuda")
    assert good.problems == ()
    assert (good.fit_s, good.busy, good.device_peak_bytes) == ((10.0, 1.0), (0.4, 4.0), 10**9)
    assert "training 10 and 1 s" in str(good)
    bad = compared(UNET, reference, run_of(tmp_path / "c", 1.0, stage), device="cuda")
    suite = load_suite(REPOSITORY / "suites" / f"{UNET.suite}.toml")
    allowed = suite.file.hardware_tolerance.get(bad.metric, TOLERANCE)
    assert [problem.partition(": ")[2] for problem in bad.problems] == [
        f"{bad.metric} is 0.5000 and 1.0000; {allowed:g} is allowed",
        "ran on cpu in place of cuda",
        "no reading of the memory of cuda",
    ]


def test_a_reference_that_trains_where_it_should_take_the_weights_of_the_device_is_a_problem(tmp_path: Path) -> None:
    row = replace(UNET, has_own_weights=False)
    stage = StageTiming("unet", fit_s=10.0, first_s=2.0, device="cpu")
    on_gpu = run_of(tmp_path / "b", 0.46, replace(stage, device="cuda", device_peak_bytes=10**9))
    found = compared(row, run_of(tmp_path / "a", 0.5, replace(stage, fit_s=None)), on_gpu, device="cuda")
    assert found.problems == ()
    found = compared(row, run_of(tmp_path / "c", 0.6, stage), on_gpu, device="cuda")
    assert [problem.partition(": ")[2] for problem in found.problems] == [
        f"{found.metric} is 0.6000 and 0.4600; 0.05 is allowed",
        "the reference trained in place of taking the weights of cuda",
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_both_devices_predict_with_the_weights_of_the_second(tmp_path: Path) -> None:
    row = replace(UNET, has_own_weights=False)
    folders = [tmp_path / "0-cpu", tmp_path / "1-cpu"]
    runs = computed(row, folders, ("cpu", "cpu"), ends_s=time.monotonic() + 200)
    found = compared(row, *runs, device="cpu")
    assert found.problems == ()
    assert found.scores[0] == found.scores[1]
    assert not (folders[0] / "cache").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"0-cpu-with-weights", "1-cpu"}


def test_a_row_without_its_data_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    assert main(["--out", str(tmp_path), "--devices", "cpu", "cpu", "--row", "spoco-mini"]) == 0
    assert "spoco-mini: not run: dataset 'dsb2018-histology': no folder" in capsys.readouterr().out


def test_rows_for_which_no_time_is_left_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--devices", "cpu", "cpu", "--row", "stardist", "--seconds", "0"]) == 0
    assert "stardist: not run: the time was over" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_script_runs_on_a_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--devices", "cpu", "cpu", "--row", "stardist", "--row", "sam"]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["problems"], report["skipped"]) == ([], {})
    assert report["tiles_s"]["cpu"]["float32"] > 0
    for row in report["rows"]:
        assert row["scores"][0] == row["scores"][1], "the same machine gives the same scores"
        assert all(seconds > 0 for seconds in (*row["fit_s"], *row["run_s"]))
    assert report["rows"][1]["busy"][1] > 0.2, "of the training of its weights"
    said = capsys.readouterr().out
    assert "stardist: map.canonical" in said
    assert "sam: ap50.gonuclear" in said
    with tarfile.open(tmp_path / "records.tar.gz") as packed:
        names = packed.getnames()
    assert "1-cpu/quickstart/v1/smoke/scores.jsonl" in names
    assert not [name for name in names if "cache" in name]


def test_a_row_whose_library_is_not_here_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Row, "absent", property(lambda row: f"{row.stage}: not installed: tensorflow"))
    assert main(["--out", str(tmp_path), "--devices", "cpu", "cpu", "--row", "stardist"]) == 0
    assert "stardist: not run: stardist-2d: not installed: tensorflow" in capsys.readouterr().out
