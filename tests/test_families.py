"""A family names itself, an example, and the beginning that its names share; registries are tested with it."""

from __future__ import annotations

import pytest

from harness.families import Family


@pytest.mark.parametrize(("name", "stem"), [("top.<number>", "top."), ("top.<number>px", "top."), ("<any>", "")])
def test_names_share_what_stands_before_the_number(name: str, stem: str) -> None:
    assert Family(name, f"{stem}1", lambda asked: asked).stem == stem
