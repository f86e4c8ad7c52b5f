"""StarDist 2D and 3D with the real library: training, threshold search, prediction."""
