"""The page, as text and in a real browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alrl.experiments.page import About, MissingReportExtraError, page
from alrl.experiments.summary import summarise
from alrl.loop.comparison import Comparison
from alrl.loop.curves import METRICS, Curves

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def write_page(comparison: Comparison, folder: Path, **about: Any) -> Path:
    summaries = [summarise(comparison, metric=metric, emphasis="general") for metric in METRICS]
    path = folder / "index.html"
    path.write_text(page(comparison, summaries, About(**({"title": "A study"} | about))), encoding="utf-8")
    return path


@pytest.fixture
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        if os.environ.get("ALRL_REQUIRE_BROWSER") == "1":
            pytest.fail("ALRL_REQUIRE_BROWSER=1, but there is no chromium or no playwright")
        pytest.skip("no chromium or no playwright on this machine; ALRL_REQUIRE_BROWSER=1 makes this a failure")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield opened
        opened.close()


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


def test_the_page_fits_a_phone(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    tab, complaints, _ = open_page(browser, write_page(comparison, tmp_path), width=390)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
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
        "No test across data sets: it needs 6 of them, here are 2.",
    ):
        assert part in text


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, comparison: Comparison
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingReportExtraError, match=r'pip install "alrl\[report\]"'):
        write_page(comparison, tmp_path)
