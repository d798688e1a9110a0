"""What a picture of the accuracy curve shows."""

from __future__ import annotations

from alrl.projects.judgement.curve import Point, drawing, share
from alrl.projects.report.figures import chart


def point(labels: int, right: int, weighted: int | None) -> Point:
    return Point(
        round=0,
        labels=labels,
        at=0.0,
        cross_validated=share(right, 100),
        weighted=None if weighted is None else share(weighted, 100),
        progressive=None,
    )


def test_a_curve_never_joins_two_estimators() -> None:
    shown = drawing([point(10, 63, None), point(20, 64, None), point(30, 65, 32), point(40, 66, 35)])
    assert shown is not None
    assert (shown.labels, [each.accuracy for each in shown.estimates]) == ((30, 40), [0.32, 0.35])
    assert (shown.other_labels, [each.accuracy for each in shown.others]) == ((10, 20), [0.63, 0.64])
    assert [caption.partition(":")[0] for caption in shown.captions[1:]] == ["hollow dots"]
    figure = chart("", shown.labels, [0.32, 0.35], beside=(shown.other_labels, [0.63, 0.64]), shown=str, across="")
    line = figure.partition('class="curve" points="')[2].partition('"')[0]
    assert len(line.split()) == figure.count('class="dot"') == figure.count('class="hollow"') == 2


def test_without_a_weighted_estimate_at_the_end_all_is_cross_validated() -> None:
    shown = drawing([point(10, 63, 30), point(20, 64, None)])
    assert shown is not None
    assert [each.accuracy for each in shown.estimates] == [0.63, 0.64]
    assert not shown.others
    assert shown.captions == ("cross-validated on what was queried, which may be harder or easier than the pool",)


def test_a_curve_runs_forward_after_labels_were_erased() -> None:
    shown = drawing([point(50, 60, None), point(60, 70, None), point(59, 65, None), point(60, 68, None)])
    assert shown is not None
    assert (shown.labels, [each.accuracy for each in shown.estimates]) == ((50, 59, 60), [0.6, 0.65, 0.68])
    assert "taken back or erased" in shown.captions[-1]
