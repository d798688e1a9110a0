"""The benchmark measures the same work in both loops and says what it saw."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from alrl.experiments import bench
from alrl.experiments.bench import Measured, Size, Workload, main, measure, page, rows
from alrl.experiments.hand_written_loop import hand_written_loop
from alrl.experiments.provenance import provenance
from alrl.loop.sources import load_data_set
from alrl.loop.task import draw_task


def measured(**changes):
    known = {
        "workload": "iris, margin",
        "ours": (200.0, 300.0, 100.0),
        "cold": (10.0, 10.0, 10.0),
        "warm": (20.0, 10.0, 50.0),
        "aubc_difference": 0.001,
        "aubc_error": 0.0002,
    }
    return Measured(**(known | changes))


def test_the_two_loops_play_the_same_curve():
    task = draw_task(load_data_set("wine"), [3])
    given = bench._ours([task], "margin", 15)[0]
    assert np.allclose(given, hand_written_loop(task, "margin", 15, warm_start=False))
    assert np.allclose(given, hand_written_loop(task, "margin", 15, warm_start=True))


def test_the_two_loops_query_the_same_records_at_random():
    task = draw_task(load_data_set("iris"), [5])
    given = bench._ours([task], "random", 12)[0]
    assert np.allclose(given, hand_written_loop(task, "random", 12, warm_start=False))


def test_ratios_are_taken_within_a_repeat():
    assert measured().ratio("cold") == (20.0, 10.0, 30.0)
    assert measured().ratio("warm") == (10.0, 2.0, 30.0)


@pytest.mark.parametrize(
    ("difference", "error", "agrees"),
    [(0.001, 0.0, True), (0.01, 0.0018, True), (0.01, 0.0017, False), (-0.01, 0, False)],
)
def test_curves_agree_within_noise(difference, error, agrees):
    assert measured(aubc_difference=difference, aubc_error=error).agrees is agrees


def test_the_table_shows_medians_spread_and_verdict():
    expected = (
        "iris, margin",
        "10",
        "20",
        "200",
        "20.0 (10.0 to 30.0)",
        "10.0 (2.0 to 30.0)",
        "+0.0010 ± 0.0002, same",
    )
    assert rows([measured()]) == [expected]
    assert rows([measured(aubc_difference=0.5)])[0][-1].endswith("DIFFERENT")


def test_the_page_says_where_it_comes_from():
    source = provenance()
    text = page([measured()], Size(), source)
    assert "| iris, margin | 10 | 20 | 200 |" in text
    assert source["packages"]["torch"] in text
    assert source["cpu"]["name"] in text


def test_every_way_is_measured_in_every_repeat():
    ticks = []
    size = Size(seeds=3, reference_seeds=2, labels=3, repeats=2)
    given = measure(Workload(data_set="iris", rule="margin"), size, lambda: ticks.append(1))
    assert len(ticks) == 6
    assert len(given.ours) == len(given.cold) == len(given.warm) == 2
    assert min(given.ours + given.cold + given.warm) > 0
    assert given.aubc_difference == pytest.approx(0, abs=1e-6)


def test_the_quick_run_writes_its_numbers_and_leaves_threads_alone(tmp_path, capsys):
    threads = torch.get_num_threads()
    numbers, written = tmp_path / "deep" / "bench.json", tmp_path / "page.md"
    assert main(["--quick", "--repeats", "1", "--json", str(numbers), "--page", str(written)]) == 0
    assert torch.get_num_threads() == threads
    result = json.loads(numbers.read_text())
    assert [each["workload"] for each in result["measured"]] == [
        "breast_cancer, margin",
        "digits, margin",
        "digits, random",
    ]
    assert result["size"]["repeats"] == 1
    assert "digits, random" in written.read_text()
    assert "wrote" in capsys.readouterr().out


def test_a_difference_fails_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "measure", lambda *_: measured(aubc_difference=0.1))
    assert main(["--quick", "--json", str(tmp_path / "bench.json")]) == 1
