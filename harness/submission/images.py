"""The images of a suite's test samples, for whoever wants to run a method of any framework on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import DataError
from harness.model import Volume
from harness.submission.asked import Asked


def folders_of(asked: Sequence[Asked]) -> dict[str, Path]:
    """Return by sample the folder of its file below the one for all: that of its dataset where there are several."""
    are_several = len({one.data.dataset for one in asked}) > 1
    return {str(one): Path(one.data.dataset) if are_several else Path() for one in asked}


def write_images(asked: Sequence[Asked], folder: Path) -> list[Path]:
    """Write the image of every sample as `<sample>.tif` (OME-TIFF: axes and voxel size stated), never a truth.

    Raises `DataError` for a folder that holds something already, and for one that cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: is there already and not empty; name another folder")
    written, folders = [], folders_of(asked)
    try:
        for one in asked:
            path = folder / folders[str(one)] / f"{one.sample}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, one.image)
            written.append(path)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return written


def _write(path: Path, image: Volume) -> None:
    import tifffile

    about: dict[str, object] = {"axes": image.axes}
    spatial = image.grid.axes
    for axis, step in zip(spatial, image.spacing_um or (), strict=bool(image.spacing_um)):
        about |= {f"PhysicalSize{axis}": float(step), f"PhysicalSize{axis}Unit": "µm"}
    if image.channels and "C" in image.axes:
        about["Channel"] = {"Name": list(image.channels)}
    tifffile.imwrite(path, image.array, ome=True, metadata=about, compression="zlib", photometric="minisblack")
