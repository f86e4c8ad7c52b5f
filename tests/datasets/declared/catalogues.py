"""A remote dataset with everything that a declaration can say of samples and splits."""

from __future__ import annotations

REMOTE = """
[datasets.cells]
kind = "remote"
title = "cells"
licence = "MIT"
citation = "nobody"
availability = "open-direct-download"
axes = "ZYX"
spacing_um = [1.0, 0.5, 0.5]
images.wall = { file = "a.h5" }
labels.gold = { file = "a.h5" }
labels.initial = { derive = "corrupt", from = "gold", merges = 0.1 }
files = [{ name = "a.h5", sha256 = "HASH", urls = ["http://host/a.h5"] }]
[datasets.cells.samples]
whole = { shape = [4, 8, 8], objects = { gold = 3 } }
left = { from = "whole", crop = [[0, 4], [0, 8], [0, 4]] }
right = { from = "whole", crop = [[0, 4], [0, 8], [4, 8]] }
[datasets.cells.splits]
default = [{ test = ["right"], train = ["left"] }]
""".replace("HASH", "0" * 64)
