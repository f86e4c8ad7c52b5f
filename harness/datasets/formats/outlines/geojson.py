"""GeoJSON as QuPath writes it: polygons with holes, x and y in pixels of the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.datasets.formats.outlines.painting import Drawing, Outline, polygons
from harness.errors import LabelError

_TYPES = frozenset(("FeatureCollection", "Feature", "Polygon", "MultiPolygon", "GeometryCollection"))
NUCLEUS = "nucleusGeometry"
"""The key of a cell's nucleus, which QuPath writes beside the outline of the cell."""


def is_geojson(content: Any) -> bool:
    """Return whether JSON is GeoJSON, or a list of its features."""
    first = content[0] if isinstance(content, list) and content else content
    return isinstance(first, dict) and first.get("type") in _TYPES


def read_geojson(content: Any, geometry: str) -> Drawing:
    """Return an object per feature, by its `geometry`, or by its "nucleusGeometry".

    Annotations are left out beside cells and detections: they are the regions these were sought in. Raises
    `LabelError` for features without an area.
    """
    features = content if isinstance(content, list) else content.get("features", [content])
    kinds = [_kind(feature) for feature in features]
    regions = kinds.count("annotation") if "object" in kinds else 0
    kept = [
        (number, feature)
        for number, (feature, kind) in enumerate(zip(features, kinds, strict=True), start=1)
        if not regions or kind != "annotation"
    ]
    outlines = tuple(_outline(f"feature {number}", feature, geometry or "geometry") for number, feature in kept)
    notes = (f"{regions} annotations are left out beside {len(kept)} cells or detections",) if regions else ()
    return Drawing(outlines, notes=notes)


def _kind(feature: Mapping[str, Any]) -> str:
    """Return "object" for cells and detections of QuPath, "annotation" for its annotations, else ""."""
    properties = feature.get("properties") or {}
    said = str(properties.get("objectType") or properties.get("object_type") or feature.get("id", "")).lower()
    if "cell" in said or "detection" in said:
        return "object"
    return "annotation" if "annotation" in said else ""


def _outline(name: str, feature: Mapping[str, Any], key: str) -> Outline:
    found = feature if key == "geometry" and "coordinates" in feature else feature.get(key)
    kind = found.get("type") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or kind not in ("Polygon", "MultiPolygon"):
        raise LabelError(f"{name}: `{key}` is {kind or 'not there'}; accepted: Polygon or MultiPolygon")
    lines = [found["coordinates"]] if kind == "Polygon" else found["coordinates"]
    rings = [[np.asarray(line, dtype=float)[:, 1::-1] for line in part] for part in lines]
    plane = found.get("plane") or {}
    z = plane.get("z")
    return polygons(name, rings, None if z is None else int(z), int(plane.get("t") or 0))
