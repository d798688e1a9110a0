from __future__ import annotations

import json

from alrl.strategies import strategies
from benchmarks.selection.alrl import Selection, measure_selection
from benchmarks.selection.command import main
from benchmarks.selection.page import page, sheet, within_target
from benchmarks.selection.peers import measure_theirs
from benchmarks.selection.pool import begun
from benchmarks.subprocess_call import Apart


def made(**changes):
    values = {
        "strategy": "margin",
        "records": 100_000,
        "first": 9.9,
        "later": 0.0012,
        "peak_anonymous": 4 * 2**30,
        "fault": None,
    }
    return Selection(**(values | changes))


def test_the_pool_has_its_records_and_a_hundred_labels():
    view = begun(500, ["members"]).view
    assert view.features.shape == (1, 500, 64)
    assert int(view.labelled.sum()) == 100
    assert view.members.shape[1] == 5
    assert len(view.trajectory.probabilities) > 1


def test_a_policy_is_timed():
    outcome = measure_selection("general", 300, threads=1)
    assert outcome.fault is None
    assert outcome.first > 0
    assert outcome.later > 0
    assert 2**25 < outcome.peak_anonymous < 4 * 2**30


def test_what_fails_is_told():
    outcome = measure_selection("no-such-rule", 300)
    assert outcome.first is None
    assert "no-such-rule" in outcome.fault


def test_theirs_is_timed_where_they_have_the_rule():
    assert measure_theirs("power", 300) is None
    # Ten records to choose from: of each label of each they make a fit.
    for name, records in (("badge", 300), ("expected-error-reduction", 110)):
        outcome = measure_theirs(name, records)
        assert outcome.fault is None
        assert outcome.result > 0


def test_each_target_can_be_missed():
    assert within_target(made())
    assert not within_target(made(first=10.1))
    assert not within_target(made(later=10.1))
    assert not within_target(made(peak_anonymous=4 * 2**30 + 1))
    assert not within_target(made(first=None, later=None, fault="MemoryError: no"))


def test_a_cell_says_what_was_seen():
    ours = [
        made(),
        made(strategy="badge", first=11.0),
        made(strategy="expected-error-reduction", first=99.0),
        made(strategy="bald", first=None, later=None, fault="more than 600 s"),
    ]
    theirs = {
        ("margin", 100_000): Apart(result=0.2, fault=None, peak_anonymous=None),
        ("badge", 100_000): Apart(result=None, fault="MemoryError: 74 GiB for an array", peak_anonymous=None),
    }
    rows = sheet(ours, theirs, 100_000).rows
    assert rows[0] == ("margin", "9,900", "1.2", "4.00", "200", "reached")
    assert rows[1][4:] == ("MemoryError: 74 GiB", "missed")
    assert rows[2][5] == "exempt"
    assert rows[3] == ("bald", "–", "–", "4.00", "not measured", "more than 600 s")
    assert sheet([made(strategy="power")], theirs, 100_000).rows[0][4] == "–"


def test_the_command_writes_numbers_and_a_page(tmp_path, capsys):
    numbers, written = tmp_path / "numbers.json", tmp_path / "selection.md"
    arguments = ["--only", "random", "--records", "200", "--json", str(numbers), "--page", str(written)]
    assert main(arguments) == 0
    assert json.loads(numbers.read_text())["ours"][0]["strategy"] == "random"
    assert "| random |" in written.read_text()
    assert "random" in capsys.readouterr().out


def test_numbers_measured_before_are_shown_too_and_measured_anew_count_once(tmp_path, capsys):
    first, second, written = (tmp_path / name for name in ("first.json", "second.json", "selection.md"))
    assert main(["--only", "random", "--records", "200", "--json", str(first)]) == 0
    measured = json.loads(first.read_text())
    measured["ours"][0]["first"] = 77.0
    measured["ours"].append({**measured["ours"][0], "strategy": "badge", "first": 88.0})
    first.write_text(json.dumps(measured))
    more = ["--only", "random", "--beside", "", "--records", "200", "--json", str(second), "--page", str(written)]
    assert main([*more, "--add", str(first)]) == 0
    text = written.read_text()
    assert text.index("| badge | 88,000 |") < text.index("| random |")
    assert "77,000" not in text
    together = json.loads(second.read_text())
    assert {each["strategy"] for each in together["ours"]} == {"badge", "random"}
    # Not measured anew, so that of the first time stays.
    assert together["theirs"] == measured["theirs"]
    first.write_text(json.dumps({**measured, "provenance": {**measured["provenance"], "python": "2.7"}}))
    capsys.readouterr()
    assert main([*more, "--add", str(first)]) == 2
    assert "another machine" in capsys.readouterr().out


def test_an_unknown_strategy_is_refused_with_the_nearest(capsys):
    assert main(["--only", "margn"]) == 2
    assert "margin" in capsys.readouterr().out


def test_the_page_names_machine_and_method():
    text = page(
        [],
        {"git": None, "cpu": {"name": "c", "count": 2}, "platform": "p", "python": "3", "packages": {}, "time": "t"},
        2,
        "Two jobs beside it.",
    )
    assert "10 s and 4 GiB" in text
    assert text.endswith("- Two jobs beside it.\n")
    assert "c, 2 cores" in text
    assert len(strategies()) > 20
