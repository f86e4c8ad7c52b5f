"""What the mutation test changes, which tests it runs, and which survivors are left aside."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tests.mutation import ROOT, Listed, left_aside, modules, own_tests


@pytest.fixture
def configured() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]


def test_every_module_that_is_changed_has_tests_of_its_name(configured: dict[str, Any]) -> None:
    found = modules(configured, [])
    assert "harness.statistics.intervals" in found
    assert "harness.metrics.surfaces.search" in found
    assert "harness.metrics.kernel" not in found
    assert [module for module in found if not (ROOT / own_tests(module)).is_file()] == []


def test_a_name_stands_for_what_lies_below_it(configured: dict[str, Any]) -> None:
    assert modules(configured, ["harness.metrics.errors"]) == ["harness.metrics.errors"]
    assert len(modules(configured, ["harness.statistics"])) > 4


def test_survivors_and_tests_that_are_listed_are_of_modules_that_are_changed(configured: dict[str, Any]) -> None:
    listed, found = Listed.read(), modules(configured, [])
    assert all(name.rpartition(".")[0] in found for name in listed.survivors)
    assert all((ROOT / test.partition("::")[0]).exists() for module in found for test in listed.further(module))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('title="mean of images",', 'title="XXmean of imagesXX",', "words"),
        ('title="mean of images",', 'title="MEAN OF IMAGES",', "words"),
        ('title="mean of images",', "title=None,", ""),
        ('unit="px",', 'unit="PX",', ""),
        ("count = 1", "count = 2", ""),
        ("zip(a, b, strict=True)", "zip(a, b, )", "strict"),
        ("zip(a, b, strict=True)", "zip(a, b, strict=False)", "strict"),
        ("zip(a, b, strict=True)", "zip(a, None, strict=True)", ""),
        ('f("a b", x)', 'f("a b", y)', ""),
    ],
)
def test_changes_of_words_and_of_guards_are_left_aside(old: str, new: str, expected: str) -> None:
    assert (
        left_aside(f"# name: survived\n--- one\n+++ other\n@@ -1 +1 @@\n def f():\n-    {old}\n+    {new}\n")
        == expected
    )
