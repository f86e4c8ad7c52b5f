"""Changes of intensity that leave the grid as it is."""
