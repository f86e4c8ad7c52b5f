from __future__ import annotations

from harness.claims import Group
from tests.claims.groups import rule


def test_entries_print_the_same() -> None:
    declared = rule(kind="equal published", entries=["a", "other/b"])
    assert declared.named() == ("a",)
    same = Group("mean", {"a": 70.1 / 100, "other/b": 0.701}, "higher")
    other = Group("mean", {"a": 0.7, "other/b": 0.71}, "higher")
    assert [one.is_true_of_means for one in declared.contrasts(same)] == [True]
    assert [(one.is_true_of_means, one.problem) for one in declared.contrasts(other)] == [
        (False, "the printed mean differs")
    ]
