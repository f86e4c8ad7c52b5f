from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.datasets.formats.open import open_stored
from harness.errors import DataError
from tests.datasets.spread import external, virtual

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
ALL = (slice(None),) * 3


def test_hdf5_states_its_spacing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/noisy"] = ARRAY
        file["raw/noisy"].attrs["element_size_um"] = [0.25, 0.1, 0.1]
        file["plane"] = ARRAY[0]
        file["plane"].attrs["element_size_um"] = [0.25, 0.1, 0.2]
        file["label"] = ARRAY
        file["label"].attrs["element_size_um"] = [0, 0, 0]
    with open_stored(tmp_path / "a.h5", "raw/noisy") as stored:
        assert stored.spacing_um == (0.25, 0.1, 0.1)
        assert np.array_equal(stored.read(ALL), ARRAY)
    with open_stored(tmp_path / "a.h5", "plane") as stored:
        assert stored.spacing_um == (0.1, 0.2)
    with open_stored(tmp_path / "a.h5", "label") as stored:
        assert stored.spacing_um is None


def test_hdf5_keys(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/noisy"] = ARRAY
    with open_stored(tmp_path / "a.h5") as stored:
        assert stored.shape == ARRAY.shape
    with (
        pytest.raises(DataError, match=r"no HDF5 dataset 'raw/nois'; did you mean 'raw/noisy'\?"),
        open_stored(tmp_path / "a.h5", "raw/nois"),
    ):
        pass
    with pytest.raises(DataError, match="no HDF5 dataset 'raw'"), open_stored(tmp_path / "a.h5", "raw"):
        pass
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["label"] = ARRAY
    with pytest.raises(DataError, match=r"as in a.h5:KEY: label, raw/noisy"), open_stored(tmp_path / "a.h5"):
        pass


def test_a_virtual_dataset_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    virtual(tmp_path, ARRAY, parts=("half0.h5", "half1.h5"))
    with open_stored(tmp_path / "a.h5") as stored:
        assert {path.name for path in stored.elsewhere} == {"half0.h5", "half1.h5"}
        assert np.array_equal(stored.read(ALL), ARRAY)
    with h5py.File(tmp_path / "half1.h5", "w") as file:
        file["other"] = ARRAY[:1]
    with pytest.raises(DataError, match=r"'labels' of .*half1.h5, which has none"), open_stored(tmp_path / "a.h5"):
        pass
    (tmp_path / "half1.h5").unlink()
    with pytest.raises(DataError, match=r"lies in .*half1.h5, which is not there"), open_stored(tmp_path / "a.h5"):
        pass


def test_external_storage_must_be_there_in_full(tmp_path: Path) -> None:
    raw = tmp_path / "pixels.raw"
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("labels", (2, 3, 4), "u2", external=[(str(raw), 0, ARRAY.nbytes)])
        dataset[...] = ARRAY
    with open_stored(tmp_path / "a.h5") as stored:
        assert stored.elsewhere == (raw,)
        assert np.array_equal(stored.read(ALL), ARRAY)
    raw.write_bytes(raw.read_bytes()[:-1])
    with pytest.raises(DataError, match="has 47 bytes, 48 are needed"), open_stored(tmp_path / "a.h5"):
        pass
    raw.unlink()
    with pytest.raises(DataError, match=r"pixels.raw, which is not there"), open_stored(tmp_path / "a.h5"):
        pass


@pytest.mark.parametrize("write", [virtual, external])
def test_parts_are_looked_for_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., None]
) -> None:
    """Not in the working folder, where HDF5 looks for external storage, nor where a variable of HDF5 says."""
    data, other = tmp_path / "data", tmp_path / "other"
    for folder, array in ((data, ARRAY), (other, ARRAY + 100)):
        folder.mkdir()
        write(folder, array)
    monkeypatch.chdir(other)
    with open_stored(data / "a.h5") as stored:
        assert np.array_equal(stored.read(ALL), ARRAY)
        assert {part.parent for part in stored.elsewhere} == {data}
    variable = "HDF5_VDS_PREFIX" if write is virtual else "HDF5_EXTFILE_PREFIX"
    monkeypatch.setenv(variable, str(other))
    with pytest.raises(DataError, match=f"{variable} moves the files"), open_stored(data / "a.h5"):
        pass


def test_parts_of_parts_are_refused(tmp_path: Path) -> None:
    external(tmp_path, ARRAY, name="inner.h5")
    layout = h5py.VirtualLayout(ARRAY.shape, "u2")
    layout[...] = h5py.VirtualSource("inner.h5", "labels", ARRAY.shape)
    with h5py.File(tmp_path / "outer.h5", "w") as file:
        file.create_virtual_dataset("labels", layout)
    message = r"inner.h5, which lies in further files itself"
    with pytest.raises(DataError, match=message), open_stored(tmp_path / "outer.h5"):
        pass


@pytest.mark.parametrize("lost", ["a source that was never written", "a file of a source", "the end of a raw file"])
def test_what_a_virtual_dataset_takes_from_its_own_file_must_be_there(tmp_path: Path, lost: str) -> None:
    """HDF5 reads zeros: the sources of its own file count as those of others."""
    layout = h5py.VirtualLayout(ARRAY.shape, "u2")
    layout[...] = h5py.VirtualSource(".", "inner", ARRAY.shape)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("labels", layout)
        if lost == "a file of a source":
            further = h5py.VirtualLayout(ARRAY.shape, "u2")
            further[...] = h5py.VirtualSource("gone.h5", "labels", ARRAY.shape)
            file.create_virtual_dataset("inner", further)
        elif lost == "the end of a raw file":
            (tmp_path / "pixels.raw").write_bytes(bytes(ARRAY.nbytes - 2))
            raw = [(str(tmp_path / "pixels.raw"), 0, h5py.h5f.UNLIMITED)]
            file.create_dataset("inner", ARRAY.shape, "u2", external=raw)
    message = {
        "a source that was never written": r"'inner' of .*a.h5, which has none",
        "a file of a source": r"lies in .*gone.h5, which is not there",
        "the end of a raw file": f"has {ARRAY.nbytes - 2} bytes, {ARRAY.nbytes} are needed",
    }
    with pytest.raises(DataError, match=message[lost]), open_stored(tmp_path / "a.h5", "labels"):
        pass


def test_a_virtual_dataset_of_its_own_file_has_no_further_files(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout(ARRAY.shape, "u2")
    layout[:1] = h5py.VirtualSource(".", "inner", ARRAY.shape)[:1]
    layout[1:] = h5py.VirtualSource("a.h5", "inner", ARRAY.shape)[1:]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["inner"] = ARRAY
        file.create_virtual_dataset("labels", layout)
    with open_stored(tmp_path / "a.h5", "labels") as stored:
        assert stored.elsewhere == ()
        assert np.array_equal(stored.read(ALL), ARRAY)


def test_parts_that_a_pattern_names_are_refused(tmp_path: Path) -> None:
    """Where one of them is absent HDF5 reads zeros, and nothing says how many there were."""
    virtual(tmp_path, ARRAY, parts=("half0.h5", "half1.h5"))
    growing = h5py.h5s.UNLIMITED
    space = h5py.h5s.create_simple(ARRAY.shape, (growing, *ARRAY.shape[1:]))
    space.select_hyperslab((0, 0, 0), (growing, 1, 1), (1, 1, 1), (1, *ARRAY.shape[1:]))
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_virtual(space, b"half%b.h5", b"labels", h5py.h5s.create_simple((1, *ARRAY.shape[1:])))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        h5py.h5d.create(file.id, b"labels", h5py.h5t.NATIVE_UINT16, space, plan)
    with pytest.raises(DataError, match=r"names its parts by a pattern \('.*half%b.h5"), open_stored(tmp_path / "a.h5"):
        pass


@pytest.mark.parametrize("value", ["unknown", [1.0, float("nan"), 1.0], [0.0, 1.0, 1.0], [b"a"], [1.0]])
def test_a_spacing_that_is_no_number_is_unknown(tmp_path: Path, value: object) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["labels"] = ARRAY
        file["labels"].attrs["element_size_um"] = value
    with open_stored(tmp_path / "a.h5") as stored:
        assert stored.spacing_um is None


def test_axes_that_ilastik_states(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = ARRAY
        file["a"].attrs["axistags"] = '{"axes": [{"key": "z"}, {"key": "y"}, {"key": "c"}]}'
        file["b"] = ARRAY
        file["b"].attrs["axistags"] = "not JSON"
        file["c"] = ARRAY
        for dimension, label in zip(file["c"].dims, "xyz", strict=True):
            dimension.label = label
    found = []
    for key in "abc":
        with open_stored(tmp_path / "a.h5", key) as stored:
            found.append(stored.axes)
    assert found == ["ZYC", "", "XYZ"]


@pytest.mark.parametrize("names", [["x", "y", "z"], ["channel", "row", "column"]])
@pytest.mark.parametrize("where", ["labels", "scales", "axes", "text"])
def test_axes_that_a_dataset_names(tmp_path: Path, where: str, names: list[str]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        node = file.create_dataset("labels", data=ARRAY)
        for number, name in enumerate(names):
            if where == "labels":
                node.dims[number].label = name
            if where == "scales":
                file[f"grid/{name}"] = np.arange(ARRAY.shape[number])
                file[f"grid/{name}"].make_scale()
                node.dims[number].attach_scale(file[f"grid/{name}"])
        if where == "axes":
            node.attrs["axes"] = names
        if where == "text":
            node.attrs["axes"] = np.bytes_("".join(name[0] for name in names).replace("rc", "yx"))
    with open_stored(tmp_path / "a.h5", "labels") as stored:
        assert stored.axes == ("XYZ" if names[0] == "x" else "CYX")


def test_datasets_without_numbers(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["null"] = h5py.Empty("u4")
        file["text"] = "hello"
        file["huge"] = file.create_dataset("space", (10**4, 10**4, 10**5), "u1", chunks=(10, 10, 10))
    for key, message in (("null", "holds no data"), ("text", "values of the type object")):
        with pytest.raises(DataError, match=message), open_stored(tmp_path / "a.h5", key):
            pass
    with open_stored(tmp_path / "a.h5", "huge") as stored, pytest.raises(DataError, match="memory of this machine"):
        stored.read(ALL)
