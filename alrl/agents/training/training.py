"""Trains a policy as its recipe says: imitation, then reinforcement learning, then the better one by validation."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import torch

from alrl.agents.policy import Policy
from alrl.agents.recipe import ImitationRecipe, RegressionRecipe, TrainedRecipe
from alrl.agents.training import stages as training_stages
from alrl.agents.training.fit_guard import guarded
from alrl.agents.training.imitation import Ranking, fit
from alrl.agents.training.lal import fit_forest
from alrl.agents.training.tensorboard import Tracker
from alrl.agents.training.untrained import check, untrained
from alrl.agents.training.validation import (
    RETURN,
    areas,
    by_size,
    chunks,
    episode_returns,
    judged,
    judged_by_return,
    kept_stage,
    played_as,
)
from alrl.agents.training.valued_candidates import Behaviour, ValuedCandidates
from alrl.agents.training.visited_states import watch_tasks
from alrl.agents.training_recipes import EvolutionRecipe, ReinforcementRecipe, SearchRecipe
from alrl.data.task import Task
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.loop.counting import Counter, counted
from alrl.numerics.backend import one_thread
from alrl.numerics.streams import generator, stream_key
from alrl.progress import Bar, Bars
from alrl.strategies import Strategy, make_strategy


@dataclass(kw_only=True, eq=False)
class Trainer:
    """One training run: recipes, a seed, and where progress and TensorBoard scalars go."""

    agent: TrainedRecipe
    env: EnvRecipe
    seed: int = 0
    workers: int | None = None
    """Processes that collect examples; by default one for each core, at most 4."""
    device: str = "cpu"
    """Where loops are computed while examples are collected and stages compared; on a GPU one process does it."""
    log: Path | None = None
    checkpoints: Path | None = None
    """Folder that the state of a long training is kept in, and gone on from: of evolution, after each generation."""
    bars: Bars = dataclasses.field(default_factory=lambda: Bars(quiet=True))

    def __post_init__(self) -> None:
        check(self.agent, self.env)
        self.game = Game(self.env)
        names = list(self.env.data.names)
        order = generator([self.seed], "validation data sets").permutation(len(names))
        kept = max(1, round(self.agent.validation * len(names))) if len(names) > 1 else 0
        self.validation = [names[i] for i in sorted(order[:kept])]
        self.training = [names[i] for i in sorted(order[kept:])]
        self.scalars: dict[str, float] = {}
        self._tracker = Tracker(None)
        self._steps, self._validation_steps, self._counter = 0, 0, Counter()

    def train(self, name: str = "policy") -> Policy:
        """Return the trained policy, its card telling how it came about."""
        self._steps, self._validation_steps = 0, 0
        with one_thread(), Tracker(self.log) as self._tracker, counted() as self._counter:
            return self._train(name)

    def untrained(self, name: str = "policy") -> Policy:
        """Return the policy that training starts from: it plays as margin sampling does."""
        return untrained(self.agent, self.env, seed=stream_key([self.seed], "agent") % 2**31, name=name)

    def _train(self, name: str) -> Policy:
        policy = self.untrained(name)
        stages: list[tuple[str, Policy]] = [("untrained", policy)]
        if self.agent.regression is not None:
            # No choice of stages: LAL is what was regressed, even where margin would do better.
            stages = [("regression", self._regress(policy, self.agent.regression))]
        if self.agent.search is not None:
            policy = self._search(policy, self.agent.search)
            stages.append(("search", policy))
        if self.agent.imitation is not None:
            policy = self._imitate(policy, self.agent.imitation)
            stages.append(("imitation", policy))
        if self.agent.branching is not None:
            policy = training_stages.branched(
                policy, self.agent, self.env, self.training, self.seed, self.device, self._tracker
            )
            stages.append(("branching", policy))
        if self.agent.evolution is not None:
            policy = self._evolve(policy, self.agent.evolution)
            stages.append(("evolution", policy))
        if self.agent.reinforcement is not None:
            policy = self._reinforce(policy, self.agent.reinforcement)
            stages += played_as(self.agent.reinforcement.kind, policy)
        if self.agent.algorithm is not None:
            policy, steps = training_stages.by_algorithm(
                policy,
                training_stages.played_on(self.env, self.training, self.agent.candidates),
                self.agent.algorithm,
                seed=stream_key([self.seed], "algorithm") % 2**31,
                bars=self.bars,
                tracker=self._tracker,
            )
            self._steps += steps
            stages.append(("algorithm", policy))
        chosen, told = self._choose(stages)
        self._tracker.settings(
            {"agent": self.agent.model_dump(), "env": self.env.model_dump(), "seed": self.seed, "policy": name},
            {f"ended/{stage}_gain_over_margin": gain for stage, gain in told["validation_gain_over_margin"].items()},
        )
        card = self._card(told) | ({"judged_by": RETURN} if judged_by_return(chosen) else {})
        return self._guarded(dataclasses.replace(chosen, card=card))

    def _tasks(self, names: Sequence[str], episodes: int, round_: int) -> list[Task]:
        seeds = [(name, i * episodes + j) for i, name in enumerate(names) for j in range(episodes)]
        return [self.game.source.draw([self.seed, 1 + round_, number], name) for name, number in seeds]

    def _imitate(self, policy: Policy, recipe: ImitationRecipe) -> Policy:
        seen: list[ValuedCandidates] = []
        aside: list[ValuedCandidates] = []
        shuffle = torch.Generator().manual_seed(stream_key([self.seed], "shuffle") % 2**31)
        ranking = None
        for round_ in range(recipe.rounds):
            behaviour = Behaviour(policy=policy if round_ else None, share=recipe.share)
            seen.append(self._collect(self.training, recipe, behaviour, round_, f"look ahead, round {round_ + 1}"))
            checked = self.validation or self.training
            aside.append(self._collect(checked, recipe, behaviour, 1000 + round_, "  on validation data sets"))
            examples, kept = ValuedCandidates.joined(seen), ValuedCandidates.joined(aside)
            epochs = recipe.epochs * self.agent.network.members
            bar = self.bars.bar(f"imitate, {len(examples)} states", epochs)

            def progress(epoch: int, loss: float, bar: Bar = bar, before: int = round_ * epochs) -> None:
                bar.advance(note=f"loss {loss:.3f}")
                self._tracker.scalar("imitation/training_loss", loss, before + epoch + 1)

            policy, ranking = fit(
                policy,
                examples,
                kept,
                epochs=recipe.epochs,
                learning_rate=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                temperature=recipe.temperature,
                weigh=recipe.weigh,
                generator=shuffle,
                progress=progress,
            )
            bar.done(note=f"choice {ranking.gain:+.2f} sd, margin {ranking.margin_gain:+.2f}")
            self._note(round_ + 1, ranking, step=(round_ + 1) * epochs)
        return policy

    def _regress(self, policy: Policy, recipe: RegressionRecipe) -> Policy:
        seen: list[ValuedCandidates] = []
        seed = stream_key([self.seed], "agent") % 2**31
        for round_ in range(recipe.rounds):
            behaviour = Behaviour(policy=policy if round_ else None, share=recipe.share, random=1.0)
            seen.append(self._collect(self.training, recipe, behaviour, round_, f"try labels, round {round_ + 1}"))
            forest = fit_forest(ValuedCandidates.joined(seen), trees=recipe.trees, leaf=recipe.leaf, seed=seed + round_)
            policy = dataclasses.replace(policy, network=forest)
        return policy

    def _search(self, policy: Policy, recipe: SearchRecipe) -> Policy:
        with counted() as counter:
            best = training_stages.search_weights(
                policy,
                self.env,
                recipe,
                training_stages.searched_on(self.game.source, self.training, recipe.episodes, self.seed),
                seed=stream_key([self.seed], "agent") % 2**31,
                device=self.device,
                bars=self.bars,
                tracker=self._tracker,
            )
        self._steps += counter.tally.steps
        return best

    def _evolve(self, policy: Policy, recipe: EvolutionRecipe) -> Policy:
        with counted() as counter:
            bred = training_stages.breed(
                policy,
                self.env,
                recipe,
                self.training,
                seed=self.seed,
                device=self.device,
                checkpoint=self.checkpoints / "evolution.json" if self.checkpoints is not None else None,
                bars=self.bars,
                tracker=self._tracker,
            )
        self._steps += counter.tally.steps
        return bred

    def _collect(
        self,
        names: Sequence[str],
        recipe: ImitationRecipe | RegressionRecipe,
        behaviour: Behaviour,
        round_: int,
        title: str,
    ) -> ValuedCandidates:
        parted = chunks(by_size(self._tasks(names, recipe.episodes, round_)))
        bar = self.bars.bar(title, len(parted))
        expert = recipe.expert.build(behaviour.policy)
        workers = self.workers if self.workers is not None else min(4, os.cpu_count() or 1)
        workers = workers if self.device == "cpu" else 1
        jobs = (
            joblib.delayed(training_stages.collect_pinned)(
                chunk, self.env, behaviour, expert, recipe.every, number, self.device
            )
            # The longest chunks go first, lest one is waited for at the end.
            for number, chunk in reversed(list(enumerate(parted)))
        )
        parts = []
        for part, tally, process in joblib.Parallel(n_jobs=workers, return_as="generator")(jobs):
            parts.append(part)
            self._steps += tally.steps
            if process != os.getpid():
                self._counter.add(tally)
            bar.advance()
        bar.done()
        return ValuedCandidates.joined(parts)

    def _reinforce(self, policy: Policy, recipe: ReinforcementRecipe) -> Policy:
        improved, steps = training_stages.reinforce(
            policy,
            training_stages.played_on(self.env, self.training, self.agent.candidates),
            recipe,
            seed=stream_key([self.seed], recipe.kind) % 2**31,
            log=self.log,
            bars=self.bars,
            tracker=self._tracker,
            scalars=self.scalars,
        )
        self._steps += steps
        return improved

    def _choose(self, stages: Sequence[tuple[str, Policy]]) -> tuple[Policy, dict[str, Any]]:
        """Return the stage to keep, by area or return beyond margin's in validation, and what a card says of it."""
        names = self.validation or self.training
        tasks = by_size(self._tasks(names, self.agent.trials, 2000))
        bar = self.bars.bar("compare stages on validation sets", len(stages))
        gains: dict[str, torch.Tensor] = {}
        with counted() as counter:
            buys = judged_by_return(stages[0][1])
            returns = functools.partial(episode_returns, env=self.env, device=self.device)
            worth: Any = functools.partial(returns if buys else self._areas, tasks=tasks)
            margin = worth(stages[0][1] if buys else make_strategy("margin"))
            for number, (name, policy) in enumerate(stages):
                gains[name] = worth(policy) - margin
                mean = float(gains[name].mean())
                self._tracker.scalar("validation/gain_over_margin", mean, number)
                bar.advance(note=f"{name} {mean:+.4f}")
        self._validation_steps += counter.tally.steps
        bar.done()
        best = kept_stage(list(gains.values()), tasks, self.agent.keep)
        return stages[best][1], judged(gains, tasks, best)

    def _areas(self, strategy: Strategy, tasks: Sequence[Task]) -> torch.Tensor:
        return areas(strategy, self.env, tasks, device=self.device)

    def _guarded(self, policy: Policy) -> Policy:
        """Return the policy with its features' ranges on its training data sets, and with its guard, if any."""
        bar = self.bars.bar("play training sets for the features' ranges and the guard", 1)
        player = policy.to(self.device)
        seen = watch_tasks(self._tasks(self.training, 1, 3000), self.env, player, player, device=self.device)
        tasks = by_size(self._tasks(self.validation or self.training, 2 * self.agent.trials, 4000))
        with_guard = guarded(policy, seen, self.agent.guard, tasks, self._areas)
        bar.advance()
        bar.done()
        return with_guard

    def _note(self, round_: int, ranking: Ranking, *, step: int) -> None:
        """Note what a round came to on the examples kept aside, for the card and as a point of its curve."""
        for name, value in dataclasses.asdict(ranking).items():
            self.scalars[f"imitation/round_{round_}/{name}"] = value
            self._tracker.scalar(f"imitation/{name}", value, step)

    def _card(self, told: dict[str, Any]) -> dict[str, Any]:
        return {
            **training_stages.made_by(self.agent, self.env, self.seed),
            **told,
            "trained_on": self.training,
            "validated_on": self.validation,
            "work": {"steps": self._steps, "validation_steps": self._validation_steps, **self._counter.tally.summary},
            **training_stages.by_stage(self.scalars),
        }
