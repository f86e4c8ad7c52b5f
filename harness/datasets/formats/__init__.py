"""File formats: each opens a file as a `StoredArray`; `arrays` and `labels` read what other parts ask for."""
