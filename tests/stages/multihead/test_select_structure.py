from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from tests.stages.chains import make, run

NAMES = ("nuclei:foreground", "nuclei:boundary", "a/b:foreground", "a/b:boundary")
STRUCTURES = Volume(np.linspace(0, 1, 4 * 6, dtype=np.float32).reshape(4, 2, 3), "CYX", None, NAMES)


def test_one_structure_becomes_the_probability() -> None:
    made = run([make("select-structure", structure="a/b")], {"structures": STRUCTURES})["probability"]
    np.testing.assert_array_equal(made.array, STRUCTURES.array[2:])
    assert made.channels == ("foreground", "boundary")


def test_an_unknown_structure_is_told_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no structure 'nucleus'.*nuclei"):
        run([make("select-structure", structure="nucleus")], {"structures": STRUCTURES})
