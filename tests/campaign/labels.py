"""Label files of every format, damaged byte by byte or, where they are JSON, value by value."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import h5py
import imageio.v3 as imageio
import numpy as np
import tifffile
import zarr
from PIL import Image
from roifile import ImagejRoi

from harness.datasets.formats.arrays import read_array
from harness.datasets.readers import read_labels
from tests.campaign.mutations import altered, damaged, json_text
from tests.datasets import spread

SHAPE = (24, 20)
LABELS = np.zeros(SHAPE, np.uint16)
LABELS[2:9, 2:9], LABELS[12:20, 4:15] = 1, 700
VOLUME = np.stack([LABELS, LABELS * 2, LABELS, LABELS * 3])
PLACES = ([[2, 2], [9, 2], [9, 9], [2, 9]], [[4, 12], [15, 12], [15, 20], [4, 20]])
"""x and y of the corners of the objects."""
HDF5 = ("chunked.h5", "plain.h5", "set-external", "set-virtual")
"""Files whose library takes much as it stands, even where that ends its process."""
VERIFIED = (".png",)
"""Formats in which a checksum covers every value: what is read is what was written."""


@dataclass(frozen=True)
class LabelFiles:
    """Files with labels, and what each of them holds; of `only` some of them, if it names any."""

    name: str = "labels"
    only: tuple[str, ...] = ()

    def prepare(self, folder: Path) -> Path:
        """Write a file of every format."""
        place = folder / "originals"
        place.mkdir()
        _write_images(place)
        _write_outlines(place)
        return place

    def attempt(self, originals: Path, random: Random, folder: Path) -> None:
        """Damage one file, and read it as labels and as an array."""
        chosen = random.choice(sorted(path for path in originals.iterdir() if not self.only or path.name in self.only))
        copied = folder / "files"
        if chosen.name.startswith("set-"):
            shutil.copytree(chosen, copied)
            path = copied / sorted(file.name for file in copied.iterdir())[0]
        else:
            copied.mkdir()
            path = copied / chosen.name
            (shutil.copytree if chosen.is_dir() else shutil.copyfile)(chosen, path)
        victim = random.choice(sorted(file for file in copied.rglob("*") if file.is_file()))
        content = victim.read_bytes()
        is_json = victim.suffix in (".json", ".geojson", ".zgroup", ".zarray", ".zattrs")
        content = json_text(altered(random, json.loads(content))) if is_json and random.random() < 0.7 else content
        victim.write_bytes(damaged(random, content) if not is_json or random.random() < 0.3 else content)
        image = np.asarray(read_labels(path, shape=SHAPE))
        if path.suffix in VERIFIED:
            assert np.array_equal(image, np.asarray(read_labels(originals / chosen.name))), (
                "read otherwise than written"
            )
        if path.suffix not in (".json", ".geojson", ".zip", ".roi"):
            read_array(path)


def _write_images(place: Path) -> None:
    imagej: dict[str, Any] = {"axes": "ZYX", "spacing": 0.5, "unit": "um"}
    tifffile.imwrite(place / "plain.tif", LABELS, metadata=None)
    tifffile.imwrite(place / "zlib.tif", VOLUME, compression="zlib", photometric="minisblack")
    tifffile.imwrite(place / "tiled.tif", VOLUME, tile=(16, 16), photometric="minisblack")
    tifffile.imwrite(place / "imagej.tif", VOLUME, imagej=True, resolution=(2, 2), metadata=imagej)
    tifffile.imwrite(place / "one.ome.tif", VOLUME, ome=True, metadata={"axes": "ZYX", "PhysicalSizeX": 0.5})
    imageio.imwrite(place / "deep.png", LABELS)
    imageio.imwrite(place / "flat.png", (LABELS > 0).astype(np.uint8))
    palette = Image.fromarray((LABELS % 255).astype(np.uint8), mode="P")
    palette.putpalette(list(range(256)) * 3)
    palette.save(place / "palette.png")
    np.save(place / "plain.npy", VOLUME)
    np.save(place / "cellpose_seg.npy", {"masks": LABELS, "flows": [VOLUME, None], "filename": "a"})  # type: ignore[arg-type]
    with h5py.File(place / "chunked.h5", "w") as file:
        made = file.create_dataset("labels", data=VOLUME, chunks=(2, 8, 8), compression="gzip", fletcher32=True)
        made.attrs["element_size_um"] = [0.5, 0.2, 0.2]
    with h5py.File(place / "plain.h5", "w") as file:
        file["labels"] = LABELS
    for name, write in (
        ("set-ome", spread.ome_set),
        ("set-virtual", spread.virtual),
        ("set-external", spread.external),
    ):
        (place / name).mkdir()
        write(place / name, VOLUME)
    for version in (2, 3):
        group = zarr.open_group(str(place / f"v{version}.zarr"), mode="w", zarr_format=version)  # type: ignore[arg-type]
        group.create_array("labels/cells/0", data=VOLUME, chunks=(2, 8, 8))
        level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5, 0.5]}]}
        axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
        group["labels"].attrs["labels"] = ["cells"]
        group["labels/cells"].attrs["multiscales"] = [{"axes": axes, "datasets": [level]}]


def _write_outlines(place: Path) -> None:
    rings = [[*ring, ring[0]] for ring in PLACES]
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring], "plane": {"z": 0}}, "properties": {}}
        for ring in rings
    ]
    (place / "cells.geojson").write_bytes(json_text({"type": "FeatureCollection", "features": features}))
    image = {"id": 1, "file_name": "a.png", "height": SHAPE[0], "width": SHAPE[1]}
    runs = {"size": list(SHAPE), "counts": "52203"}
    annotations: list[dict[str, Any]] = [
        {"id": number, "image_id": 1, "segmentation": [[value for point in ring for value in point]], "iscrowd": 0}
        for number, ring in enumerate(PLACES)
    ]
    plain = {"size": list(SHAPE), "counts": [50, 4, SHAPE[0] * SHAPE[1] - 54]}
    annotations += [{"id": 8, "image_id": 1, "segmentation": part} for part in (runs, plain)]
    (place / "coco.json").write_bytes(json_text({"images": [image], "annotations": annotations[:2] + annotations[3:]}))
    (place / "text.json").write_bytes(json_text([annotations[2]]))
    contents = [ImagejRoi.frompoints(np.array(ring)).tobytes() for ring in PLACES]
    (place / "one.roi").write_bytes(contents[0])
    with zipfile.ZipFile(place / "RoiSet.zip", "w") as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.roi", content)
