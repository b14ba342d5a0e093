"""What a notebook publishes: all at once, described, unchanged where nothing changed."""

import json

import pandas as pd
import pytest
from conftest import OUT
from frictionless import Package
from matplotlib import image as mpimg

from oda_eras import figures
from oda_eras.datapackage import describe_project_tables
from oda_eras.publication import Publication, listed

FRAME = pd.DataFrame({"year": [2019, 2020], "usd_million": [1.25, None], "name": ["a", "b"]})
ABOUT = {
    "title": "A table",
    "columns": {"year": "calendar year", "usd_million": "US$ million", "name": "a name"},
    "sources": ["wdi_net_oda_by_donor"],
}


@pytest.fixture
def publication(project, monkeypatch):
    monkeypatch.chdir(project / "notebooks")
    return Publication("03_patterns", "outputs/DEU")


def test_nothing_appears_before_the_end(publication, capsys):
    publication.save_data("t", FRAME, **ABOUT)
    folder = publication.root / "outputs/DEU"
    assert not (folder / "data/t.csv").exists()
    publication.publish()
    assert (folder / "data/t.csv").read_text() == "year,usd_million,name\n2019,1.25,a\n2020,,b\n"
    assert capsys.readouterr().out == "Published:\n  data/t.csv\n"


def test_a_file_that_stays_the_same_is_not_rewritten(publication):
    publication.save_data("t", FRAME, **ABOUT)
    publication.publish()
    path = publication.root / "outputs/DEU/data/t.csv"
    before = path.stat().st_mtime_ns, path.stat().st_ino
    again = Publication("03_patterns", "outputs/DEU")
    again.save_data("t", FRAME, **ABOUT)
    again.publish()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_the_fragment_tells_reads_modules_and_outputs(publication):
    publication.read_project("data/eras.csv")
    publication.save_data("t", FRAME, **ABOUT)
    publication.publish()
    fragment = json.loads(publication.fragment_file.read_text())
    assert fragment["reads"] == ["data/donors.csv", "data/eras.csv", "data/sources.yml"]
    assert fragment["outputs"]["outputs/DEU/data/t.csv"]["fields"][1] == {
        "name": "usd_million",
        "type": "number",
        "description": "US$ million",
    }


def test_missing_inputs_say_what_to_do(publication):
    with pytest.raises(FileNotFoundError, match=r"outputs/DEU/data/panel\.csv is not there: run"):
        publication.read("panel")


def test_undescribed_columns_and_unknown_sources_are_refused(publication):
    with pytest.raises(ValueError, match="t: described"):
        publication.save_data("t", FRAME.assign(extra=1), **ABOUT)
    with pytest.raises(ValueError, match="no such source"):
        publication.save_data("t", FRAME, **{**ABOUT, "sources": ["hearsay"]})


def test_a_table_comes_with_title_and_source(publication):
    publication.save_table("t01_x", FRAME, **ABOUT, note="A note.")
    text = (publication.staging / "tables/t01_x.md").read_text()
    assert text.startswith("**A table**\n\n|")
    assert (publication.staging / "tables/t01_x.tex").read_text().startswith("% needs")
    assert "A note." in text and "01a34e8b" in text


def test_prose_keeps_its_numbers(publication):
    text = "{whose} flow peaks at {peak:,.1f} in {when}, {share:.0f}% of all."
    said = publication.say(text, peak=1234.56, when="2012", share=41.2)
    assert said.data == "Germany's flow peaks at 1,234.6 in 2012, 41% of all."
    publication.publish()
    numbers = json.loads(publication.fragment_file.read_text())["numbers"]
    assert numbers["peak"] == {"value": 1234.56, "text": "1,234.6"}
    assert numbers["share"] == {"value": 41.2, "text": "41%"}
    with pytest.raises(ValueError, match="'peak' is saved twice"):
        publication.say("{peak}", peak=1)
    with pytest.raises(KeyError, match="height"):
        publication.say("{height:.0f}", peek=1)


def test_a_figure_comes_at_its_size_with_all_that_belongs_to_it(publication):
    totals = pd.DataFrame(
        {"year": [2019, 2020], "with_uzbekistan": [1.0, 2.0], "without_uzbekistan": [0.5, -0.5]}
    )
    drawn = figures.total_with_and_without(totals, "A note. " * 20)
    publication.save_figure(
        "f05_x",
        drawn,
        data=totals,
        columns=dict.fromkeys(totals.columns, "described"),
        caption="What it shows.",
        alt="What there is to see.",
        sources=["wdi_net_oda_by_donor"],
    )
    folder = publication.staging / "figures"
    assert {p.suffix for p in folder.iterdir()} == {".pdf", ".svg", ".png", ".csv", ".md", ".txt"}
    height, width, _ = mpimg.imread(folder / "f05_x.png").shape
    assert abs(width - 85 / 25.4 * 300) <= 1 and abs(height - 65 / 25.4 * 300) <= 1
    assert b"/FontFile2" in (folder / "f05_x.pdf").read_bytes()  # TrueType, embedded
    assert "<text" in (folder / "f05_x.svg").read_text()
    assert "01a34e8b" in (folder / "f05_x.md").read_text()


def test_only_preset_widths():
    with pytest.raises(ValueError, match="expected one of single, double"):
        figures.new_figure("wide", 50, "note")


def test_the_packages_describe_every_table(project):
    package = Package(str(project / OUT / "datapackage.json"))
    tables = {p.relative_to(project / OUT).as_posix() for p in (project / OUT).rglob("*.csv")}
    assert {resource.path for resource in package.resources} == tables
    assert package.validate().valid, package.validate().flatten(["type", "note"])[:3]


def test_the_raw_tables_package_is_current(project):
    described = json.loads((project / "data/datapackage.json").read_text())
    assert described == describe_project_tables(project)
    tables = {p.relative_to(project / "data").as_posix() for p in (project / "data").rglob("*.csv")}
    assert {resource["path"] for resource in described["resources"]} == tables
    report = Package(str(project / "data/datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "note"])[:3]


def test_the_codebook_names_every_column(project):
    codebook = (project / "data/README.md").read_text()
    for resource in json.loads((project / "data/datapackage.json").read_text())["resources"]:
        section = codebook.split(f"## {resource['path']}\n")[1].split("\n## ")[0]
        for field in resource["schema"]["fields"]:
            assert f"`{field['name']}`" in section, (resource["path"], field["name"])


def test_names_are_listed_as_in_a_sentence():
    shown = [listed(list(names)) for names in ("", "a", "ab", "abc")]
    assert shown == ["", "a", "a and b", "a, b and c"]
