"""The readers and writers other packages use: arrays of any supported format, label images for scoring."""

from __future__ import annotations

from harness.datasets.formats.arrays import SPACING_TOLERANCE, read_array
from harness.datasets.formats.labels import Labels, LazyLabels, looks_like_a_mask, read_labels, split_key, write_labels
from harness.datasets.formats.open import format_of

__all__ = [
    "SPACING_TOLERANCE",
    "Labels",
    "LazyLabels",
    "format_of",
    "looks_like_a_mask",
    "read_array",
    "read_labels",
    "split_key",
    "write_labels",
]
