from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from harness.suite.schema import Published, SuiteFile, shared_json_schema, suite_json_schema


def objects(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a JSON schema with its title."""
    yield schema["title"], schema
    yield from schema["$defs"].items()


@pytest.mark.parametrize("file", [suite_json_schema, shared_json_schema])
def test_every_key_is_described(file: Callable[[], dict[str, Any]]) -> None:
    for title, schema in objects(file()):
        for name, key in schema.get("properties", {}).items():
            assert key.get("description") or name == "kind", f"{title}.{name}"


@pytest.mark.parametrize("file", [suite_json_schema, shared_json_schema])
def test_schema_is_json_and_forbids_unknown_keys(file: Callable[[], dict[str, Any]]) -> None:
    schema = file()
    json.dumps(schema)
    assert all(one["additionalProperties"] is False for _, one in objects(schema))
    assert "schema" in schema["properties"]


def test_what_a_shared_file_or_a_method_gives_need_not_be_written() -> None:
    schema = suite_json_schema()
    assert schema["required"] == ["schema", "id", "version", "title"]
    assert schema["anyOf"] == [{"required": ["shared"]}, {"required": ["tiers"]}]
    row = schema["$defs"]["RowSpec"]
    assert "required" not in row
    assert row["anyOf"] == [{"required": ["method"]}, {"required": ["id", "stages"]}]


def test_a_shared_file_holds_no_printed_values() -> None:
    schema = shared_json_schema()
    assert {"metrics", "tiers", "methods"} <= set(schema["properties"])
    assert not {"id", "rows", "claims", "shared"} & set(schema["properties"])
    assert "published" not in schema["$defs"]["MethodSpec"]["properties"]


def test_percent_becomes_a_fraction() -> None:
    mean, sd = Published(mean=78.33, sd=1.73, unit="percent").in_metric_unit()
    assert mean == pytest.approx(0.7833)
    assert sd == pytest.approx(0.0173)


def test_absent_values_stay_absent() -> None:
    assert Published(mean=3, unit="count").in_metric_unit() == (3, None)
    assert Published(illegible=True).in_metric_unit() == (None, None)


MINIMAL: dict[str, Any] = {"schema": 1, "id": "x", "version": 1, "title": "X", "tiers": {"smoke": {}}}


def test_defaults() -> None:
    suite = SuiteFile.model_validate(MINIMAL)
    assert (suite.kind, suite.repeats, suite.spread_ddof, suite.spread_over) == ("scores", 1, 1, "folds")
    assert (suite.timing.warmup, suite.limits.deadline_s) == (0, 3600.0)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"id": "with blank"},
        {"version": 0},
        {"version": "1"},
        {"repeats": "2"},
        {"repeats": True},
        {"tiers": {}},
        {"tiers": {"large": {}}},
        {"spread_ddof": 2},
        {"limits": {"deadline_s": 0}},
        {"limits": {"memory_gb": "8"}},
        {"rows": [{"id": "a", "stages": "otsu"}]},
        {"rows": [{"id": "a", "stages": [], "published": {"m": {"mean": "78"}}}]},
        {"rows": [{"id": "a", "stages": [], "published": {"m": {"mean": 1, "sd": -1}}}]},
        {"claims": [{"id": "c", "sentence": "", "rule": {"kind": "is nice"}}]},
        {"unknown": 1},
    ],
)
def test_wrong_values_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SuiteFile.model_validate({**MINIMAL, **change})
