"""The same fits by scikit-learn, to a tight tolerance."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.testing.example_records import Example


def standardised(name, seed=0):
    """Features and classes of a data set in random order, the first records one of each class."""
    task = draw_task(load_data_set(name), [seed], split={"pool": 0.6, "validation": 0.2, "test": 0.2})
    X, _, _ = task.standardised()
    pool = task.split.pool
    order = np.concatenate([task.first, np.setdiff1d(np.arange(len(pool)), task.first)])
    return X[pool[order]], task.split.data_set.y[pool[order]], X[task.split.test]


def stack(parts):
    """Episodes of (X, y, weight, classes, others), padded."""
    n, D, k, N = (max(each) for each in zip(*((*X.shape, k, len(others)) for X, _, _, k, others in parts), strict=True))
    made = {
        "X": torch.zeros(len(parts), n, D),
        "y": torch.zeros(len(parts), n, dtype=torch.long),
        "weight": torch.zeros(len(parts), n),
        "class_mask": torch.zeros(len(parts), k, dtype=torch.bool),
        "others": torch.zeros(len(parts), N, D),
    }
    for i, (X, y, weight, classes, others) in enumerate(parts):
        made["X"][i, : len(X), : X.shape[1]] = torch.as_tensor(X)
        made["y"][i, : len(y)] = torch.as_tensor(y)
        made["weight"][i, : len(y)] = 1.0 if weight is None else torch.as_tensor(weight, dtype=torch.float32)
        made["class_mask"][i, :classes] = True
        made["others"][i, : len(others), : X.shape[1]] = torch.as_tensor(others)
    return Example(**made)


def scikit_learn(X, y, others, classes, *, C=1.0, weight=None):
    """Probabilities (N, classes) of LogisticRegression, zero for classes not seen."""
    model = LogisticRegression(C=C, solver="newton-cg", tol=1e-10, max_iter=10_000)
    model.fit(np.asarray(X, dtype=np.float64), y, sample_weight=weight)
    rows = np.zeros((len(others), classes))
    rows[:, model.classes_] = model.predict_proba(np.asarray(others, dtype=np.float64))
    return rows


def gap(given, expected):
    """Largest difference of two arrays of probabilities of one episode, padding left out."""
    N, k = expected.shape
    return float(np.abs(given.double().numpy()[:N, :k] - expected).max())
