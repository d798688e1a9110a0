"""Active learning on a pool of millions of records: label, query, label, with any strategy or policy."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from alrl.agents.players import find_strategy
from alrl.agents.policy import Policy
from alrl.agents.query import warn_if_fewer
from alrl.envs.candidates import CandidateMixture, worth_a_look
from alrl.errors import BudgetExhaustedWarning, InvalidQueryError
from alrl.large_pool.history import PoolHistory
from alrl.large_pool.labels import PoolLabels
from alrl.large_pool.pool import LargePool
from alrl.large_pool.preselection import Preselection, unsure_or_lucky
from alrl.large_pool.scorer import MEASURES, LearnerScorer, ModelScorer, PoolScores, Scorer, score_pool
from alrl.large_pool.view import LargePoolView, PoolSample, draw_part
from alrl.learners import make_learner
from alrl.loop.learner import Learner
from alrl.numerics.arguments import whole_number
from alrl.numerics.backend import one_thread
from alrl.numerics.noise import EpisodeNoise
from alrl.numerics.streams import generator
from alrl.strategies import Strategy
from alrl.strategies.base import picked, refuse_learning


class LargePoolLoop:
    """One episode on a :class:`~alrl.large_pool.pool.LargePool`, labelled by whoever calls.

    Every round passes once over the pool in chunks and keeps a few numbers a record. The strategy or policy then picks
    from a view of some thousand records: those that the learner is least sure of, some by chance, and a random sample
    that stands for the rest in ranks and means (:class:`~alrl.large_pool.preselection.Preselection`). The picks of
    margin, least confidence, entropy and random sampling are those of the whole pool; what is approximate for others is
    told and measured in ``docs/large-pools.md``.

    Args:
        pool: the records.
        classes: every class, at least two; labels are given as these values.
        labels: labels that are to be bought after the first sample: policies look at the share spent.
        strategy: a strategy or policy, the name of a rule, or the name of a shipped policy.
        learner: an unfitted batched learner or the name of one, fitted to the pool's standardised records. To query by
            a model of one's own, give it to :meth:`query`.
        preselection: how many records the strategy sees.
        neighbours: whether it may ask for nearest neighbours, from an index that is built on first use; by default a
            policy may, a rule may not.
        seed: of chance and ties, as in a :class:`~alrl.loop.simulator.Simulator` on a task of this seed.

    Raises InvalidDataError for classes that are fewer than two or given twice, InvalidQueryError for a budget below 1,
    InvalidRecipeError for an unknown strategy or learner, or a strategy that learns from round to round.

    >>> pool = LargePool(np.array([[0.0], [1.0], [2.0], [3.0], [4.0]], dtype=np.float32))
    >>> loop = LargePoolLoop(pool, classes=["low", "high"], labels=2)
    >>> loop.label([0, 4], ["low", "high"])
    >>> loop.query(1).tolist()
    [2]
    """

    def __init__(
        self,
        pool: LargePool,
        *,
        classes: Sequence[Hashable],
        labels: int,
        strategy: Strategy | str = "margin",
        learner: Learner | str = "softmax-regression",
        preselection: Preselection | None = None,
        neighbours: bool | None = None,
        seed: int | Sequence[int] = 0,
    ) -> None:
        budget = whole_number("labels", labels, least=0)
        if not budget:
            raise InvalidQueryError(f"a budget of {labels} labels given; it must be at least 1")
        self.pool, self.budget = pool, budget
        self.strategy = find_strategy(strategy)
        refuse_learning(self.strategy, "a loop over a large pool")
        self.labelled_set = PoolLabels(pool.n_records, classes)
        """The labels given so far."""
        self._learner = make_learner(learner).fresh()
        self._preselection = preselection or Preselection()
        self._neighbours = isinstance(self.strategy, Policy) if neighbours is None else neighbours
        seeds = seed if isinstance(seed, Sequence) else (seed,)
        self.seed = tuple(whole_number("seed", each, least=0) for each in seeds)
        self._sample = PoolSample(pool, pool.random(self._preselection.sample, "preselection"))
        self._history = PoolHistory(pool.n_records)
        self._noise = EpisodeNoise([self.seed], "strategy")
        self._luck = np.zeros(0, dtype=np.float32)
        self._first: int | None = None
        self._scorer: Scorer | None = None
        self._scores: PoolScores | None = None
        self._scored_already = False
        self._proposed = np.zeros(0, dtype=np.int64)
        self._pending = np.zeros(pool.n_records, dtype=bool)

    @property
    def pending(self) -> NDArray[np.int64]:
        """Positions of the records of earlier batches whose labels have not come, ascending: people have them still.

        They are not proposed again, count as known where a batch is chosen, and as labels that are spent.
        """
        return np.flatnonzero(self._pending)

    def release(self, indices: ArrayLike | None = None) -> None:
        """Take pending records back, all of them unless positions are given: they may be proposed again."""
        self._pending[self.pending if indices is None else np.asarray(indices, dtype=np.int64)] = False
        self._proposed = np.setdiff1d(self._proposed, self._proposed if indices is None else np.asarray(indices))

    @property
    def labels_left(self) -> int:
        """Labels that may still be bought, beside those that are pending."""
        return max(0, self.budget - self.spent - int(self._pending.sum()))

    @property
    def spent(self) -> int:
        """Labels given after the first sample, which is what was labelled before the first query."""
        return 0 if self._first is None else len(self.labelled_set.index) - self._first

    def prepare(self) -> None:
        """Do now what is done once a pool: its mean and scale and, where the strategy may ask for it, its index."""
        if self._neighbours:
            self._sample.sparsity  # noqa: B018 - computed on first use

    def first_sample(self, count: int) -> NDArray[np.int64]:
        """Return positions of ``count`` records at random, to be labelled first; always the same for a seed.

        Raises InvalidQueryError if ``count`` is below 1 or above the pool.
        """
        count = whole_number("count", count, least=1, most=self.pool.n_records)
        return generator(self.seed, "first sample").choice(self.pool.n_records, size=count, replace=False)

    def label(self, indices: ArrayLike, labels: Sequence[Hashable] | NDArray[Any]) -> None:
        """Give the labels of the records at the positions ``indices`` (m,) of the pool.

        What the last query proposed and is not among them is :attr:`pending` from now on.

        Raises InvalidQueryError for a position outside the pool, given twice or labelled already, and for more labels
        than the budget has left, InvalidDataError for a label that is none of the classes or a number of labels that is
        not the number of positions.
        """
        given = np.size(np.asarray(indices))
        if self._first is not None and self.spent + given > self.budget:
            raise InvalidQueryError(
                f"{given} labels given, and {self.budget - self.spent} of the budget of {self.budget} are left: give"
                " fewer, or raise loop.budget first"
            )
        index = self.labelled_set.add(indices, labels)
        self._sample.label(self.pool.standardised(index))
        self._pending[self._proposed] = True
        self._pending[index] = False
        self._proposed = self._proposed[:0]
        self._scorer = self._scores = None
        self._scored_already = False

    def query(self, batch_size: int = 1, *, model: Any = None) -> NDArray[np.int64]:
        """Return the positions of the records to be labelled next, most wanted first, at most ``batch_size`` of them.

        The first query after new labels fits and passes over the pool, and is a loop of the trajectory; another one
        before the next labels uses the same scores and takes the place of the first, whose records are proposed no
        more. A model that is given is asked, whoever scored the pool before; a query without one is answered by whoever
        scored the pool last since the last labels.

        Args:
            batch_size: records wanted; if fewer are left, all of them are returned, with a PoolExhaustedWarning, and if
                the budget has fewer labels left, as many as that, with a BudgetExhaustedWarning.
            model: a fitted model, as :func:`alrl.agents.query.query` takes one, that scores the pool in the learner's
                place; it is given records as they are stored.

        Raises InvalidQueryError if the batch size is no whole number or below 1, no record is labelled yet, none is
        left, or the budget is spent, InvalidDataError if the model cannot be used.
        """
        wanted = whole_number("batch_size", batch_size, least=1)
        left = int(self._free.sum())
        self._check_left(left)
        count = min(wanted, left, self.labels_left)
        if count == left:
            warn_if_fewer(left, wanted)
        elif count < wanted:
            warnings.warn(
                f"batch_size = {wanted} given, and {count} labels of the budget of {self.budget} are left",
                BudgetExhaustedWarning,
                stacklevel=2,
            )
        view = self.view(count, model=model)
        with one_thread():
            picks = picked(self.strategy, view, count)[0].numpy()
        self._proposed = np.asarray(view.position[picks[picks >= 0]])
        return self._proposed.copy()

    @property
    def _free(self) -> NDArray[np.bool_]:
        """True where a record is neither labelled nor pending, (N,)."""
        return np.asarray(self.labelled_set.free & ~self._pending)

    def _check_left(self, left: int) -> None:
        pending = len(self.pending)
        if not left and pending:
            raise InvalidQueryError(
                f"every record is labelled or pending ({pending} of them); give their labels, or take them back with"
                " loop.release()"
            )
        if not left:
            raise InvalidQueryError("every record is labelled; there is nothing left to query")
        if not self.labels_left:
            raise InvalidQueryError(
                f"the budget of {self.budget} labels is spent: {self.spent} given, {pending} pending; raise loop.budget"
                " to go on"
            )

    def predict_proba(self, X: NDArray[Any], *, model: Any = None) -> NDArray[np.float32]:
        """Return class probabilities (n, classes) of records ``X`` (n, D), given as those of the pool are stored.

        They are the model's, or of whoever scored the pool last since the last labels: a model that was given, or the
        learner, fitted to the labels given so far. Raises as :meth:`query` does.
        """
        scorer = self._fitted() if model is None else ModelScorer(model, self.labelled_set.classes)
        probabilities = scorer.probabilities(self.pool.standardisation.apply(X) if scorer.standardised else X)
        return np.asarray(probabilities.numpy())

    def _fitted(self, model: Any = None) -> Scorer:
        if not len(self.labelled_set.index):
            raise InvalidQueryError("no record is labelled yet; label a few first, such as those of first_sample(20)")
        if model is not None:
            # It may have been fitted anew since it was asked last: there is no telling.
            self._scorer, self._scores = ModelScorer(model, self.labelled_set.classes), None
        elif self._scorer is None:
            X = torch.from_numpy(self.pool.standardised(self.labelled_set.index))[None]
            codes = torch.from_numpy(self.labelled_set.codes)[None]
            every = torch.ones(1, len(self.labelled_set.classes), dtype=torch.bool)
            self._learner.fit(X, codes, torch.ones(1, X.shape[1]), every)
            self._scorer = LearnerScorer(self._learner)
        return self._scorer

    def _scored(self, scorer: Scorer) -> PoolScores:
        if self._scores is None:
            measure = self.strategy.name if self.strategy.name in MEASURES else "margin"
            self._scores = score_pool(self.pool, scorer, measure)
            self._history.take_up(scorer, self._scores, again=self._scored_already)
            if not self._scored_already:
                self._luck = self._noise.draw(self.pool.n_records)[0].numpy()
            self._scored_already = True
            self._first = len(self.labelled_set.index) if self._first is None else self._first
        return self._scores

    def _candidates(self, scores: PoolScores, count: int) -> NDArray[np.int64]:
        """Return the positions of all records that may be picked by certainty, or by chance."""
        surplus = self._preselection.surplus
        if isinstance(self.strategy, Policy):
            surplus = max(surplus, self.strategy.mixture.count)
        free, wanted = self._free, count + surplus
        return unsure_or_lucky(self.pool, scores.certainty, self._luck, free, wanted, apart_from=self.pending)

    def view(self, batch_size: int, *, model: Any = None) -> LargePoolView:
        """Return what the strategy sees of the pool when it is asked for ``batch_size`` records.

        Raises as :meth:`query`.
        """
        scores = self._scored(self._fitted(model))
        seen = np.union1d(self._candidates(scores, batch_size), self.pending)
        mixture = self.strategy.mixture if self._neighbours and isinstance(self.strategy, Policy) else None
        if isinstance(mixture, CandidateMixture) and mixture.herding:
            # What covers most is told without neighbours, which are then looked up for it as well.
            view = self._view_of(seen, neighbours=False)
            wanted = worth_a_look(view, batch_size)[0].numpy()
            seen = np.union1d(seen, view.position[wanted[wanted >= 0]])
        return self._view_of(seen, neighbours=self._neighbours)

    def _view_of(self, seen: NDArray[np.int64], *, neighbours: bool) -> LargePoolView:
        """Return the view of the records ``seen``, of those that are pending, and of the sample and labelled ones."""
        pending = self.pending
        part = draw_part(self.pool, self._sample, seen, self.labelled_set.index, neighbours=neighbours)
        selected = torch.zeros_like(part.labelled)
        selected[0, torch.from_numpy(part.places(pending))] = True
        remembered = self._history.probabilities(self.pool, part.position)
        return LargePoolView(
            position=part.position,
            surrounded=part.surrounded,
            features=part.geometry.features,
            feature_count=torch.tensor([self.pool.n_features]),
            exists=part.geometry.exists,
            labelled=part.labelled,
            selected=selected,
            labelled_index=torch.from_numpy(part.places(self.labelled_set.index))[None],
            labelled_mask=torch.ones(1, len(self.labelled_set.index), dtype=torch.bool),
            labels=torch.from_numpy(self.labelled_set.codes)[None],
            class_mask=torch.ones(1, len(self.labelled_set.classes), dtype=torch.bool),
            probabilities=remembered[-1],
            noise=torch.from_numpy(self._luck[part.position])[None],
            trajectory=self._history.trajectory(part.position, remembered),
            spent=torch.tensor([self.spent]),
            budget=torch.tensor([self.budget]),
            geometry=part.geometry,
        )
