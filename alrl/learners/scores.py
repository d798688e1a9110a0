"""From the scores of classes to their probabilities, for learners whose fit is a formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from alrl.errors import InvalidDataError


def class_weights(y: Tensor, weight: Tensor, class_mask: Tensor) -> Tensor:
    """Return the weight of each record in the column of its class, (B, n, k), double; zero on padding.

    ``y`` (B, n) long, ``weight`` (B, n), ``class_mask`` (B, k).

    >>> class_weights(torch.tensor([[1, 0]]), torch.tensor([[2.0, 0.0]]), torch.ones(1, 2, dtype=torch.bool))
    tensor([[[0., 2.],
             [0., 0.]]], dtype=torch.float64)
    """
    return one_hot(y, class_mask.shape[1]) * weight.double()[..., None] * class_mask[:, None]


def allowed_classes(weights: Tensor, class_mask: Tensor) -> Tensor:
    """Return classes that may get probability, (B, k), bool: those with a labelled record.

    All if no record is.
    """
    seen = (weights > 0).any(1) & class_mask
    return torch.where(seen.any(1, keepdim=True), seen, class_mask)


def linear_scores(coefficients: Tensor, X: Tensor, branches: int = 1) -> Tensor:
    """Return scores (B, branches, N, k) of X (B, N, D) by coefficients (B branches, k, D + 1), the intercept last.

    >>> linear_scores(torch.tensor([[[2.0, 1.0]], [[3.0, 0.0]]]), torch.tensor([[[5.0]]]), 2).flatten()
    tensor([11., 15.])
    """
    # Records as columns: their few classes would make rows too short to be fast.
    flat = coefficients.reshape(len(X), -1, coefficients.shape[2])
    scores = torch.baddbmm(flat[..., -1:], flat[..., :-1], X.to(flat.dtype).transpose(1, 2))
    each: Tensor = scores.unflatten(1, (branches, coefficients.shape[1])).transpose(2, 3)
    return each


def softmax_over(scores: Tensor, allowed: Tensor) -> Tensor:
    """Return softmax of scores (B, branches, N, k) over the ``allowed`` classes (B branches, k).

    Zero for the others.
    """
    mask = allowed.view(*scores.shape[:2], 1, -1)
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), -1)


def used_width(X: Tensor) -> Tensor:
    """Return number of columns up to the last that is not zero in every record, (B,), long: the rest may be padding.

    >>> used_width(torch.tensor([[[0.0, 2.0, 0.0]]]))
    tensor([2])
    """
    if X.shape[2] == 0:
        return torch.zeros(len(X), dtype=torch.long, device=X.device)
    place = torch.arange(1, X.shape[2] + 1, device=X.device)
    return torch.where((X != 0).any(1), place, 0).amax(1)


def decision_probabilities(decision: NDArray[np.float64], classifier: Any) -> NDArray[np.float64]:
    """Return numbers (N, k) in the order of a fitted classifier's decision function, (N,) for two classes or (N, k).

    The logistic function for two classes, the softmax for more: not calibrated, but of the same order and sign.

    Raises InvalidDataError where it decides between pairs of classes.

    >>> from sklearn.svm import LinearSVC
    >>> decision_probabilities(np.array([0.0]), LinearSVC().fit([[0.0], [1.0]], [0, 1])).tolist()
    [[0.5, 0.5]]
    """
    from scipy.special import softmax

    if decision.ndim == 1:
        decision = np.stack([np.zeros_like(decision), decision], 1)
    classes = len(classifier.classes_)
    pairs = classes > 2 and getattr(classifier, "decision_function_shape", "ovr") == "ovo"
    if pairs or decision.ndim != 2 or decision.shape[1] != classes:
        raise InvalidDataError(
            f"{type(classifier).__name__} decides between pairs of classes, which gives no ranking of classes; set"
            ' decision_function_shape = "ovr"'
        )
    return np.asarray(softmax(decision, axis=1), dtype=np.float64)
