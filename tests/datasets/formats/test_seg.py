from __future__ import annotations

import os
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.datasets.formats.seg import read_seg
from harness.errors import DataError

MASKS = np.arange(12, dtype=np.uint16).reshape(3, 4)


def _save(path: Path, content: Any) -> Path:
    np.save(path, content, allow_pickle=True)
    return path


class Hostile:
    """Calls what it names when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@pytest.mark.parametrize("masks", [MASKS, np.asfortranarray(MASKS), MASKS[None], MASKS > 3, MASKS.astype(">i4")])
def test_masks_of_cellpose(tmp_path: Path, masks: np.ndarray) -> None:
    seg = {
        "outlines": MASKS * 0, "masks": masks, "filename": "a.png", "diameter": np.float64(30.5),
        "ismanual": np.zeros(3, bool), "flows": [np.zeros((3, 4, 3), np.uint8), [], None],
        "manual_changes": [[datetime(2026, 1, 2), "added mask"]],
    }  # fmt: skip
    found = read_seg(_save(tmp_path / "a_seg.npy", seg))  # type: ignore[arg-type]
    assert found.dtype == masks.dtype.newbyteorder("=")
    assert np.array_equal(found, masks)


def test_nothing_that_a_pickle_names_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    hostile = Hostile(f"touch {ran}")
    path = _save(tmp_path / "a_seg.npy", {"masks": MASKS, hostile.command: hostile, "more": [hostile, Path("x"), {1}]})
    assert np.array_equal(read_seg(path), MASKS)
    assert not ran.exists()
    np.load(path, allow_pickle=True)
    assert ran.exists(), "the pickle is not hostile"


@pytest.mark.parametrize(
    "content", [{"a": MASKS}, {"masks": [1, 2]}, {"masks": np.array([None])}, [1, {}], 5, {"masks": Path("x")}]
)
def test_other_python_objects(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"a.npy: holds Python objects that are no Cellpose _seg.npy"):
        read_seg(path)


def test_masks_of_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds values of the type <U1"):
        read_seg(_save(tmp_path / "a.npy", {"masks": np.array(["a"])}))  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [0, 5, 100, 140, -1])
def test_damaged_files(tmp_path: Path, cut: int) -> None:
    path = _save(tmp_path / "a.npy", {"masks": MASKS})  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"a.npy: truncated or not readable as Cellpose _seg.npy"):
        read_seg(path)


def test_a_persistent_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(pickle.PROTO + bytes([4]) + b"Pabc\n.")
    with pytest.raises(DataError, match="not readable as Cellpose"):
        read_seg(path)
