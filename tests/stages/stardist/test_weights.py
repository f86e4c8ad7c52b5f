from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from harness import archives
from harness.errors import DataError
from harness.stages.stardist.weights import read_model


def _model(folder: Path, *, weights: str = "stardist_weights.h5") -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"n_dim": 2}')
    (folder / "thresholds.json").write_text('{"prob": 0.6, "nms": 0.3}')
    (folder / weights).write_bytes(b"x")
    return folder


def test_folder_and_nested_folder(tmp_path: Path) -> None:
    _model(tmp_path / "outer" / "inner")
    for source in (tmp_path / "outer", tmp_path / "outer" / "inner"):
        files = read_model(source, tmp_path)
        assert files.weights.name == "stardist_weights.h5"
        assert files.thresholds == {"prob": 0.6, "nms": 0.3}


def test_an_export_states_everything_in_its_description(tmp_path: Path) -> None:
    text = "config: {stardist: {config: {n_dim: 3, grid: [2, 4, 4]}, thresholds: {prob: 0.5056, nms: 0.3}}}"
    (tmp_path / "rdf.yaml").write_text(text)
    (tmp_path / "stardist_weights.h5").write_bytes(b"x")
    files = read_model(tmp_path, tmp_path)
    assert files.config == {"n_dim": 3, "grid": [2, 4, 4]}
    assert (files.thresholds, files.weights.name) == ({"prob": 0.5056, "nms": 0.3}, "stardist_weights.h5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: {deepimagej: {}}", "no 'config.stardist' with 'config' and 'thresholds'; accepted"),
        ("config: {stardist: {config: {n_dim: 3}}}", "no 'config.stardist' with 'config' and 'thresholds'"),
        ("config: {stardist: {config: {}, thresholds: {prob: 2}}}", "'prob' is 2; accepted: a number between 0 and 1"),
        ("- a list", "no 'config.stardist'"),
        ("{", "not readable as YAML"),
    ],
)
def test_a_description_without_a_model_says_so(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rdf.yaml").write_text(text)
    (tmp_path / "stardist_weights.h5").write_bytes(b"x")
    with pytest.raises(DataError, match=re.escape(message)):
        read_model(tmp_path, tmp_path)


def test_zip_is_unpacked_inside_the_scratch_folder(tmp_path: Path) -> None:
    source = _model(tmp_path / "model")
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in source.iterdir():
            file.write(path, f"model/{path.name}")
    files = read_model(archive, tmp_path / "scratch")
    assert files.folder.is_relative_to(tmp_path / "scratch")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("../escaped.txt", "x")
    with pytest.raises(DataError, match=r"member '../escaped.txt' would leave its folder"):
        read_model(archive, tmp_path / "other")


def test_a_zip_that_grows_without_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_FREE_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("weights_best.h5", bytes(10_000_000))
    with pytest.raises(DataError, match="decompression bomb"):
        read_model(tmp_path / "a.zip", tmp_path / "scratch")


def test_best_weights_are_preferred(tmp_path: Path) -> None:
    folder = _model(tmp_path / "m")
    (folder / "weights_best.h5").write_bytes(b"x")
    (folder / "other.h5").write_bytes(b"x")
    assert read_model(folder, tmp_path).weights.name == "weights_best.h5"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: (f / "config.json").unlink(),
            "no config.json or rdf.yaml; found: stardist_weights.h5, thresholds.json",
        ),
        (lambda f: (f / "thresholds.json").unlink(), "thresholds.json: missing; accepted"),
        (lambda f: (f / "stardist_weights.h5").unlink(), "found: no .h5 file; accepted: weights_best.h5"),
        (lambda f: (f / "thresholds.json").write_text('{"prob": 1.5, "nms": 0.3}'), "'prob' is 1.5; accepted"),
        (lambda f: (f / "thresholds.json").write_text(json.dumps({"prob": 0.5})), "'nms' is None; accepted"),
        (lambda f: (f / "config.json").write_text("{"), "not readable as JSON"),
        (lambda f: (f / "config.json").write_text("[1]"), "holds a list; accepted: an object"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, change: object, message: str) -> None:
    folder = _model(tmp_path / "m")
    change(folder)  # type: ignore[operator]
    with pytest.raises(DataError) as caught:
        read_model(folder, tmp_path)
    assert message in str(caught.value)


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(b"x")
    with pytest.raises(DataError, match="not a StarDist model; accepted: a folder, or a zip"):
        read_model(path, tmp_path)
