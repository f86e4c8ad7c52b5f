"""Surfaces: how far apart those of a truth and a prediction are, in micrometres, as a whole and object by object."""
