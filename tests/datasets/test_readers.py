from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets import readers


def test_what_other_packages_use(tmp_path: Path) -> None:
    assert set(readers.__all__) >= {"read_array", "read_labels", "write_labels"}
    path = readers.write_labels(tmp_path / "a.npy", np.eye(4, dtype=np.uint8))
    assert readers.read_array(path).axes == "YX"
    assert np.array_equal(readers.read_labels(path), np.eye(4))
