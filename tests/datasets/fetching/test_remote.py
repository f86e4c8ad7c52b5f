from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.datasets.catalogue import Catalogue
from harness.errors import ChecksumError, DataError, FetchError
from tests.datasets.fetching.test_listing import biostudies
from tests.datasets.server import FileServer, sha256

Write = Callable[[str], Catalogue]

DATASET = """
[datasets.ovules]
kind = "remote"
title = "ovules"
licence = "MIT"
citation = "nobody"
availability = "open-direct-download"
axes = "ZYX"
images.noisy = {{ file = "1135.h5", key = "raw/noisy" }}
labels.gold = {{ file = "1135.h5", key = "label/gold" }}
samples.1135 = {{}}
listing = {{ archive = "biostudies", record = "S-BIAD1026", base = "{base}" }}
files = [{{ name = "1135.h5", match = ["*/1135.h5"] }}]
"""

WEIGHTS = """
[weights.stardist]
title = "five folds"
licence = "MIT"
listing = {{ archive = "biostudies", record = "S-BIAD1026", base = "{base}" }}
variants = {{ 1 = {{ id = "1135" }}, 2 = {{ id = "1136" }} }}
files = [{{ name = "model", match = ["*gold/*{{id}}*/*"], many = true }}]
"""


def _volume(folder: Path) -> bytes:
    path = folder / "volume.h5"
    with h5py.File(path, "w") as file:
        file["raw/noisy"] = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
        file["label/gold"] = np.ones((2, 3, 4), dtype=np.uint16)
    return path.read_bytes()


def zenodo(server: FileServer, files: dict[str, bytes], checksums: dict[str, str] | None = None) -> str:
    """Serve a record that states the MD5 of its files (or other checksums); return weights that name all of them."""
    stated = {name: f"md5:{hashlib.md5(content).hexdigest()}" for name, content in files.items()} | (checksums or {})
    entries = [
        {
            "key": name,
            "size": len(content),
            "checksum": stated[name],
            "links": {"self": server.add(f"/content/{name}", content)},
        }
        for name, content in files.items()
    ]
    server.add_json("/api/records/1", {"files": entries})
    named = ", ".join(f'{{ name = "{name}", match = ["{name}"] }}' for name in files)
    return (
        f'[weights.w]\ntitle = "w"\nlicence = "l"\nfiles = [{named}]\n'
        f'listing = {{ archive = "zenodo", record = "1", base = "{server.url}" }}\n'
    )


def test_a_listed_file_is_pinned_by_its_first_download(server: FileServer, catalogue: Write, tmp_path: Path) -> None:
    content = _volume(tmp_path)
    biostudies(server, {"Training data/1135.h5": content})
    text = DATASET.format(base=server.url)
    dataset = catalogue(text).dataset("ovules")
    before = dataset.sample_hash("1135")
    assert dataset.load("1135").image.array.shape == (2, 3, 4)
    lock = tmp_path / "project" / "datasets.lock.toml"
    assert sha256(content) in lock.read_text()
    provenance = dataset.provenance()
    assert provenance["first_seen_hash"] is True
    assert provenance["sha256"] == {"1135.h5": sha256(content)}
    assert provenance["urls"]["1135.h5"] == [f"{server.url}/files/S-BIAD1026/Training%20data/1135.h5"]
    assert dataset.sample_hash("1135") != before
    again = catalogue(text).dataset("ovules")
    assert again.sample_hash("1135") == dataset.sample_hash("1135")


def test_the_pin_is_checked_ever_after(
    server: FileServer, catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _volume(tmp_path)
    biostudies(server, {"Training data/1135.h5": content})
    dataset = catalogue(DATASET.format(base=server.url)).dataset("ovules")
    dataset.fetch()
    server.add("/files/S-BIAD1026/Training data/1135.h5", b"changed upstream")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another"))
    with pytest.raises(ChecksumError) as caught:
        dataset.fetch()
    assert sha256(content) in str(caught.value)
    assert sha256(b"changed upstream") in str(caught.value)


def test_the_pin_of_a_copy_from_a_mirror_is_checked_in_a_download(
    server: FileServer, catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror" / "w").mkdir(parents=True)
    (tmp_path / "mirror" / "w" / "w").write_bytes(b"a copy")
    weights = catalogue(zenodo(server, {"w": b"weights"})).weights("w")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    weights.fetch()
    monkeypatch.delenv("HARNESS_MIRROR")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "another"))
    with pytest.raises(ChecksumError, match=f"declared sha256:{sha256(b'a copy')}"):
        weights.fetch()


def test_a_truncated_answer_is_not_pinned(server: FileServer, catalogue: Write, tmp_path: Path) -> None:
    biostudies(server, {"Training data/1135.h5": b"whole"})
    server.add("/files/S-BIAD1026/Training data/1135.h5", b"half")
    with pytest.raises(ChecksumError, match="size is 4 bytes, declared 5"):
        catalogue(DATASET.format(base=server.url)).dataset("ovules").fetch()
    assert not (tmp_path / "project" / "datasets.lock.toml").exists()


def test_a_mirror_serves_listed_files_offline(
    server: FileServer, catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror" / "ovules").mkdir(parents=True)
    (tmp_path / "mirror" / "ovules" / "1135.h5").write_bytes(_volume(tmp_path))
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    dataset = catalogue(DATASET.format(base=server.url)).dataset("ovules")
    assert dataset.availability().ok
    assert dataset.load("1135").labels["gold"].array.max() == 1
    assert not server.requests


def test_offline_without_a_mirror(server: FileServer, catalogue: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    loaded = catalogue(DATASET.format(base=server.url) + WEIGHTS.format(base=server.url))
    assert not loaded.dataset("ovules").availability().ok
    for attempt in (loaded.dataset("ovules").fetch, loaded.weights("stardist/1").fetch):
        with pytest.raises(FetchError, match="HARNESS_OFFLINE"):
            attempt()
    assert not server.requests


def test_a_model_folder_of_each_fold(server: FileServer, catalogue: Write, tmp_path: Path) -> None:
    files = {f"Models/gold/{name}_fold/{file}": f"{name}{file}".encode() for name in ("1135", "1136") for file in "ab"}
    biostudies(server, {"readme": b"", **files})
    loaded = catalogue(WEIGHTS.format(base=server.url))
    assert loaded.weight_ids() == ("stardist/1", "stardist/2")
    first, second = loaded.weights("stardist/1"), loaded.weights("stardist/2")
    folder = first.fetch()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"1135a", "b": b"1135b"}
    assert (second.fetch() / "a").read_bytes() == b"1136a"
    assert first.hash() != second.hash()
    assert first.provenance()["first_seen_hash"] is True
    asked = len(server.requests)
    assert first.fetch() == folder
    assert first.is_ready()
    assert len(server.requests) == asked


def test_a_model_folder_from_a_mirror(
    server: FileServer, catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "mirror" / "stardist" / "1" / "model" / "logs"
    inner.mkdir(parents=True)
    (inner / "a").write_bytes(b"a")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    folder = catalogue(WEIGHTS.format(base=server.url)).weights("stardist/1").fetch()
    assert (folder / "logs" / "a").read_bytes() == b"a"


def test_a_file_without_any_checksum_is_pinned_too(server: FileServer, catalogue: Write, tmp_path: Path) -> None:
    url = server.add("/nucleitorch_0", b"weights")
    loaded = catalogue(
        f'[weights.nuclei]\ntitle = "n"\nlicence = "l"\n'
        f'files = [{{ name = "nucleitorch_0", urls = ["{url}"], first_seen = true }}]\n'
    )
    assert loaded.weights("nuclei").fetch().read_bytes() == b"weights"
    assert sha256(b"weights") in (tmp_path / "project" / "datasets.lock.toml").read_text()


def test_a_zenodo_checksum_is_verified(server: FileServer, catalogue: Write) -> None:
    loaded = catalogue(zenodo(server, {"w": b"weights"}, {"w": "md5:" + "0" * 32}))
    with pytest.raises(ChecksumError, match="declared md5:0000"):
        loaded.weights("w").fetch()


def test_a_checksum_of_the_listing_is_not_called_first_seen(server: FileServer, catalogue: Write) -> None:
    weights = catalogue(zenodo(server, {"w": b"weights"})).weights("w")
    assert not {"listed_hash", "first_seen_hash"} & set(weights.provenance())
    for _ in ("fetched", "cached"):
        weights.fetch()
        provenance = weights.provenance()
        assert provenance["listed_hash"] is True
        assert "first_seen_hash" not in provenance


def test_a_copy_from_a_mirror_is_first_seen_whatever_the_listing_says(
    server: FileServer, catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror" / "w").mkdir(parents=True)
    (tmp_path / "mirror" / "w" / "a").write_bytes(b"not what the archive has")
    monkeypatch.setenv("HARNESS_MIRROR", str(tmp_path / "mirror"))
    weights = catalogue(zenodo(server, {"a": b"a", "b": b"b"})).weights("w")
    weights.fetch()
    provenance = weights.provenance()
    assert (provenance["first_seen_hash"], provenance["listed_hash"]) == (True, True)


def test_an_undeclared_file_is_named(server: FileServer, catalogue: Write) -> None:
    text = DATASET.format(base=server.url).replace('file = "1135.h5", key = "raw', 'file = "{id}.hdf5", key = "raw')
    with pytest.raises(DataError, match=r"no file '1135.hdf5' is declared; declared: 1135.h5"):
        catalogue(text).dataset("ovules").load("1135")


def test_passwords_of_addresses_are_not_kept(server: FileServer, catalogue: Write, tmp_path: Path) -> None:
    url = server.add("/a.npy", b"a").replace("http://", "http://me:secret@") + "?token=hidden"
    dataset = catalogue(
        '[datasets.cells]\nkind = "remote"\ntitle = "c"\nlicence = "x"\ncitation = "x"\naxes = "YX"\n'
        'availability = "open-direct-download"\nimages.wall = { file = "a.npy" }\nsamples.a = {}\n'
        f'files = [{{ name = "a.npy", first_seen = true, urls = ["{url}"] }}]\n'
    ).dataset("cells")
    dataset.fetch()
    said = (tmp_path / "project" / "datasets.lock.toml").read_text() + str(dataset.provenance())
    assert "secret" not in said
    assert "hidden" not in said
