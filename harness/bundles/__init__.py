"""Bundles of submitted label images: one sealed zip file, read without running anything that lies in it."""

from __future__ import annotations

from harness.bundles.card import MethodCard, read_card
from harness.bundles.container import Container, open_container, write_container
from harness.bundles.labels import read_submitted
from harness.bundles.manifest import MANIFEST, Manifest, SubmittedSample, read_manifest

__all__ = [
    "MANIFEST",
    "Container",
    "Manifest",
    "MethodCard",
    "SubmittedSample",
    "open_container",
    "read_card",
    "read_manifest",
    "read_submitted",
    "write_container",
]
