from __future__ import annotations

import pytest

from harness.claims import NamedRow
from harness.errors import ConfigError
from tests.claims.groups import rule

ROWS = [NamedRow(f"{m}-{c}-{n}", {"m": m, "c": c, "n": n}) for m in ("f", "s") for c in ("x", "y") for n in (4, 16)]
ROWS.append(NamedRow("control", {}))


def test_selectors_become_ids_once_for_each_stratum() -> None:
    declared = rule(kind="monotone", rows={"c": "x", "n": "*"}, direction="increasing")
    assert [(name, one.rows) for name, one in declared.bound(ROWS)] == [
        ("m = f", ("f-x-4", "f-x-16")),
        ("m = s", ("s-x-4", "s-x-16")),
    ]


def test_ids_belong_to_every_stratum() -> None:
    declared = rule(kind="ranks above", better=[{"c": "x", "n": 4}, {"c": "y", "n": 4}], worse=["control"])
    assert [one.named() for _, one in declared.bound(ROWS)] == [
        ("f-x-4", "f-y-4", "control"),
        ("s-x-4", "s-y-4", "control"),
    ]


def test_pairs_of_selectors() -> None:
    declared = rule(kind="smaller effect", pairs=[[{"c": "x"}, {"c": "y"}]], than=[["control", {"c": "x"}]])
    assert len(declared.bound(ROWS)) == 4
    assert declared.bound(ROWS)[0][1].pairs == (("f-x-4", "f-y-4"),)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "best", "row": "contrl"}, "unknown row 'contrl'; did you mean 'control'"),
        ({"kind": "best", "row": {"c": "*"}}, "stands for 2 rows where m = f, n = 4; one is needed"),
        ({"kind": "best", "row": {"k": 1}}, "no row has the axis 'k'"),
        ({"kind": "best", "row": {"n": 5}}, "no row has n = 5; accepted: 4, 16"),
    ],
)
def test_rows_that_do_not_exist(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rule(**keys).bound(ROWS)
