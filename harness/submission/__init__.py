"""Label images from elsewhere on a suite: the images to give out, the bundle to send, and what the host recomputes."""

from __future__ import annotations

from harness.submission.asked import Asked, asked_samples, chosen_tier
from harness.submission.images import write_images
from harness.submission.submit import submit
from harness.submission.verify import Verified, verify

__all__ = ["Asked", "Verified", "asked_samples", "chosen_tier", "submit", "verify", "write_images"]
