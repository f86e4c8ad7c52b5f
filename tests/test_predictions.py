from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from harness.errors import StoreError
from harness.model import Volume
from harness.predictions import Predictions
from harness.stages.values import content_hash


def labels(number: int = 1, dtype: str = "uint16") -> Volume:
    array = np.zeros((5, 300), dtype)
    array[1:3, 4:200] = number
    return Volume(array, "YX", (0.5, 0.25))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint64", "bool"])
def test_what_is_kept_comes_back_exactly(tmp_path: Path, dtype: str) -> None:
    store = Predictions(tmp_path)
    value = labels(dtype=dtype)
    digest = store.keep(value)
    assert digest == store.keep(value) == content_hash(value)
    found = store.find(digest, "labels")
    assert isinstance(found, Volume)
    np.testing.assert_array_equal(found.array, value.array)
    assert (found.array.dtype, found.axes, found.spacing_um) == (value.array.dtype, "YX", (0.5, 0.25))
    assert store.size()[0] == 1
    assert store.size()[1] < value.array.nbytes or dtype in ("uint8", "bool")


def test_what_is_not_here_is_none(tmp_path: Path) -> None:
    assert Predictions(tmp_path).find("ab" * 32, "labels") is None


@pytest.mark.parametrize(
    "how", ["cut", "flipped", "other content", "empty", "long name", "compressed", "before its begin"]
)
def test_a_damaged_file_is_never_scored_and_its_removal_is_recorded(tmp_path: Path, how: str) -> None:
    store = Predictions(tmp_path)
    digest, other = store.keep(labels(1)), store.keep(labels(2))
    path, content = _file(store, digest), _file(store, digest).read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        middle = content.index(b"c/0/0") + 30
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :])
    elif how == "other content":
        path.write_bytes(_file(store, other).read_bytes())
    elif how == "long name":  # bytes 28 and 29 say how long what follows the name is
        path.write_bytes(content[:29] + b"\x7f" + content[30:])
    elif how == "compressed":  # bytes 10 and 11 of an entry of the list say how
        first = content.index(b"PK\1\2") + 10
        path.write_bytes(content[:first] + b"\x08" + content[first + 1 :])
    elif how == "before its begin":  # the fifth byte from the end is of where the list stands: further on by 32 KiB
        path.write_bytes(content[:-5] + bytes([content[-5] ^ 128]) + content[-4:])
    else:
        path.write_bytes(b"")
    assert store.find(digest, "labels") is None
    assert store.evicted()[digest].why == "its file was damaged"
    assert store.keep(labels(1)) == digest
    assert store.find(digest, "labels") is not None


def test_the_limit_removes_what_was_unused_for_longest_and_says_so(tmp_path: Path) -> None:
    store = Predictions(tmp_path)
    digests = [store.keep(labels(number)) for number in (1, 2, 3)]
    for age, digest in enumerate(reversed(digests)):
        os.utime(_file(store, digest), (1e9 - age, 1e9 - age))
    assert store.apply_limit() == ()
    store.find(digests[0], "labels")
    store.set_limit(store.size()[1] - 1)
    (evicted,) = store.apply_limit()
    assert evicted.hash == digests[1]
    assert "over the limit of" in evicted.why
    assert store.evicted() == {digests[1]: evicted}
    assert store.absence(digests[1]) == f"was removed on {evicted.day} ({evicted.why})"
    assert store.absence("ab" * 32) == "is not here"
    assert (store.bytes_of(digests[1]), (store.bytes_of(digests[0]) or 0) > 0) == (None, True)
    assert {item.hash for item in store.clear()} == {digests[0], digests[2]}
    assert store.size() == (0, 0)


def test_what_is_kept_again_was_used(tmp_path: Path) -> None:
    store = Predictions(tmp_path)
    digest = store.keep(labels())
    os.utime(_file(store, digest), (1e9, 1e9))
    store.keep(labels())
    assert _file(store, digest).stat().st_mtime > 1e9


def test_what_another_run_has_removed_meanwhile_is_no_removal(tmp_path: Path) -> None:
    store = Predictions(tmp_path)
    paths = [_file(store, store.keep(labels(number))) for number in (1, 2)]
    paths[0].unlink()
    assert [item.hash for item in store._evict(paths, "tried")] == [paths[1].stem]
    assert store._evict(paths, "tried") == ()
    assert set(store.evicted()) == {paths[1].stem}


def test_a_disk_that_refuses_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "predictions").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="a prediction cannot be kept"):
        Predictions(tmp_path).keep(labels())


def test_a_store_that_cannot_be_written_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(StoreError, match=r"a prediction cannot be kept \(Permission denied\)"):
        Predictions(tmp_path).keep(labels())


def test_a_limit_that_is_no_number_is_named(tmp_path: Path) -> None:
    store = Predictions(tmp_path)
    store.folder.mkdir()
    (store.folder / "limit").write_text("much")
    with pytest.raises(StoreError, match="limit: not a number of bytes"):
        store.apply_limit()


def _file(store: Predictions, digest: str) -> Path:
    return store.folder / digest[:2] / f"{digest}.zip"
