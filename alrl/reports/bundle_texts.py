"""Texts of a bundle: the script that checks it, a datasheet of its data, a NeurIPS checklist filled from the run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from alrl.data.data_set import DataSet
from alrl.studies.store.store import StoredCell

SCRIPT = """#!/bin/sh
# Checks every file, plays every cell again, compares it with what was stored, and makes the tables anew.
# ALRL names the command, "alrl" by default: install alrl and then requirements.lock (see its first line).
set -eu
cd "$(dirname "$0")"
ALRL=${ALRL:-alrl}
sha256sum --check --quiet MANIFEST.sha256
cp run/table.md table-published.md
$ALRL reproduce run --data data
$ALRL report run
cmp table-published.md run/table.md
cat run/table.md
echo "The same table."
"""
_AUTHORS = "[for the authors to answer]"


def datasheet(data_sets: Mapping[str, DataSet], own: Collection[str]) -> str:
    """Return a datasheet (Gebru et al. 2021) of the data sets, ``own`` those whose file lies in the bundle."""
    parts = ["# Datasheet", "", "Composition is as alrl read it; what only people can know is left to the authors.", ""]
    for name, data in data_sets.items():
        counts = ", ".join(
            f"{label}: {int((data.y == number).sum())}" for number, label in enumerate(data.class_names[:30])
        )
        parts += [
            f"## {name}",
            "",
            f"- **Instances**: {data.n_records} records of {data.n_features} features, {data.n_classes} classes.",
            f"- **Classes** (records of each): {counts}{', ...' if len(data.class_names) > 30 else ''}.",
            f"- **Content** (SHA-256 of what is played): `{data.fingerprint}`.",
            f"- **Where it is**: {'in data/' if name in own else f'`alrl.load_data_set({name!r})` gets it'}.",
            f"- **Motivation, collection, consent, licence, uses to avoid**: {_AUTHORS}",
            "",
        ]
    return "\n".join(parts)


def neurips_checklist(description: Mapping[str, Any], cells: Sequence[StoredCell]) -> str:
    """Return the questions of the NeurIPS paper checklist, answered where the run recorded the answer."""
    settings = dict(description.get("settings", {}))
    machines = sorted({f"{dict(cell.provenance.get('cpu') or {}).get('name')}" for cell in cells})
    hours = sum(cell.cpu_seconds or cell.seconds or 0.0 for cell in cells) / 3600
    seeds = settings.get("paired seeds", "?")
    coded = all(cell.code is not None for cell in cells)
    hypothesis = str(description.get("hypothesis", ""))
    answers = {
        "Claims": f"Hypothesis, written before the run: {hypothesis}" if hypothesis else _AUTHORS,
        "Limitations": _AUTHORS,
        "Theory, assumptions and proofs": "NA: the results are experimental.",
        "Experimental result reproducibility": f"Yes: `{description.get('command', '')}` made them; `reproduce.sh`"
        " plays every cell again.",
        "Open access to data and code": f"Yes: data/, DATASHEET.md, code/identity.json"
        f"{'' if coded else ' (some cells are of an alrl that did not identify code)'}.",
        "Experimental setting and details": "Yes: "
        + "; ".join(f"{name}: {value}" for name, value in settings.items() if name != "recipe sha256"),
        "Statistical significance": f"Yes: {seeds} paired seeds; 95 % intervals and corrected tests in table.md and"
        " across.tex, their definitions in the notes.",
        "Compute resources": f"Yes: {len(cells)} cells, {hours:.2f} processor hours, on {', '.join(machines)}.",
        "Code of ethics": _AUTHORS,
        "Broader impacts": _AUTHORS,
        "Safeguards": _AUTHORS,
        "Licences for existing assets": _AUTHORS,
        "New assets": "Policies: policies/*/policy.json and the cards policy-*.md in run/, if any were trained.",
        "Crowdsourcing and research with human subjects": "NA: annotators are simulated.",
        "Institutional review board approvals": "NA: annotators are simulated.",
        "Declaration of LLM usage": _AUTHORS,
    }
    lines = [f"{place}. **{question}**. {answer}" for place, (question, answer) in enumerate(answers.items(), 1)]
    return "\n".join(["# NeurIPS paper checklist", "", "Filled from what the run recorded.", "", *lines, ""])
