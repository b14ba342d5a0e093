"""What notebook 03 computes and draws: sums, parts, fewer recipients, years nobody reports."""

import pandas as pd
import pytest
from bars import bars_of
from matplotlib import pyplot as plt

from oda_eras import figures, patterns
from oda_eras.study import FIRST_YEAR, LAST_YEAR, Study

YEARS = range(2000, 2016)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def rows(codes: list[str], **columns) -> pd.DataFrame:
    return pd.concat([pd.DataFrame({"recipient": c, "year": YEARS, **columns}) for c in codes])


def in_parts(codes: list[str], **columns) -> pd.DataFrame:
    """Rows as of `patterns.made_of`, all known where `columns` do not say otherwise."""
    known = {"grants": 1.0, "loans_drawn": 0.5, "repayments": 0.2, "loans_net": 0.3}
    bounds = {"repayments_low": 0.2, "repayments_high": 0.2, "status": "known"}
    return rows(codes, **(known | bounds | columns))


def titles(figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes]


def labels(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["UZB"], ["Uzbekistan"]),
        (["UZB", "KAZ", "all"], ["Kazakhstan", "Uzbekistan", "Both"]),
        (["KGZ", "TJK", "UZB", "all"], ["Kyrgyzstan", "Tajikistan", "Uzbekistan", "All three"]),
    ],
)
def test_a_panel_for_each_recipient_and_one_for_their_sum(codes, expected):
    flows = rows(codes, usd_million=1.0)
    eras = pd.DataFrame({"label": ["a"], "opens": ["1990-01-01"], "closes": ["2005-01-01"]})
    assert titles(figures.flows_by_recipient(flows, eras)) == [expected[-1], *expected[:-1]]
    assert titles(figures.made_of(in_parts(codes), "euro")) == expected
    compared = rows(codes, measure="net", usd_million=1.0, low=1.0, high=1.0, status="known")
    assert titles(figures.three_measures(compared)) == expected


def test_a_year_that_is_not_reported_is_marked_not_drawn_as_zero():
    flows = rows(["KAZ", "UZB"], usd_million=1.0)
    gap = flows[(flows.recipient == "KAZ") | (flows.year != 2003)]
    nothing = pd.DataFrame({"label": [], "opens": [], "closes": []})
    assert labels(figures.flows_by_recipient(flows, nothing)) == []
    drawn = figures.flows_by_recipient(gap, nothing)
    assert labels(drawn) == ["not reported"]
    marks = [line for line in drawn.axes[1].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in marks] == [[2003]]


def test_eras_outside_the_years_of_a_run_leave_no_label():
    eras = pd.DataFrame(
        {
            "label": ["early", "late"],
            "opens": ["1992-01-01", "2004-01-01"],
            "closes": ["1999-01-01", None],
        }
    )
    drawn = figures.flows_by_recipient(rows(["UZB"], usd_million=1.0), eras)
    assert [text.get_text() for text in drawn.axes[0].texts] == ["no era", "late"]


def test_repayments_hang_below_zero_and_net_loans_stand_in_where_parts_are_unknown():
    parts = in_parts(["UZB"], grants=2000.0, loans_drawn=9e3, repayments=500.0, loans_net=8500.0)
    parts.loc[parts.year < 2005, ["loans_drawn", "repayments", "repayments_low"]] = [None, None, 0]
    drawn = figures.made_of(parts, "yen")
    heights = {label: list(bars[:, 2]) for label, bars in bars_of(drawn.axes[0])}
    assert set(heights["repayments"]) == {-500}
    assert heights["loans drawn less repayments"] == [8500] * 5
    [line] = [x for x in drawn.axes[0].lines if x.get_label() == "repayments, bounds"]
    assert sorted(set(line.get_xdata())) == list(range(2000, 2005))
    assert drawn.axes[0].get_ylabel() == "million yen"
    more = figures.made_of(parts.assign(loans_drawn=9e4), "yen")
    assert more.axes[0].get_ylabel() == "billion yen"
    whole = figures.made_of(in_parts(["UZB"]), "yen")
    assert labels(whole) == ["grants", "loans drawn", "repayments"]


def test_gross_is_filled_open_or_a_line_as_far_as_it_is_known():
    statuses = ["bounded", "known", "converted", "inferred", "extrapolated", *["known"] * 11]
    gross = rows(["UZB"], measure="gross", usd_million=2.0, low=1.0, high=3.0, status=statuses)
    gross.loc[gross.status == "bounded", "usd_million"] = None
    drawn = figures.three_measures(gross)
    lines = {line.get_label(): line for line in drawn.axes[0].lines}
    assert list(lines["gross"].get_xdata()) == [2001, 2002, *range(2005, 2016)]
    unsure = lines["gross, inferred or extrapolated"]
    assert list(unsure.get_xdata()) == [2003, 2004] and unsure.get_markerfacecolor() == "white"
    assert set(lines["gross, bounds"].get_xdata()) == {2000, 2003, 2004}
    assert set(lines["gross, bounds"].get_ydata()[:2]) == {1, 3}


def test_a_known_year_between_unknown_ones_is_seen():
    compared = rows(["UZB"], measure="net", usd_million=1.0, low=1.0, high=1.0, status="known")
    compared = compared[~compared.year.isin([2004, 2006])]
    drawn = figures.three_measures(compared)
    dots = [line for line in drawn.axes[0].lines if line.get_marker() == "."]
    assert [2005] in [list(line.get_xdata()) for line in dots]


def test_shares_of_the_sum_are_of_years_in_which_all_are_known():
    shared = patterns.shares_of_sum(flow_rows(LENT, UNSURE))
    sums = shared.groupby(["measure", "year"]).share_percent.sum()
    assert len(sums) and sums.between(99.99, 100.01).all()
    known = patterns.cells(flow_rows(LENT, UNSURE), "gross").dropna().index
    assert list(shared[shared.measure == "gross disbursements"].year.unique()) == list(known)
    drawn = figures.concentration(shared)
    assert [ax.get_title(loc="left") for ax in drawn.axes] == list(shared.measure.unique())
    assert figures.concentration(shared.iloc[:0]) is None


def test_each_event_of_a_run_is_named_in_the_panel_of_the_sum():
    flows = rows(["UZB", "all"], usd_million=1.0)
    nothing = pd.DataFrame({"label": [], "opens": [], "closes": []})
    events = pd.DataFrame({"date": ["2001-09-11", "2012-12-26"], "event": ["a", "b"]})
    drawn = figures.flows_by_recipient(flows, nothing, events)
    assert [text.get_text() for text in drawn.axes[0].texts] == ["a", "b"]
    assert not drawn.axes[1].texts
    assert not figures.flows_by_recipient(flows, nothing, events[:0]).axes[0].texts


def test_the_words_of_the_parts_count_as_their_axis_does():
    parts = in_parts(["UZB"], grants=2000.0, loans_net=9e4, loans_drawn=float("nan"))
    scale, unit = figures.unit_of(parts)
    axis = figures.made_of(parts, "yen").axes[0]
    assert axis.get_ylabel() == f"{unit} yen"
    assert axis.yaxis.get_major_formatter()(5e4, 0) == f"{5e4 / scale:g}"


def wide(first: int = 2000, **flows) -> pd.DataFrame:
    """A wide frame; each recipient with one value for each year from the first on."""
    years = range(first, first + len(next(iter(flows.values()))))
    return pd.DataFrame(flows, index=pd.Index(years, name="year")).rename_axis(columns="recipient")


NET = wide(KAZ=[10.0, -4.0, 2.0], UZB=[30.0, 8.0, None])
GRANTS = wide(KAZ=[4.0, 1.0, 2.0], UZB=[10.0, 9.0, 9.0])
LOANS = wide(KAZ=[6.0, -5.0, 0.0], UZB=[20.0, -1.0, None])


def test_a_sum_lacks_a_year_that_lacks_a_recipient_and_one_recipient_has_none():
    total = patterns.add_sum(NET)["all"]
    assert total.dropna().to_dict() == {2000: 40.0, 2001: 4.0}
    assert list(patterns.add_sum(NET[["UZB"]])) == ["UZB"]
    assert patterns.sums(net=NET, grants=GRANTS).grants[2002] == 11.0


def test_without_uzbekistan_only_where_others_are():
    found = patterns.with_and_without(NET).set_index("year")
    assert found.without_uzbekistan.to_dict() == {2000: 10.0, 2001: -4.0, 2002: 2.0}
    assert found.with_uzbekistan.isna().to_dict() == {2000: False, 2001: False, 2002: True}
    for alone in ("UZB", "KAZ"):
        assert patterns.with_and_without(NET[[alone]]).without_uzbekistan.isna().all()


def test_periods_are_cut_to_the_years_that_there_are():
    frame = wide(first=1995, KAZ=[1.0, 3.0, None, 5.0])
    found = patterns.by_period(frame)
    assert found.KAZ.to_dict() == {"1995-1996": 2.0, "1997-1998": 5.0}
    assert patterns.by_period(frame.loc[[1996]]).index.tolist() == ["1996"]
    every = wide(first=FIRST_YEAR, KAZ=[1.0] * (LAST_YEAR - FIRST_YEAR + 1))
    assert patterns.by_period(every, "count").KAZ.sum() == len(every)


FLOWS = ["net", "gross", "grants", "gross_loans", "loans_net", "repayments"]


def flow_rows(cells: dict, status: dict | None = None) -> pd.DataFrame:
    """Rows of flows.csv in current US$ and at 100 yen to a dollar.

    `cells` gives grants, loans drawn and repayments by recipient and year; `status` that of gross,
    drawn and repaid where it is not "known". What is bounded is up to what `cells` says.
    """
    found = []
    for (recipient, year), (grants, drawn, repaid) in cells.items():
        sums = [grants + drawn - repaid, grants + drawn, grants, drawn, drawn - repaid, repaid]
        for measure, value in zip(FLOWS, sums, strict=True):
            parted = measure in ("gross", "gross_loans", "repayments")
            how = (status or {}).get((recipient, year), "known") if parted else "known"
            low, seen = (0, None) if how == "bounded" else (value, value)
            for basis, rate in (("current", 1), ("yen", 100)):
                found.append(
                    (recipient, year, measure, basis, seen and seen * rate, low * rate,
                     value * rate, how)
                )  # fmt: skip
    columns = ["recipient", "year", "measure", "price_basis", "value", "low", "high", "status"]
    return pd.DataFrame(found, columns=columns).astype({"value": float})


LENT = {
    ("KAZ", 2000): (4.0, 6.0, 1.0), ("UZB", 2000): (10.0, 20.0, 2.0),
    ("KAZ", 2001): (1.0, 0.0, 5.0), ("UZB", 2001): (9.0, 30.0, 3.0),
    ("KAZ", 2002): (2.0, 3.0, 6.0), ("UZB", 2002): (9.0, 0.0, 0.0),
}  # fmt: skip
UNSURE = {("KAZ", 2000): "bounded", ("UZB", 2001): "converted", ("UZB", 2002): "inferred"}


def test_cells_are_those_that_a_source_prints():
    found = patterns.cells(flow_rows(LENT, UNSURE), "gross")
    assert found.KAZ.dropna().to_dict() == {2001: 1.0, 2002: 5.0}
    assert found.UZB.dropna().to_dict() == {2000: 30.0, 2001: 39.0}
    nothing = dict.fromkeys(LENT, "inferred")
    assert list(patterns.cells(flow_rows(LENT, nothing), "gross")) == ["KAZ", "UZB"]
    assert patterns.cells(flow_rows(LENT, nothing), "gross").empty


def test_a_sum_is_no_surer_than_its_weakest_part():
    found = patterns.with_sum(flow_rows(LENT, UNSURE))
    found = found[(found.recipient == "all") & (found.price_basis == "current")]
    gross = found[found.measure == "gross"].set_index("year")
    assert gross.status.to_dict() == {2000: "bounded", 2001: "converted", 2002: "inferred"}
    assert gross.high.tolist() == [40, 40, 14] and gross.low.tolist() == [30, 40, 14]
    assert pd.isna(gross.value[2000]) and gross.value[2001] == 40
    alone = flow_rows({("KAZ", 2000): (1.0, 2.0, 0.0)})
    assert set(patterns.with_sum(alone).recipient) == {"KAZ"}


def test_split_has_the_years_in_which_every_part_of_every_recipient_is_known():
    found = patterns.split(flow_rows(LENT, UNSURE))
    assert found.index.tolist() == [2001]
    parts = {"net": 32.0, "gross": 40.0, "grants": 10.0, "drawn": 30.0, "repaid": 8.0}
    assert found.loc[2001].to_dict() == parts
    assert patterns.split(flow_rows(LENT)[:0]).empty


def test_sources_are_those_that_the_flows_rest_on():
    flows = pd.DataFrame(
        {
            "measure": ["commitments", "gross", "grants", "net", "gross", "gross"],
            "source": ["agreed", "printed; net", "grants", "net", "rates; printed", None],
        }
    )
    assert patterns.sources_of(flows) == "net, grants, printed, rates"


ERAS = pd.DataFrame(
    {
        "donor": "JPN",
        "scheme": ["article", "filled", "prime_ministers"],
        "era": ["a", "b", "c"],
        "opens": "1993-01-01",
    }
)
EVENTS = pd.DataFrame(
    {"date": ["1993-01-01", "2001-09-11", "2015-10-22"], "event": ["a", "b", "c"]}
)


def test_bands_are_the_articles_unless_a_scheme_is_chosen():
    panel = pd.DataFrame(
        {"donor": "JPN", "recipient": "KAZ", "year": YEARS, "measure": "net", "usd_million": 1.0}
    )
    assert list(patterns.bands(ERAS, Study(), panel).era) == ["a"]
    assert list(patterns.bands(ERAS, Study(scheme="prime_ministers"), panel).era) == ["c"]


def test_events_are_for_the_donor_of_the_article_and_the_years_of_the_run():
    found = patterns.events_of(EVENTS, ERAS, Study(first_year=1999, last_year=2014))
    assert list(found.event) == ["b"]
    assert patterns.events_of(EVENTS, ERAS, Study(donor="DEU")).empty


def test_parts_are_in_national_currency_and_sum_up():
    found = patterns.made_of(flow_rows(LENT, UNSURE)).set_index(["recipient", "year"])
    assert found.loc["all", 2001].to_dict() == {
        "grants": 1000, "loans_drawn": 3000, "repayments": 800, "loans_net": 2200,
        "repayments_low": 800, "repayments_high": 800, "status": "converted",
    }  # fmt: skip


def test_parts_that_are_not_known_leave_net_loans_and_bounds():
    found = patterns.made_of(flow_rows(LENT, UNSURE)).set_index(["recipient", "year"])
    for recipient, high in (("KAZ", 100), ("all", 300)):
        row = found.loc[recipient, 2000]
        assert row.status == "bounded" and row.repayments_high == high
        assert pd.isna(row.loans_drawn) and pd.isna(row.repayments)
    assert found.loans_net["KAZ", 2000] == 500 and found.repayments["UZB", 2000] == 200
    # what is inferred is no source's
    assert pd.isna(found.loans_drawn["UZB", 2002]) and pd.isna(found.loans_drawn["all", 2002])


def test_lending_counts_only_what_is_certain():
    flows = flow_rows(LENT | {("TJK", 2000): (5.0, 0.004, 0.0)}, UNSURE)
    converted = (flows.status == "converted") & (flows.measure == "repayments")
    flows.loc[converted, "low"] = -1.0
    found = patterns.lending(flows)
    assert found.drawn.to_dict() == {"KAZ": 300, "TJK": 0, "UZB": 5000}
    assert found.drawn_in.to_dict() == {"KAZ": "2002", "TJK": "", "UZB": "2000-2001"}
    assert found.repaid.to_dict() == {"KAZ": 1100, "TJK": 0, "UZB": 200}
    assert found.repaid_in.to_dict() == {"KAZ": "2001-2002", "TJK": "", "UZB": "2000"}
    assert found.years.to_dict() == {"KAZ": 2, "TJK": 1, "UZB": 2}


def test_since_is_where_the_last_run_of_negative_years_begins():
    repaid = {
        "KAZ": [1.0, 0.0, 3.0, 1.0], "KGZ": [1.0, 2.0, 0.0, 0.0], "TJK": [0.0, 0.01, 0.0, 0.0]
    }  # fmt: skip
    cells = {(r, 2000 + i): (1.0, 0.0, v) for r, some in repaid.items() for i, v in enumerate(some)}
    found = patterns.lending(flow_rows(cells))
    assert found.negative_years.to_dict() == {"KAZ": 3, "KGZ": 2, "TJK": 0}
    assert found.since["KAZ"] == 2002
    assert found.since[["KGZ", "TJK"]].isna().all()


def test_gross_is_told_with_its_bounds_and_net_and_grants_only_where_known():
    flows = flow_rows(LENT, UNSURE)
    flows.loc[(flows.measure == "grants") & (flows.year == 2002), "status"] = "inferred"
    cells = patterns.three_measures(flows).set_index(["measure", "recipient", "year"])
    assert cells.status["gross"].to_dict() == {
        ("KAZ", 2000): "bounded", ("KAZ", 2001): "known", ("KAZ", 2002): "known",
        ("UZB", 2000): "known", ("UZB", 2001): "converted", ("UZB", 2002): "inferred",
        ("all", 2000): "bounded", ("all", 2001): "converted", ("all", 2002): "inferred",
    }  # fmt: skip
    bounded = cells.loc["gross", "KAZ", 2000]
    assert pd.isna(bounded.usd_million) and (bounded.low, bounded.high) == (0, 10)
    assert set(cells.loc["grants"].index.get_level_values("year")) == {2000, 2001}
    assert cells.usd_million["net", "all", 2002] == 8


def test_means_are_compared_over_the_same_years():
    found = patterns.means_in_same_years(NET, GRANTS)
    assert found.loc["UZB"].to_dict() == {"grants": 9.5, "net": 19.0, "n": 2}
    assert found.loc["KAZ"].to_dict() == {"grants": 2.5, "net": 3.0, "n": 2}
    assert found.grants["all"] == 12.0
    assert patterns.means_in_same_years(NET.loc[[2002]], GRANTS).empty


def test_gaps_are_repayments_and_the_widest_comes_first():
    flows = flow_rows(LENT, UNSURE | {("UZB", 2000): "bounded", ("UZB", 2001): "bounded"})
    assert list(patterns.gross_above_net(flows).index) == ["KAZ"]
    found = patterns.gross_above_net(flow_rows(LENT))
    assert list(found.index) == ["KAZ", "UZB"]
    assert found.loc["UZB"].to_dict() == {"years": 3, "above": 2, "gap": 3.0, "gap_year": 2001}
    unsure = flow_rows(LENT)
    unsure.loc[unsure.recipient == "UZB", "low"] = -1.0
    assert patterns.gross_above_net(unsure).above.to_dict() == {"KAZ": 3, "UZB": 0}


def test_shares_of_mixed_signs_leave_their_bounds():
    found = patterns.mixed_years(NET)
    assert found.index.tolist() == [2001]
    assert found.largest_share[2001] == 2 and found.hhi[2001] == 5


def test_spread_counts_the_years_with_an_effective_number():
    found = patterns.spread(patterns.concentration(flow_rows(LENT, UNSURE)))
    assert found.loc["gross"][["years", "first", "last"]].tolist() == [1, 2001, 2001]
    assert found.loc["net"][["years", "first", "last"]].tolist() == [1, 2000, 2000]
    assert list(found.index) == ["gross", "grants", "net"]


def test_concentration_says_how_far_the_flows_are_known():
    found = patterns.concentration(flow_rows(LENT, UNSURE)).set_index(["measure", "year"])
    assert found.status["gross"].to_dict() == {2000: "bounded", 2001: "converted", 2002: "inferred"}
    assert found.hhi["gross"].isna().tolist() == [True, False, True]
    assert found.hhi["gross", 2001] == pytest.approx((1 + 39**2) / 40**2, abs=1e-4)
    assert found.effective_number["grants"].notna().all()


def test_shares_need_every_recipient():
    found = patterns.shares(NET)
    assert found.loc[2000].tolist() == [25, 75] and found.loc[2002].isna().all()


def test_volatility_is_compared_in_the_same_years():
    net = wide(first=1999, KAZ=[9.0, 1.0, 3.0])
    found = patterns.volatility(net, wide(KAZ=[1.0, 5.0, 7.0]), "net")
    assert found.measure.tolist() == ["net, 1999-2001", "net, 2000-2001", "grants, 2000-2001"]
    assert found["mean"].tolist() == [4.33, 2.0, 3.0] and found.n.tolist() == [3, 2, 2]
    once = patterns.volatility(wide(KAZ=[1.0, 3.0]), wide(KAZ=[1.0, 5.0]), "net")
    assert once.measure.tolist() == ["net, 2000-2001", "grants, 2000-2001"]


def test_years_at_first_of_a_donor_that_never_leads():
    ranks = pd.DataFrame(
        {
            "recipient": ["KAZ"] * 3 + ["UZB"] * 2,
            "year": [2000, 2001, 2002, 2000, 2001],
            "rank": [1, 2, 1, 2, 3],
        }
    )
    found = patterns.years_at_first(ranks)
    assert found.loc["KAZ"].tolist() == [3, 2, 2000, 2002]
    assert found.loc["UZB"][["ranked", "leading"]].tolist() == [2, 0]
    assert found.loc["UZB"][["first", "last"]].isna().all()


def test_ranks_by_grants_are_among_members():
    panel = pd.DataFrame(
        {
            "donor": ["JPN", "USA", "KOR", "ARE"],
            "recipient": "KAZ",
            "year": 2000,
            "measure": "grants",
            "usd_million": [3.0, 5.0, 1.0, 90.0],
        }
    )
    donors = pd.DataFrame(
        {"donor": ["JPN", "USA", "KOR", "ARE"], "group": ["DAC", "DAC", "DAC", "non-DAC"]}
    )
    ranks = patterns.grant_ranks(panel, "JPN", donors)
    assert ranks.KAZ[2000] == 2
    compared = patterns.ranks_compared(ranks, pd.DataFrame({"KAZ": {1999: 1, 2000: 7}}))
    assert compared.loc["KAZ"].tolist() == [2, 2, 2, 7]


COMMITTED = pd.DataFrame(
    {
        "recipient": ["KAZ", "UZB", "KAZ"],
        "flow_class": ["OOF", "OOF", "ODA"],
        "year": [2001, 2001, 2002],
        "constant_2021_usd_million": [5.0, 6.0, 1.0],
    }
)


def test_beside_china_are_only_the_years_that_its_data_cover():
    total = pd.Series({2000: 1.0, 2001: 2.0, 2002: 3.0, 2003: 4.0})
    found = patterns.beside_china(total, COMMITTED)
    assert found[found.series == "net ODA"].year.tolist() == [2001, 2002]
    assert found.usd_million.tolist() == [2, 3, 1, 11]
    assert set(found.price_basis[found.series != "net ODA"]) == {"constant 2021"}
    assert patterns.beside_china(total.loc[:2000], COMMITTED).empty
    assert patterns.beside_china(total * float("nan"), COMMITTED).empty
    assert figures.side_by_side(found[:0], "Japan's") is None


def test_beside_china_a_year_without_a_sum_is_marked():
    committed = COMMITTED.assign(year=[2001, 2001, 2003])
    total = pd.Series({2001: 2.0, 2002: None, 2003: 3.0})
    drawn = figures.side_by_side(patterns.beside_china(total, committed), "Japan's")
    above, below = [[x for x in ax.lines if x.get_marker() == "x"] for ax in drawn.axes]
    assert [list(line.get_xdata()) for line in above] == [[2002]] and not below


def test_the_mix_of_sectors_is_in_percent_of_each_recipient():
    sectors = pd.DataFrame(
        {
            "recipient": ["KAZ", "KAZ", "KAZ", "UZB"],
            "sector": ["WASH", "Health", "Health", "WASH"],
            "gross_usd_million": [1.0, 2.0, 1.0, 8.0],
        }
    )
    found = patterns.sector_mix(sectors)
    assert found.index.tolist() == ["Water and sanitation", "Health"]
    assert found.KAZ.tolist() == [25, 75] and found.UZB.tolist() == [100, 0]
    assert found["all"].tolist() == [75, 25]
