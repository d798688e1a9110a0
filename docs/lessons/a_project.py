# %% [markdown]
# # 8. A project with versions, and wrong labels found
#
# **Reason 8: models, loops and labels must be versioned, wrong labels found in every round.** In practice labels come
# for weeks, from several people, with mistakes. A *project* is a folder with an append-only log: what was asked, what
# was answered, what was corrected, which model was fitted to which labels. All else follows from the log.

# %%
import numpy as np
from matplotlib import pyplot as plt
from sklearn.datasets import load_breast_cancer

import alrl

ROUNDS = 6  # small: 2
BATCH = 25  # small: 20
frame = load_breast_cancer(as_frame=True).frame
truth = frame.pop("target").map({0: "malignant", 1: "benign"})
frame.insert(0, "case", [f"c{number}" for number in range(len(frame))])
project = alrl.Project.create("tumours", pool=frame, id="case", label="kind", classes=["malignant", "benign"])
answers = dict(zip(frame["case"], truth, strict=True))
other = {"malignant": "benign", "benign": "malignant"}
chance = np.random.default_rng(0)

# %% [markdown]
# Ann labels. One label in ten is wrong, and she does not know which. After each round we look at the suspects: labels
# that a model, fitted *without* them, would not have given (confident learning), and ask Bob about the first few.

# %%
wrong, history = set(), []
for round_ in range(ROUNDS):
    batch = project.ask(BATCH)["case"]
    slips = {case for case in batch if chance.random() < 0.1}
    wrong |= slips
    project.tell({case: other[answers[case]] if case in slips else answers[case] for case in batch}, annotator="ann")
    suspects = [suspect for suspect in project.suspects(8) if suspect.flagged]
    for suspect in suspects:  # Bob looks again, and Ann corrects what she sees is wrong
        if answers[suspect.id] != suspect.label:
            project.tell({suspect.id: answers[suspect.id]}, annotator="ann")
            wrong.discard(suspect.id)
    facts = project.fit()
    history.append((len(project.state.labels), len(wrong), len(suspects)))
    print(f"round {round_ + 1}: {history[-1][0]} labels, {len(suspects)} looked at again, {len(wrong)} still wrong")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
labels, left_wrong, looked = map(np.array, zip(*history, strict=True))
left.bar(labels, looked, width=8, label="looked at again", color="C7")
left.plot(labels, left_wrong, "o-", color="C3", label="wrong labels left")
left.plot(labels, 0.1 * labels, ":", color="black", label="expected if nobody looked")
left.set(xlabel="Labels", ylabel="Records")
left.legend()
points = [point for point in project.curve() if point.cross_validated]
right.plot([point.labels for point in points], [100 * point.cross_validated.accuracy for point in points], "o-")
right.set(xlabel="Labels", ylabel="Cross-validated accuracy (%)")
print(project.verdict().sentence())
figure.savefig("a_project.png")  # script only
print("Figure: a_project.png")  # script only

# %% [markdown]
# Nothing is overwritten: a correction is an event behind the answer that it corrects, and any day's state can be
# computed again (`alrl project at tumours 2026-11-03`). [Projects](../projects.md) tells the whole.
#
# ## Exercises
#
# 1. Correct nothing for all rounds, then look at the suspects once. Why are fewer of the wrong labels found?
# 2. How many right labels does Bob look at for each wrong one? At what price of his time is that worth it?
# 3. Which two numbers would you write down to be able to repeat round 3 next year?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. The model has learned from the wrong labels, agrees with some of them, and its queries went where they pointed.
# 2. Count `found` against the corrections. It pays while a wrong label costs more than that many looks.
# 3. None: the log has them. The hash of the labels and the model's identity are in its event `round fitted`.
#
# </details>
#
# ## Literature
#
# Northcutt et al. 2021 (confident learning); Bernhardt et al. 2022 (label cleaning); Sculley et al. 2015 (its debts).
