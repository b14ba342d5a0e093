"""Measures on small frames: each result follows from its inputs and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from oda_eras import measures
from oda_eras.study import Study

YEARS = [2015, 2016, 2017, 2018]
RATE = pd.Series([120.0, 110.0, 112.0, 111.0], index=YEARS)


def frame(**columns):
    return pd.DataFrame(columns, index=pd.Index(YEARS, name="year"), dtype=float)


NET = frame(AAA=[-8.33, -9.09, -8.93, -9.01], BBB=[1, 2, 3, 4], CCC=[5, 6, np.nan, 8])
GRANTS = frame(AAA=[0, 0, 0, 0], BBB=[1, 2, 3, 4], CCC=[4, 4, 4, 4])


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


def flows_of(measure: str, recipient: str = "AAA", **cells) -> pd.DataFrame:
    """Rows of one measure in US$ and yen: for each year value, low, high and status."""
    rows = pd.DataFrame.from_dict(cells, orient="index", columns=["value", "low", "high", "status"])
    rows = rows.assign(year=[int(year[1:]) for year in rows.index], recipient=recipient)
    rows = rows.assign(measure=measure, source="crs_world", rule="r", price_basis="current")
    yen = rows.assign(price_basis="yen")
    yen[["value", "low", "high"]] = rows[["value", "low", "high"]].mul(yen.year.map(RATE), axis=0)
    return pd.concat([rows, yen], ignore_index=True)


NAN = np.nan
REPAID = {
    "y2015": (8.33, 8.25, 8.41, "converted"),
    "y2016": (9.09, 9.09, 9.09, "known"),
    "y2017": (NAN, 0.0, 9.0, "bounded"),
    "y2018": (9.01, 8.0, 10.0, "extrapolated"),
}


def test_gross_cells_keep_bounds_and_status():
    cells = measures.gross_cells(
        pd.concat([flows_of("gross", **REPAID), flows_of("net", **REPAID)])
    )
    assert cells.year.tolist() == YEARS
    assert cells.label.tolist() == ["converted", "known", "bounded", "extrapolated"]
    assert np.isnan(cells.usd_million[2]) and (cells.low[2], cells.high[2]) == (0, 9)


def test_repayments_in_national_currency_with_their_bounds():
    no_loans = flows_of("repayments", "BBB", y2016=(0.004, 0.004, 0.004, "known"))
    nothing = flows_of("repayments", "CCC", y2016=(NAN, NAN, NAN, "unknown"))
    rows = pd.concat([flows_of("repayments", **REPAID), no_loans, nothing])
    rows = measures.repayments(rows, RATE)
    assert set(rows.recipient) == {"AAA"}  # BBB's is rounding, of CCC's nothing is known
    assert rows.usd_million[:2].tolist() == [8.33, 9.09]
    assert rows.lcu_million[:2].tolist() == [999.6, 999.9] and np.isnan(rows.lcu_million[2])
    assert (rows.low[0], rows.high[0], rows.high[2]) == (990, 1009.2, 1008)
    assert rows.band[:2].tolist() == [9.6, 1.1] and rows.band[2:].isna().all()
    assert rows.level[:2].tolist() == [999.9] * 2  # what the second, sharper year allows
    assert rows.level[2:].isna().all()  # neither bounds nor an extrapolation make a level


def with_levels(*repaid: float, band: float = 1.0, **columns) -> pd.DataFrame:
    rows = pd.DataFrame({"year": range(2010, 2010 + len(repaid)), "lcu_million": repaid})
    rows = rows.assign(recipient="A", band=band, label="known").assign(**columns)
    return rows.assign(level=measures.levels(rows))


@pytest.mark.parametrize(
    ("repaid", "expected"),
    [
        ((100, 101, 140), [100.5, 100.5, NAN]),
        ((100, 102), [101, 101]),
        ((100, 102.1), [NAN, NAN]),
        ((100, 101.5, 103), [100.8, 100.8, NAN]),  # neighbours meet, but no one amount fits all
        ((100, 100, 200, 200), [100, 100, 200, 200]),
        ((0.5, 0.6, 0.4), [NAN, NAN, NAN]),  # zero fits, which is no instalment
        ((-50, -50), [NAN, NAN]),
    ],
)
def test_a_level_is_an_instalment_that_fits_every_year(repaid, expected):
    found = with_levels(*repaid)
    assert found.level.tolist() == pytest.approx(expected, abs=0.06, nan_ok=True)
    known = found.dropna()
    assert ((known.level - known.lcu_million).abs() <= known.band + 0.05).all()


def test_gaps_recipients_and_unsure_years_end_a_level():
    assert with_levels(100.0, 100.0, year=[2010, 2012]).level.isna().all()
    assert with_levels(100.0, 100.0, recipient=["A", "B"]).level.isna().all()
    unsure = with_levels(100.0, 100.0, 100.0, label=["known", "extrapolated", "known"])
    assert unsure.level.isna().all()


def test_equal_levels_apart_are_two_runs():
    found = with_levels(100.0, 100.0, 300.0, 100.0, 100.0, 100.0)
    runs = measures.level_runs(found)
    assert runs[["first", "last", "level"]].to_numpy().tolist() == [
        [2010, 2011, 100], [2013, 2015, 100]
    ]  # fmt: skip
    assert measures.level_runs(found.iloc[:0]).empty


def test_years_are_told_as_spans_by_status():
    rows = measures.years_by_status(measures.gross_cells(flows_of("gross", **REPAID)))
    assert list(rows.columns) == ["known", "converted", "extrapolated", "bounded"]
    assert rows.loc["AAA"].tolist() == ["2016", "2015", "2018", "2017"]


def test_open_years_are_summed_over_runs():
    cells = measures.gross_cells(
        flows_of(
            "gross",
            y2015=(NAN, 1.0, 2.0, "bounded"),
            y2016=(NAN, 2.0, 4.0, "bounded"),
            y2017=(5.0, 5.0, 5.0, "known"),
            y2018=(NAN, 0.0, 1.0, "bounded"),
        )
    )
    rows = measures.open_years(cells, NET.abs())
    assert rows.years.tolist() == ["2015-2016", "2018"]
    assert rows[["net", "low", "high"]].round(2).to_numpy().tolist() == [
        [17.42, 3, 6], [9.01, 0, 1]
    ]  # fmt: skip
    assert measures.open_years(cells[cells.label == "known"], NET).empty


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
    series = measures.study_series(panel, panel.iloc[:0], Study(donor="POL"))
    assert list(series.index) == [1999, 2000, 2001]
    assert list(measures.longest_run(series["grants", "current", measures.ALL]).index) == [
        2000,
        2001,
    ]


def test_revisions_are_counted_by_vintage_and_recipient():
    older = pd.DataFrame(
        [
            ("a", 2001, "KAZ", 2000, 1.0),
            ("a", 2001, "KAZ", 2001, 2.0),
            ("a", 2001, "WLD", 2000, 50.0),
            ("a", 2001, "WLD", 2001, 80.0),
            ("b", 2002, "UZB", 2001, 3.0),
            ("b", 2002, "UZB", 1999, 9.0),
        ],
        columns=["vintage", "last_year", "recipient", "year", "net_usd_million"],
    )
    net = pd.DataFrame({"KAZ": [1.0, 2.0], "UZB": [3.0, 3.4]}, index=[2000, 2001])
    world = pd.Series([40.0, 81.0], index=[2000, 2001])
    rows = measures.revisions(older, net, world)
    assert rows.revision.tolist() == [0, 0, -10, 1, 0.4]  # 1999 is in one vintage only
    table = measures.revisions_by_series(rows).set_index(["last_year", "recipient"])
    assert table.moved.to_dict() == {(2001, "KAZ"): 0, (2001, "WLD"): 2, (2002, "UZB"): 1}
    most = table.loc[(2001, "WLD")]
    assert (most.largest, most.largest_year, most.largest_percent) == (-10, 2000, -20)
    assert table.loc[(2001, "KAZ")][["largest_year", "largest_percent"]].isna().all()
