"""Active learning by learning: EXP4.P over rules, paid by the importance-weighted accuracy on what was bought."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import check_needs
from alrl.strategies.base import Strategy, picked, scored
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.meta.base import MetaStrategy, drawn
from alrl.strategies.random_sampling import RandomSampling


@dataclass(frozen=True, kw_only=True)
class ALBL(MetaStrategy):
    """Draws a rule for every record by EXP4.P; the reward is the importance-weighted accuracy on the bought labels.

    Hsu and Lin 2015, "Active learning by learning"; Beygelzimer et al. 2011 for EXP4.P. The accuracy counts a bought
    record as one over the probability that it had been queried with, so that it stands for the pool. The rule
    ``random`` advises all available records alike, any other the one that it would query; all rules that advised the
    record share the credit. Where the paper may draw a record that is labelled already, at no cost, the draw here is
    among available ones. In a batch every record has a draw of its own, and one reward.

    Raises InvalidRecipeError for an unknown rule, or a ``delta`` outside (0, 1].

    >>> from alrl.testing.example_view import example_view
    >>> ALBL(rules=["margin", "random"]).select(example_view(seed=0), 2).shape
    torch.Size([3, 2])
    """

    name: ClassVar[str] = "albl"
    paper: ClassVar[str] = "Hsu and Lin 2015"
    batch: ClassVar[str] = "what its rules ask for, drawn"
    cost: ClassVar[str] = "its rules'"

    delta: float = 0.1
    """EXP4.P's regret bound holds with probability 1 - delta."""
    importance: Tensor | None = dataclasses.field(default=None, repr=False, compare=False)
    """One over the probability that each labelled record was queried with, (B, L), double, 0 for the first sample: no
    setting, as memory, the logarithms of the rules' weights, is none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.delta <= 1:
            raise InvalidRecipeError(f"albl: delta = {self.delta} given; it must be above 0 and at most 1")

    def score(self, view: PoolView) -> Tensor:
        check_needs(view, self.needs, self.name)
        arm = self._drawn(view)
        score = torch.zeros(view.exists.shape, dtype=torch.float64, device=view.noise.device)
        for number, rule in enumerate(self.arms):
            score = torch.where((arm == number)[:, None], scored(rule, view).double(), score)
        return score

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        check_needs(view, self.needs, self.name)
        picks = []
        for _ in range(largest_batch(view, checked(count))):
            pick = self._advised(view).gather(1, self._drawn(view)[:, None])
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
        return filled(picks, view, count)

    def after(self, before: PoolView, picks: Tensor, after: PoolView) -> Strategy:
        chance, credit = self._credits(before, picks)
        importance = self._importance(before, after, picks, chance)
        reward = importance_weighted_accuracy(after, importance)
        weights, budget = self._log_weights(before), before.budget.double()
        least = least_probability(len(self.arms), budget)
        grown = exp4p(weights, credit * reward[:, None, None], chance >= 0, least, self.delta, budget)
        return dataclasses.replace(self, memory=grown[..., None], importance=importance)

    def probabilities(self, view: PoolView) -> Tensor:
        """Return the probability of each rule in the loop of the view, (B, S), double."""
        return rule_probabilities(self._log_weights(view), least_probability(len(self.arms), view.budget.double()))

    def _log_weights(self, view: PoolView) -> Tensor:
        return self.known(view)[..., 0]

    def _drawn(self, view: PoolView) -> Tensor:
        return drawn(self.probabilities(view), view, view.selected.sum(1))

    def _advised(self, view: PoolView) -> Tensor:
        """Return the record that each rule would query next, (B, S)."""
        return torch.cat([picked(rule, view, 1) for rule in self.arms], 1)

    def _credits(self, view: PoolView, picks: Tensor) -> tuple[Tensor, Tensor]:
        """Of each pick the probability that it had, (B, b), -1 for none, and each rule's advice over it, (B, b, S)."""
        rules, chances, credit = self.probabilities(view), [], []
        by_chance = torch.tensor([isinstance(rule, RandomSampling) for rule in self.arms], device=picks.device)
        for pick in picks.unbind(1):
            even = 1 / view.available.sum(1).clamp_min(1).double()
            advice = torch.where(by_chance, even[:, None], (self._advised(view) == pick[:, None]).double())
            chance = (rules * advice).sum(1)
            chances.append(torch.where(pick >= 0, chance, -1))
            credit.append(advice / chance.clamp_min(torch.finfo(torch.float64).tiny)[:, None])
            view = view.with_selected(pick)
        return torch.stack(chances, 1), torch.stack(credit, 1)

    def _importance(self, before: PoolView, after: PoolView, picks: Tensor, chance: Tensor) -> Tensor:
        """Return one over the probability of each labelled record of the view ``after``, (B, L)."""
        weights = torch.zeros(after.labels.shape, dtype=torch.float64, device=picks.device)
        if self.importance is not None:
            width = min(self.importance.shape[1], weights.shape[1])
            weights[:, :width] = self.importance[:, :width] * (before.spent > 0)[:, None]
        new = (after.labelled_index[..., None] == picks[:, None]) & after.labelled_mask[..., None]
        worth = torch.where(chance > 0, 1 / chance.clamp_min(torch.finfo(torch.float64).tiny), 0)
        return weights + (new * worth[:, None]).sum(-1)


def least_probability(rules: int, budget: Tensor) -> Tensor:
    """Return EXP4.P's least probability of a rule, (B,), for budgets (B,): sqrt(ln S / (S T)), at most 1 / S.

    >>> least_probability(2, torch.tensor([50.0, 1.0]))
    tensor([0.0833, 0.5000])
    """
    count = torch.tensor(float(rules), dtype=budget.dtype, device=budget.device)
    least: Tensor = (count.log() / (count * budget.clamp_min(1))).sqrt()
    return least.clamp_max(1 / rules)


def rule_probabilities(log_weight: Tensor, least: Tensor) -> Tensor:
    """Return the probabilities of the rules (B, S) for log weights (B, S) and the least probability (B,).

    >>> rule_probabilities(torch.tensor([[0.0, 0.0]]), torch.tensor([0.1]))
    tensor([[0.5000, 0.5000]])
    """
    least = least[:, None]
    return (1 - log_weight.shape[1] * least) * torch.softmax(log_weight, 1) + least


def exp4p(log_weight: Tensor, reward: Tensor, real: Tensor, least: Tensor, delta: float, budget: Tensor) -> Tensor:
    """Log weights (B, S) after b queries of ``reward`` over probability (B, b, S), those that are ``real`` (B, b).

    Each query adds p_min / 2 (reward + sqrt(ln(S / delta) / (S T)) / p), the rules' probabilities p as before the loop.
    """
    count = log_weight.shape[1]
    spread = (torch.log(torch.tensor(count / delta, dtype=torch.float64)) / (count * budget.clamp_min(1))).sqrt()
    bonus = spread[:, None] / rule_probabilities(log_weight, least).clamp_min(torch.finfo(torch.float64).tiny)
    grown = ((reward + bonus[:, None]) * real[..., None]).sum(1)
    return log_weight + least[:, None] / 2 * grown


def importance_weighted_accuracy(view: PoolView, importance: Tensor) -> Tensor:
    """Return sum of the ``importance`` (B, L) of labels that the learner predicts, over pool size times budget, (B,).

    At most 1. Only labels that were bought are read: the first sample has importance 0.
    """
    right = view.predicted.gather(1, view.labelled_index) == view.labels
    size = view.exists.sum(1).clamp_min(1) * view.budget.clamp_min(1)
    return ((importance * (right & view.labelled_mask)).sum(1) / size).clamp_max(1)
