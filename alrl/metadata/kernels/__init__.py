"""Feature groups and picks of pool tensors, compiled for the processor."""
