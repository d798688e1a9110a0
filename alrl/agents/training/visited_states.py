"""States that a policy sees while a strategy plays: its ranges, its guard and its distance are taken from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.agents.policy import Policy
from alrl.agents.training.validation import by_size, chunks
from alrl.data.task import Task
from alrl.envs.candidates import drawn
from alrl.envs.recipe import EnvRecipe
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.metadata.feature_set import Observation
from alrl.strategies import Strategy
from alrl.strategies.play import Played, play


@dataclass(frozen=True, kw_only=True, eq=False)
class _Watched(Strategy):
    """Choose as another strategy does; note the view before each pick."""

    name: ClassVar[str] = "watched"

    strategy: Strategy
    note: Callable[[PoolView], None]

    def score(self, view: PoolView) -> Tensor:
        return self.strategy.score(view)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        self.note(view)
        chosen = self.strategy.select(view, count)
        for column in chosen[:, :-1].unbind(1):
            view = view.with_selected(column)
            self.note(view)
        return chosen


def watch(
    simulator: Simulator, strategy: Strategy, policy: Policy, *, labels: int, batch: int = 1
) -> tuple[Played, list[Observation]]:
    """Let ``strategy`` play; its curves, and what ``policy`` would have seen before each pick, on the CPU.

    Raises InvalidQueryError, which names the feature, where the policy would.

    >>> from alrl.agents.policy_file import load_policy
    >>> from alrl.learners import make_learner
    >>> from alrl.data.sources import load_data_set
    >>> from alrl.data.task import draw_task
    >>> from alrl.strategies import make_strategy
    >>> simulator = Simulator([draw_task(load_data_set("iris"), [0])], make_learner("softmax-regression"), labels=3)
    >>> played, seen = watch(simulator, make_strategy("margin"), load_policy("general"), labels=3)
    >>> len(seen), tuple(seen[0].candidates.shape)
    (3, (1, 40, 37))
    """
    simulator.provide(strategy.needs | policy.needs)
    seen: list[Observation] = []

    def note(view: PoolView) -> None:
        if not bool(view.available.any()):
            return
        observed = policy.features.observe(view, drawn(policy.mixture, view))
        policy.features.check(observed)
        left = observed.mask.any(1)
        parts = (part[left].cpu() for part in (observed.candidates, observed.loop, observed.mask))
        seen.append(Observation(**dict(zip(("candidates", "loop", "mask"), parts, strict=True))))

    return play(simulator, _Watched(strategy=strategy, note=note), labels=labels, batch=batch), seen


def watch_tasks(
    tasks: Sequence[Task], env: EnvRecipe, strategy: Strategy, policy: Policy, *, device: str = "cpu"
) -> list[Observation]:
    """Return what the policy would have seen on tasks of an environment, all of them together."""
    seen: list[Observation] = []
    for number, part in enumerate(chunks(by_size(tasks))):
        here = env.variant(number)
        simulator = Simulator(part, here.learner.build(), device=device, **here.loop_settings)
        seen += watch(simulator, strategy, policy, labels=here.budget.labels, batch=here.budget.batch)[1]
    return seen
