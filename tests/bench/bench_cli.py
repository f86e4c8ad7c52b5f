"""Start-up of the command line beside that of the bare interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = 15
LIMIT_S = 0.5
"""`harness --help` takes less than this."""


def _start(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.benchmark(group="start-up")
def test_interpreter(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(_start, args=("-c", "pass"), rounds=ROUNDS, warmup_rounds=2)


@pytest.mark.benchmark(group="start-up")
def test_help(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(_start, args=("-m", "harness", "--help"), rounds=ROUNDS, warmup_rounds=2)
    benchmark.extra_info["limit_s"] = LIMIT_S
    benchmark.extra_info["within_limit"] = benchmark.stats.stats.median < LIMIT_S


@pytest.mark.benchmark(group="start-up")
def test_version(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(_start, args=("-m", "harness", "--version"), rounds=ROUNDS, warmup_rounds=2)
