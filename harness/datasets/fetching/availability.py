"""Whether data can be had now, and if not, why and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Availability:
    """`ok`: the data are here or can be fetched. `reason` says why, or why not; `how` what to do about it.

    `here`: where they can be had, no network is needed. As text it is the reason with what to do.

    >>> str(Availability(False, "package 'x' is not installed", "pip install x"))
    "package 'x' is not installed; pip install x"
    """

    ok: bool
    reason: str
    how: str = ""
    here: bool = field(default=True, compare=False)

    def __str__(self) -> str:
        return "; ".join(part for part in (self.reason, self.how) if part)
