"""What the records of a suite on a tier say: the claims of its source, decided over them."""
