"""Trains a policy as its recipe says: imitation, then reinforcement learning, then the better one by validation."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy
from alrl.agents.recipe import AlgorithmRecipe, TrainedRecipe
from alrl.agents.reinforcement_recipes import ReinforcementRecipe
from alrl.agents.training import stages as training_stages
from alrl.agents.training.checkpoint import Checkpoint, Work, keep, kept, tensors_of
from alrl.agents.training.collection import collected
from alrl.agents.training.fit_guard import guarded
from alrl.agents.training.imitation import fit
from alrl.agents.training.lal import regressed
from alrl.agents.training.tensorboard import Tracker
from alrl.agents.training.untrained import begun, check, untrained
from alrl.agents.training.validation import (
    RETURN,
    areas,
    by_size,
    gains_over_margin,
    judged,
    judged_by_return,
    kept_stage,
    played_as,
    set_aside,
)
from alrl.agents.training.valued_candidates import Behaviour, ValuedCandidates
from alrl.agents.training.visited_states import watch_tasks
from alrl.agents.training_recipes import EvolutionRecipe, ImitationRecipe, RegressionRecipe, SearchRecipe
from alrl.data.task import Task
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.loop.counting import counted
from alrl.numerics.backend import one_thread
from alrl.numerics.streams import stream_key
from alrl.progress import Bars

STAGES = ("regression", "search", "imitation", "branching", "evolution", "reinforcement", "algorithm")
"""Tables of a recipe, in the order in which they train."""
_FIT = ("epochs", "learning_rate", "weight_decay", "temperature", "batch", "weigh")


@dataclass(kw_only=True, eq=False)
class Trainer:
    """One training run: recipes, a seed, and where progress and TensorBoard scalars go."""

    agent: TrainedRecipe
    env: EnvRecipe
    seed: int = 0
    start: Policy | None = None
    """What training goes on from; by default the recipe's ``start``, or an untrained policy."""
    workers: int | None = None
    """Processes that collect examples; by default one for each core, at most 4."""
    device: str = "cpu"
    """Where loops are computed while examples are collected and stages compared; on a GPU one process does it."""
    log: Path | None = None
    checkpoints: Path | None = None
    """Folder that the state is kept in while the training lasts, and gone on from where it is of the same recipes, seed
    and code; whoever has saved the policy removes it by ``trainer.checkpoint.remove()``."""
    bars: Bars = dataclasses.field(default_factory=lambda: Bars(quiet=True))

    def __post_init__(self) -> None:
        check(self.agent, self.env)
        self.game = Game(self.env)
        self.validation, self.training = set_aside(self.env.data.names, self.agent.validation, self.seed)
        self._tracker, self._work = Tracker(None), Work()
        if self.start is None and self.agent.start is not None:
            self.start = load_policy(self.agent.start)
        own: Any = (self._work, self.agent, self.env)
        start = self.start.fingerprint if self.start is not None else None
        self.checkpoint = Checkpoint.of(self.checkpoints, *own, seed=self.seed, device=self.device, start=start)

    def train(self, name: str = "policy") -> Policy:
        """Return the trained policy, its card telling how it came about."""
        with one_thread(), Tracker(self.log) as self._tracker, counted() as counter:
            # In place: the checkpoints hold it too.
            vars(self._work).update(vars(Work(counter=counter)))
            return self._train(name)

    def untrained(self, name: str = "policy") -> Policy:
        """Return the policy that training starts from: ``start``, or one that plays as margin sampling does."""
        if self.start is not None:
            return begun(self.agent, self.env, self.start, name=name)
        return untrained(self.agent, self.env, seed=stream_key([self.seed], "agent") % 2**31, name=name)

    def _train(self, name: str) -> Policy:
        policy = self.untrained(name)
        stages: list[tuple[str, Policy]] = [("untrained" if self.start is None else "start", policy)]
        for stage in STAGES:
            if getattr(self.agent, stage) is None:
                continue
            policy = self._after(stage, policy)
            if self.agent.reinforcement is not None and stage == "reinforcement":
                stages += played_as(self.agent.reinforcement.kind, policy)
            else:
                # No choice of stages after LAL: it is what was regressed, even where margin would do better.
                stages = [*(stages if stage != "regression" else ()), (stage, policy)]
        chosen, validated = self._choose(stages)
        gains = validated["validation_gain_over_margin"]
        self._tracker.settings(
            {"agent": self.agent.model_dump(), "env": self.env.model_dump(), "seed": self.seed, "policy": name},
            {f"ended/{stage}_gain_over_margin": gain for stage, gain in gains.items()},
        )
        card = self._card(validated) | ({"judged_by": RETURN} if judged_by_return(chosen) else {})
        return self._guarded(dataclasses.replace(chosen, card=card))

    def _after(self, stage: str, policy: Policy) -> Policy:
        """Return the policy after a stage of the training: what was kept of it, if it has ended before."""
        checkpoint = self.checkpoint.part(stage)
        ended = kept(checkpoint, policy)
        if ended is None:
            ended = getattr(self, f"_{stage}")(policy, getattr(self.agent, stage), checkpoint)
            keep(checkpoint, ended)
        return ended

    def _tasks(self, names: Sequence[str], episodes: int, round_: int) -> list[Task]:
        # Not the tasks again that a policy of the same seed was trained on which this training goes on from.
        round_ += 500 if self.start is not None else 0
        draw, key = self.game.source.draw, [self.seed, 1 + round_]
        return [draw([*key, i * episodes + j], name) for i, name in enumerate(names) for j in range(episodes)]

    def _imitation(self, policy: Policy, recipe: ImitationRecipe, checkpoint: Checkpoint) -> Policy:
        seen: list[ValuedCandidates] = []
        aside: list[ValuedCandidates] = []
        shuffle = torch.Generator().manual_seed(stream_key([self.seed], "shuffle") % 2**31)
        for round_ in range(recipe.rounds):
            player = policy if round_ or self.start is not None else None
            behaviour = Behaviour(policy=player, share=recipe.share, random=recipe.random)
            place, title = checkpoint.part(f"round-{round_ + 1}"), f"look ahead, round {round_ + 1}"
            names = training_stages.sets_of_round(self.training, recipe.sets, [self.seed, round_])
            seen.append(self._collect(names, recipe, behaviour, round_, title, place.part("training")))
            names, title = self.validation or self.training, "  on validation data sets"
            aside.append(self._collect(names, recipe, behaviour, 1000 + round_, title, place.part("validation")))
            if (state := place.load()) is not None:
                policy = dataclasses.replace(policy, network=copy.deepcopy(policy.network))
                policy.network.load_state_dict(state.within("network"))
                shuffle.set_state(state.tensors["shuffle"])
                continue
            policy = self._fit(policy, recipe, round_, seen, aside, shuffle)
            place.save({}, tensors_of(network=policy.network) | {"shuffle": shuffle.get_state()})
        return policy

    def _fit(
        self,
        policy: Policy,
        recipe: ImitationRecipe,
        round_: int,
        seen: Sequence[ValuedCandidates],
        aside: Sequence[ValuedCandidates],
        shuffle: torch.Generator,
    ) -> Policy:
        examples, kept = ValuedCandidates.joined(seen), ValuedCandidates.joined(aside)
        epochs = recipe.epochs * self.agent.network.members
        bar = self.bars.bar(f"imitate, {len(examples)} states", epochs)

        def progress(epoch: int, loss: float) -> None:
            bar.advance(note=f"loss {loss:.3f}")
            self._tracker.scalar("imitation/training_loss", loss, round_ * epochs + epoch + 1)

        given = {name: getattr(recipe, name) for name in _FIT}
        policy, ranking = fit(policy, examples, kept, **given, generator=shuffle, progress=progress)
        bar.done(note=f"choice {ranking.gain:+.2f} sd, margin {ranking.margin_gain:+.2f}")
        for name, value in dataclasses.asdict(ranking).items():
            self._work.scalars[f"imitation/round_{round_ + 1}/{name}"] = value
            self._tracker.scalar(f"imitation/{name}", value, (round_ + 1) * epochs)
        return policy

    def _regression(self, policy: Policy, recipe: RegressionRecipe, checkpoint: Checkpoint) -> Policy:
        def collect(behaviour: Behaviour, round_: int) -> ValuedCandidates:
            place, title = checkpoint.part(f"round-{round_ + 1}"), f"try labels, round {round_ + 1}"
            return self._collect(self.training, recipe, behaviour, round_, title, place)

        return regressed(policy, recipe, collect, seed=stream_key([self.seed], "agent") % 2**31)

    def _search(self, policy: Policy, recipe: SearchRecipe, checkpoint: Checkpoint) -> Policy:
        return training_stages.search_weights(
            policy,
            self.env,
            recipe,
            training_stages.searched_on(self.game.source, self.training, recipe.episodes, self.seed),
            seed=stream_key([self.seed], "agent") % 2**31,
            device=self.device,
            checkpoint=checkpoint,
            bars=self.bars,
            tracker=self._tracker,
        )

    def _branching(self, policy: Policy, _: object, checkpoint: Checkpoint) -> Policy:
        return training_stages.branched(
            policy, self.agent, self.env, self.training, self.seed, self.device, checkpoint, self._tracker
        )

    def _evolution(self, policy: Policy, recipe: EvolutionRecipe, checkpoint: Checkpoint) -> Policy:
        return training_stages.breed(
            policy,
            self.env,
            recipe,
            self.training,
            seed=self.seed,
            device=self.device,
            checkpoint=checkpoint,
            bars=self.bars,
            tracker=self._tracker,
        )

    def _collect(
        self,
        names: Sequence[str],
        recipe: ImitationRecipe | RegressionRecipe,
        behaviour: Behaviour,
        round_: int,
        title: str,
        checkpoint: Checkpoint,
    ) -> ValuedCandidates:
        return collected(
            self._tasks(names, recipe.episodes, round_),
            self.env,
            recipe,
            behaviour,
            workers=self.workers,
            device=self.device,
            checkpoint=checkpoint,
            bars=self.bars,
            title=title,
            variant=round_,
        )

    def _reinforcement(self, policy: Policy, recipe: ReinforcementRecipe, checkpoint: Checkpoint) -> Policy:
        return training_stages.reinforce(
            policy,
            training_stages.played_on(self.env, self.training, training_stages.candidates_of(self.agent, policy)),
            recipe,
            seed=stream_key([self.seed], recipe.kind) % 2**31,
            log=self.log,
            checkpoint=checkpoint,
            bars=self.bars,
            tracker=self._tracker,
        )

    def _algorithm(self, policy: Policy, recipe: AlgorithmRecipe, checkpoint: Checkpoint) -> Policy:
        return training_stages.by_algorithm(
            policy,
            training_stages.played_on(self.env, self.training, training_stages.candidates_of(self.agent, policy)),
            recipe,
            seed=stream_key([self.seed], "algorithm") % 2**31,
            work=checkpoint.work,
            bars=self.bars,
            tracker=self._tracker,
        )

    def _choose(self, stages: Sequence[tuple[str, Policy]]) -> tuple[Policy, dict[str, Any]]:
        """Return the stage to keep, by area or return beyond margin's in validation, and what a card says of it."""
        tasks = by_size(self._tasks(self.validation or self.training, self.agent.trials, 2000))
        bar = self.bars.bar("compare stages on validation sets", len(stages))
        gains: dict[str, torch.Tensor] = {}
        with counted() as counter:
            for name, gain in gains_over_margin(stages, self.env, tasks, device=self.device):
                mean = float(gain.mean())
                self._tracker.scalar("validation/gain_over_margin", mean, len(gains))
                gains[name] = gain
                bar.advance(note=f"{name} {mean:+.4f}")
        self._work.validation_steps += counter.tally.steps
        bar.done()
        best = kept_stage(list(gains.values()), tasks, self.agent.keep)
        return stages[best][1], judged(gains, tasks, best)

    def _guarded(self, policy: Policy) -> Policy:
        """Return the policy with its features' ranges on training data sets, 400 of them at most, and its guard."""
        bar = self.bars.bar("play training sets for the features' ranges and the guard", 1)
        player = policy.to(self.device)
        names = training_stages.sets_of_round(self.training, 400, [self.seed, 3000])
        seen = watch_tasks(self._tasks(names, 1, 3000), self.env, player, player, device=self.device)
        tasks = by_size(self._tasks(self.validation or self.training, 2 * self.agent.trials, 4000))
        with_guard = guarded(
            policy, seen, self.agent.guard, tasks, lambda who, on: areas(who, self.env, on, device=self.device)
        )
        bar.advance()
        bar.done()
        return with_guard

    def _card(self, validated: dict[str, Any]) -> dict[str, Any]:
        return {
            **training_stages.made_by(self.agent, self.env, self.seed),
            **validated,
            **training_stages.data_sets_seen(self.start, trained_on=self.training, validated_on=self.validation),
            "work": self._work.summary,
            **training_stages.by_stage(self._work.scalars),
        }
