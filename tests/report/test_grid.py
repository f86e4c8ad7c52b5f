from __future__ import annotations

import shutil
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

import harness
from harness.cli.main import main
from harness.model import Volume
from harness.project import Project
from harness.report.grid import embedding_colours, image_colours, object_colours
from harness.suite import Selection
from tests.stages.embedding.embeddings import quarters

SUITE = """
schema = 1
id = "pictures"
version = 1
title = "Clusterings to draw"
metrics = ["count.pred", "ap50.gonuclear", "ap75.gonuclear", "ap80.gonuclear"]
[tiers.smoke]
data = [{ dataset = "phantom-embedding-2d", samples = ["small-1", "test-1"] }]
truth = "gold"
[[matrix]]
id = "{cluster}-{n}"
stages = [{ id = "embedding-from-image" }, { id = "pca", components = "{n}" }, { id = "{cluster}" }]
[matrix.axes]
n = [3, 5]
cluster = ["embedding-mutex-watershed", "mean-shift-fast"]
[[rows]]
id = "no-embedding"
channels = ["f-01"]
stages = [{ id = "otsu-components" }]
[[figures]]
id = "counts"
x = "n"
lines = "cluster"
y = "count.pred"
[[figures]]
id = "curve"
x = "threshold"
y = "ap.gonuclear"
"""


def test_an_object_has_the_colour_of_what_it_covers() -> None:
    truth = np.array([[1, 1, 1, 0], [2, 2, 2, 0]])
    labels = np.array([[7, 7, 5, 4], [9, 9, 9, 0]])
    own, made = object_colours(truth, truth), object_colours(labels, truth)
    np.testing.assert_array_equal(made[0, 0], own[0, 0])
    np.testing.assert_array_equal(made[1, 0], own[1, 0])
    assert (made[0, 2] < own[0, 0]).all()
    assert made[0, 2].argmax() == own[0, 0].argmax()
    assert len(set(made[0, 3])) == 1
    assert made[1, 3].tolist() == [0, 0, 0]
    assert not object_colours(np.zeros((2, 2), int), truth[:, :2]).any()


def test_an_embedding_becomes_colours() -> None:
    project = Project.find(Path(__file__).parent)
    volume, truth = quarters(channels=4)
    colours = embedding_colours(project, volume)
    assert colours.shape == (16, 20, 3)
    for one in range(1, 5):
        assert np.ptp(colours[truth == one].astype(int), axis=0).max() < 60
    assert embedding_colours(project, Volume(volume.array[:2], "CYX"))[..., 2].max() == 0


def test_images_of_three_channels_are_colours() -> None:
    array = np.random.default_rng(0).random((3, 4, 5))
    assert len(np.unique(image_colours(Volume(array, "CYX")).reshape(-1, 3), axis=0)) > 10
    grey = image_colours(Volume(array[0], "YX"))
    assert (grey == grey[..., :1]).all()
    assert image_colours(Volume(array, "ZYX")).shape == (4, 5, 3)


def test_a_grid_of_a_figure_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    suite, results = tmp_path / "pictures.toml", tmp_path / "results"
    suite.write_text(SUITE, encoding="utf-8")
    project = Project.find(Path(__file__).parent)
    few = Selection.of(rows=["embedding-mutex-watershed-3", "no-embedding"])
    harness.run(suite, results=results, project=project, only=few)

    def draw(*options: str) -> tuple[int, str]:
        code = main(["picture", str(suite), "--results", str(results), *options])
        return code, "".join(capsys.readouterr())

    sample = ["--sample", "small-1"]
    code, said = draw(*sample, "--to", str(tmp_path / "a.png"), "--figure", "counts")
    assert code == 3
    assert "mean-shift-fast-5 on phantom-embedding-2d/small-1: not run" in said
    assert imageio.imread(tmp_path / "a.png").std() > 10
    harness.run(suite, results=results, project=project)
    capsys.readouterr()
    assert draw(*sample, "--to", str(tmp_path / "b.svg"), "--figure", "counts") == (0, f"{tmp_path / 'b.svg'}\n")
    assert draw(*sample, "--to", str(tmp_path / "c.png"), "--row", "no-embedding")[0] == 0
    shutil.rmtree(tmp_path / "cache" / "stages")
    code, said = draw(*sample, "--to", str(tmp_path / "c.png"), "--figure", "counts")
    assert code == 3
    assert "its embedding is not in the cache" in said
    for options, reason in (
        (["--to", "a.gif", *sample], "unknown ending '.gif'; accepted: .png, .svg"),
        (["--to", "a.png"], "cells of 2 samples"),
        (["--to", "a.png", *sample, "--figure", "count"], "did you mean 'counts'"),
        (["--to", "a.png", *sample, "--figure", "curve"], "is drawn over thresholds"),
    ):
        code, said = draw(*options)
        assert code == 2
        assert reason in said
    assert draw(*sample, "--to", str(tmp_path / "a.png" / "b.png"))[0] == 2
