"""What the learner says of the labelled records, whose labels are known."""

from __future__ import annotations

import math

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.dynamics import error_norm
from alrl.metadata.pick import pick


def labelled_error_norm(view: PoolView) -> Tensor:
    """:func:`~alrl.metadata.dynamics.error_norm` of the labelled records after the last fit over √2, (B, L), 0 to 1."""
    return (error_norm(pick(view.probabilities, view.labelled_index), view.labels) / math.sqrt(2)).clamp(0, 1)
