"""Trains a policy on the vector environment by one of Stable-Baselines3's algorithms, from any start."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import A2C, PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from alrl.agents.networks.buyer import Buyer
from alrl.agents.networks.set_scorer import CandidateScorer
from alrl.agents.networks.weighted import Weigher
from alrl.agents.policy import Policy
from alrl.agents.reinforcement_recipes import (
    LEARNS,
    A2CRecipe,
    DQNRecipe,
    MaskablePPORecipe,
    ReinforcementRecipe,
    SACRecipe,
)
from alrl.agents.training.checkpoint import Checkpoint
from alrl.agents.training.reinforcement.actor_critic import (
    BuyerActorCriticPolicy,
    MaskableSetActorCriticPolicy,
    SetActorCriticPolicy,
    WeigherActorCriticPolicy,
    WeigherSACPolicy,
)
from alrl.agents.training.reinforcement.deep_q import MaskedDoubleDQN, SetQPolicy
from alrl.agents.training.reinforcement.preparation import movement, normalised, sharpness, visited
from alrl.agents.training.reinforcement.resuming import Recorder, Saves, resume
from alrl.envs.recipe import EnvRecipe
from alrl.envs.sb3 import ActiveLearningVecEnv
from alrl.errors import InvalidRecipeError


class _Report(BaseCallback):
    """Calls back with the number of steps played and the mean return of the last episodes."""

    def __init__(self, progress: Callable[[int, float | None], object]) -> None:
        super().__init__()
        self._progress = progress

    def _on_step(self) -> bool:
        episodes = self.model.ep_info_buffer or ()
        returns = [float(episode["r"]) for episode in episodes]
        self._progress(self.num_timesteps, sum(returns) / len(returns) if returns else None)
        return True


def improve(
    policy: Policy,
    recipe: EnvRecipe,
    settings: ReinforcementRecipe,
    *,
    seed: int,
    log: Path | None = None,
    progress: Callable[[int, float | None], object] | None = None,
    environment: VecEnv | None = None,
    checkpoint: Checkpoint | None = None,
    moved: Callable[[dict[str, float]], object] | None = None,
) -> Policy:
    """Train the policy by the algorithm of ``settings`` on the environment, at least ``settings.steps`` queries.

    A set scorer that knows no scales of its features takes them from the environment first. TensorBoard scalars go to
    the folder ``log``; ``progress`` gets the queries played so far and the mean return of the last episodes, None while
    none has ended; ``moved`` gets how far a set scorer has moved
    (:func:`alrl.agents.training.reinforcement.preparation.movement`). ``environment`` is played instead of the
    recipe's, if given, and closed in the end. The state is kept between two roll-outs in ``checkpoint``, and gone on
    from.

    Raises InvalidRecipeError for actions of a kind that the algorithm cannot learn.
    """
    if recipe.action.kind not in LEARNS[settings.kind]:
        able = ", ".join(name for name, kinds in LEARNS.items() if recipe.action.kind in kinds)
        raise InvalidRecipeError(
            f"reinforcement by {settings.kind} cannot learn actions of kind {recipe.action.kind}; these can:"
            f" {able or 'none'}"
        )
    given = environment if environment is not None else ActiveLearningVecEnv(recipe, num_envs=settings.envs, seed=seed)
    start, sample, factor = policy.network, None, 1.0
    if not isinstance(start, Buyer | Weigher):
        sample = visited(given, seed=seed, steps=settings.sampled)
        start = normalised(start, sample)
        if not isinstance(settings, DQNRecipe | SACRecipe):
            factor = sharpness(start, sample, settings.certainty)
    # Money, or points of a metric, may be counted in any unit: the critic must not have to find out which.
    scaled = settings.scaled_rewards or isinstance(start, Buyer)
    recorder = Recorder(given)
    scale: dict[str, Any] = {"gamma": settings.discount, "clip_reward": settings.reward_clip}
    environment = VecNormalize(recorder, norm_obs=False, **scale) if scaled else recorder
    arguments = {
        "learning_rate": settings.learning_rate,
        "gamma": settings.discount,
        "seed": seed,
        "device": "cpu",
        "tensorboard_log": str(log) if log else None,
        "policy_kwargs": {"scorer": start} | _of_the_policy(settings, start, factor),
    }
    with _global_streams_kept():
        try:
            model = _algorithm(environment, settings, recipe.budget.labels, arguments, kind=type(policy.network))
            _learn(model, settings, recorder, checkpoint or Checkpoint(), progress)
        except ValueError as error:
            # Of distributions that torch is to make of scores that are no numbers.
            if "nan" not in str(error):
                raise
            raise InvalidRecipeError(
                f"reinforcement by {settings.kind} has diverged: the policy's scores are no numbers any more; lower"
                f" learning_rate = {settings.learning_rate:g}"
            ) from error
        finally:
            environment.close()
    trained: Any = model.policy
    network = copy.deepcopy(trained.scorer)
    network.requires_grad_(True)
    network.eval()
    if sample is not None and moved is not None:
        moved(movement(start, network, sample, factor))
    return dataclasses.replace(policy, network=network)


def _learn(
    model: BaseAlgorithm,
    settings: ReinforcementRecipe,
    recorder: Recorder,
    checkpoint: Checkpoint,
    progress: Callable[[int, float | None], object] | None,
) -> None:
    """Train to the end, from the state of the checkpoint where there is one."""
    reports: list[BaseCallback] = [Saves(checkpoint, recorder), *([_Report(progress)] if progress else [])]
    state = checkpoint.load()
    if state is not None:
        resume(model, state)
        # What was played again is not counted again.
        checkpoint.work.resume(state.work)
    model.learn(
        settings.steps - model.num_timesteps,
        callback=reports,
        # Of updates, or of episodes where what is remembered is learnt from.
        log_interval=settings.envs if isinstance(settings, DQNRecipe | SACRecipe) else 1,
        tb_log_name=settings.kind,
        reset_num_timesteps=state is None,
    )


def _algorithm(
    environment: VecEnv,
    settings: ReinforcementRecipe,
    labels: int,
    arguments: dict[str, Any],
    *,
    kind: type[CandidateScorer],
) -> BaseAlgorithm:
    if isinstance(settings, SACRecipe):
        return SAC(WeigherSACPolicy, environment, **_remembering(settings), tau=settings.follows, **arguments)
    if isinstance(settings, DQNRecipe):
        return _deep_q(environment, settings, arguments)
    actor: Any = WeigherActorCriticPolicy if kind is Weigher else SetActorCriticPolicy
    rollout = min(labels, settings.rollout)
    arguments |= {
        "n_steps": rollout,
        "ent_coef": settings.entropy,
        "vf_coef": settings.value_weight,
        "max_grad_norm": settings.gradient,
    }
    if isinstance(settings, A2CRecipe):
        return A2C(actor, environment, gae_lambda=settings.gae, normalize_advantage=settings.standardised, **arguments)
    clipped: dict[str, Any] = {
        "batch_size": minibatch(rollout * settings.envs, settings.minibatch),
        "n_epochs": settings.epochs,
        "clip_range": settings.clip,
        "target_kl": settings.target_kl,
        "gae_lambda": settings.gae,
        "normalize_advantage": settings.standardised,
        "clip_range_vf": settings.value_clip,
    }
    if isinstance(settings, MaskablePPORecipe):
        masked: Any = BuyerActorCriticPolicy if kind is Buyer else MaskableSetActorCriticPolicy
        return MaskablePPO(masked, environment, **arguments, **clipped)
    return PPO(actor, environment, **arguments, **clipped)


def _of_the_policy(settings: ReinforcementRecipe, start: CandidateScorer, factor: float) -> dict[str, Any]:
    """Return the arguments of the policy's class beside its start; ``factor`` is on all scores."""
    if isinstance(settings, DQNRecipe):
        return {"scale": settings.scale}
    if isinstance(start, Weigher):
        return {"spread": settings.spread}
    return {"sharpness": factor} if factor != 1 else {}


def _deep_q(environment: VecEnv, settings: DQNRecipe, arguments: dict[str, Any]) -> BaseAlgorithm:
    return MaskedDoubleDQN(
        SetQPolicy,
        environment,
        **_remembering(settings),
        target_update_interval=max(settings.target, settings.envs),
        exploration_fraction=settings.exploring,
        exploration_initial_eps=settings.exploration,
        exploration_final_eps=settings.final_exploration,
        max_grad_norm=settings.gradient,
        **arguments,
    )


def _remembering(settings: DQNRecipe | SACRecipe) -> dict[str, Any]:
    return {
        "buffer_size": max(settings.envs, min(settings.buffer, settings.steps)),
        "learning_starts": settings.warm_up,
        "batch_size": settings.batch,
        "train_freq": settings.rollout,
        "gradient_steps": settings.updates,
    }


def minibatch(steps: int, most: int = 512) -> int:
    """Return the largest divisor of ``steps`` up to ``most``: no minibatch is cut short."""
    return next(size for size in range(min(most, steps), 0, -1) if steps % size == 0)


@contextmanager
def _global_streams_kept() -> Iterator[None]:
    """Stable-Baselines3 seeds the global generators; what runs beside it must not depend on that."""
    python, numpy, own = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(own)
