"""Suites: TOML in, ordered cells out."""
