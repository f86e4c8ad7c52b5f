"""The size of a voxel of two files: what was given, else what the files state."""

from __future__ import annotations

from collections.abc import Sequence


def spacing_of(
    prediction: str, truth: str, given: Sequence[str] | None, *, axes: int, needed: bool
) -> tuple[float, ...] | None:
    """Return the size of a voxel in micrometres, one number per axis; None where nobody says it.

    What was given, numbers as they were typed, counts whatever the files state. `needed` is whether anything is
    measured with it: only then are the files asked, of which one is enough. Raises `LabelError` for a size that is
    none, or not one for each axis, and for files that state different ones.
    """
    from harness.datasets.readers import SPACING_TOLERANCE, read_spacing
    from harness.errors import LabelError
    from harness.metrics.spacing import checked_spacing

    if given is not None or not needed:
        return checked_spacing(given, axes)
    stated = {name: found for name in (prediction, truth) if (found := read_spacing(name)) is not None}
    sizes = list(stated.values())
    if len(sizes) == 2 and (
        len(sizes[0]) != len(sizes[1])
        or any(abs(one - other) > SPACING_TOLERANCE * other for one, other in zip(*sizes, strict=True))
    ):
        said = ", ".join(f"{name}: {' x '.join(f'{size:g}' for size in found)} um" for name, found in stated.items())
        raise LabelError(
            f"the files state different sizes of a voxel ({said}); accepted: --spacing with one for each axis"
        )
    return sizes[-1] if sizes else None
