# %% [markdown]
# # 6. The bill
#
# **Reason 6: retraining makes compute quadratic, so label and compute cost must be summed.** R rounds of m labels train
# on m, 2m, ..., Rm records: m R (R + 1) / 2 in all, where labelling everything at once trains on m R. Every round of
# alrl carries its account, so that this is counted, not assumed. *Figure 2* is the compute, *Figure 3* the bill.

# %%
import numpy as np
from matplotlib import pyplot as plt

import alrl
from alrl.data.task import draw_task
from alrl.learners import MultilayerPerceptron
from alrl.loop import Simulator
from alrl.strategies import make_strategy

LABELS = 120  # small: 20
PRICES = alrl.Prices(label=0.10, record_epoch=0.0001)
data = alrl.load_data_set("breast_cancer")


def account(batch):
    """Return labels, records trained on so far, and money so far, after each round of ``batch`` labels."""
    learner = MultilayerPerceptron(hidden=[16], epochs=20)
    simulator = Simulator([draw_task(data, [0])], learner, labels=LABELS, prices=PRICES)
    margin, rows = make_strategy("margin"), []
    while int(simulator.view.spent) < LABELS:
        total = simulator.step(margin.select(simulator.view, batch)).total
        rows.append([float(total.labels), float(total.record_epochs), float(total.money)])
    return np.array(rows).T


accounts = {batch: account(batch) for batch in (1, 5, 20)}

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
for batch, (labels, trained, money) in accounts.items():
    left.plot(labels, trained / 1000, label=f"batches of {batch}")
    right.plot(labels, money, label=f"batches of {batch}")
    print(f"batches of {batch:2}: {trained[-1]:8,.0f} record-epochs, {labels[-1]:.0f} labels, money {money[-1]:6.2f}")
right.axhline(len(data.y) // 2 * PRICES.label, color="black", linestyle=":", label="label the whole pool, train once")
left.set(xlabel="Labels", ylabel="Record-epochs so far (thousands)", title="Figure 2: compute grows quadratically")
right.set(xlabel="Labels", ylabel="Money so far", title="Figure 3: labels and compute together")
[ax.legend() for ax in (left, right)]
figure.savefig("the_bill.png")  # script only
print("Figure: the_bill.png")  # script only

# %% [markdown]
# **The break-even.** A label costs c, training on one record in one fit κ. R equal rounds over n labels cost
# n (c + κ (R + 1) / 2) against c + κ a record for labelling everything at once. Active learning pays if it saves more
# than `1 − (c + κ) / (c + κ (R + 1) / 2)` of the labels. Move the sliders (in a notebook: change the numbers below).
#
# <div id="break-even" data-figure="break-even"></div>

# %%
for kappa in (0.0, 0.01, 0.1):
    saved = [1 - (1 + kappa) / (1 + kappa * (rounds + 1) / 2) for rounds in (1, 10, 100)]
    print(f"κ/c = {kappa:4}: must save " + ", ".join(f"{100 * each:.0f} %" for each in saved) + " at 1, 10, 100 rounds")

# %% [markdown]
# Warm starts make the epochs few, large batches the rounds; a policy can learn to stop (`envs/net-value-train.toml`).
#
# ## Exercises
#
# 1. A label costs 2 €, training on 10,000 records 5 €. What is κ/c? From how many rounds on must you save half?
# 2. Set `record_epoch=0.0` and `label=1.0`. Where is the figure's quadratic part now?
# 3. When is it right to ignore compute altogether?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. κ = 0.0005 €, κ/c = 0.00025. Half: c + κ(R + 1)/2 = 2(c + κ), so R = 2c/κ + 3 = 8,003; at a cent a label, 43.
# 2. Nowhere on the right: money is labels alone. On the left it stays.
# 3. When κ(R + 1)/2 is far below c: small models, few rounds, or experts at 100 € a label.
#
# </details>
#
# ## Literature
#
# Settles, Craven and Friedland 2008, *Active learning with real annotation costs*; Citovsky et al. 2021 (large rounds).
