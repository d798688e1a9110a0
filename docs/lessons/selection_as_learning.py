# %% [markdown]
# # 4. Selection as learning
#
# **Reason 4: vanilla strategies are static rules; selection should be learned.** The loop is a Markov decision process:
# the *state* is what the loop tells, an *action* the record to label, the *reward* what the label was worth.

# %%
import gymnasium
import torch
from matplotlib import pyplot as plt

import alrl
from alrl.agents import Trainer, load_agent_recipe
from alrl.envs import load_env_recipe

SEEDS = 30  # small: 3
TASKS = {"mixed": 20, "overlapping": 5, "categorical": 5}  # small: {"mixed": 2}
EPISODES = 2  # small: 1
env = gymnasium.make("alrl/digits-v0")
observation, info = env.reset(seed=0)
print({name: array.shape for name, array in observation.items()})
choice = observation["candidates"][:, 2].argmin()  # column 2 is the margin: this agent is margin sampling
observation, reward, terminated, truncated, info = env.step(choice)
print(f"reward {reward:+.4f}")

# %% [markdown]
# 32 candidates, each with its features, whatever the data: a policy that is trained here plays on any. Training begins
# with *imitation of a look-ahead*: an expert tries every candidate in a copy of the loop and sees what it is worth some
# rounds later; the policy learns to rank as it does. It starts as margin sampling: whatever differs was learned.

# %%
recipe = load_agent_recipe("quick")  # a short look-ahead; its PPO is left out here to stay below a minute
short = recipe.imitation.model_copy(update={"episodes": EPISODES})
world = load_env_recipe("synthetic")
world = world.model_copy(update={"data": world.data.model_copy(update={"synthetic": TASKS})})
agent = recipe.model_copy(update={"imitation": short, "reinforcement": None, "keep": "last"})  # "best" may be margin
policy = Trainer(agent=agent, env=world, workers=1).train("mine")
for data in ("iris", "wine", "breast_cancer", "digits"):
    ours, margin = (alrl.simulate(data, name, labels=40, seeds=SEEDS) for name in (policy, "margin"))
    gain = 100 * (ours.aubc - margin.aubc)
    print(f"{data:14} policy beyond margin {gain.mean():+.2f} ± {2 * gain.std() / SEEDS**0.5:.2f} points of AUBC")

# %% [markdown]
# **What does it look at?** Shuffle one feature among the candidates and count how often the choice changes.

# %%
batch = gymnasium.make_vec("alrl/synthetic-v0", num_envs=64)
candidates, loop, mask = map(torch.as_tensor, batch.reset(seed=1)[0].values())
chosen = lambda shown: policy.network(shown, loop, mask.bool()).argmax(1)
names, share = [feature.name for feature in policy.features.record], []
for column in range(len(names)):
    shown = candidates.clone()
    order = torch.randperm(shown.shape[1], generator=torch.Generator().manual_seed(column))
    shown[..., column] = shown[:, order, column]
    share.append(float((chosen(shown) != chosen(candidates)).float().mean()))
most = sorted(zip(share, names, strict=True))[-12:]
figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.barh([name for _, name in most], [100 * changed for changed, _ in most])
ax.set(xlabel="Choices that change when the feature is shuffled (%)")
figure.savefig("selection_as_learning.png")  # script only
print("Figure: selection_as_learning.png")  # script only

# %% [markdown]
# ## Exercises
#
# 1. Train with another `seed=`. How far apart are the two policies' gains, and what must a paper then report?
# 2. Train on `{"tiny": 30}` alone and play `digits`. What happens on unlike data?
# 3. The reward sees the validation part, the final score the test part. What would happen if both were one?
#
# <details markdown="1"><summary>Answers</summary>
#
# 1. They differ as two data sets' noise does: report several training seeds apart, never the best one.
# 2. It may lose to margin. `alrl distance` measures how unlike the data are; see [the guard](../guard.md).
# 3. The policy would learn what suits the test records, and every number would be too good. The types prevent it.
#
# </details>
#
# ## Literature
#
# Konyushkova, Sznitman and Fua 2017 (LAL); Fang, Li and Cohn 2017 (RL); Ross, Gordon and Bagnell 2011 (DAgger).
