"""Small records for the tests of the store."""

from __future__ import annotations

from harness.store import Code, Record, StageRecord, StageTiming, Timing


def a_record(row: str = "a", sample: str = "s0", *, score: float = 0.1, cell: str = "k", status: str = "ok") -> Record:
    return Record(
        cell=cell,
        suite="demo",
        version=1,
        tier="smoke",
        row=row,
        dataset="d",
        sample=sample,
        fold="",
        repeat=0,
        seed=7,
        status=status,  # type: ignore[arg-type]
        metrics={"map.gonuclear": score},
        stages=(StageRecord("otsu", 1, {"sizes": [1, 2], "sigma": 0.1}, output="h"),),
        data="dh",
        environment="e",
        code=Code("c", False),
    )


def a_timing(row: str = "a", sample: str = "s0", *, machine: str = "m", first_s: float = 0.5) -> Timing:
    stage = StageTiming("otsu", load_s=0.1, first_s=first_s, peak_bytes=10)
    return Timing("k", row, "d", sample, "", 0, machine, "e", "cpu", 1, (stage,), 0.7, "c")
