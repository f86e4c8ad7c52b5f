from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets.formats.zarr import open_zarr
from harness.metrics.classes import CORRECT
from harness.metrics.errormap import AGREED
from tests.cli.project import Cli


def read(path: Path, key: str) -> np.ndarray:
    stored = open_zarr(path, key)
    return stored.read((slice(None),) * len(stored.shape))


def test_a_cell_is_written_for_a_viewer(cli: Cli) -> None:
    cli("run", "toy")
    record = next(one for one in cli.store().records() if one.row == "truth")
    code, out, _ = cli("export", record.cell[:10], "--to", "out")
    path = Path(out.strip())
    assert (code, path) == (0, Path("out/truth-blobs-a.ome.zarr"))
    np.testing.assert_array_equal(read(path, "labels/truth"), read(path, "labels/prediction"))
    assert set(np.unique(read(path, "labels/errors"))) == {0, AGREED}
    assert set(np.unique(read(path, "labels/classes"))) == {0, 1 + CORRECT}
    assert read(path, "0").shape[-2:] == (48, 48)
    assert open_zarr(path).spacing_um == (0.3, 0.3)
    assert cli("export", "truth on blobs/a", "--to", "out")[0] == 2
    assert cli("export", "truth on blobs/a", "--to", "other")[0] == 0


def test_what_cannot_be_written_is_said(cli: Cli) -> None:
    cli("run", "toy")
    code, _, err = cli("export", "truth on blobs/c", "--to", "out")
    assert code == 2
    assert "did you mean 'truth on blobs/" in err
    cli("cache", "--clear", "predictions")
    code, _, err = cli("export", "otsu on blobs/a", "--to", "out", "--suite", "toy")
    assert code == 3
    assert "its prediction was removed on" in err
