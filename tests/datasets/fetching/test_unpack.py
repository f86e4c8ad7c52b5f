from __future__ import annotations

import os
import random
import stat
import tarfile
from pathlib import Path

import pytest

from harness.datasets.fetching.unpack import extract_all, extract_one, extract_several
from harness.errors import DataError, StoreError
from harness.store.lock import ExclusiveLock
from tests.archives import info, make_tar, make_zip


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_unpacked(tmp_path: Path, mode: str) -> None:
    path = make_tar(
        tmp_path / "a", (info("d", tarfile.DIRTYPE), b""), (info("./d/x"), b"1"), (info("y"), b"2"), mode=mode
    )
    folder = extract_all(path, tmp_path / "out")
    assert (folder / "d" / "x").read_bytes() == b"1"
    assert (folder / "y").read_bytes() == b"2"


def test_zip_is_unpacked_once(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"d/": b"", "d/x": b"1"})
    folder = extract_all(path, tmp_path / "out")
    path.unlink()
    assert extract_all(path, folder) == folder
    assert (folder / "d" / "x").read_bytes() == b"1"


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_was_altered_after_it_was_unpacked_is_unpacked_again(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        path = make_zip(tmp_path / "a", {"d/x": b"one", "y": b"two"})
    else:
        path = make_tar(tmp_path / "a", (info("d/x"), b"one"), (info("y"), b"two"))
    folder, out = extract_all(path, tmp_path / "all"), tmp_path / "one"
    assert extract_one(path, ["d/x"], out).read_bytes() == b"one"
    for place in (folder, out):
        (place / "d" / "x").write_bytes(b"0ne!")
    (folder / "y").unlink()
    extract_all(path, folder)
    assert ((folder / "d" / "x").read_bytes(), (folder / "y").read_bytes()) == (b"one", b"two")
    assert extract_one(path, ["d/x"], out).read_bytes() == b"one"


def test_what_others_put_beside_unpacked_files_stays(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"x": b"1"})
    folder = extract_all(path, tmp_path / "out")
    (folder / "compiled").touch()
    assert (extract_all(path, folder) / "compiled").exists()


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_flipped_bit_in_a_compressed_tar_is_seen(tmp_path: Path, mode: str) -> None:
    """The checksum of the stream lies behind the last member: whoever reads one member never gets there."""
    content = random.Random(0).randbytes(2000)
    whole = make_tar(tmp_path / "a", (info("first"), content), (info("last"), content), mode=mode).read_bytes()
    for position in range(20, len(whole) - 20, 97):
        damaged = bytearray(whole)
        damaged[position] ^= 4
        (tmp_path / "a").write_bytes(damaged)
        with pytest.raises(DataError):
            extract_one(tmp_path / "a", ["first"], tmp_path / f"out-{position}")


def test_empty_archives_and_members(tmp_path: Path) -> None:
    for path in (make_zip(tmp_path / "a.zip", {}), make_tar(tmp_path / "a.tar", mode="w")):
        with pytest.raises(DataError, match="no member 'x'"):
            extract_one(path, ["x"], tmp_path / "none")
    path = make_zip(tmp_path / "b.zip", {"x": b""})
    assert extract_one(path, ["x"], tmp_path / "out").read_bytes() == b""


def test_unpacked_files_have_the_access_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        path = make_zip(tmp_path / "a.zip", {"d/x": b"1"})
        folder = extract_all(path, tmp_path / "all")
        one = extract_one(path, ["d/x"], tmp_path / "one")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(part.stat().st_mode) for part in (folder, folder / "d", folder / "d" / "x", one)] == [
        0o775, 0o775, 0o664, 0o664,
    ]  # fmt: skip


def test_one_member_is_selected_without_the_rest(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"s/1.tiff": b"1", "s/2.tif": b"2", "t/3.tif": b"3"})
    out = tmp_path / "out"
    assert extract_one(path, ["s/1.tif", "s/1.tiff"], out).read_bytes() == b"1"
    assert extract_one(path, ["t/*"], out).read_bytes() == b"3"
    assert sorted(file.name for file in out.rglob("*") if file.is_file()) == ["1.tiff", "3.tif"]
    path.unlink()
    assert extract_one(path, ["s/1.tiff"], out).read_bytes() == b"1"


def test_an_absent_or_ambiguous_member(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"s/1.tif": b"1", "s/2.tif": b"2"})
    with pytest.raises(DataError, match=r"no member 's/1.tiff'; did you mean 's/1.tif'"):
        extract_one(path, ["s/1.tiff"], tmp_path / "out")
    with pytest.raises(DataError, match=r"'s/\*' matches 2 members"):
        extract_one(path, ["s/*"], tmp_path / "out")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:/evil"])
def test_zip_members_cannot_leave(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "a.zip", {"good": b"1", name: b"evil"})
    for attempt in (lambda: extract_all(path, tmp_path / "out"), lambda: extract_one(path, ["good"], tmp_path / "out")):
        with pytest.raises(DataError, match=r"unsafe archive: member '.*evil' would leave its folder"):
            attempt()
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["a.zip"]


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_truncated_archives(tmp_path: Path, kind: str, keep: float) -> None:
    content = bytes(range(256)) * 400
    path = tmp_path / "a"
    if kind == "zip":
        make_zip(path, {"x": content})
    else:
        make_tar(path, (info("x"), content))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match=r"truncated|damaged"):
        extract_all(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_members_are_selected(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"d/a0": b"0", "d/a1": b"1", "b": b"2"})
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
    path = make_zip(tmp_path / "a.zip", {"a": b"1"})
    folder = extract_all(path, tmp_path / "out")

    def refuse(lock: ExclusiveLock) -> bool:
        raise StoreError("cannot be locked (Permission denied)")

    monkeypatch.setattr(ExclusiveLock, "acquire", refuse)
    assert extract_all(path, folder) == folder
    with pytest.raises(DataError, match=r"a.zip: cannot be unpacked into .*other: cannot be locked"):
        extract_all(path, tmp_path / "other")
