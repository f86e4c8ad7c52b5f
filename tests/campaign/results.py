"""Lines of results: what was altered is refused or known as altered, unless it says the same as before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.store import Record, Store
from tests.campaign.mutations import altered, damaged, json_text
from tests.records import make_record

COUNT = 4


@dataclass(frozen=True)
class Results:
    """The records of a suite."""

    name: str = "results"

    def prepare(self, folder: Path) -> list[Record]:
        """Store some records."""
        store = Store(folder / "results", "demo", 1, "smoke")
        with store.open() as writer:
            for number in range(COUNT):
                writer.add(
                    make_record(
                        suite="demo", sample=f"s{number}", metrics={"map.gonuclear": number / 7, "count.pred": number}
                    )
                )
        return list(store.records())

    def attempt(self, originals: list[Record], random: Random, folder: Path) -> None:
        """Alter a line, and read all."""
        store = Store(folder, "demo", 1, "smoke")
        lines = [record.to_line().encode() for record in originals]
        at = random.randrange(COUNT)
        if random.random() < 0.5:
            lines[at] = damaged(random, lines[at])
        else:
            lines[at] = json_text(altered(random, json.loads(lines[at])))
        store.scores_path.parent.mkdir(parents=True)
        store.scores_path.write_bytes(b"\n".join(lines) + b"\n")
        known = {json.dumps(json.loads(record.to_line()), sort_keys=True) for record in originals}
        for record in store.records():
            is_same = json.dumps(json.loads(record.to_line()), sort_keys=True) in known
            assert is_same or record.is_altered, f"passes as it was: {record.to_line()[:500]}"
