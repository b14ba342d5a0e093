"""Bad input is named by file, row and column; good input passes."""

import re

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras.schemas import check_across, closing_gaps, read_raw_tables
from oda_eras.sources import DataError, check_checksums, load_sources


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
