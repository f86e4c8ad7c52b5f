"""Two compiler intrinsics: 64 neighbouring voxels compared in a few vector instructions.

Written as LLVM vector operations, not for one instruction set: the compiler lowers them to what the processor has.
Bits are numbered as on little-endian machines. Importing this module imports numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

LANES = 64


def _changes(_typing: Any, array: Any, index: Any) -> Any:
    """Type and code of `changes`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        lane = context.get_data_type(kind.dtype)
        data = context.make_array(kind)(context, builder, arguments[0]).data
        previous = builder.sub(arguments[1], ir.Constant(arguments[1].type, 1))
        vectors = [
            builder.load(
                builder.bitcast(builder.gep(data, [start]), ir.VectorType(lane, LANES).as_pointer()),
                align=kind.dtype.bitwidth // 8,
            )
            for start in (arguments[1], previous)
        ]
        return builder.bitcast(builder.icmp_unsigned("!=", *vectors), ir.IntType(LANES))

    return types.uint64(array, index), generate


def _lowest_bit(_typing: Any, mask: Any) -> Any:
    """Type and code of `lowest_bit`."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(mask), generate


changes = cast("Callable[[np.ndarray, np.uint64], np.uint64]", intrinsic(_changes))
"""uint64 whose bit k says whether array[index + k] differs from array[index + k - 1], k = 0 … 63.

The array is flat, contiguous and of integers; index - 1 and index + 63 must lie within it, which is not checked.
Both intrinsics can be called in compiled functions only.
"""

lowest_bit = cast("Callable[[np.uint64], np.uint64]", intrinsic(_lowest_bit))
"""Number of the lowest set bit of a uint64 that is not 0."""
