"""Texts of a page beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alrl.reports.claims import ClaimVerdict
from alrl.reports.pages.checklist import Item
from alrl.reports.pages.policy_card import PolicyCard


@dataclass(frozen=True, kw_only=True)
class Still:
    """A figure that is shown as it is."""

    name: str
    """Its part of the page: ``ranks``, ``outcomes`` or ``picks``."""
    svg: str
    alternative: str
    """What it shows, in words, for who cannot see it."""


@dataclass(frozen=True, kw_only=True)
class About:
    """Texts of the page beside its numbers."""

    title: str
    hypothesis: str = ""
    verdicts: Sequence[ClaimVerdict] = ()
    """On the claims that belong to this page."""
    command: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Sequence[Mapping[str, Any]] = ()
    """Of the cells; more than one if they were not all run by the same code on the same machine."""
    mark: str = ""
    """A warning shown on top, such as that the study is incomplete."""
    opening: str = ""
    """HTML before the charts."""
    siblings: Mapping[str, str] = field(default_factory=dict)
    """The study's other pages, relative to it, and the settings that each is about."""
    files: Sequence[str] = ()
    """Files beside the page, relative to it."""
    stills: Sequence[Still] = ()
    cards: Sequence[PolicyCard] = ()
    """One for each policy of the study."""
    checklist: Sequence[Item] = ()
    remarks: Sequence[str] = ()
    """What could not be shown, and why."""
