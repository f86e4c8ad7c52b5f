"""A small real project for tests of the command line: generated data, controls and Otsu, in a temp folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.project import Project
from harness.store import Record, Store
from harness.store.records import read_record
from tests.records import record_of

CATALOGUE = """
schema = 1
[datasets.blobs]
kind = "generated"
title = "Blobs"
licence = "CC0"
citation = "tests"
generator = "nuclei-2d"
parameters = { shape = [48, 48], spacing_um = [0.3, 0.3], diameter_um = 4.0 }
samples.a = { parameters = { seed = 1 } }
samples.b = { parameters = { seed = 2 } }
[datasets.absent]
kind = "folder"
title = "Not here"
licence = "CC0"
citation = "tests"
path = "no-such-folder"
axes = "YX"
images = { nuclei = { glob = "images/*.tif" } }
labels = { gold = { glob = "labels/*.tif" } }
"""

RECIPE = """
[weights.cooked]
title = "Trained here"
licence = "CC0"
availability = "generated"
recipe = { stage = "stardist-2d", parameters = { steps = 1 }, dataset = "blobs", samples = ["a"], truth = "gold" }
"""

SUITE = """
schema = 1
id = "toy"
version = 1
title = "Toy | suite"
source = "table 0"
metrics = ["map.gonuclear", "arand.elf", "count.pred"]
spread_over = "samples"
[tiers.smoke]
data = [{ dataset = "blobs" }]
[tiers.mini]
data = [{ dataset = "blobs", samples = ["a"] }]
data_note = "one sample"
[[rows]]
id = "truth"
group = "controls"
stages = [{ id = "truth" }]
[[rows]]
id = "otsu"
label = "Otsu"
stages = [{ id = "otsu-components" }]
published = { "map.gonuclear" = { mean = 78.33, sd = 1.73, unit = "percent" } }
[[claims]]
id = "best"
sentence = "the truth beats Otsu"
where = "section 1"
rule = { kind = "ranks above", better = ["truth"], worse = ["otsu"] }
"""

DATA_TABLE = """
schema = 1
id = "facts"
version = 1
title = "Facts"
kind = "data-table"
table = "dataset-summary"
[tiers.smoke]
[[data_rows]]
id = "blobs"
dataset = "blobs"
sample = "a"
label = "gold"
values = { count = 3, shape = [48, 48] }
"""


class Cli:
    """Runs the command line in this process, in the folder of a project."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        self._capture.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = self._capture.readouterr()
        return code, out, err

    def json(self, *arguments: str | Path) -> Any:
        """Return what a successful command printed, as a value."""
        code, out, err = self(*arguments)
        assert code == 0, err
        return json.loads(out)

    def decide_claims(self) -> None:
        """Give the data a third sample: two decide no claim."""
        path = self.folder / "datasets.toml"
        two = "samples.b = { parameters = { seed = 2 } }"
        path.write_text(path.read_text().replace(two, f"{two}\nsamples.c = {{ parameters = {{ seed = 3 }} }}"))

    def store(self, results: str = "runs", tier: str = "smoke") -> Store:
        """Return the store of the suite."""
        return Store(self.folder / results, "toy", 1, tier)  # type: ignore[arg-type]

    def rewrite(self, change: Callable[[dict[str, Any]], dict[str, Any] | None], results: str = "runs") -> None:
        """Change the lines of scores.jsonl, as if they had been written so; None drops a line."""
        path = self.store(results).scores_path
        changed = (change(json.loads(line)) for line in path.read_text().splitlines())
        records = (read_record(line, path.name) for line in changed if line is not None)
        path.write_text("".join(f"{replace(record, checksum='').to_line()}\n" for record in records))

    def fake_records(self, score: float = 0.5, results: str = "runs", tier: str = "smoke") -> tuple[Record, ...]:
        """Write a record for every cell of the suite without running anything."""
        project = Project.find(self.folder)
        with self.store(results, tier).open() as writer:
            for cell in project.cells(project.suite("toy"), tier):  # type: ignore[arg-type]
                value = 1.0 if cell.row == "truth" else score
                writer.add(record_of(cell, {"map.gonuclear": value, "arand.elf": 1 - value, "count.pred": 7.0}))
            writer.add_environment("f00d", {"python": "3.11 <b>"})
        return self.store(results, tier).records()


def make_project(folder: Path) -> Path:
    """Write the catalogue and the suite and return the folder."""
    (folder / "suites").mkdir()
    (folder / "datasets.toml").write_text(CATALOGUE)
    (folder / "suites" / "toy.toml").write_text(SUITE)
    return folder
