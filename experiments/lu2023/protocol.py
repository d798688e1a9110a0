"""The protocol of Lu, Li and Lin 2023: their splits, their learner, one query at a time until the pool is empty."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from alrl.errors import InvalidRecipeError
from alrl.evaluation.curves import Curves
from alrl.recipes.suggest import unknown
from alrl.strategies import Strategy
from alrl.studies.protocols.base import Protocol
from alrl.studies.protocols.paired import learner_name
from experiments.lu2023.data import SETS, PublishedSet
from experiments.lu2023.episode import play_seeds
from experiments.lu2023.report import write
from experiments.lu2023.split import draw_split, misses_a_class

if TYPE_CHECKING:
    from alrl.studies.study import StudyRecipe

STRATEGIES = {"random": "Uniform", "margin": "US-C", "us-nc": "US-NC", "qbc": "QBC", "core-set": "Core-Set"}
"""Rules that are played, and what the benchmark's tables call them."""
LEARNER = {"estimator": "sklearn.svm:SVC", "params": {"kernel": "rbf", "C": 1.0, "gamma": "auto"}}
"""The only learner: settings of ``scikit-learn``."""
_OWN = ("labels", "batches", "split", "first", "first_size", "envs")


class Lu2023(Protocol):
    """A block of seeds of one data set, each played to the end of its pool (docs/protocols.md, P1).

    Seeds whose first labels lack a class are left out; of the five large data sets no more than ten seeds are played,
    as in the benchmark.
    """

    name: ClassVar[str] = "lu2023"

    def cells(self, study: StudyRecipe) -> Iterator[dict[str, Any]]:
        self._refuse(study)
        for source in study.data_sets:
            published = set_of(source)
            data = published.load()
            split = draw_split(data.n_records, 0)
            for start in range(0, min(study.seeds, published.seeds), study.block):
                stop = min(start + study.block, study.seeds, published.seeds)
                seeds = [s for s in range(start, stop) if not misses_a_class(data, draw_split(data.n_records, s))]
                if seeds:
                    yield {
                        "data_set": source,
                        "fingerprint": data.fingerprint,
                        "learner": {"kind": "scikit-learn", **LEARNER},
                        "labels": split.queries,
                        "batch": 1,
                        "seeds": seeds,
                    }

    def play(self, cell: Mapping[str, Any], agent: Strategy, *, device: str = "cpu") -> Curves:  # noqa: ARG002 - the cell names all
        settings = {key: value for key, value in cell["learner"].items() if key != "kind"}
        curves = play_seeds(set_of(cell["data_set"]).load(), STRATEGIES[cell["agent"]], cell["seeds"])
        learner = learner_name(cell["learner"]["kind"], settings)
        return dataclasses.replace(curves, data_set=cell["data_set"], strategy=cell["agent"], learner=learner)

    def work(self, cell: Mapping[str, Any]) -> float:
        # A refit costs about the square of the labelled records.
        return float(len(cell["seeds"]) * cell["labels"] ** 3)

    def report(self, curves: Sequence[Curves], folder: Path, *, mark: str = "") -> list[Path]:
        by_set: dict[tuple[str, str], list[Curves]] = {}
        for each in curves:
            by_set.setdefault((set_of(each.data_set).name, STRATEGIES[each.strategy]), []).append(each)
        return write(by_set, folder, mark=mark)

    def _refuse(self, study: StudyRecipe) -> None:
        from alrl.agents.players import find_strategy  # studies know protocols

        given = [key for key in _OWN if key in study.model_fields_set]
        if given:
            raise InvalidRecipeError(f"protocol {self.name!r} has its own {given[0]}: leave it out of the study")
        for name in study.agents:
            if name not in STRATEGIES or find_strategy(name).name != name:
                raise InvalidRecipeError(unknown(f"agent of protocol {self.name!r}", name, STRATEGIES))
        for learner in study.learners:
            if (learner.kind, learner.settings) != ("scikit-learn", LEARNER):
                raise InvalidRecipeError(
                    f"protocol {self.name!r} teaches one learner: give learners = [{{ kind = 'scikit-learn',"
                    " estimator = 'sklearn.svm:SVC', params = { kernel = 'rbf', C = 1.0, gamma = 'auto' } }]"
                )


def set_of(source: str) -> PublishedSet:
    """Return the benchmark's data set that we read from ``source``. Raises InvalidRecipeError if there is none."""
    sources = {each.source: each for each in SETS.values()}
    if source not in sources:
        raise InvalidRecipeError(unknown("data set of Lu et al. 2023", source, sources))
    return sources[source]
