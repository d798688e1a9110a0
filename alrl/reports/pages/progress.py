"""The page of a run that is being played: it loads itself again until the report takes its place."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from importlib import resources
from pathlib import Path

from alrl.evaluation.table import MISSING, Table
from alrl.studies.store import Store

SECONDS = 10
"""From one loading to the next, and from one writing to the next."""


def write_progress(folder: Path, title: str, store: Store, done: int, cells: int) -> Path:
    """Write ``index.html`` of a run of which ``done`` of its ``cells`` are played, with the mean areas so far."""
    areas: dict[tuple[str, str], list[float]] = {}
    for curves in store.curves():
        areas.setdefault((curves.data_set, curves.strategy), []).extend(100 * curves.area("accuracy"))
    data_sets, strategies = (list(dict.fromkeys(key[place] for key in areas)) for place in (0, 1))
    rows = tuple((name, *(_mean(areas.get((name, each), [])) for each in strategies)) for name in data_sets)
    caption = "Mean AUBC of accuracy so far, in points (0 to 100), and the paired seeds that are played"
    table = Table(header=("data set", *strategies), rows=rows, caption=caption).to_html()
    style = resources.files("alrl.reports.pages").joinpath("page.css").read_text(encoding="utf-8")
    text = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{SECONDS}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: {done} of {cells} cells</title><style>{style}</style></head><body><header>"
        f'<h1>{escape(title)}</h1></header><main><p class="mark" role="status">INCOMPLETE: {done} of {cells} cells are'
        f" played, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC. This page loads itself again; at its end the report"
        f' stands here. <progress max="{cells}" value="{done}" aria-label="Cells played"></progress></p>{table}</main>'
        "</body></html>\n"
    )
    path = folder / "index.html"
    part = path.with_name("index.html.part")
    part.write_text(text, encoding="utf-8")
    return part.replace(path)


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.2f} ({len(values)})" if values else MISSING
