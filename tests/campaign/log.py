"""What a campaign has tried, a line an input: a campaign that was ended goes on where it was, and counts add up."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from harness.hashing import hash_value
from harness.identity import module_code
from tests.bench.figures import Figure, at_most
from tests.campaign.running import GOOD


@dataclass
class Log:
    """A file of lines of kind, seed, number and what was seen; `path` None keeps nothing."""

    path: Path | None
    _seen: dict[tuple[str, int], dict[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                one = json.loads(line)
                self._seen.setdefault((one["kind"], one["seed"]), {})[one["number"]] = one["seen"]

    def following(self, kind: str, seed: int, first: int) -> int:
        """Return the number of the first input from `first` on that was not tried yet."""
        tried = self._seen.get((kind, seed), {})
        return next(number for number in count(first) if number not in tried)

    def note(self, kind: str, seed: int, number: int, seen: str) -> None:
        """Add a line."""
        self._seen.setdefault((kind, seed), {})[number] = seen
        if self.path is not None:
            line = {"kind": kind, "seed": seed, "number": number, "seen": seen, "code": code_of_runs()}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def counts(self) -> Mapping[str, Counter[str]]:
        """Return of how many inputs of each kind each of `GOOD` was seen, and how many are findings."""
        found: dict[str, Counter[str]] = {}
        for (kind, _), seen in self._seen.items():
            found.setdefault(kind, Counter()).update(one if one in GOOD else "findings" for one in seen.values())
        return found

    def figures(self, each: Mapping[str, int]) -> list[Figure]:
        """Return the counts as figures; `each` says how many mishaps an input of a kind is, where it is not one.

        Damage that was refused was found.
        """
        found = []
        for kind, counts in self.counts().items():
            what = f"{kind}: {counts.total() * each.get(kind, 1):,} tried"
            if counts["found"] or counts["harmless"]:
                what += f", {counts['found'] + counts['refused']:,} found, {counts['harmless']:,} harmless"
            found.append(at_most(what, counts["findings"], "findings", 0))
        return found


@cache
def code_of_runs() -> str:
    """Return the digest of what a run runs of this package: the state that a line speaks of."""
    return hash_value([module_code("harness.cli.run"), module_code("harness.worker.main")])[:12]
