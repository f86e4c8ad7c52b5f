"""Each library that is here agrees with the harness; `python -m tests.oracles` compares on a thousand pairs."""

from __future__ import annotations

import pytest

from tests.oracles.comparison import compared_pairs, compared_sets
from tests.oracles.images import cases, sets
from tests.oracles.libraries import LIBRARIES, Library

pytestmark = [pytest.mark.oracle, pytest.mark.slow]
PAIRS, SETS = 120, 12


@pytest.fixture(params=LIBRARIES, ids=lambda library: library.name)
def library(request: pytest.FixtureRequest) -> Library:
    if request.param.absent:
        pytest.skip(request.param.absent)
    return request.param


def test_pairs_agree(library: Library) -> None:
    worst = compared_pairs(library, cases(PAIRS))
    assert worst
    assert {name: one.examples[:3] for name, one in worst.items() if one.examples} == {}


def test_sets_agree(library: Library) -> None:
    if library.together is None:
        pytest.skip(f"{library.name} scores no sets")
    worst = compared_sets(library, sets(SETS))
    assert worst
    assert {name: one.examples[:3] for name, one in worst.items() if one.examples} == {}
