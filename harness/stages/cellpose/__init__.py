"""Cellpose with the real libraries: the 3.1 network trained or loaded, and Cellpose-SAM (4.x) for prediction."""
