"""Rounds as runs of an MLflow experiment, so that a team sees them where it sees everything else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from alrl.errors import MissingPackageError, ProjectError
from alrl.projects.judgement.bill import bill
from alrl.projects.judgement.curve import point
from alrl.projects.state import State

if TYPE_CHECKING:
    from alrl.projects.journal import Journal

_FOLDERS = "MLFLOW_ALLOW_FILE_STORE"
"""The variable of the environment without which MLflow writes to no folder."""
_ROUND = "alrl.round"
_FINGERPRINT = "alrl.fingerprint"
_FACTS = ("kappa", "agreement", "uncertainty", "confidence", "seconds", "records")


def export_rounds(project: Journal, to: str, *, experiment: str | None = None) -> list[int]:
    """Write each round as a run: its metrics, parameters, and the hashes of its labels, model and predictions.

    A round that is there already is left as it is, so that the export may be repeated after each round; one whose
    writing was broken off is written anew. No record and no label leaves the project.

    Args:
        project: whose rounds they are.
        to: a tracking server's address, or what else MLflow takes for one, such as a folder.
        experiment: its name in MLflow; the project's name by default.

    Returns:
        Numbers of the rounds that were written.

    Raises MissingPackageError without the extra ``mlflow``, ProjectError where MLflow refuses.
    """
    # It would report its own use to its makers, and try for minutes to reach a server that is not there.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise MissingPackageError('writing to MLflow needs the extra "mlflow": pip install "alrl[mlflow]"') from None
    name = experiment or project.state.settings["name"]
    try:
        client = MlflowClient(tracking_uri=to)
        known = client.get_experiment_by_name(name)
        number = client.create_experiment(name) if known is None else known.experiment_id
        there, written = _complete(client, number), []
        for state in _rounds(project):
            if _key(state) not in there:
                _write(client, number, state)
                written.append(state.rounds[-1].number)
    except MlflowException as error:
        advice = "see whether it runs, and give its address"
        if _FOLDERS in str(error):
            advice = f"give sqlite:///mlflow.db or a server's address, or set {_FOLDERS}=true to write to a folder"
        raise ProjectError(f"MLflow at {to} refuses ({error}); {advice}") from None
    return written


def _complete(client: Any, experiment: str) -> set[tuple[str, str]]:
    """Return number and fingerprint of the rounds that were written; runs that were broken off are removed."""
    there, token = set(), None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        for run in page:
            tags = run.data.tags
            if run.info.status == "FINISHED":
                there.add((tags.get(_ROUND, ""), tags.get(_FINGERPRINT, "")))
            elif _ROUND in tags:
                client.delete_run(run.info.run_id)
        token = page.token
        if not token:
            return there


def _rounds(project: Journal) -> Iterator[State]:
    """Yield the state right after each round; it is one object, which goes on."""
    state = State()
    for event in project.events():
        state.apply(event)
        if event.kind == "round fitted":
            yield state


def _key(state: State) -> tuple[str, str]:
    return str(state.rounds[-1].number), state.rounds[-1].fingerprint


def _write(client: Any, experiment: str, state: State) -> None:
    from mlflow.entities import Metric, Param, RunTag

    facts = state.rounds[-1]
    at = int(1000 * facts.at)
    model = json.dumps(state.model, sort_keys=True).encode()
    tags = {
        _ROUND: str(facts.number),
        _FINGERPRINT: facts.fingerprint,
        "alrl.model_sha256": state.model.get("sha256") or hashlib.sha256(model).hexdigest(),
        "alrl.predictions_sha256": facts.facts["sha256"],
    }
    params = {
        "model": state.model.get("name"),
        "strategy": state.settings.get("strategy"),
        "classes": ", ".join(state.classes)[:500],
        "seed": state.settings.get("seed"),
        "labels": facts.labels,
    }
    run = client.create_run(experiment, start_time=at, run_name=f"round {facts.number}", tags=tags)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(key, value, at, facts.number) for key, value in _metrics(state).items()],
        params=[Param(key, str(value)) for key, value in params.items()],
        tags=[RunTag("alrl.project", str(state.settings.get("name")))],
    )
    client.set_terminated(run.info.run_id, end_time=at + int(1000 * facts.facts["seconds"]))


def _metrics(state: State) -> dict[str, float]:
    facts, summary = state.rounds[-1], bill(state)
    values: dict[str, Any] = {"labels": facts.labels, "charged": summary.labels, "money": summary.money}
    values |= {name: facts.facts.get(name) for name in _FACTS}
    seen = point(facts)
    for name, estimate in (
        ("cross_validated", seen.cross_validated),
        ("weighted", seen.weighted),
        ("progressive", seen.progressive),
    ):
        if estimate is not None:
            values[f"accuracy_{name}"] = estimate.accuracy
            values[f"accuracy_{name}_low"], values[f"accuracy_{name}_high"] = estimate.low, estimate.high
    return {name: float(value) for name, value in values.items() if value is not None}
