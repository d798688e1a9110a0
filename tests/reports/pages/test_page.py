"""The page, as text and in a real browser."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import METRICS, Curves
from alrl.evaluation.statistics import break_even
from alrl.reports.pages import About, MissingReportExtraError, page
from alrl.reports.pages.about import Still
from alrl.reports.pages.checklist import Item
from alrl.reports.summary import summarise


def write_page(comparison: Comparison, folder: Path, **about: Any) -> Path:
    summaries = [summarise(comparison, metric=metric, emphasis="general") for metric in METRICS]
    path = folder / "index.html"
    path.write_text(page(comparison, summaries, About(**({"title": "A study"} | about))), encoding="utf-8")
    return path


def open_page(browser: Any, path: Path, width: int = 1280) -> tuple[Any, list[str], list[str]]:
    tab = browser.new_page(viewport={"width": width, "height": 844})
    complaints: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(path.as_uri())
    tab.wait_for_selector("body[data-ready=true]", timeout=20_000)
    return tab, complaints, requests


def line_paths(tab: Any, chart: str = "curves") -> list[str]:
    script = "(id) => [...document.querySelectorAll(`#${id} .mark-line path`)].map((p) => p.getAttribute('d'))"
    return list(tab.evaluate(script, chart))


def test_the_page_works_in_chromium_without_complaint_or_request(
    browser: Any, tmp_path: Path, comparison: Comparison
) -> None:
    path = write_page(comparison, tmp_path)
    tab, complaints, requests = open_page(browser, path)
    first = line_paths(tab)
    assert len(first) == 6
    assert all(len(each) > 50 for each in first)
    assert tab.locator("#curves .mark-area path").count() == 6
    assert tab.locator("#differences .mark-line path").count() == 5
    assert tab.locator("#differences .mark-rule.role-mark line").count() == 1

    tab.select_option("#data-set", "vowel")
    tab.wait_for_function(
        "(old) => document.querySelector('#curves .mark-line path').getAttribute('d') !== old", arg=first[0]
    )
    second = line_paths(tab)
    assert len(second) == 6
    tab.select_option("#metric", "balanced_accuracy")
    tab.wait_for_timeout(200)

    box = tab.locator(".keys input[value=random]")
    box.focus()
    tab.keyboard.press("Space")
    tab.wait_for_function("() => document.querySelectorAll('#curves .mark-line path').length === 5")
    assert tab.locator("#differences .mark-line path").count() == 4

    area = tab.locator("#curves svg.marks").bounding_box()
    tab.mouse.move(area["x"] + area["width"] / 2, area["y"] + 100)
    tab.wait_for_selector("#vg-tooltip-element.visible")
    tip = tab.locator("#vg-tooltip-element").inner_text()
    assert any(name in tip for name in comparison.strategies)
    assert "95 % from" in tip
    assert complaints == []
    assert requests == [path.as_uri()]


def press(tab: Any, slider: str, key: str, times: int) -> None:
    tab.locator(f"#{slider}").focus()
    for _ in range(times):
        tab.keyboard.press(key)


def shown(tab: Any, name: str) -> str:
    return str(tab.locator(f"#{name}").inner_text())


RULE = (
    "Number(document.querySelector('#savings .mark-rule.role-mark line').getAttribute('transform').match(/[0-9.]+/)[0])"
)


def test_of_six_strategies_the_subject_and_random_alone_have_a_band(
    browser: Any, tmp_path: Path, comparison: Comparison
) -> None:
    tab, _, _ = open_page(browser, write_page(comparison, tmp_path))
    read = "() => [...document.querySelectorAll('#curves .mark-area path')].map((p) => p.getAttribute('opacity'))"
    assert sorted(map(float, tab.evaluate(read))) == [0, 0, 0, 0, 0.12, 0.28]
    widths = (
        "() => [...document.querySelectorAll('#curves .mark-line path')].map((p) => p.getAttribute('stroke-width'))"
    )
    assert max(map(float, tab.evaluate(widths))) == pytest.approx(1.5 * 1.9)


def test_the_sliders_move_the_break_even_to_what_the_formula_gives(
    browser: Any, tmp_path: Path, comparison: Comparison
) -> None:
    tab, complaints, _ = open_page(browser, write_page(comparison, tmp_path))
    assert shown(tab, "rounds-value") == "12"
    assert float(shown(tab, "break-even").split()[0]) == pytest.approx(100 * break_even(1, 0.001, 12), abs=0.05)
    before = tab.evaluate(RULE)
    # By keyboard alone: twelve rounds to ten, and 0.001 up the scale 1, 2, 5 to 0.5.
    press(tab, "rounds", "ArrowLeft", 2)
    press(tab, "compute-price", "ArrowRight", 8)
    assert (shown(tab, "label-price-value"), shown(tab, "compute-price-value")) == ("1", "0.5")
    assert shown(tab, "break-even") == "60.0 %"
    assert tab.locator("#compute-price").get_attribute("aria-valuetext") == "0.5"
    tab.wait_for_function(f"{RULE} > {before} + 50")
    # Dearer labels: 0.5 for training on a record beside 2 a label.
    press(tab, "label-price", "ArrowRight", 1)
    assert float(shown(tab, "break-even").split()[0]) == pytest.approx(100 * break_even(2, 0.5, 10), abs=0.05)
    press(tab, "rounds", "Home", 1)
    assert shown(tab, "break-even") == "0.0 %"

    # The verdict counts data sets on which more was saved.
    press(tab, "rounds", "ArrowRight", 1)
    summary = summarise(comparison, emphasis="general")
    need = break_even(2, 0.5, 2)
    savings = [summary.cells[data_set, "general"].saving for data_set in summary.data_sets]
    assert f"general on {sum(each is not None and each.value > need for each in savings)} of 2" in shown(tab, "pays")
    assert "random" not in shown(tab, "pays")
    assert complaints == []


def test_what_is_chosen_is_seen_in_every_chart(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    tab, complaints, _ = open_page(browser, write_page(comparison, tmp_path))
    points = "document.querySelectorAll('#savings .mark-symbol path').length"
    assert tab.evaluate(points) == 2 * 5
    assert len(line_paths(tab, "profile")) == 5
    tab.locator(".keys input[value=margin]").uncheck()
    tab.wait_for_function(f"{points} === 2 * 4")
    assert len(line_paths(tab)) == 5
    assert len(line_paths(tab, "profile")) == 4
    assert "margin" not in shown(tab, "pays")

    first = line_paths(tab, "differences")[0]
    tab.select_option("#against", "random")
    tab.wait_for_function(
        "(old) => document.querySelector('#differences .mark-line path').getAttribute('d') !== old", arg=first
    )
    assert len(line_paths(tab, "differences")) == 4

    reached: list[str] = []
    tab.locator("h1").click()
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.value || ''"))
    wanted = ["data-set", "metric", "general", "random", "against", "label-price", "compute-price", "rounds"]
    places = [reached.index(name) for name in wanted]
    assert places == sorted(places)
    assert complaints == []


def test_figures_and_checklist_are_words_too(tmp_path: Path, comparison: Comparison) -> None:
    item = Item(question="Is it?", status="partly", answer="<b>")
    still = Still(name="outcomes", svg="<svg/>", alternative='a "matrix"')
    text = write_page(comparison, tmp_path, checklist=[item], stills=[still], remarks=["Not & shown."]).read_text()
    assert '<span class="partly">partly</span></td><td>&lt;b&gt;</td>' in text
    assert 'alt="a &quot;matrix&quot;" src="data:image/svg+xml;base64,PHN2Zy8+"' in text
    assert "Not &amp; shown." in text


def test_the_page_fits_a_phone(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    tab, complaints, _ = open_page(browser, write_page(comparison, tmp_path), width=390)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("label-price", "compute-price", "rounds", "data-set"):
        box = tab.locator(f"#{name}").bounding_box()
        assert 100 < box["width"] <= 390
    assert tab.locator("#curves svg.marks").bounding_box()["width"] <= 390
    assert complaints == []


def test_the_page_works_with_hostile_names(
    browser: Any, tmp_path: Path, make_curves: Callable[..., list[Curves]]
) -> None:
    name = "</script><img src=x onerror=alert(1)>'\"&"
    comparison = Comparison(make_curves((name,), ("margin", "general", "random"), seeds=3, labels=4))
    tab, complaints, requests = open_page(browser, write_page(comparison, tmp_path, title=name))
    assert len(line_paths(tab)) == 3
    assert tab.locator("img").count() == 0
    assert complaints == []
    assert len(requests) == 1


def test_the_text_says_what_was_done(tmp_path: Path, comparison: Comparison) -> None:
    text = write_page(
        comparison,
        tmp_path,
        hypothesis="It is better.",
        command="alrl run experiments/quickstart.toml",
        settings={"labels": 12, "split": {"pool": 0.5}},
        provenance=[{"git": {"commit": "abc", "dirty": True}}],
        mark="INCOMPLETE: 1 of 2",
        files=["table.md"],
    ).read_text(encoding="utf-8")
    for part in (
        "<h1>A study</h1>",
        "It is better.",
        "<code>alrl run experiments/quickstart.toml</code>",
        "<dd>pool 0.5</dd>",
        "<dd>commit abc, dirty yes</dd>",
        "INCOMPLETE: 1 of 2",
        'href="table.md"',
        "wins / ties / losses vs margin",
        "No test and no interval across data sets: they need 6 of them.",
    ):
        assert part in text


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, comparison: Comparison
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingReportExtraError, match=r'pip install "alrl\[report\]"'):
        write_page(comparison, tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_of_access_on_the_page(
    browser: Any, tmp_path: Path, comparison: Comparison, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    still = Still(name="outcomes", svg="<svg xmlns='http://www.w3.org/2000/svg'/>", alternative="A matrix")
    items = [Item(question="Seeds told?", status="yes", answer="10"), Item(question="Power?", status="no", answer="-")]
    path = write_page(
        comparison, tmp_path, stills=[still], checklist=items, mark="INCOMPLETE: 1 of 2", command="alrl run x"
    )
    tab, _, _ = open_page(browser, path)
    tab.emulate_media(color_scheme=scheme)
    tab.wait_for_timeout(500)
    # WCAG 2.2, A and AA: contrast, names for readers of screens, keyboard, structure.
    result = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    given = [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in result.response["violations"]]
    assert given == []


def test_titles_of_axes_are_whole_on_a_phone(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    path = write_page(comparison, tmp_path)
    tab, _, _ = open_page(browser, path, width=360)
    script = """() => [...document.querySelectorAll('.chart svg.marks')].flatMap((svg) => {
        const frame = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('.role-axis-title text')].map((text) => {
            const box = text.getBoundingClientRect();
            return [text.textContent, text.textContent.includes('…') || box.left < frame.left - 1
                || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1];
        });
    })"""
    titles = tab.evaluate(script)
    assert len(titles) >= 7
    assert [title for title, cut in titles if cut] == []
