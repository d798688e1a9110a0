"""Play a study of capabilities for one agent, and write its table and radar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alrl.data.families import family
from alrl.data.table_recipe import Source, source_name
from alrl.errors import AlrlError, InvalidRecipeError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.table import Table
from alrl.progress import Bars
from alrl.reports.report import write_capabilities
from alrl.reports.tables.capabilities import capability_scores, capability_table
from alrl.studies.runner import Runner
from alrl.studies.store.store import RESULTS, Store
from alrl.studies.study import ConditionRecipe, StudyRecipe
from alrl.studies.study_agents import training_sets


class CapabilityCardError(AlrlError):
    """Cells of a capability card that failed; those that finished are kept.

    To do: see the traceback that it names, mend that, and give the command again.
    """


@dataclass(frozen=True, kw_only=True)
class CapabilityCard:
    """Table and files of one agent."""

    table: Table
    files: tuple[Path, ...]
    played: int
    """Cells that were played now; the rest were there."""
    left_out: tuple[str, ...]
    """Data sets that the agent was trained on, or relatives of these."""


def capability_card(
    agent: str,
    study: StudyRecipe,
    *,
    against: Sequence[str] | None = None,
    seeds: int | None = None,
    folder: Path,
    workers: int | None = None,
    bars: Bars | None = None,
) -> CapabilityCard:
    """Play ``agent``, the rules ``against`` and the study's reference under all conditions; write table and radar.

    ``against`` and ``seeds`` are the study's if left out. What ``folder`` holds already, of other agents too, is not
    played again; the files lie in a folder of the agent's own within it. Data sets that the agent was trained on are
    left out.

    Raises what :meth:`~alrl.studies.runner.Runner.run` does, InvalidRecipeError if the study has no conditions or no
    reference, or one of its conditions no data set that the agent has not seen, and CapabilityCardError if cells fail.
    """
    if study.primary is None or not study.conditions:
        raise InvalidRecipeError("a capability card needs a study with [[conditions]] and primary; see capabilities")
    reference = study.primary[1]
    subject = study.primary[0]
    others = [each for each in study.agents if each != subject] if against is None else list(against)
    agents = tuple(dict.fromkeys((agent, *others, reference)))
    count = study.seeds if seeds is None else seeds
    asked = study.model_copy(update={"agents": agents, "primary": (agent, reference), "seeds": count, "train": {}})
    fresh, left_out = _unseen(asked, agent)
    command = f"alrl card {agent}"
    ran = Runner(study=fresh, folder=folder, command=command, workers=workers, bars=bars or Bars(quiet=True)).run()
    with Store(folder / RESULTS, read_only=True) as store:
        if ran.failed:
            last = next(iter(store.failures().values())).strip().rpartition("\n")[2]
            raise CapabilityCardError(f"{ran.failed} of {ran.cells} cells failed, one with {last!r}; give it again")
        curves = store.curves(ran.ids)
    name = Path(agent).name.removesuffix(".toml")
    comparisons = [each.of_methods({name: [agent]} if name != agent else {}) for each in Comparison.groups(curves)]
    own = folder / re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    own.mkdir(exist_ok=True)
    shown = name if agent != reference else reference
    return CapabilityCard(
        table=capability_table(capability_scores(comparisons, reference), reference),
        files=tuple(write_capabilities(comparisons, own, (shown, reference))),
        played=ran.played,
        left_out=left_out,
    )


def _unseen(study: StudyRecipe, agent: str) -> tuple[StudyRecipe, tuple[str, ...]]:
    """Return the study without data sets that ``agent`` has seen or that are relatives of such, and their names."""
    seen = {family(each) for each in training_sets(study)[agent]}
    left_out: list[str] = []

    def fresh(sources: tuple[Source, ...], where: str) -> tuple[Source, ...]:
        kept = tuple(each for each in sources if family(source_name(each)) not in seen)
        left_out.extend(source_name(each) for each in sources if each not in kept)
        if sources and not kept:
            raise InvalidRecipeError(f"agent {agent!r} was trained on every data set of {where}: name others there")
        return kept

    def of_condition(condition: ConditionRecipe) -> ConditionRecipe:
        return condition.model_copy(update={"data": fresh(condition.data, f"the condition {condition.name!r}")})

    data, conditions = fresh(study.data, "the study"), tuple(map(of_condition, study.conditions))
    return study.model_copy(update={"data": data, "conditions": conditions}), tuple(dict.fromkeys(left_out))
