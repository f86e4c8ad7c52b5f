"""Images that are larger than memory: who counts, what it would take, and chunks that are not there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr

from harness.datasets.readers import write_labels
from tests.cli.project import Cli


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, Path]:
    """A truth and a prediction in Zarr, 8 chunks each."""
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(1, 9, (4, 4, 4)), np.ones((8, 8, 8), int)).astype(np.uint32)
    for name, array in (("truth", labels), ("pred", np.roll(labels, 1, axis=0))):
        made = zarr.create_array(tmp_path / f"{name}.zarr", shape=array.shape, chunks=(16, 16, 16), dtype=array.dtype)
        made[...] = array
    return tmp_path / "pred.zarr", tmp_path / "truth.zarr"


@pytest.mark.slow
def test_processes_print_the_scores_of_one(cli: Cli, stored: tuple[Path, Path]) -> None:
    alone = cli.json("score", *stored, "--json")
    code, out, err = cli("score", *stored, "--jobs", "2", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == alone
    code, out, _ = cli("score", *stored, "--jobs", "2", "--ignore-value", "3", "--json")
    assert json.loads(out) == cli.json("score", *stored, "--ignore-value", "3", "--json")
    assert json.loads(out) != alone


def test_chunks_that_are_not_there_are_said(cli: Cli, stored: tuple[Path, Path]) -> None:
    chunks = sorted(path for path in (stored[0] / "c").rglob("*") if path.is_file())
    assert len(chunks) == 8
    assert cli("score", *stored, "--metric", "count.pred", "--json")[2] == ""
    for chunk in chunks[:3]:
        chunk.unlink()
    code, _, err = cli("score", *stored, "--metric", "count.pred", "--json")
    assert code == 0
    assert f"note: {stored[0]}: 3 of 8 chunks are not there and read as its fill value" in err


def test_what_is_in_memory_is_counted_here_and_that_is_said(cli: Cli, tmp_path: Path) -> None:
    file = write_labels(tmp_path / "a.tif", np.ones((4, 4), np.uint8))
    code, _, err = cli("score", file, file, "--jobs", "2", "--metric", "count.pred", "--json")
    assert code == 0
    assert f"counted in this process, for {file}, {file} is in memory already" in err


def test_a_dry_run_says_what_counting_takes(cli: Cli, stored: tuple[Path, Path]) -> None:
    plan = cli.json("score", *stored, "--dry-run", "--jobs", "4", "--expected-objects", "1000", "--json")
    assert plan["read_bytes"] == 2 * 4 * 32**3
    last = plan["levels"][-1]
    assert (last["tables"], last["bytes_each"]) == (1, 72000)
    assert last["memory_bytes"] > last["bytes_each"]
    code, out, _ = cli("score", *stored, "--dry-run")
    assert code == 0
    assert "32 x 32 x 32 voxels: 0.0002621 GB of uncompressed labels in both images" in out


@pytest.mark.parametrize("option", [("--jobs", "0"), ("--expected-objects", "0"), ("--rate", "0")])
def test_numbers_that_are_none_are_refused(cli: Cli, stored: tuple[Path, Path], option: tuple[str, str]) -> None:
    code, _, err = cli("score", *stored, *option)
    assert code == 2
    assert f"{option[0]} " in err


def test_a_scheduler_that_is_not_there_is_named(
    cli: Cli, stored: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")
    monkeypatch.setattr("harness.runner.machines.CONNECT_S", 0.5)
    code, _, err = cli("score", *stored, "--scheduler", "tcp://127.0.0.1:1")
    assert code == 2
    assert "nobody answers there" in err
