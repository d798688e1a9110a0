"""Check a submission: its files by their sums, its cells against the suite's, and a sample by playing it again."""

from __future__ import annotations

import dataclasses
import json
import math
import multiprocessing
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.policy_validation import MOST_DESCRIPTION_BYTES, parse_description
from alrl.data.tables.read import is_archive, is_table
from alrl.evaluation.curves import METRICS, Curves
from alrl.evaluation.held_out import refuse_seen
from alrl.leaderboard.manifest import SubmissionError, copy_by_manifest, signature_of
from alrl.leaderboard.submission import FORMAT, NAME, SUBMISSION
from alrl.leaderboard.suite import SuiteRecipe
from alrl.recipes.code_identity import changes, code_of
from alrl.recipes.regular_files import read_regular
from alrl.strategies import Strategy
from alrl.studies.canonical import run_id
from alrl.studies.cell import Cell
from alrl.studies.executors import make_executor
from alrl.studies.protocols.paired import learner_name
from alrl.studies.provenance import PACKAGES, provenance
from alrl.studies.reproduce import TOLERANCE, Reproduced, compared, use_modules_of
from alrl.studies.store import RESULTS, Store, StoredCell, check_tables
from alrl.studies.study_agents import build_again

SHARE, FEWEST = 0.05, 20
"""Of the cells of a submission so many are played again, and at least so many."""
DRIFT = TOLERANCE / 4
"""By how much the cells that are played again may stand above that on average, where bits may differ."""
_MOST_SECONDS = 1800.0
_MOST_NUMBER = 10_000
_MOST_TEXT = 200
_POLICY = "policies/"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A submission whose files are what its manifest says, and whose cells are the suite's."""

    folder: str
    """Below that of the board."""
    name: str
    kind: str
    """``rule``, ``policy`` or ``class``."""
    identity: str
    recipe: Mapping[str, Any]
    signature: str
    digest: str
    """SHA-256 of its manifest."""
    cells: tuple[StoredCell, ...]
    curves: tuple[Curves, ...]
    """One a cell."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of others that it names."""
        return tuple(recipes.references(dict(self.recipe)))

    @property
    def versions(self) -> str:
        """The versions of alrl that played it."""
        codes = [dict((cell.code or {}).get("alrl") or {}) for cell in self.cells]
        return ", ".join(sorted({str(code.get("version", "unknown")) for code in codes}))


def read_submission(folder: Path, place: str, copy: Path, suite: SuiteRecipe, signers: Path | None) -> Submission:
    """Return a stranger's submission, from a copy that is made within bounds; nothing that it names is imported.

    Raises SubmissionError, or what reading a store or a policy raises, if it is not a whole submission to this suite.
    """
    digest = copy_by_manifest(folder, copy)
    signature = signature_of(copy, signers)
    description = _description(copy)
    if description.get("suite_sha256") != suite.identity:
        raise SubmissionError(
            f"it is of suite {str(description.get('suite'))[:60]!r} ({str(description.get('suite_sha256'))[:12]}), this"
            f" board is of {suite.suite} ({suite.identity[:12]})"
        )
    agent = description["agent"]
    name, identity = str(agent["name"]), str(agent["identity"])
    if not NAME.fullmatch(name):
        raise SubmissionError(f"{name[:60]!r} is no name of an agent: 1 to 60 letters, digits, spaces and ._+-")
    check_tables(copy / RESULTS)
    with Store(copy / RESULTS, read_only=True) as store:
        recipe = store.agent(identity)
        stored = store.cells()
        specs = suite.cells(name, identity)
        _check_cells(stored, specs)
        curves = store.curves([cell.id for cell in stored])
    if recipe is None or recipe.get("kind") not in {"rule", "policy"}:
        raise SubmissionError("its results hold no recipe of its agent: nothing could play it again")
    _check_recipe(recipe)
    kind = "policy" if recipe["kind"] == "policy" else "class" if list(recipes.references(recipe)) else "rule"
    return Submission(
        folder=place,
        name=name,
        kind=kind,
        identity=identity,
        recipe=recipe,
        signature=signature,
        digest=digest,
        cells=tuple(dataclasses.replace(cell, provenance=_plain(cell.provenance)) for cell in stored),
        curves=tuple(_own(each, cell.spec, suite) for each, cell in zip(curves, stored, strict=True)),
    )


def _description(copy: Path) -> dict[str, Any]:
    path = copy / SUBMISSION
    advice = "make the folder by `alrl submit`"
    if not path.is_file():
        raise SubmissionError(f"{SUBMISSION} is missing: {advice}")
    data = read_regular(path, MOST_DESCRIPTION_BYTES, error=SubmissionError, advice=advice)
    description = parse_description(data, path)
    if description.get("format") != FORMAT or not isinstance(description.get("agent"), dict):
        raise SubmissionError(
            f"{SUBMISSION} is of format {str(description.get('format'))[:20]}; this alrl reads {FORMAT}"
        )
    return description


def _check_cells(stored: list[StoredCell], specs: list[dict[str, Any]]) -> None:
    """Check that the cells are the suite's, every one of them, each once and finished."""
    wanted = {json.dumps(spec, sort_keys=True): spec for spec in specs}
    for cell in stored:
        spec = wanted.pop(json.dumps(dict(cell.spec), sort_keys=True), None)
        if spec is None:
            raise SubmissionError(f"cell {cell.id[:12]} is none of the suite's for this agent")
        if not cell.finished:
            raise SubmissionError(f"cell {cell.id[:12]} failed when it was played")
        _check_code(cell.code)
    if wanted:
        spec = next(iter(wanted.values()))
        raise SubmissionError(
            f"{len(wanted)} of {len(specs)} cells are missing, the first on {spec['data_set']} with batch"
            f" {spec['batch']}, seeds {spec['seeds'][0]} to {spec['seeds'][-1]}"
        )


def _check_code(code: Any) -> None:
    alrl, classes = (dict(code or {}).get(part) for part in ("alrl", "classes"))
    texts = [*alrl.values(), *classes.values()] if isinstance(alrl, dict) and isinstance(classes, dict) else [0]
    if not all(isinstance(text, str | None) and len(text or "") < _MOST_TEXT for text in texts) or len(texts) > 100:
        raise SubmissionError("a cell does not tell which code played it: submit again with this version of alrl")


def _plain(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a board shows of a stranger's provenance: texts, each short, under the names that alrl gives."""
    texts = {key: str(provenance[key])[:_MOST_TEXT] for key in ("python", "platform", "time") if key in provenance}
    packages, cpu, git = (provenance.get(key) for key in ("packages", "cpu", "git"))
    known = [(name, packages[name]) for name in PACKAGES if isinstance(packages, dict) and name in packages]
    git = git if isinstance(git, dict) else {}
    return {
        **texts,
        "packages": {name: str(version)[:_MOST_TEXT] for name, version in known},
        "cpu": {"name": str(cpu.get("name"))[:_MOST_TEXT]} if isinstance(cpu, dict) else {},
        "git": {"commit": str(git.get("commit"))[:_MOST_TEXT], "dirty": git.get("dirty") is not False} if git else None,
    }


def _check_recipe(content: Any, depth: int = 0) -> None:
    """Refuse settings of a rule that would take no end of time or memory, and a policy outside the folder."""
    parts = list(content.values()) if isinstance(content, Mapping) else content if isinstance(content, list) else []
    number = content if isinstance(content, int | float) else 0
    text = len(content) if isinstance(content, str) else 0
    if depth > 4 or len(parts) > 100 or text > 200 or not abs(number) <= _MOST_NUMBER:
        raise SubmissionError(f"the recipe of its agent has settings beyond bounds: {str(content)[:60]}")
    for part in parts:
        _check_recipe(part, depth + 1)
    if depth == 0 and content.get("kind") == "policy":
        place = str(content.get("policy"))
        if not NAME.fullmatch(place.removeprefix(_POLICY)) or not place.startswith(_POLICY):
            raise SubmissionError(f"its policy lies at {place[:60]!r}, not in its folder {_POLICY}")


def _own(curves: Curves, spec: Mapping[str, Any], suite: SuiteRecipe) -> Curves:
    """Return the curves under the names of their cell. Raises SubmissionError if they are of another form."""
    shape = (len(spec["seeds"]), spec["labels"] + 1)
    right = curves.accuracy.shape == shape and list(curves.seeds) == spec["seeds"]
    if not right or any(((curves.values(metric) < 0) | (curves.values(metric) > 1)).any() for metric in METRICS):
        raise SubmissionError(f"the curves on {spec['data_set']} are not of {shape[0]} seeds and {shape[1] - 1} labels")
    learner = learner_name(suite.learner.kind, suite.learner.settings)
    names = {"data_set": spec["data_set"], "strategy": spec["agent"], "batch": spec["batch"]}
    return dataclasses.replace(curves, **names, learner=learner, condition="", wasted=None)


def replay(
    submission: Submission, copy: Path, seed: int, *, workers: int | None = 1, trust: bool = False
) -> tuple[Reproduced, ...]:
    """Play a random sample of the cells again, as ``seed`` and the manifest draw it; return how they compare.

    A submission of a class of others is played in a process of its own, with ``trust`` alone.

    Raises SubmissionError for cells that do not agree, or code that is not what the cells were played with.
    """
    if submission.classes and not trust:
        raise SubmissionError(f"it names {submission.classes[0]}, code of others: read it, then give --trust")
    if not submission.classes:
        return _replay(submission, copy, seed, workers, trust)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_replay, submission, copy, seed, 1, trust).result()
        except BrokenProcessPool as error:
            raise SubmissionError("its code ended the process that played it again") from error


def _replay(submission: Submission, copy: Path, seed: int, workers: int | None, trust: bool) -> tuple[Reproduced, ...]:
    use_modules_of(copy, [dict(submission.recipe)] if trust else [])
    strategy = _agent(submission, copy, trust=trust)
    stored = {submission.cells[at].id: at for at in sample(len(submission.cells), seed, submission.digest)}
    cells = [Cell(spec=submission.cells[at].spec, agent=strategy) for at in stored.values()]
    began, now = time.monotonic(), provenance()
    compared_cells, drifts = [], []
    for outcome in make_executor("loky", workers=workers).outcomes(cells):
        if time.monotonic() - began > _MOST_SECONDS:
            raise SubmissionError(f"playing {len(cells)} cells again took more than {_MOST_SECONDS / 60:g} minutes")
        at = stored[run_id(outcome.spec)]
        compared_cells.append(compared(submission.cells[at], submission.curves[at], outcome, now))
        drifts.append(_drift(submission.curves[at], outcome.curves))
    _judge(compared_cells, drifts)
    return tuple(compared_cells)


def sample(cells: int, seed: int, digest: str) -> list[int]:
    """Return the places of the cells that are played again: SHARE of them and at least FEWEST, all if there are fewer.

    >>> len(sample(1000, 0, "00ff")), len(sample(100, 0, "00ff")), sample(3, 0, "00ff")
    (50, 20, [0, 1, 2])
    """
    count = min(cells, max(FEWEST, math.ceil(SHARE * cells)))
    rng = np.random.default_rng([seed, int(digest[:16], 16)])
    return sorted(rng.choice(cells, count, replace=False).tolist())


def _agent(submission: Submission, copy: Path, *, trust: bool) -> Strategy:
    with nullcontext() if trust else recipes.without_code():
        strategy, identity = build_again(submission.recipe, copy)
    if identity != submission.identity:
        raise SubmissionError(
            f"its agent is {identity[:12]} by content, its cells were played with {submission.identity[:12]}"
        )
    if strategy.peeks:
        raise SubmissionError("its agent sees hidden labels")
    if isinstance(strategy, Policy):
        seen = [str(name) for key in ("trained_on", "validated_on") for name in strategy.card.get(key, ())]
        # By name alone: a card must not make this machine read a file.
        known = tuple(name for name in seen if not (is_table(name) or is_archive(name)))
        data_sets = tuple(dict.fromkeys(str(cell.spec["data_set"]) for cell in submission.cells))
        refuse_seen(submission.name, known, data_sets, where="the suite")
    code = code_of(dict(submission.recipe))
    for cell in submission.cells if submission.classes else ():
        if "own-code" in changes(cell.code, code):
            raise SubmissionError(f"the code in the folder is not what cell {cell.id[:12]} was played with")
    return strategy


def _drift(stored: Curves, again: Curves | None) -> float:
    """Return by how much the stored mean areas stand above those that came out now, mean over metrics."""
    if again is None:
        return 0.0
    return float(np.mean([stored.area(metric).mean() - again.area(metric).mean() for metric in METRICS]))


def _judge(cells: list[Reproduced], drifts: list[float]) -> None:
    wrong = [cell for cell in cells if not cell.agrees]
    if wrong:
        raise SubmissionError(f"{len(wrong)} of {len(cells)} cells that were played again differ: {wrong[0].summary}")
    drift = float(np.mean(drifts))
    if drift > DRIFT:
        raise SubmissionError(
            f"the {len(cells)} cells that were played again stand {100 * drift:.2f} points above that on average, more"
            f" than rounding on another machine does ({100 * DRIFT:g})"
        )
