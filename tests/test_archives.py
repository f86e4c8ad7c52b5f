from __future__ import annotations

import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness import archives
from harness.archives import is_plain_relative, open_archive, select, unpack
from harness.errors import DataError
from tests.archives import info, make_tar, make_zip


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_all_files_are_written(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        path = make_zip(tmp_path / "a", {"d/x": b"one", "y": b""})
    else:
        path = make_tar(tmp_path / "a", (info("d/x"), b"one"), (info("y"), b""))
    folder = unpack(path, tmp_path / "out")
    assert ((folder / "d" / "x").read_bytes(), (folder / "y").read_bytes()) == (b"one", b"")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:/evil"])
def test_zip_members_cannot_leave(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "a.zip", {"good": b"1", name: b"evil"})
    with pytest.raises(DataError, match=r"unsafe archive: member '.*evil' would leave its folder"):
        unpack(path, tmp_path / "out")
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.zip"]


def test_a_name_with_brackets_is_itself() -> None:
    assert select(["a[1].tif", "a1.tif"], "a[1].tif") == ["a[1].tif"]
    assert select(["b", "a"], "*") == ["a", "b"]


def test_zip_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "../../target")
    with pytest.raises(DataError, match="'link' is a link or a device"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_tar_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = make_tar(tmp_path / "a.tar.gz", (info("link", kind, "../../target"), b""))
    with pytest.raises(DataError, match="'link' is a link or a device"):
        unpack(path, tmp_path / "out")


def test_a_doubled_member_is_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", (info("x"), b"1"), (info("./x"), b"2"), mode="w")
    with pytest.raises(DataError, match="'x' stands in it twice"):
        unpack(path, tmp_path / "out")


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_FREE_BYTES", 1000)
    path = make_zip(tmp_path / "a.zip", {"zeros": bytes(10_000_000)})
    with pytest.raises(DataError, match="decompression bomb"):
        unpack(path, tmp_path / "out")
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.zip"]


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    path = make_zip(tmp_path / "a.zip", {"a": b"", "b": b"", "c": b""})
    with pytest.raises(DataError, match="more than 2 members"):
        unpack(path, tmp_path / "out")


def test_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    with pytest.raises(DataError, match="neither a zip nor a tar"), open_archive(tmp_path / "a"):
        pass


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_tar_members_cannot_leave(tmp_path: Path, name: str, kind: bytes) -> None:
    path = make_tar(tmp_path / "a.tar.gz", (info("good"), b"1"), (info(name, kind), b""))
    with pytest.raises(DataError, match="would leave its folder"):
        unpack(path, tmp_path / "out")
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.tar.gz"]


@pytest.mark.parametrize("size", ["-5", "99999999999999999999", "70000"])
def test_odd_sizes_of_tar_members(tmp_path: Path, size: str) -> None:
    entry = info("x")
    entry.pax_headers = {"size": size}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry)
    with pytest.raises(DataError):
        unpack(tmp_path / "a.tar", tmp_path / "out")


def test_a_flipped_bit_in_a_zip_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x", b"A" * 1000)
    path.write_bytes(path.read_bytes().replace(b"AAAA", b"AABA", 1))
    with pytest.raises(DataError, match="damaged archive"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("name", ["a", "a/b.tif", "a b/c", "..a/b"])
def test_plain_names(name: str) -> None:
    assert is_plain_relative(name)


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../../b", "a\\b", "C:/a", "a\0b", "."])
def test_names_that_leave_their_folder(name: str) -> None:
    assert not is_plain_relative(name)
