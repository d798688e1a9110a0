"""Several first samples, of which the promising one is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from alrl.cli import app
from alrl.errors import InvalidQueryError
from alrl.loop.first_sample_choice import choose_first_sample
from alrl.projects import Project
from alrl.projects.first_samples import first_samples, keep_promising
from alrl.projects.fitting import model_of
from alrl.projects.models import LearnerModel
from tests.projects.conftest import table, truth

Make = Callable[..., Project]


def begun(project: Project, sizes: tuple[int, ...] = (4, 4, 4)) -> list[list[str]]:
    """Ask for several first samples, and answer all of them; return their records."""
    batches = [project.ask(size)["customer"].tolist() for size in sizes]
    for batch in batches:
        project.tell(truth(table(), batch), annotator="ann")
    return batches


def test_the_promising_sample_is_the_one_that_simulation_would_choose(make: Make) -> None:
    project = make()
    batches = begun(project)
    samples = first_samples(project)
    assert sorted(sample.records for sample in samples) == sorted(map(tuple, batches))
    pool, model = project.pool(), model_of(project, project.state)
    assert isinstance(model, LearnerModel)
    records = [record for batch in batches for record in batch]
    X = pool.features[:, torch.from_numpy(pool.at(records))]
    y = torch.tensor([[pool.classes.index(project.state.labels[record]) for record in records]])
    real, classes = torch.ones(1, 12, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)
    kept = choose_first_sample(model.learner, X, y, real, torch.tensor([3]), classes)[0]
    assert list(samples[0].records) == [record for record, own in zip(records, kept.tolist(), strict=True) if own]
    assert all(sample.others == 8 for sample in samples)


def test_the_other_samples_are_set_aside_paid_and_may_be_asked_for_again(make: Make) -> None:
    project = make()
    begun(project)
    samples, aside = keep_promising(project)
    state = project.state
    assert (aside, state.charged) == (8, 12)
    assert set(state.labels) == set(samples[0].records)
    again = project.ask(56)["customer"].tolist()
    assert set(samples[1].records) | set(samples[2].records) <= set(again)
    project.tell(truth(table(), samples[1].records), annotator="bob")
    assert len(project.state.labels) == 8
    with pytest.raises(InvalidQueryError, match="the project has rounds already"):
        keep_promising(project)


def test_the_command_says_what_each_sample_predicts_and_keeps_the_first(make: Make) -> None:
    project = make()
    begun(project)
    best = first_samples(project)[0]
    result = CliRunner().invoke(app, ["project", "restart", str(project.folder), "--promising"], input="y\n")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(best.sentence())
    assert f"first sample {best.batch} is kept, 8 labels set aside" in result.output


@pytest.mark.parametrize("sizes", [(), (5,)])
def test_one_first_sample_is_no_choice(make: Make, sizes: tuple[int, ...]) -> None:
    project = make()
    begun(project, sizes)
    with pytest.raises(InvalidQueryError, match=f"{len(sizes)} first samples have labels"):
        keep_promising(project)


def test_a_sample_of_one_class_is_tried_where_the_model_needs_two(make: Make) -> None:
    from sklearn.linear_model import LogisticRegression

    project, every = make(model=LogisticRegression()), truth(table(), table()["customer"])
    first: Any = project.ask(3)["customer"].tolist()
    second: Any = project.ask(6)["customer"].tolist()
    project.tell(dict.fromkeys(first, "no"), annotator="ann")
    project.tell({record: every[record] for record in second}, annotator="ann")
    best = first_samples(project)
    shares = [sample.right / sample.others for sample in best]
    assert shares == sorted(shares, reverse=True)
    one = next(sample for sample in best if sample.records == tuple(first))
    assert one.right == sum(every[record] == "no" for record in second)
