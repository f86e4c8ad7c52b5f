"""SPOCO: pixel embeddings learnt from all objects of an image or from a few (arXiv:2103.14572)."""
