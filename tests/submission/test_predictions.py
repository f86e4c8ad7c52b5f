from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.cli.project import Cli

Change = Callable[[Path], None]


def replaced(array: np.ndarray) -> Change:
    def change(folder: Path) -> None:
        (folder / "a.tif").unlink()
        np.save(folder / "a.npy", array)

    return change


def turned(folder: Path) -> None:
    tifffile.imwrite(folder / "a.tif", np.ones((2, 48, 24), np.uint8), metadata={"axes": "ZYX"})


SHAPE = (48, 48)
FOLDERS: dict[str, tuple[Change, str]] = {
    "missing": (lambda folder: (folder / "b.tif").unlink(), "no label image of sample 'b'"),
    "two files": (lambda folder: np.save(folder / "a.npy", np.ones(SHAPE, int)), "has 2 files: 'a.npy', 'a.tif'"),
    "extra": (lambda folder: np.save(folder / "c.npy", np.ones(SHAPE, int)), "c.npy: belongs to no sample"),
    "notes": (lambda folder: _write(folder / "notes.txt"), "notes.txt: belongs to no sample"),
    "floats": (replaced(np.ones(SHAPE)), "labels must be integers; found float64"),
    "negative": (replaced(-np.ones(SHAPE, int)), "labels must not be negative; the lowest is -1"),
    "huge ids": (replaced(np.full(SHAPE, 1 << 40)), "label 1099511627776 is too large; accepted: at most 4294967295"),
    "another grid": (replaced(np.ones((47, 48), int)), "has shape (47, 48), the image of sample 'blobs/a' (48, 48)"),
    "volume": (turned, "has shape (2, 48, 24)"),
    "objects": (replaced(np.array([[None]])), "a.npy"),
    "damaged": (lambda folder: _write(folder / "a.tif"), "a.tif"),
    "twice the same": (
        lambda folder: (folder / "b.tif").write_bytes((folder / "a.tif").read_bytes()) and None,
        "labels of 'blobs/b' are those of 'blobs/a'",
    ),
}


def _write(path: Path) -> None:
    path.write_text("no labels")


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_that_will_not_do_is_refused_before_anything_is_written(
    kind: str, cli: Cli, predictions: Path
) -> None:
    change, message = FOLDERS[kind]
    change(predictions)
    code, _, err = cli("submit", predictions, "--suite", "toy", "--method", "mine.toml", "--out", "mine.zip")
    assert code == 2
    assert message in err
    assert not (cli.folder / "mine.zip").exists()


def test_all_problems_of_a_folder_come_at_once(cli: Cli, predictions: Path) -> None:
    (predictions / "a.tif").unlink()
    (predictions / "b.tif").rename(predictions / "d.tif")
    _, _, err = cli("submit", predictions, "--suite", "toy", "--method", "mine.toml")
    assert len(err.splitlines()) == 3


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy", ".h5", ".zarr"])
def test_labels_are_read_from_every_format(suffix: str, cli: Cli, predictions: Path) -> None:
    from harness.datasets.readers import write_labels

    for sample in ("a", "b"):
        array = tifffile.imread(predictions / f"{sample}.tif")
        (predictions / f"{sample}.tif").unlink()
        write_labels(predictions / f"{sample}{suffix}", array)
    assert cli("submit", predictions, "--suite", "toy", "--method", "mine.toml", "--out", "mine.zip")[0] == 0
    assert cli("verify", "mine.zip")[0] == 0
