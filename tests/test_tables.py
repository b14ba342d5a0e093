"""Tables as they are printed: decimals aligned, text escaped, LaTeX that compiles."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras.tables import (
    Layout,
    Printed,
    decimals,
    numbers_to_latex,
    numbers_to_markdown,
    to_latex,
    to_markdown,
    width,
)
from oda_eras.words import Column

FRAME = pd.DataFrame(
    {
        "Name": ["a_b", "50% & more"],
        "US$ million": [-1.25, 1000.0],
        "n": [3, np.nan],
        "ok": [True, False],
    }
)

PRINTED = Printed(FRAME, [Column(name, name, "", "") for name in FRAME], str)


def test_a_column_shows_one_number_of_decimals():
    assert decimals(pd.Series([1.0, 2.5, 0.125])) == 3
    assert decimals(pd.Series([1.0, 2.0, np.nan])) == 0
    text = PRINTED.text
    assert list(text["US$ million"]) == ["-1.25", "1000.00"]
    assert list(text["n"]) == ["3", ""] and list(text["ok"]) == ["yes", "no"]


def test_columns_are_named_formatted_and_put_together():
    frame = pd.DataFrame(
        {
            "era": ["E0", "E1"],
            "low": [-51.2, np.nan],
            "high": [-0.3, 3.0],
            "p": [0.0312, np.nan],
            "x": [-0.01, 1.0],
            "KAZ": [1.26, 2.0],
        }
    )
    columns = [
        Column("era", "Era", "", ""),
        Column("", "Range", "{low:+.0f} to {high:+.0f}", ""),
        Column("p", "p", ".3f", ""),
        Column("low", "Low", "", ""),
        Column("high", "High", "", ""),
        Column("*", "", ".1f", ""),
    ]
    names = {"E0": "Listing", "E1": "Eurasian", "KAZ": "Kazakhstan", "x": "x"}
    printed = Printed(frame, columns, lambda code: names.get(code, code))
    assert printed.text.to_dict("list") == {
        "Era": ["Listing", "Eurasian"],
        "Range": ["-51 to 0", ""],
        "p": ["0.031", ""],
        "Low": ["-51.2", ""],
        "High": ["-0.3", "3.0"],
        "x": ["0.0", "1.0"],
        "Kazakhstan": ["1.3", "2.0"],
    }
    assert printed.numbers == {"p", "Low", "High", "x", "Kazakhstan"}
    with pytest.raises(KeyError, match="height"):
        Printed(frame, [Column("height", "Height", "", "")], str)


def test_markdown_has_minus_signs_and_numbers_to_the_right():
    head, rule, first, second = to_markdown(PRINTED).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(FRAME)
    assert [cell[0] + cell[-1] for cell in rule.strip("|").split("|")] == [":-", "-:", "-:", ":-"]
    assert [cell.strip() for cell in first.strip("|").split("|")] == ["a_b", "−1.25", "3", "yes"]
    assert "1000.00" in second


def test_latex_aligns_decimals_and_escapes_text():
    latex = to_latex(PRINTED, label="t", title="A & B", note="100%")
    plus = "retain-explicit-plus"
    columns = f"lS[table-format=-4.2,{plus}]S[table-format=1.0,{plus}]l"
    assert Layout(PRINTED).columns() == f"@{{}}{columns}@{{}}" and columns in latex
    assert r"a\_\allowbreak{}b & -1.25 & 3 & yes" in latex and r"50\% \& more" in latex
    assert r"\caption{A \& B}" in latex and r"100\%" in latex and r"\toprule" in latex


QUOTED = {
    name: {"text": text, "unit": unit, "meaning": meaning, "in_short": first, "notebook": notebook}
    for name, text, unit, meaning, first, notebook in [
        ("peak_total", "384", "million", "peak", False, "03_patterns"),
        ("sup_f_p", "< 0.001", "p", "p of a|b", True, "05_breaks"),
        ("change", "-5%", "%", "change", False, "03_patterns"),
    ]
}


def test_numbers_become_macros_by_notebook_each_with_its_meaning():
    lines = numbers_to_latex(QUOTED).splitlines()
    group = lines.index("% 03_patterns")
    assert lines[group + 1 : group + 5] == [
        r"\oda@is{peak_total}{384}% peak, million",
        r"\oda@is{change}{\ensuremath{-}5\%}% change, %",
        "",
        "% 05_breaks",
    ]
    assert lines[-2].endswith("% p of a|b, p")


def test_the_index_of_numbers_has_those_in_short_and_a_table_for_each_notebook():
    short, patterns, breaks = numbers_to_markdown(QUOTED).split("\n## ")[1:]
    assert short.startswith("In short") and "`sup_f_p`" in short and "`peak_total`" not in short
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in patterns.splitlines()[2:]]
    assert rows[0] == ["Name", "Value", "Unit", "Meaning"]
    assert rows[2:4] == [
        ["`peak_total`", "384", "million", "peak"],
        ["`change`", "−5%", "%", "change"],
    ]
    assert r"p of a\|b" in breaks and "< 0.001" in breaks


# text widths of 160 and 165 mm, the first in one column and in two; old TeX installations have
# siunitx 2, and underscore has _ stand for itself
PAPERS = {
    "a4paper,margin=25mm": "",
    "letterpaper,margin=1in": "[=v2]",
    "a4paper,margin=25mm,twocolumn": "\\usepackage{underscore}",
}


def compile_latex(folder, body: str, name: str, paper: str = "a4paper,margin=25mm") -> str:
    """What LaTeX says of a document; skips where there is none, with its packages."""
    if not shutil.which("pdflatex"):
        pytest.skip("no LaTeX here: install one with booktabs and siunitx to run this test")
    preamble = (
        rf"\documentclass[10pt]{{article}}\usepackage[T1]{{fontenc}}\usepackage[{paper}]{{geometry}}"
        rf"\usepackage{{array,booktabs,longtable}}\usepackage{{siunitx}}{PAPERS[paper]}"
    )
    numbers = (ROOT / OUT / "numbers.tex").as_posix()
    text = f"{preamble}\\input{{{numbers}}}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    for _ in range(3):  # longtable settles its widths in later runs
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if lacks := re.search(r"File `(\S+)' not found", run.stdout):
        pytest.skip(f"this LaTeX has no {lacks[1]}: install it to run this test")
    assert run.returncode == 0, run.stdout[-1500:]
    return run.stdout


@pytest.mark.parametrize("paper", PAPERS)
def test_every_table_compiles_and_fits_the_page(paper, tmp_path):
    tables = sorted((ROOT / OUT / "tables").glob("*.tex"))
    inputs = [f"\\input{{{table.as_posix()}}}\\clearpage" for table in tables]
    said = compile_latex(tmp_path, "\n".join([*inputs, r"\oda{peak_total}"]), "tables", paper)
    assert "Float too large" not in said
    over = [line for line in said.splitlines() if line.startswith("Overfull \\hbox")]
    # a point is invisible
    wide = [line for line in over if float(line.split("(")[1].split("pt")[0]) > 1]
    assert not wide, wide


# codes of eras and states, files: what a reader of a printed table can't know
PLUMBING = re.compile(r"\bE\db?\b|\b(KAZ|KGZ|TJK|TKM|UZB|JPN)\b|\.(csv|yml|ipynb)\b|\bdata/")


@pytest.mark.parametrize(
    "table", sorted((ROOT / OUT / "tables").glob("*.tex")), ids=lambda p: p.stem
)
def test_no_plumbing_is_printed(table):
    assert not PLUMBING.search(table.read_text(encoding="utf-8"))
    assert PLUMBING.search("Source: data/eras.csv.") and PLUMBING.search("from E2b on")


def wide_table(words: int, rows: int = 2) -> Printed:
    """A table of rows with a name, two long texts and a range of numbers."""
    frame = pd.DataFrame(
        {"name": ["contradicted"], "long": ["word " * words], "longer": ["words " * 2 * words],
         "low": [-1.5], "high": [2.5]}
    )  # fmt: skip
    columns = [Column(name, name, "", "") for name in ("name", "long", "longer")]
    frame = pd.concat([frame] * rows, ignore_index=True)
    return Printed(frame, [*columns, Column("", "Range", "{low:+.1f} to {high:+.1f}", "")], str)


def test_text_is_as_wide_as_computer_modern_sets_it():
    # ten digits of 5 points, and a minus sign that is as wide as a plus
    assert width("0123456789") == 50 and width("−") == width("+") > width("-")


def test_only_tables_wider_than_the_line_have_paragraphs():
    assert Layout(wide_table(3)).paragraphs == []
    assert Layout(wide_table(30)).paragraphs == ["long", "longer"]
    assert Layout(wide_table(30)).widths["long"] < Layout(wide_table(30)).widths["longer"]
    used = sum(Layout(wide_table(30)).widths.values())
    assert 0.97 < (used * 0.85 + 3 * 6) / 455 <= 1


def test_a_table_longer_than_a_page_is_a_longtable(tmp_path):
    for rows, environment in ((3, "{table*}"), (60, "{longtable}")):
        latex = to_latex(wide_table(30, rows), label="t", title="T", note="A note.")
        assert f"\\begin{environment}" in latex
        compile_latex(tmp_path, latex, "long")


def test_a_table_without_rows_is_set_too():
    columns = [Column("name", "name", "", ""), Column("", "Range", "{low:.1f} to {low:.1f}", "")]
    empty = Printed(pd.DataFrame({"name": [], "low": []}), columns, str)
    latex = to_latex(empty, label="t", title="T", note="")
    assert "Range" in latex and "nan" not in latex


def test_text_has_minus_signs_that_old_latex_knows(tmp_path):
    latex = to_latex(wide_table(3), label="t", title="From −2", note="At -2 to −1, 1990–2000.")
    assert "−" not in latex and "\\ensuremath{-}1.5 to +2.5" in latex
    assert "At \\ensuremath{-}2 to \\ensuremath{-}1, 1990--2000." in latex
    assert "−1.5 to +2.5" in to_markdown(wide_table(3))


@pytest.mark.parametrize(
    ("low", "high", "form", "text"),
    [
        (4, 4, "{low:d} to {high:d}", "4"),
        (4, 40, "{low:d} to {high:d}", "4 to 40"),
        (0.0001, 0.0002, "{low:p} to {high:p}", "< 0.001"),
        (4, 4, "p ({low:d} to {high:d})", "p (4)"),
        (-4, 4, "{low:d} to {high:d}", "-4 to 4"),
    ],
)
def test_a_range_with_equal_ends_is_one_number(low, high, form, text):
    frame = pd.DataFrame({"low": [low], "high": [high]})
    assert list(Printed(frame, [Column("", "Range", form, "")], str).text["Range"]) == [text]


def test_numbers_print_in_latex_and_an_unknown_one_stops(tmp_path):
    numbers = json.loads((ROOT / OUT / "numbers.json").read_text(encoding="utf-8"))
    every = " ".join(f"\\oda{{{name}}}" for name in numbers)
    compile_latex(tmp_path, every, "numbers")
    with pytest.raises(AssertionError, match="no number is named nowhere"):
        compile_latex(tmp_path, "\\oda{nowhere}", "unknown")


def test_every_number_is_a_macro():
    numbers = json.loads((ROOT / OUT / "numbers.json").read_text(encoding="utf-8"))
    assert (ROOT / OUT / "numbers.tex").read_text(encoding="utf-8") == numbers_to_latex(numbers)


def test_codes_in_a_template_are_named():
    names = {"E0": "Listing", "E1": "Eurasian"}
    frame = pd.DataFrame({"before": ["E0", "E0"], "after": ["E1", np.nan], "n": [5.0, 4.0]})
    columns = [
        Column("", "Step", "{before} to {after}", ""),
        Column("", "Years", "{n:.0f} to {n:.1f}", ""),
    ]
    text = Printed(
        frame, columns, lambda code: " to ".join(names.get(end, end) for end in code.split(" to "))
    ).text
    assert text["Step"].tolist() == ["Listing to Eurasian", ""]
    assert text["Years"].tolist() == ["5 to 5.0", "4 to 4.0"]


def test_a_column_without_a_value_is_not_printed():
    frame = pd.DataFrame({"year": [2000, 2001], "p": [np.nan, np.nan]})
    columns = [Column("year", "Year", "d", ""), Column("p", "p", ".3f", "")]
    assert list(Printed(frame, columns, str).text) == ["Year"]
    assert list(Printed(frame.iloc[:0], columns, str).text) == ["Year", "p"]


def test_a_p_below_the_smallest_printed_is_still_a_number(tmp_path):
    frame = pd.DataFrame({"p": [0.0126, 0.0001], "floor": [0.008, 0.0001]})
    columns = [Column("p", "p", "p", ""), Column("", "p (floor)", "{p:p} ({floor:.3f})", "")]
    printed = Printed(frame, columns, str)
    assert list(printed.text["p"]) == ["0.013", "< 0.001"] and printed.numbers == {"p"}
    assert list(printed.text["p (floor)"]) == ["0.013 (0.008)", "< 0.001 (0.000)"]
    assert to_markdown(printed).splitlines()[1].split("|")[1].endswith(":")
    latex = to_latex(printed, label="t", title="T", note="")
    assert "S[table-format=1.3" in latex and "{\\ensuremath{<} 0.001} &" in latex
    compile_latex(tmp_path, latex, "small")
