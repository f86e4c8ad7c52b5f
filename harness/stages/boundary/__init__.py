"""From a boundary map to instances: watershed superpixels, graph partitioning, clean-up."""
