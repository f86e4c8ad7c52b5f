"""What is to be said of a label image that may be the mask of a foreground, which counts as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from harness.datasets.readers import Labels
    from harness.metrics import Pair

_ADVICE = "of a foreground mask score the components, as `scipy.ndimage.label` numbers them"


def mask_remarks(pair: Pair) -> tuple[str, str]:
    """Return the remarks on the prediction and the truth of a pair whose metrics are computed; "" for most images.

    An image that is too large to be looked at a second time is judged by the labels that were counted in it.
    """
    table = vars(pair).get("overlap") if pair.ignore is None and pair.border == "keep" else None
    counted = (None, None) if table is None else (table.pred_ids, table.truth_ids)
    pred, truth = (_remark(*one) for one in zip((pair.pred, pair.truth), counted, strict=True))
    return pred, truth


def _remark(image: Labels, counted: np.ndarray | None) -> str:
    import numpy as np

    from harness.datasets.readers import MOST_BYTES_IN_MEMORY, LazyLabels, looks_like_a_mask, only_label, parts

    if isinstance(image, LazyLabels) and image.size * image.dtype.itemsize > MOST_BYTES_IN_MEMORY:
        objects = [] if counted is None else counted[counted > 0].tolist()
        return f"holds 0 and {objects[0]} alone, which is one object; {_ADVICE}" if len(objects) == 1 else ""
    array = np.asarray(image)
    value = only_label(array)
    count = parts(array) if value else 0
    if count < 2 and not looks_like_a_mask(array):
        return ""
    return f"holds 0 and {value} alone, which is one object{f' in {count} parts' if count > 1 else ''}; {_ADVICE}"
