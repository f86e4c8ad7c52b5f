"""Promptable segmentation: prompts, image encoders and mask decoders of the SAM family, labels from masks."""
