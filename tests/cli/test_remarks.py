"""What is said of images that may be masks: small ones are looked at, large ones judged by the labels counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli.remarks import mask_remarks
from harness.datasets import readers
from harness.datasets.readers import read_labels, write_labels
from harness.metrics import Pair

BLOBS = np.zeros((12, 12), np.uint16)
BLOBS[1:4, 1:4] = BLOBS[7:9, 7:9] = 1
LABELS = BLOBS.copy()
LABELS[7:9, 7:9] = 2


def test_a_mask_in_several_parts_on_either_side() -> None:
    said = "holds 0 and 1 alone, which is one object in 2 parts; of a foreground mask score the components"
    assert [said in remark for remark in mask_remarks(Pair(LABELS, BLOBS))] == [True, False]
    assert [said in remark for remark in mask_remarks(Pair(BLOBS, LABELS))] == [False, True]
    assert mask_remarks(Pair(LABELS, np.zeros_like(LABELS))) == ("", "")


@pytest.mark.parametrize(
    ("further", "is_said"), [({}, True), ({"border": "drop"}, False), ({"ignore": BLOBS * 0}, False)]
)
def test_a_large_mask_is_known_by_its_one_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, further: dict[str, Any], is_said: bool
) -> None:
    """Not where objects were left out before the labels were counted."""
    monkeypatch.setattr(readers, "MOST_BYTES_IN_MEMORY", 10)
    mask = read_labels(write_labels(tmp_path / "mask.zarr", BLOBS))
    pair = Pair(LABELS, mask, **further)
    assert mask_remarks(pair)[0] == "", "nothing was counted yet"
    assert pair.overlap.n_pred >= 0
    assert ("holds 0 and 1 alone, which is one object;" in mask_remarks(pair)[0]) is is_said
