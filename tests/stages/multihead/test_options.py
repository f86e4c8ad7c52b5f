from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ParameterError
from harness.stages.multihead.options import UNetHeadsOptions


def read(**given: Any) -> UNetHeadsOptions:
    return UNetHeadsOptions.read({"inputs": ["clear", "wall"], "outputs": ["nuclei+cell"], **given}, "here")


def test_heads_make_the_network() -> None:
    spec = read(f_maps=[8], levels=2).spec(ndim=3)
    assert (spec.inputs, spec.outputs, spec.base.f_maps) == ((1, 1), (4,), (8, 16))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"f_maps": []}, "'f_maps' is empty"),
        ({"patch": []}, "'patch' is empty"),
        ({"outputs": ["nuclei", "nuclei"]}, "each structure once"),
        ({"term": "dice"}, "accepted: two of nuclei:foreground"),
        ({"term": "dice", "between": ["nuclei:foreground", "walls:boundary"]}, "accepted: two of"),
        ({"term": "square"}, "accepted: one of none, dice"),
        ({"f_maps": [12]}, "groups"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        read(**given)
