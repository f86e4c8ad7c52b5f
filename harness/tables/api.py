"""`harness.table`: the table of a suite, from Python."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from harness.frames import reading_pandas
from harness.model import Tier
from harness.project import RUNS, Project, SuiteName
from harness.tables.kinds import table_of
from harness.tables.printed import Printed

if TYPE_CHECKING:
    from pandas import DataFrame


def table(
    suite: SuiteName,
    *,
    tier: Tier | None = None,
    results: Path | None = None,
    project: Project | None = None,
    intervals: bool = False,
) -> Printed:
    """Return the table of a suite from its records; `harness.tables.table_frame` makes a pandas data frame of it.

    `markdown()`, `latex()`, `csv()` and `json()` print it; `.table` of a table of scores is the value behind it.

    Args:
        suite: an id, the path of a suite file, or a loaded suite.
        tier: None takes the suite's default tier.
        results: the folder that records are read from; None is the working folder, `runs` in the current folder.
        project: what suites, data sets and stages are looked up in; None finds it from the current folder upwards.
        intervals: with the 95 % interval of each mean, over units and over what lies in them.

    Raises:
        HarnessError: for a mistake in the suite, and for records that cannot be read.
    """
    found = project or Project.find()
    loaded = found.suite(suite)
    return table_of(found.results(results or RUNS, loaded, tier or loaded.default_tier), intervals=intervals)


def table_frame(table: Printed) -> DataFrame:
    """Return a table as a pandas data frame: the columns and lines of its CSV file, numbers at full precision.

    Raises `BackendError` without pandas.
    """
    frame: DataFrame = reading_pandas().read_csv(io.StringIO(table.csv()))
    return frame
