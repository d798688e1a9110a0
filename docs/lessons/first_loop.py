# %% [markdown]
# # 1. What active learning is
#
# **Reason 1: it is not taught.** Labels cost money, records do not. Active learning labels in *rounds*: a learner is
# fitted to the few labels there are, says where it is unsure, and the next label is bought there. Below is the whole
# procedure, first by hand with nothing hidden, then by one call. The words are those of the [glossary](../glossary.md).

# %%
import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import PolynomialFeatures

import alrl

LABELS = 20
SEEDS = 50  # small: 3
X, y = make_moons(600, noise=0.2, random_state=0)
curved = PolynomialFeatures(3, include_bias=False)  # a line in these nine features is a curve in the two
pool, test = np.arange(300), np.arange(300, 600)
start = [int(pool[y[:300] == label][0]) for label in (0, 1)]  # the first sample: one label of each class


def play(choose):
    """Return the labelled records in the order in which they were bought, and the accuracy after each."""
    labelled, accuracy = list(start), []
    while True:
        model = LogisticRegression(max_iter=1000).fit(curved.fit_transform(X[labelled]), y[labelled])  # fit
        accuracy.append(model.score(curved.transform(X[test]), y[test]))  # score, on records that nothing has chosen
        if len(accuracy) > LABELS:
            return labelled, accuracy, model
        open_records = np.setdiff1d(pool, labelled)
        p = model.predict_proba(curved.transform(X[open_records]))[:, 1]  # query: what does the model say?
        labelled.append(int(open_records[choose(p)]))  # label: the annotator answers


# %% [markdown]
# Two ways to choose: `random` looks at nothing; `margin` takes the record where the two classes are closest.

# %%
chance = np.random.default_rng(0)
ways = {"random": lambda p: chance.integers(len(p)), "margin": lambda p: np.abs(p - 0.5).argmin()}
figure, (*maps, lines) = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
x1, x2 = np.meshgrid(np.linspace(-1.8, 2.8, 120), np.linspace(-1.3, 1.8, 120))
for ax, (name, choose) in zip(maps, ways.items(), strict=True):
    labelled, accuracy, model = play(choose)
    surface = model.predict_proba(curved.transform(np.c_[x1.ravel(), x2.ravel()]))[:, 1].reshape(x1.shape)
    ax.contourf(x1, x2, surface, levels=20, cmap="PuOr", alpha=0.4)
    ax.scatter(*X[pool].T, s=5, c="grey")
    [ax.annotate(n, X[at], fontsize=8, weight="bold", ha="center", va="center") for n, at in enumerate(labelled[2:], 1)]
    ax.set(title=f"{name}: order of the queries", xticks=[], yticks=[])
for name in ("random", "margin", "general"):  # the same loop by alrl: all seeds in one batched call
    curves = alrl.simulate((curved.fit_transform(X), y), name, labels=LABELS, seeds=SEEDS)
    curves.plot(lines).set(title="What a label is worth")
    print(f"{name:8} mean accuracy along the curve (AUBC): {100 * curves.aubc.mean():.1f}")
figure.savefig("first_loop.png")  # script only
print("Figure: first_loop.png")  # script only

# %% [markdown]
# The last figure is a *learning curve*; its mean height is the *AUBC*, the number that strategies are compared by.
#
# ## Exercises
#
# 1. Replace `margin` by its opposite, `np.abs(p - 0.5).argmax()`. Why does the boundary hardly move?
# 2. Start with `start = [0, 1]`, whatever their classes. What breaks first, and what would you do about it?
# 3. One seed tells little. How many seeds does `alrl.simulate` need until `random` and `margin` are told apart?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. The model is surest far from the boundary: such labels confirm what it believes, and it is corrected nowhere.
# 2. With two records of one class `fit` raises an error. `alrl.simulate` plays such rounds; lesson 9 is about them.
# 3. Compare *paired* differences, `margin.aubc - random.aubc`: mean ± 2 · std / √seeds. Papers ask for thirty and more.
#
# </details>
#
# ## Literature
#
# Lewis and Gale 1994, *A sequential algorithm for training text classifiers*. Scheffer, Decomain and Wrobel 2001
# (margin). Settles 2009, *Active learning literature survey*, chapters 1-3. In one file: `examples/active_learning.py`.
