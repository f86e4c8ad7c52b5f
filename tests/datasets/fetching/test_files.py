from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.declared.declaration import ArraySource, FolderDataset, PackageDataset, RemoteDataset
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.files import FolderFiles, PackageFiles, RemoteFiles, files_of, part_sources
from harness.errors import ChecksumError, DataError
from harness.hashing import hash_file

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


def test_files_of_a_folder_are_known_by_the_hash_that_is_declared(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.bin").write_bytes(b"pixels")
    stated = {"name": "images/a.bin", "sha256": hash_file(tmp_path / "images" / "a.bin")}
    bare = FolderDataset.model_validate({**COMMON, "kind": "folder", "path": "."})
    told = FolderDataset.model_validate({**COMMON, "kind": "folder", "path": ".", "files": [stated]})
    absent = files_of("d", told.model_copy(update={"path": "elsewhere"}), tmp_path)
    plain, files = files_of("d", bare, tmp_path), files_of("d", told, tmp_path)
    for source in (ArraySource(file="images/{id}.bin"), ArraySource(glob="images/*.bin")):
        assert files.identity(source, {"id": "a"}) == plain.identity(source, {"id": "a"}) == stated["sha256"]
    assert absent.identity(ArraySource(file="images/{id}.bin"), {"id": "a"}) == stated["sha256"]
    assert not absent.availability().ok
    assert (files.vouchers(), plain.vouchers()) == ({"images/a.bin": "declared"}, {})
    assert files.provenance()["sha256"] == {"images/a.bin": stated["sha256"]}
    files.fetch(progress=False)
    (tmp_path / "images" / "a.bin").write_bytes(b"others")
    for read in (
        lambda: files.fetch(progress=False),
        lambda: files.path(ArraySource(file="images/{id}.bin"), {"id": "a"}),
        lambda: files.path(ArraySource(glob="images/*.bin"), {"id": "a"}),
    ):
        with pytest.raises(ChecksumError, match=rf"a\.bin: checksum is sha256:.*, declared sha256:{stated['sha256']}"):
            read()
    (tmp_path / "images" / "a.bin").unlink()
    with pytest.raises(DataError, match=r"a\.bin: no such file"):
        files.fetch(progress=False)


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


def test_further_files_of_an_array_are_found_by_name_or_pattern(tmp_path: Path) -> None:
    for name in ("a.h5", "a_1.h5", "a_2.h5", ".a_3.h5", "b_1.h5"):
        (tmp_path / name).touch()
    package = {**COMMON, "kind": "package", "package": "numpy", "install": "pip install numpy"}
    declared = [{"name": name, "sha256": "0" * 64} for name in ("a.h5", "a_1.h5", "a_2.h5")]
    remote = {**COMMON, "kind": "remote", "availability": "open-direct-download", "files": declared}
    folder = FolderDataset.model_validate({**COMMON, "kind": "folder", "path": "."})
    source = ArraySource.model_validate({"file": "{id}.h5", "parts": ["{id}*.h5", "{id}_1.h5"], "key": "x"})
    for declaration in (
        folder,
        RemoteDataset.model_validate(remote),
        PackageDataset.model_validate({**package, "files": declared}),
    ):
        parts = part_sources(files_of("d", declaration, tmp_path), source, {"id": "a"})
        assert [(part.file, part.key, part.parts) for part in parts] == [("a_1.h5", "x", ()), ("a_2.h5", "x", ())]
    bare = files_of("d", PackageDataset.model_validate(package), tmp_path)
    assert bare.named("version.p*") == ["version.py", "version.pyi"]
    with pytest.raises(DataError, match=r"`parts`: no file 'c\*.h5' beside '{id}.h5'"):
        part_sources(bare, source.model_copy(update={"parts": "c*.h5"}), {"id": "a"})


def test_availability_as_text() -> None:
    assert str(Availability(False, "no folder x", "put it there")) == "no folder x; put it there"
    assert str(Availability(True, "generated")) == "generated"
