# %% [markdown]
# # 2. Strategies differ, and so do batch sizes
#
# **Reason 2: strategy and batch size need tuning, and vanilla strategies ignore what the loop itself tells.** No rule
# is best everywhere, and a rule that ranks first one query at a time may fall behind in batches, because its ten
# favourite records say the same. What you can do before you pay for a label: play the choice on a *past* task whose
# labels you have. Here that task is `digits`; your own is `alrl.simulate("my.csv", ..., label="kind")`.

# %%
import numpy as np
from matplotlib import pyplot as plt

import alrl

SEEDS = 12  # small: 2
LABELS = 60  # small: 20
STRATEGIES = ["random", "margin", "entropy", "core-set", "badge", "prediction-flips", "general"]
BATCHES = [1, 10, 30]  # small: [1, 10]

areas = {
    (strategy, batch): alrl.simulate("digits", strategy, labels=LABELS, batch=batch, seeds=SEEDS).aubc
    for strategy in STRATEGIES
    for batch in BATCHES
}

# %% [markdown]
# A seed gives every strategy the same split and the same first sample, so we compare *paired* differences to random,
# in points of AUBC. A bar that crosses zero is no evidence of anything.

# %%
figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
for place, batch in enumerate(BATCHES):
    gains = [100 * (areas[strategy, batch] - areas["random", batch]) for strategy in STRATEGIES[1:]]
    means = [gain.mean() for gain in gains]
    error = [2 * gain.std() / SEEDS**0.5 for gain in gains]
    ax.bar(np.arange(len(gains)) + 0.27 * (place - 1), means, 0.25, yerr=error, capsize=2, label=f"batches of {batch}")
    best = STRATEGIES[1 + int(np.argmax(means))]
    print(f"batches of {batch:2}: {best} gains most over random, {max(means):+.1f} points")
ax.axhline(0, color="black", linewidth=0.8)
ax.set(xticks=range(len(STRATEGIES) - 1), xticklabels=STRATEGIES[1:], ylabel="AUBC beyond random (points)")
ax.legend()
figure.savefig("strategies_differ.png")  # script only
print("Figure: strategies_differ.png")  # script only

# %% [markdown]
# Signals that the classic rules do not read are there as strategies and as features: how often a prediction *flips*
# from round to round (`prediction-flips`), how hard the network's activations move (`activation-change`), what the
# epochs of the last fit say of a record (`loss-change`, `data-map-variability`). Alone they seldom win, as the figure
# shows; a policy (lesson 4) weighs them together. [Features](../metadata.md) lists all, [strategies](../strategies.md)
# says what each rule computes, and the [gallery](../gallery.md) shows what each picks.
#
# ## Exercises
#
# 1. Add `weighted-kmeans` and `cluster-margin`. Why are both equal to `margin` for batches of one?
# 2. Play the same on `breast_cancer` with 30 labels. Is the winner the same? What does that say of tuning on one task?
# 3. Choose by `learner="random-forest"` what you would then use with softmax regression. What can go wrong?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. They cluster the most uncertain records and take one of each cluster: with one to take, that is the most uncertain.
# 2. Differences shrink and the order changes: on an easy task all strategies are near the ceiling. Tune on tasks that
#    are like the one to come, several of them, and report the choice as a choice.
# 3. What is uncertain for one learner need not be for another (Lowell et al. 2019): query with the learner you deploy.
#
# </details>
#
# ## Literature
#
# Ash et al. 2020 (badge); Citovsky et al. 2021 (cluster-margin); Toneva et al. 2019 and Bengar et al. 2021 (forgetting
# as a signal); Lowell, Lipton and Wallace 2019, *Practical obstacles to deploying active learning*; Lu et al. 2023.
