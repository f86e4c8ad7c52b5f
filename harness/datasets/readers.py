"""The readers and writers other packages use: arrays of any supported format, label images for scoring."""

from __future__ import annotations

from harness.datasets.formats.arrays import SPACING_TOLERANCE, read_array
from harness.datasets.formats.hdf5_trial import one_trial
from harness.datasets.formats.labels import (
    MOST_BYTES_IN_MEMORY,
    Labels,
    LazyLabels,
    looks_like_a_mask,
    only_label,
    parts,
    read_labels,
    read_spacing,
    split_key,
    write_labels,
)
from harness.datasets.formats.open import format_of
from harness.datasets.formats.outlines.reading import coco_file, holds_outlines, read_crowds, stated_shape

__all__ = [
    "MOST_BYTES_IN_MEMORY",
    "SPACING_TOLERANCE",
    "Labels",
    "LazyLabels",
    "coco_file",
    "format_of",
    "holds_outlines",
    "looks_like_a_mask",
    "one_trial",
    "only_label",
    "parts",
    "read_array",
    "read_crowds",
    "read_labels",
    "read_spacing",
    "split_key",
    "stated_shape",
    "write_labels",
]
