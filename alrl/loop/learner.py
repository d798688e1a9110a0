"""Contract of learners: what the loop needs of the model that is taught."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from torch import Tensor

from alrl.data.task import Task
from alrl.recipes.registry import Named


@dataclass(frozen=True, kw_only=True, eq=False)
class EpochRecord:
    """Course of each labelled record over the epochs of one fit: E epochs, n records; zero on padding.

    Forgetting events, areas under the margin and data maps of labelled records are functions of these. Labels are those
    that the annotator gave; of records without one only what the learner itself predicts is said.
    """

    losses: Tensor
    """Log loss of the record at the start of the epoch, (B, E, n)."""
    correct: Tensor
    """Whether the record was classified as labelled, (B, E, n), bool."""
    margins: Tensor
    """Logit of the label minus the largest other logit, (B, E, n)."""
    pool_confidence: Tensor | None = None
    """What :meth:`Learner.epoch_confidence` says of the N pool records, (B, S, N); None outside a pool view."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FitReport:
    """Report of one batched fit."""

    iterations: Tensor
    """Solver iterations (or epochs) of each episode, (B,), long."""
    converged: Tensor
    """True where the stated tolerance was reached, (B,), bool."""
    fitted: Tensor | None = None
    """False where no fit was possible so far, and shares of the classes stand for it, (B,), bool; None where the
    learner can always be fitted."""
    losses: Tensor | None = None
    """Mean training loss of each epoch, (B, epochs), for learners that have epochs."""
    epochs: EpochRecord | None = None
    """Each labelled record in each epoch, for learners that have epochs and were told to keep it."""
    multiply_adds: Tensor | None = None
    """Modelled multiply-adds of each episode's fit, (B,), double; None where the learner has no model of its work."""
    record_epochs: Tensor | None = None
    """Records trained on, each as often as the fit passed over it, (B,), where that is not the number of labelled
    records times the iterations."""
    seconds: float = field(default=0.0)
    """Wall time of the call."""


class Learner(Named):
    """A classifier of B episodes at once, refitted after every batch of labels.

    Shapes: B episodes, n labelled records, N records, D features, k classes. Padding: rows with ``weight`` 0, zero
    columns of ``X``, classes that ``class_mask`` excludes.
    """

    name: ClassVar[str]
    """The name in recipes and tables, such as ``softmax-regression``."""

    @property
    def label(self) -> str:
        """What tables of curves call it."""
        return self.name

    @abstractmethod
    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        """Fit each episode to its labelled records: X (B, n, D), y (B, n) long, weight (B, n), class_mask (B, k)."""

    @abstractmethod
    def predict_proba(self, X: Tensor) -> Tensor:
        """Return class probabilities (B, N, k) of X (B, N, D); zero for classes that are padding."""

    @abstractmethod
    def restart(self, episodes: Tensor) -> None:
        """Forget the fits of the episodes marked in the mask (B,): their next fit starts from scratch."""

    @abstractmethod
    def take(self, episodes: Tensor) -> Self:
        """Return a learner whose episodes are copies of ``episodes`` (long, repeats allowed).

        Branches of a look-ahead.
        """

    @abstractmethod
    def fresh(self) -> Self:
        """Return an unfitted learner with the same settings."""

    def read_tasks(self, tasks: Sequence[Task]) -> None:
        """Take note of the tasks of all episodes, before their first fits and whenever some are replaced.

        For learners that look up more of a record than its features.
        """

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        """Return class probabilities (B, branches, N, k) of X (B, N, D) by a learner of B times ``branches`` episodes.

        Its episodes are in the order that ``take`` of every episode ``branches`` times over gives: all branches of the
        first episode, then those of the second.
        """
        probabilities = self.predict_proba(X.repeat_interleave(branches, 0))
        return probabilities.view(len(X), branches, *probabilities.shape[1:])

    def with_max_iterations(self, iterations: int) -> Self:  # noqa: ARG002
        """Return a copy that may end a fit after ``iterations`` solver steps or epochs.

        Itself where that has no meaning.

        For branches of a look-ahead, which a rough fit serves as well. The copy starts at this learner's last fit.
        """
        return self

    def predict_members(self, X: Tensor) -> Tensor:
        """Return class probabilities (B, M, N, k) by each of M members, for committees.

        Otherwise of the one learner.
        """
        return self.predict_proba(X)[:, None]

    def epoch_confidence(self, X: Tensor) -> Tensor | None:  # noqa: ARG002
        """Return probability, early and late in the last fit.

        Of the class that each record of X is predicted as after it.

        (B, S, N), at the start of S evenly spaced epochs, the first and the last among them, all of them where they are
        few. Its negative logarithm is the record's pseudo-loss. None for learners without epochs, or that were not told
        to keep them.
        """
        return None

    def multiply_adds_a_record(self) -> Tensor | None:
        """Return modelled multiply-adds of predicting one record, (B,), double.

        None where there is no model of the work.
        """
        return None

    def embed(self, X: Tensor) -> Tensor:
        """Return representation of each record before the last layer, (B, N, E).

        The features themselves unless overridden.
        """
        return X
