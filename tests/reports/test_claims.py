"""Claims of a study get their verdicts on the page where they belong, with data sets as units."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from alrl.errors import InvalidRecipeError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.recipes import parse
from alrl.reports import figures
from alrl.reports.claims import ClaimVerdict, verdicts
from alrl.reports.report import report
from alrl.studies.claim_recipe import ClaimRecipe
from alrl.studies.runner import Runner
from alrl.studies.study import StudyRecipe

GAPS = [0.03, 0.02, 0.05, 0.01, 0.04, 0.06, -0.005, 0.07]


def comparison(gaps: list[float], condition: str = "") -> Comparison:
    """Two flat strategies on as many data sets as there are gaps between them."""
    return Comparison(
        Curves(
            data_set=f"set-{place}",
            strategy=strategy,
            learner="l",
            batch=1,
            seeds=(0, 1),
            accuracy=np.full((2, 3), 0.7 + (gap if strategy == "a" else 0.0)),
            balanced_accuracy=np.full((2, 3), 0.7),
            picks=np.zeros((2, 2), dtype=np.int64),
            first=np.full(2, 3),
            condition=condition,
        )
        for place, gap in enumerate(gaps)
        for strategy in ("a", "b")
    )


def only(claims: list[ClaimRecipe], *comparisons: Comparison) -> list[ClaimVerdict]:
    return [verdict for of_page in verdicts(claims, comparisons, "accuracy").values() for verdict in of_page]


def test_a_claim_is_tested_by_scipys_signed_rank_test_in_its_direction() -> None:
    above, below = (ClaimRecipe(contrast=("a", "b"), direction=each, family=each) for each in ("greater", "less"))
    supported, contradicted = only([above, below], comparison(GAPS))
    expected = stats.wilcoxon(100 * np.array(GAPS), zero_method="zsplit", alternative="greater").pvalue
    assert supported.p == supported.corrected == pytest.approx(expected)
    assert supported.effect.value == pytest.approx(100 * np.mean(GAPS))
    assert (supported.verdict, contradicted.verdict) == ("supported", "contradicted")
    assert "mean difference +3.44 points over 8 data sets, 95 % interval +" in supported.evidence


def test_claims_of_one_family_are_corrected_together_and_others_apart() -> None:
    claims = [ClaimRecipe(contrast=("a", "b"), direction="different") for _ in range(3)]
    three = only(claims, comparison(GAPS))
    assert three[0].p is not None
    assert [each.corrected for each in three] == pytest.approx([3 * three[0].p] * 3)
    assert "corrected by Holm for 3 tests of the family 'claims'" in three[0].evidence
    apart = only([each.model_copy(update={"family": str(n)}) for n, each in enumerate(claims)], comparison(GAPS))
    assert [each.corrected for each in apart] == [each.p for each in three]


def test_a_difference_of_differences_stands_on_the_page_of_its_condition() -> None:
    noisy, clean = comparison([gap + 0.02 for gap in GAPS], "noisy"), comparison(GAPS, "clean")
    claim = ClaimRecipe(contrast=("a", "b"), condition="noisy", against_condition="clean")
    pages = verdicts([claim], [clean, noisy], "accuracy")
    assert {setting[1]: len(each) for setting, each in pages.items()} == {"clean": 0, "noisy": 1}
    (verdict,) = pages["l", "noisy", 1]
    assert verdict.effect.value == pytest.approx(2.0)
    # All eight differences are on one side: 1 / 2^8.
    assert verdict.p == pytest.approx(stats.wilcoxon(np.full(8, 2.0), alternative="greater").pvalue)
    assert claim.words == "a above b under noisy, more so than under clean"


def test_too_few_data_sets_are_not_tested_and_no_difference_is_not_shown() -> None:
    claim = ClaimRecipe(contrast=("a", "b"))
    (few,) = only([claim], comparison(GAPS[:5]))
    assert (few.verdict, few.p, few.evidence.endswith("a test needs 6 data sets.")) == ("not testable", None, True)
    (none,) = only([claim], comparison([0.0] * 8))
    assert (none.verdict, none.p) == ("not shown", 1.0)


STUDY = {
    "title": "t",
    "data": ["iris"],
    "agents": ["margin", "random"],
    "labels": 2,
    "seeds": 2,
    "conditions": [{"name": "clean"}, {"name": "noisy", "annotator": {"kind": "noisy", "rate": 0.2}}],
    "claims": [{"contrast": ["margin", "random"], "condition": "noisy", "against_condition": "clean"}],
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"contrast": ["margin", "entropy"]}, "names 'entropy', which is not among agents"),
        ({"contrast": ["margin", "margin"]}, "names 'margin' twice"),
        ({"contrast": ["margin", "random"], "condition": "late"}, "names 'late', which is not among conditions"),
        ({"contrast": ["margin", "random"], "against_condition": "clean"}, "name another one under condition"),
    ],
)
def test_a_claim_that_the_study_cannot_answer_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        parse(StudyRecipe, {**STUDY, "claims": [changed]}, where="test")


def test_a_page_opens_with_the_verdicts_that_belong_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "save", lambda *_, **__: ())
    monkeypatch.setattr(figures, "as_svg", lambda _: "<svg/>")
    Runner(study=parse(StudyRecipe, STUDY, where="test"), folder=tmp_path, workers=1).run()
    files = report(tmp_path)
    clean, noisy = (path.read_text(encoding="utf-8") for path in files.pages)
    assert "<strong>not testable</strong>: margin above random under noisy, more so than under clean." in noisy
    assert re.search(r"</h1>\s*<nav [^>]*>.*?</nav>\s*<ul class=\"claims\"", noisy)
    assert 'class="claims"' not in clean
    summary = next(path for path in files.texts if "noisy" in path.name).read_text(encoding="utf-8")
    assert "- **not testable**: margin above random under noisy" in summary
