"""Rows of suites that use a GPU where there is one, run on two devices, and what of both is compared."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import harness
from harness import registry
from harness.model import Tier
from harness.runner.summary import RunSummary
from harness.store import StageTiming, Store
from harness.suite import Selection, load_suite
from harness.worker.models import ModelStore

REPOSITORY = Path(__file__).resolve().parents[2]
TOLERANCE = 0.2
"""How far a primary metric may lie from the CPU's where the suite states nothing: trainings diverge by rounding."""
SAME_WEIGHTS = 0.05
"""How far it may where both devices predict with the weights that one of them has trained."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a suite, the stage of it that computes on the device, and whether torch does it.

    `recipe` is the stage that trains its weights here, where it does not train itself. Unless `has_own_weights`, the
    device alone trains, and both predict with its weights.
    """

    name: str
    suite: str
    row: str
    stage: str
    is_torch: bool
    recipe: str = ""
    tier: Tier = "smoke"
    has_own_weights: bool = True

    @property
    def absent(self) -> str:
        """Why it cannot run here, "" if it can."""
        entries = [registry.stages().entry(name) for name in (self.stage, self.recipe) if name]
        return "; ".join(f"{one.id}: {one.reason}" for one in entries if one.reason)


BOTH_TRAIN = (
    Row("unet", "plantseg-foreground", "no-filter", "unet", is_torch=True),
    Row("stardist", "quickstart", "stardist", "stardist-2d", is_torch=False),
    Row("cellpose", "table-2.7", "cellpose-xy-stitched", "cellpose", is_torch=True),
    Row("spoco", "table-4.1", "target-only", "spoco", is_torch=True),
    Row("sam", "table-5.3", "boxes-sam-base", "sam-encode", is_torch=True, recipe="sam-fit"),
)
CLUSTERINGS = (
    Row("mean-shift", "clustering-size", "mean-shift-fast-448-pc16", "mean-shift-fast", is_torch=True),
    Row("hdbscan", "clustering-size", "hdbscan-fast-448-pc16", "hdbscan-fast", is_torch=True),
)
DEVICE_TRAINS = tuple(replace(row, name=f"{row.name}-mini", tier="mini", has_own_weights=False) for row in BOTH_TRAIN)
ROWS = (*BOTH_TRAIN, *CLUSTERINGS, *DEVICE_TRAINS)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a row says on two devices: mean of the primary metric, seconds of a training and of a prediction.

    busy               share of a training in which the device worked on gradient steps; None where a stage tells none
    device_peak_bytes  most memory that was allocated on the second device, by a training or a prediction
    """

    name: str
    metric: str
    scores: tuple[float, float]
    fit_s: tuple[float | None, float | None]
    run_s: tuple[float | None, float | None]
    busy: tuple[float | None, float | None]
    device_peak_bytes: int | None
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.metric} {_pair(self.scores)}; training {_pair(self.fit_s)} s, "
            f"busy {_pair(self.busy)}; prediction {_pair(self.run_s)} s; device memory "
            f"{self.device_peak_bytes or '-'} bytes"
        )

    def to_json(self) -> dict[str, Any]:
        """Return what the report keeps; None stands for the score of a row that has none."""
        scores = [None if math.isnan(score) else score for score in self.scores]
        return {**asdict(self), "scores": scores}


def computed(row: Row, folders: Sequence[Path], devices: Sequence[str], *, ends_s: float) -> list[RunSummary]:
    """Run a row on the reference and on the device until a time of the monotonic clock.

    A cache for each keeps their models apart. Where the device's weights serve both, its cache does, and it is first.
    Half of what is left is given to each run: one that hangs leaves something to the others.
    """
    order = (0, 1) if row.has_own_weights else (1, 0)
    runs = {
        place: _run_with(
            _cache(folders[place if row.has_own_weights else 1], row),
            row,
            folders[place] if row.has_own_weights or place else folders[0].with_name(f"{folders[0].name}-with-weights"),
            devices[place],
            (ends_s - time.monotonic()) / 2,
        )
        for place in order
    }
    return [runs[0], runs[1]]


def _run_with(folder: Path, row: Row, results: Path, device: str, seconds: float) -> RunSummary:
    cache = os.environ.get("HARNESS_CACHE")
    os.environ["HARNESS_CACHE"] = str(folder)
    try:
        return _run(row, results, device, seconds)
    finally:
        if cache is None:
            del os.environ["HARNESS_CACHE"]
        else:
            os.environ["HARNESS_CACHE"] = cache


def _run(row: Row, results: Path, device: Any, seconds: float) -> RunSummary:
    return harness.run(
        str(REPOSITORY / "suites" / f"{row.suite}.toml"),
        tier=row.tier,
        results=results,
        only=Selection.of(rows=[row.row]),
        device=device,
        time_limit_s=seconds,
        again=True,
    )


def compared(row: Row, reference: RunSummary, other: RunSummary, *, device: str) -> Compared:
    """Return what two runs of a row say."""
    suite = load_suite(REPOSITORY / "suites" / f"{row.suite}.toml")
    metric = suite.primary
    allowed = suite.file.hardware_tolerance.get(metric, TOLERANCE) if row.has_own_weights else SAME_WEIGHTS
    scores = (_score(reference, metric), _score(other, metric))
    timings = (_timings(reference, row), _timings(other, row))
    problems = [f"{row.name}: not every cell has scores on {name}" for name, run in _named(reference, other, device)]
    if not abs(scores[0] - scores[1]) <= allowed:
        problems.append(f"{row.name}: {metric} is {scores[0]:.4f} and {scores[1]:.4f}; {allowed:g} is allowed")
    if not row.has_own_weights and any(one.fit_s is not None and not one.fit_cached for one in timings[0]):
        problems.append(f"{row.name}: the reference trained in place of taking the weights of {device}")
    wrong = sorted({one.device for one in timings[1]} - {device})
    if wrong:
        problems.append(f"{row.name}: ran on {', '.join(wrong)} in place of {device}")
    peaks = [peak for one in timings[1] for peak in (one.device_peak_bytes, one.fit_device_peak_bytes) if peak]
    if row.is_torch and device != "cpu" and not peaks:
        problems.append(f"{row.name}: no reading of the memory of {device}")
    return Compared(
        row.name,
        metric,
        scores,
        (_mean([one.fit_s for one in timings[0]]), _mean([one.fit_s for one in timings[1]])),
        (_mean([one.run_s for one in timings[0]]), _mean([one.run_s for one in timings[1]])),
        (_busy(timings[0]), _busy(timings[1])),
        max(peaks, default=None),
        tuple(problems),
    )


def data_missing(run: RunSummary) -> str:
    """Return why no cell of a run could begin, "" where one did, or where its time was over."""
    reasons = {cell.reason for suite in run.suites for cell in suite.missing_cells}
    computed = sum(suite.computed + suite.failed for suite in run.suites)
    return "" if computed or run.stopped else "; ".join(sorted(reasons))


def _named(reference: RunSummary, other: RunSummary, device: str) -> list[tuple[str, RunSummary]]:
    """Return the runs that are not complete, each with a name."""
    return [(name, run) for name, run in (("the reference", reference), (device, other)) if not run.is_complete]


def _score(run: RunSummary, metric: str) -> float:
    values = [record.metrics[metric] for suite in run.suites for record in suite.records() if record.status == "ok"]
    return fmean(values) if values else math.nan


def _timings(run: RunSummary, row: Row) -> list[StageTiming]:
    found = []
    for suite in run.suites:
        stored = Store(suite.folder.parents[2], suite.suite, suite.version, suite.tier).timings()
        found += [stage for one in stored if one.cell in suite.keys for stage in one.stages if stage.id == row.stage]
        if row.recipe:
            found += _trainings(suite.folder.parents[2], row)
    return found


def _trainings(results: Path, row: Row) -> list[StageTiming]:
    """Return what the models in the cache of a row took: its weights, as records tell it of stages that train."""
    models = ModelStore(_cache(results, row))
    kept = [models.find(meta.parent.name) for meta in sorted(models.folder.glob("??/*/meta.json"))]
    return [
        StageTiming(
            row.recipe,
            fit_s=model.cost.seconds,
            fit_busy_s=model.cost.busy_s,
            fit_device_peak_bytes=model.cost.device_peak_bytes,
            device=model.made.device,
        )
        for model in kept
        if model is not None
    ]


def _cache(results: Path, row: Row) -> Path:
    return results / "cache" / row.name


def _busy(timings: Sequence[StageTiming]) -> float | None:
    return _mean([one.fit_busy_s / one.fit_s for one in timings if one.fit_busy_s is not None and one.fit_s])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _pair(values: Sequence[float | None]) -> str:
    return " and ".join("-" if value is None else f"{value:.3g}" for value in values)
