"""Hostile inputs by the thousand: damaged label files, TOML, archives, results, checkpoints, and what servers answer.

`python -m tests.campaign --count 5000 --seconds 600` runs every kind, `python -m tests.campaign labels toml` some. An
input that ends in anything but an answer or an error of the harness, that takes too long or ends the process, is a
finding: it is printed with what repeats it, and kept below `--keep`.
"""
