"""Five generated ovules in the two forms of the deposit: HDF5 files, and a zip of TIFF files with its known quirks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import h5py
import numpy as np
import tifffile

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import PhantomParameters

ZIP_NAME = "Training image dataset_Tiff Files.zip"
ZIP_ROOT = "Training image dataset_Tiff Files"
SPACINGS = {
    "1135": (0.28371836501901143, 0.12678642066720086, 0.12678642066720086),
    "1136": (0.2837183895131086, 0.12756971653115998, 0.12756971653115998),
    "1137": (0.2837183895131086, 0.1266211463645486, 0.1266211463645486),
    "1139": (0.2799036917562724, 0.12674335484590543, 0.12674335484590543),
    "1170": (0.27799632231404964, 0.12698523961670266, 0.12698522349145364),
}
SHAPES = dict.fromkeys(SPACINGS, (24, 64, 64)) | {"1170": (24, 56, 72)}
EIGHT_BIT = ("1135", "1136")
LAST_PLANE_IS_AN_ARTEFACT = ("1137", "1170")
CELLS_ARE_NOT_MIRRORED = ("1136",)
LABELS_ARE_CLIPPED = ("1139",)
SUFFIXES = {
    "noisy": "_n_stain",
    "clear": "_n_H2BtdTomato",
    "wall": "_cellwall",
    "gold": "_n_stain_StarDist_goldGT",
    "cells": "_cellseg",
}


@dataclass(frozen=True, slots=True, eq=False)
class Ovule:
    """One volume: noisy, clear, wall (8 or 16 bit) and the labels gold, initial, cells (16 bit), all ZYX."""

    id: str
    arrays: dict[str, np.ndarray]

    @property
    def nuclei(self) -> int:
        return int(self.arrays["gold"].max())


def make_ovule(name: str) -> Ovule:
    """Return the miniature of a volume: smaller nuclei on the published voxels."""
    parameters = PhantomParameters(
        shape=SHAPES[name], spacing_um=SPACINGS[name], diameter_um=2.0, crowding=0.95, density=1.0, noise=0.2,
        seed=int(name),
    )  # fmt: skip
    phantom = generate("ovule-nuclei", parameters)
    arrays = {channel: phantom.image.channel(channel) for channel in ("noisy", "clear", "wall")}
    if name not in EIGHT_BIT:
        arrays = {channel: array.astype(np.uint16) * 13 + 100 for channel, array in arrays.items()}
    gold = phantom.labels["gold"].array
    merged = np.where(gold % 5 == 2, gold - 1, gold).astype(gold.dtype)
    arrays |= {"gold": gold, "initial": merged, "cells": phantom.labels["cells"].array}
    return Ovule(name, arrays)


def hdf5(ovule: Ovule) -> bytes:
    """Return the file of `3d_all_in_one`; the sources disagree on the name of the clear channel, so both occur."""
    clear = "raw/clear" if ovule.id in EIGHT_BIT else "raw/nuclei"
    keys = {
        "noisy": "raw/noisy",
        "clear": clear,
        "wall": "raw/cells",
        "gold": "label/gold",
        "initial": "label/initial",
        "cells": "label/cells",
    }
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, key in keys.items():
            dataset = file.create_dataset(key, data=ovule.arrays[name], compression="gzip")
            dataset.attrs["element_size_um"] = SPACINGS[ovule.id]
    return content.getvalue()


def tiff_zip(ovules: list[Ovule]) -> bytes:
    """Return the zip of all volumes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{ZIP_ROOT}/", b"")
        archive.writestr(f"{ZIP_ROOT}/.DS_Store", b"\0")
        for ovule in ovules:
            for name, file in _tiffs(ovule):
                archive.writestr(f"{ZIP_ROOT}/{ovule.id}/{name}", file)
    return content.getvalue()


def _tiffs(ovule: Ovule) -> Iterator[tuple[str, bytes]]:
    for number, (kind, suffix) in enumerate(SUFFIXES.items()):
        array = ovule.arrays[kind]
        is_label = kind in ("gold", "cells")
        if is_label and ovule.id in LABELS_ARE_CLIPPED:
            array = array[:, :-3, :-2]
        if ovule.id in LAST_PLANE_IS_AN_ARTEFACT:
            array = np.concatenate([array, np.full_like(array[:1], array.max())])
        if is_label and not (kind == "cells" and ovule.id in CELLS_ARE_NOT_MIRRORED):
            array = array[:, ::-1]
        extension = "tiff" if (int(ovule.id) + number) % 2 else "tif"
        yield f"{ovule.id}{suffix}.{extension}", _tiff(np.ascontiguousarray(array), ovule.id, with_spacing=not is_label)


def _tiff(array: np.ndarray, name: str, *, with_spacing: bool) -> bytes:
    content = io.BytesIO()
    depth, height, width = SPACINGS[name]
    if with_spacing:
        tifffile.imwrite(
            content, array, imagej=True, resolution=(1 / width, 1 / height),
            metadata={"axes": "ZYX", "spacing": depth, "unit": "um"},
        )  # fmt: skip
    else:
        tifffile.imwrite(content, array, photometric="minisblack")
    return content.getvalue()
