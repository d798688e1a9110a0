"""The view that a strategy, a feature or a policy has of the loop: all that it may see."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from alrl.geometry.geometry import Geometry
from alrl.loop.learner import EpochRecord, Learner
from alrl.loop.predictions import Trajectory
from alrl.numerics.ranking import Likeliest, likeliest, rows_at
from alrl.numerics.uncertainty import gini

AT_ONCE = 1 << 23
"""Numbers that the refits made in one go hold at most, of labelled records and of probabilities (unless one alone does
not fit): 32 MB."""


class Refits:
    """A copy of the learner of B episodes, to be refitted to their labelled records and one more of supposed label.

    It holds the learner alone. Records and labels are taken from the view that it is asked about, which knows none but
    those that were bought. A refit begins where the learner's own next fit would: at the last one if it is warm.

    Args:
        learner: fitted to the B episodes; it is not changed.

    >>> from alrl.learners import NearestCentroid
    >>> from alrl.loop.simulator import Simulator
    >>> from alrl.data.synthetic import synthetic
    >>> from alrl.data.task import draw_task
    >>> simulator = Simulator([draw_task(synthetic("mixed", 0), [0])], NearestCentroid(), labels=5)
    >>> simulator.provide(["refits"])
    >>> view = simulator.view
    >>> view.refits.probabilities(view, torch.tensor([[3, 4, 5]]), torch.tensor([[8, 9]])).shape
    torch.Size([1, 3, 3, 2, 3])
    """

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def take(self, episodes: Tensor) -> Refits:
        """Return the same for ``episodes`` (long, repeats allowed)."""
        return Refits(self._learner.take(episodes))

    def with_max_iterations(self, iterations: int) -> Refits:
        """Return the same, but a refit begins at the learner's last fit and ends after at most ``iterations``."""
        return Refits(self._learner.with_max_iterations(iterations))

    def probabilities(self, view: PoolView, records: Tensor, of: Tensor) -> Tensor:
        """Return class probabilities (B, K, k, R, k) of the records at positions ``of`` (B, R).

        At [b, j, c] by the learner refitted as if the record at ``records[b, j]`` (B, K) had label c. Where that is -1
        or c is padding, no record joins the labelled ones.
        """
        return torch.cat([probabilities for _, probabilities in self.blocks(view, records, of)], 1)

    def by_part(self, view: PoolView, part: Tensor) -> Tensor:
        """Return class probabilities (B, L, k) of the labelled records, the learner fitted to ``part`` (B, L)."""
        return self._fitted(view, part).predict_proba(rows_at(view.features, view.labelled_index))

    def probabilities_of(self, view: PoolView, versions: Sequence[Tensor]) -> list[Tensor]:
        """Return class probabilities (B, N, k) of each of the ``versions`` (B, N, D) of records, which may be made up.

        By the learner fitted to the labelled records of the view.
        """
        learner = self._fitted(view, view.labelled_mask)
        return [learner.predict_proba(X) for X in versions]

    def _fitted(self, view: PoolView, part: Tensor) -> Learner:
        """Return the learner fitted to the labelled records marked in ``part`` (B, L)."""
        X = rows_at(view.features, view.labelled_index)
        learner = self._learner.take(torch.arange(len(X), device=X.device))
        learner.fit(X, view.labels, part.to(X.dtype), view.class_mask)
        return learner

    def blocks(self, view: PoolView, records: Tensor, of: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Yield the same, some of ``records`` at a time, with the columns that they are: memory stays bounded."""
        (B, K), k = records.shape, view.class_mask.shape[1]
        each = of.shape[1] * k + (view.labels.shape[1] + 1) * view.features.shape[2]
        size = max(1, AT_ONCE // max(1, B * k * each))
        points = rows_at(view.features, of)
        for start in range(0, K, size):
            columns = slice(start, min(start + size, K))
            yield columns, self._refitted(view, records[:, columns], points)

    def _refitted(self, view: PoolView, records: Tensor, points: Tensor) -> Tensor:
        (B, K), k = records.shape, view.class_mask.shape[1]
        branch = torch.arange(B, device=records.device).repeat_interleave(K * k)
        supposed = torch.arange(k, device=records.device).expand(B, K, k)
        joins = (records >= 0)[..., None] & view.class_mask[:, None]
        index = torch.cat([view.labelled_index[branch], records.clamp_min(0).repeat_interleave(k, 1).view(-1, 1)], 1)
        labels = torch.cat([view.labels[branch], torch.where(joins, supposed, 0).reshape(-1, 1)], 1)
        real = torch.cat([view.labelled_mask[branch], joins.reshape(-1, 1)], 1)
        X = view.features[branch[:, None], index]
        learner = self._learner.take(branch)
        learner.fit(X, labels, real.to(X.dtype), view.class_mask[branch])
        probabilities: Tensor = learner.predict_branches(points, K * k).unflatten(1, (K, k))
        return probabilities


@dataclass(frozen=True, kw_only=True, eq=False)
class PoolView:
    """The pool of B episodes as the querying side sees it.

    It has no field for hidden labels, for records of the validation part or for the test part: what is not here cannot
    leak. ``pace`` alone is told from validation scores, and only by an environment whose recipe observes it.
    Shapes: B episodes, N pool records, D features, L labelled records, k classes; shorter episodes are padded.
    """

    features: Tensor
    """Standardised features of the pool records, (B, N, D); zero on padding."""
    feature_count: Tensor
    """Number of features that are not padding, (B,), long."""
    exists: Tensor
    """False where a record is padding, (B, N), bool."""
    labelled: Tensor
    """True where the label has been bought, (B, N), bool."""
    selected: Tensor
    """True where the record is already in the batch being filled, or its label was bought and has not come yet: it is
    still unknown, (B, N), bool."""
    labelled_index: Tensor
    """Pool positions of the labelled records in order of acquisition, (B, L), long; 0 on padding."""
    labelled_mask: Tensor
    """False where ``labelled_index`` and ``labels`` are padding, (B, L), bool."""
    labels: Tensor
    """Labels that the annotator gave, (B, L), long; 0 on padding."""
    class_mask: Tensor
    """False where a class is padding, (B, k), bool."""
    probabilities: Tensor
    """The learner's class probabilities for every pool record, (B, N, k); rows sum to one over real classes."""
    noise: Tensor
    """Uniform numbers in [0, 1) of the stream ``strategy``, new for every query, (B, N): breaks ties, drives chance."""
    trajectory: Trajectory
    """Earlier loops."""
    spent: Tensor
    """Labels bought after the first sample, (B,), long."""
    budget: Tensor
    """Labels that may be bought after the first sample, (B,), long."""
    geometry: Geometry
    """Distances and neighbours among the pool records, computed when first asked for."""
    embedding: Tensor | None = None
    """The learner's representation of each record before its last layer, (B, N, E); None unless asked for, as below."""
    earlier_embedding: Tensor | None = None
    """The same after the round before, (B, N, E); equal to that of now in an episode's first round, and in the first
    since it was needed."""
    epochs: EpochRecord | None = None
    """What happened in each epoch of the last fit; its n labelled records are the L of ``labelled_index``."""
    members: Tensor | None = None
    """Class probabilities by each member of a committee, (B, M, N, k)."""
    refits: Refits | None = None
    """What the learner would say if a record had a label."""
    silent: Tensor | None = None
    """True where the annotator was asked and gave no label, (B, N), bool; None where annotators always do."""
    price: Tensor | None = None
    """What the label of each record costs, (B, N); None where all cost the same."""
    fits: Tensor | None = None
    """Fits so far, those before a restart included, (B,), long; None where they were not counted."""
    trained: Tensor | None = None
    """Labelled records that all these fits were to, counted in every fit, (B,), long."""
    obtained: Tensor | None = None
    """Labels that there have been, those given up in a restart included, (B,), long."""
    near_batch: Tensor | None = None
    """True where a record is nearly equal to one of the batch being filled, (B, N), bool; None where that was not
    looked for. It is unavailable while others are left, as are records whose features equal those of a selected one."""
    times_queried: Tensor | None = None
    """How often each record was asked for, the first sample included, (B, N), long; None where none may be asked for
    again."""
    pace: Tensor | None = None
    """Share of the batch that is filled, and lead over the paired run, (B, 2); None outside an environment that shows
    them."""

    @cached_property
    def available(self) -> Tensor:
        """True where a record may be queried, (B, N), bool: no copy of a selected one while others are left."""
        free = self.exists & ~self.labelled & ~self.selected
        free = free if self.silent is None else free & ~self.silent
        copies = self._copies_of_selected
        if copies is None:
            return free
        others = free & ~copies
        return torch.where(others.any(1, keepdim=True), others, free)

    @property
    def offered(self) -> Tensor:
        """True where a record may be queried and all that features ask for is known of it, (B, N), bool."""
        return self.available

    @property
    def _copies_of_selected(self) -> Tensor | None:
        """True where a record is equal, or nearly so, to one of the batch, (B, N); None where none is."""
        if not bool(self.selected.any()):
            return None
        groups = self.geometry.copies
        if groups is None:
            return self.near_batch
        rows, picked = self.selected.nonzero(as_tuple=True)
        chosen = torch.zeros_like(self.selected)
        chosen[rows, groups[rows, picked]] = True
        copies = chosen.gather(1, groups)
        return copies if self.near_batch is None else copies | self.near_batch

    @cached_property
    def repeatable(self) -> Tensor:
        """True where a record has a label and may be asked for again, (B, N), bool; nowhere unless that is allowed."""
        if self.times_queried is None:
            return torch.zeros_like(self.labelled)
        free = self.exists & self.labelled & ~self.selected
        return free if self.silent is None else free & ~self.silent

    @cached_property
    def known(self) -> Tensor:
        """True where a record is labelled or already in the batch being filled, (B, N), bool."""
        return self.labelled | self.selected

    @cached_property
    def predicted(self) -> Tensor:
        """The predicted class of every pool record, (B, N), long."""
        return self._likeliest.predicted

    @cached_property
    def _likeliest(self) -> Likeliest:
        return likeliest(self.probabilities)

    @cached_property
    def by_class(self) -> Tensor:
        """The probabilities as (B, k, N), contiguous: few classes make rows that are too short to be fast."""
        return self.probabilities.transpose(1, 2).contiguous()

    @cached_property
    def top_two(self) -> tuple[Tensor, Tensor]:
        """Probabilities of the likeliest and of the second likeliest class, (B, N) each."""
        return self._likeliest.first, self._likeliest.second

    @cached_property
    def margin(self) -> Tensor:
        """Gap between the probabilities of the two likeliest classes, (B, N)."""
        return self._likeliest.first - self._likeliest.second

    @cached_property
    def class_share(self) -> Tensor:
        """Mean probability of each class over the pool, (B, k), in double precision: single rounds by the batch."""
        share = torch.bmm(self.exists[:, None].double(), self.probabilities.double())[:, 0]
        return (share / self.exists.sum(1, keepdim=True).clamp_min(1)).to(self.probabilities.dtype)

    @cached_property
    def normalised_entropy(self) -> Tensor:
        """Entropy of the class probabilities divided by that of the uniform distribution, (B, N), 0 to 1."""
        # Any floor will do: zero times its logarithm is zero.
        logarithm = self.by_class.clamp_min(torch.finfo(self.probabilities.dtype).tiny).log()
        entropy = torch.zeros_like(self.by_class[:, 0])
        # One by one: a sum over the axis rounds equal records differently, by where in the pool they are.
        for term in (self.by_class * logarithm).unbind(1):
            entropy = entropy - term
        most: Tensor = self.class_count.to(entropy.dtype).log()
        return (entropy / most[:, None]).clamp(0, 1)

    @cached_property
    def impurity(self) -> Tensor:
        """Gini impurity of the class probabilities, (B, N), 0 to 1."""
        return gini(self.probabilities)

    @cached_property
    def class_count(self) -> Tensor:
        """Number of classes, (B,), long."""
        return self.class_mask.sum(-1)

    @cached_property
    def distance_to_known(self) -> Tensor:
        """Euclidean distance to the nearest labelled or selected record, (B, N)."""
        return self.geometry.distance_to(self.known)

    def remember(self, likeliest_classes: Likeliest) -> None:
        """Take the likeliest classes from who has computed them already."""
        self.__dict__["_likeliest"] = likeliest_classes

    def with_selected(self, picks: Tensor) -> PoolView:
        """Return the same view after ``picks`` (B,) joined the batch being filled; a pick of -1 adds nothing."""
        selected = self.selected.clone()
        chosen = picks >= 0
        selected[torch.arange(len(picks), device=picks.device)[chosen], picks[chosen]] = True
        return self._with(selected=selected)

    def with_pace(self, pace: Tensor) -> PoolView:
        """Return the same view, which also says the pace (B, 2) of the episodes."""
        return self._with(pace=pace)

    def _with(self, **fields: Tensor) -> PoolView:
        view = dataclasses.replace(self, **fields)  # type: ignore[arg-type]
        # What does not depend on the batch being filled is not computed again.
        view.__dict__.update({name: self.__dict__[name] for name in KEPT_IN_BATCH if name in self.__dict__})
        return view


KEPT_IN_BATCH = ("_likeliest", "by_class", "margin", "class_share", "normalised_entropy", "impurity", "class_count")
