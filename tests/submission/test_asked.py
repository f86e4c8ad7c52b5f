from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.errors import ConfigError
from harness.model import DataSelection, Scope, ScoredPair, Volume
from harness.project import Project
from harness.registry import Entry
from harness.submission import Asked, asked_samples, chosen_tier
from tests.cli.project import DATA_TABLE, Cli


def test_every_test_sample_is_asked_for_once(cli: Cli) -> None:
    project = Project.find(cli.folder)
    asked = asked_samples(project, project.suite("toy"), "smoke")
    assert [str(one) for one in asked] == ["blobs/a", "blobs/b"]
    first = asked[0]
    assert first.image.grid == first.truth.grid
    assert first.image_hash != asked[1].image_hash
    assert first.scores(first.truth).values["map.gonuclear"] == 1.0


def test_rows_that_are_compared_otherwise_have_to_be_chosen_from(cli: Cli) -> None:
    path = cli.folder / "suites" / "toy.toml"
    path.write_text(path.read_text().replace('label = "Otsu"', 'label = "Otsu"\nborder = "drop"'))
    project = Project.find(cli.folder)
    suite = project.suite("toy")
    with pytest.raises(ConfigError, match=r"rows read sample 'blobs/a' in 2 ways; say with --row .*otsu, truth"):
        asked_samples(project, suite, "smoke")
    assert asked_samples(project, suite, "smoke", "otsu")[0].pair.scope.border == "drop"
    with pytest.raises(ConfigError, match="did you mean 'otsu'"):
        asked_samples(project, suite, "smoke", "otus")


def test_labels_are_scored_beside_what_the_data_ignore_and_by_metrics_of_the_project(cli: Cli) -> None:
    project = Project.find(cli.folder)
    truth, unsure, labels = (
        Volume(np.array([row], np.uint8), "YX") for row in ([1, 1, 0, 2], [0, 0, 0, 1], [1, 1, 0, 0])
    )
    sample = SimpleNamespace(labels={"gold": truth, "unsure": unsure})
    catalogue = SimpleNamespace(dataset=lambda _: SimpleNamespace(load=lambda *_, **__: sample))
    metrics = project.metrics.copy()
    found = replace(metrics.get("recall.50"), id="recall.own")
    pair = ScoredPair("", "labels", "truth", ("recall.50", "recall.own"), scope=Scope("unsure"))
    metrics.add(Entry(found.id, found, "a plug-in"))
    asked = Asked(DataSelection("blobs", (), "gold", "gold"), "a", pair, catalogue, metrics)  # type: ignore[arg-type]
    assert asked.scores(labels).values == {"recall.50": 1.0, "recall.own": 1.0}
    everything = replace(asked, pair=replace(pair, scope=Scope()))
    assert everything.scores(labels).values == {"recall.50": 0.5, "recall.own": 0.5}


def test_a_tier_is_the_suites_own_by_default(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    project = Project.find(cli.folder)
    assert chosen_tier(project.suite("toy"), None) == "smoke"
    with pytest.raises(ConfigError, match="suite 'toy' has no tier 'paper'"):
        chosen_tier(project.suite("toy"), "paper")
    with pytest.raises(ConfigError, match="is a data table"):
        chosen_tier(project.suite("facts"), None)
