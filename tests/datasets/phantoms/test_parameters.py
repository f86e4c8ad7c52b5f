from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.datasets.phantoms.parameters import PhantomParameters


def test_parameters_have_defaults_and_bounds() -> None:
    assert PhantomParameters(shape=(8, 8)).density == 0.8
    for wrong in ({"shape": (0, 8)}, {"spacing_um": (0.0,)}, {"density": 1.1}, {"crowding": 0.0}, {"seed": -1}):
        with pytest.raises(ValidationError):
            PhantomParameters.model_validate(wrong)
