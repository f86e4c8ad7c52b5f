"""The TIFF archive of the deposit: mirrored labels, two extensions, artefact planes and clipped arrays put right."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.datasets.catalogue import Catalogue
from harness.datasets.fetching.listing import asked_once
from harness.errors import ChecksumError
from tests.datasets.server import FileServer
from tests.integration.project import ACCESSION, ROOT, data_files, make_project, serve
from tests.integration.volumes import LABELS_ARE_CLIPPED, SHAPES, SPACINGS, ZIP_NAME, ZIP_ROOT, Ovule


@pytest.fixture(autouse=True)
def _only_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HARNESS_MIRROR", "HARNESS_OFFLINE", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)
    asked_once.cache_clear()


@pytest.fixture(scope="module")
def files(ovules: list[Ovule]) -> dict[str, bytes]:
    return data_files(ovules)


@pytest.fixture
def server(files: dict[str, bytes]) -> Iterator[FileServer]:
    with FileServer() as running:
        serve(running, files)
        yield running


@pytest.fixture
def catalogue(tmp_path: Path, server: FileServer, ovules: list[Ovule], files: dict[str, bytes]) -> Catalogue:
    project = make_project(tmp_path, server, ovules, files[f"{ROOT}/{ZIP_NAME}"])
    loaded = Catalogue()
    loaded.add_file(project.folder / "datasets.toml")
    return loaded


def test_the_miniature_has_the_quirks(files: dict[str, bytes], ovules: list[Ovule]) -> None:
    with zipfile.ZipFile(io.BytesIO(files[f"{ROOT}/{ZIP_NAME}"])) as archive:
        extensions = {name.rpartition(".")[2] for name in archive.namelist() if name.startswith(f"{ZIP_ROOT}/1135/")}
    assert extensions == {"tif", "tiff"}
    dtypes = {ovule.id: ovule.arrays["noisy"].dtype.itemsize for ovule in ovules}
    assert dtypes == {"1135": 1, "1136": 1, "1137": 2, "1139": 2, "1170": 2}
    for ovule in ovules:
        gold = ovule.arrays["gold"]
        assert not np.array_equal(gold, gold[:, ::-1])


@pytest.mark.parametrize("name", SPACINGS)
def test_both_forms_hold_the_same_volume(catalogue: Catalogue, ovules: list[Ovule], name: str) -> None:
    ovule = next(ovule for ovule in ovules if ovule.id == name)
    from_tiff, from_hdf5 = catalogue.dataset("gonuclear-tiff").load(name), catalogue.dataset("gonuclear").load(name)
    depth, height, width = SHAPES[name]
    shape = (depth, height - 3, width - 2) if name in LABELS_ARE_CLIPPED else SHAPES[name]
    common = tuple(slice(0, size) for size in shape)
    assert from_tiff.image.grid.shape == shape
    assert from_hdf5.image.grid.shape == SHAPES[name]
    for channel in ("noisy", "clear"):
        one, other = from_tiff.image.channel(channel), from_hdf5.image.channel(channel)[common]
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    np.testing.assert_array_equal(from_tiff.labels["gold"].array, from_hdf5.labels["gold"].array[common])
    np.testing.assert_array_equal(from_tiff.image.channel("wall"), ovule.arrays["wall"][common])
    np.testing.assert_array_equal(from_tiff.labels["cells"].array, ovule.arrays["cells"][common])
    np.testing.assert_array_equal(from_hdf5.labels["initial"].array, ovule.arrays["initial"])
    for sample in (from_tiff, from_hdf5):
        assert sample.image.spacing_um == pytest.approx(SPACINGS[name], rel=1e-3)


def test_another_archive_is_refused(catalogue: Catalogue, server: FileServer) -> None:
    place = f"/files/{ACCESSION}/{ROOT}/{ZIP_NAME}"
    server.files[place] = server.files[place][:-1] + b"\1"
    with pytest.raises(ChecksumError, match=r"checksum is sha256:[0-9a-f]{64}, declared sha256:[0-9a-f]{64}"):
        catalogue.dataset("gonuclear-tiff").load("1135")
