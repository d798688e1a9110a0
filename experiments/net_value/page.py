"""The contest as a table: Markdown for people, CSV for machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from experiments.net_value.contest import Entry

_HEAD = "| Label costs | Player | Net value | First policy less it (95 % interval) | Labels | Loops | Accuracy gained |"
_RULE = "| --: | :-- | --: | --: | --: | --: | --: |"


def reference_of(entries: Sequence[Entry], price: float) -> Entry:
    """Return the policy that others are held against at a price: that of the first training seed."""
    return next(each for each in entries if each.price == price and each.player.startswith("policy"))


def markdown(entries: Sequence[Entry]) -> str:
    """Return one row a player and price.

    Differences are paired by data set, with the sets above and below beside them.
    """
    lines = [_HEAD, _RULE]
    for each in entries:
        first = reference_of(entries, each.price)
        apart = "" if each is first else _interval(first, each)
        lines.append(
            f"| {each.price:g} | {each.player} | {float(each.net.mean()):+.2f} | {apart} |"
            f" {each.labels:.1f} ± {each.spread:.1f} | {each.loops:.1f} | {each.gain:+.1f} |"
        )
    return "\n".join([*lines, ""])


def _interval(first: Entry, other: Entry) -> str:
    mean, low, high = (float(value) for value in first.less(other))
    won, lost = int((first.net > other.net).sum()), int((first.net < other.net).sum())
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f}), {won} : {lost}"


def as_csv(entries: Sequence[Entry], data_sets: Sequence[str]) -> str:
    """Return one row a price, player and data set."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["label_price", "player", "data_set", "net_value"])
    for each in entries:
        for name, net in zip(sorted(set(data_sets)), each.net.tolist(), strict=True):
            rows.writerow([each.price, each.player, name, f"{net:.4f}"])
    return text.getvalue()
