"""Sources by key: every caption's keys can be cited, and the lines say what sources.yml says."""

import re

import pytest
from conftest import OUT, ROOT

from oda_eras import page
from oda_eras.references import references, to_bibtex, to_markdown
from oda_eras.sources import load_sources

FOUND = references(ROOT)
ENTRY = {
    "title": "Flows & more", "producer": "A. Author; World Bank", "code": "x_1", "vintage": "v1",
    "date": "2024-12", "licence": "CC BY 4.0", "url": "https://example.org/a_b",
}  # fmt: skip


def test_an_entry_has_what_a_paper_cites():
    assert to_bibtex({"flows": ENTRY}) == (
        "@misc{flows,\n  author = {A. Author and {World Bank}},\n  title = {{Flows \\& more}},\n"
        "  year = {2024},\n  howpublished = {x\\_1; v1},\n  note = {Licence: CC BY 4.0},\n"
        "  url = {https://example.org/a_b}\n}\n"
    )
    undated = to_bibtex({"flows": ENTRY | {"date": "series to 2023", "url": "per row"}})
    assert "year" not in undated and "url" not in undated
    assert "note = {Licence: CC BY 4.0. Date: series to 2023. Address: per row}" in undated


def test_keys_are_ids_and_names_of_the_projects_own_tables():
    assert set(load_sources(ROOT)) < set(FOUND)
    assert FOUND["eras"]["code"] == "data/eras.csv"
    keys = re.findall(r"^@misc\{(\w+),$", to_bibtex(FOUND), re.M)
    assert keys == list(FOUND)
    lines = to_markdown(FOUND).splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("- ")] == keys


CAPTIONS = sorted((ROOT / OUT / "figures").glob("*.md"))


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_captions_keys_can_be_cited(path):
    about = page.read_caption(path)
    assert set(about.keys) <= set(FOUND)
    assert bool(about.keys) == ("computed by this project" not in about.source)


@pytest.mark.parametrize(
    "path", sorted((ROOT / OUT / "tables").glob("*.md")), ids=lambda path: path.stem
)
def test_a_tables_keys_can_be_cited(path):
    text = path.read_text(encoding="utf-8")
    keys = re.search(r"^Keys: (.+)\.$", text, re.M)
    assert set(keys[1].split(", ")) <= set(FOUND) if keys else "computed by this project" in text
