"""The metrics beside the libraries that people use, on hostile pairs and sets; `python -m tests.oracles` prints all.

Some libraries lie in environments of their own: README.md says which. What is not installed is skipped, with its name.
"""
