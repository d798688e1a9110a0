"""Softmax regressions of many episodes in step: for an accelerator, and for double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from alrl.learners.softmax.conjugate_gradient import Problem, Solution, minimise
from alrl.learners.softmax.softmax_group import SoftmaxGroup
from alrl.learners.softmax.softmax_state import SoftmaxState

SMALL = 64
"""Coefficients up to which the whole Hessian is inverted."""
WIDE = 2.0
"""Labelled records for each feature up to which a fit is solved over the records."""
WIDEST = 2048
"""Features up to which a fit that fails over the records is solved over the features."""


class _FitGroup(NamedTuple):
    """Episodes (long) that are solved together."""

    episodes: Tensor
    paired: bool
    """Whether they have two classes."""
    classes: int
    """Classes and features that are worked on: the rest is padding."""
    features: int
    solve: Callable[[Tensor, SoftmaxGroup, Tensor], Solution]


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchedSoftmax:
    """The fits of B episodes to the records X (B, n, D), which start where ``state`` is and end in it."""

    state: SoftmaxState
    X: Tensor
    y: Tensor
    weight: Tensor
    class_mask: Tensor
    C: float
    tolerance: float
    max_iterations: int

    def solve(self, start: Tensor) -> tuple[Tensor, Tensor]:
        """Fit every episode; fits over the records begin at the shares ``start`` (B, k, n + 1).

        Returns the iterations (B,), long, and whether the tolerance was met (B,), bool.
        """
        # The intercept takes up the shift of a column, and products of centred records keep their digits.
        total = self.weight.sum(1).clamp_min(torch.finfo(self.X.dtype).tiny)[:, None, None]
        centre = (torch.bmm(self.weight[:, None], self.X) / total).transpose(1, 2)
        records = (self.X - centre.transpose(1, 2)) * (self.weight > 0)[..., None]
        weights, start = self.state.weights, start.clone()
        weights[..., -1:] += weights[..., :-1] @ centre
        start[..., -1:] += start[..., :-1] @ (self.X @ centre)
        weighted = one_hot(self.y, self.class_mask.shape[1]).to(self.X.dtype) * self.weight[..., None]
        targets = weighted.transpose(1, 2).contiguous()
        iterations, converged = torch.zeros_like(self.y[:, 0]), torch.ones_like(self.state.shared)
        for group in self._groups():
            episodes, k, D = group.episodes, group.classes, group.features
            own, classes, seen = records[episodes, :, :D], targets[episodes, :k], self.state.seen[episodes, :k]
            fits = SoftmaxGroup.of(own, classes, self.weight[episodes], seen, self.C, paired=group.paired)
            solution = group.solve(episodes, fits, start[episodes])
            iterations[episodes], converged[episodes] = solution.iterations, solution.converged
        back = weights[..., :-1] @ centre
        weights[..., -1:] -= back
        self.state.shares[..., -1:] -= torch.where(self.state.shared[:, None, None], back, 0.0)
        return iterations, converged

    def _groups(self) -> list[_FitGroup]:
        """Return which episodes are solved together, and how.

        The choice depends on an episode's own records, features and classes, never on those beside it or on padding.
        """
        classes, count = self.class_mask.sum(1), (self.weight > 0).sum(1)
        used = (self.X != 0).any(1)
        # The last column in use: those after it are zero, be they padding or not.
        width = (used * torch.arange(1, used.shape[1] + 1, device=used.device)).amax(1) + 1
        columns = torch.where(classes == 2, 1, classes)
        several = self.state.seen.sum(1) > 1
        small = columns * width <= SMALL
        wide = ~small & (count <= WIDE * width)
        k, D = self.class_mask.shape[1], self.X.shape[2]
        groups = []
        # Padded classes and features would make whole Hessians many times larger: these are solved at their own size.
        for number in columns[small].unique().tolist():
            episodes = (small & several & (columns == number)).nonzero()[:, 0]
            if len(episodes):
                features = int(width[episodes].max()) - 1
                groups.append(_FitGroup(episodes, number == 1, max(number, 2), features, self._solve_small))
        for chosen, solve in ((wide, self._solve_wide), (~small & ~wide, self._solve_tall)):
            for paired in (True, False):
                episodes = (chosen & several & ((classes == 2) == paired)).nonzero()[:, 0]
                if len(episodes):
                    groups.append(_FitGroup(episodes, paired, k, D, solve))
        return groups

    def _solve_small(self, episodes: Tensor, group: SoftmaxGroup, _: Tensor) -> Solution:
        """Solve over the features, with the whole Hessian."""
        return self._over_features(episodes, group, whole=True)

    def _solve_tall(self, episodes: Tensor, group: SoftmaxGroup, _: Tensor) -> Solution:
        """Solve over the features, with one curvature for all classes."""
        return self._over_features(episodes, group, whole=False)

    def _over_features(self, episodes: Tensor, group: SoftmaxGroup, *, whole: bool) -> Solution:
        k, D = group.classes, group.X.shape[2]
        before = self.state.weights[episodes, :k]
        start = group.columns(torch.cat([before[..., :D], before[..., -1:]], 2))
        solution = self._minimise(group.over_features(start, whole=whole), start)
        parameters = group.of_classes(solution.parameters)
        after = torch.zeros_like(self.state.weights[episodes])
        after[:, :k, :D], after[:, :k, -1] = parameters[..., :-1], parameters[..., -1]
        self.state.weights[episodes] = after
        return solution

    def _solve_wide(self, episodes: Tensor, group: SoftmaxGroup, shares: Tensor) -> Solution:
        """Solve over the labelled records."""
        start = group.columns(shares)
        solution = self._minimise(group.over_records(start), start)
        parameters = group.of_classes(solution.parameters)
        self.state.shares[episodes], self.state.shared[episodes] = parameters, True
        self.state.weights[episodes] = torch.cat([torch.bmm(parameters[..., :-1], group.X), parameters[..., -1:]], 2)
        lost = (~solution.converged & (solution.iterations < self.max_iterations)).nonzero()[:, 0]
        if len(lost) and group.X.shape[2] <= WIDEST:
            # Records that are nearly equal leave little but rounding of their products: the features keep more.
            self.state.shares[episodes[lost]], self.state.shared[episodes[lost]] = 0.0, False
            again = self._solve_tall(episodes[lost], group.take(lost), shares)
            solution.iterations[lost] += again.iterations
            solution.converged[lost] = again.converged
        return solution

    def _minimise(self, problem: Problem, start: Tensor) -> Solution:
        return minimise(problem, start, tolerance=self.tolerance, max_iterations=self.max_iterations)
