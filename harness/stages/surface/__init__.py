"""Masks of surfaces: pixel classifiers, thresholds, and networks that learn from labels a chain has made."""
