"""The miniature volumes, made once."""

from __future__ import annotations

import pytest

from tests.integration.volumes import SPACINGS, Ovule, make_ovule


@pytest.fixture(scope="package")
def ovules() -> list[Ovule]:
    return [make_ovule(name) for name in SPACINGS]
