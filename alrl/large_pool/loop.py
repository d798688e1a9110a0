"""Active learning on a pool of millions of records: label, query, label, with any strategy or policy."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from alrl.agents.policy import Policy
from alrl.agents.policy_file import named_strategy
from alrl.agents.query import warn_if_fewer
from alrl.errors import InvalidQueryError
from alrl.large_pool.history import PoolHistory
from alrl.large_pool.labels import PoolLabels
from alrl.large_pool.pool import LargePool
from alrl.large_pool.preselection import Preselection, smallest
from alrl.large_pool.scorer import MEASURES, LearnerScorer, ModelScorer, PoolScores, Scorer, score_pool
from alrl.large_pool.view import LargePoolView, PoolSample, draw_part
from alrl.learners import make_learner
from alrl.loop.learner import Learner
from alrl.numerics.streams import EpisodeNoise, generator
from alrl.strategies import Strategy
from alrl.strategies.base import refuse_learning


class LargePoolLoop:
    """One episode on a :class:`~alrl.large_pool.pool.LargePool`, labelled by whoever calls.

    Every loop passes once over the pool in chunks and keeps a few numbers a record. The strategy or policy then picks
    from a view of some thousand records: those of which the learner is least sure, some by chance, and a random sample
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
    InvalidRecipeError for an unknown strategy or learner, or a strategy that learns from loop to loop.

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
        if labels < 1:
            raise InvalidQueryError(f"a budget of {labels} labels given; it must be at least 1")
        self.pool, self.budget = pool, labels
        self.strategy = named_strategy(strategy)
        refuse_learning(self.strategy, "a loop over a large pool")
        self.labelled_set = PoolLabels(pool.n_records, classes)
        """The labels given so far."""
        self._learner = make_learner(learner).fresh()
        self._preselection = preselection or Preselection()
        self._neighbours = isinstance(self.strategy, Policy) if neighbours is None else neighbours
        self.seed = (seed,) if isinstance(seed, int) else tuple(seed)
        self._sample = PoolSample(pool, pool.random(self._preselection.sample, "preselection"))
        self._history = PoolHistory(pool.n_records)
        self._noise = EpisodeNoise([self.seed], "strategy")
        self._luck = np.zeros(0, dtype=np.float32)
        self._first: int | None = None
        self._scorer: Scorer | None = None
        self._scores: PoolScores | None = None

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
        if not 1 <= count <= self.pool.n_records:
            raise InvalidQueryError(f"a first sample of {count} asked for; give 1 to {self.pool.n_records}")
        return generator(self.seed, "first sample").choice(self.pool.n_records, size=count, replace=False)

    def label(self, indices: ArrayLike, labels: Sequence[Hashable] | NDArray[Any]) -> None:
        """Give the labels of the records at the positions ``indices`` (m,) of the pool.

        Raises InvalidQueryError for a position outside the pool, given twice or labelled already, InvalidDataError for
        a label that is none of the classes or a number of labels that is not the number of positions.
        """
        index = self.labelled_set.add(indices, labels)
        self._sample.label(self.pool.standardised(index))
        self._scorer = self._scores = None

    def query(self, batch_size: int = 1, *, model: Any = None) -> NDArray[np.int64]:
        """Return positions of the records to be labelled next, most wanted first, at most ``batch_size`` of them.

        The first query after new labels fits and passes over the pool, and is a loop of the trajectory; another one
        before the next labels uses the same scores.

        Args:
            batch_size: records wanted; if fewer are unlabelled, all of them are returned, with a
                PoolExhaustedWarning.
            model: a fitted classifier with ``predict_proba`` and ``classes_``, as scikit-learn's are, that scores the
                pool in the learner's place; it is given records as they are stored.

        Raises InvalidQueryError if the batch size is below 1, no record is labelled yet or none is left,
        InvalidDataError if the model cannot be used.
        """
        if batch_size < 1:
            raise InvalidQueryError(f"batch_size = {batch_size} given; it must be at least 1")
        left = int(self.labelled_set.free.sum())
        if not left:
            raise InvalidQueryError("every record is labelled; there is nothing left to query")
        count = min(batch_size, left)
        warn_if_fewer(left, batch_size)
        view = self.view(count, model=model)
        picks = self.strategy.select(view, count)[0].numpy()
        return np.asarray(view.position[picks[picks >= 0]])

    def predict_proba(self, X: NDArray[Any], *, model: Any = None) -> NDArray[np.float32]:
        """Return class probabilities (n, classes) of records ``X`` (n, D), given as those of the pool are stored.

        They are the learner's, fitted to the labels given so far, or the model's. Raises as :meth:`query` does.
        """
        scorer = self._fitted(model)
        probabilities = scorer.probabilities(self.pool.standardisation.apply(X) if scorer.standardised else X)
        return np.asarray(probabilities.numpy())

    def _fitted(self, model: Any) -> Scorer:
        if not len(self.labelled_set.index):
            raise InvalidQueryError("no record is labelled yet; label a few first, such as those of first_sample(20)")
        if self._scorer is None:
            if model is not None:
                self._scorer = ModelScorer(model, self.labelled_set.classes)
            else:
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
            self._history.take_up(scorer, self._scores)
            self._luck = self._noise.draw(self.pool.n_records)[0].numpy()
            self._first = len(self.labelled_set.index) if self._first is None else self._first
        return self._scores

    def _candidates(self, scores: PoolScores, count: int) -> NDArray[np.int64]:
        """Return positions of all records that may be picked by certainty, or by chance."""
        surplus = self._preselection.surplus
        if isinstance(self.strategy, Policy):
            surplus = max(surplus, self.strategy.mixture.count)
        free, wanted = self.labelled_set.free, count + surplus
        unsure = smallest(scores.certainty, self._luck, free, wanted)
        return np.union1d(unsure, smallest(-self._luck, self._luck, free, wanted))

    def view(self, batch_size: int, *, model: Any = None) -> LargePoolView:
        """Return what the strategy sees of the pool when it is asked for ``batch_size`` records.

        Raises as :meth:`query`.
        """
        scores = self._scored(self._fitted(model))
        candidates = self._candidates(scores, batch_size)
        part = draw_part(self.pool, self._sample, candidates, self.labelled_set.index, neighbours=self._neighbours)
        remembered = self._history.probabilities(self.pool, part.position)
        return LargePoolView(
            position=part.position,
            features=part.geometry.features,
            feature_count=torch.tensor([self.pool.n_features]),
            exists=part.geometry.exists,
            labelled=part.labelled,
            selected=torch.zeros_like(part.labelled),
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
