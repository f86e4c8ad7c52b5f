"""Changes of the voxel grid: to isotropic voxels and back to the grid of the sample."""
