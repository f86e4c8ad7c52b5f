from __future__ import annotations

import io
import json
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
from tests.datasets import spread
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


SPREAD = """
[datasets.spread]
kind = "{kind}"
title = "t"
licence = "CC0"
citation = "nobody"
axes = "ZYX"
{more}
images.raw = {{ {main}, {parts} }}
labels.gold = {{ {main}, {parts} }}
{samples}
"""
VOLUME = np.random.default_rng(5).integers(1, 999, (6, 8, 9), dtype=np.uint16)
SETS: dict[str, tuple[Callable[..., None], str, tuple[str, ...]]] = {
    "OME-TIFF": (spread.ome_set, "part0.ome.tif", ("part1.ome.tif",)),
    "virtual": (spread.virtual, "a.h5", ("b0.h5", "b1.h5")),
    "external": (spread.external, "a.h5", ("pixels.raw",)),
}


def _spread(kind: str, main: str, parts: str, *, more: str, samples: str = "samples.s = {}") -> str:
    return SPREAD.format(kind=kind, main=main, parts=parts, more=more, samples=samples)


@pytest.mark.parametrize("name", SETS)
def test_a_spread_image_in_a_folder_is_hashed_together(catalogue: Write, tmp_path: Path, name: str) -> None:
    write, main, parts = SETS[name]
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, VOLUME)
    pattern = "parts = [" + ", ".join(f'"{part}"' for part in parts) + "]"
    text = _spread("folder", f'file = "{main}"', pattern, more='path = "."')
    dataset = catalogue(text).dataset("spread")
    sample = dataset.load("s")
    assert np.array_equal(sample.image.array, VOLUME)
    assert np.array_equal(sample.labels["gold"].array, VOLUME)
    before = dataset.sample_hash("s")
    write(folder, VOLUME + 1)
    changed = (folder / parts[-1]).read_bytes()
    write(folder, VOLUME)
    (folder / parts[-1]).write_bytes(changed)
    assert dataset.sample_hash("s") != before
    with pytest.raises(DataError, match=r"which its hash does not cover; accepted: .*`parts = \"" + parts[0]):
        catalogue(text.replace(pattern, "select = {}")).dataset("spread").load("s")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("with_archive", [False, True])
def test_a_spread_image_is_fetched_and_verified_whole(
    server: FileServer, catalogue: Write, tmp_path: Path, name: str, with_archive: bool
) -> None:
    write, main, parts = SETS[name]
    source = tmp_path / "source"
    source.mkdir()
    write(source, VOLUME)
    files = {file: (source / file).read_bytes() for file in (main, *parts)}
    first = f'file = "{main}"'
    if with_archive:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for file, content in files.items():
                archive.writestr(f"set/{file}", content)
        files, first = {"all.zip": buffer.getvalue()}, f'file = "all.zip", member = "set/{main}"'
    declared = ", ".join(
        f'{{ name = "{file}", sha256 = "{sha256(content)}", urls = ["{server.add(f"/{file}", content)}"] }}'
        for file, content in files.items()
    )
    prefix = "set/" if with_archive else ""
    pattern = f'parts = "{prefix}{parts[0][0]}*"'
    more = f'availability = "open-direct-download"\nfiles = [{declared}]'
    dataset = catalogue(_spread("remote", first, pattern, more=more)).dataset("spread")
    before = dataset.sample_hash("s")
    assert np.array_equal(dataset.load("s").image.array, VOLUME)
    assert dataset.sample_hash("s") == before
    other = more.replace(sha256(files[list(files)[-1]]), "0" * 64)
    assert catalogue(_spread("remote", first, pattern, more=other)).dataset("spread").sample_hash("s") != before


def test_files_of_a_set_are_no_samples_of_their_own(catalogue: Write, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    for sample, shift in (("a", 0), ("b", 1)):
        spread.ome_set(
            folder, VOLUME + shift, names=(f"{sample}.ome.tif", f"{sample}_1.ome.tif", f"{sample}_2.ome.tif")
        )
    text = _spread("folder", 'glob = "*.ome.tif"', 'parts = "{id}_*.ome.tif"', more='path = "."', samples="")
    dataset = catalogue(text).dataset("spread")
    assert dataset.sample_ids() == ("a", "b")
    assert np.array_equal(dataset.load("b").image.array, VOLUME + 1)
    np.save(folder / "a_3.ome.tif", VOLUME)
    (folder / "a_3.ome.tif.npy").rename(folder / "a_3.ome.tif")
    with pytest.raises(DataError, match=r"`parts` names 'a_3.ome.tif', which holds no part"):
        catalogue(text).dataset("spread").load("a")


def test_parts_that_nothing_can_be(catalogue: Write, tmp_path: Path) -> None:
    files = (
        'availability = "open-direct-download"\nfiles = [{ name = "a.h5", first_seen = true, urls = ["http://x/a"] }]'
    )
    with pytest.raises(harness.errors.ConfigError, match=r"datasets.toml:\d+: .*images.raw.parts: no file 'b0.h5'"):
        catalogue(_spread("remote", 'file = "a.h5"', 'parts = "b0.h5"', more=files))
    with pytest.raises(harness.errors.ConfigError, match=r"images.raw.*parts: .*relative pattern"):
        catalogue(_spread("remote", 'file = "a.h5"', 'parts = "../b0.h5"', more=files))
    spread.virtual(tmp_path / "project", VOLUME)
    dataset = catalogue(_spread("folder", 'file = "a.h5"', 'parts = "c*.h5"', more='path = "."')).dataset("spread")
    with pytest.raises(DataError, match=r"`parts`: no file 'c\*.h5' beside 'a.h5'"):
        dataset.load("s")


def test_labels_that_are_outlines_are_painted_on_the_grid_of_the_image(catalogue: Write, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    np.save(folder / "a.npy", np.zeros((6, 8), np.uint8))
    ring = [[1, 0], [4, 0], [4, 2], [1, 2], [1, 0]]
    (folder / "a.geojson").write_text(
        json.dumps([{"geometry": {"type": "Polygon", "coordinates": [ring]}, "type": "Feature"}])
    )
    text = (
        '[datasets.d]\nkind = "folder"\ntitle = "t"\nlicence = "CC0"\ncitation = "x"\npath = "."\naxes = "YX"\n'
        'images.raw = { glob = "{id}.npy" }\nlabels.gold = { glob = "{id}.geojson", flip = ["Y"] }\n'
        'samples.half = { from = "a", crop = [[2, 6], [0, 3]] }\n'
    )
    dataset = catalogue(text).dataset("d")
    expected = np.zeros((6, 8), int)
    expected[4:6, 1:4] = 1
    assert np.array_equal(dataset.load("a").labels["gold"].array, expected)
    assert np.array_equal(dataset.load("half").labels["gold"].array, expected[2:, :3])
    image = catalogue(text.replace("{id}.npy", "{id}.geojson")).dataset("d")
    with pytest.raises(
        DataError, match=r"a.geojson: unknown file format .*outlines are read where labels are asked for"
    ):
        image.load("a")
