"""Measure how long every strategy takes to choose a batch, and how much memory, on pools."""
