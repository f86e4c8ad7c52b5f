"""Opening the data of a dataset before anything runs: what is missing or not as declared, all at once."""

from __future__ import annotations

from collections.abc import Iterator

from harness.datasets.dataset import Dataset
from harness.errors import HarnessError


def data_problems(dataset: Dataset) -> Iterator[str]:
    """Yield what is wrong with the data: of every sample whether its files are there, of the first one what they hold.

    Nothing is downloaded: a dataset that is not on this machine is one line with what to do.
    """
    availability = dataset.availability()
    if not availability.ok or not availability.here:
        yield f"dataset '{dataset.id}': not on this machine: {availability}"
        return
    try:
        samples = dataset.sample_ids()
    except HarnessError as error:
        yield _said(dataset, error)
        return
    for sample in samples:
        try:
            dataset.sample_hash(sample)
        except HarnessError as error:
            yield _said(dataset, error)
    yield from _contents(dataset, samples[0])


def _contents(dataset: Dataset, sample: str) -> Iterator[str]:
    """Read the image and every label image of a sample."""
    try:
        loaded = dataset.load(sample)
    except HarnessError as error:
        yield _said(dataset, error)
        return
    for name in dataset.label_names:
        try:
            volume = loaded.labels[name]
        except HarnessError as error:
            yield _said(dataset, error)
            continue
        if not volume.array.any():
            yield f"dataset '{dataset.id}': label '{name}' of sample '{sample}' holds no object"


def _said(dataset: Dataset, error: HarnessError) -> str:
    return f"dataset '{dataset.id}': {' '.join(str(error).split())}"
