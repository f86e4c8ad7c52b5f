"""Images of which one file names the others: OME-TIFF sets, virtual HDF5 datasets, external HDF5 storage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import tifffile

NAMES = ("part0.ome.tif", "part1.ome.tif")


def ome_set(folder: Path, array: np.ndarray, *, names: Sequence[str] = NAMES, with_uuid: bool = True) -> None:
    """Write the planes of a volume (Z, Y, X; 16 bits) into an OME-TIFF set of files with equally many planes each."""
    ids = [f"urn:uuid:00000000-0000-0000-0000-00000000000{index}" for index in range(1, len(names) + 1)]
    depth, height, width = array.shape
    each = depth // len(names)
    planes = "".join(
        f'<TiffData FirstZ="{z}" IFD="{z % each}" PlaneCount="1">'
        f'<UUID FileName="{names[z // each]}">{ids[z // each]}</UUID></TiffData>'
        for z in range(depth)
    )
    for index, name in enumerate(names):
        uuid = f' UUID="{ids[index]}"' if with_uuid else ""
        xml = (
            f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"{uuid}>'
            '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
            f'SizeX="{width}" SizeY="{height}" SizeZ="{depth}" SizeC="1" SizeT="1">'
            f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{planes}</Pixels></Image></OME>'
        )
        with tifffile.TiffWriter(folder / name) as writer:
            for z in range(each):
                text = None if z else xml
                writer.write(array[each * index + z], contiguous=False, metadata=None, description=text)


def virtual(folder: Path, array: np.ndarray, *, name: str = "a.h5", parts: Sequence[str] = ("b0.h5", "b1.h5")) -> None:
    """Write the planes of a volume into HDF5 files, and one that shows them as one dataset 'labels'."""
    layout = h5py.VirtualLayout(array.shape, array.dtype)
    each = len(array) // len(parts)
    for index, part in enumerate(parts):
        planes = slice(each * index, each * (index + 1))
        with h5py.File(folder / part, "w") as file:
            file["labels"] = array[planes]
        layout[planes] = h5py.VirtualSource(part, "labels", array[planes].shape)
    with h5py.File(folder / name, "w") as file:
        file.create_virtual_dataset("labels", layout)


def external(folder: Path, array: np.ndarray, *, name: str = "a.h5", part: str = "pixels.raw") -> None:
    """Write a volume as raw bytes, and an HDF5 file whose dataset 'labels' lies there, beside it."""
    (folder / part).write_bytes(array.tobytes())
    with h5py.File(folder / name, "w") as file:
        file.create_dataset("labels", array.shape, array.dtype, external=[(part, 0, array.nbytes)])
