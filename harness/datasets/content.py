"""The content of a sample as an identity that needs no data, so that suites expand where their data are absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import DataError

if TYPE_CHECKING:
    from harness.datasets.dataset import Dataset


def content_of(dataset: Dataset, sample: str) -> str:
    """Return the content hash of a sample; a text naming the sample where its data is not here to be hashed.

    Raises `DataError` if the data is here and cannot be hashed.
    """
    try:
        return dataset.sample_hash(sample)
    except DataError:
        if dataset.availability().ok:
            raise
        return f"unavailable: {dataset.id}/{sample}"
