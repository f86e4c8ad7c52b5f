from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.suite import Suite
from tests.helpers import SUITE, temp_project

FULL = SUITE.replace(
    'title = "Demonstration"',
    """title = "Demonstration"
source = "table 1"
primary = "arand.toy"
default_tier = "paper"
repeats = 2
seed_group = "chapter"
spread_ddof = 0
spread_over = "samples"
tolerance = { "map.toy" = 0.01 }
timing = { warmup = 1, repeats = 3 }
limits = { deadline_s = 60, memory_gb = 2 }
verdict = { tolerance = 0.01, spreads = 2 }""",
).replace(
    "[tiers.paper]",
    """[tiers.paper]
repeats = 5
timing = { repeats = 9 }
limits = { deadline_s = 3600.0 }""",
)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return temp_project(tmp_path).suite(FULL)


@pytest.fixture
def plain(tmp_path: Path) -> Suite:
    return temp_project(tmp_path).suite()


def test_declared_values(suite: Suite) -> None:
    assert (suite.id, suite.version, suite.title, suite.source, suite.kind) == (
        "demo", 1, "Demonstration", "table 1", "scores",
    )  # fmt: skip
    assert (suite.primary, suite.default_tier, suite.seed_group) == ("arand.toy", "paper", "chapter")
    assert (suite.file.spread_ddof, suite.spread_over, suite.file.tolerance) == (0, "samples", {"map.toy": 0.01})
    assert (suite.file.verdict.tolerance, suite.file.verdict.spreads) == (0.01, 2)
    assert suite.path.name == "demo.toml"


def test_a_tier_overrides_repeats_timing_and_limits(suite: Suite) -> None:
    assert (suite.repeats_of("smoke", suite.rows[0]), suite.repeats_of("paper", suite.rows[0])) == (2, 5)
    timing = {tier: suite.timing_of(tier, suite.rows[0]) for tier in suite.tiers}
    limits = {tier: suite.limits_of(tier, suite.rows[0]) for tier in suite.tiers}
    assert (timing["smoke"].warmup, timing["paper"].repeats) == (1, 9)
    assert (limits["smoke"].memory_gb, limits["paper"].deadline_s) == (2, 3600)


def test_the_tier_of_a_row_says_what_its_cells_may_take(tmp_path: Path) -> None:
    own = "[rows.tiers.smoke]\nlimits = { deadline_s = 7.0 }\ntiming = { repeats = 4 }\n"
    suite = temp_project(tmp_path).suite(f"{FULL}\n{own}")
    first, last = suite.rows[0], suite.rows[-1]
    assert (suite.limits_of("smoke", last).deadline_s, suite.limits_of("smoke", last).memory_gb) == (7.0, 16.0)
    assert (suite.timing_of("smoke", last).warmup, suite.timing_of("smoke", last).repeats) == (0, 4)
    assert (suite.limits_of("smoke", first).memory_gb, suite.timing_of("smoke", first).warmup) == (2, 1)
    assert suite.limits_of("paper", last) == suite.limits_of("paper", first)


def test_defaults(plain: Suite) -> None:
    assert (plain.primary, plain.default_tier, plain.seed_group) == ("map.toy", "smoke", "demo")
    assert (plain.file.table, plain.data_rows, plain.claims) == (None, (), ())


def test_rows(plain: Suite) -> None:
    net = plain.row("net")
    assert (net.label, plain.row("otsu").label, net.group, net.availability) == ("Network", "otsu", "", "")
    assert plain.published == {"net": net.published}
    assert net.overrides("smoke").stages == {}


def test_unknown_row_and_tier(plain: Suite) -> None:
    with pytest.raises(ConfigError, match="suite 'demo' has no row 'ent'; did you mean 'net'"):
        plain.row("ent")
    with pytest.raises(ConfigError, match="suite 'demo' has no tier 'mini'; it has: smoke, paper"):
        plain.tier("mini")
