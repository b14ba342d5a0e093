"""What the article's figures are set against: shares and definitions on small tables."""

import numpy as np
import pandas as pd

from oda_eras import article

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
