"""The benchmark's command writes what it saw and says whether the sides agree; growth is drawn as it was measured."""

from __future__ import annotations

import json

import pytest

from alrl.learners import SoftmaxRegression
from alrl.loop.learner import FitReport
from alrl.metadata import DEFAULT_GROUPS
from alrl.studies.provenance import provenance
from benchmarks import command, growth
from benchmarks.agreement import Agreement
from benchmarks.command import main
from benchmarks.environment import EnvSpeed, PolicyCost, recipe
from benchmarks.growth import SCRATCH, WARM_START, Growth, measure_growth
from benchmarks.growth_figure import growth_figure
from benchmarks.measure import COLD, WARM, Measured
from benchmarks.recipe_speeds import RecipeSpeed
from benchmarks.report import BenchReport
from benchmarks.shares import PARTS, Shares
from benchmarks.workloads import QUICK, WORKLOADS, Size

NONE, APART = Agreement(differences=(0.001, -0.001) * 8), Agreement(differences=(0.05, 0.06) * 8)
PEERS = {"modAL": "0.4.2.1", "scikit-activeml": None}


def grown(learner="softmax-regression", **changes):
    labels = tuple(range(4, 404, 4))
    known = {"learner": learner, "labels": labels, "multiply_adds": None, "seconds": (1.0,) * 100}
    return [
        Growth(**(known | {"start": start, "multiply_adds": tuple(map(float, work))} | changes))
        for start, work in ((SCRATCH, labels), (WARM_START, (7.0,) * 100))
    ]


WINE = tuple(
    RecipeSpeed(recipe="wine", episodes=B, steps=(10, 20), seconds=(1.0, 4.0), starts=(0.512, 0.512))
    for B in (1, 64, 512)
)


def report(free=NONE, recipes=WINE):
    measured = Measured(
        workload=WORKLOADS["W2"],
        ours={(1, 1): (1000.0, 2000.0), (64, 1): (7000.0, 7000.0), (64, 2): (9000.0, 8000.0)},
        theirs={COLD: (100.0, 100.0), WARM: (200.0, 200.0), "modAL": (50.0, 50.0)},
        free=free,
        replayed=NONE,
    )
    spent = dict.fromkeys(PARTS, 0.0) | {"fit": 0.75, "the rest": 0.25}
    return BenchReport(
        size=Size(repeats=2, episodes=(1, 64)),
        measured=(measured,),
        shares=(Shares(workload="W2", episodes=64, seconds_a_step=1e-4, shares=spent, multiply_adds_a_step=2e5),),
        recipes=recipes,
        environments=(
            EnvSpeed(data_set="digits", episodes=64, workers=1, speeds=(1000.0, 3000.0), by_hand=(100.0, 100.0)),
        ),
        policies=(PolicyCost(data_set="digits", ratios=(2.5, 1.5)),),
        growth=tuple(grown()),
        rate=1e10,
        peers=PEERS,
        gpu=None,
        large_pool=(),
        source=provenance(),
    )


@pytest.fixture
def seen(monkeypatch):
    """What the command asks to be measured, which is not done."""
    wanted = {}

    def run(workloads, size, **named):
        wanted.update(named, names=[each.name for each in workloads], size=size)
        return wanted.get("report") or report()

    monkeypatch.setattr(command, "run", run)
    return wanted


def test_the_whole_is_measured_and_written(tmp_path, seen, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert seen["names"] == ["W1", "W2", "W3", "W4", "W5"]
    assert seen["size"] == Size()
    assert seen["rest"]
    assert seen["recipes"]
    assert seen["large_pool"]
    numbers = json.loads((tmp_path / "runs" / "bench.json").read_text())
    (workload,) = numbers["measured"]
    assert workload["ours"][2]["ratio_to"]["cold"] == {"median": 85.0, "least": 80.0, "largest": 90.0}
    assert workload["theirs"]["modAL"]["steps_a_second"] == [50.0, 50.0]
    assert numbers["shares"][0]["floor_share"] == pytest.approx(0.2)
    assert (tmp_path / "docs" / "figures" / "growth.png").stat().st_size > 10_000
    assert (tmp_path / "docs" / "figures" / "growth.pdf").is_file()
    assert "](figures/growth.png)" in (tmp_path / "docs" / "benchmarks.md").read_text()
    assert "docs/benchmarks.md" in capsys.readouterr().out


def test_a_part_or_a_quick_run_replaces_no_page(tmp_path, seen, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["--only", "w2", "--large-pool", "--repeats", "3"]) == 0
    assert (seen["names"], seen["size"].repeats, seen["rest"], seen["large_pool"]) == (["W2"], 3, False, True)
    assert main(["--quick"]) == 0
    assert (seen["size"], seen["rest"], seen["large_pool"], seen["recipes"]) == (QUICK, True, False, True)
    assert not (tmp_path / "docs").exists()


def test_recipes_alone_replace_their_section_of_the_page_and_no_other(tmp_path, seen, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "docs" / "benchmarks.md"
    assert main([]) == 0
    whole = target.read_text()
    old = "| wine | 8 (5 to 10) | 480 (320 to 640) | 3,840 (2,560 to 5,120) | 1.0 |"
    assert old in whole
    begin, end = whole.index("## Environment recipes"), whole.index("## Where the time goes")
    seen["report"] = report(
        recipes=(RecipeSpeed(recipe="text", episodes=1, steps=(7,), seconds=(1.0,), starts=(2.0,)),)
    )
    assert main(["--recipes"]) == 0
    assert (seen["names"], seen["rest"], seen["recipes"], seen["large_pool"]) == ([], False, True, False)
    given = target.read_text()
    assert "| text | 7 (7 to 7) |" in given
    assert old not in given
    assert given.startswith(whole[:begin])
    assert given.endswith(whole[end:])
    target.write_text(whole[:begin] + whole[end:])
    assert main(["--recipes"]) == 0
    added = target.read_text()
    assert added.index("## Growth") < added.index("## Environment recipes") < added.index("## Where and when")
    assert main(["--recipes", "--only", "W1"]) == 2


def test_a_difference_fails_the_run(tmp_path, seen, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen["report"] = report(free=APART)
    assert main(["--quick"]) == 1


def test_bad_input_is_said_in_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--only", "W7"]) == 2
    assert 'unknown workload "W7"' in capsys.readouterr().out
    assert main(["--repeats", "0"]) == 2
    assert not list(tmp_path.iterdir())


def test_the_page_has_verdicts_speeds_ratios_and_where_they_come_from():
    source = provenance()
    given = command.page(report(), "figures/growth.png")
    for line in (
        "| W2, 64 episodes or more (best: 64 with 2 workers) | ≥ 180 × | 85 (80 to 90) | short by 53 % |",
        "| W2, one episode | ≥ 8 × | 15 (10 to 20) | reached |",
        "| W1 on a GPU, 4,096 episodes | ≥ 1,000 × | – |",
        "32 candidates, all features, paired | ≥ 30 × | 20 (10 to 30) | short by 33 % |",
        "| general over margin in simulate, digits, 64 episodes | ≤ 2 × | 2 (1.5 to 2.5) | reached |",
        "| hand-written, cold | 100 |",
        "| scikit-activeml | not installed |",
        "| alrl, 64 episodes, 2 workers | 8,500 |",
        "| modAL | 0.5 (0.5 to 0.5) |",
        "| W2, 64 episodes | 100 | 75% | 0% | 0% | 0% | 0% | 25% | 0.20 M | 20% |",
        "| softmax-regression | from scratch | 1.98 | 1.00 | 0 M | 100.00 s |",
    ):
        assert line in given, line
    assert source["packages"]["torch"] in given
    assert source["cpu"]["name"] in given
    assert "scikit-activeml not installed" in given


def test_the_figure_has_a_row_a_learner_and_a_line_a_way():
    figure = growth_figure([*grown(), *grown("multilayer-perceptron", multiply_adds=None)])
    panels = figure.axes
    assert [axes.get_title(loc="left") for axes in panels[::2]] == ["softmax-regression", "multilayer-perceptron"]
    assert [len(axes.lines) for axes in panels] == [2, 2, 0, 2]
    scratch = panels[0].lines[0]
    assert scratch.get_ydata()[:3].tolist() == [4.0, 12.0, 24.0]
    assert scratch.get_label() == "from scratch: labels to the 1.98"
    assert panels[0].get_yscale() == "log"


class Counted(SoftmaxRegression):
    """Says that a fit takes a multiply-add for each labelled record."""

    def fit(self, X, y, weight, class_mask):
        done = super().fit(X, y, weight, class_mask)
        return FitReport(
            iterations=done.iterations, converged=done.converged, multiply_adds=weight.sum(1).double(), seconds=0.5
        )


def test_growth_is_what_the_fits_report(monkeypatch):
    settings = {}
    monkeypatch.setattr(growth, "make_learner", lambda name, **given: settings.update(given, name=name) or Counted())
    ticks = []
    result = measure_growth("softmax-regression", SCRATCH, {"warm_start": False}, loops=5, tick=ticks.append)
    assert settings == {"name": "softmax-regression", "warm_start": False}
    assert result.labels == (4, 8, 12, 16, 20)
    # Ten classes, one label each to start.
    assert result.multiply_adds == (14.0, 18.0, 22.0, 26.0, 30.0)
    assert result.seconds == (0.5,) * 5
    assert len(ticks) == 5


def test_the_environment_has_all_features_and_as_many_candidates_as_the_target_says():
    made = recipe("digits")
    assert made.observation.features == DEFAULT_GROUPS
    assert made.action.candidates.count == 32
    assert made.budget.labels == 100
    assert made.reward.against == "margin"
