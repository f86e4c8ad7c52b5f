"""Stages: the contract, the chain checks and one file per stage."""
