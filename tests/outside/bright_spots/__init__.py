"""A small package outside the tree: it reaches the harness through entry points alone."""
