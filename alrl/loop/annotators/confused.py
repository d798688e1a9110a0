"""The annotator who takes some classes for others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.loop.annotators.base import Annotator, Answers, Query


@dataclass(frozen=True, kw_only=True)
class ConfusedAnnotator(Annotator):
    """Says class j of a record of class i with the probability ``matrix[i][j]``: noise that depends on the class.

    Rows are true classes in the order of the data set's codes, columns what is said. The errors belong to the records,
    as a noisy annotator's do.

    Raises InvalidRecipeError unless the matrix is square, of at least two classes, its rows being probabilities;
    InvalidDataError when asked in an episode of another number of classes.

    >>> from alrl.testing.example_query import example_query
    >>> confused = ConfusedAnnotator(matrix=[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    >>> confused.answer(example_query([[0, 1, 2, 1]], [[0, 1, 2, 3]])).labels
    tensor([[0, 2, 2, 2]])
    """

    name: ClassVar[str] = "confused"

    matrix: Sequence[Sequence[float]]
    """Probability of each answer, a row a true class."""

    def __post_init__(self) -> None:
        size = len(self.matrix)
        sound = size > 1 and all(
            len(row) == size and min(row) >= 0 and math.isclose(sum(row), 1.0, abs_tol=1e-6) for row in self.matrix
        )
        if not sound:
            raise InvalidRecipeError(
                f"annotator: matrix = {self.matrix} given; give a row of probabilities for each class, as many as"
                " classes, at least 0 each and 1 together"
            )

    def answer(self, query: Query) -> Answers:
        size = len(self.matrix)
        other = query.class_count[query.class_count != size]
        if len(other):
            raise InvalidDataError(
                f"annotator: a confusion matrix of {size} classes given for data of {int(other[0])}; give a matrix of"
                ' that size, or the annotator "noisy"'
            )
        reached = torch.tensor(self.matrix, dtype=torch.float64, device=query.picks.device).cumsum(1)
        # The last class that is possible takes what rounding leaves of one.
        drawn = (query.luck(0).double()[..., None] >= reached[query.known]).sum(-1)
        last = size - 1 - (torch.tensor(self.matrix, device=drawn.device).flip(1) > 0).byte().argmax(1)
        return Answers(labels=torch.minimum(drawn, last[query.known]))
