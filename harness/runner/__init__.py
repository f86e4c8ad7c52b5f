"""The runner: worker processes, cache, deadlines, resume."""
