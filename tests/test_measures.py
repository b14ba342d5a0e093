"""Measures on small frames: each result follows from its inputs and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from oda_eras import measures
from oda_eras.panel import PANEL_COLUMNS

YEARS = [2015, 2016, 2017, 2018]
RATE = pd.Series([120.0, 110.0, 112.0, 111.0], index=YEARS)


def frame(**columns):
    return pd.DataFrame(columns, index=pd.Index(YEARS, name="year"), dtype=float)


NET = frame(AAA=[-8.33, -9.09, -8.93, -9.01], BBB=[1, 2, 3, 4], CCC=[5, 6, np.nan, 8])
GRANTS = frame(AAA=[0, 0, 0, 0], BBB=[1, 2, 3, 4], CCC=[4, 4, 4, 4])
KNOWN = frame(AAA=[np.nan, 0, np.nan, np.nan], BBB=[np.nan] * 4, CCC=[np.nan] * 4)


def test_wide_takes_one_measure_and_keeps_gaps():
    panel = pd.DataFrame(
        {
            "donor": "JPN",
            "recipient": ["KAZ", "UZB", "KAZ"],
            "year": [2000, 2001, 2000],
            "measure": ["net", "net", "grants"],
            "usd_million": [1.0, 2.0, 3.0],
        }
    )
    flows = measures.wide(panel, "JPN", "net")
    assert flows.loc[2000, "KAZ"] == 1.0 and np.isnan(flows.loc[2001, "KAZ"])
    doubled = pd.concat([panel, panel.iloc[:1]])
    with pytest.raises(ValueError, match="two rows for net from JPN to KAZ in 2000"):
        measures.wide(doubled, "JPN", "net")


def test_long_leaves_missing_cells_out():
    rows = measures.long(NET[["CCC"]])
    assert rows.year.tolist() == [2015, 2016, 2018]


def test_net_loans_are_net_less_grants():
    loans = measures.loans_net(NET, GRANTS)
    assert loans.AAA.tolist() == NET.AAA.tolist() and loans.BBB.tolist() == [0, 0, 0, 0]
    assert np.isnan(loans.loc[2017, "CCC"])


def test_changing_one_cell_changes_what_depends_on_it_and_nothing_else():
    before = measures.loans_net(NET, GRANTS)
    changed = GRANTS.copy()
    changed.loc[2016, "CCC"] = 1
    after = measures.loans_net(NET, changed)
    differs = (before != after) & before.notna()
    assert differs.to_numpy().sum() == 1 and differs.loc[2016, "CCC"]

    cells = measures.gross_cells(NET, GRANTS, KNOWN, RATE).set_index(["recipient", "year"])
    net = NET.copy()
    net.loc[2017, "BBB"] = 9  # no longer its grants: a loan, so gross is unknown for BBB
    moved = measures.gross_cells(net, GRANTS, KNOWN, RATE).set_index(["recipient", "year"])
    other = moved.drop("BBB").compare(cells.drop("BBB"))
    assert other.empty and set(moved.loc["BBB"].label) == {"unknown"}


def test_repayments_in_national_currency_with_their_band():
    gross = frame(AAA=[0, 0, 0, 0])
    rows = measures.repayments(gross, NET[["AAA"]], RATE).set_index("year")
    assert rows.usd_million.tolist() == [8.33, 9.09, 8.93, 9.01]
    assert rows.lcu_million.tolist() == [999.6, 999.9, 1000.2, 1000.1]
    assert rows.band[2016] == 1.1


def test_levels_are_runs_within_rounding():
    rows = pd.DataFrame(
        {
            "recipient": ["A"] * 4 + ["B"],
            "year": [2015, 2016, 2017, 2019, 2016],
            "lcu_million": [100.0, 101.0, 140.0, 140.0, 101.0],
            "band": 1.0,
        }
    )
    level = measures.add_levels(rows).level
    assert level[:2].tolist() == [100.5, 100.5]
    assert level[2:].isna().all()  # a jump; a gap in the years; another recipient


@pytest.mark.parametrize(
    ("before", "after", "smooth"),
    [
        (100, 100, True),
        (100, 101.9, True),
        (100, 98.1, True),
        (100, 97, False),  # a fall may be a drawing
        (100, 119, True),
        (100, 131, False),
        (50, 100, True),  # half an instalment in the first year
        (-5, -5, False),
        (0, 0, False),
    ],
)
def test_smoothness(before, after, smooth):
    assert measures.is_smooth(before, after, 1, 1) is smooth


def test_gross_cells_are_labelled():
    cells = measures.gross_cells(NET, GRANTS, KNOWN, RATE).set_index(["recipient", "year"])
    assert cells.loc["AAA"].label.tolist() == ["inferred", "known", "inferred", "inferred"]
    assert cells.loc["AAA"].usd_million.tolist() == [0, 0, 0, 0]
    assert cells.loc["BBB"].label.tolist() == ["known"] * 4
    assert cells.loc["CCC"].label.tolist() == ["unknown"] * 3  # 2017 has no net flow: no row
    assert cells.loc["CCC"].usd_million.isna().all()


def test_a_run_without_a_known_year_stays_unknown():
    cells = measures.gross_cells(NET[["AAA"]], GRANTS, KNOWN * np.nan, RATE)
    assert set(cells.label) == {"unknown"}


def test_a_drawing_breaks_the_run():
    net = NET[["AAA"]].copy()
    net.loc[2017, "AAA"] += 3  # a loan of 3 million drawn
    cells = measures.gross_cells(net, GRANTS, KNOWN, RATE).set_index("year")
    assert cells.label.tolist() == ["inferred", "known", "unknown", "unknown"]


def test_without_loans_years_that_cannot_be_compared_are_inferred():
    grants = GRANTS.loc[2016:]
    cells = measures.gross_cells(NET[["BBB"]], grants, KNOWN, RATE).set_index("year")
    assert cells.label.tolist() == ["inferred", "known", "known", "known"]


def test_what_was_repaid_is_told_of_borrowers_where_gross_is_known():
    cells = measures.gross_cells(NET, GRANTS, KNOWN, RATE)
    rows = measures.implied_repayments(cells, NET, GRANTS, RATE)
    assert set(rows.recipient) == {"AAA"}  # BBB has no loans, CCC no known gross flow
    assert rows.label.tolist() == ["inferred", "known", "inferred", "inferred"]
    assert rows.level.tolist() == [1000.0] * 4  # four instalments of 1000 to rounding
    runs = measures.level_runs(rows)
    assert runs[["first", "last"]].to_numpy().tolist() == [[2015, 2018]]
    assert runs.smallest[0] == 999.6 and runs.largest[0] == 1000.2 and runs.band[0] == 1.2


def test_a_table_is_judged_by_grants_first_and_by_levels_second():
    table = frame(AAA=[0.004, 5, 5, np.nan], BBB=[np.nan, 2, np.nan, np.nan])
    cells = measures.gross_cells(NET, GRANTS, table, RATE)
    repaid = pd.DataFrame(
        {"recipient": "AAA", "year": YEARS, "level": [1000.0, 1000.0, np.nan, 1000.0]}
    )
    found = measures.with_evidence(cells, table, GRANTS, repaid).set_index(["recipient", "year"])
    assert found.evidence.AAA.tolist() == ["equal to grants", "level", "open", ""]
    assert found.evidence.BBB.tolist() == ["", "equal to grants", "", ""]
    assert found.rule["AAA"][2016] == "printed by the article, taken as gross"
    assert found.rule["AAA"][2018] == cells.set_index(["recipient", "year"]).rule["AAA", 2018]
    without_grants = measures.with_evidence(cells, table, GRANTS.loc[2017:], repaid)
    assert without_grants.evidence[0] == "level"  # nothing to be equal to


def test_a_run_without_the_articles_table_has_no_evidence():
    none = measures.wide(pd.DataFrame(columns=PANEL_COLUMNS), "DEU", "gross")
    cells = measures.gross_cells(NET, GRANTS, none, RATE)
    repaid = measures.implied_repayments(cells, NET, GRANTS, RATE)
    assert repaid.empty and measures.level_runs(repaid).empty
    assert set(measures.with_evidence(cells, none, GRANTS, repaid).evidence) == {""}


def test_labelled_years_are_told_as_spans():
    cells = measures.gross_cells(NET, GRANTS, KNOWN, RATE)
    rows = measures.labelled_years(cells).set_index("recipient")
    assert rows.loc["AAA"].to_dict() == {
        "known": "2016", "inferred": "2015, 2017-2018", "unknown": ""
    }  # fmt: skip
    assert rows.unknown["CCC"] == "2015-2016, 2018"  # no net flow in 2017, so nothing to tell


def test_share_windows_are_every_window_before_1998():
    flow = pd.Series({year: float(year - 1991) for year in range(1992, 2000)})
    totals = {"a": pd.Series(100.0, index=flow.index), "b": pd.Series(100.0, index=[1995, 1996])}
    rows = measures.share_windows(flow, totals)
    own = rows[rows.denominator == "a"]
    every = {(a, b) for a in range(1992, 1998) for b in range(1992, 1998) if a <= b}
    assert len(own) == len(every) and set(zip(own.start, own.end, strict=True)) == every
    assert own.without_1997.sum() == 15 and own.end[own.without_1997].max() == 1996
    by_window = own.set_index(["start", "end"]).share_percent
    assert by_window[1992, 1997] == 3.5 and by_window[1996, 1997] == 5.5
    known = rows[rows.denominator == "b"].dropna()
    assert set(zip(known.start, known.end, strict=True)) == {
        (1995, 1995),
        (1995, 1996),
        (1996, 1996),
    }


def test_window_shares_by_denominator():
    flow = pd.Series([1.0, 3.0], index=[1996, 1997])
    totals = {"a": pd.Series([100.0, 100.0], index=[1996, 1997]), "b": pd.Series({1997: 50.0})}
    rows = measures.window_shares(flow, totals, [(1996, 1997), (1997, 1997)])
    rows = rows.set_index(["first", "denominator"])
    assert rows.loc[(1996, "a"), "pooled_percent"] == 2.0
    assert np.isnan(rows.loc[(1996, "b"), "pooled_percent"])  # b lacks a year of the window
    assert rows.loc[(1997, "b"), "pooled_percent"] == 6.0


def test_pooled_and_mean_shares_differ():
    flow = pd.Series([1.0, 3.0], index=[1996, 1997])
    rows = measures.window_shares(
        flow, {"a": pd.Series([100.0, 50.0], index=[1996, 1997])}, [(1996, 1997)]
    )
    assert rows.pooled_percent[0] == 2.667 and rows.mean_percent[0] == 3.5


def test_concentration_refuses_negative_and_missing():
    flows = frame(A=[1, 1, -1, 2], B=[1, 3, 3, np.nan])
    rows = measures.concentration(flows).set_index("year")
    assert rows.hhi[2015] == 0.5 and rows.effective_number[2015] == 2.0
    assert rows.hhi[2016] == 0.625
    assert rows.hhi.loc[[2017, 2018]].isna().all()


def test_volatility():
    row = measures.volatility(frame(A=[1, 1, 1, 5])).loc["A"]
    assert row.largest_year == 2018 and row.largest_share_percent == 62.5 and row.cv == 1.0
    negative = measures.volatility(frame(A=[-1, 9, 9, 9])).loc["A"]
    assert np.isnan(negative.cv) and negative.sd == 5.0 and negative.negative_years == 1


def test_ranks_count_only_donors_that_report():
    net = pd.DataFrame(
        {
            "donor": ["JPN", "USA", "DEU", "JPN"],
            "recipient": "KAZ",
            "year": [2000, 2000, 2000, 2001],
            "usd_million": [2.0, 3.0, 2.0, -1.0],
        }
    )
    total = pd.DataFrame({"recipient": "KAZ", "year": [2000, 2001], "usd_million": [8.0, 4.0]})
    rows = measures.ranks(net, "JPN", total).set_index("year")
    assert rows["rank"].tolist() == [2, 1] and rows.donors.tolist() == [3, 1]
    assert rows.share_percent[2000] == 25.0 and np.isnan(rows.share_percent[2001])


def test_study_series_run_forward_where_measures_begin_in_different_years():
    rows = [("grants", year) for year in (2000, 2001)] + [("net", year) for year in (1999, 2000)]
    panel = pd.DataFrame(rows, columns=["measure", "year"]).assign(
        donor="POL", recipient="KAZ", price_basis="current", usd_million=1.0
    )
    series = measures.study_series(panel, panel.iloc[:0], "POL")
    assert list(series.index) == [1999, 2000, 2001]
    assert list(measures.longest_run(series["grants", "current", measures.ALL]).index) == [
        2000,
        2001,
    ]
