"""What computes a cell, in a process and an interpreter of its own; it knows nothing of suites, results or runs."""
