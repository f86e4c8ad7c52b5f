"""Opening the data of a dataset before anything runs: what is missing or not as declared, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.datasets.dataset import Dataset
from harness.datasets.formats.labels import only_label, parts
from harness.errors import HarnessError
from harness.model import Volume


def data_problems(dataset: Dataset, note: Callable[[str], None] = lambda line: None) -> Iterator[str]:
    """Yield what is wrong with the data: of every sample whether its files are there, of some what they hold.

    These are the first sample, and the first of those that are read in a way of their own. Nothing is downloaded: a
    dataset that is not on this machine is one line with what to do. `note` is told what may be meant as it is.
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
    if not samples:
        yield f"dataset '{dataset.id}': has no sample"
    for sample in _one_of_each(dataset, samples):
        yield from _contents(dataset, sample, note)


def mask_remark(dataset: Dataset, sample: str, label: str, volume: Volume) -> str:
    """Return what is to be said of a label image that may be the mask of a foreground; "" for most.

    One with the values of a mask (0 and 255) is not read at all: that nobody would number an object so is certain.
    """
    declared = dataset.samples.get(sample)
    if declared is not None and label in declared.objects:
        return ""
    value = only_label(volume.array)
    count = parts(volume.array) if value else 0
    if count < 2:
        return ""
    where = f"dataset '{dataset.id}': label '{label}' of sample '{sample}'"
    return (
        f"{where} holds 0 and {value} alone, which is one object in {count} parts; with `components = true` each part "
        "is an object"
    )


def _one_of_each(dataset: Dataset, samples: Sequence[str]) -> Iterator[str]:
    """Yield the first sample, and the first of each group of samples that say themselves where their arrays lie."""
    seen: set[object] = set()
    for sample in samples:
        declared = dataset.samples.get(sample)
        own = () if declared is None else (declared.axes, tuple(declared.images), tuple(declared.labels))
        how = own if any(own) else ()
        if how not in seen:
            seen.add(how)
            yield sample


def _contents(dataset: Dataset, sample: str, note: Callable[[str], None]) -> Iterator[str]:
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
        elif remark := mask_remark(dataset, sample, name, volume):
            note(remark)


def _said(dataset: Dataset, error: HarnessError) -> str:
    return f"dataset '{dataset.id}': {' '.join(str(error).split())}"
