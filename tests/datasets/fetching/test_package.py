from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.datasets import load_catalogue
from harness.datasets.fetching.package import package_file, package_folder
from harness.errors import DataError


@pytest.fixture
def stardist() -> Path:
    folder = package_folder("stardist")
    if folder is None:
        pytest.skip("stardist is not installed")
    return folder


def test_a_package_that_is_not_installed() -> None:
    assert package_folder("no_such_package") is None
    with pytest.raises(DataError, match="package 'no_such_package' is not installed; pip install it"):
        package_file("no_such_package", "a", "pip install it")


def test_a_file_that_the_package_lacks() -> None:
    with pytest.raises(DataError, match=r"package 'harness' in .* has no file 'data.tif'"):
        package_file("harness", "data.tif", "")


def test_dotted_packages_are_refused() -> None:
    with pytest.raises(DataError, match="only top-level"):
        package_folder("harness.datasets")


def test_the_wheel_carries_two_images(stardist: Path) -> None:
    catalogue = load_catalogue()
    flat, stack = (catalogue.dataset(name).load("whole") for name in ("stardist-2d", "stardist-3d"))
    assert (flat.image.axes, flat.image.array.shape) == ("YX", (512, 512))
    assert (stack.image.axes, stack.image.array.shape) == ("ZYX", (31, 61, 57))
    assert len(np.unique(flat.labels["gold"].array)) - 1 == 125
    assert len(np.unique(stack.labels["gold"].array)) - 1 == 51


def test_nothing_of_the_package_is_imported(stardist: Path) -> None:
    code = (
        "import sys\nfrom harness.datasets import load_catalogue\n"
        "load_catalogue().dataset('stardist-2d').load('test')\n"
        "assert not {'stardist', 'tensorflow', 'csbdeep', 'torch', 'skimage'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
