"""Contaminate pools on purpose: noise, duplicates, foreign records and the like, one kind a file.

Put a file with a subclass of :class:`alrl.data.contaminations.base.Contamination` here and it is registered under its
``name``; one of your own package is named ``package.module:Class``.
"""

from __future__ import annotations

from alrl.data.contaminations.base import contaminations, make_contamination
from alrl.data.contaminations.duplicates import Duplicates
from alrl.data.contaminations.imbalance import Imbalance
from alrl.data.contaminations.label_noise import LabelNoise
from alrl.data.contaminations.missing_classes import MissingClasses
from alrl.data.contaminations.out_of_domain import OutOfDomain

__all__ = [
    "Duplicates",
    "Imbalance",
    "LabelNoise",
    "MissingClasses",
    "OutOfDomain",
    "contaminations",
    "make_contamination",
]
