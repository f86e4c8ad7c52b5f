"""The U-Net of the PlantSeg lineage: its parameters, what its channels mean and the stage."""
