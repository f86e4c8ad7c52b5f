"""Where descriptions of models lie, and what they say of training data."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from harness.descriptions import MOST_BYTES, description_at, training_data
from harness.errors import DataError


def write(folder: Path, text: str, name: str = "rdf.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_places(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", "type: model")
    (folder / "weights.onnx").write_bytes(b"")
    for path in (folder, folder / "weights.onnx", folder / "rdf.yaml"):
        assert description_at(path) == folder / "rdf.yaml"
    write(folder, "type: model", "bioimageio.yaml")
    assert description_at(folder) == folder / "bioimageio.yaml"
    with ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("bioimageio.yaml", "training_data: {id: zoo/nuclei}")
    assert description_at(tmp_path / "m.zip") == tmp_path / "m.zip"
    assert training_data(tmp_path / "m.zip") == ("zoo/nuclei",)


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"")
    (tmp_path / "no.zip").write_bytes(b"no zip")
    with ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "")
    for name in ("", "weights.pt", "no.zip", "other.zip", "absent.yaml", "absent/weights.pt"):
        assert description_at(tmp_path / name) is None
        assert training_data(tmp_path / name) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("training_data: {id: ilastik/covid_if_training_data/1}", ("ilastik/covid_if_training_data",)),
        ("training_data: {id: piquant-burger, version: 1}", ("piquant-burger",)),
        ("training_data: {id: zoo/set/v0.2.1}", ("zoo/set",)),
        ("%YAML 1.2\n---\ntraining_data:\n  id: zoo/set\n", ("zoo/set",)),
        ("training_data: {name: without an id}", ()),
        ("training_data: [1]", ()),
        ("name: nothing said", ()),
    ],
)
def test_training_data(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    assert training_data(write(tmp_path / "m", text)) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1", "the description cannot be read"), ("- 1", "holds a list; accepted: a table"), ("\0", "cannot be read")],
)
def test_what_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        training_data(write(tmp_path / "m", text))


def test_a_text_too_long_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"has {MOST_BYTES + 1} bytes; accepted: at most {MOST_BYTES}"):
        training_data(write(tmp_path / "m", "#" * (MOST_BYTES + 1)))
    (tmp_path / "m" / "rdf.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="cannot be read"):
        training_data(tmp_path / "m")
