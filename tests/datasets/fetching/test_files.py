from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.declared.declaration import ArraySource, FolderDataset, PackageDataset, RemoteDataset
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.files import FolderFiles, PackageFiles, RemoteFiles, files_of
from harness.errors import ChecksumError

COMMON = {"title": "t", "licence": "CC0", "citation": "none", "axes": "YX"}


def test_each_kind_of_dataset_has_its_files(tmp_path: Path) -> None:
    remote = RemoteDataset.model_validate({**COMMON, "kind": "remote", "availability": "open-direct-download"})
    folder = FolderDataset.model_validate({**COMMON, "kind": "folder", "path": "here"})
    package = PackageDataset.model_validate({**COMMON, "kind": "package", "package": "numpy", "install": "pip"})
    found = [type(files_of("d", declaration, tmp_path)) for declaration in (remote, folder, package)]
    assert found == [RemoteFiles, FolderFiles, PackageFiles]


def test_files_of_a_folder_count_by_their_bytes(tmp_path: Path) -> None:
    declaration = FolderDataset.model_validate({**COMMON, "kind": "folder", "path": "."})
    files = files_of("d", declaration, tmp_path)
    source = ArraySource(file="{id}.npy")
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    first = files.identity(source, {"id": "a"})
    assert files.path(source, {"id": "a"}) == tmp_path / "a.npy"
    np.save(tmp_path / "a.npy", np.ones((3, 3)))
    assert files.identity(source, {"id": "a"}) != first
    assert (files.vouchers(), files.availability()) == ({}, Availability(True, "local folder"))


def test_files_of_a_package_are_verified_where_a_checksum_is_declared() -> None:
    declaration = PackageDataset.model_validate(
        {
            **COMMON,
            "kind": "package",
            "package": "numpy",
            "install": "pip install numpy",
            "images": {"raw": {"file": "version.py"}},
            "files": [{"name": "version.py", "sha256": "0" * 64}],
        }
    )
    files = PackageFiles(declaration)
    assert files.identity(ArraySource(file="version.py"), {}) == "0" * 64
    assert files.vouchers() == {"version.py": "declared"}
    with pytest.raises(ChecksumError, match="declared sha256:0000"):
        files.fetch(progress=False)


def test_availability_as_text() -> None:
    assert str(Availability(False, "no folder x", "put it there")) == "no folder x; put it there"
    assert str(Availability(True, "generated")) == "generated"
