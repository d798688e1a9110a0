"""Active learning from top to bottom, in one file: ``python examples/active_learning.py``.

Every line of the loop is here, with NumPy and scikit-learn alone; at the end alrl plays the same loop for fifty seeds
at once, and a policy against it. No line is hidden in a class: read it before anything else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import alrl

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LABELS = 30


def margin(model: LogisticRegression, X: Floats) -> Floats:
    """Return the gap between the two likeliest classes of each record, (n,): small where the model is unsure."""
    likeliest = np.sort(model.predict_proba(X), axis=1)
    return likeliest[:, -1] - likeliest[:, -2]


def one_episode(seed: int, *, query_by_margin: bool) -> list[float]:
    """Play one loop, and return its learning curve: accuracy on the test part after 0, 1, ... queried labels."""
    random = np.random.default_rng(seed)
    X, y = load_breast_cancer(return_X_y=True)
    X_pool, X_test, y_pool, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
    scale = StandardScaler().fit(X_pool)
    X_pool, X_test = scale.transform(X_pool), scale.transform(X_test)

    # The first sample: one label of each class. From here on, a label is looked up only when it is bought.
    labelled = [int(random.choice(np.flatnonzero(y_pool == label))) for label in np.unique(y_pool)]
    model = LogisticRegression().fit(X_pool[labelled], y_pool[labelled])
    curve = [float(model.score(X_test, y_test))]

    for _ in range(LABELS):
        # 1. Query: which record of the pool is to be labelled next?
        unlabelled: Ints = np.setdiff1d(np.arange(len(X_pool)), labelled)
        least = margin(model, X_pool[unlabelled]).argmin()
        pick = unlabelled[least] if query_by_margin else random.choice(unlabelled)
        # 2. Label: the annotator answers; here the answer is known.
        labelled.append(int(pick))
        # 3. Fit: the learner is taught again.
        model = LogisticRegression().fit(X_pool[labelled], y_pool[labelled])
        # 4. Score: on records that nothing above has seen.
        curve.append(float(model.score(X_test, y_test)))
    return curve


def main(seeds: int = 10, simulated: int = 50) -> dict[str, float]:
    """Print what 30 queried labels are worth, by hand and by alrl, as mean accuracy along the curve (AUBC)."""
    areas = {
        "random, by hand": np.mean([one_episode(seed, query_by_margin=False) for seed in range(seeds)]),
        "margin, by hand": np.mean([one_episode(seed, query_by_margin=True) for seed in range(seeds)]),
    }
    for strategy in ("random", "margin", "general"):
        # The same loop for all seeds in one batched call; every strategy meets the same splits and first samples.
        areas[f"{strategy}, by alrl"] = alrl.simulate(
            "breast_cancer", strategy, labels=LABELS, seeds=simulated
        ).aubc.mean()
    for name, area in areas.items():
        print(f"{name:18} {100 * area:.2f}")
    return {name: float(area) for name, area in areas.items()}


if __name__ == "__main__":
    main()
