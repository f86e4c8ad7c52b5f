from __future__ import annotations

from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.suite.matrix import axis_name, combinations, expand_matrix
from harness.suite.schema import MatrixSpec


def matrix(**keys: Any) -> MatrixSpec:
    return MatrixSpec.model_validate({"id": "{a}", "axes": {"a": [1]}, "stages": [], **keys})


def rows(**keys: Any) -> list[dict[str, Any]]:
    return list(expand_matrix(matrix(**keys)))


def test_bare_placeholders_keep_their_type_and_others_become_text() -> None:
    (row,) = rows(
        id="pca-{n}",
        label="{n} components, {mode}",
        axes={"n": [4], "mode": ["fast"]},
        stages=[{"id": "pca", "components": "{n}", "name": "{n}x", "sizes": ["{n}", 1]}],
    )
    assert row["id"] == "pca-4"
    assert row["label"] == "4 components, fast"
    assert row["stages"] == [{"id": "pca", "components": 4, "name": "4x", "sizes": [4, 1]}]


def test_axes_vary_from_right_to_left() -> None:
    made = rows(id="{a}{b}", axes={"a": ["x", "y"], "b": [1, 2]})
    assert [row["id"] for row in made] == ["x1", "x2", "y1", "y2"]


def test_an_axis_can_hold_stage_tables_and_parts_of_chains() -> None:
    made = rows(
        id="{front}-{back.id}",
        axes={"front": ["raw"], "back": [{"id": "ws", "size": 3}]},
        stages=[{"id": "blur"}, "{back}"],
    )
    assert made == [
        {
            "id": "raw-ws",
            "stages": [{"id": "blur"}, {"id": "ws", "size": 3}],
            "axes": {"front": "raw", "back": "ws"},
        }
    ]
    (spliced,) = rows(axes={"a": ["x"], "part": [[{"id": "one"}, {"id": "two"}]]}, stages=["{part}", {"id": "three"}])
    assert [stage["id"] for stage in spliced["stages"]] == ["one", "two", "three"]


def test_the_fold_is_filled_in_later() -> None:
    (row,) = rows(stages=[{"id": "net", "weights": "{a}/{fold}"}])
    assert row["stages"][0]["weights"] == "1/{fold}"


def test_excluded_combinations_match_on_the_axes_they_name() -> None:
    made = rows(id="{a}{b}", axes={"a": [1, 2], "b": [1, 2]}, exclude=[{"a": 1, "b": 2}, {"a": 2}])
    assert [row["id"] for row in made] == ["11"]


def test_included_combinations_come_last() -> None:
    made = rows(id="{a}{b}", axes={"a": [1], "b": [1]}, include=[{"a": 9, "b": 7}])
    assert [row["id"] for row in made] == ["11", "97"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"axes": {"a": []}}, "axis 'a' has no values"),
        ({"axes": {"fold": [1]}}, "axis 'fold' has a reserved name"),
        ({"exclude": [{"b": 1}]}, "unknown axis 'b'"),
        ({"exclude": [{"a": 5}]}, "matches no combination"),
        ({"axes": {"a": [1], "b": [1]}, "include": [{"a": 1}]}, "lacks the axis 'b'"),
        ({"label": "{componets}", "axes": {"a": [1], "components": [1]}}, "did you mean 'components'"),
        ({"label": "{a.id}"}, "the value 1 has no entry 'id'"),
    ],
)
def test_mistakes(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rows(**keys)


AXES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True), min_size=1
)


@given(AXES, st.data())
def test_number_and_uniqueness_of_combinations(axes: dict[str, list[int]], data: st.DataObject) -> None:
    full = combinations(matrix(axes=axes))
    assert len(full) == prod(len(values) for values in axes.values())
    assert len({tuple(values.items()) for values in full}) == len(full)
    excluded = data.draw(st.sampled_from(full))
    axis = data.draw(st.sampled_from(sorted(axes)))
    kept = combinations(matrix(axes=axes, exclude=[{axis: excluded[axis]}]))
    assert kept == [values for values in full if values[axis] != excluded[axis]]
    assert combinations(matrix(axes=axes, exclude=[{axis: excluded[axis]}], include=[excluded])) == [*kept, excluded]


def test_a_product_that_nobody_can_run_is_refused_before_it_is_made() -> None:
    axes = {name: list(range(100)) for name in "abcdef"}
    with pytest.raises(ConfigError, match=r"100 x 100 x 100 x 100 x 100 x 100 = 1000000000000 rows; at most 10000"):
        rows(id="{a}", axes=axes, stages=[{"id": "blur"}])


@pytest.mark.parametrize(
    ("value", "name"),
    [(3, 3), ("x", "x"), ({"id": "ws", "size": 3}, "ws"), ({"id": "ws", "name": "fine"}, "fine"),
     ([{"id": "a"}, {"id": "b"}], "a+b")],
)  # fmt: skip
def test_what_figures_and_claims_call_a_value(value: object, name: object) -> None:
    assert axis_name(value) == name
