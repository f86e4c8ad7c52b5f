"""A workbench inside the test process, and jobs by hand."""

from __future__ import annotations

from typing import Any

from harness import registry
from harness.datasets import load_catalogue
from harness.jobs.messages import Backend, Event, Job, WorkerSetup
from harness.model import Cell, DataSelection, Fold, ScoredPair, StageSpec
from harness.registry import Registry
from harness.suite.chains import stage_spec
from harness.worker.bench import Workbench
from harness.worker.sources import SampleSlots
from tests.runner.project import Project


def tiny_registry(project: Project) -> Registry:
    """Return a registry with nothing but the tiny stages."""
    stages = Registry("stage")
    registry.add_file(project.plugin, stages, Registry("metric"))
    return stages


def workbench(
    project: Project, *, device: str = "cpu", machine: str = "m", environment: str = "e", has_gpu: bool = False
) -> tuple[Workbench, list[Event]]:
    """Return a workbench and the list its events go to."""
    scratch = project.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    setup = WorkerSetup(cache=str(project.cache), scratch=str(scratch), device=device, threads=1)
    events: list[Event] = []
    samples = SampleSlots(load_catalogue(project.folder / "datasets.toml"))
    stages = tiny_registry(project)
    bench = Workbench(
        setup,
        samples,
        stages,
        registry.metrics(),
        machine=machine,
        environment=environment,
        report=events.append,
        has_gpu=has_gpu,
    )
    return bench, events


def spec(project: Project, name: str, **parameters: Any) -> StageSpec:
    registry = tiny_registry(project)
    stage = registry.get(name)(parameters)
    return stage_spec(stage, dict(stage.options), registry)


def a_cell(*chain: StageSpec, sample: str = "a", fold: Fold | None = None, row: str = "r") -> Cell:
    return Cell(
        suite="demo",
        version=1,
        tier="smoke",
        row=row,
        data=DataSelection("dots", (), "gold", "gold"),
        sample=sample,
        fold=fold or Fold("", (sample,)),
        repeat=0,
        seed=7,
        chain=chain,
        scores=(ScoredPair("", "labels", "truth", ("count.pred",)),),
        key=f"key of {row}",
    )


def a_job(*chain: StageSpec, backend: Backend | None = None, **options: Any) -> Job:
    shared = options.pop("shared", frozenset())
    weights = options.pop("weights", {})
    return Job(a_cell(*chain, **options), backend or Backend("python"), 60.0, 10**9, weights=weights, shared=shared)
