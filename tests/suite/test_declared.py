"""What a method card says of training data, held against what is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bundles import MethodCard
from harness.datasets import load_catalogue
from harness.suite.declared import declared_contamination
from tests.cli.project import CATALOGUE

BLOBS = """
[datasets.{name}]
kind = "generated"
title = "Blobs"
licence = "CC0"
citation = "tests"
generator = "nuclei-2d"
parameters = {{ shape = [48, 48], spacing_um = [0.3, 0.3], diameter_um = 4.0 }}
{more}
samples.a = {{ parameters = {{ seed = {seed} }} }}
"""


@pytest.mark.parametrize(
    ("training_data", "outcome", "reason"),
    [
        (("none",), "clean", ""),
        (("other",), "clean", ""),
        (("twin/a", "blobs/b"), "overlapping", "on 'twin/a': its sample 'a' of dataset 'twin' is tested as 'blobs/a'"),
        (("twin",), "overlapping", "on 'twin': its sample 'a' of dataset 'twin' is tested as 'blobs/a' (equal hashes)"),
        (("blobs/b",), "clean", ""),
        (("blobs/a", "images of mine"), "overlapping", "tested as 'blobs/a' (the same sample)"),
        (("blobs/absent",), "unknown", "not in the catalogue"),
        (("blobs",), "unknown", "perhaps on what is tested"),
        (("pictures",), "unknown", "perhaps on what is tested"),
        (("sibling",), "unknown", "both come from pictures"),
        (("other", "images of mine"), "unknown", "not in the catalogue"),
    ],
)
def test_three_values(tmp_path: Path, training_data: tuple[str, ...], outcome: str, reason: str) -> None:
    tested = CATALOGUE.replace('generator = "nuclei-2d"', 'generator = "nuclei-2d"\ncollections = ["pictures"]', 1)
    shared = 'collections = ["pictures"]'
    more = "".join(
        BLOBS.format(name=name, more=said, seed=seed)
        for name, said, seed in (("other", "", 8), ("twin", "", 1), ("sibling", shared, 9))
    )
    (tmp_path / "datasets.toml").write_text(tested + more)
    catalogue = load_catalogue(tmp_path / "datasets.toml")
    card = MethodCard(id="mine", title="Mine", licence="MIT", training_data=training_data)
    found = declared_contamination(catalogue, card, "blobs", "a")
    assert (found.outcome, reason in found.reason) == (outcome, True)
