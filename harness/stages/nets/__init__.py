"""The torch toolkit of trained stages: networks, checkpoints, patches, training and tiled prediction.

Modules whose name begins with an underscore import torch when they are imported; the registry leaves them alone.
"""
