from __future__ import annotations

from pathlib import Path

import pytest

from harness.bundles import open_container, read_manifest, write_container
from harness.bundles.manifest import label_folder
from harness.errors import DataError

MANIFEST = """{"schema": 1, "harness": "0.1.0", "suite": "toy", "version": 1, "tier": "smoke", "row": "",
"method": {"id": "mine", "title": "Mine", "licence": "MIT", "training_data": ["none"]}, "samples": [
{"dataset": "blobs", "sample": "a", "image": "IMAGE", "axes": "YX", "shape": [4, 5], "dtype": "uint8",
"files": {"labels/blobs/a.ome.zarr/zarr.json": "IMAGE"}, "scores": {"pq": null}}]}""".replace("IMAGE", "ab" * 32)
LABELS = ("labels/blobs/a.ome.zarr/zarr.json", b"{}")


def test_a_manifest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_container(path, [("manifest.json", MANIFEST.encode()), LABELS])
    with open_container(path) as container:
        manifest = read_manifest(container)
    (entry,) = manifest.samples
    assert (manifest.method.id, str(entry), entry.shape) == ("mine", "blobs/a", (4, 5))
    assert entry.folder == label_folder("blobs", "a") == "labels/blobs/a.ome.zarr"
    assert entry.scores == {"pq": None}


def test_numbers_are_not_made_of_strings(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_container(path, [("manifest.json", MANIFEST.replace("[4, 5]", '["4", 5]').encode()), LABELS])
    with open_container(path) as container, pytest.raises(DataError, match=r"samples\.0\.shape\.0"):
        read_manifest(container)
