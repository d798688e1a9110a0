"""What can be wrong with a pool, one thing a file.

Put a file with a subclass of :class:`alrl.loop.contamination.Contamination` here and it is registered under its
``name``; one of your own package is named ``package.module:Class``.
"""

from __future__ import annotations

from alrl.loop.contaminations.duplicates import Duplicates
from alrl.loop.contaminations.imbalance import Imbalance
from alrl.loop.contaminations.label_noise import LabelNoise
from alrl.loop.contaminations.missing_classes import MissingClasses
from alrl.loop.contaminations.out_of_domain import OutOfDomain
from alrl.loop.contaminations.registry import contaminations, make_contamination

__all__ = [
    "Duplicates",
    "Imbalance",
    "LabelNoise",
    "MissingClasses",
    "OutOfDomain",
    "contaminations",
    "make_contamination",
]
