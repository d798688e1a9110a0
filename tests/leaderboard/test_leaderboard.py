"""A tiny suite is played, put on a board, and every way of changing a submission is rejected with its reason."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.policy_file import save_policy
from alrl.cli import app
from alrl.cli.exit_codes import Exit
from alrl.data.sources import load_data_set
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.leaderboard import SubmissionError, leaderboard, load_suite, submit
from alrl.leaderboard.manifest import write_manifest
from alrl.leaderboard.verification import read_submission, replay
from alrl.metadata import FeatureSet
from alrl.reports.figures import EMPHASIS
from alrl.studies.store import RESULTS, Store

TINY = """suite = "tiny/suite-v1"
title = "Two <b>small</b> sets"
labels = 3
batches = [3]
seeds = 2
block = 1
split = {{ pool = 0.5, validation = 0.2, test = 0.3 }}
[data]
iris = "{iris}"
wine = "{wine}"
"""
OWN = """from alrl.strategies import Strategy


class Last(Strategy):
    name = "last"

    def score(self, view):
        return -view.margin
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny suite and the submissions of a rule, of random sampling and of a policy."""
    folder = tmp_path_factory.mktemp("board")
    sums = {name: load_data_set(name).fingerprint for name in ("iris", "wine")}
    (folder / "tiny.toml").write_text(TINY.format(**sums), encoding="utf-8")
    mixture = CandidateMixture(count=8, margin=1.0, random=0.0)
    save_policy(Policy.untrained(FeatureSet(["confidence", "loop"]), mixture, width=8), folder / "mine")
    for agent, name in (("margin", None), ("random", None), (str(folder / "mine"), "My policy 1.0")):
        out = folder / "sent" / Path(agent).name
        submit(agent, out, suite=folder / "tiny.toml", name=name, workers=1)
    return folder


def test_the_suite_that_ships_is_what_it_was() -> None:
    suite = load_suite()
    assert (suite.suite, len(suite.data), suite.batches, suite.seeds) == ("alrl/suite-v1", 12, (1, 10), 20)
    assert suite.identity == "e13fd544244b615984a26ffe10f9103a23a97c2699a5ac7ecced5fa9170b9f54"
    assert len(suite.cells("margin", "")) == 96


def test_a_suite_of_other_data_is_not_played(place: Path, tmp_path: Path) -> None:
    text = (place / "tiny.toml").read_text(encoding="utf-8")
    (tmp_path / "other.toml").write_text(text.replace('wine = "15', 'wine = "00'), encoding="utf-8")
    with pytest.raises(
        InvalidDataError, match=r"wine here has the fingerprint 15fa98d91f7f, tiny/suite-v1 asks for 00"
    ):
        submit("margin", tmp_path / "out", suite=tmp_path / "other.toml")
    with pytest.raises(InvalidRecipeError, match=r"no suite 'alrl/suite-v9'; there is alrl/suite-v1"):
        load_suite("alrl/suite-v9")


def test_a_submission_goes_on_and_is_of_one_agent(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "sent" / "margin", tmp_path / "sent")
    with closing(sqlite3.connect(tmp_path / "sent" / RESULTS)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM cells WHERE rowid < 4")
        database.commit()
    again = submit("margin", tmp_path / "sent", suite=place / "tiny.toml", workers=1)
    assert (again.ran.cells, again.ran.played) == (4, 3)
    with pytest.raises(SubmissionError, match="the submission of another agent or suite: give another --out"):
        submit("random", tmp_path / "sent", suite=place / "tiny.toml")
    with pytest.raises(SubmissionError, match="holds other files"):
        submit("random", place, suite=place / "tiny.toml")
    with pytest.raises(InvalidRecipeError, match="an oracle, which sees hidden labels"):
        submit("greedy-oracle", tmp_path / "oracle", suite=place / "tiny.toml")


def test_a_folder_whose_description_cannot_be_read_is_not_gone_on_with(place: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "submission.json")
    with pytest.raises(SubmissionError, match=r"submission\.json: a pipe, not a regular file; give a new folder with"):
        submit("margin", tmp_path, suite=place / "tiny.toml", workers=1)
    (tmp_path / "submission.json").unlink()
    (tmp_path / "submission.json").write_text("{", encoding="utf-8")
    with pytest.raises(SubmissionError, match=r"submission\.json: cannot be read as JSON .*; give a new folder with"):
        submit("margin", tmp_path, suite=place / "tiny.toml", workers=1)


def change_cell(folder: Path) -> None:
    """One accuracy becomes better, and every checksum fits again: only playing it again tells."""
    with Store(folder / RESULTS) as store:
        (cell, *_), (curves, *_) = store.cells(), store.curves()
        better = np.array(curves.accuracy)
        better[0, -1] = min(1.0, better[0, -1] + 0.01) if better[0, -1] < 1 else 0.99
        code = {**(cell.code or {}), "alrl": {"version": "0", "modules": None}}
        store.add(cell.spec, dataclasses.replace(curves, accuracy=better), 1.0, provenance=cell.provenance, code=code)
        store.add(
            cell.spec, dataclasses.replace(curves, accuracy=better), 1.0, provenance=cell.provenance, code=cell.code
        )
    write_manifest(folder)


def remove_cell(folder: Path) -> None:
    with closing(sqlite3.connect(folder / RESULTS)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("DELETE FROM cells WHERE rowid = 1")
        database.commit()
    write_manifest(folder)


def flip_byte(folder: Path) -> None:
    content = bytearray((folder / RESULTS).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / RESULTS).write_bytes(content)


def name_other_suite(folder: Path) -> None:
    told = json.loads((folder / "submission.json").read_text(encoding="utf-8"))
    (folder / "submission.json").write_text(json.dumps({**told, "suite_sha256": "0" * 64}), encoding="utf-8")
    write_manifest(folder)


def rename_agent(folder: Path) -> None:
    told = (folder / "submission.json").read_text(encoding="utf-8")
    (folder / "submission.json").write_text(told.replace('"margin"', '"better"'), encoding="utf-8")
    write_manifest(folder)


def lead_outside(folder: Path) -> None:
    text = (folder / "MANIFEST.sha256").read_text(encoding="utf-8")
    (folder / "MANIFEST.sha256").write_text(text + f"{'0' * 64}  ../secret\n", encoding="utf-8")


def link(folder: Path) -> None:
    (folder / "study.json").unlink()
    (folder / "study.json").symlink_to("/etc/hostname")


def compute(folder: Path) -> None:
    with closing(sqlite3.connect(folder / RESULTS)) as database:
        database.execute("CREATE VIEW more AS SELECT * FROM cells")
        database.commit()
    write_manifest(folder)


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "changed": (change_cell, "1 of 4 cells that were played again differ"),
    "removed": (remove_cell, "1 of 4 cells are missing, the first on"),
    "flipped": (flip_byte, "results.sqlite is not what MANIFEST.sha256 says"),
    "foreign": (name_other_suite, "it is of suite 'tiny/suite-v1' (000000000000), this board is of tiny/suite-v1"),
    "renamed": (rename_agent, "is none of the suite's for this agent"),
    "outside": (lead_outside, "no sum and name of a file in the folder"),
    "linked": (link, "study.json cannot be read"),
    "added": (lambda folder: (folder / "more.txt").touch(), "more.txt is in the folder and not in MANIFEST.sha256"),
    "computed": (compute, "has other tables than alrl makes"),
    "unlisted": (lambda folder: (folder / "MANIFEST.sha256").unlink(), "MANIFEST.sha256 cannot be read"),
}


def test_a_board_shows_what_holds_and_says_why_the_rest_does_not(place: Path, tmp_path: Path, undrawn: None) -> None:
    sent = tmp_path / "sent"
    shutil.copytree(place / "sent", sent / "good")
    shutil.copytree(place / "sent" / "margin", sent / "twin")
    for name, (spoil, _) in CHANGES.items():
        shutil.copytree(place / "sent" / "margin", sent / "bad" / name)
        spoil(sent / "bad" / name)
    command = ["leaderboard", str(sent), "--suite", str(place / "tiny.toml"), "--seed", "7", "--workers", "1", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == Exit.DIFFERENT, done.output
    document = json.loads(done.stdout)
    assert document["accepted"] == ["margin", "My policy 1.0", "random", "margin (twin)"]
    assert document["rejected"].keys() == {f"bad/{name}" for name in CHANGES}
    for name, (_, why) in CHANGES.items():
        assert why in document["rejected"][f"bad/{name}"]
    board = json.loads((sent / "board" / "leaderboard.json").read_text(encoding="utf-8"))
    assert (board["suite"], board["seed"]) == ("tiny/suite-v1", 7)
    rows = {row["agent"]: row for row in board["standings"]["batch 3"]}
    assert rows["margin (twin)"]["mean difference"] == "+0.00"
    assert rows["random"]["played again"] == "4 of 4: the same bits"
    assert rows["My policy 1.0"]["kind"] == "policy"
    page = (sent / "board" / "index.html").read_text(encoding="utf-8")
    assert page.index("<h2>Standings</h2>") < page.index("<h2>Rejected</h2>") < page.index("Learning curves</h2>")
    assert "Two &lt;b&gt;small&lt;/b&gt; sets" in page
    assert "Two <b>small" not in page
    table = (sent / "board" / "leaderboard.md").read_text(encoding="utf-8")
    assert "| random |" in table
    assert "bad/removed: 1 of 4 cells" in table
    assert (sent / "board" / "leaderboard.csv").read_text(encoding="utf-8").count("\nrandom,") == 1


def test_general_has_the_colour_of_a_subject_on_a_board(place: Path, tmp_path: Path, saved: list[Figure]) -> None:
    shutil.copytree(place / "sent" / "margin", tmp_path / "margin")
    submit(str(place / "mine"), tmp_path / "own", suite=place / "tiny.toml", name="general", workers=1)
    board = leaderboard(tmp_path, suite=place / "tiny.toml", seed=7)
    assert [each.name for each in board.accepted] == ["margin", "general"]
    legend = saved[0].legends[0]
    colours = dict(zip([text.get_text() for text in legend.get_texts()], legend.get_lines(), strict=True))
    assert colours["general"].get_color() == EMPHASIS
    assert colours["margin"].get_color() != EMPHASIS


def test_a_class_of_others_is_run_with_trust_alone_and_as_it_was_sent(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_last.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    suite = load_suite(place / "tiny.toml")
    submit("own_last:Last", tmp_path / "sent", suite=place / "tiny.toml", workers=1)
    assert (tmp_path / "sent" / "own_last.py").read_text(encoding="utf-8") == OWN
    # Another machine has no such module: it comes with the submission, or not at all.
    monkeypatch.undo()
    sys.modules.pop("own_last")
    (tmp_path / "copy").mkdir()
    read = read_submission(tmp_path / "sent", "sent", tmp_path / "copy", suite, None)
    assert (read.kind, read.name, read.classes) == ("class", "Last", ("own_last:Last",))
    with pytest.raises(SubmissionError, match="it names own_last:Last, code of others: read it, then give --trust"):
        replay(read, tmp_path / "copy", 0)
    monkeypatch.chdir(tmp_path / "copy")
    assert all(cell.same for cell in replay(read, tmp_path / "copy", 0, trust=True))
    assert "own_last" not in sys.modules


def test_a_recipe_beyond_bounds_is_refused(place: Path, tmp_path: Path) -> None:
    hostile: list[dict[str, Any]] = [
        {"kind": "rule", "strategy": "subsampled", "size": 10**9},
        {"kind": "policy", "policy": "policies/../../mine"},
        {"kind": "oracle", "oracle": "boss"},
    ]
    for at, recipe in enumerate(hostile):
        folder = tmp_path / str(at)
        shutil.copytree(place / "sent" / "margin", folder)
        with Store(folder / RESULTS) as store:
            identity = store.cells()[0].spec["agent_identity"]
            store.keep_agent(identity, "margin", recipe)
        write_manifest(folder)
        copy = tmp_path / f"copy{at}"
        copy.mkdir()
        with pytest.raises(SubmissionError, match=r"beyond bounds|not in its folder|hold no recipe of its agent"):
            read_submission(folder, "sent", copy, load_suite(place / "tiny.toml"), None)


def test_a_signature_has_the_name_of_an_allowed_signer_alone(place: Path, tmp_path: Path) -> None:
    keygen = shutil.which("ssh-keygen")
    if keygen is None:
        pytest.skip("no ssh-keygen on this machine")
    key = tmp_path / "key"
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    (tmp_path / "signers").write_text(f'ada@example.org namespaces="alrl" {public}', encoding="utf-8")
    shutil.copytree(place / "sent" / "margin", tmp_path / "sent")
    submit("margin", tmp_path / "sent", suite=place / "tiny.toml", sign=key, workers=1)
    suite = load_suite(place / "tiny.toml")

    def signature(copy: str, signers: Path | None) -> str:
        (tmp_path / copy).mkdir()
        return read_submission(tmp_path / "sent", "sent", tmp_path / copy, suite, signers).signature

    assert signature("one", tmp_path / "signers") == "signed by ada@example.org"
    assert re.fullmatch(r"signed with SHA256:\S+, which nobody vouches for", signature("two", None))
    (tmp_path / "sent" / "more.txt").touch()
    signed = (tmp_path / "sent" / "MANIFEST.sha256.sig").read_bytes()
    write_manifest(tmp_path / "sent")
    (tmp_path / "sent" / "MANIFEST.sha256.sig").write_bytes(signed)
    with pytest.raises(SubmissionError, match="the signature does not fit the manifest"):
        signature("three", None)


def test_a_folder_that_there_is_not_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipeError, match="there is no folder"):
        leaderboard(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_no_code_refuses_a_class(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(recipes.NO_CODE, "1")
    with pytest.raises(InvalidRecipeError, match="refuse to run"):
        submit("own_last:Last", tmp_path / "out", suite=place / "tiny.toml")
