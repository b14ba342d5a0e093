"""What the article's figures are set against: shares and definitions on small tables."""

import numpy as np
import pandas as pd
import pytest

from oda_eras import article
from oda_eras.flows import FLOW_COLUMNS

BEFORE = range(1992, 1998)
FLOW = pd.Series(1.0, index=range(1992, 2024))


def totals():
    """Japan's totals: 200 a year bilateral, 250 in all, DAC1 from 2010 on."""
    rows = [
        ("wdi_japan_totals", item, "net", year, value)
        for item, value in (("bilateral", 200.0), ("total", 250.0))
        for year in range(1992, 2024)
    ]
    dac1 = {"net": 190.0, "gross": 300.0, "grants": 80.0, "commitments": 400.0}
    rows += [
        ("dac1_japan_totals", "bilateral", measure, year, value)
        for measure, value in dac1.items()
        for year in range(2010, 2024)
    ]
    rows += [("dac1_japan_totals", "bilateral", "grant_equivalent", 2022, 210.0)]
    columns = ["source", "item", "measure", "year", "usd_million"]
    return pd.DataFrame(rows, columns=columns).assign(price_basis="current")


def test_definitions_are_of_the_last_year_with_every_measure():
    rows = article.definitions(totals()).set_index("measure")
    assert (rows.year == 2022).all() and rows.japan_usd_million.notna().all()
    value = rows.japan_usd_million
    assert value.grant_equivalent == 210 and value.loans_net == 190 - 80
    assert value["bilateral ODA, net, WDI"] == 200 and value["total ODA, net"] == 250
    assert value["bilateral ODA, net, DAC1"] == value.net == 190


def test_a_share_is_held_to_the_claim_about_its_own_years():
    shares = article.claimed_shares(FLOW, article.denominators(totals()), 0.5, 0.4)
    rows = shares.set_index(["denominator", "first", "last"])
    assert rows.holds[article.BILATERAL, 1992, 1997] is True  # 1 of 200
    assert rows.holds[article.TOTAL, 1992, 1997] is False  # 1 of 250
    assert rows.holds[article.TOTAL, 1998, 1998] is True
    assert rows.holds[article.BILATERAL, 1998, 1998] is False
    for unclaimed in ((1998, 2000), (2016, 2020)):
        assert np.isnan(rows.claimed_percent[(article.TOTAL, *unclaimed)])
        assert pd.isna(rows.holds[(article.TOTAL, *unclaimed)])
    unknown = rows.loc[article.BILATERAL_DAC1, 1992, 1997]
    assert unknown.claimed_percent == 0.5 and pd.isna(unknown.holds)


def test_printed_shares_are_known_and_keep_their_order():
    shares = article.claimed_shares(FLOW, article.denominators(totals()), 0.5, 0.4)
    rows = article.printed_shares(shares)
    assert set(zip(rows["first"], rows["last"], strict=True)) == article.PRINTED
    assert rows.pooled_percent.notna().all() and rows.index.is_monotonic_increasing
    assert (rows.denominator == article.BILATERAL_DAC1).sum() == 2


def test_windows_that_hold_are_counted_and_named():
    flow = FLOW.copy()
    flow[1997] = 9.0
    rows = article.windows_that_hold(flow, article.denominators(totals()), 0.5)
    rows = rows.set_index(["denominator", "with_1997"])
    assert set(rows.index.get_level_values(0)) == {article.BILATERAL, article.TOTAL}
    assert rows.windows.to_dict() == {
        (name, with_1997): 6 if with_1997 else 15
        for name in (article.BILATERAL, article.TOTAL)
        for with_1997 in (False, True)
    }
    assert rows.hold[article.BILATERAL, False] == 15 and rows.hold[article.BILATERAL, True] == 0
    assert rows.which[article.BILATERAL, True] == ""
    assert rows.which[article.BILATERAL, False].startswith("1992, 1992-1993, 1992-1994")


def tables(donor="JPN") -> dict[str, pd.DataFrame]:
    """Two cells of the article's table; the CRS has one, DAC2a's constant dollar is half of one."""
    cells = pd.DataFrame({"recipient": "UZB", "year": [2019, 2020]})
    values = {"gross": [30.0, 40.0], "net": [20.0, 25.0], "grants": [5.0, 40.0]}
    parts = [
        cells.assign(measure=measure, usd_million=value, source="wdi_net_oda_by_donor")
        for measure, value in values.items()
    ]
    parts[0]["source"] = "article_oda_2016_2020"
    crs = cells.assign(measure="gross", price_basis="current", value=[29.996, 40.0])
    crs = crs.assign(source=["crs_gross_current", "article_oda_2016_2020"])
    constant = {"gross": [60.1, 80.1], "grants": [10.0, 80.0], "price_basis": "constant 2022"}
    return {
        "panel": pd.concat(parts).assign(donor=donor),
        "flows": crs.reindex(columns=FLOW_COLUMNS),
        "world": cells.assign(donor=donor, **constant),
    }


def test_the_table_is_held_against_every_series():
    less = article.beside(**tables(), donor="JPN").set_index(["series", "year"]).less
    assert less[article.CRS, 2019] == 0.004 and np.isnan(less[article.CRS, 2020])
    assert less[article.DAC2A].tolist() == pytest.approx([-0.05, -0.05])
    assert less[article.NET].tolist() == [10, 15] and less[article.GRANTS].tolist() == [25, 0]


def test_cells_are_counted_as_equal_within_what_a_series_allows():
    near = article.nearness(article.beside(**tables(), donor="JPN"))
    assert near.cells.tolist() == [1, 2, 2, 2] and near.equal.tolist() == [1, 2, 0, 1]
    assert near.largest.tolist() == pytest.approx([0.004, 0.05, 15, 25])
    assert near["first"].tolist() == [2019] * 4 and near["last"].tolist() == [2019] + [2020] * 3


@pytest.mark.parametrize(
    ("crs", "constant", "evidence"),
    [
        (29.996, 60.1, ["", "equal to the CRS", "equal to DAC2a"]),
        (29.99, 60.1, ["", "equal to DAC2a", "equal to DAC2a"]),
        (29.99, 60.3, ["", "open", "equal to DAC2a"]),
    ],
)
def test_a_cell_is_evident_where_a_gross_series_has_it(crs, constant, evidence):
    given = tables()
    given["flows"].loc[0, "value"], given["world"].loc[0, "gross"] = crs, constant
    cells = pd.DataFrame({"recipient": "UZB", "year": [2018, 2019, 2020]})
    found = article.with_evidence(cells, article.beside(**given, donor="JPN"))
    assert found.evidence.tolist() == evidence


def test_another_donor_has_no_cell_of_the_table():
    given = tables()
    less = article.beside(**given, donor="DEU")
    assert less.empty and article.nearness(less).empty
    cells = pd.DataFrame({"recipient": ["UZB"], "year": [2019]})
    assert article.with_evidence(cells, less).evidence.tolist() == [""]
