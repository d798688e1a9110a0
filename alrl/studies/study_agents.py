"""The agents of a study: rules and policies as they are, and those that it trains first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from alrl import recipes
from alrl.agents.look_ahead.oracle import UPPER_BOUND
from alrl.agents.players import find_agent, is_oracle
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe, parse_agent_recipe
from alrl.agents.training.tensorboard import forget
from alrl.agents.training.training import Trainer
from alrl.errors import CodeRefusedError, PolicyFileError
from alrl.evaluation.held_out import refuse_seen
from alrl.progress import Bars
from alrl.recipes.modules import code_is_refused
from alrl.strategies import Strategy
from alrl.studies.store import Store
from alrl.studies.study import StudyRecipe

POLICIES = "policies"
"""Folder of a run that holds the policies it compared."""


@dataclass(frozen=True, kw_only=True)
class StudyAgent:
    """An agent under one name in the tables."""

    name: str
    strategy: Strategy
    identity: str
    """What it is, by content: a rule's recipe, a policy's weights."""
    recipe: Mapping[str, Any]
    """How to build it again; the folder of a policy is relative to the run."""


@dataclass(kw_only=True)
class StudyAgents:
    """Finds or trains the agents of a study in the folder of a run."""

    study: StudyRecipe
    folder: Path
    workers: int | None = None
    device: str = "cpu"
    bars: Bars = field(default_factory=lambda: Bars(quiet=True))
    called: Mapping[str, str] = field(default_factory=dict)
    """What tables call agents that need no training, where not by what the study names them by."""

    def shown(self, name: str) -> list[str]:
        """Return what tables call an agent: one name, or one for each seed that a policy is trained with."""
        if name not in self.study.train:
            return [self.called.get(name) or shown_name(name)]
        seeds = self.study.train[name].seeds
        return [name] if len(seeds) == 1 else [f"{name}-{seed}" for seed in seeds]

    def primary(self) -> tuple[str, str] | None:
        """Return the pair of the study's primary comparison, as tables name them."""
        if self.study.primary is None:
            return None
        about, against = (self.shown(name)[0] for name in self.study.primary)
        return about, against

    def methods(self) -> dict[str, list[str]]:
        """Return the methods that are trained with several seeds, and what tables call the policy of each seed."""
        trained = [name for name in self.study.train if name in self.study.agents]
        return {name: shown for name in trained if len(shown := self.shown(name)) > 1}

    def upper_bounds(self) -> list[str]:
        """Return the oracles, as tables name them: no competitors."""
        known = [name for name in self.study.agents if name not in self.study.train]
        return [shown_name(name) for name in known if is_oracle(name)]

    def all(self) -> list[StudyAgent]:
        """Return every agent in the order of the study, trained and saved if need be."""
        return [agent for name in self.study.agents for agent in self._agents(name)]

    def untrained(self) -> list[tuple[str, Strategy | None, str | None, Mapping[str, Any]]]:
        """Return name, strategy, identity and recipe of every agent without training any, or running code of others.

        Of one still to be trained, no identity; of one that is or needs a class of others, no strategy.
        """
        stand_ins: list[tuple[str, Strategy | None, str | None, Mapping[str, Any]]] = []
        for name in self.study.agents:
            if name not in self.study.train:
                strategy = _without_code(partial(find_agent, name))
                stand_ins.append((self.shown(name)[0], strategy, identity_of(name, strategy), recipe_of(name)))
                continue
            for shown, seed in zip(self.shown(name), self.study.train[name].seeds, strict=True):
                policy = self._trained_before(name, shown, seed)
                stand_in = policy or _without_code(partial(self._untrained, name, shown, seed))
                stand_ins.append((shown, stand_in, policy.fingerprint if policy else None, {"kind": "policy"}))
        return stand_ins

    def _untrained(self, name: str, shown: str, seed: int) -> Policy:
        trainer, after = self._trainer(name, shown, seed), self.study.train[name].after
        if after is not None and trainer.start is None:
            trainer.start = self._untrained(after, self._shown_of(after, seed), seed)
        return trainer.untrained(shown)

    def _agents(self, name: str) -> list[StudyAgent]:
        if name not in self.study.train:
            return [self._saved(self._known(name))]
        named = zip(self.shown(name), self.study.train[name].seeds, strict=True)
        return [self._trained(name, shown, seed) for shown, seed in named]

    def _known(self, name: str) -> StudyAgent:
        strategy = find_agent(name)
        identity = identity_of(name, strategy)
        return StudyAgent(name=self.shown(name)[0], strategy=strategy, identity=identity, recipe=recipe_of(name))

    def _saved(self, agent: StudyAgent) -> StudyAgent:
        """With a policy, its file: a run is to hold all that its numbers were made with."""
        if not isinstance(agent.strategy, Policy):
            return agent
        folder = Path(POLICIES) / re.sub(r"[^A-Za-z0-9._-]+", "-", agent.name)
        policy = _load(self.folder / folder)
        if policy is None or policy.fingerprint != agent.identity:
            save_policy(agent.strategy, self.folder / folder)
        return _of_policy(agent.name, agent.strategy, folder)

    def _trained(self, name: str, shown: str, seed: int) -> StudyAgent:
        """Return the policy trained with one seed: from the run's folder if that very training was done before."""
        folder = Path(POLICIES) / shown
        policy = self._trained_before(name, shown, seed)
        if policy is None:
            if (after := self.study.train[name].after) is not None:
                self._trained(after, self._shown_of(after, seed), seed)
            trainer = self._trainer(name, shown, seed)
            if not trainer.checkpoint.begun:
                forget(self.folder / "tensorboard" / shown)
            policy = trainer.train(shown)
            save_policy(policy, self.folder / folder)
            trainer.checkpoint.remove()
        return _of_policy(shown, policy, folder)

    def _trainer(self, name: str, shown: str, seed: int) -> Trainer:
        recipe = self.study.train[name]
        return Trainer(
            agent=recipe.build(),
            env=recipe.build_env(),
            seed=seed,
            start=self._start(name, seed),
            workers=self.workers,
            device=self.device,
            log=self.folder / "tensorboard" / shown,
            checkpoints=self.folder / "checkpoints" / shown,
            bars=self.bars,
        )

    def _start(self, name: str, seed: int) -> Policy | None:
        """Return the policy that a training goes on from, None where there is none or it is still to be trained."""
        recipe = self.study.train[name]
        if recipe.after is not None:
            return self._trained_before(recipe.after, self._shown_of(recipe.after, seed), seed)
        return None if (path := recipe.build().start) is None else load_policy(path)

    def _shown_of(self, name: str, seed: int) -> str:
        return dict(zip(self.study.train[name].seeds, self.shown(name), strict=True))[seed]

    def _trained_before(self, name: str, shown: str, seed: int) -> Policy | None:
        """Return the policy that an earlier run left, if it is of these recipes and this seed."""
        recipe = self.study.train[name]
        made = {
            "agent_sha256": recipes.identity(recipe.build()),
            "environment_sha256": recipes.identity(recipe.build_env()),
            "seed": seed,
        }
        start = self._start(name, seed)
        if recipe.after is not None and start is None:
            return None
        made |= {"start": start.fingerprint} if start is not None else {}
        policy = _load(self.folder / POLICIES / shown)
        return policy if policy is not None and made.items() <= dict(policy.card).items() else None


def build_again(recipe: Mapping[str, Any], folder: Path) -> tuple[Strategy, str]:
    """Return the strategy that a run in ``folder`` kept the recipe of, and its identity.

    Raises PolicyFileError if its policy is not there, InvalidRecipeError if this alrl knows no such recipe.
    """
    place = recipe.get("policy")
    if recipe.get("kind") == "policy" and isinstance(place, str):
        policy = load_policy((folder / place).absolute())
        return policy, policy.fingerprint
    parsed = parse_agent_recipe({"agent": dict(recipe)}, where=f"an agent of {folder}")
    if isinstance(parsed, TrainedRecipe):
        raise PolicyFileError(f"{folder} names an agent that is to be trained, and not the policy: run the study again")
    return parsed.build(), recipes.identity(parsed)


def refused_classes(store: Store, cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the classes of others that cells and their agents name, where the environment refuses to run them."""
    if not code_is_refused():
        return []
    specs = [dict(cell) for cell in cells]
    agents = [store.agent(identity) for identity in sorted({str(spec.get("agent_identity")) for spec in specs})]
    return sorted(set(recipes.references([*specs, *agents])))


def _without_code(make: Callable[[], Strategy]) -> Strategy | None:
    """Return what is made without running code of others, None where that cannot be."""
    try:
        with recipes.without_code():
            return make()
    except CodeRefusedError:
        return None


def identity_of(name: str, strategy: Strategy | None) -> str:
    """Return what an agent that needs no training is, by content.

    The hash of a rule's recipe, or of a policy's weights.
    """
    return strategy.fingerprint if isinstance(strategy, Policy) else recipes.identity(load_agent_recipe(name))


def shown_name(name: str) -> str:
    """Return what tables call an agent that needs no training: an oracle is told from the rest wherever it is shown."""
    return f"{name} ({UPPER_BOUND})" if is_oracle(name) else name


def recipe_of(name: str) -> dict[str, Any]:
    """Return the recipe of an agent that needs no training, as JSON has it."""
    content: dict[str, Any] = json.loads(recipes.canonical_json(load_agent_recipe(name)))
    return content


def _of_policy(name: str, policy: Policy, folder: Path) -> StudyAgent:
    recipe = {"kind": "policy", "policy": folder.as_posix()}
    return StudyAgent(name=name, strategy=policy, identity=policy.fingerprint, recipe=recipe)


def _load(folder: Path) -> Policy | None:
    """Return the policy in the folder, None if there is none that can be used."""
    try:
        return load_policy(folder.resolve())
    except PolicyFileError:
        return None


def check_held_out(study: StudyRecipe) -> None:
    """Refuse a study whose data sets a policy has seen.

    Raises InvalidRecipeError that names the policy and the pair of data sets.
    """
    # Names ask for no file; of a table more has to be known than a name.
    held_out = [source if isinstance(source, str) else source.load() for source in study.sources.values()]
    for name, seen in training_sets(study).items():
        refuse_seen(name, seen, held_out)


def training_sets(study: StudyRecipe) -> dict[str, tuple[str, ...]]:
    """Return data sets that each agent's training used, to train or to choose between stages; none for a rule."""
    return {name: _seen(study, name) for name in study.agents}


def _seen(study: StudyRecipe, name: str) -> tuple[str, ...]:
    if name in study.train:
        training = study.train[name]
        start = training.build().start
        before = _seen(study, training.after) if training.after else _on_card(load_policy(start)) if start else ()
        return tuple(dict.fromkeys((*training.build_env().data.names, *before)))
    return _on_card(_without_code(partial(find_agent, name)))


def _on_card(strategy: Strategy | None) -> tuple[str, ...]:
    """Return what the card of whatever was trained tells; a rule has none."""
    card = getattr(strategy, "card", {})
    return (*card.get("trained_on", ()), *card.get("validated_on", ()))
