from __future__ import annotations

import io
import os
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness.datasets.fetching import unpack
from harness.datasets.fetching.unpack import extract_all, extract_one, extract_several, open_archive, select
from harness.errors import DataError, StoreError
from harness.store.lock import ExclusiveLock


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def _info(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_unpacked(tmp_path: Path, mode: str) -> None:
    path = _tar(
        tmp_path / "a", (_info("d", tarfile.DIRTYPE), b""), (_info("./d/x"), b"1"), (_info("y"), b"2"), mode=mode
    )
    folder = extract_all(path, tmp_path / "out")
    assert (folder / "d" / "x").read_bytes() == b"1"
    assert (folder / "y").read_bytes() == b"2"


def test_zip_is_unpacked_once(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"d/": b"", "d/x": b"1"})
    folder = extract_all(path, tmp_path / "out")
    path.unlink()
    assert extract_all(path, folder) == folder
    assert (folder / "d" / "x").read_bytes() == b"1"


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_was_altered_after_it_was_unpacked_is_unpacked_again(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        path = _zip(tmp_path / "a", {"d/x": b"one", "y": b"two"})
    else:
        path = _tar(tmp_path / "a", (_info("d/x"), b"one"), (_info("y"), b"two"))
    folder, out = extract_all(path, tmp_path / "all"), tmp_path / "one"
    assert extract_one(path, ["d/x"], out).read_bytes() == b"one"
    for place in (folder, out):
        (place / "d" / "x").write_bytes(b"0ne!")
    (folder / "y").unlink()
    extract_all(path, folder)
    assert ((folder / "d" / "x").read_bytes(), (folder / "y").read_bytes()) == (b"one", b"two")
    assert extract_one(path, ["d/x"], out).read_bytes() == b"one"


def test_what_others_put_beside_unpacked_files_stays(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"x": b"1"})
    folder = extract_all(path, tmp_path / "out")
    (folder / "compiled").touch()
    assert (extract_all(path, folder) / "compiled").exists()


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_flipped_bit_in_a_compressed_tar_is_seen(tmp_path: Path, mode: str) -> None:
    """The checksum of the stream lies behind the last member: whoever reads one member never gets there."""
    content = random.Random(0).randbytes(2000)
    whole = _tar(tmp_path / "a", (_info("first"), content), (_info("last"), content), mode=mode).read_bytes()
    for position in range(20, len(whole) - 20, 97):
        damaged = bytearray(whole)
        damaged[position] ^= 4
        (tmp_path / "a").write_bytes(damaged)
        with pytest.raises(DataError):
            extract_one(tmp_path / "a", ["first"], tmp_path / f"out-{position}")


def test_empty_archives_and_members(tmp_path: Path) -> None:
    for path in (_zip(tmp_path / "a.zip", {}), _tar(tmp_path / "a.tar", mode="w")):
        with pytest.raises(DataError, match="no member 'x'"):
            extract_one(path, ["x"], tmp_path / "none")
    path = _zip(tmp_path / "b.zip", {"x": b""})
    assert extract_one(path, ["x"], tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("size", ["-5", "99999999999999999999", "70000"])
def test_odd_sizes_of_tar_members(tmp_path: Path, size: str) -> None:
    info = _info("x")
    info.pax_headers = {"size": size}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(DataError):
        extract_one(tmp_path / "a.tar", ["x"], tmp_path / "out")


def test_unpacked_files_have_the_access_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        path = _zip(tmp_path / "a.zip", {"d/x": b"1"})
        folder = extract_all(path, tmp_path / "all")
        one = extract_one(path, ["d/x"], tmp_path / "one")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(part.stat().st_mode) for part in (folder, folder / "d", folder / "d" / "x", one)] == [
        0o775, 0o775, 0o664, 0o664,
    ]  # fmt: skip


def test_one_member_is_selected_without_the_rest(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"s/1.tiff": b"1", "s/2.tif": b"2", "t/3.tif": b"3"})
    out = tmp_path / "out"
    assert extract_one(path, ["s/1.tif", "s/1.tiff"], out).read_bytes() == b"1"
    assert extract_one(path, ["t/*"], out).read_bytes() == b"3"
    assert sorted(file.name for file in out.rglob("*") if file.is_file()) == ["1.tiff", "3.tif"]
    path.unlink()
    assert extract_one(path, ["s/1.tiff"], out).read_bytes() == b"1"


def test_an_absent_or_ambiguous_member(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"s/1.tif": b"1", "s/2.tif": b"2"})
    with pytest.raises(DataError, match=r"no member 's/1.tiff'; did you mean 's/1.tif'"):
        extract_one(path, ["s/1.tiff"], tmp_path / "out")
    with pytest.raises(DataError, match=r"'s/\*' matches 2 members"):
        extract_one(path, ["s/*"], tmp_path / "out")


def test_a_name_with_brackets_is_itself() -> None:
    assert select(["a[1].tif", "a1.tif"], "a[1].tif") == ["a[1].tif"]
    assert select(["b", "a"], "*") == ["a", "b"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:/evil"])
def test_zip_members_cannot_leave(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "a.zip", {"good": b"1", name: b"evil"})
    for attempt in (lambda: extract_all(path, tmp_path / "out"), lambda: extract_one(path, ["good"], tmp_path / "out")):
        with pytest.raises(DataError, match=r"unsafe archive: member '.*evil' would leave its folder"):
            attempt()
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.zip"]


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_tar_members_cannot_leave(tmp_path: Path, name: str, kind: bytes) -> None:
    path = _tar(tmp_path / "a.tar.gz", (_info("good"), b"1"), (_info(name, kind), b""))
    with pytest.raises(DataError, match="would leave its folder"):
        extract_all(path, tmp_path / "out")
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.tar.gz"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_tar_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = _tar(tmp_path / "a.tar.gz", (_info("link", kind, "../../target"), b""))
    with pytest.raises(DataError, match="'link' is a link or a device"):
        extract_all(path, tmp_path / "out")


def test_zip_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "../../target")
    with pytest.raises(DataError, match="'link' is a link or a device"):
        extract_all(path, tmp_path / "out")


def test_a_doubled_member_is_refused(tmp_path: Path) -> None:
    path = _tar(tmp_path / "a.tar", (_info("x"), b"1"), (_info("./x"), b"2"), mode="w")
    with pytest.raises(DataError, match="'x' stands in it twice"):
        extract_all(path, tmp_path / "out")


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "RATIO_FREE_BYTES", 1000)
    path = _zip(tmp_path / "a.zip", {"zeros": bytes(10_000_000)})
    with pytest.raises(DataError, match="decompression bomb"):
        extract_all(path, tmp_path / "out")
    assert [file.name for file in tmp_path.rglob("*")] == ["a.zip"]


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MAX_MEMBERS", 2)
    path = _zip(tmp_path / "a.zip", {"a": b"", "b": b"", "c": b""})
    with pytest.raises(DataError, match="more than 2 members"):
        extract_all(path, tmp_path / "out")


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_truncated_archives(tmp_path: Path, kind: str, keep: float) -> None:
    content = bytes(range(256)) * 400
    path = tmp_path / "a"
    if kind == "zip":
        _zip(path, {"x": content})
    else:
        _tar(path, (_info("x"), content))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match=r"truncated|damaged"):
        extract_all(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_flipped_bit_in_a_zip_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x", b"A" * 1000)
    path.write_bytes(path.read_bytes().replace(b"AAAA", b"AABA", 1))
    with pytest.raises(DataError, match="damaged archive"):
        extract_all(path, tmp_path / "out")


def test_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    with pytest.raises(DataError, match="neither a zip nor a tar"), open_archive(tmp_path / "a"):
        pass


def test_several_members_are_selected(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"d/a0": b"0", "d/a1": b"1", "b": b"2"})
    found = extract_several(path, ["d/a*", "b", "d/a1"], tmp_path / "out")
    assert [(one.relative_to(tmp_path / "out").as_posix(), one.read_bytes()) for one in found] == [
        ("d/a0", b"0"),
        ("d/a1", b"1"),
        ("b", b"2"),
    ]
    found[0].write_bytes(b"x")
    assert extract_several(path, ["d/a0"], tmp_path / "out")[0].read_bytes() == b"0"
    for pattern in ("c", "c*"):
        with pytest.raises(DataError, match=r"a.zip: no member 'c\*?'"):
            extract_several(path, [pattern], tmp_path / "out")


def test_what_is_unpacked_needs_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that others share may be read-only."""
    path = _zip(tmp_path / "a.zip", {"a": b"1"})
    folder = extract_all(path, tmp_path / "out")

    def refuse(lock: ExclusiveLock) -> bool:
        raise StoreError("cannot be locked (Permission denied)")

    monkeypatch.setattr(ExclusiveLock, "acquire", refuse)
    assert extract_all(path, folder) == folder
    with pytest.raises(DataError, match=r"a.zip: cannot be unpacked into .*other: cannot be locked"):
        extract_all(path, tmp_path / "other")
