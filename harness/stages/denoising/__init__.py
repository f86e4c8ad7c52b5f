"""Images without their noise, learnt from noisy images alone."""
