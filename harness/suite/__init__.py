"""Suites: TOML in, validated rows and ordered cells out."""

from __future__ import annotations

from harness.suite.check import catalogue_problems, check_suite
from harness.suite.expand import expand
from harness.suite.filters import EVERYTHING, Selection
from harness.suite.load import load_suite, read_suite, shared_paths, suite_paths
from harness.suite.recipes import recipe_bases, recipe_data, recipe_of, recipe_problems, recipe_spec, weights_hash
from harness.suite.schema import ClaimSpec, DataRowSpec, Published, TierSpec, shared_json_schema, suite_json_schema
from harness.suite.shared import read_shared
from harness.suite.suite import Row, StageUse, Suite

__all__ = [
    "EVERYTHING",
    "ClaimSpec",
    "DataRowSpec",
    "Published",
    "Row",
    "Selection",
    "StageUse",
    "Suite",
    "TierSpec",
    "catalogue_problems",
    "check_suite",
    "expand",
    "load_suite",
    "read_shared",
    "read_suite",
    "recipe_bases",
    "recipe_data",
    "recipe_of",
    "recipe_problems",
    "recipe_spec",
    "shared_json_schema",
    "shared_paths",
    "suite_json_schema",
    "suite_paths",
    "weights_hash",
]
