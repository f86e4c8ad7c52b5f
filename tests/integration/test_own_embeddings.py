"""Somebody's own arrays through `cvppp-clustering`, as README says: each format, planes and volumes, truth or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.cli.main import main
from harness.store import Record, Store
from tests.stages.embedding.embeddings import quarters

pytest.importorskip("hdbscan", reason="hdbscan is not installed")
zarr = pytest.importorskip("zarr", reason="zarr is not installed")

DATASET = """
[datasets.{name}]
kind = "folder"
title = "My embeddings"
licence = "own data"
citation = "own data"
axes = "{axes}"
path = "{name}"
images.e = {{ {key}glob = "e/{{id}}.{suffix}", channels = {channels} }}
"""
ALONE = (
    'stages.embedding-from-image.twin=""',
    "stages.pca.twin=false",
    'stages.consistency-clustering.against="embedding"',
)
"""What README says to set where there is no second embedding."""
FAST, CONSISTENCY, HDBSCAN, MUTEX = (
    f"{cluster}-pc3-synthetic" for cluster in ("mean-shift-fast", "consistency", "hdbscan", "mutex-watershed")
)
KINDS = [
    (f"{'planes' if len(shape) == 2 else 'volumes'}-{suffix}", shape, suffix)
    for shape in ((30, 36), (4, 24, 26))
    for suffix in ("npy", "h5", "zarr")
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    Path("datasets.toml").write_text("schema = 1\n")


def written(folder: Path, name: str, array: np.ndarray, suffix: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if suffix == "npy":
        np.save(folder / f"{name}.npy", array)
    elif suffix == "h5":
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["stored/here"] = array
    else:
        zarr.save(str(folder / f"{name}.zarr"), array)


def declared(
    name: str, shape: tuple[int, ...], suffix: str, *, labels: str = "", channels: int = 6, seed: int = 0
) -> np.ndarray:
    """Write an embedding of four boxes of 6 channels and declare it; return the boxes (1 … 4)."""
    embedding, boxes = quarters(shape, channels=6, noise=0.05, seed=seed)
    key = 'key = "stored/here", ' if suffix == "h5" else ""
    text = DATASET.format(name=name, axes=embedding.axes[1:], suffix=suffix, key=key, channels=channels)
    written(Path(name) / "e", "a", embedding.array, suffix)
    if labels:
        written(Path(name) / labels, "a", boxes.astype(np.uint16), suffix)
        text += f'labels.{labels} = {{ {key}glob = "{labels}/{{id}}.{suffix}" }}\n'
    with Path("datasets.toml").open("a") as file:
        file.write(text)
    return boxes


def clustered(
    datasets: Sequence[str], *settings: str, rows: tuple[str, ...]
) -> tuple[int, Mapping[tuple[str, str], Record]]:
    data = ", ".join(f'{{dataset="{name}"}}' for name in datasets)
    arguments = [part for line in (f"data=[{data}]", 'truth=""', *settings) for part in ("--set", line)]
    arguments += [part for row in rows for part in ("--row", row)]
    code = main(["run", "cvppp-clustering", *arguments])
    records = Store(Path("runs"), "cvppp-clustering", 1, "smoke").records()
    return code, {(record.row, record.dataset): record for record in records}


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["cells", ""])
def test_arrays_of_one_s_own(labels: str) -> None:
    for number, (name, shape, suffix) in enumerate(KINDS):
        declared(name, shape, suffix, labels=labels, seed=number)
    code, records = clustered([name for name, *_ in KINDS], *ALONE, rows=(FAST, CONSISTENCY, HDBSCAN, MUTEX))
    assert code == 0
    assert len(records) == 4 * len(KINDS)
    for record in records.values():
        assert record.error is None
        assert record.prediction["labels"]
        assert (record.metrics.get("sbd.cvppp", 0) > 0.5) == bool(labels), record.row


@pytest.mark.slow
def test_a_second_embedding_approves() -> None:
    declared("mine", (30, 36), "npy", labels="gold")
    written(Path("mine/second"), "a", np.load("mine/e/a.npy") + 0.01, "npy")
    with Path("datasets.toml").open("a") as file:
        file.write('images.g = { glob = "second/{id}.npy", channels = 6 }\n')
    code, records = clustered(["mine"], rows=(CONSISTENCY,))
    assert code == 0
    assert records[CONSISTENCY, "mine"].metrics["sbd.cvppp"] > 0.5


@pytest.mark.slow
def test_fewer_channels_than_components_fail_in_their_rows_alone() -> None:
    declared("mine", (30, 36), "npy")
    many = FAST.replace("pc3", "pc16")
    code, records = clustered(["mine"], *ALONE, rows=(FAST, many))
    assert code == 3
    assert records[FAST, "mine"].error is None
    error = records[many, "mine"].error
    assert error is not None
    assert "stage 'pca': 16 components of 6 channels; accepted: at most 6" in error.message


@pytest.mark.parametrize("channels", [5, 7])
def test_another_number_of_channels_than_declared_is_refused(channels: int, capsys: pytest.CaptureFixture[str]) -> None:
    declared("mine", (30, 36), "npy", channels=channels)
    code, records = clustered(["mine"], *ALONE, rows=(FAST,))
    said = "".join(capsys.readouterr()) + "".join(str(record.error) for record in records.values())
    assert code in (2, 3)
    assert f"6 channels, declared {channels}" in said
