"""Looks of strategies: colours, strokes and markers that differ in print, in grey and by the colour-blind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OKABE_ITO = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours that the colour-blind tell apart (Okabe and Ito 2008), vermilion kept for the emphasised strategy."""
EMPHASIS = "#D55E00"
RANDOM = "#7F7F7F"
OTHER = "#949494"
"""Grey of strategies that a figure of many does not tell apart; on white, lines may be as light as that."""
MANY = 8
"""Strategies up to which each has a look of its own."""
_BEST = 4
"""Of many, the best by rank that have one beside the subject, the reference and random sampling."""
_SHADED = 4
"""Strategies up to which each has its interval shaded: more of them turn to mud."""
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (3, 1), (8, 2))
_MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">", "h", "p")
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "figure.labelsize": 8.5,
    "figure.titlesize": 7,
    "figure.titleweight": "normal",
    "legend.title_fontsize": 7,
    "lines.markersize": 4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    # Hinted letters are up to 8 % wider or narrower at another number of dots: laid out at one, cut off at the other.
    "text.hinting": "none",
}
COLUMN_STYLE: dict[Any, Any] = STYLE | {
    "font.size": 7.2,
    "axes.labelsize": 7.2,
    "axes.titlesize": 7.2,
    "figure.labelsize": 7.2,
    "figure.titlesize": 6,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 6,
    "lines.markersize": 3,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
}
"""Of a column's figures; no letter is below 6 points, ``small`` being 0.833 of the font's size."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """Look of a strategy, in figures and on the page alike."""

    colour: str
    dashes: tuple[float, ...]
    """Lengths of strokes and gaps in points; empty for a solid line."""
    width: float
    marker: str
    order: int
    """Drawing order, higher in front."""
    shaded: bool = True
    """Whether its interval is drawn as a band."""

    @property
    def other(self) -> bool:
        """Whether it is one of many that are not told apart."""
        return self.order == 1

    @property
    def line(self) -> dict[str, Any]:
        """As keywords of ``Axes.plot``."""
        dashes: Any = (0, self.dashes) if self.dashes else "solid"
        return {"color": self.colour, "linestyle": dashes, "linewidth": self.width, "zorder": self.order}


Looks = Mapping[str, Style]
"""The look of each strategy, the same in every figure of a study."""


def styles(
    strategies: Sequence[str],
    emphasis: str | None = None,
    *,
    reference: str | None = None,
    ranks: Mapping[str, float] | None = None,
) -> dict[str, Style]:
    """Return one look a strategy, in the order of a legend.

    The emphasised one first, thick and vermilion, random last. Rules are thin, and told apart by colour and by
    strokes. Of more than eight strategies only the subject, the ``reference``, random sampling and the best by
    ``ranks`` are told apart; the others are grey. Of more than four only the subject (the best by ``ranks`` without
    one), the ``reference`` and random sampling have their intervals shaded.

    >>> looks = styles(["random", "margin", "general"], emphasis="general")
    >>> list(looks), looks["general"].colour, looks["random"].dashes
    (['general', 'margin', 'random'], '#D55E00', (4, 2))
    """
    looks = {}
    rules = [name for name in strategies if name not in {"random", emphasis}]
    apart = _apart(rules, reference, ranks or {}) if len(strategies) > MANY else rules
    rest = [name for name in rules if name not in apart]
    shaded = _shaded(strategies, emphasis, reference, ranks or {})
    rules = [name for name in rules if name in apart]
    for place, name in enumerate(rules):
        colour = OKABE_ITO[place % len(OKABE_ITO)]
        # The second round of colours meets other dashes, so that no two rules share both.
        dashes = _DASHES[(place + place // len(OKABE_ITO)) % len(_DASHES)]
        marker = _MARKERS[place % len(_MARKERS)]
        looks[name] = Style(colour=colour, dashes=dashes, width=1.1, marker=marker, order=3, shaded=name in shaded)
    looks["random"] = Style(colour=RANDOM, dashes=(4, 2), width=1.3, marker="x", order=2)
    for name in rest:
        looks[name] = Style(colour=OTHER, dashes=(), width=0.5, marker=".", order=1, shaded=False)
    if emphasis is not None:
        looks[emphasis] = Style(colour=EMPHASIS, dashes=(), width=1.9, marker="o", order=5)
    order = [name for name in (emphasis, *rules, "random", *rest) if name in strategies]
    return {name: looks[name] for name in order if name is not None}


def _shaded(
    strategies: Sequence[str], emphasis: str | None, reference: str | None, ranks: Mapping[str, float]
) -> Collection[str]:
    if len(strategies) <= _SHADED:
        return strategies
    best = [name for name in strategies if name not in {"random", reference}]
    subject = min(best, key=lambda name: ranks.get(name, float("inf")), default=None) if emphasis is None else emphasis
    return {name for name in (subject, reference, "random") if name is not None}


def lanes(looks: Looks) -> dict[str, int]:
    """Return the line within a row that each strategy is drawn on; those that are not told apart share the last.

    >>> lanes(styles(["random", "margin", "general"], emphasis="general"))
    {'general': 0, 'margin': 1, 'random': 2}
    """
    apart = [name for name, look in looks.items() if not look.other]
    return {name: len(apart) if look.other else apart.index(name) for name, look in looks.items()}


def _apart(rules: Sequence[str], reference: str | None, ranks: Mapping[str, float]) -> Collection[str]:
    best = sorted((name for name in rules if name != reference), key=lambda name: ranks.get(name, float(len(rules))))
    return {*best[:_BEST], *(name for name in rules if name == reference)}


def looks_of(names: Sequence[str], looks: Looks | None, emphasis: str | None = None) -> dict[str, Style]:
    """Return the looks of ``names`` among those of a study, in their order; looks of their own without a study."""
    known = dict(looks or {})
    missing = [name for name in names if name not in known]
    known |= styles(missing, emphasis if emphasis in missing else None)
    return {name: look for name, look in known.items() if name in names}
