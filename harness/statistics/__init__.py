"""Statistics of benchmarks as pure functions: summaries, intervals, paired tests and ranks."""

from __future__ import annotations

from harness.statistics.concordance import kendall_tau
from harness.statistics.intervals import (
    BOOTSTRAP_UNITS,
    LEAST_UNITS,
    Interval,
    Side,
    mean_interval,
    nested_interval,
)
from harness.statistics.ranks import Ranked, Ranking, rank_rows
from harness.statistics.resampling import RESAMPLES, Path
from harness.statistics.significance import holm, paired_difference, paired_increase, sign_flips, unpaired_increase
from harness.statistics.summaries import Summary, summarise

__all__ = [
    "BOOTSTRAP_UNITS",
    "LEAST_UNITS",
    "RESAMPLES",
    "Interval",
    "Path",
    "Ranked",
    "Ranking",
    "Side",
    "Summary",
    "holm",
    "kendall_tau",
    "mean_interval",
    "nested_interval",
    "paired_difference",
    "paired_increase",
    "rank_rows",
    "sign_flips",
    "summarise",
    "unpaired_increase",
]
