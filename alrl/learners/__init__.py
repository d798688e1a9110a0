"""What is being taught: batched classifiers."""

from __future__ import annotations

from alrl.learners.softmax_regression import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
