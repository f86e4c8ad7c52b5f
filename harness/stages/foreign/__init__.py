"""Models of others, run by the library of their format."""
