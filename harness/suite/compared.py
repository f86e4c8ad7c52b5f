"""What a suite file may say of what is compared of two images: what is ignored, the border, a sparse truth."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt

from harness.config import Strict
from harness.model import Scope

EVERYTHING = Scope()
NOTHING_SAID: Mapping[str, Any] = MappingProxyType({"ignore": False, "border": "keep", "border_px": 1, "sparse": False})
"""Keys of a pair that compares everything, whatever a dataset declares."""


class IgnoreImage(Strict):
    """A label image of the data that says what is not to be scored."""

    image: str = Field(description="Name of the label image; voxels where it is not 0 are counted nowhere.")


Ignore = StrictInt | IgnoreImage | Literal[False]


class Compared(Strict):
    """Keys that a tier, a row, a row's tier and a further pair may each have; what none of them says, the data say."""

    ignore: Ignore | None = Field(
        default=None,
        description='A label of the truth, or { image = "…" }, a label image: their voxels are counted nowhere. '
        "false: nothing is ignored. Default: what the dataset declares; of a further pair: false.",
    )
    border: Literal["keep", "drop"] | None = Field(
        default=None,
        description="What becomes of objects of truth and prediction that touch the image border; default: keep.",
    )
    border_px: Annotated[StrictInt, Field(ge=1)] | None = Field(
        default=None, description="Width in voxels of the border that objects must not touch; default: 1."
    )
    sparse: StrictBool | None = Field(
        default=None,
        description="Whether the truth holds only some of the objects, so that metrics that count the others as wrong "
        "are refused. Default: what the dataset declares; of a further pair: false.",
    )

    def scope(self, declared: Scope = EVERYTHING) -> Scope:
        """Return what is compared; keys that are not given are as declared elsewhere."""
        return Scope(
            ignore=declared.ignore if self.ignore is None else ignored(self.ignore),
            border=self.border or declared.border,
            border_px=self.border_px or declared.border_px,
            sparse=declared.sparse if self.sparse is None else self.sparse,
        )


def ignored(said: Any) -> int | str | None:
    """Return a declared value, or the name of a declared label image; None where nothing is ignored."""
    if said is None or said is False:
        return None
    return said if isinstance(said, int) else str(said.image)
