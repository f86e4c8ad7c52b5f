"""Datasets: declared in `datasets.toml`, fetched, verified, read."""
