from __future__ import annotations

import pytest

from tests.cli.project import Cli


def test_a_stage_with_what_its_parameters_mean(cli: Cli) -> None:
    code, out, _ = cli("show", "stage", "stardist-2d")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("n_rays"))
    assert line.split()[:2] == ["n_rays", "32"]
    assert line.endswith("directions of the star-convex shape")
    patch = next(line for line in out.splitlines() if line.startswith("patch "))
    assert "training" in patch
    assert patch.endswith("[px]")
    found = cli.json("show", "stage", "stardist-2d", "--json")
    assert found["reads"] == ["image"]
    assert {"name", "default", "help", "accepted"} <= set(found["parameters"][0])


def test_a_metric_and_a_dataset(cli: Cli) -> None:
    metric = cli.json("show", "metric", "arand.cremi", "--json")
    assert metric["definition"]
    assert metric["sparse"].startswith("sparse safe")
    assert metric["undefined"] == "a mean is undefined where one image is"
    assert metric["edge_cases"][0] == ["both empty", "undefined"]
    code, out, _ = cli("show", "metric", "voi.sum")
    assert code == 0
    assert "lower is better" in out
    assert "range        0, inf" in out
    assert "2 merged into 1" in out.split("edge case")[1]
    found = cli.json("show", "dataset", "blobs", "--json")
    assert (found["samples"], found["usable"]) == (2, "yes")
    code, out, _ = cli("show", "dataset", "absent")
    assert code == 0
    assert "usable" in out


@pytest.mark.parametrize("kind", ["stage", "metric", "dataset"])
def test_an_unknown_name_has_a_nearest_one(cli: Cli, kind: str) -> None:
    name = {"stage": "otsu", "metric": "map.gonucler", "dataset": "blob"}[kind]
    code, _, err = cli("show", kind, name)
    assert (code, "did you mean" in err) == (2, True)
