# %% [markdown]
# # 9. Bad first samples, and bias
#
# **Reason 9: bias.** A first sample that misses a class or sits in one corner makes a model that asks the wrong
# questions (9a). What helps: watch the early curve and begin anew, or pay for several first rounds and keep the best
# (9b). And whatever is queried on purpose is no random sample: the labelled set drifts from the pool (9c).

# %%
import numpy as np
from matplotlib import pyplot as plt

import alrl

SEEDS = 40  # small: 4
LABELS = 50  # small: 25
FIRST = {
    "one per class": {"kind": "one-per-class"},
    "10 by chance": {"kind": "random", "size": 10},
    "10 of clusters": {"kind": "cluster", "size": 10},
    "10 that cover, best of 20": {"kind": "covering", "size": 10, "candidates": 20},
    "3 first rounds of 10, best kept": {"kind": "promising", "size": 10, "candidates": 3},
}
curves = {
    name: alrl.simulate("digits", "margin", labels=LABELS, seeds=SEEDS, first=first) for name, first in FIRST.items()
}

# %% [markdown]
# Each line is one seed. The last kind pays twenty labels for the two samples that it gives up; they are in the budget.

# %%
figure, axes = plt.subplots(1, len(FIRST), figsize=(13, 2.9), sharey=True, layout="constrained")
for ax, (name, each) in zip(axes, curves.items(), strict=True):
    ax.plot(100 * each.accuracy.T, color="C0", alpha=0.25, linewidth=0.8)
    ax.plot(100 * each.accuracy.mean(0), color="black")
    ax.set(title=name, xlabel="Queried labels")
    ax.title.set_fontsize(9)
    start, end = each.accuracy[:, 0], each.accuracy[:, -1]
    print(f"{name:32} begins {100 * start.mean():.0f} ± {100 * start.std():.0f}, ends {100 * end.mean():.0f} %")
axes[0].set(ylabel="Test accuracy (%)")
figure.savefig("bad_first_samples.png")  # script only
print("Figure: bad_first_samples.png")  # script only

# %% [markdown]
# **9a: does the early curve tell?** Correlate the accuracy after ten labels with that at the end. **9c:** compare the
# classes of what was queried with those of the data.

# %%
chance = curves["10 by chance"]
print(f"early and late accuracy correlate by {np.corrcoef(chance.accuracy[:, 10], chance.accuracy[:, -1])[0, 1]:.2f}")
data = alrl.load_data_set("breast_cancer")
for strategy in ("random", "margin", "general"):
    picks = alrl.simulate(data, strategy, labels=40, seeds=SEEDS).picks
    print(
        f"{strategy:8} queries {100 * data.y[picks].mean():.0f} % of class 1; the data hold {100 * data.y.mean():.0f} %"
    )

# %% [markdown]
# A correlation near zero says that bad beginnings were made up for: a restart would have bought nothing here.
# An accuracy that is measured on the labelled records, or a class frequency, is biased: measure on a part drawn by
# chance, or weigh by the chance of each pick (LURE, `--audit` in [projects](../projects.md)).
#
# ## Exercises
#
# 1. Play environment `alrl/restart-v0`: which action begins anew, and what does it cost?
# 2. Contaminate by `{"kind": "missing-classes", "count": 2}`. How many labels does margin need to find both classes?
# 3. Why does a biased sample not make active learning wrong, but its error estimates?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. The last action of the mask, after *stop* ([its page](../environments/restart.md)); its first sample is charged,
#    and all labels that were bought stay so, which is what makes a bad beginning dear.
# 2. See the first query whose true class is a new one, seed by seed: margin cannot ask for a class it does not know.
# 3. A classifier needs the boundary, not the frequencies; an estimate is a mean over the pool, and needs its weights.
#
# </details>
#
# ## Literature
#
# Hacohen, Dekel and Weinshall 2022 (few labels: typical first); Farquhar, Gal and Rainforth 2021, *On statistical bias
# in active learning*; Dasgupta and Hsu 2008; Attenberg and Provost 2010 (unknown classes).
