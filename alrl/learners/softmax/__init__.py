"""Fit softmax regression by a preconditioned conjugate gradient: compiled for processors, batched for accelerators."""
