"""U-Nets of the PlantSeg lineage: networks, checkpoints, training and tiled prediction.

Modules whose name begins with an underscore import torch when they are imported; the registry leaves them alone.
"""
