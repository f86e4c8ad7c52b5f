"""Objects that files hold as outlines: COCO JSON, GeoJSON (QuPath) and ImageJ ROIs, painted into label images."""
