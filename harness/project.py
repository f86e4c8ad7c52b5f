"""The object behind every command: a project's folder with its suites, its catalogue and what is registered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness import registry
from harness.advisories import FILE as ADVISORIES
from harness.advisories import Advisory, read_advisories
from harness.claims.printed import EqualPublished
from harness.datasets import load_catalogue
from harness.datasets.catalogue import find_catalogue
from harness.datatables import data_table_rows
from harness.errors import Gathered
from harness.model import Cell, Origin, Tier
from harness.registry import MetricRegistry, StageRegistry
from harness.standing import Standing, seconds_per_voxel
from harness.store import Store, Timing
from harness.suite import (
    EVERYTHING,
    Selection,
    Suite,
    catalogue_problems,
    expand,
    load_suite,
    read_suite,
    suite_paths,
)
from harness.suite.added import with_added_metrics
from harness.suite.methods import with_methods
from harness.suite.settings import with_settings

if TYPE_CHECKING:
    from harness.datasets import Catalogue
    from harness.metrics import Metric

SuiteName = str | Path | Suite
RUNS = Path("runs")
"""Where what a person runs goes, below the current folder, unless told otherwise; git ignores it."""
RESULTS = Path("results")
"""What a project publishes: beside its suites."""
MARKS = ("suites", "datasets.toml")
"""A folder that has one of these is the root of a project."""


@dataclass(frozen=True, eq=False)
class Project:
    """A project: its root is found once, everything else is read when it is first asked for.

    plugins        Python files with further stages and metrics
    catalogues     catalogue files, in place of the `datasets.toml` that is searched for from the root upwards
    methods        rows laid over every suite: chains "stage?parameter=value -> stage", or paths of files with rows
    added_metrics  metrics laid over every suite that does not name them
    settings       what rows read and what parameters they have, laid over every suite (`harness.suite.settings`)
    """

    root: Path
    plugins: tuple[Path, ...] = ()
    catalogues: tuple[Path, ...] = ()
    methods: tuple[str, ...] = ()
    added_metrics: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    @classmethod
    def find(
        cls,
        start: Path | None = None,
        *,
        plugins: Sequence[Path] = (),
        catalogues: Sequence[Path] = (),
        methods: Sequence[str] = (),
        added_metrics: Sequence[str] = (),
        settings: Sequence[str] = (),
    ) -> Project:
        """Return the project of a folder (the current one): the nearest folder above with suites or a catalogue.

        A folder that lies in no project is its own root, with the suites and data sets of the package.
        """
        here = (start or Path.cwd()).resolve()
        root = next((at for at in (here, *here.parents) if any((at / mark).exists() for mark in MARKS)), here)
        return cls(root, tuple(plugins), tuple(catalogues), tuple(methods), tuple(added_metrics), tuple(settings))

    @cached_property
    def catalogue(self) -> Catalogue:
        """Datasets and weights."""
        return load_catalogue(self.catalogues or (find_catalogue(self.root),))

    @property
    def stages(self) -> StageRegistry:
        """Registered stages and those of the project's plug-in files."""
        return self._registries[0]

    @property
    def metrics(self) -> MetricRegistry:
        """Registered metrics and those of the project's plug-in files."""
        return self._registries[1]

    @cached_property
    def _registries(self) -> tuple[StageRegistry, MetricRegistry]:
        if not self.plugins:
            return registry.stages(), registry.metrics()
        stages, metrics = registry.stages().copy(), registry.metrics().copy()
        for path in self.plugins:
            registry.add_file(path, stages, metrics)
        return stages, metrics

    @cached_property
    def suite_paths(self) -> dict[str, Path]:
        """Suite files by id."""
        return suite_paths(self.root)

    @cached_property
    def advisories(self) -> tuple[Advisory, ...]:
        """What is known to be wrong with recorded numbers: of the project's file, and of the one that ships."""
        places = dict.fromkeys((self.root, self.published.parent))
        return tuple(advisory for folder in places for advisory in read_advisories(folder / ADVISORIES))

    @property
    def published(self) -> Path:
        """The folder of published results."""
        folder = next(iter(self.suite_paths.values()), self.root / MARKS[0]).parent.parent
        return folder / RESULTS

    def suite(self, name: SuiteName) -> Suite:
        """Return a suite by id or path, checked against what is registered, with the methods laid over it.

        Raises `ConfigError` with one line per mistake.
        """
        if isinstance(name, Suite):
            loaded = name
        else:
            loaded = load_suite(name, stages=self.stages, metrics=self.metrics, start=self.root)
        joined = with_methods(loaded, self.methods, self.stages, self.metrics)
        return with_added_metrics(with_settings(joined, self.settings), self.added_metrics, self.metrics)

    def suite_problems(self, name: SuiteName) -> list[str]:
        """Return every mistake of a suite, of what is laid over it, and of what it names in the catalogue."""
        found, catalogue = Gathered(), None
        suite: Suite | None = name if isinstance(name, Suite) else None
        problems: list[str] = []
        if not isinstance(name, Suite):
            suite, problems = read_suite(name, stages=self.stages, metrics=self.metrics, start=self.root)
        with found.noting():
            catalogue = self.catalogue
        if suite is not None and catalogue is not None:
            problems += catalogue_problems(suite, catalogue, self.stages, self.metrics)
        if suite is not None and self.methods and not problems:
            with found.noting():
                problems += catalogue_problems(self.suite(suite), self.catalogue, self.stages, self.metrics)
        return list(dict.fromkeys([*problems, *found.problems]))

    def suites(self, names: Sequence[SuiteName] = ()) -> tuple[Suite, ...]:
        """Return the named suites, each once, or all where none is named."""
        loaded = (self.suite(name) for name in names or self.suite_paths)
        return tuple({suite.id: suite for suite in loaded}.values())

    def cells(self, suite: Suite, tier: Tier, only: Selection = EVERYTHING) -> tuple[Cell, ...]:
        """Return the wanted cells of a suite in canonical order; raises what `expand` raises."""
        return only.cells(suite, expand(suite, tier, self.catalogue, self.stages, self.metrics))

    def results(self, folder: Path, suite: Suite, tier: Tier, cells: tuple[Cell, ...] | None = None) -> Standing:
        """Return what a results folder holds of a suite on a tier; `cells` are its cells where they are at hand."""
        store = Store(folder, suite.id, suite.version, tier)
        if suite.kind == "data-table":
            rows = data_table_rows(suite, tier, self.catalogue, store.statements())
            return Standing(suite, tier, (), {}, statements=rows, store=store)
        return Standing.join(
            suite,
            tier,
            self.cells(suite, tier) if cells is None else cells,
            store.records(),
            store.timings(),
            metrics=self.metrics_of(suite),
            origins=self._metric_origins(suite),
            suites=dict(self._named_by_claims(suite)),
            store=store,
            advisories=self.advisories,
        )

    def timings_of(self, standing: Standing) -> tuple[Timing, ...]:
        """Return what is known of the durations of a standing's cells: of its own folder, else the published ones."""
        return standing.timings or self.results(self.published, standing.suite, standing.tier).timings

    def per_voxel_s(self, standing: Standing) -> dict[str, float]:
        """Return the seconds a voxel of rows of the paper tier, as stages of published mini cells took them.

        Rows that train are left out: voxels say nothing of how long a training takes.
        """
        if standing.tier != "paper" or standing.suite.kind == "data-table":
            return {}
        found = seconds_per_voxel(self.results(self.published, standing.suite, "mini"), self.catalogue)
        return {
            row: found[row] for row, own in standing.rows.items() if row in found and not self._trains(own.cells[0])
        }

    def _trains(self, cell: Cell) -> bool:
        return any(self.stages.get(spec.id)(spec.parameters).trains() for spec in cell.chain)

    def metrics_of(self, suite: Suite) -> dict[str, Metric]:
        """Return the metrics of a suite by the ids of its columns."""
        return {name: self._column_metric(name) for name in suite.metrics}

    def _column_metric(self, name: str) -> Metric:
        """Return the metric of a column under the column's id; a named pair's points lie on a curve of their own."""
        pair, _, plain = name.rpartition(":")
        metric = self.metrics.get(plain)
        if not pair:
            return metric
        return replace(metric, id=name, at=metric.at and (f"{pair}:{metric.at[0]}", metric.at[1]))

    def _metric_origins(self, suite: Suite) -> dict[str, Origin]:
        """Return where those metrics of a suite come from that are none of this package."""
        names = dict.fromkeys(name.rpartition(":")[2] for name in suite.metrics)
        found = {name: self.metrics.entry(name).code() for name in names}
        return {name: origin for name, origin in found.items() if origin.is_plugin}

    def _named_by_claims(self, suite: Suite) -> Iterator[tuple[str, Suite]]:
        """Yield the other suites whose printed values a claim compares."""
        rules = (claim.rule for claim in suite.claims if isinstance(claim.rule, EqualPublished))
        names = {entry.rpartition("/")[0] for rule in rules for entry in rule.entries}
        for name in sorted(names - {"", suite.id}):
            yield name, self.suite(name)
