"""Bad input is named by file, row and column; good input passes."""

import gzip
import re
import shutil
import time

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras import identities
from oda_eras.codebook import CODEBOOK, read_codebook
from oda_eras.schemas import (
    check_across,
    closing_gaps,
    gaps_by_period,
    overview,
    raw_tables,
    read_donors,
    read_eras,
    read_organisations,
    read_raw_tables,
    read_recipients,
    read_sound,
    validate,
)
from oda_eras.sources import (
    COMPRESSED,
    DataError,
    check_checksums,
    load_sources,
    raw_file,
    read_raw_text,
)
from oda_eras.words import WordsError


@pytest.fixture
def project(tmp_path, read_once):
    """A scratch copy of data/, which is all that the raw tables are checked against."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def read_raw(path) -> str:
    packed = path.read_bytes()
    return (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")


def write_raw(path, text: str) -> None:
    plain = text.encode("utf-8")
    path.write_bytes(gzip.compress(plain, mtime=0) if path.suffix == ".gz" else plain)


def spoil(project, table: str, old: str, new: str) -> int:
    """Replace text in a raw table; returns the row it stood in."""
    path = project / raw_file(table)
    text = read_raw(path)
    assert text.count(old) == 1, f"{text.count(old)} times {old!r} in {table}"
    write_raw(path, text.replace(old, new))
    return text[: text.index(old)].count("\n") + (2 if old.startswith("\n") else 1)


def check(project) -> DataError:
    with pytest.raises(DataError) as caught:
        check_across(read_raw_tables(project))
        check_checksums(project, load_sources(project))
    return str(caught.value)


CASES = {
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
    "commitments in thousands": (
        "crs_world",
        "\nJPN,UZB,2015,268.4781,",
        "\nJPN,UZB,2015,268478.1,",
        "commitments_constant_2016_usd_million",
        "found '268478.1', expected a number from -300 to 20,000",
    ),
    "a gross flow in thousands": (
        "crs_world",
        "\nJPN,TKM,2016,0.5041,0.502",
        "\nJPN,TKM,2016,0.5041,502.0",
        "gross_constant_2016_usd_million",
        "found 502 for TKM 2016",
    ),
    "a swapped recipient": (
        "crs_world",
        "\nJPN,UZB,2016,",
        "\nJPN,TKM,2016,",
        "donor, recipient, year",
        "found a second row for {'donor': 'JPN', 'recipient': 'TKM', 'year': '2016'}",
    ),
    "an unknown recipient": (
        "crs_world",
        "\nJPN,UZB,2016,",
        "\nJPN,UZN,2016,",
        "recipient",
        "found 'UZN', expected an entry of data/recipients.csv",
    ),
    "loans drawn that the year lacks": (
        "crs_world",
        "\nJPN,KAZ,2006,5.6824,29.2791",
        "\nJPN,KAZ,2006,5.6824,5.6824",
        "gross_constant_2016_usd_million",
        "the net flow of that year",
    ),
    "a negative loan": (
        "dac2a_world",
        "\nJPN,UZB,2013,23.68,44.42,10.74,33.68,",
        "\nJPN,UZB,2013,23.68,44.42,10.74,-33.68,",
        "gross_loans_constant_2022_usd_million",
        "found '-33.68', expected a number from 0.01",
    ),
    "gross in thousands beside its parts": (
        "dac2a_world",
        "\nJPN,KAZ,2020,,1.19,1.19,",
        "\nJPN,KAZ,2020,,1190,1.19,",
        "gross_constant_2022_usd_million",
        "found 1190 for JPN KAZ 2020, expected 1.16 to 1.22, grants and gross loans together",
    ),
    "current prices in thousands": (
        "crs_gross_current",
        "\nKGZ,JPN,2012,19.98",
        "\nKGZ,JPN,2012,0.01998",
        "gross_usd_million",
        "DAC2a turned into current prices",
    ),
    "a marked flow in thousands": (
        "crs_japan_climate_marked",
        ",Transport & Storage,2012,1.812736,",
        ",Transport & Storage,2012,1812.736,",
        "gross_usd_million",
        "expected a number from 0 to 1,000",
    ),
    "all providers in thousands": (
        "crs_gross_by_flow",
        "\nUZB,loans,2019,1044.044525,",
        "\nUZB,loans,2019,1.044044525,",
        "gross_usd_million",
        "the row's flow in constant prices",
    ),
    "a loan in thousands": (
        "yen_loans",
        ",2019-12-19,2019-12-19,128246,",
        ",2019-12-19,2019-12-19,128,",
        "amount_yen_million",
        "found '128', expected a number from 2,000 to 200,000",
    ),
    "a negative agreement": (
        "yen_loans",
        ",2010-05-01,2010-05-01,27423,",
        ",2010-05-01,2010-05-01,-27423,",
        "amount_yen_million",
        "found '-27423'",
    ),
    "a changed year of signing": (
        "yen_loans",
        ",,,2000-12-21,2000-12-21,",
        ",,,2001-12-21,2001-12-21,",
        "amount_yen_million",
        "found 16539 for KAZ 2001, expected at most",
    ),
    "no such day": (
        "yen_loans",
        ",,,2000-12-21,2000-12-21,",
        ",,,2000-12-21,2000-12-32,",
        "signed_to",
        "found '2000-12-32', expected a date such as 1999-12-15",
    ),
    "signed before the notes": (
        "yen_loans",
        ",2015-10-26,2015-10-26,2015-10-26,2015-10-26,",
        ",2015-10-26,2015-10-26,2014-10-26,2014-10-26,",
        "signed_to",
        "found '2014-10-26', expected no day before notes_from, 2015-10-26",
    ),
    "a loan of another recipient": (
        "yen_loans",
        "\nKGZ,International Main Roads",
        "\nTKM,International Main Roads",
        "amount_yen_million",
        "found 11915 for TKM 2015",
    ),
    "an amount of the loan in dollars": (
        "yen_loans",
        ",2021-12-31,,,budget support",
        ",2021-12-31,21000,,budget support",
        "amount_yen_million",
        "none where the basis is in US dollars",
    ),
    "another amount within its sum": (
        "yen_loans",
        ",2004-08-26,2004-12-31,16359,",
        ",2004-08-26,2004-12-31,15359,",
        "amount_yen_million",
        "the sum of the agreements in yen_loans",
    ),
    "a cumulative sum": (
        "yen_loans_cumulative",
        "\nKAZ,2004-03-31,88788,",
        "\nKAZ,2004-03-31,87788,",
        "amount_yen_million",
        "found 87788 for KAZ 2004-03-31, expected 88788 to 88788",
    ),
    "a session of another year": (
        "un_ideal_points",
        "\nCHN,46,1991,",
        "\nCHN,47,1991,",
        "year",
        "found 1991 for CHN 47, expected 1992 to 1992",
    ),
    "a point outside its interval": (
        "un_ideal_points",
        "\nCHN,46,1991,70,-0.2969133,",
        "\nCHN,46,1991,70,0.2969133,",
        "ideal_point",
        "the interval of the row",
    ),
    "positions in thousands": (
        "imf_direct_investment",
        "\nKAZ,outward,2014,5011.93207",
        "\nKAZ,outward,2014,5011932.07",
        "position_usd_million",
        "expected a number from -100 to 20,000",
    ),
    "a share for a percentage": (
        "ei_energy",
        "\noil reserves,TKM,2020,0.6,thousand million barrels,0.035,",
        "\noil reserves,TKM,2020,0.6,thousand million barrels,0.35,",
        "share_percent",
        "found 0.35 for oil reserves TKM 2020",
    ),
}
# named at the total's row, whichever part of it was spoiled
SUMS = {
    "items do not add up", "broken closing identity", "loans in the sector table",
    "another amount within its sum",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_named(project, case):
    table, old, new, column, words = CASES[case]
    row = spoil(project, table, old, new)
    message = check(project)
    named_table = "yen_loans_cumulative" if case == "another amount within its sum" else table
    assert message.startswith(f"{raw_file(named_table)}, row ")
    assert f"column {column}:" in message
    assert words in message
    named = int(re.search(r", row (\d+)", message)[1])
    if case not in SUMS:
        assert named == row


# what the neighbours of a value, or other tables, rule out: table, text, what stands in its place,
# words
LEAPS = {
    "a factor of ten": ("dac_deflators", "\nJPN,2020,106.7624,", "\nJPN,2020,10.67624,", "after"),
    "a year gone": (
        "wdi_context",
        "\nNY.GDP.PCAP.CD,KAZ,2005,3577.35804001782,current US$",
        "",
        "in 2006 after",
    ),
    "a sign": ("wdi_japan_totals", "\ntotal,2000,", "\ntotal,2000,-", "a number from 0"),
    "an unknown sector of aid": (
        "crs_japan_sectors_2012",
        "KAZ,WASH,",
        "KAZ,Water,",
        "one of Agri",
    ),
    "an unknown sector": ("yen_loans", ",water,", ",waters,", "expected one of agriculture"),
    "a factor of ten beside current prices": (
        "wdi_constant_prices",
        "\nDT.ODA.ODAT.KD,TJK,2021,566.11",
        "\nDT.ODA.ODAT.KD,TJK,2021,5661.1",
        "the ODA received in current prices",
    ),
    "a sign beside current prices": (
        "wdi_constant_prices",
        "\nDT.ODA.ODAT.KD,TJK,2021,",
        "\nDT.ODA.ODAT.KD,TJK,2021,-",
        "the ODA received in current prices",
    ),
    "a percentage as a share": (
        "wdi_context",
        "\nDT.ODA.ODAT.GN.ZS,UZB,2015,0.455",
        "\nDT.ODA.ODAT.GN.ZS,UZB,2015,0.00455",
        "ODA received over GDP",
    ),
    "GDP per head of another year": (
        "wdi_context",
        "\nNY.GDP.PCAP.CD,KAZ,2005,3577",
        "\nNY.GDP.PCAP.CD,KAZ,2005,3477",
        "GDP over population",
    ),
    "a factor of ten in the article": (
        "article_oda_2016_2020",
        "\nUZB,2018,217.55",
        "\nUZB,2018,2175.5",
        "at most twice",
    ),
    "a position over ten": (
        "imf_direct_investment",
        "\nKAZ,outward,2022,5660.09",
        "\nKAZ,outward,2022,566.009",
        "1.6 times",
    ),
    "another donor's deflator": (
        "dac_deflators",
        "\nEUI,2015,0.9015,85.6",
        "\nEUI,2015,0.9015,856.",
        "1.6 times",
    ),
    "a year swapped in a vintage": (
        "wdi_japan_vintages",
        "\n26d1ca4d,2019,UZB,2012,",
        "\n26d1ca4d,2019,UZB,2021,",
        "expected the year before",
    ),
    "a year gone in a vintage": (
        "wdi_japan_vintages",
        "\n26d1ca4d,2019,UZB,2012,-6.01",
        "",
        "expected the year before",
    ),
    "a year swapped": (
        "wdi_context",
        "SP.POP.TOTL,UZB,2012,",
        "SP.POP.TOTL,UZB,2021,",
        "second row",
    ),
    "parts of grants": ("dac1_japan_totals", "\n1010,grants,2015,", "\n1010,grants,2015,1", "less"),
}


@pytest.mark.parametrize("case", LEAPS)
def test_what_neighbours_rule_out_is_named(project, case):
    table, old, new, words = LEAPS[case]
    path = project / raw_file(table)
    text = path.read_text(encoding="utf-8")
    assert old in text, text[:200]
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    message = check(project)
    assert message.startswith(f"{raw_file(table)}, row ") and words in message


def test_a_revision_is_a_finding_and_no_fault(project):
    old = "\n26d1ca4d,2019,UZB,1997,83.16"
    spoil(project, "wdi_japan_vintages", old, old.replace("83.16", "81.36"))
    tables = read_raw_tables(project)
    check_across(tables)
    met = identities.summary(tables).set_index("identity")
    assert met.broken["Older vintages of net ODA are the present one"] == 1


def test_a_missing_year_is_named(project):
    row = spoil(project, "wdi_net_oda_by_donor", "\nTKM,JPN,2017,-0.02", "")
    message = check(project)
    assert f"after row {row - 1} (the header is row 1), column year" in message
    assert "no row for TKM, JPN in 2017, expected every year from 1992 to 2023" in message


MISSING_YEARS = {
    "crs_world": ("\nJPN,UZB,2016,14.0715,195.0978", "JPN, UZB in 2016", "1994 to 2017"),
    "dac2a_world": (
        "\nJPN,TJK,2020,21.67,21.67,21.67,,,3.46", "JPN, TJK in 2020", "2009 to 2022"
    ),
    "crs_gross_current": ("\nKGZ,JPN,2012,19.98", "KGZ, JPN in 2012", "2012 to 2019"),
    "wdi_japan_vintages": ("\n2712d471,2017,WLD,1997,6609.8", "2712d471, WLD in 1997", "2017"),
    "imf_direct_investment": (
        "\nKAZ,outward,2014,5011.93207", "KAZ, outward in 2014", "2014 to 2024"
    ),
}  # fmt: skip


@pytest.mark.parametrize("table", MISSING_YEARS)
def test_a_missing_year_of_a_new_series_is_named(project, table):
    line, series, span = MISSING_YEARS[table]
    spoil(project, table, line, "")
    message = check(project)
    assert message.startswith(f"{raw_file(table)}, after row ") and "column year" in message
    assert f"no row for {series}, expected every year from" in message and span in message


def test_two_recipients_swapped_are_named_at_the_first(project):
    first = spoil(project, "crs_world", "\nJPN,TKM,2016,", "\nJPN,XXX,2016,")
    spoil(project, "crs_world", "\nJPN,UZB,2016,", "\nJPN,TKM,2016,")
    spoil(project, "crs_world", "\nJPN,XXX,2016,", "\nJPN,UZB,2016,")
    message = check(project)
    assert f"csv.gz, row {first} (the header is row 1), column gross_constant" in message
    assert "found 0.502 for UZB 2016" in message


def test_an_agreement_twice_is_named(project):
    path = project / raw_file("yen_loans")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    (row,) = (n for n, line in enumerate(lines) if line.startswith("UZB,Talimarjan"))
    path.write_text("".join([*lines, lines[row]]), encoding="utf-8")
    assert f"row {len(lines) + 1} (the header is row 1), column recipient, project" in check(
        project
    )
    # under another name it is more than was committed
    again = lines[row].replace("Talimarjan", "Talimarjan (II)")
    path.write_text("".join([*lines, again]), encoding="utf-8")
    message = check(project)
    assert f"row {row + 1} (the header is row 1), column amount_yen_million" in message
    assert "found 54846 for UZB 2010, expected at most" in message


def test_an_agreement_that_leaves_the_only_compared_year_is_missed(project):
    spoil(project, "yen_loans", ",2000-12-21,2000-12-21,", ",2000-12-21,2001-01-21,")
    message = check(project)
    assert "column amount_yen_million" in message and "yen_loans" in message


def test_what_the_identities_compare():
    tables = read_raw_tables(ROOT)
    found = identities.summary(tables).set_index("identity")
    assert (found.gap.dropna() <= found.allowed.dropna()).all()
    assert found.cells["The article is the CRS"] == 20
    assert set(found.unit) == {"million yen", "million current US$", "million constant 2016 US$"}
    others = identities.others_meet(tables, read_donors(ROOT)).set_index("donor")
    assert (others.within + others.above + others.below == others.cells).all()
    assert "Japan" not in others.index
    # this copy of the CRS holds more than Korea's ODA
    assert others.above["South Korea"] > 0 and others.below["South Korea"] == 0


def test_what_only_the_article_breaks_is_counted_and_stops_nothing(project):
    spoil(project, "article_oda_2016_2020", "\nUZB,2018,217.55", "\nUZB,2018,217.65")
    tables = read_raw_tables(project)
    check_across(tables)
    found = identities.summary(tables).set_index("identity").broken
    assert found[found > 0].to_dict() == {
        "The article is the CRS": 1, "The article is DAC2a, in current prices": 1
    }  # fmt: skip


def test_a_large_table_cut_short_is_named(project):
    path = project / raw_file("dac2a_world")
    path.write_bytes(path.read_bytes()[:-2000])
    assert check(project).startswith("data/raw/dac2a_world.csv.gz, any row: found")
    path.write_bytes(b"no gzip")
    assert check(project).startswith("data/raw/dac2a_world.csv.gz, any row: found")


def test_the_fast_path_reads_what_the_slow_one_reads():
    tables = raw_tables(read_donors(ROOT), read_organisations(ROOT), read_recipients(ROOT))
    for name in COMPRESSED:
        fast = read_sound(ROOT, name, tables[name])
        slow = validate(raw_file(name), tables[name], read_raw_text(ROOT, name))
        texts = {c: str for c in fast.columns if fast[c].dtype == "category"}
        pd.testing.assert_frame_equal(fast.astype(texts), slow)


def test_reading_and_checking_all_raw_tables_takes_two_seconds_at_most():
    def seconds() -> float:
        start = time.process_time()
        check_across(read_raw_tables(ROOT))
        return time.process_time() - start

    assert any(seconds() <= 2 for _ in range(3))


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
    "an entry twice": ("gcdf_china_commitments:", "un_ideal_points:", "a second un_ideal_points"),
    "a field twice": ("  licence: ODC-By\n", "  licence: x\n  licence: y\n", "a second licence"),
    "an unknown unit": ("  unit: US$ million\n", "  unit: US$ billion\n", "one of ['US$ million'"),
    "an unknown measure": ("  measure: grants\n", "  measure: gifts\n", "measure: found 'gifts'"),
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
    assert "row 6 (the header is row 1): found 0 fields" in check(project)
    path.write_text("".join([*lines[:5], "KAZ,ODA,2001,1,2\n", *lines[5:]]))
    assert "gcdf_china_commitments.csv, row 6 (the header is row 1): found" in check(project)


def test_a_deleted_part_of_an_identity_is_named(project):
    spoil(project, "dac1_japan_totals", "\n1010,received,2015,-5825.80", "")
    assert "no row for 1010, received in 2015" in check(project)
