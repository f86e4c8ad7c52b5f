"""Two runs of one suite into one folder, and a reader of it: one writes, one is refused, the reader sees wholes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.campaign.kills import AGAIN_S, CELLS, check_blame, check_gone, made, reference, started, told

REFUSED = 2


@dataclass(frozen=True)
class Writers:
    """Runs at the same time."""

    name: str = "writers"

    def prepare(self, folder: Path) -> Mapping[Any, object]:
        """Return what the records of a run say that nobody disturbs."""
        return reference(folder / "reference")

    def attempt(self, originals: Mapping[Any, object], random: Random, folder: Path) -> None:
        """Start two runs one shortly after the other, and read until both have ended."""
        project = made(folder / "project")
        first = started(project, jobs=random.choice((1, 2)))
        time.sleep(random.uniform(0.0, 3.0))
        second = started(project, jobs=1)
        seen = 0
        while first.poll() is None or second.poll() is None:
            records = told(project)
            assert len(records) >= seen, f"a reader saw {seen} records and then {len(records)}"
            assert all(originals[place] == one for place, one in records.items()), "a reader saw another record"
            seen = len(records)
            time.sleep(0.01)
        codes = sorted((first.wait(AGAIN_S), second.wait(AGAIN_S)))
        assert codes in ([0, 0], [0, REFUSED]), f"the runs left with {codes}"
        assert told(project) == originals
        assert len(project.store().scores_path.read_text().splitlines()) == CELLS
        check_blame(project, "two writers")
        check_gone(project, "two writers")
