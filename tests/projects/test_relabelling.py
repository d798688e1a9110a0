"""A second label of a record against a first one of another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alrl.errors import InvalidQueryError
from alrl.projects import Project
from alrl.projects.relabelling import relabel_or_new
from tests.projects.conftest import table, truth

pytest.importorskip("cleanlab")
Make = Callable[..., Project]


def test_a_contradicted_label_is_asked_again_before_a_new_record(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make()
    right = truth(table(), [f"c{place}" for place in range(40)])
    other = {"yes": "no", "no": "yes"}
    contradicted = list(right)[:5]
    project.tell(right, annotator="ann")
    twice = {record: right[record] for record in list(right)[5:20]}
    project.tell({**twice, **{record: other[right[record]] for record in contradicted}}, annotator="bob")
    project.tell({"c41": "yes"}, annotator="dan")
    batch = relabel_or_new(project, 8, annotator="cy")
    assert list(batch["score"]) == sorted(batch["score"])
    again = set(batch["customer"]) & set(contradicted)
    assert len(again) >= 2
    assert {len(project.state.given.get(record, {})) for record in batch["customer"]} == set(batch["labels"])
    leased = {record for record, leases in project.state.leases.items() if leases[0].to == "cy"}
    assert leased == set(batch["customer"])
    assert not set(relabel_or_new(project, 8, annotator="cy")["customer"]) & leased
    assert not set(relabel_or_new(project, 50, annotator="bob")["customer"]) & set(list(right)[:20])
    assert capsys.readouterr().out == ""


def test_few_labels_cannot_be_weighed(make: Make) -> None:
    project = make()
    project.tell(truth(table(), ["c1", "c2", "c3"]), annotator="ann")
    with pytest.raises(InvalidQueryError, match="too few to weigh"):
        relabel_or_new(project, 2)
