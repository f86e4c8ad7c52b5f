"""The compiled loops of surfaces: elements of a mask, the nearest in a column, and from there in a plane and in space.

Every array is (planes, rows, columns); a 2D image is one plane. `far` stands for "none in this column" or "none in this
plane": the greatest number of the arrays' dtype, which no axis reaches. Importing this module imports numba, so only
the functions that compute import it.
"""

from __future__ import annotations

import numpy as np

from harness.compiling import compiled


@compiled
def code_corners(mask: np.ndarray, codes: np.ndarray) -> None:
    """Write the neighbourhood of every voxel corner: a bit for each of its 4 (one plane) or 8 voxels, 0 if all are set.

    `mask` is 0 or 1 and has a margin of zeros on each side of every axis that has one; `codes` is one shorter per such
    axis.
    """
    planes, rows, columns = codes.shape
    deep = mask.shape[0] > planes
    full = np.uint8(255 if deep else 15)
    for plane in range(planes):
        for row in range(rows):
            above, below = mask[plane, row], mask[plane, row + 1]
            line = codes[plane, row]
            for column in range(columns):
                line[column] = above[column] << 3 | above[column + 1] << 2 | below[column] << 1 | below[column + 1]
            if deep:
                above, below = mask[plane + 1, row], mask[plane + 1, row + 1]
                for column in range(columns):
                    line[column] = (
                        line[column] << 4
                        | above[column] << 3
                        | above[column + 1] << 2
                        | below[column] << 1
                        | below[column + 1]
                    )
            for column in range(columns):
                line[column] = np.uint8(0) if line[column] == full else line[column]


@compiled
def mark_border(mask: np.ndarray, border: np.ndarray) -> None:
    """Write 1 for the voxels of a mask that have a face in common with a voxel outside it, else 0.

    `mask` has a margin of zeros on each side of every axis that has one, `border` has none.
    """
    planes, rows, columns = border.shape
    deep = mask.shape[0] > planes
    for plane in range(planes):
        own = plane + 1 if deep else plane
        for row in range(rows):
            here, above, below = mask[own, row + 1], mask[own, row], mask[own, row + 2]
            line = border[plane, row]
            for column in range(columns):
                inside = above[column + 1] & below[column + 1] & here[column] & here[column + 2]
                line[column] = here[column + 1] & (inside ^ 1)
            if deep:
                before, behind = mask[own - 1, row + 1], mask[own + 1, row + 1]
                for column in range(columns):
                    between = before[column + 1] & behind[column + 1]
                    line[column] |= here[column + 1] & (between ^ 1)


@compiled
def nearest_in_columns(elements: np.ndarray, near: np.ndarray, far: np.integer) -> None:
    """Write how many rows the nearest element of the own column and plane is away, `far` where there is none."""
    planes, rows, columns = elements.shape
    for plane in range(planes):
        line, found = near[plane, 0], elements[plane, 0]
        for column in range(columns):
            line[column] = 0 if found[column] != 0 else far
        for row in range(1, rows):
            line, found, before = near[plane, row], elements[plane, row], near[plane, row - 1]
            for column in range(columns):
                away = before[column]
                line[column] = 0 if found[column] != 0 else away + (away < far)
        for row in range(rows - 2, -1, -1):
            line, before = near[plane, row], near[plane, row + 1]
            for column in range(columns):
                away = before[column]
                line[column] = min(line[column], away + (away < far))


@compiled
def measure_near(
    sources: np.ndarray,
    near: np.ndarray,
    weights: np.ndarray,
    per_row: float,
    steps: np.ndarray,
    lengths: np.ndarray,
    table: np.ndarray,
    far: np.integer,
) -> int:
    """Find for every source the nearest target among the columns of the offsets `steps`, nearest column first.

    sources  elements of one surface by their code, 0 for none; those that are found are set to 0
    near     rows to the nearest element of the other surface in a column
    weights  weight of an element by its code
    steps    (n, 2) offsets in planes and columns, ascending by their squared `lengths` (n,)
    table    receives the weights by planes, columns and rows between an element and the nearest of the other surface

    `per_row` is the squared size of a voxel along a column. A source is found when the next column is no nearer than
    what it has. Returns how many were not.
    """
    planes, rows, columns = sources.shape
    left = 0
    for plane in range(planes):
        for row in range(rows):
            for column in range(columns):
                code = sources[plane, row, column]
                if code == 0:
                    continue
                best = np.inf
                best_plane, best_column, best_row = np.int64(0), np.int64(0), np.int64(0)
                found = False
                for step in range(steps.shape[0]):
                    if lengths[step] >= best:
                        found = True
                        break
                    planes_off, columns_off = steps[step, 0], steps[step, 1]
                    other_plane, other_column = plane + planes_off, column + columns_off
                    if 0 <= other_plane < planes and 0 <= other_column < columns:
                        rows_off = np.int64(near[other_plane, row, other_column])
                        if rows_off < far:
                            length = lengths[step] + per_row * rows_off * rows_off
                            if length < best:
                                best = length
                                best_plane, best_column, best_row = abs(planes_off), abs(columns_off), rows_off
                if found and best_row < table.shape[2]:
                    table[best_plane, best_column, best_row] += weights[code]
                    sources[plane, row, column] = 0
                else:
                    left += 1
    return left


@compiled
def nearest_in_planes(near: np.ndarray, spacing: np.ndarray, columns_off: np.ndarray, far: np.integer) -> None:
    """Write how many columns right (negative: left) the column is that has the nearest element of the own plane.

    The lower envelope of the parabolas that the columns of a row are; `far` where the plane has no element.
    """
    planes, rows, columns = near.shape
    ratio = (spacing[1] / spacing[2]) ** 2
    chosen = np.empty(columns, np.int64)
    heights = np.empty(columns, np.float64)
    starts = np.empty(columns, np.float64)
    for plane in range(planes):
        for row in range(rows):
            kept = 0
            for column in range(columns):
                rows_off = np.int64(near[plane, row, column])
                if rows_off >= far:
                    continue
                height = ratio * rows_off * rows_off
                start = -np.inf
                while kept > 0:
                    last = chosen[kept - 1]
                    start = (height + column * column - heights[kept - 1] - last * last) / (2.0 * (column - last))
                    if start > starts[kept - 1]:
                        break
                    kept -= 1
                chosen[kept], heights[kept] = column, height
                starts[kept] = start if kept > 0 else -np.inf
                kept += 1
            at = 0
            for column in range(columns):
                while at + 1 < kept and starts[at + 1] < column:
                    at += 1
                columns_off[plane, row, column] = chosen[at] - column if kept > 0 else far


@compiled
def measure_far(
    sources: np.ndarray,
    near: np.ndarray,
    columns_off: np.ndarray,
    spacing: np.ndarray,
    offsets: np.ndarray,
    codes: np.ndarray,
    far: np.integer,
) -> None:
    """Find for every source that is left the nearest target, plane by plane outwards.

    `offsets` (3, n) receives planes, columns and rows between both, `codes` (n,) the source's code. There is a target.
    """
    planes, rows, columns = sources.shape
    per_plane, per_row, per_column = spacing[0] ** 2, spacing[1] ** 2, spacing[2] ** 2
    done = 0
    for plane in range(planes):
        for row in range(rows):
            for column in range(columns):
                if sources[plane, row, column] == 0:
                    continue
                best = np.inf
                for away in range(planes):
                    least = per_plane * away * away
                    if least >= best:
                        break
                    for other in (plane - away, plane + away):
                        if other < 0 or other >= planes or columns_off[other, row, column] >= far:
                            continue
                        right = np.int64(columns_off[other, row, column])
                        along = np.int64(near[other, row, column + right])
                        length = least + per_row * along * along + per_column * right * right
                        if length < best:
                            best = length
                            offsets[0, done], offsets[1, done], offsets[2, done] = away, abs(right), along
                codes[done] = sources[plane, row, column]
                done += 1


@compiled
def mark_band(
    mask: np.ndarray,
    near: np.ndarray,
    spacing: np.ndarray,
    limit: float,
    planes_off: int,
    columns_off: int,
    far: np.integer,
) -> np.ndarray:
    """Return 1 for the voxels of a mask with an element at a squared distance below `limit`, else 0; uint8.

    `planes_off`, `columns_off` are the most planes and columns that such an element can be away.
    """
    planes, rows, columns = mask.shape
    per_plane, per_row, per_column = spacing[0] ** 2, spacing[1] ** 2, spacing[2] ** 2
    band = np.zeros(mask.shape, np.uint8)
    kept = 2 * planes_off + 1
    in_plane = np.full((kept, rows, columns), np.inf)
    own, least = np.empty(columns, np.float64), np.empty(columns, np.float64)
    for ahead in range(planes + planes_off):
        if ahead < planes:
            for row in range(rows):
                line, along = in_plane[ahead % kept, row], near[ahead, row]
                for column in range(columns):
                    away = np.float64(along[column])
                    own[column] = per_row * away * away if along[column] < far else np.inf
                    line[column] = own[column]
                for off in range(1, columns_off + 1):
                    base = per_column * off * off
                    for column in range(columns - off):
                        line[column] = min(line[column], base + own[column + off])
                    for column in range(off, columns):
                        line[column] = min(line[column], base + own[column - off])
        plane = ahead - planes_off
        if plane < 0:
            continue
        for row in range(rows):
            least[:] = np.inf
            for other in range(max(plane - planes_off, 0), min(plane + planes_off + 1, planes)):
                base = per_plane * (other - plane) * (other - plane)
                line = in_plane[other % kept, row]
                for column in range(columns):
                    least[column] = min(least[column], base + line[column])
            for column in range(columns):
                band[plane, row, column] = mask[plane, row, column] & (least[column] < limit)
    return band
