"""Each action is a score: weights of named features, by which the whole batch is picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from alrl.envs.actions.contract import Actions, Decision, Setting, Turn, cut_short
from alrl.envs.candidates import drawn
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.metadata import Feature, FeatureSet, Observation
from alrl.numerics.ranking import best
from alrl.recipes.suggest import unknown

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Rows of an observation, least to greatest."""
SWITCH = 0.9
"""A switch, stop or restart, is thrown above this."""


class WeightsAction(Actions):
    """An action weighs features of a record; the records of highest score are the batch.

    The score of a record is the sum of weight times feature, each feature scaled from its range to 0 to 1, each weight
    from -1 to 1; ties are broken by chance. Row q of an observation holds a quantile of every feature over the
    candidates drawn (the least, the lower quartile, the median, the upper quartile, the greatest).

    The space is Box, all its dimensions between -1 and 1: one a weight, in the order of ``features``; then, where the
    recipe names several sizes, one for the size (the range is divided evenly among them, the smallest first; one that
    exceeds what is left is cut short); then one for ``stop`` and one for ``restart``, thrown above 0.9. Numbers outside
    count as the nearest inside. The mask marks the dimensions that have a meaning now; the others are not looked at.

    Args:
        setting: what every kind of action is told.
        features: names of features of a record, of the groups that are observed.
        scored: whether the score is applied to the whole ``pool`` or to the ``candidates``.

    Raises InvalidRecipeError for a feature that is not observed, none or one given twice, another ``scored``, or
    candidates that have a label where the pool is scored, in which none of them could be picked.
    """

    name: ClassVar[str] = "weights"

    def __init__(
        self, setting: Setting, *, features: Sequence[str], scored: Literal["pool", "candidates"] = "pool"
    ) -> None:
        super().__init__(setting)
        if isinstance(features, str) or not features or len(set(features)) < len(features):
            raise InvalidRecipeError(f"action: features = {features!r} given; name at least one feature, each once")
        if scored not in {"pool", "candidates"}:
            raise InvalidRecipeError(f'action: scored = {scored!r} given; allowed: "pool", "candidates"')
        if scored == "pool" and setting.mixture.labelled:
            raise InvalidRecipeError(
                f"action: candidates with labelled = {setting.mixture.labelled} given, but the whole pool is scored, of"
                ' which records without a label are picked; give scored = "candidates", or leave labelled out'
            )
        known = {feature.name: feature for feature in setting.features.record}
        for name in features:
            if name not in known:
                raise InvalidRecipeError(unknown("observed feature of a record", name, known))
        self.weighed: tuple[Feature, ...] = tuple(known[name] for name in features)
        self.scored = scored
        self._columns = [list(known).index(name) for name in features]
        # Over a whole pool no more is computed than is weighed.
        groups = [group.name for group in setting.features.groups if {f.name for f in group.features} & set(features)]
        self._few = FeatureSet(sorted({*groups, "confidence", "loop"}))
        self._few_columns = [[feature.name for feature in self._few.record].index(name) for name in features]
        self._sizes, self._stop, self._restart = len(setting.sizes) > 1, setting.stop, setting.restart

    @property
    def rows(self) -> int:
        return len(QUANTILES)

    @property
    def space(self) -> spaces.Box:
        return spaces.Box(-1.0, 1.0, (self.mask_length,), np.float32)

    @property
    def mask_length(self) -> int:
        return len(self.weighed) + self._sizes + self._stop + self._restart

    def see(self, turn: Turn) -> Observation:
        self._turn = turn
        self._records = drawn(self.setting.mixture, turn.view)
        seen = self.setting.features.observe(turn.view, self._records)
        self._seen = seen
        some = seen.mask.any(1)
        return Observation(
            candidates=quantiles(seen.candidates, seen.mask), loop=seen.loop, mask=some[:, None].expand(-1, self.rows)
        )

    @property
    def mask(self) -> Tensor:
        left = self._turn.left > 0
        columns = [left] * len(self.weighed)
        if self._sizes:
            columns.append(self._turn.left > self.setting.sizes[0])
        if self._stop:
            columns.append(torch.ones_like(left))
        if self._restart:
            columns.append(self._turn.may_restart)
        return torch.stack(columns, 1)

    @property
    def records(self) -> Tensor:
        """The candidates, (B, K); the pool may be what is scored."""
        return self._records

    def decide(self, actions: Tensor, active: Tensor) -> Decision:
        actions = torch.as_tensor(actions, device=active.device).to(torch.float32)
        expected = (len(active), self.mask_length)
        if tuple(actions.shape) != expected:
            raise InvalidQueryError(f"actions of shape {tuple(actions.shape)} given; expected {expected}")
        wrong = active & ~actions.isfinite().all(1)
        if bool(wrong.any()):
            episode = int(wrong.nonzero()[0])
            raise InvalidQueryError(f"episode {episode}: weights that are not finite given; each is a number, -1 to 1")
        actions = torch.where(self.mask & active[:, None], actions.clamp(-1, 1), -1.0)
        weights, rest = actions[:, : len(self.weighed)], list(actions[:, len(self.weighed) :].unbind(1))
        size = self._size(rest.pop(0)) if self._sizes else torch.full_like(self._turn.left, self.setting.sizes[0])
        stop = rest.pop(0) > SWITCH if self._stop else torch.zeros_like(active)
        restart = (rest.pop(0) > SWITCH) & ~stop if self._restart else torch.zeros_like(active)
        picks = cut_short(self._best(weights), size, self._turn.left)
        return Decision(picks=picks, size=size, stop=stop & active, restart=restart & active)

    def _size(self, size_action: Tensor) -> Tensor:
        sizes = torch.tensor(self.setting.sizes, device=size_action.device)
        return sizes[((size_action + 1) / 2 * len(sizes)).long().clamp(0, len(sizes) - 1)]

    def _best(self, weights: Tensor) -> Tensor:
        """Return pool positions (B, largest size) of the records of highest score."""
        view = self._turn.view
        if self.scored == "pool":
            B, N = view.exists.shape
            everyone = torch.arange(N, device=weights.device).expand(B, N)
            # Of records that are not available nothing is asked: their features are not computed.
            index = torch.where(view.available, everyone, -1)
            values, allowed = self._few.observe(view, index).candidates, view.available
            score = self._score(values, self._few_columns, weights)
        else:
            inside = self._score(self._seen.candidates, self._columns, weights)
            at = torch.where(self._records >= 0, self._records, view.exists.shape[1])
            blank = torch.zeros(len(at), view.exists.shape[1] + 1, device=at.device)
            score = blank.scatter(1, at, inside)[:, :-1]
            allowed = blank.bool().scatter(1, at, True)[:, :-1] & (view.available | view.repeatable)
        return best(score, allowed, view.noise, self.setting.sizes[-1])

    def _score(self, values: Tensor, columns: Sequence[int], weights: Tensor) -> Tensor:
        return weighted_sum(values, columns, self.weighed, weights)


def weighted_sum(values: Tensor, columns: Sequence[int], weighed: Sequence[Feature], weights: Tensor) -> Tensor:
    """Return scores (B, R) of records with features (B, R, F).

    Those in ``columns``, scaled to 0 to 1, by ``weights`` (B, m).

    >>> from alrl.metadata import FeatureSet
    >>> margin = FeatureSet(["confidence", "loop"]).record[2]
    >>> weighted_sum(torch.tensor([[[0.5], [0.25]]]), [0], [margin], torch.tensor([[-1.0]]))
    tensor([[-0.5000, -0.2500]])
    """
    score = torch.zeros_like(values[..., 0])
    # One by one: a sum over the axis rounds by how many episodes there are.
    for number, (feature, column) in enumerate(zip(weighed, columns, strict=True)):
        scaled = (values[..., column] - feature.low) / (feature.high - feature.low)
        score = score + weights[:, number, None] * scaled
    return score


def quantiles(values: Tensor, mask: Tensor) -> Tensor:
    """Return the quantiles (B, 5, F) of ``values`` (B, K, F) over the rows of the mask (B, K); 0 where there is none.

    Each is a value that occurs: of n values in rising order the one at position q (n - 1), rounded down.

    >>> values = torch.tensor([[[0.3], [0.1], [0.2], [9.0]]])
    >>> quantiles(values, torch.tensor([[True, True, True, False]]))[0, :, 0]
    tensor([0.1000, 0.1000, 0.2000, 0.2000, 0.3000])
    """
    rising = values.masked_fill(~mask[..., None], torch.inf).sort(1).values
    last = (mask.sum(1, keepdim=True) - 1).clamp_min(0)
    place = (torch.tensor(QUANTILES, device=values.device, dtype=torch.float64) * last).long()
    values_at = rising.gather(1, place[..., None].expand(-1, -1, values.shape[2]))
    return values_at.masked_fill(~mask.any(1)[:, None, None], 0.0)
