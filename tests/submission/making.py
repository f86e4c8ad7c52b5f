"""A bundle of a small project, made as an author makes one: Otsu run by other code on the images given out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.cli.project import Cli

CARD = """
id = "mine"
title = "My method"
licence = "MIT"
training_data = "none"
"""


def segmented(image: np.ndarray) -> np.ndarray:
    """Return labels of bright blobs, by scikit-image alone."""
    from skimage.filters import threshold_otsu
    from skimage.measure import label

    return label(image > threshold_otsu(image)).astype(np.uint16)  # type: ignore[no-untyped-call]


@pytest.fixture
def predictions(cli: Cli) -> Path:
    """A folder of label images, one a sample, and beside it a card `mine.toml`."""
    assert cli("images", "toy", "--to", "images")[0] == 0
    folder = cli.folder / "labels"
    folder.mkdir()
    for path in sorted((cli.folder / "images").iterdir()):
        tifffile.imwrite(folder / path.name, segmented(tifffile.imread(path)))
    (cli.folder / "mine.toml").write_text(CARD)
    return folder


@pytest.fixture
def bundle(cli: Cli, predictions: Path) -> Path:
    """The bundle of those label images."""
    code, out, err = cli("submit", predictions, "--suite", "toy", "--method", "mine.toml", "--out", "mine.zip")
    assert code == 0, err
    assert out.strip() == "mine.zip"
    return cli.folder / "mine.zip"
