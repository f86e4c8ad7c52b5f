"""Two label files in, one number per metric out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.datasets.readers import write_labels
from tests.cli.project import Cli


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    truth = np.zeros((20, 20), np.uint16)
    truth[2:8, 2:8], truth[10:18, 10:18] = 1, 2
    prediction = truth.copy()
    prediction[2:8, 5:8] = 3
    return write_labels(tmp_path / "p.tif", prediction), write_labels(tmp_path / "t.npy", truth)


def test_named_metrics_in_json_on_one_line(cli: Cli, files: tuple[Path, Path]) -> None:
    code, out, err = cli("score", *files, "--metric", "map.gonuclear", "arand.elf", "--json")
    assert (code, err) == (0, "")
    metrics = json.loads(out)["metrics"]
    assert list(metrics) == ["map.gonuclear", "arand.elf"]
    assert 0 < metrics["map.gonuclear"] < 1
    assert out.count("\n") == 1


def test_repeated_metric_options(cli: Cli, files: tuple[Path, Path]) -> None:
    found = cli.json("score", *files, "--metric", "pq", "--metric", "sq", "--json")
    assert list(found["metrics"]) == ["pq", "sq"]


def test_every_metric_when_none_is_named(cli: Cli, files: tuple[Path, Path]) -> None:
    metrics = cli.json("score", *files, "--json")["metrics"]
    assert {"map.gonuclear", "map.stardist", "arand.skimage", "arand.elf", "arand.cremi", "sbd.cvppp"} <= set(metrics)


def test_undefined_is_null_in_json_and_said_in_text(cli: Cli, tmp_path: Path) -> None:
    empty = write_labels(tmp_path / "empty.npy", np.zeros((8, 8), np.uint8))
    metrics = cli.json("score", empty, empty, "--json")["metrics"]
    undefined = [name for name, value in metrics.items() if value is None]
    assert undefined
    code, out, _ = cli("score", empty, empty, "--metric", undefined[0])
    assert code == 0
    assert out.splitlines()[1].split() == [undefined[0], "undefined"]


def test_mistakes_are_one_line(cli: Cli, files: tuple[Path, Path], tmp_path: Path) -> None:
    other = write_labels(tmp_path / "other.npy", np.zeros((5, 5), np.uint8))
    for arguments in ((files[0], other), (files[0], tmp_path / "absent.tif"), (*files, "--metric", "map.gonucler")):
        code, out, err = cli("score", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("harness: error: ")
        assert err.count("\n") == 1
