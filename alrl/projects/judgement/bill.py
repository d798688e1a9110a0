"""What a project has cost, and whether querying in rounds has paid for its computing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alrl.errors import InvalidDataError
from alrl.projects.answers import HELD_OUT
from alrl.projects.state import State


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What was used and what it cost, in the currency of the project's prices."""

    labels: int
    """Labels that were charged: of corrected, withdrawn and set-aside answers too, of none undone on the page."""
    fits: int
    trained: int
    """Labelled records of all fits together: it grows with the square of the rounds (Figure 2)."""
    compute_seconds: float
    """Of fits, estimates and predictions of the pool."""
    answer_seconds: float
    """That annotators took, where it was measured."""
    label_money: float
    compute_money: float
    everything: float
    """What labelling every record at once and one fit to them would have cost; labels of the table cost nothing, and
    records that a rehearsal holds out are not labelled."""
    break_even: float
    """Share of the labels that querying has to save to pay for its rounds (Figure 3), 0 to 1."""
    saved: float
    """Share of the labels of all records, one each, that was not bought, 0 to 1; second labels are bought too."""

    @property
    def money(self) -> float:
        """Everything that was spent."""
        return self.label_money + self.compute_money

    @property
    def pays(self) -> bool:
        """Whether the project has so far cost less than labelling everything."""
        return self.money < self.everything

    def sentence(self) -> str:
        """Return the bill in words."""
        text = (
            f"{self.labels} labels for {self.label_money:.2f} and {self.compute_seconds:.1f} s of computing in"
            f" {self.fits} fits for {self.compute_money:.2f}: {self.money:.2f} together, where labelling everything is"
            f" {self.everything:.2f}"
        )
        return f"{text}; rounds pay for themselves if they save {100 * self.break_even:.1f} % of the labels"


def bill(state: State) -> Bill:
    """Return the bill of a project, computed from its events.

    Money for computing is the measured time at the price of an hour, record-epochs and predictions at theirs. The
    break-even takes the price of training on one record from what this project's own fits have cost.
    """
    prices = state.settings["prices"]
    held_out = [each for each, answers in state.given.items() if HELD_OUT in answers and each not in state.labels]
    records = state.records() - len(held_out)
    seconds = sum(fitted.facts["seconds"] + fitted.facts["estimate_seconds"] for fitted in state.rounds)
    trained = sum(facts.labels for facts in state.rounds)
    epochs = sum(fitted.facts["record_epochs"] for fitted in state.rounds)
    predicted = sum(fitted.facts["records"] for fitted in state.rounds)
    compute = seconds * prices["hour"] / 3600 + epochs * prices["record_epoch"] + predicted * prices["scored"]
    a_record = compute / trained if trained else 0.0
    rounds = len(state.rounds)
    return Bill(
        labels=state.charged,
        fits=rounds,
        trained=trained,
        compute_seconds=seconds,
        answer_seconds=sum(state.answer_seconds),
        label_money=state.charged * prices["label"],
        compute_money=compute,
        everything=(records - state.free()) * prices["label"] + records * a_record,
        break_even=break_even(prices["label"], a_record, max(1, rounds)),
        saved=max(0.0, 1 - state.charged / (records - state.free())) if records > state.free() else 0.0,
    )


def break_even(label: float, record: float, rounds: int) -> float:
    """Return the share of the labels that ``rounds`` equal rounds have to save, at prices a ``label`` and a ``record``.

    ``1 - (c + k) / (c + k (R + 1) / 2)``: n labels at once cost c + k each; in R rounds of retraining from scratch
    each record is trained on (R + 1) / 2 times on average. As
    :func:`alrl.loop.cost.break_even_compression`, and 0 where both prices are 0.

    >>> round(break_even(1.0, 0.5, 10), 4), round(break_even(1.0, 0.01, 10), 4), break_even(1.0, 0.5, 1)
    (0.6, 0.0427, 0.0)
    """
    if min(label, record) < 0 or rounds < 1:
        raise InvalidDataError(f"prices {label} and {record}, {rounds} rounds given; prices are 0 or above, rounds 1")
    if label + record == 0:
        return 0.0
    return 1 - (label + record) / (label + record * (rounds + 1) / 2)


def rows(summary: Bill) -> list[tuple[str, Any]]:
    """Return the bill as rows of a table."""
    return [
        ("labels", summary.labels),
        ("labels, money", f"{summary.label_money:.2f}"),
        ("fits", summary.fits),
        ("records trained on, all fits", summary.trained),
        ("computing, seconds", f"{summary.compute_seconds:.1f}"),
        ("computing, money", f"{summary.compute_money:.4f}"),
        ("annotators' time, minutes", f"{summary.answer_seconds / 60:.1f}"),
        ("together", f"{summary.money:.2f}"),
        ("labelling everything", f"{summary.everything:.2f}"),
        ("labels to be saved for rounds to pay", f"{100 * summary.break_even:.2f} %"),
    ]
