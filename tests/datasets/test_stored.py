from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

import harness.errors
from harness.datasets.catalogue import Catalogue
from harness.errors import ChecksumError, DataError
from tests.datasets.server import FileServer, sha256

Write = Callable[[str], Catalogue]

TIFFS = """
[datasets.ovules]
kind = "remote"
title = "ovules"
licence = "MIT"
citation = "nobody"
availability = "open-direct-download"
axes = "ZYX"
crop_to_common = true
files = [{{ name = "all.zip", sha256 = "{sha256}", urls = ["{url}"] }}]
images.noisy = {{ file = "all.zip", member = ["set/{{id}}/{{id}}_n.tif", "set/{{id}}/{{id}}_n.tiff"] }}
labels.gold = {{ flip = ["Y"], file = "all.zip", member = "set/{{id}}/{{id}}_gold.tif" }}
labels.cells = {{ flip = ["Y"], file = "all.zip", member = "set/{{id}}/{{id}}_cells.tif" }}
samples.1135 = {{ spacing_um = [0.28, 0.13, 0.13] }}
samples.1137 = {{ drop_last = ["Z"], labels = {{ cells = {{ flip = [] }} }} }}
"""


def _tiff(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, photometric="minisblack")
    return buffer.getvalue()


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Two ovules with the quirks of the published archive: other extensions, sizes, mirrored labels, a bad plane."""
    rng = np.random.default_rng(0)
    return {
        "set/1135/1135_n.tif": rng.integers(0, 999, (4, 6, 8), dtype=np.uint16),
        "set/1135/1135_gold.tif": rng.integers(0, 9, (4, 6, 7), dtype=np.uint16),
        "set/1135/1135_cells.tif": rng.integers(0, 9, (4, 6, 8), dtype=np.uint16),
        "set/1137/1137_n.tiff": rng.integers(0, 999, (5, 6, 8), dtype=np.uint16),
        "set/1137/1137_gold.tif": rng.integers(0, 9, (5, 6, 8), dtype=np.uint16),
        "set/1137/1137_cells.tif": rng.integers(0, 9, (5, 6, 8), dtype=np.uint16),
    }


def _zipped(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(name, _tiff(array))
        archive.writestr("set/readme.txt", "unused")
    return buffer.getvalue()


def test_quirks_of_an_archive_are_declared(
    server: FileServer, catalogue: Write, arrays: dict[str, np.ndarray], tmp_path: Path
) -> None:
    content = _zipped(arrays)
    text = TIFFS.format(url=server.add("/all.zip", content), sha256=sha256(content))
    dataset = catalogue(text).dataset("ovules")
    first, second = dataset.load("1135"), dataset.load("1137")
    assert first.image.spacing_um == (0.28, 0.13, 0.13)
    assert np.array_equal(first.image.array, arrays["set/1135/1135_n.tif"][..., :7])
    assert np.array_equal(first.labels["gold"].array, arrays["set/1135/1135_gold.tif"][:, ::-1])
    assert np.array_equal(first.labels["cells"].array, arrays["set/1135/1135_cells.tif"][:, ::-1, :7])
    assert np.array_equal(second.image.array, arrays["set/1137/1137_n.tiff"][:4])
    assert np.array_equal(second.labels["gold"].array, arrays["set/1137/1137_gold.tif"][:4, ::-1])
    assert np.array_equal(second.labels["cells"].array, arrays["set/1137/1137_cells.tif"][:4])
    assert first.hash != second.hash
    unpacked = {path.name for path in dataset_cache().rglob("*") if path.is_file()}
    assert "readme.txt" not in unpacked


def dataset_cache() -> Path:
    from harness.datasets.fetching.places import cache_folder

    return cache_folder() / "datasets" / "ovules"


FOLDER = """
[datasets.mine]
kind = "folder"
title = "mine"
licence = "own"
citation = "me"
path = "."
axes = "ZYX"
spacing_um = [0.3, 0.1, 0.1]
images.raw = { file = "a.h5", key = "raw" }
images.boundary = { file = "a.h5", key = "boundary" }
labels.gold = { file = "a.h5", key = "label" }
samples.whole = { shape = [2, 4, 6] }
samples.part = { from = "whole", crop = [[0, 2], [1, 3], [2, 6]] }
"""


def _h5(folder: Path, **arrays: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    raw = np.arange(48, dtype=np.uint8).reshape(2, 4, 6)
    with h5py.File(folder / "a.h5", "w") as file:
        for name, array in {"raw": raw, "boundary": raw / np.float32(47), "label": raw % 5, **arrays}.items():
            file[name] = array


def test_channels_of_two_types_are_stacked(catalogue: Write, tmp_path: Path) -> None:
    _h5(tmp_path / "project")
    dataset = catalogue(FOLDER).dataset("mine")
    sample = dataset.load("part")
    assert (sample.image.axes, sample.image.array.shape) == ("CZYX", (2, 2, 2, 4))
    assert sample.image.array.dtype == np.float32
    assert sample.image.channels == ("raw", "boundary")
    assert dataset.load("whole", channels=["raw"]).image.array.dtype == np.uint8
    assert np.array_equal(sample.labels["gold"].array, dataset.load("whole").labels["gold"].array[:, 1:3, 2:])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raw", r"channel 'raw' has shape \(2, 4, 5\), declared \(2, 4, 6\)"),
        ("label", r"label 'gold' has shape \(2, 4, 5\), the image \(2, 4, 6\)"),
    ],
)
def test_other_shapes_than_declared(catalogue: Write, tmp_path: Path, name: str, message: str) -> None:
    _h5(tmp_path / "project", **{name: np.zeros((2, 4, 5), dtype=np.uint8)})
    with pytest.raises(DataError, match=message):
        catalogue(FOLDER).dataset("mine").load("whole").labels["gold"]


def test_channels_of_two_shapes(catalogue: Write, tmp_path: Path) -> None:
    _h5(tmp_path / "project", boundary=np.zeros((2, 4, 5), dtype=np.float32))
    text = FOLDER.replace("{ shape = [2, 4, 6] }", "{}")
    with pytest.raises(DataError, match=r"channel 'boundary' has shape \(2, 4, 5\), channel 'raw' \(2, 4, 6\)"):
        catalogue(text).dataset("mine").load("whole")


def test_another_spacing_than_declared(catalogue: Write, tmp_path: Path) -> None:
    _h5(tmp_path / "project")
    with h5py.File(tmp_path / "project" / "a.h5", "a") as file:
        file["raw"].attrs["element_size_um"] = [0.3, 0.2, 0.2]
    with pytest.raises(DataError, match=r"0.3 x 0.2 x 0.2 um, declared 0.3 x 0.1 x 0.1 um"):
        catalogue(FOLDER).dataset("mine").load("whole")
    text = FOLDER.replace("samples.whole = {", "samples.whole = { spacing_um = [0.3, 0.2, 0.2],")
    assert catalogue(text).dataset("mine").load("part").image.spacing_um == (0.3, 0.2, 0.2)


def test_an_absent_file(catalogue: Write, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a.h5: no such file"):
        catalogue(FOLDER).dataset("mine").load("whole")


def test_a_package_whose_file_has_changed(catalogue: Write) -> None:
    text = FOLDER.replace('kind = "folder"', 'kind = "package"\npackage = "harness"\ninstall = "pip"')
    text = text.replace('path = "."', f'files = [{{ name = "errors.py", sha256 = "{"0" * 64}" }}]').replace(
        "a.h5", "errors.py"
    )
    dataset = catalogue(text).dataset("mine")
    with pytest.raises(ChecksumError, match=f"declared sha256:{'0' * 64}"):
        dataset.fetch()


def test_what_a_package_holds_is_known_without_it(catalogue: Write) -> None:
    content = Path(harness.errors.__file__).read_bytes()
    text = FOLDER.replace('kind = "folder"', 'kind = "package"\npackage = "harness"\ninstall = "pip install it"')
    text = text.replace("a.h5", "errors.py")
    stated = text.replace('path = "."', f'files = [{{ name = "errors.py", sha256 = "{sha256(content)}" }}]')
    present = catalogue(stated).dataset("mine")
    absent = catalogue(stated.replace('"harness"', '"no_such_package"')).dataset("mine")
    measured = catalogue(text.replace('path = "."', "")).dataset("mine")
    present.fetch()
    assert (present.vouchers(), measured.vouchers()) == ({"errors.py": "declared"}, {})
    assert absent.sample_hash("whole") == present.sample_hash("whole") == measured.sample_hash("whole")
    with pytest.raises(DataError, match="'no_such_package' is not installed; pip install it"):
        absent.fetch()


def test_private_data(catalogue: Write) -> None:
    dataset = catalogue(
        '[datasets.sponge]\nkind = "remote"\ntitle = "sponge"\nlicence = "none"\ncitation = "x"\n'
        'availability = "private-never-released"\nnote = "lost"\nsamples.a = {}\n'
    ).dataset("sponge")
    assert not dataset.availability().ok
    for attempt in (dataset.fetch, lambda: dataset.load("a")):
        with pytest.raises(DataError, match="'sponge' was never released: lost"):
            attempt()
