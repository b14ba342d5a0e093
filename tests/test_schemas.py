"""Bad input is named by file, row and column; good input passes."""

import re

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras.codebook import CODEBOOK, read_codebook
from oda_eras.schemas import (
    check_across,
    closing_gaps,
    gaps_by_period,
    overview,
    read_donors,
    read_eras,
    read_raw_tables,
)
from oda_eras.sources import DataError, check_checksums, load_sources
from oda_eras.words import WordsError


def spoil(project, table: str, old: str, new: str) -> int:
    """Replace text in a raw table; returns the row it stood in."""
    path = project / "data" / "raw" / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{text.count(old)} times {old!r} in {table}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + (2 if old.startswith("\n") else 1)


def check(project) -> DataError:
    with pytest.raises(DataError) as caught:
        check_across(read_raw_tables(project))
        check_checksums(project, load_sources(project))
    return str(caught.value)


CASES = {
    "missing column": (
        "wdi_japan_totals",
        "item,year,net_usd_million",
        "item,year",
        "net_usd_million",
        "expected ['item', 'year', 'net_usd_million']",
    ),
    "swapped measure column": (
        "wdi_net_oda_by_donor",
        "net_usd_million",
        "gross_usd_million",
        "net_usd_million",
        "found columns ['recipient', 'donor', 'year', 'gross_usd_million']",
    ),
    "text in a number": (
        "dac_deflators",
        "\nJPN,2020,106.7624,",
        "\nJPN,2020,n.a.,",
        "lcu_per_usd",
        "found 'n.a.', expected a number",
    ),
    "fractional year": (
        "gcdf_china_commitments",
        "\nKAZ,ODA,2003,",
        "\nKAZ,ODA,2003.5,",
        "year",
        "found '2003.5', expected a whole number",
    ),
    "empty cell": (
        "crs_japan_sectors_2012",
        "\nKAZ,Education,cash grant,0.2049",
        "\nKAZ,Education,cash grant,",
        "gross_usd_million",
        "found an empty cell, expected a",
    ),
    "duplicate key": (
        "article_oda_2016_2020",
        "\nKGZ,2017,28.95",
        "\nKGZ,2016,28.95",
        "recipient, year",
        "found a second row for {'recipient': 'KGZ', 'year': '2016'}",
    ),
    "renamed recipient": (
        "article_oda_2016_2020",
        "\nTJK,2017,",
        "\nTAJ,2017,",
        "recipient",
        "found 'TAJ', expected one of KAZ, KGZ, TJK, TKM, UZB",
    ),
    "unknown donor": (
        "dac2a_grants_by_donor",
        "\nKAZ,Japan,2001,",
        "\nKAZ,Nippon,2001,",
        "donor_name",
        "found 'Nippon', expected an entry of data/donors.csv",
    ),
    "impossible value": (
        "wdi_context",
        "SP.POP.TOTL,UZB,2020,",
        "SP.POP.TOTL,UZB,2020,-9",
        "value",
        "for SP.POP.TOTL of UZB in 2020, expected a number above zero",
    ),
    "impossible rate": (
        "dac_deflators",
        "\nJPN,2020,106.7624,",
        "\nJPN,2020,-106.7624,",
        "lcu_per_usd",
        "found '-106.7624', expected a number from",
    ),
    "gross below net": (
        "article_oda_2016_2020",
        "\nUZB,2018,217.55",
        "\nUZB,2018,189.00",
        "gross_usd_million",
        "found 189.00 for UZB in 2018, expected a gross flow, no less than the net flow 189.38",
    ),
    "swapped measure": (
        "dac1_japan_totals",
        "\n1015,gross,2015,11991.63",
        "\n1015,gross,2015,6165.83",
        "usd_million",
        "found gross 6165.83 for item 1015 in 2015",
    ),
    "items do not add up": (
        "dac1_japan_totals",
        "\n2000,commitments,2015,2512.55",
        "\n2000,commitments,2015,2212.55",
        "usd_million",
        "expected items 1015 and 2000 together",
    ),
    "broken closing identity": (
        "wdi_net_oda_by_donor",
        "\nKGZ,JPN,2015,42.12",
        "\nKGZ,JPN,2015,24.12",
        "net_usd_million",
        "expected the sum of its donors",
    ),
    "loans in the sector table": (
        "crs_japan_sectors_2012",
        "\nKAZ,Education,cash grant,0.2049",
        "\nKAZ,Education,cash grant,2.2049",
        "gross_usd_million",
        "its DAC2a grants of 2012",
    ),
    "another price base": (
        "wdi_constant_prices",
        "DC.ODA.TOTL.KD,JPN,2023,18661.91",
        "DC.ODA.TOTL.KD,JPN,2023,17000.00",
        "constant_usd_million",
        "the base year is 2023",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_named(project, case):
    table, old, new, column, words = CASES[case]
    row = spoil(project, table, old, new)
    message = check(project)
    assert message.startswith(f"data/raw/{table}.csv, row ")
    assert f"column {column}:" in message
    assert words in message
    named = int(re.search(r", row (\d+)", message)[1])
    # sums are named at the total's row, whichever part of them was spoiled
    if case not in {"items do not add up", "broken closing identity", "loans in the sector table"}:
        assert named == row


def test_a_missing_year_is_named(project):
    row = spoil(project, "wdi_net_oda_by_donor", "\nTKM,JPN,2017,-0.02", "")
    message = check(project)
    assert f"after row {row - 1} (the header is row 1), column year" in message
    assert "no row for TKM, JPN in 2017, expected every year from 1992 to 2023" in message


def test_a_mere_change_of_value_is_caught_by_its_hash(project):
    spoil(project, "article_figures", "2.57", "2.58")
    message = check(project)
    assert message.startswith("data/raw/article_figures.csv, no row can be named from a hash")


def test_a_missing_file_is_named(project):
    (project / "data/raw/wdi_context.csv").unlink()
    assert check(project).startswith("data/raw/wdi_context.csv")


def test_the_committed_tables_pass():
    tables = read_raw_tables(ROOT)
    check_across(tables)
    check_checksums(ROOT, load_sources(ROOT))
    assert set(tables) == set(load_sources(ROOT))


def test_closing_gap_allows_for_latvia():
    net = pd.DataFrame(
        {
            "recipient": "KAZ",
            "year": 2020,
            "donor": ["JPN", "USA", "TOTAL"],
            "net_usd_million": [1.0, 2.0, 3.5],
        }
    )
    grants = pd.DataFrame(
        {
            "recipient": ["KAZ"],
            "donor_name": ["Latvia"],
            "year": [2020],
            "grants_usd_million": [0.5],
        }
    )
    assert closing_gaps(net, grants).gap.tolist() == [0.0]
    assert closing_gaps(net, grants.assign(year=2019)).gap.tolist() == [0.5]


def test_gaps_are_parted_where_latvia_begins_and_ends():
    gaps = pd.DataFrame(
        {"year": [1992, 1999, 2000, 2022, 2023, 2024], "gap": [0.1, -0.1, 0.2, 0.0, 0.3, 0.5]}
    )
    assert gaps_by_period(gaps).to_dict("list") == {
        "years": ["1992-1999", "2000-2022", "2023-2024"],
        "n": [2, 2, 2],
        "low": [-0.1, 0.0, 0.3],
        "high": [0.1, 0.2, 0.5],
    }
    assert gaps_by_period(gaps[gaps.year < 2001]).years.tolist() == ["1992-1999", "2000"]


def test_the_overview_counts_the_tables_that_are_there(project):
    tables, donors = read_raw_tables(project), read_donors(project)
    rows = overview(tables, donors, read_codebook(project)).set_index("table")
    assert rows["rows"].to_dict() == {name: len(frame) for name, frame in tables.items()}
    assert rows.key["wdi_japan_totals"] == "item, year"
    assert rows.complete["wdi_japan_totals"] == 2
    path = project / CODEBOOK
    path.write_text(path.read_text().replace("| `lcu_per_usd` |", "| `rate` |"))
    with pytest.raises(WordsError, match=r"dac_deflators\.csv has a column lcu_per_usd"):
        overview(tables, donors, read_codebook(project))


ERA_CASES = {
    "a double row": ("filled,JPN,E3,", "filled,JPN,E2b,", 11, "scheme, donor, era: found a second"),
    "no date": ("1997-07-24,2001-04-26", "1997-13-45,2001-04-26", 3, "opens: found '1997-13-45'"),
    "another format": ("1997-07-24,2001-04-26", "24/07/1997,2001-04-26", 3, "a date such as"),
    "closes early": ("2012-12-26,The LDP", "2008-12-26,The LDP", 12, "a day after"),
    "a hole": ("E4,Abe,Abe,2012-12-26,2020-09-16,Abe returns,Abe leaves office,rule",
               "E4,Abe,Abe,2013-12-26,2020-09-16,Abe returns,Abe leaves office,rule",
               13, "where the era before it closes"),
    "an unknown scheme": ("article,JPN,E1", "articel,JPN,E1", 3, "scheme: found 'articel'"),
    "a missing column": ("scheme,donor,era,label", "scheme,donor,era,tag", 1, "column label"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERA_CASES)
def test_bad_eras_are_named(project, case):
    old, new, row, words = ERA_CASES[case]
    path = project / "data/eras.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_eras(project)
    assert words in str(caught.value) and str(caught.value).startswith("data/eras.csv, row ")
    if case not in {"a double row", "closes early", "a hole"}:
        assert f"row {row} " in str(caught.value)


DONOR_CASES = {
    "a double code": ("\nUSA,", "\nTUR,", "column donor: found a second row"),
    "a double name": ("\nUSA,United States,", "\nUSA,United Kingdom,", "a second 'United Kingdom'"),
    "an unknown group": ("\nJPN,Japan,DAC", "\nJPN,Japan,DAK", "column group: found 'DAK'"),
    "a missing column": ("donor,name,group", "donor,name,kind", "column group"),
}


@pytest.mark.parametrize("case", DONOR_CASES)
def test_bad_donors_are_named(project, case):
    old, new, words = DONOR_CASES[case]
    path = project / "data/donors.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    message = check(project)
    assert message.startswith("data/donors.csv, row ") and words in message


SOURCE_CASES = {
    "no YAML": ("article_figures:\n", "article_figures:\n\tx: 1\n", "data/sources.yml, line"),
    "no list": (None, "- a\n- b\n", "found list, expected entries by table"),
    "a missing field": ("  licence: ODC-By\n", "", "entry gcdf_china_commitments: found fields"),
    "an empty field": ("  licence: ODC-By\n", "  licence:\n", "column licence: found None"),
    "a missing entry": ("gcdf_china_commitments:", "gcdf:", "entry gcdf"),
}


@pytest.mark.parametrize("case", SOURCE_CASES)
def test_bad_provenance_is_named(project, case):
    old, new, words = SOURCE_CASES[case]
    path = project / "data/sources.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(new if old is None else text.replace(old, new, 1), encoding="utf-8")
    assert words in check(project)


@pytest.mark.parametrize("cell", [" 5", "1_0", "inf", "0x1"])
def test_what_only_python_calls_a_number_is_refused(project, cell):
    row = spoil(project, "dac_deflators", "\nJPN,2020,106.7624,", f"\nJPN,2020,{cell},")
    assert f"row {row} (the header is row 1), column lcu_per_usd: found '{cell}'" in check(project)


def test_a_blank_line_and_a_short_row_are_named(project):
    path = project / "data/raw/gcdf_china_commitments.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:5], "\n", *lines[5:]]))
    assert "row 6 (the header is row 1), column year: found an empty cell" in check(project)
    path.write_text("".join([*lines[:5], "KAZ,ODA,2001,1,2\n", *lines[5:]]))
    assert "gcdf_china_commitments.csv, row 6 (the header is row 1): found" in check(project)


def test_a_deleted_part_of_an_identity_is_named(project):
    spoil(project, "dac1_japan_totals", "\n1010,received,2015,-5825.80", "")
    assert "no row for 1010, received in 2015" in check(project)
