"""What a file says of what is compared, laid over what the data declare."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.model import Scope
from harness.suite.compared import Compared, IgnoreImage, ignored

DECLARED = Scope("ambiguous", sparse=True)


def test_what_is_not_said_is_as_declared() -> None:
    assert Compared().scope() == Scope()
    assert Compared().scope(DECLARED) == DECLARED
    assert Compared(ignore=False, sparse=False).scope(DECLARED) == Scope()
    said = Compared.model_validate({"ignore": 255, "border": "drop", "border_px": 2})
    assert said.scope(DECLARED) == Scope(255, "drop", 2, sparse=True)


def test_a_value_and_a_label_image_are_told_apart() -> None:
    assert (ignored(0), ignored(255), ignored(None), ignored(False)) == (0, 255, None, None)
    assert ignored(IgnoreImage(image="mask")) == "mask"


@pytest.mark.parametrize(
    "said",
    [
        {"ignore": True}, {"ignore": 2.0}, {"ignore": "mask"}, {"ignore": {"label": "mask"}}, {"border": "cut"},
        {"border_px": 0}, {"sparse": "yes"},
    ],
)  # fmt: skip
def test_anything_else_is_refused(said: dict) -> None:
    with pytest.raises(ValidationError):
        Compared.model_validate(said)
