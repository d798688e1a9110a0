"""Tables in LaTeX: as text, and set by a TeX."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alrl.evaluation.latex import COLUMN, PAGE, TEXT, tex
from alrl.evaluation.table import Bold, Table

NAMES = ("random", "margin", "expected-error-reduction", "least-confidence", "core-set", "=x_y&%$#{}~^\\", "general")


def table(strategies: int) -> Table:
    names = [f"{NAMES[place % 7]}{place // 7 or ''}" for place in range(strategies)]
    sets = ("breast_cancer", "satimage", "vowel")
    rows = tuple(
        (name, *(Bold("66.23 ± 8.61 ↓") if place == 1 else "-1.29 ± 2.00" for place in range(strategies)))
        for name in sets
    )
    return Table(
        header=("data set", *names),
        rows=rows,
        foot=(("wins / ties / losses vs margin", *["0 / 1 / 1"] * strategies),),
        caption="AUBC of accuracy in points (0 to 100), mean ± 95 % interval",
        notes="Bold: best of its data set. ↓: worse than random. Differences of -0.5 points.",
    )


def test_a_table_has_a_label_rules_real_minus_signs_and_its_notes_below() -> None:
    text = table(4).to_latex(label="area-accuracy")
    assert text.index(r"\caption") < text.index(r"\label{tab:area-accuracy}") < text.index(r"\toprule")
    assert text.index(r"\bottomrule") < text.index(r"Bold: best") < text.index(r"\end{table}")
    assert r"$-$1.29 $\pm$ 2.00" in text
    assert r"\textbf{66.23 $\pm$ 8.61 $\downarrow$}" in text
    assert "Differences of $-$0.5 points" in text
    assert "core-set" in tex("core-set")


@pytest.mark.parametrize("width", [COLUMN, TEXT, PAGE])
def test_every_column_of_a_wide_table_is_there_once(width: float) -> None:
    text = table(24).to_latex(width=width)
    assert text.count(r"$-$1.29") + text.count("66.23") == 3 * 24
    assert text.count(r"\label{") == 1
    assert ("table*" in text) == (width == PAGE)


def latex_program() -> str:
    program = shutil.which("pdflatex")
    if program is None:
        if os.environ.get("ALRL_REQUIRE_TEX") == "1":
            pytest.fail("ALRL_REQUIRE_TEX=1, but there is no pdflatex")
        pytest.skip("no pdflatex on this machine; ALRL_REQUIRE_TEX=1 makes this a failure")
    return program


def overfull(program: str, folder: Path, preamble: str, width: float) -> list[str]:
    """Set tables of 3 and of 24 strategies, and return what TeX says is too wide or too high."""
    tables = "\n\\clearpage\n".join(table(count).to_latex(width=width, label=f"t{count}") for count in (3, 24))
    (folder / "paper.tex").write_text(
        f"{preamble}\n\\usepackage[T1]{{fontenc}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n"
        f"Table \\ref{{tab:t3}}.\n{tables}\n\\end{{document}}\n",
        encoding="utf-8",
    )
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    log = (folder / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert ran.returncode == 0, log[-3000:]
    return re.findall(r"Overfull.*|.*too large.*", log)


@pytest.mark.parametrize("width", [COLUMN, TEXT, PAGE])
def test_the_tables_are_set_within_their_widths(tmp_path: Path, width: float) -> None:
    lengths = {"textwidth": width, "textheight": 9, "topmargin": -0.5}
    page = "\n".join(f"\\setlength{{\\{name}}}{{{inches}in}}" for name, inches in lengths.items())
    assert not overfull(latex_program(), tmp_path, f"\\documentclass{{article}}\n{page}", width)


@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_the_tables_are_set_in_a_paper_of_the_ieee(tmp_path: Path, width: float) -> None:
    program = latex_program()
    known = subprocess.run(["kpsewhich", "IEEEtran.cls"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    if not known.strip():
        if os.environ.get("ALRL_REQUIRE_TEX") == "1":
            pytest.fail("ALRL_REQUIRE_TEX=1, but there is no IEEEtran: install texlive-publishers")
        pytest.skip("no IEEEtran on this machine; ALRL_REQUIRE_TEX=1 makes this a failure")
    assert not overfull(program, tmp_path, "\\documentclass[journal]{IEEEtran}", width)
