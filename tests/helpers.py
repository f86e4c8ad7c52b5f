"""A whole project from strings: a catalogue without data, toy stages and metrics, and suite files in a temp folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

from harness.errors import RegistryError, nearest
from harness.hashing import hash_value
from harness.model import Cell, Fold, Tier, Volume
from harness.parameters import Parameter
from harness.registry import Entry, Registry
from harness.stages.contract import Context, Stage
from harness.standing import Plan, Standing, plan
from harness.store import Record, Timing
from harness.suite import Selection, Suite, expand, load_suite
from tests.records import record_of


@dataclass(frozen=True)
class FakeSample:
    source: str | None = None
    crop: tuple[tuple[int, int], ...] = ()
    origin: Any = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakeDeclaration:
    samples: Mapping[str, FakeSample]
    licence: str = "MIT"
    availability: str = "open-direct-download"
    labels: Mapping[str, Any] = field(default_factory=dict)
    spacing_um: tuple[float, ...] = ()
    collections: tuple[str, ...] = ()
    known_as: tuple[str, ...] = ()
    ignore: Any = None
    sparse: bool = False


@dataclass(frozen=True)
class FakeAvailability:
    ok: bool = True
    reason: str = ""
    how: str = ""

    def __str__(self) -> str:
        return "; ".join(part for part in (self.reason, self.how) if part)


@dataclass
class FakeDataset:
    """A dataset that is only declared; `hashes` overrides the content hash of a sample."""

    id: str
    samples: Mapping[str, FakeSample]
    splits: Mapping[str, tuple[Fold, ...]] = field(default_factory=dict)
    channels: tuple[str, ...] = ("nuclei",)
    label_names: tuple[str, ...] = ("gold",)
    ndim: int = 2
    hashes: Mapping[str, str] = field(default_factory=dict)
    found: FakeAvailability = FakeAvailability()
    content: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    absent: Mapping[str, int | None] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def declaration(self) -> FakeDeclaration:
        return FakeDeclaration(self.samples, **self.said)

    def sample_ids(self) -> tuple[str, ...]:
        return tuple(self.samples)

    def sample_hash(self, sample_id: str) -> str:
        return self.hashes.get(sample_id) or hash_value([self.id, sample_id])

    def voxels(self, sample_id: str) -> int | None:
        return self.sizes.get(sample_id)

    def availability(self) -> FakeAvailability:
        return self.found

    def to_fetch(self) -> Mapping[str, int | None]:
        return self.absent

    def load(self, sample_id: str, *, channels: Sequence[str] = ()) -> Any:
        return self.content[sample_id]

    def provenance(self) -> dict[str, Any]:
        return {"id": self.id}


class FakeCatalogue:
    """Datasets and weights in memory."""

    def __init__(self, datasets: Iterable[FakeDataset], weights: Mapping[str, Any] | None = None) -> None:
        self._datasets = {dataset.id: dataset for dataset in datasets}
        self._weights = dict(weights or {})

    def dataset(self, dataset_id: str) -> FakeDataset:
        if dataset_id not in self._datasets:
            raise RegistryError(f"unknown dataset '{dataset_id}'{nearest(dataset_id, self._datasets)}")
        return self._datasets[dataset_id]

    def dataset_ids(self) -> tuple[str, ...]:
        return tuple(self._datasets)

    def weights(self, weights_id: str) -> Any:
        return self._weights[weights_id]

    def weight_ids(self) -> tuple[str, ...]:
        return tuple(self._weights)


class Blur(Stage):
    id = "blur"
    title = "Makes a probability"
    outputs = ("probability",)
    parameters = (Parameter("sigma", "float", 1.0, "width", unit="px", minimum=0.0),)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["image"]


class Cut(Stage):
    id = "cut"
    title = "Makes labels of a probability"
    inputs = ("probability",)
    parameters = (
        Parameter("level", "float", 0.5, "threshold"),
        Parameter("mode", "str", "mean", "how", choices=("mean", "median")),
        Parameter("size", "ints", (1, 1), "shape"),
    )

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["probability"]


class Learn(Stage):
    id = "learn"
    title = "Trains unless it has weights"
    version = 3
    parameters = (
        Parameter("steps", "int", 100, "training steps", minimum=0),
        Parameter("weights", "weights", "", "ready-made weights"),
    )

    def trains(self) -> bool:
        return not self.options["weights"]

    def fit(self, training: Any, validation: Any, context: Context, model: Path) -> None:
        (model / "model.txt").write_text("trained", encoding="utf-8")

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["image"]


class Lift(Stage):
    id = "lift"
    title = "Reads nuclei"
    inputs = ("probability", "nuclei")
    dimensions = (3,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["nuclei"]


TOY_STAGES: tuple[type[Stage], ...] = (Blur, Cut, Learn, Lift)


def toy_stages() -> Registry:
    registry = Registry("stage")
    for stage in TOY_STAGES:
        registry.add(Entry(stage.id, stage, "tests"))
    return registry


def toy_metrics(*ids: str, sparse: str = "dense only") -> Registry:
    registry = Registry("metric")
    for metric in ids or ("map.toy", "arand.toy"):
        direction = "lower" if metric.startswith("arand") else "higher"
        told = SimpleNamespace(
            id=metric,
            direction=direction,
            unit="fraction",
            at=None,
            needs="ranked" if metric.startswith("coco.") else "overlap",
            nan_rule="spreads",
            sparse=sparse,
            range=(0.0, 1.0),
        )
        registry.add(Entry(metric, told, "tests"))
    return registry


def toy_weights(
    name: str,
    availability: str = "open-direct-download",
    trained_on: Sequence[Any] = (),
    collections: Sequence[str] = (),
    absent: Mapping[str, int | None] | None = None,
    description: Any = None,
) -> Any:
    declaration = SimpleNamespace(
        availability=availability, seen=trained_on, recipe=None, files=(), collections=tuple(collections)
    )
    return SimpleNamespace(
        declaration=declaration,
        hash=lambda: hash_value(name),
        to_fetch=lambda: absent or {},
        description=lambda: description,
    )


def toy_catalogue() -> FakeCatalogue:
    """Five volumes with a fivefold split, a flat dataset, and one with crops."""
    names = ("N1", "N2", "N3", "N4", "N5")
    folds = tuple(
        Fold(
            str(k + 1), (names[k],), (names[(k + 1) % 5], names[(k + 2) % 5], names[(k + 4) % 5]), (names[(k + 3) % 5],)
        )
        for k in range(5)
    )
    volumes = FakeDataset(
        "volumes",
        {name: FakeSample() for name in names},
        {"default": folds},
        channels=("noisy", "clear"),
        label_names=("gold", "initial", "nuclei"),
        ndim=3,
    )
    flat = FakeDataset("flat", {"a": FakeSample(), "b": FakeSample()})
    crops = FakeDataset(
        "crops",
        {
            "whole": FakeSample(),
            "left": FakeSample("whole", ((0, 50), (0, 100))),
            "right": FakeSample("whole", ((50, 100), (0, 100))),
            "middle": FakeSample("whole", ((40, 60), (0, 100))),
            "inner": FakeSample("right", ((0, 5), (0, 10))),
        },
    )
    weights = {f"ready-{fold}": toy_weights(f"ready-{fold}") for fold in "12345"}
    return FakeCatalogue([volumes, flat, crops], weights)


SUITE = """
schema = 1
id = "demo"
version = 1
title = "Demonstration"
metrics = ["map.toy", "arand.toy"]

[tiers.smoke]
data = [{ dataset = "flat", samples = ["a"], train = ["b"] }]

[tiers.paper]
data = [{ dataset = "volumes", split = "default" }]
truth = "gold"
channels = ["noisy"]

[[rows]]
id = "otsu"
stages = [{ id = "blur", sigma = 2.0 }, { id = "cut" }]

[[rows]]
id = "net"
label = "Network"
stages = [{ id = "learn", steps = 50 }]
published = { "map.toy" = { mean = 78.5, sd = 1.5, unit = "percent" } }
"""


@dataclass(frozen=True)
class Project:
    """A project folder and what its suites are checked against."""

    folder: Path
    catalogue: FakeCatalogue
    stages: Registry
    metrics: Registry

    def write(self, text: str, name: str = "demo") -> Path:
        path = self.folder / "suites" / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def suite(self, text: str = SUITE, name: str = "demo") -> Suite:
        return load_suite(self.write(text, name), stages=self.stages, metrics=self.metrics)

    def cells(self, text: str = SUITE, tier: Tier = "smoke", **filters: Sequence[str]) -> tuple[Cell, ...]:
        suite = self.suite(text)
        return Selection.of(**filters).cells(suite, expand(suite, tier, self.catalogue, self.stages, self.metrics))

    def standing(
        self,
        records: Iterable[Record] = (),
        timings: Iterable[Timing] = (),
        *,
        text: str = SUITE,
        tier: Tier = "smoke",
    ) -> Standing:
        suite = self.suite(text)
        metrics = {metric: self.metrics.get(metric) for metric in suite.metrics}
        return Standing.join(suite, tier, self.cells(text, tier), records, timings, metrics=metrics)

    def plan(
        self, text: str = SUITE, tier: Tier = "smoke", *, done: Iterable[Cell] = (), timings: Iterable[Any] = ()
    ) -> Plan:
        records = [record_of(cell) for cell in done]
        return plan(self.standing(records, text=text, tier=tier), self.catalogue, timings)


def temp_project(folder: Path) -> Project:
    """Return a project with the toy catalogue, stages and metrics in an empty folder."""
    return Project(folder, toy_catalogue(), toy_stages(), toy_metrics())
