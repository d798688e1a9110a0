"""The 17 of the benchmark's 26 data sets that load without a network, under its names, smallest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from alrl.data.data_set import DataSet
from alrl.data.sources import data_set_names, load_data_set
from alrl.errors import InvalidRecipeError
from alrl.recipes.suggest import unknown


@dataclass(frozen=True, kw_only=True)
class PublishedSet:
    """A data set of the benchmark, and how ours stands to theirs."""

    name: str
    source: str
    """A name that :func:`alrl.data.sources.load_data_set` knows."""
    difference: str = ""
    """In what our file differs from theirs; empty if row for row the same, so that each seed can be compared."""
    seeds: int = 100
    """Seeds that the published mean is over."""
    blank: int = 0
    """Constant columns that theirs has and ours lacks: no distance changes, but ``gamma="auto"`` counts columns."""
    swapped: bool = False
    """Whether theirs has the classes in the other order: libsvm's result depends on it, within its tolerance."""

    def is_there(self) -> bool:
        """Return whether the package that holds it is installed."""
        return self.source.replace("_", "-") in {name.replace("_", "-") for name in data_set_names()}

    def load(self) -> DataSet:
        """Return the data set, under the benchmark's name.

        Raises InvalidRecipeError if its package is not installed.
        """
        source = load_data_set(self.source)
        X = np.concatenate([source.X, np.zeros((source.n_records, self.blank))], axis=1)
        y, names = (1 - source.y, source.class_names[::-1]) if self.swapped else (source.y, source.class_names)
        return DataSet(name=self.name, X=X, y=y, class_names=names, origin=source.origin)


_ORDER = "rows in another order"
_SETS = (
    PublishedSet(name="Appendicitis", source="common/appendicitis"),
    PublishedSet(name="Sonar", source="keel/sonar", difference=_ORDER),
    PublishedSet(name="Heart", source="keel/heart", difference=_ORDER),
    PublishedSet(name="Haberman", source="common/haberman", difference=_ORDER),
    PublishedSet(name="Ionosphere", source="keel/ionosphere", difference=f"{_ORDER}; a constant column added", blank=1),
    PublishedSet(name="Clean1", source="musk", difference=f"{_ORDER}; 476 rows"),
    PublishedSet(name="Breast", source="keel/wisconsin", difference=_ORDER),
    PublishedSet(name="Wdbc", source="breast_cancer", swapped=True),
    PublishedSet(name="Australian", source="keel/australian", difference=_ORDER),
    PublishedSet(name="Diabetes", source="keel/pima", difference=_ORDER),
    PublishedSet(name="Mammographic", source="keel/mammographic"),
    PublishedSet(name="German", source="common/german"),
    PublishedSet(name="Spambase", source="keel/spambase", difference="4597 rows", seeds=10),
    PublishedSet(name="Banana", source="keel/banana", seeds=10),
    PublishedSet(name="Phoneme", source="keel/phoneme", seeds=10),
    PublishedSet(name="Ringnorm", source="keel/ring", seeds=10),
    PublishedSet(name="Twonorm", source="keel/twonorm", difference=_ORDER, seeds=10),
)
SETS: dict[str, PublishedSet] = {each.name: each for each in _SETS}


def published_set(name: str, known: Iterable[str] = SETS) -> PublishedSet:
    """Return the data set that the benchmark calls ``name``. Raises InvalidRecipeError if there is none.

    >>> published_set("Wdbc").source
    'breast_cancer'
    """
    if name not in SETS:
        raise InvalidRecipeError(unknown("data set of Lu et al. 2023", name, known))
    return SETS[name]
