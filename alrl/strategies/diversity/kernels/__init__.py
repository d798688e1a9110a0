"""Loops over records, compiled for the processor."""
