"""What `datasets.toml` may say, and what its types cannot express."""
