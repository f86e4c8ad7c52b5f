"""How a generated sample is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.config import Strict


class PhantomParameters(Strict):
    """How a generated sample is made; lengths in micrometres, see `harness.datasets.phantoms.generators`."""

    shape: tuple[Annotated[int, Field(ge=1)], ...] = ()
    spacing_um: tuple[Annotated[float, Field(gt=0)], ...] = ()
    objects: int | None = Field(default=None, ge=0)
    """Number of objects; without it, `density` decides."""
    density: float = Field(default=0.8, ge=0, le=1)
    """Share of the sites of the jittered lattice that carry an object."""
    diameter_um: float = Field(default=5.0, gt=0)
    variation: float = Field(default=0.15, ge=0, le=0.3)
    """Relative spread of the diameters (uniform, plus or minus)."""
    crowding: float = Field(default=0.85, gt=0, le=1.3)
    """Mean diameter over distance of neighbouring sites; from about 1 on, neighbours touch."""
    noise: float = Field(default=0.15, ge=0)
    """Standard deviation of the noise relative to the mean brightness of an object."""
    blur_um: float = Field(default=0.25, ge=0)
    """Standard deviation of the point spread in YX; twice that in Z."""
    seed: int = Field(default=0, ge=0)
