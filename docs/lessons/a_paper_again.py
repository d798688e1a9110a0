# %% [markdown]
# # 10. Read a paper, play its table again
#
# A table that nobody can play again is an anecdote. Lu, Li and Lin 2023 published areas *seed by seed*, so their table
# can be checked to the fourth digit. That takes more than the method: which rows are shuffled by which generator, which
# labels begin, whether features are scaled, and how the area is divided ([protocol](../protocols.md), P1). Here is
# uncertainty sampling on one of their data sets, next to what they published (the extra `bench` brings the data).

# %%
import numpy as np
from matplotlib import pyplot as plt

from experiments.lu2023.data import SETS
from experiments.lu2023.episode import play_seeds, published_aubc
from experiments.lu2023.published import published_means, published_seeds

SEEDS = 15  # small: 2
data = SETS["Appendicitis"].load()
ours = {name: published_aubc(play_seeds(data, name, range(SEEDS)).accuracy) for name in ("US-C", "Uniform")}
theirs = published_seeds()["appendicitis"]
gaps = [abs(ours["US-C"][seed] - theirs[seed]) for seed in range(SEEDS)]
print(f"US-C, seed by seed: the largest of {SEEDS} gaps to the published areas is {max(gaps):.1e}")

# %% [markdown]
# Same numbers: now the table is ours to question. First: is the difference to random a difference?

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
left.plot([0.75, 0.92], [0.75, 0.92], color="grey", linewidth=0.8)
left.scatter([theirs[seed] for seed in range(SEEDS)], ours["US-C"])
left.set(xlabel="Published area", ylabel="Ours", title="US-C, a dot a seed")
gain = 100 * (ours["US-C"] - ours["Uniform"])
right.bar(range(SEEDS), gain, color=["C0" if each > 0 else "C3" for each in gain])
right.axhline(0, color="black", linewidth=0.8)
right.set(xlabel="Seed", ylabel="US-C minus Uniform (points)", title="Paired by seed")
print(f"US-C beyond Uniform: {gain.mean():+.2f} ± {2 * gain.std() / np.sqrt(SEEDS):.2f} points over {SEEDS} seeds")
mean, uniform = (published_means()["Appendicitis", name] for name in ("US-C", "Uniform"))
print(f"published, 100 seeds: {mean.mean:.4f} and {uniform.mean:.4f}, a gap of {100 * (mean.mean - uniform.mean):+.2f}")
figure.savefig("a_paper_again.png")  # script only
print("Figure: a_paper_again.png")  # script only

# %% [markdown]
# `alrl run experiments/lu2023.toml` plays the whole table, `experiments/lu2023` has the result: what agrees, and what
# does not.
#
# ## Exercises
#
# 1. Their area leaves the first accuracy out of the sum, but not out of the divisor. Whom does that favour?
# 2. How many seeds does a gain of a quarter of a point need to be told from nothing?
# 3. Take a table of your own field. Does its paper tell the split, the first labels, the scaling, the area, the seeds?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. No strategy: all have the same first accuracy. But their areas cannot be put beside those of other papers.
# 2. With s the deviation of the paired differences in points, n > (2 s / 0.25)²: for s = 2 more than 250.
# 3. Often one or two. Write all five into your own: a study's recipe has a key for each.
#
# </details>
#
# ## Literature
#
# Lu, Li and Lin 2023, *Re-benchmarking pool-based active learning for binary classification*; Zhan et al. 2021 (the
# benchmark that it plays again); Pineau et al. 2021, *Improving reproducibility in machine learning research*.
