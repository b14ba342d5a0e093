"""The codebook describes every table of data/, once, and what is published quotes it."""

import json
import re

import pandas as pd
import pytest
from conftest import ROOT
from frictionless import Package

from oda_eras import record_raw
from oda_eras.codebook import CODEBOOK, read_codebook
from oda_eras.datapackage import describe_project_tables
from oda_eras.notebook import Notebook
from oda_eras.words import WordsError

pytestmark = pytest.mark.usefixtures("read_once")


def edit(project, old: str, new: str) -> None:
    """Replace text in the codebook."""
    path = project / CODEBOOK
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_package_is_what_codebook_and_tables_give(project):
    described = json.loads((project / "data/datapackage.json").read_text(encoding="utf-8"))
    assert described == describe_project_tables(project)
    report = Package(str(project / "data/datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])[:3]


def test_titles_columns_and_their_lines_are_read():
    table = read_codebook(ROOT)["citations.csv"]
    assert table.title == "Faults of citation in the article, outside the counts of claims"
    assert table.columns["fault"] == "what is wrong"
    line = (ROOT / CODEBOOK).read_text(encoding="utf-8").splitlines()[table.lines["fault"] - 1]
    assert line == "| `fault` | what is wrong |"


def test_columns_are_described_in_the_order_of_the_table():
    table = read_codebook(ROOT)["citations.csv"]
    assert list(table.of(["fault", "id", "where"])) == ["fault", "id", "where"]


ROW, HEADING = "| `fault` | what is wrong |", "## citations.csv"
TITLE = "Faults of citation in the article, outside the counts of claims."
# what is replaced by what, the line that the message must name, and how it goes on
CASES = {
    "a column without description": (f"{ROW}\n", "", HEADING, "citations.csv has a column fault"),
    "a misspelt column": (ROW, "| `falut` | x |", HEADING, "citations.csv has a column fault"),
    "a description without its column": (
        ROW, f"{ROW}\n| `blame` | x |", "| `blame` | x |", "citations.csv has no column blame"
    ),
    "a column described twice": (
        ROW, "| `id` | what is wrong |", "| `id` | what is wrong |", "citations.csv: a second row"
    ),
    "no description": (ROW, "| `fault` | |", "| `fault` | |", "expected | `column` | meaning |"),
    "a cell too many": (ROW, f"{ROW} b |", f"{ROW} b |", "expected | `column` | meaning |"),
    "a section twice": (HEADING, "## eras.csv", "## eras.csv", "eras.csv stands in line"),
    "no such table": (HEADING, "## cites.csv", "## cites.csv", "there is no data/cites.csv"),
    "no title": (f"{TITLE}\n", "", HEADING, "citations.csv has no title of one line"),
    "a title of two lines": (TITLE, "Faults\nof citation.", HEADING, "citations.csv has no title"),
    "no columns": (
        HEADING, f"## empty.csv\nA title.\n\n{HEADING}", "## empty.csv", "empty.csv has no column"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_named_with_file_and_line(project, case):
    old, new, line, words = CASES[case]
    edit(project, old, new)
    with pytest.raises(WordsError) as caught:
        describe_project_tables(project)
    named = re.match(rf"{CODEBOOK}, line (\d+): (.*)", str(caught.value))
    assert named[2].startswith(words)
    lines = (project / CODEBOOK).read_text(encoding="utf-8").splitlines()
    assert int(named[1]) == len(lines) - lines[::-1].index(line)  # the last of equals


def test_a_table_without_a_section_is_named(project):
    edit(project, "## citations.csv", "## Faults of citation")
    with pytest.raises(WordsError, match=r"data/citations\.csv has no section"):
        describe_project_tables(project)


def test_an_edit_of_the_codebook_is_recorded(project, monkeypatch):
    monkeypatch.chdir(project)
    edit(project, "| `fault` | what is wrong |", "| `fault` | what should be mended |")
    record_raw.record(project)
    package = json.loads((project / "data/datapackage.json").read_text(encoding="utf-8"))
    (table,) = (r for r in package["resources"] if r["path"] == "citations.csv")
    assert table["schema"]["fields"][2]["description"] == "what should be mended"


def test_a_refreshed_table_is_recorded(project, monkeypatch):
    monkeypatch.chdir(project)
    figures = project / "data/raw/article_figures.csv"
    before = (project / "data/sources.yml").read_text(encoding="utf-8")
    figures.write_text(figures.read_text(encoding="utf-8").replace("2.57", "2.58"), "utf-8")
    claims = project / "data/claims.csv"  # the claim that the figure is of
    claims.write_text(claims.read_text(encoding="utf-8").replace("2.57", "2.58"), "utf-8")
    record_raw.record(project)
    after = (project / "data/sources.yml").read_text(encoding="utf-8")
    changed = set(after.splitlines()) - set(before.splitlines())
    assert len(changed) == 1 and changed.pop().startswith("  sha256: ")


def test_a_copy_of_a_raw_table_quotes_the_codebook(project, monkeypatch):
    monkeypatch.chdir(project / "notebooks")
    frame = pd.DataFrame({"donor": ["JPN"], "year": [2020], "lcu_per_usd": 1.0, "deflator_2021": 1})
    nb = Notebook("03_patterns", "outputs/DEU")
    nb.save_raw({"prices": "dac_deflators"}, {"dac_deflators": frame})
    about = nb.staging.staged["data/prices.csv"]
    table = read_codebook(project)["raw/dac_deflators.csv"]
    assert {f["name"]: f["description"] for f in about["fields"]} == table.columns
    assert (about["title"], about["sources"]) == (table.title, ["dac_deflators"])
    assert CODEBOOK in nb.reads
    with pytest.raises(WordsError, match="has a column extra, not described here"):
        nb.save_raw({"prices": "dac_deflators"}, {"dac_deflators": frame.assign(extra=1)})
