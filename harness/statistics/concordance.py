"""How alike two orders of the same rows are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Kendall's tau-b of two lists of values of the same rows (Kendall 1945, doi:10.1093/biomet/33.3.239).

    1 for equal orders, -1 for reversed ones; rows that tie in one list count for neither side. NaN for fewer than two
    rows, and where all rows tie in one list. Raises ValueError for lists of different length and values that are NaN.

    >>> kendall_tau([1, 2, 3], [10, 30, 20])
    0.3333333333333333
    """
    if len(first) != len(second) or any(map(math.isnan, (*first, *second))):
        raise ValueError(f"two lists of one length without NaN are compared; found {list(first)} and {list(second)}")
    signs = [np.sign(np.subtract.outer(values, values)) for values in (np.asarray(first), np.asarray(second))]
    one, other = (float(np.count_nonzero(sign)) for sign in signs)
    if not one or not other:
        return math.nan
    return float((signs[0] * signs[1]).sum() / math.sqrt(one * other))
