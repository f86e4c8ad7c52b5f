"""What both Cellpose stages ask of an image before they predict."""

from __future__ import annotations

from harness.errors import DataError
from harness.model import Volume
from harness.stages.arrays import spacing_of


def require_mode(mode: str, image: Volume, where: str) -> bool:
    """Return whether an image is predicted in 3D; raises `DataError` for mode "3d" on a plane."""
    if mode != "3d":
        return False
    if len(image.grid.axes) != 3 or min(image.grid.shape) < 2:
        raise DataError(
            f"{where}: mode '3d' needs a volume and the image has axes {image.axes}, shape {image.array.shape}; "
            "accepted: mode 'planes'"
        )
    return True


def anisotropy_of(given: float, image: Volume, where: str) -> float:
    """Return the given z step over the y step, or for 0 that of the image's spacing (`DataError` if unknown)."""
    if given:
        return given
    spacing = spacing_of(image.grid, where)
    return spacing[0] / spacing[1]
