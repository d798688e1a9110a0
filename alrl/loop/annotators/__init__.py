"""Annotators, one a file.

Put a file with a subclass of :class:`alrl.loop.annotators.base.Annotator` here and it is registered under its ``name``;
an annotator of one's own package is named ``package.module:Class``.
"""

from __future__ import annotations

from alrl.loop.annotators.abstaining import AbstainingAnnotator
from alrl.loop.annotators.base import Annotator, annotators, make_annotator
from alrl.loop.annotators.boundary import BoundaryAnnotator
from alrl.loop.annotators.confused import ConfusedAnnotator
from alrl.loop.annotators.delayed import DelayedAnnotator
from alrl.loop.annotators.noisy import NoisyAnnotator
from alrl.loop.annotators.perfect import PerfectAnnotator
from alrl.loop.annotators.several import SeveralAnnotators

__all__ = [
    "AbstainingAnnotator",
    "Annotator",
    "BoundaryAnnotator",
    "ConfusedAnnotator",
    "DelayedAnnotator",
    "NoisyAnnotator",
    "PerfectAnnotator",
    "SeveralAnnotators",
    "annotators",
    "make_annotator",
]
