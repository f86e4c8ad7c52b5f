"""The grid that a dataset declares, before any of its data is read: what chains are checked on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.datasets.declared.declaration import GeneratedDataset, SampleDeclaration, StoredDataset
from harness.model import Grid
from harness.stages.chain import ANISOTROPIC

if TYPE_CHECKING:
    from harness.datasets import Dataset


def declared_grid(dataset: Dataset) -> Grid:
    """Return a grid of a dataset's dimensions and spacing; its shape stands for any.

    Where samples differ, or the spacing is not declared, the grid is an anisotropic one: what holds there holds on
    every other.
    """
    ndim = dataset.ndim or len(ANISOTROPIC.shape)
    found = {spacing if len(spacing) == ndim else () for spacing in _spacings(dataset)} or {()}
    unequal = [spacing for spacing in found if len(set(spacing)) != 1]
    spacing = unequal[0] if unequal else found.pop()
    stands_for_any = ANISOTROPIC.spacing_um[-ndim:] if ANISOTROPIC.spacing_um and ndim > 2 else (2.0, 1.0)
    return Grid(ANISOTROPIC.axes[-ndim:], ANISOTROPIC.shape[-ndim:], spacing or stands_for_any)


def _spacings(dataset: Dataset) -> Iterator[tuple[float, ...]]:
    declaration = dataset.declaration
    for sample in declaration.samples.values() or (SampleDeclaration(),):
        if isinstance(declaration, StoredDataset):
            yield tuple(sample.spacing_um or declaration.spacing_um)
        elif isinstance(declaration, GeneratedDataset):
            yield tuple({**declaration.parameters, **sample.parameters}.get("spacing_um") or ())
