from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.project import Project
from harness.submission import asked_samples, chosen_tier
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


def test_a_tier_is_the_suites_own_by_default(cli: Cli) -> None:
    (cli.folder / "suites" / "facts.toml").write_text(DATA_TABLE)
    project = Project.find(cli.folder)
    assert chosen_tier(project.suite("toy"), None) == "smoke"
    with pytest.raises(ConfigError, match="suite 'toy' has no tier 'paper'"):
        chosen_tier(project.suite("toy"), "paper")
    with pytest.raises(ConfigError, match="is a data table"):
        chosen_tier(project.suite("facts"), None)
