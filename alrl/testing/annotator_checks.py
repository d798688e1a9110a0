"""The contract of annotators, as a function: their answers belong to the record, the episode and the seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from alrl.errors import ContractError
from alrl.loop.annotators.base import NO_LABEL, Annotator, Answers
from alrl.loop.promises import check_answers, left_as_given
from alrl.testing.example_query import example_query
from alrl.testing.instance import check_instance, tried

_RECORDS, _CLASSES = 40, 3
_SEEDS: Sequence[Sequence[int]] = ((7, 0), (7, 1), (7, 2))


def check_annotator(annotator: Annotator) -> None:
    """Check an annotator against the contract, on queries of three classes made up for it.

    Labels are classes of the episode, or none; prices and delays are not below 0; asked the same it answers the same;
    an answer depends on the record, and neither on the others of the batch nor on the other episodes; the first sample
    has every label, at once.

    Raises ContractError that names the broken promise and what was seen.

    >>> from alrl.loop.annotators import make_annotator
    >>> check_annotator(make_annotator("noisy", rate=0.3))
    """
    check_instance(annotator, Annotator)
    name = type(annotator).__name__
    truth = torch.randint(_CLASSES, (len(_SEEDS), _RECORDS), generator=torch.Generator().manual_seed(0))
    truth[:, :_CLASSES] = torch.arange(_CLASSES)
    everyone = torch.arange(_RECORDS).expand_as(truth)
    order = torch.randperm(_RECORDS, generator=torch.Generator().manual_seed(1))

    def asked(picks: Tensor, rows: slice = slice(None), *, first: bool = False) -> Answers:
        query = example_query(truth[rows], picks[rows], seeds=_SEEDS[rows], first=first)
        with tried(annotator), left_as_given(annotator, "", query=query):
            answers = annotator.answer(query)
        check_answers(annotator, answers, query)
        return answers

    usual = asked(everyone)
    others: tuple[tuple[str, Answers, Callable[[Tensor], Tensor]], ...] = (
        ("asked the same again it answers the same", asked(everyone), lambda part: part),
        ("an answer depends on no other query of the batch", asked(everyone[:, order]), lambda part: part[:, order]),
        ("an episode is answered as it would be alone", asked(everyone, slice(1, 2)), lambda part: part[1:2]),
    )
    for promise, given, like in others:
        for field in ("labels", "charged", "price", "delay"):
            before, after = getattr(usual, field), getattr(given, field)
            if (before is None) != (after is None) or (before is not None and not like(before).equal(after)):
                raise ContractError(f"{name}: {promise}; its {field} differ")
    first = asked(everyone, first=True)
    if bool((first.labels == NO_LABEL).any()) or (first.delay is not None and bool((first.delay > 0).any())):
        raise ContractError(f"{name}: the first sample is waited for: every label is given, without delay")
    if not annotator.abstains and bool((usual.labels == NO_LABEL).any()):
        raise ContractError(f"{name}: abstains is False, and it gave no label of some records; return True from it")
    if annotator.truthful and not usual.labels.equal(truth):
        raise ContractError(f"{name}: truthful is True, and some of its labels are not the true classes")
