"""The front page's words: the run's numbers in README.md's sentences, and how to cite."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

from oda_eras.front import citation, downloads, question_and_answer

README = """# A title

[![check](a.svg)](b)

Who gave
what?

1. **Much.** It peaked at 384<!-- peak --> in 2019 (or +9%<!--
   change -->).
2. Then it fell.

More.
"""
NUMBERS = {"peak": {"text": "401"}, "change": {"text": "-2%"}}


def test_the_answer_has_the_numbers_of_the_run():
    question, answer = question_and_answer(README, NUMBERS)
    assert question == "Who gave\nwhat?"
    assert answer == "1. **Much.** It peaked at 401 in 2019 (or −2%).\n2. Then it fell."


def test_a_number_that_the_run_has_not_is_named():
    with pytest.raises(ValueError, match="the run has no number change"):
        question_and_answer(README, {"peak": NUMBERS["peak"]})


@pytest.mark.parametrize("code", ["", "https://example.org/oda"])
def test_the_citation_is_that_of_citation_cff(tmp_path, code):
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    text = re.sub(r"^repository-code:.*\n", "", text, flags=re.MULTILINE)
    (tmp_path / "CITATION.cff").write_text(text + (f"repository-code: {code}\n" if code else ""))
    cited = citation(tmp_path)
    assert cited["text"].startswith("The oda-eras authors (2026). oda-eras: Japan's ODA")
    assert cited["text"].endswith(f"Version {cited['version']}.")
    assert cited["code"] == code
    assert (f"url = {{{code}}}" in cited["bibtex"]) == bool(code)


def test_what_a_run_has_not_made_is_not_offered(tmp_path):
    outputs = tmp_path / "DEU"
    (outputs / "tables").mkdir(parents=True)
    assert downloads(ROOT, outputs, tmp_path) == []
    (outputs / "tables/t01.csv").write_text("year\n2019\n")
    (outputs / "numbers.tex").write_text("")
    offered = {each["name"]: each["links"] for each in downloads(ROOT, outputs, tmp_path)}
    assert offered == {
        "tables": [("ZIP, 0.0 MB", "oda-eras-DEU-tables.zip")],
        "numbers": [("LaTeX", "../numbers.tex")],
    }
    assert [path.name for path in Path(tmp_path).glob("*.zip")] == ["oda-eras-DEU-tables.zip"]
