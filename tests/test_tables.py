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
    Printed,
    column_format,
    decimals,
    numbers_to_latex,
    numbers_to_markdown,
    to_latex,
    to_markdown,
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
    _, columns = column_format(PRINTED.text, PRINTED.numbers)
    plus = "retain-explicit-plus"
    assert columns == f"lS[table-format=-4.2,{plus}]S[table-format=1.0,{plus}]l"
    assert r"a\_\allowbreak{}b & -1.25 & 3 & yes" in latex and r"50\% \& more" in latex
    assert r"\caption{A \& B}" in latex and r"100\%" in latex and r"\toprule" in latex


QUOTED = {
    "peak_total": {"text": "384", "unit": "million", "meaning": "peak", "notebook": "03_patterns"},
    "sup_f_p": {"text": "< 0.001", "unit": "", "meaning": "p of a|b", "notebook": "05_breaks"},
    "change": {"text": "-5%", "unit": "%", "meaning": "change", "notebook": "03_patterns"},
}


def test_numbers_become_macros_by_notebook_each_with_its_meaning():
    lines = numbers_to_latex(QUOTED).splitlines()
    group = lines.index("% 03_patterns")
    assert lines[group + 1 : group + 5] == [
        r"\@namedef{oda@peak_total}{384}% peak, million",
        r"\@namedef{oda@change}{\ensuremath{-}5\%}% change, %",
        "",
        "% 05_breaks",
    ]
    assert lines[-2].endswith("% p of a|b")


def test_the_index_of_numbers_has_a_table_for_each_notebook():
    patterns, breaks = numbers_to_markdown(QUOTED).split("\n## ")[1:]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in patterns.splitlines()[2:]]
    assert rows[0] == ["Name", "Value", "Unit", "Meaning"]
    assert rows[2:4] == [
        ["`peak_total`", "384", "million", "peak"],
        ["`change`", "−5%", "%", "change"],
    ]
    assert r"p of a\|b" in breaks and "< 0.001" in breaks


def test_no_number_that_is_a_p_is_printed_as_zero():
    numbers = json.loads((ROOT / OUT / "numbers.json").read_text(encoding="utf-8"))
    ps = {n: e for n, e in numbers.items() if re.search(r"\bp\b", e["meaning"]) and e["value"] % 1}
    assert len(ps) > 20
    assert not [name for name, entry in ps.items() if not re.search("[1-9]", entry["text"])]


def compile_latex(folder, body: str, name: str) -> str:
    """What LaTeX says of a document; skips where there is none, with its packages."""
    if not shutil.which("pdflatex"):
        pytest.skip("no LaTeX here: install one with booktabs and siunitx to run this test")
    preamble = (
        r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage[a4paper,margin=2cm]{geometry}"
        r"\usepackage{array,booktabs,longtable,siunitx}"
    )
    numbers = (ROOT / OUT / "numbers.tex").as_posix()
    text = f"{preamble}\\input{{{numbers}}}\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    for _ in range(2):  # longtable settles its widths on the second run
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if "File `siunitx.sty' not found" in run.stdout:
        pytest.skip("this LaTeX has no siunitx: install it to run this test")
    assert run.returncode == 0, run.stdout[-1500:]
    return run.stdout


@pytest.mark.parametrize(
    "table", sorted((ROOT / OUT / "tables").glob("*.tex")), ids=lambda p: p.stem
)
def test_every_table_compiles_and_fits_the_page(table, tmp_path):
    said = compile_latex(tmp_path, f"\\input{{{table.as_posix()}}}", "table")
    over = [line for line in said.splitlines() if line.startswith("Overfull \\hbox")]
    # a point or two is invisible
    wide = [line for line in over if float(line.split("(")[1].split("pt")[0]) > 5]
    assert not wide, wide


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
    assert "S[table-format=1.3" in latex and "{$< 0.001$} &" in latex
    compile_latex(tmp_path, latex, "small")
