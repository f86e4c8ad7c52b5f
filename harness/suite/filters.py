"""Which cells of a suite are wanted: one value behind --row, --stage, --dataset, --fold and --sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import ConfigError, nearest
from harness.model import Cell, Tier
from harness.suite.datarows import row_source
from harness.suite.schema import DataRowSpec
from harness.suite.suite import Suite

ItemT = TypeVar("ItemT")
Names = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Cells of these rows, of chains with one of these stages, of these datasets, folds and samples; None keeps all."""

    rows: Names = None
    stages: Names = None
    datasets: Names = None
    folds: Names = None
    samples: Names = None

    @classmethod
    def of(
        cls,
        *,
        rows: Iterable[str] | None = None,
        stages: Iterable[str] | None = None,
        datasets: Iterable[str] | None = None,
        folds: Iterable[str] | None = None,
        samples: Iterable[str] | None = None,
    ) -> Selection:
        """Return a selection from any collections of names."""
        return cls(*(None if names is None else tuple(names) for names in (rows, stages, datasets, folds, samples)))

    def cells(self, suite: Suite, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """Return the wanted ones of all cells of a suite, in their order.

        Raises `ConfigError` with the nearest match for a name that no cell left by the filters before it has.
        """
        names: Mapping[str, tuple[Names, Callable[[Cell], tuple[str, ...]]]] = {
            "row": (self.rows, lambda cell: (cell.row,)),
            "dataset": (self.datasets, lambda cell: (cell.data.dataset,)),
            "fold": (self.folds, lambda cell: (cell.fold.id,)),
            "sample": (self.samples, lambda cell: (cell.sample,)),
            "stage": (self.stages, lambda cell: tuple(name for spec in cell.chain for name in {spec.id, spec.called})),
        }
        return _filtered(suite, cells, names)

    def data_rows(self, suite: Suite, tier: Tier) -> tuple[DataRowSpec, ...]:
        """Return the wanted rows of a data table that its tier has; no row of one has stages.

        Raises `ConfigError` as `cells` does.
        """

        def source(row: DataRowSpec, name: str) -> tuple[str, ...]:
            value = getattr(row_source(row, tier), name)
            return () if value is None else (value,)

        names: Mapping[str, tuple[Names, Callable[[DataRowSpec], tuple[str, ...]]]] = {
            "row": (self.rows, lambda row: (row.id,)),
            "dataset": (self.datasets, lambda row: source(row, "dataset")),
            "fold": (self.folds, lambda row: source(row, "fold")),
            "sample": (self.samples, lambda row: source(row, "sample")),
            "stage": (self.stages, lambda row: ()),
        }
        return _filtered(suite, [row for row in suite.data_rows if not row_source(row, tier).absent], names)


EVERYTHING = Selection()
"""Keeps every cell."""


def _filtered(
    suite: Suite, items: Sequence[ItemT], names: Mapping[str, tuple[Names, Callable[[ItemT], tuple[str, ...]]]]
) -> tuple[ItemT, ...]:
    for kind, (wanted, names_of) in names.items():
        if wanted is None:
            continue
        present = {name for item in items for name in names_of(item)}
        for name in wanted:
            if name not in present:
                raise ConfigError(f"suite '{suite.id}' has no {kind} '{name}' here{nearest(name, present)}")
        items = [item for item in items if set(wanted) & set(names_of(item))]
    return tuple(items)
