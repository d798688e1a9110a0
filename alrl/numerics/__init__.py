"""Compute on arrays: which backend runs, named streams of randomness, rankings and measures of uncertainty.

The lowest room: it knows tensors and no active learning. Every other room may import from it.
"""
