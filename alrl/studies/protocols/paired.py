"""The default protocol: paired seeds, one split and first sample for every agent (docs/protocols.md)."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from alrl.data.split import warn_if_small
from alrl.data.table_recipe import load_source
from alrl.errors import SmallTestPartWarning
from alrl.evaluation.curves import Curves
from alrl.evaluation.simulate import simulate
from alrl.learners import make_learner
from alrl.strategies import Strategy
from alrl.studies.cell_data import data_of, source_of
from alrl.studies.protocols.base import Protocol

if TYPE_CHECKING:
    from alrl.studies.study import StudyRecipe


class Paired(Protocol):
    """A block of seeds on one data set with one learner and batch size, played side by side in one simulation."""

    name: ClassVar[str] = "paired"

    def cells(self, study: StudyRecipe) -> Iterator[dict[str, Any]]:
        starts = range(0, study.seeds, study.block)
        blocks = [list(range(start, min(start + study.block, study.seeds))) for start in starts]
        for setting in study.settings():
            data = load_source(setting.source)
            if data.report is not None:
                warn_if_small(data, setting.split.model_dump())
            for block in blocks:
                yield {
                    "data_set": setting.data_set,
                    "fingerprint": data.fingerprint,
                    "learner": {"kind": setting.learner.kind, **setting.learner.settings},
                    "labels": setting.labels,
                    "batch": setting.batch,
                    "seeds": block,
                    "split": setting.split.model_dump(),
                    **setting.circumstances,
                    **source_of(setting.source),
                }

    def play(self, cell: Mapping[str, Any], agent: Strategy, *, device: str = "cpu") -> Curves:
        settings = dict(cell["learner"])
        kind = settings.pop("kind")
        with warnings.catch_warnings():
            # Said where the cells are made: workers would each say it again.
            warnings.simplefilter("ignore", SmallTestPartWarning)
            curves = simulate(
                data_of(cell),
                agent,
                learner=make_learner(kind, **settings),
                labels=cell["labels"],
                batch=cell["batch"],
                seeds=cell["seeds"],
                split=cell["split"],
                first=cell.get("first"),
                annotator=cell.get("annotator"),
                contamination=cell.get("contamination", ()),
                device=device,
            )
        return dataclasses.replace(
            curves,
            data_set=cell["data_set"],
            strategy=cell["agent"],
            learner=learner_name(kind, settings),
            condition=cell.get("condition", ""),
        )

    def work(self, cell: Mapping[str, Any]) -> float:
        data, most = data_of(cell), cell["split"].get("max_pool")
        records = data.n_records if most is None else min(data.n_records, most)
        loops = cell["labels"] / cell["batch"]
        return float(loops * len(cell["seeds"]) * records * data.n_features * data.n_classes)


def learner_name(kind: str, settings: Mapping[str, Any]) -> str:
    """Tell apart the learners of a study, such as two classifiers of scikit-learn.

    >>> learner_name("scikit-learn", {"estimator": "sklearn.svm:SVC", "params": {"C": 2.0}})
    "scikit-learn (estimator = sklearn.svm:SVC, params = {'C': 2.0})"
    """
    listed = ", ".join(f"{key} = {value}" for key, value in sorted(settings.items()))
    return f"{kind} ({listed})" if listed else kind
