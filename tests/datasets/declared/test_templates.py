from __future__ import annotations

import pytest

from harness.datasets.declared.templates import as_tuple, fill
from harness.errors import ConfigError


def test_fill_replaces_every_field() -> None:
    assert fill("{id}/{id}_{kind}.tif", {"id": "1135", "kind": "n"}) == "1135/1135_n.tif"


def test_fill_leaves_other_braces_alone() -> None:
    assert fill("{0}[!{]{id.x}", {"id": "a"}) == "{0}[!{]{id.x}"


def test_fill_names_an_unknown_field() -> None:
    with pytest.raises(ConfigError, match=r"no value for '\{ids\}'; did you mean 'id'\?"):
        fill("{ids}.tif", {"id": "1"})


def test_as_tuple() -> None:
    assert as_tuple("") == ()
    assert as_tuple("a") == ("a",)
    assert as_tuple(("a", "b")) == ("a", "b")
