# %% [markdown]
# # 5. Novelty that hurts
#
# **Reason 5: novelty alone picks corrupted and foreign records and makes the model forget.** A pool that was scraped
# holds records that belong to no class: blank scans, other languages, sensor faults. To a rule that seeks what is new
# they are the most attractive of all. Here three in ten records are foreign; an annotator gives them any class.

# %%
import numpy as np
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression

import alrl

SEEDS = 20  # small: 3
LABELS = 60  # small: 20
STRATEGIES = ["random", "margin", "core-set", "general"]
play = lambda **pool: {name: alrl.simulate("digits", name, labels=LABELS, seeds=SEEDS, **pool) for name in STRATEGIES}
clean, foreign = play(), play(contamination=[{"kind": "out-of-domain", "share": 0.3}])

# %% [markdown]
# `wasted_share` is what share of the budget went to records that teach nothing: the loop knows, the strategy does not.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
waste = [100 * foreign[name].wasted_share.mean() for name in STRATEGIES]
cost = [100 * (clean[name].aubc - foreign[name].aubc).mean() for name in STRATEGIES]
left.bar(STRATEGIES, waste, color="C1")
left.axhline(30, color="black", linestyle=":", label="share of the pool")
left.set(ylabel="Budget spent on foreign records (%)")
left.legend()
right.bar(STRATEGIES, cost, color="C0")
right.set(ylabel="AUBC lost to them (points)")
for name, share, points in zip(STRATEGIES, waste, cost, strict=True):
    print(f"{name:9} spends {share:3.0f} % on foreign records and loses {points:4.1f} points")
figure.savefig("novelty_that_hurts.png")  # script only
print("Figure: novelty_that_hurts.png")  # script only

# %% [markdown]
# **Forgetting** is the other half: what a model knew, and knows no longer after a round. It is seen by asking each
# model about the same records as the model before. A forgetting event: right before, wrong after (Toneva et al. 2019).

# %%
data = alrl.load_data_set("digits")
for name in STRATEGIES:
    forgotten = knew = 0
    for picks in foreign[name].picks[:5]:
        before = np.zeros(len(data.y), bool)
        for count in range(20, LABELS + 1, 10) if LABELS > 20 else (10, 20):
            known = [pick for pick in picks[:count] if 0 <= pick < len(data.y)]  # behind them stand foreign ones
            model = LogisticRegression(max_iter=500).fit(data.X[known] / 16, data.y[known])
            now = model.predict(data.X / 16) == data.y
            forgotten, knew, before = forgotten + (before & ~now).sum(), knew + before.sum(), now
    print(f"{name:9} forgets {100 * forgotten / knew:.0f} % of what it knew, from round to round")

# %% [markdown]
# Compare forgetting with random's, not with zero, and as a share: who knows little has little to forget. Policies read
# it as features: groups `trajectory`, `misfit` and `suspicion` ([features](../metadata.md)).
#
# ## Exercises
#
# 1. Replace the contamination by `{"kind": "duplicates", "share": 0.3}`. Which strategies waste nothing, and why?
# 2. Let the annotator refuse foreign records instead: what would you have to know, and who pays?
# 3. Raise the share to one half. At which share is `core-set` worse than `random`?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. All but random: a copy of a known record lies at distance zero, and is in no doubt after the fit.
# 2. That they are foreign, which is what the annotator finds out: in a [project](../projects.md) the answer
#    `alrl.IRRELEVANT` is charged, not learned from, and not asked again.
# 3. At none: on digits it is two points behind random in the clean pool. With a tenth foreign it is four behind, with
#    three tenths six: each is far from all others, and so among the first picks. At one half random suffers as well.
#
# </details>
#
# ## Literature
#
# Toneva et al. 2019 (forgetting); Karamcheti et al. 2021 (outliers); Kothawade et al. 2021, *SIMILAR* (rare and foreign
# records); Swayamdipta et al. 2020 (data maps).
