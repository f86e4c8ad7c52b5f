from __future__ import annotations

import json
import random
import struct
import tracemalloc
import weakref
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.bundles import read_submitted
from harness.errors import HarnessError
from harness.model import Volume
from harness.project import Project
from harness.submission import Asked, asked_samples, verify
from harness.submission.submit import _ome_zarr
from tests.cli.project import Cli
from tests.submission import tampering as t
from tests.submission.tampering import Members

MOST_MEMORY = 64 << 20


def test_a_bundle_is_verified_and_its_scores_are_those_of_the_labels(cli: Cli, bundle: Path) -> None:
    found = cli.json("verify", bundle, "--json")
    assert found["verified"] is True
    assert found["method"]["id"] == "mine"
    assert sorted(found["samples"]) == ["blobs/a", "blobs/b"]
    cli("run", "toy", "--row", "otsu")
    ours = {record.sample: record.metrics for record in cli.store().records()}
    for sample, scores in ours.items():
        assert found["samples"][f"blobs/{sample}"]["map.gonuclear"] > 0.1
        assert found["samples"][f"blobs/{sample}"].keys() == scores.keys()


def test_equal_labels_make_equal_bytes(cli: Cli, predictions: Path, bundle: Path) -> None:
    cli("submit", predictions, "--suite", "toy", "--method", "mine.toml", "--out", "again.zip")
    assert (cli.folder / "again.zip").read_bytes() == bundle.read_bytes()


def test_a_flip_of_any_byte_is_refused(bundle: Path, cli: Cli) -> None:
    raw = bundle.read_bytes()
    draw = random.Random(1)
    places = {0, 1, len(raw) - 1, len(raw) - 64, len(raw) - 65, *draw.sample(range(len(raw)), 200)}
    for place in sorted(places):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << draw.randrange(8)
        bundle.write_bytes(bytes(flipped))
        assert cli("verify", bundle)[0] == 2, place


def change_manifest(change: Callable[[Any], Any]) -> Callable[[Members], Members]:
    return lambda members: t.with_manifest(members, change)


def change_sample(**fields: Any) -> Callable[[Members], Members]:
    return change_manifest(lambda data: data["samples"][0].update(fields))


def change_array(**fields: Any) -> Callable[[Members], Members]:
    return lambda members: t.with_array(members, lambda data: data.update(fields))


def altered_score(data: Any) -> None:
    data["samples"][0]["scores"]["map.gonuclear"] = 0.99


def swapped(members: Members) -> Members:
    """Exchange the labels of both samples."""
    other = {name: name.replace("/a.ome", "/?.ome").replace("/b.ome", "/a.ome") for name in members}
    return t.rehashed({other[name].replace("/?.ome", "/b.ome"): content for name, content in members.items()})


def copied(members: Members) -> Members:
    """Hand in the labels of one sample for both."""
    return t.rehashed({name: members[name.replace("/b.ome", "/a.ome")] for name in members})


def without(ending: str) -> Callable[[Members], Members]:
    return lambda members: {name: content for name, content in members.items() if not name.endswith(ending)}


def claiming(count: int) -> Callable[[Members], Members]:
    """A chunk whose header claims to hold more than a chunk does."""

    def change(members: Members) -> Members:
        chunk = members[t.first_chunk(members)]
        return t.with_chunk(members, chunk[:4] + struct.pack("<I", count) + chunk[8:])

    return change


def damaged(members: Members) -> Members:
    chunk = members[t.first_chunk(members)]
    return t.with_chunk(members, chunk[:16] + bytes(len(chunk) - 16))


def truth_handed_in(members: Members) -> Members:
    """Put the truth itself in the place of the first sample's labels, as the harness would write it."""
    truth = Project.find().catalogue.dataset("blobs").load("a").labels["gold"]
    volume = Volume(truth.array.astype(np.uint8), truth.axes, truth.spacing_um)
    written = {f"labels/blobs/a.ome.zarr/{name}": content for name, content in _ome_zarr(volume, "a")}
    return t.rehashed({**members, **written})


TAMPERED: dict[str, tuple[Callable[[Members], Members | bytes], str]] = {
    "score altered": (change_manifest(altered_score), "'map.gonuclear' is stated as 0.99; the labels have"),
    "score left out": (
        change_manifest(lambda data: data["samples"][0]["scores"].pop("arand.elf")),
        "the bundle states no 'arand.elf'",
    ),
    "score added": (
        change_manifest(lambda data: data["samples"][0]["scores"].update({"pq": 1.0})),
        "states 'pq', which the suite does not compute",
    ),
    "score of another type": (
        change_manifest(lambda data: data["samples"][0]["scores"].update({"arand.elf": "0.1"})),
        "scores.arand.elf: Input should be a valid number",
    ),
    "labels of another sample": (swapped, "is stated as"),
    "labels handed in twice": (copied, "are those of 'blobs/a'"),
    "other image": (change_sample(image="0" * 64), "were made for an image with hash 000000000000…"),
    "sample left out": (
        lambda members: t.rehashed(
            t.with_manifest(
                {name: content for name, content in members.items() if "/b.ome" not in name},
                lambda data: data["samples"].pop(1),
            )
        ),
        "has no labels of sample 'blobs/b' (1 of 2 are missing)",
    ),
    "sample doubled": (
        change_manifest(lambda data: data["samples"].append(data["samples"][0])),
        "sample 'blobs/a' stands there twice",
    ),
    "sample of another suite": (
        lambda members: t.with_manifest(
            {name.replace("/b.ome", "/z.ome"): content for name, content in members.items()},
            lambda data: data["samples"][1].update(
                sample="z",
                files={n.replace("/b.ome", "/z.ome"): h for n, h in data["samples"][1]["files"].items()},
            ),
        ),
        "has no labels of sample 'blobs/b'",
    ),
    "file of labels altered": (
        lambda members: {**members, t.first_chunk(members): members[t.first_chunk(members)][:-1] + b"\0"},
        "the manifest says",
    ),
    "file of labels missing": (lambda members: without(t.first_chunk(members))(members), "is missing"),
    "metadata missing": (lambda members: t.rehashed(without("/0/zarr.json")(members)), "'0/zarr.json' is missing"),
    "truth as another member": (
        lambda members: {**members, "truth.tif": b"II*\0"},
        "member 'truth.tif' is not named in manifest.json",
    ),
    "labels outside their folder": (
        change_manifest(lambda data: data["samples"][0]["files"].update({"manifest.json": "0" * 64})),
        "is given as labels of 'blobs/a', outside labels/blobs/a.ome.zarr",
    ),
    "pickle": (t.pickled, "'0/labels.pkl' is no chunk of an array"),
    "chunk outside the array": (
        lambda members: t.rehashed({**members, t.first_chunk(members)[:-1] + "7": b"0" * 16}),
        "/7' is no chunk of an array",
    ),
    "object dtype": (change_array(data_type="object"), "data_type is object; accepted: uint8"),
    "float labels": (change_array(data_type="float32"), "data_type is float32"),
    "negative labels": (change_array(data_type="int16"), "data_type is int16"),
    "dtype of the manifest": (change_sample(dtype="int64"), "dtype: Input should be 'uint8', 'uint16' or 'uint32'"),
    "another grid": (change_sample(shape=[48, 47]), "have axes YX and shape (48, 47); the image has YX (48, 48)"),
    "other axes": (change_sample(axes="XY"), "axes: Input should be 'YX' or 'ZYX'"),
    "volume for a plane": (change_sample(axes="ZYX", shape=[1, 48, 48]), "have axes ZYX and shape (1, 48, 48)"),
    "array of another shape": (change_array(shape=[480000, 480000]), "shape is [480000, 480000]; accepted: [48, 48]"),
    "huge chunks": (
        change_array(chunk_grid={"name": "regular", "configuration": {"chunk_shape": [1 << 30, 1 << 30]}}),
        "accepted: a regular grid of (48, 48)",
    ),
    "background that is an object": (change_array(fill_value=7), "fill_value is 7; accepted: 0"),
    "other codecs": (
        change_array(codecs=[{"name": "bytes"}, {"name": "vlen-utf8"}]),
        "codecs are ['bytes', 'vlen-utf8']; accepted: ['bytes', 'blosc']",
    ),
    "bomb in a chunk": (claiming(1 << 31), "claims to hold 2147483648 bytes; a chunk has 2304"),
    "chunk that does not decompress": (damaged, "cannot be decompressed"),
    "metadata that are no JSON": (
        lambda members: t.rehashed({**members, next(n for n in members if n.endswith("/0/zarr.json")): b"{"}),
        "metadata are not JSON",
    ),
    "metadata that are a list": (
        lambda members: t.rehashed({**members, next(n for n in members if n.endswith("/0/zarr.json")): b"[]"}),
        "metadata are not a JSON object",
    ),
    "other suite": (change_manifest(lambda data: data.update(suite="tory")), "is for suite 'tory'; did you mean 'toy'"),
    "other version": (
        change_manifest(lambda data: data.update(version=2)),
        "version 2 of suite 'toy'; this is version 1",
    ),
    "other tier": (change_manifest(lambda data: data.update(tier="paper")), "is for tier 'paper' of suite 'toy'"),
    "unknown tier": (change_manifest(lambda data: data.update(tier="huge")), "tier: Input should be 'smoke'"),
    "unknown row": (
        change_manifest(lambda data: data.update(row="otus")),
        "like row 'otus' of 'toy'; did you mean 'otsu'",
    ),
    "name of a row": (
        change_manifest(lambda data: data["method"].update(id="otsu")),
        "called 'otsu' like a row of suite",
    ),
    "hostile name": (change_manifest(lambda data: data["method"].update(id="../x")), "method.id: String should match"),
    "card without licence": (
        change_manifest(lambda data: data["method"].pop("licence")),
        "method.licence: Field required",
    ),
    "trained on what is tested": (
        change_manifest(lambda data: data["method"].update(training_data=["blobs/b"])),
        "was trained on 'blobs/b': its sample 'b' of dataset 'blobs' is tested",
    ),
    "huge ids": (change_array(data_type="uint64"), "data_type is uint64"),
    "truth as the labels": (truth_handed_in, "are the truth, voxel for voxel and id for id"),
    "unknown key": (change_manifest(lambda data: data.update(extra=1)), "extra: Extra inputs are not permitted"),
    "schema of tomorrow": (change_manifest(lambda data: data.update(schema=2)), "schema: Input should be 1"),
    "no sample": (change_manifest(lambda data: data.update(samples=[])), "samples: Tuple should have at least 1 item"),
    "manifest missing": (without("manifest.json"), "has no manifest.json"),
    "manifest that is no JSON": (
        lambda members: {**members, "manifest.json": b"\xff{"},
        "not JSON as `harness submit`",
    ),
    "infinite score": (
        lambda members: {
            **members,
            "manifest.json": members["manifest.json"].replace(b'"count.pred": ', b'"count.pred": NaN, "x": ', 1),
        },
        "NaN is not a number of JSON",
    ),
    "key twice": (
        lambda members: {
            **members,
            "manifest.json": members["manifest.json"].replace(b'"schema": 1', b'"schema": 1, "schema": 1'),
        },
        "a key stands twice in one object",
    ),
    "path traversal": (lambda members: {**members, "../../evil": b""}, "would leave the folder"),
    "absolute path": (lambda members: {**members, "/etc/evil": b""}, "'/etc/evil' would leave the folder"),
    "drive of another system": (lambda members: {**members, "C:evil": b""}, "'C:evil' would leave the folder"),
    "control characters": (lambda members: {**members, "a\x1b[2Jb": b""}, "is not a plain path"),
    "twins of unicode": (
        lambda members: {**members, "\u00e9": b"", "e\u0301": b""},
        "which some file systems take for it",
    ),
    "twins of case": (lambda members: {**members, "Manifest.json": b""}, "beside 'manifest.json'"),
    "link": (t.symbolic_link, "is a link, a folder or a device"),
    "member twice": (
        lambda members: t.zipped([*members.items(), ("manifest.json", members["manifest.json"])]),
        "member 'manifest.json' stands there twice",
    ),
    "zip bomb": (
        lambda members: t.zipped([*members.items(), ("zeros", bytes(1 << 26))], compression=8),
        "is compressed; members of a bundle are stored as they are",
    ),
    "bytes before the zip": (
        lambda members: t.seal(b"#!/bin/sh\n" + t.zipped([*members.items()])),
        "belong to no member",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", TAMPERED)
def test_a_tampered_bundle_is_refused_for_its_own_reason(kind: str, bundle: Path) -> None:
    change, message = TAMPERED[kind]
    changed = change(t.members_of(bundle))
    if isinstance(changed, bytes):
        bundle.write_bytes(changed)
    else:
        t.write(bundle, changed)
    project = Project.find(bundle.parent)
    project.suite("toy")
    tracemalloc.start()
    try:
        with pytest.raises(HarnessError) as caught:
            verify(project, bundle)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert message in str(caught.value)
    assert peak < MOST_MEMORY


def test_the_reasons_differ() -> None:
    assert len({message for _, message in TAMPERED.values()}) >= 30


def test_a_truth_that_was_handed_in_is_refused(cli: Cli, predictions: Path) -> None:
    project = Project.find(cli.folder)
    for sample in ("a", "b"):
        np.save(predictions / f"{sample}.npy", project.catalogue.dataset("blobs").load(sample).labels["gold"].array)
        (predictions / f"{sample}.tif").unlink()
    code, _, err = cli("submit", predictions, "--suite", "toy", "--method", "mine.toml")
    assert code == 2
    assert "are the truth, voxel for voxel and id for id" in err


def test_samples_are_verified_one_after_the_other(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither labels nor the sample itself stay in memory when the next one is read."""
    held: list[weakref.ref[np.ndarray]] = []
    asked: list[Asked] = []

    def read(*arguments: Any) -> Volume:
        assert not any(array() is not None for array in held)
        volume = read_submitted(*arguments)
        held.append(weakref.ref(volume.array))
        return volume

    def ask(*arguments: Any) -> tuple[Asked, ...]:
        asked.extend(asked_samples(*arguments))
        return tuple(asked)

    module = import_module("harness.submission.verify")  # the package has a function of this name
    monkeypatch.setattr(module, "read_submitted", read)
    monkeypatch.setattr(module, "asked_samples", ask)
    assert len(verify(Project.find(bundle.parent), bundle).scores) == len(held) == len(asked) == 2
    assert not any("read" in vars(one) for one in asked)
    assert asked[0].image.array.shape == (48, 48)


def test_what_is_no_bundle_is_refused(cli: Cli) -> None:
    for name, content, message in (
        ("empty.zip", b"", "does not end with a seal"),
        ("short.zip", b"PK", "does not end with a seal"),
        ("text.zip", t.seal(b"x" * 200 + t.SEAL + b"0" * 64), "damaged zip"),
    ):
        Path(name).write_bytes(content)
        code, _, err = cli("verify", name)
        assert (code, message in err) == (2, True), err
    assert "no such file" in cli("verify", "absent.zip")[2]
    assert "a folder, not a file" in cli("verify", ".")[2]


def test_the_reason_stands_in_the_json_too(cli: Cli, bundle: Path) -> None:
    t.write(bundle, t.with_manifest(t.members_of(bundle), altered_score))
    code, out, err = cli("verify", bundle, "--json")
    assert code == 2
    assert json.loads(out)["verified"] is False
    assert json.loads(out)["reason"] in err
