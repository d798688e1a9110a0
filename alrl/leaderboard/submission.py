"""Play a suite with one agent, and leave a folder that others can check."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alrl.agents.players import find_strategy
from alrl.agents.policy import Policy
from alrl.agents.policy_validation import MOST_DESCRIPTION_BYTES, parse_description
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.leaderboard.manifest import MANIFEST, SIGNATURE, SubmissionError, write_manifest
from alrl.leaderboard.suite import SUITE, SuiteRecipe, load_suite
from alrl.progress import Bars
from alrl.recipes.code_identity import own_sources
from alrl.recipes.regular_files import read_regular
from alrl.strategies import Strategy
from alrl.studies.runner import Ran, Runner, code_of_cell
from alrl.studies.store import RESULTS, Store, settle
from alrl.studies.study_agents import identity_of, recipe_of

SUBMISSION = "submission.json"
FORMAT = 1
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,59}")
"""What a board calls an agent."""


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A submission that is written."""

    folder: Path
    name: str
    identity: str
    ran: Ran
    signed: bool


def submit(
    agent: str | Path,
    out: Path | str,
    *,
    suite: str | Path = SUITE,
    name: str | None = None,
    sign: Path | str | None = None,
    workers: int | None = None,
    bars: Bars | None = None,
) -> Submitted:
    """Play the suite with a rule, a policy's folder, a recipe's file or ``package.module:Class``; write it to ``out``.

    The folder is a run's, with ``submission.json`` (suite, agent, code), the source of a class of one's own, and
    ``MANIFEST.sha256``, signed with the SSH key ``sign`` if one is given. Called again, it plays what is missing.
    ``name`` is what the board calls the agent: by default the rule, the policy, the class or the file.

    Raises InvalidRecipeError for an agent that there is not, that sees hidden labels or has seen the suite's data,
    InvalidDataError where a data set is not the suite's, SubmissionError if a cell fails or ``out`` holds other files.
    """
    played = load_suite(suite)
    strategy = find_strategy(agent)
    called = name or _usual_name(str(agent), strategy)
    if not NAME.fullmatch(called):
        raise InvalidRecipeError(
            f"name = {called!r} given; a board calls an agent by 1 to 60 letters, digits, spaces and ._+-: give --name"
        )
    played.check_data()
    folder = Path(out)
    runner = Runner(
        study=played.study(str(agent)),
        folder=folder,
        command=f"alrl submit {agent}",
        workers=workers,
        bars=bars or Bars(quiet=True),
    )
    runner.agents.called = {str(agent): called}
    content = _described(played, str(agent), strategy, called)
    _begin(folder, content)
    ran = runner.run()
    if ran.failed:
        raise SubmissionError(
            f"{ran.failed} of {ran.cells} cells failed: {_failure(folder, ran)}; mend it, and submit again"
        )
    settle(folder / RESULTS)
    _copy_sources(folder, content)
    write_manifest(folder, None if sign is None else Path(sign))
    return Submitted(
        folder=folder, name=called, identity=content["agent"]["identity"], ran=ran, signed=sign is not None
    )


def _usual_name(agent: str, strategy: Strategy) -> str:
    if isinstance(strategy, Policy):
        return strategy.name
    return Path(agent).stem if agent.endswith(".toml") else agent.rpartition(":")[2]


def _described(suite: SuiteRecipe, agent: str, strategy: Strategy, name: str) -> dict[str, Any]:
    identity, recipe = identity_of(agent, strategy), recipe_of(agent)
    code = code_of_cell(suite.cells(name, identity)[0], recipe)
    kind = "policy" if isinstance(strategy, Policy) else "class" if code["classes"] else "rule"
    return {
        "format": FORMAT,
        "suite": suite.suite,
        "suite_sha256": suite.identity,
        "agent": {"name": name, "kind": kind, "identity": identity},
        "code": code,
    }


def _begin(folder: Path, content: Mapping[str, Any]) -> None:
    """Say what the folder is to hold; refuse one that holds anything else. What was signed before holds no more."""
    path = folder / SUBMISSION
    if path.exists():
        before = _before(path)
        if any(before.get(key) != content[key] for key in ("format", "suite_sha256", "agent")):
            raise SubmissionError(f"{folder} holds the submission of another agent or suite: give another --out")
    elif folder.exists() and any(folder.iterdir()):
        raise SubmissionError(f"{folder} holds other files: give a new folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, SIGNATURE):
        (folder / name).unlink(missing_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _before(path: Path) -> dict[str, Any]:
    """Return what an earlier call wrote. Raises SubmissionError if that cannot be read."""
    advice = "give a new folder with --out"
    try:
        data = read_regular(path, MOST_DESCRIPTION_BYTES, error=SubmissionError, advice=advice)
        return parse_description(data, path)
    except PolicyFileError as error:
        raise SubmissionError(f"{error}; {advice}") from error


def _failure(folder: Path, ran: Ran) -> str:
    with Store(folder / RESULTS, read_only=True) as store:
        failures = store.failures()
    return next(failures[key] for key in ran.ids if key in failures).strip().rpartition("\n")[2]


def _copy_sources(folder: Path, content: Mapping[str, Any]) -> None:
    """Copy the source of the classes of one's own, and of what they use, to where a board finds it."""
    for reference in content["code"]["classes"]:
        for module, file in own_sources(reference.partition(":")[0]).items():
            place = folder.joinpath(*module.split("."))
            target = place / file.name if file.name == "__init__.py" else place.with_suffix(".py")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
