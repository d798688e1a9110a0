"""The default protocol: paired seeds, one split and first sample for every agent (docs/protocols.md)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from alrl.agents.oracle import Player
from alrl.experiments import conditions
from alrl.experiments.protocols.base import Protocol
from alrl.experiments.simulate import simulate
from alrl.learners import make_learner
from alrl.loop.curves import Curves
from alrl.loop.sources import load_data_set

if TYPE_CHECKING:
    from alrl.experiments.study import StudyRecipe


class Paired(Protocol):
    """A block of seeds on one data set with one learner and batch size, played side by side in one simulation."""

    name: ClassVar[str] = "paired"

    def cells(self, study: StudyRecipe) -> Iterator[dict[str, Any]]:
        starts = range(0, study.seeds, study.block)
        blocks = [list(range(start, min(start + study.block, study.seeds))) for start in starts]
        for setting in study.settings():
            fingerprint = load_data_set(setting.data_set).fingerprint
            for block in blocks:
                yield {
                    "data_set": setting.data_set,
                    "fingerprint": fingerprint,
                    "learner": {"kind": setting.learner.kind, **setting.learner.settings},
                    "labels": setting.labels,
                    "batch": setting.batch,
                    "seeds": block,
                    "split": setting.split.model_dump(),
                    **setting.circumstances,
                }

    def play(self, cell: Mapping[str, Any], agent: Player, *, device: str = "cpu") -> Curves:
        settings = dict(cell["learner"])
        kind = settings.pop("kind")
        curves = simulate(
            cell["data_set"],
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
        # A page for each condition, as for each learner: strategies are compared under one of them.
        under = ", ".join(filter(None, (learner_name(kind, settings), cell.get("condition", ""))))
        return dataclasses.replace(curves, strategy=cell["agent"], learner=under)

    def report(self, curves: Sequence[Curves], folder: Path, *, mark: str = "") -> list[Path]:
        """Of a study with conditions, what each costs: ``conditions.md``, ``.csv`` and a figure a learner and batch."""
        from alrl.experiments.figures.canvas import save
        from alrl.experiments.figures.conditions import conditions as drawn

        costs = conditions.condition_costs(curves)
        if not costs:
            return []
        paths = [folder / "conditions.md", folder / "conditions.csv"]
        paths[0].write_text(conditions.markdown(costs, mark=mark), encoding="utf-8")
        paths[1].write_text(conditions.as_csv(costs), encoding="utf-8")
        for place, setting in enumerate(dict.fromkeys((each.learner, each.batch) for each in costs)):
            own = [each for each in costs if (each.learner, each.batch) == setting]
            stem = folder / ("conditions" + (f"-{place}" if place else ""))
            paths += save(drawn(own, mark=mark), stem)
        return paths

    def work(self, cell: Mapping[str, Any]) -> float:
        data, most = load_data_set(cell["data_set"]), cell["split"].get("max_pool")
        records = data.n_records if most is None else min(data.n_records, most)
        loops = cell["labels"] / cell["batch"]
        return float(loops * len(cell["seeds"]) * records * data.n_features * data.n_classes)


def learner_name(kind: str, settings: Mapping[str, Any]) -> str:
    """Tells apart the learners of a study, such as two classifiers of scikit-learn.

    >>> learner_name("scikit-learn", {"estimator": "sklearn.svm:SVC", "params": {"C": 2.0}})
    "scikit-learn (estimator = sklearn.svm:SVC, params = {'C': 2.0})"
    """
    listed = ", ".join(f"{key} = {value}" for key, value in sorted(settings.items()))
    return f"{kind} ({listed})" if listed else kind
