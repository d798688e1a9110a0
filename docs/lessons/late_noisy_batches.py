# %% [markdown]
# # 7. Late, noisy, in batches
#
# **Reason 7: labelling markets serve large batches, slowly.** A loop of single queries and instant, true answers exists
# in papers alone. People answer next week, in parts, and err. Each hardship is a table: the same one in Python, in a
# study's recipe and in an environment's ([hardships](../hardships.md)).

# %%
from matplotlib import pyplot as plt

import alrl

SEEDS = 20  # small: 3
LABELS = 60  # small: 20
HARDSHIPS = {
    "single queries": {},
    "batches of 20": {"batch": 20},
    "late by 1 to 3 rounds, batches of 5": {"batch": 5, "annotator": {"kind": "delayed", "least": 1, "most": 3}},
    "one label in five wrong": {"annotator": {"kind": "noisy", "rate": 0.2}},
    "a third abstains": {"annotator": {"kind": "abstaining", "rate": 0.33}},
}
curves = {
    (hardship, strategy): alrl.simulate("digits", strategy, labels=LABELS, seeds=SEEDS, **settings)
    for hardship, settings in HARDSHIPS.items()
    for strategy in ("random", "margin", "general")
}

# %% [markdown]
# What is left of the gain over random under each hardship, random suffering the same:

# %%
figure, ax = plt.subplots(figsize=(9, 3.2), layout="constrained")
for place, strategy in enumerate(("margin", "general")):
    pairs = [(curves[hardship, strategy], curves[hardship, "random"]) for hardship in HARDSHIPS]
    gains = [100 * (one.aubc - other.aubc) for one, other in pairs]
    at = [row + 0.3 * (place - 0.5) for row in range(len(HARDSHIPS))]
    error = [2 * gain.std() / SEEDS**0.5 for gain in gains]
    ax.barh(at, [gain.mean() for gain in gains], 0.28, xerr=error, capsize=2, label=strategy)
ax.axvline(0, color="black", linewidth=0.8)
ax.set(
    yticks=range(len(HARDSHIPS)), yticklabels=HARDSHIPS, xlabel="AUBC beyond random under the same hardship (points)"
)
ax.invert_yaxis()
ax.legend()
for hardship in HARDSHIPS:
    clean, hard = curves["single queries", "margin"], curves[hardship, "margin"]
    print(f"{hardship:36} costs margin {100 * (clean.aubc - hard.aubc).mean():4.1f} points of AUBC")
figure.savefig("late_noisy_batches.png")  # script only
print("Figure: late_noisy_batches.png")  # script only

# %% [markdown]
# Wrong labels cost most, and no choice of records mends them: ask a second person, or look for them (lesson 8). Late
# labels cost what the rounds would have told; records that are under way count as known, so that none is asked twice.
#
# ## Exercises
#
# 1. Three annotators who err a fifth of the time, majority: `{"kind": "several", ...}`, three labels a record. With the
#    same number of paid *labels*, is it better to relabel or to buy new records?
# 2. Which batch size makes `margin` as bad as `random` on digits? Which strategy is hurt least, and why?
# 3. Add `"most": 10` to the late annotator. Which curve moves most, and what do you tell the labelling service?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. [Relabel or new](../do/relabel-or-new.md) plays it. More errors and a task nearer to its ceiling speak for
#    relabelling; Sheng, Provost and Ipeirotis 2008 derive when.
# 2. Try 30: half of the budget is then chosen by the first, worst model. `weighted-kmeans`, which takes one record of
#    each cluster of the doubtful ones, keeps most of its gain.
# 3. Single queries with late labels are batches in disguise: order early, in batches that are spread.
#
# </details>
#
# ## Literature
#
# Sheng, Provost and Ipeirotis 2008, *Get another label?*; Kirsch et al. 2023 (stochastic batches); Citovsky et al. 2021
# (batches of a million); Raykar et al. 2010, *Learning from crowds*.
