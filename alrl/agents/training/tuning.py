"""Hyperparameters of a training by Optuna, judged on validation data sets alone: no held-out data set is ever played.

Optuna is an extra: ``pip install 'alrl[tune]'``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alrl import recipes
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe, parse_agent_recipe
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import load_env_recipe
from alrl.errors import InvalidRecipeError

if TYPE_CHECKING:
    import optuna

DEFAULT = (
    "imitation.learning_rate=1e-4..1e-2:log",
    "imitation.weight_decay=1e-3..1.0:log",
    "imitation.temperature=0.5..4.0",
    "imitation.epochs=10..50",
    "imitation.share=0.3..0.9",
)
"""Default search space: how imitation fits, not what it costs."""
_NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_SPAN = re.compile(rf"([\w.-]+)={_NUMBER}\.\.{_NUMBER}(:log)?")
_LISTED = re.compile(r"([\w.-]+)=([\w+-]+(?:\.\w+)?(?:,[\w+-]+(?:\.\w+)?)*)")


@dataclass(frozen=True, kw_only=True)
class Range:
    """The values that a key of an agent's recipe may take."""

    key: str
    """The dotted key, under the agent's table."""
    choices: tuple[Any, ...] = ()
    """These values, or where there are none those from ``low`` to ``high``."""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    """Whether the logarithm is searched evenly."""
    whole: bool = False
    """Whether only whole numbers are."""

    @classmethod
    def read(cls, text: str) -> Range:
        """Return ``KEY=LOW..HIGH``, with ``:log`` after it if need be, or ``KEY=A,B,C``.

        Whole ends give whole numbers. Raises InvalidRecipeError for anything else.

        >>> Range.read("imitation.epochs=10..50")
        Range(key='imitation.epochs', choices=(), low=10, high=50, log=False, whole=True)
        >>> Range.read("network.width=32,64").choices
        (32, 64)
        """
        span, listed = _SPAN.fullmatch(text), _LISTED.fullmatch(text)
        if span:
            key, low, high, log = span.groups()
            whole = low.lstrip("-").isdigit() and high.lstrip("-").isdigit()
            ends = (int(low), int(high)) if whole else (float(low), float(high))
            if ends[0] < ends[1] and (ends[0] > 0 or not log):
                return cls(key=key, low=ends[0], high=ends[1], log=bool(log), whole=whole)
        elif listed:
            return cls(key=listed[1], choices=tuple(_value(word) for word in listed[2].split(",")))
        raise InvalidRecipeError(
            f"search: {text!r} given; write KEY=LOW..HIGH, KEY=LOW..HIGH:log (LOW above 0) or KEY=A,B,C, such as"
            f" {DEFAULT[0]}"
        )

    def suggest(self, trial: optuna.Trial) -> Any:
        """Return the value in a trial."""
        if self.choices:
            return trial.suggest_categorical(self.key, list(self.choices))
        if self.whole:
            return trial.suggest_int(self.key, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.key, self.low, self.high, log=self.log)


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """Best settings of a search."""

    change: Mapping[str, Any]
    """The best trial's values, as the ``change`` of a study's training."""
    gain: float
    """Its area beyond margin sampling's on the validation data sets, a fraction."""
    trials: int
    """Trials in all, those of earlier calls included."""
    validated_on: tuple[str, ...]


def tune(
    agent: str | Path,
    env: str | Path,
    folder: Path,
    *,
    search: Sequence[str] = DEFAULT,
    trials: int = 20,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, float], object] | None = None,
) -> Tuned:
    """Train with ``trials`` further settings, by the tree-structured Parzen estimator; the same data sets in each.

    A trial is worth the last stage's area beyond margin sampling's on the data sets that the trainer keeps apart for
    validation. Trials are kept in ``folder/trials.sqlite``: another call with the same agent, environment, seed and
    search goes on from them. The best is written to ``folder/best.json``.

    Raises InvalidRecipeError for a range or a key that makes no sense, or without Optuna.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise InvalidRecipeError(f"tuning needs the extra tune ({error}): pip install 'alrl[tune]'") from None
    ranges = [Range.read(text) for text in search]
    twice = [each.key for number, each in enumerate(ranges) if each.key in {one.key for one in ranges[:number]}]
    if not ranges or twice:
        wrong = f"{twice[0]} is given twice; each key once" if twice else "no key is given; give at least one"
        raise InvalidRecipeError(f"search: {wrong}")
    kind = load_agent_recipe(agent).kind
    if kind != "trained":
        raise InvalidRecipeError(f"agent {agent!r} is of kind {kind!r}; only kind 'trained' can be tuned")
    path, environment = recipes.find("agents", agent), load_env_recipe(env)
    # Before anything is kept: a key that there is not would fail in every trial.
    for end in (0, -1):
        _build(path, nested({each.key: (each.choices or (each.low, each.high))[end] for each in ranges}))
    content, names = recipes.read(path), tuple(Trainer(agent=_build(path, {}), env=environment, seed=seed).validation)
    folder.mkdir(parents=True, exist_ok=True)

    def worth(trial: optuna.Trial) -> float:
        change = nested({each.key: each.suggest(trial) for each in ranges})
        recipe = _build(path, change)
        card = Trainer(agent=recipe, env=environment, seed=seed, workers=workers).train().card
        gain = float(list(card["validation_gain_over_margin"].values())[-1])
        if progress is not None:
            progress(trial.number, gain)
        return gain

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    searched = hashlib.sha256("\n".join(sorted(map(repr, ranges))).encode()).hexdigest()
    made = recipes.identity(_build(path, {})), recipes.identity(environment), searched
    optimisation = optuna.create_study(
        study_name="-".join(each[:16] for each in made) + f"-{seed}",
        storage=f"sqlite:///{folder / 'trials.sqlite'}",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(10, max(1, trials // 3))),
    )
    optimisation.optimize(worth, n_trials=trials)
    change = nested(optimisation.best_params)
    tuned = Tuned(
        change=change, gain=float(optimisation.best_value), trials=len(optimisation.trials), validated_on=names
    )
    description = {
        "agent": content["agent"],
        "change": change,
        "gain_over_margin": tuned.gain,
        "trials": tuned.trials,
        "validated_on": names,
        "seed": seed,
    }
    (folder / "best.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    return tuned


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables in tables from dotted keys.

    >>> nested({"imitation.epochs": 5, "imitation.expert.horizon": 3, "keep": "last"})
    {'imitation': {'epochs': 5, 'expert': {'horizon': 3}}, 'keep': 'last'}
    """
    tables: dict[str, Any] = {}
    for key, value in flat.items():
        table = value
        for part in reversed(key.split(".")):
            table = {part: table}
        tables = recipes.merged(tables, table)
    return tables


def inline(change: Mapping[str, Any]) -> str:
    """Return a table as TOML on one line.

    >>> inline({"imitation": {"epochs": 5, "share": 0.5}, "keep": "last"})
    '{ imitation = { epochs = 5, share = 0.5 }, keep = "last" }'
    """
    assignments = [
        f"{key} = {inline(each) if isinstance(each, Mapping) else json.dumps(each)}" for key, each in change.items()
    ]
    return f"{{ {', '.join(assignments)} }}"


def _build(path: Path, change: Mapping[str, Any]) -> TrainedRecipe:
    content = recipes.merged(recipes.read(path), {"agent": change} if change else {})
    recipe = parse_agent_recipe(content, where=f"{path}, as a trial has it" if change else str(path))
    if not isinstance(recipe, TrainedRecipe):
        raise InvalidRecipeError(f"agent {str(path)!r} is of kind {recipe.kind!r}; only kind 'trained' can be tuned")
    return recipe


def _value(text: str) -> Any:
    """Return a number where it is one, else text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
