# %% [markdown]
# # 3. Starved, saturated, worse than random
#
# **Reason 3: some data are starved of information, some saturated, and now and then querying is worse than labelling at
# random.** Three tasks, the same budget, three verdicts. This is *Figure 1*: learn to read these curves before you read
# any table, because a verdict decides what to do next: label on, stop, or change the strategy.

# %%
import numpy as np
from matplotlib import pyplot as plt

import alrl

SEEDS = 30  # small: 6
LABELS = 60  # small: 20
TASKS = {"digits": "margin", "breast_cancer": "margin", "synthetic/heavy-tailed-2": "core-set"}


def verdict(queried, random):
    """Return a word for a pair of runs: what the last third of the labels gained, and the difference to random."""
    difference = 100 * (queried.aubc - random.aubc)
    mean, error = difference.mean(), 2 * difference.std() / len(difference) ** 0.5
    late = 100 * (queried.accuracy[:, -1] - queried.accuracy[:, -1 - LABELS // 3]).mean()
    if mean + error < 0:
        return f"worse than random: {mean:+.1f} ± {error:.1f} points"
    return f"data-starved: +{late:.1f} late" if late > 1 else f"saturated: {late:+.1f} late"


# %% [markdown]
# The rule of thumb for the last third: above one point, labels still pay; below, the curve has reached its ceiling.

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
for ax, (data, strategy) in zip(axes, TASKS.items(), strict=True):
    random, queried = (alrl.simulate(data, name, labels=LABELS, seeds=SEEDS) for name in ("random", strategy))
    random.plot(ax, color="grey", linestyle="--")
    queried.plot(ax, color="C0")
    ax.set(title=f"{data}\n{verdict(queried, random)}")
    print(f"{data:25} {strategy:9} {verdict(queried, random)}")
figure.savefig("when_querying_fails.png")  # script only
print("Figure: when_querying_fails.png")  # script only

# %% [markdown]
# Why does `core-set` lose on the third task? It queries what lies farthest from all that is known: in heavy-tailed data
# that is outlier after outlier. The same happens to uncertainty where the doubt is noise that no label removes.

# %%
records = alrl.load_data_set("synthetic/heavy-tailed-2").X
norm = np.linalg.norm((records - records.mean(0)) / records.std(0), axis=1)
for name, curves in (("random", random), ("core-set", queried)):
    print(f"{name:9} distance of its picks from the centre: {norm[curves.picks].mean():.1f}")

# %% [markdown]
# ## Exercises
#
# 1. Play `entropy` on `keel/vowel` (extra `bench`; eleven classes). Which verdict, and why not with `margin`?
# 2. Let the starved task run on, `labels=400`. Where does its verdict change?
# 3. Is one verdict of "worse than random" among ten data sets a surprise, if nothing is wrong with a strategy?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. Worse than random: with many classes entropy is large where *all* classes are possible, which no label settles;
#    margin looks at the two likeliest alone.
# 2. When the last third of the budget adds less than a point: digits saturates late. Starved means starved *so far*.
# 3. With 95 % intervals one test in forty errs downwards, so in ten data sets about one time in four. Correct for the
#    number of tests, or ask over all data sets at once: [reports](../reports.md) correct their tests over data sets, by
#    Holm, and leave single verdicts as they are.
#
# </details>
#
# ## Literature
#
# Lu, Li and Lin 2023 (how often strategies lose to random); Ash and Adams 2020; Karamcheti et al. 2021, *Mind your
# outliers*; Sener and Savarese 2018 (core-set). For your own run: [`alrl explain`](../do/no-better-than-random.md).
