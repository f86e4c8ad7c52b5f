"""The rules that a claim can state, as suite files declare them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.claims.bounds import ValueBound
from harness.claims.closeness import SmallerEffect, SmallerSpread, Within
from harness.claims.printed import EqualPublished
from harness.claims.ranking import AtLeastFactor, Best, Fastest, Monotone, RanksAbove

SECONDS = "seconds"
"""The metric name with which a claim speaks of recorded time instead of a score."""

Rule = Annotated[
    Fastest
    | Best
    | RanksAbove
    | AtLeastFactor
    | Within
    | SmallerEffect
    | SmallerSpread
    | Monotone
    | ValueBound
    | EqualPublished,
    Field(discriminator="kind"),
]
