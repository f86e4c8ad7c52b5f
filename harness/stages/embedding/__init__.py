"""Pixel embeddings to instances: clusterings as published, fast ones beside them, and what is done around them."""
