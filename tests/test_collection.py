from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress

import pytest

from harness.collection import without_collection


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


@pytest.mark.parametrize("was_enabled", [True, False])
def test_the_search_is_off_inside_and_as_it_was_afterwards(was_enabled: bool) -> None:
    (gc.enable if was_enabled else gc.disable)()
    with suppress(KeyError), without_collection():
        assert not gc.isenabled()
        with without_collection():
            pass
        assert not gc.isenabled(), "what lies inside does not turn it on for what is around it"
        raise KeyError
    assert gc.isenabled() == was_enabled


def test_a_function_may_be_decorated() -> None:
    gc.enable()
    made = without_collection()(gc.isenabled)
    assert [made(), made(), gc.isenabled()] == [False, False, True]
