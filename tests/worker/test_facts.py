from __future__ import annotations

import math

import numpy as np
import pytest

from harness.errors import ChainError
from harness.worker.facts import MOST_FACTS, Facts


def test_the_last_number_of_a_name_stays_and_busy_seconds_add_up() -> None:
    facts = Facts("s")
    assert (facts.busy_s, facts.numbers()) == (None, {})
    for name, value in (("b", np.float32(0.5)), ("a", np.int64(3)), ("b", 0.25), ("busy_s", 1.0), ("busy_s", 0.5)):
        facts.report(name, value)
    assert facts.numbers() == {"a": 3, "b": 0.25}
    assert [type(value) for value in facts.numbers().values()] == [int, float]
    assert facts.busy_s == 1.5


@pytest.mark.parametrize("value", [math.nan, math.inf, "1", None, True, [1]])
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ChainError, match=r"stage 's' reported 'x' as .*; accepted: a finite number"):
        Facts("s").report("x", value)  # type: ignore[arg-type]


def test_names_are_names_and_facts_are_few() -> None:
    facts = Facts("s")
    with pytest.raises(ChainError, match="accepted: a name like 'best_epoch'"):
        facts.report("best epoch\n", 1)
    for number in range(MOST_FACTS):
        facts.report(f"x{number}", number)
    with pytest.raises(ChainError, match="more than 100 facts"):
        facts.report("one_more", 1)
