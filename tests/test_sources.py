"""Sources are cited with code and vintage, the project's own tables by their names."""

from conftest import ROOT

from oda_eras.datapackage import cite
from oda_eras.sources import load_sources, short_source_line, source_line

SOURCES = load_sources(ROOT)
IDS = ["data/eras.csv", "wdi_net_oda_by_donor"]


def test_a_table_of_the_projects_own_is_cited_by_its_name():
    line = source_line(SOURCES, IDS)
    assert line.startswith("Source: this project, eras (sources row by row); World Bank, ")
    assert short_source_line(SOURCES, IDS).startswith("Source: this project: eras; World Bank: ")
    assert cite(SOURCES, IDS)[0] == {"title": "data/eras.csv"}
    # eras of one's own are a copy that the run keeps
    own = [".build/SWE.eras-my/eras.csv"]
    assert source_line(SOURCES, own) == "Source: the run's own eras (sources row by row)."
    assert short_source_line(SOURCES, own) == "Source: the run's own: eras."


def test_what_has_no_source_is_the_projects():
    assert source_line(SOURCES, []) == "Source: computed by this project."
