"""Suites: TOML in, validated rows and ordered cells out."""

from __future__ import annotations

from harness.suite.check import check_suite
from harness.suite.expand import expand
from harness.suite.load import load_suite, suite_paths
from harness.suite.planning import Plan, plan, same_rows
from harness.suite.recipes import recipe_data, recipe_of, recipe_problems, recipe_spec, weights_hash
from harness.suite.schema import ClaimSpec, DataRowSpec, Published, TierSpec, suite_json_schema
from harness.suite.suite import Row, StageUse, Suite

__all__ = [
    "ClaimSpec",
    "DataRowSpec",
    "Plan",
    "Published",
    "Row",
    "StageUse",
    "Suite",
    "TierSpec",
    "check_suite",
    "expand",
    "load_suite",
    "plan",
    "recipe_data",
    "recipe_of",
    "recipe_problems",
    "recipe_spec",
    "same_rows",
    "suite_json_schema",
    "suite_paths",
    "weights_hash",
]
