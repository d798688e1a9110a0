"""Rounds as runs of MLflow, kept in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from alrl.cli import app
from alrl.errors import ProjectError
from alrl.projects import Project
from alrl.projects.exchange.mlflow import export_rounds
from tests.projects.conftest import table, truth

Make = Callable[..., Project]


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MLflow keep runs in a folder, which it only does where it is told to."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


def runs(to: str, name: str = "churn") -> list[Any]:
    client = MlflowClient(tracking_uri=to)
    known = client.get_experiment_by_name(name)
    assert known is not None
    return sorted(client.search_runs([known.experiment_id]), key=lambda run: int(run.data.tags["alrl.round"]))


def test_each_round_is_a_run_with_its_metrics_and_hashes_and_is_written_once(make: Make, tmp_path: Path) -> None:
    project, to = make(), (tmp_path / "mlruns").as_uri()
    assert export_rounds(project, to) == []
    for _ in range(3):
        project.tell(truth(table(), project.ask(12)["customer"]), annotator="ann")
    assert export_rounds(project, to) == [0, 1]
    assert export_rounds(project, to) == []
    project.fit()
    result = CliRunner().invoke(app, ["project", "mlflow", str(project.folder), "--to", to])
    assert (result.exit_code, result.output) == (0, f"1 rounds written to MLflow at {to}\n")
    rows = runs(to)
    assert [run.info.run_name for run in rows] == ["round 0", "round 1", "round 2"]
    for run, facts, point in zip(rows, project.state.rounds, project.curve(), strict=True):
        assert point.cross_validated is not None
        assert run.data.metrics["accuracy_cross_validated"] == pytest.approx(point.cross_validated.accuracy)
        assert run.data.metrics["labels"] == run.data.metrics["charged"] == facts.labels
        assert run.data.params["model"] == "softmax-regression"
        assert run.data.tags["alrl.fingerprint"] == facts.fingerprint
        assert run.data.tags["alrl.predictions_sha256"] == facts.facts["sha256"]
        assert run.info.start_time == int(1000 * facts.at)
    assert len({run.data.tags["alrl.model_sha256"] for run in rows}) == 1
    assert "kappa" not in rows[0].data.metrics
    assert -1 <= rows[2].data.metrics["kappa"] <= 1


def test_a_run_that_was_broken_off_is_written_anew(make: Make, tmp_path: Path) -> None:
    project, to = make(), (tmp_path / "mlruns").as_uri()
    project.tell(truth(table(), project.ask(12)["customer"]), annotator="ann")
    project.fit()
    client = MlflowClient(tracking_uri=to)
    experiment = client.create_experiment("mine")
    client.create_run(experiment, tags={"alrl.round": "0", "alrl.fingerprint": project.state.rounds[0].fingerprint})
    assert export_rounds(project, to, experiment="mine") == [0]
    assert [run.info.status for run in runs(to, "mine")] == ["FINISHED"]


def test_what_mlflow_refuses_is_told(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="MLflow at nowhere://x refuses"):
        export_rounds(make(), "nowhere://x")


def test_a_folder_that_mlflow_refuses_is_told_with_what_fits(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    with pytest.raises(ProjectError, match=r"; give sqlite:///mlflow\.db or .* MLFLOW_ALLOW_FILE_STORE=true"):
        export_rounds(make(), (tmp_path / "mlruns").as_uri())
