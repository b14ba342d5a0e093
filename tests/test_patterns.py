"""What notebook 03 computes and draws: sums, parts, fewer recipients, years nobody reports."""

import pandas as pd
import pytest
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
    assert titles(figures.flows_by_recipient(flows, eras)) == expected
    parts = rows(codes, grants=1.0, loans_net=-0.5, repayments=0.5, label="known")
    assert titles(figures.made_of(parts, "euro")) == expected
    compared = rows(codes, measure="net", usd_million=1.0, label="reported")
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
    assert [text.get_text() for text in drawn.axes[0].texts] == ["late"]


def test_repayments_hang_below_zero_and_show_what_is_inferred():
    parts = rows(["UZB"], grants=2000.0, loans_net=9e3, repayments=500.0, label="known")
    parts.loc[parts.year > 2010, "label"] = "inferred"
    parts.loc[parts.year < 2005, ["repayments", "label"]] = None
    drawn = figures.made_of(parts, "yen")
    marks = {line.get_label(): line for line in drawn.axes[0].lines if line.get_marker() == "D"}
    assert list(marks["repayments, gross known or converted"].get_xdata()) == list(
        range(2005, 2011)
    )
    assert set(marks["repayments, gross inferred or extrapolated"].get_ydata()) == {-500.0}
    assert marks["repayments, gross inferred or extrapolated"].get_markerfacecolor() == "white"
    assert drawn.axes[0].get_ylabel() == "million yen"
    assert figures.made_of(parts.assign(loans_net=9e4), "yen").axes[0].get_ylabel() == (
        "billion yen"
    )


def test_a_known_year_between_unknown_ones_is_seen():
    compared = rows(["UZB"], measure="net", usd_million=1.0, label="reported")
    compared = compared[~compared.year.isin([2004, 2006])]
    drawn = figures.three_measures(compared)
    dots = [line for line in drawn.axes[0].lines if line.get_marker() == "."]
    assert [2005] in [list(line.get_xdata()) for line in dots]


def test_a_measure_without_any_year_has_no_entry():
    number = pd.DataFrame(
        {"measure": ["grants"] * 2 + ["gross"] * 2, "year": [2000, 2001] * 2,
         "effective_number": [2.0, 2.5, None, None]}
    )  # fmt: skip
    assert labels(figures.concentration(number)) == ["grants"]
    assert figures.concentration(number.assign(effective_number=None)) is None


def test_each_event_of_a_run_is_numbered_above_the_sum():
    flows = rows(["UZB", "all"], usd_million=1.0)
    nothing = pd.DataFrame({"label": [], "opens": [], "closes": []})
    events = pd.DataFrame({"date": ["2001-09-11", "2012-12-26"], "event": ["a", "b"]})
    drawn = figures.flows_by_recipient(flows, nothing, events)
    assert [text.get_text() for text in drawn.axes[1].texts] == ["1", "2"]
    assert not figures.flows_by_recipient(flows, nothing, events[:0]).axes[1].texts


def test_the_words_of_the_parts_count_as_their_axis_does():
    parts = rows(["UZB"], grants=2000.0, loans_net=9e4, repayments=None, label=None)
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


def test_sources_are_those_that_the_flows_rest_on():
    panel = pd.DataFrame(
        {
            "donor": ["JPN", "JPN", "JPN", "JPN", "DEU"],
            "measure": ["gross", "grants", "net", "gross", "net"],
            "source": ["printed", "grants", "net", "sectors", "net"],
        }
    )
    assert patterns.sources_of(panel, "JPN") == "net, grants, printed, sectors"
    assert patterns.sources_of(panel, "DEU") == "net"


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


def repaid(**labels) -> pd.DataFrame:
    """Repayments of 2001, of 500 and 300 million units of currency."""
    return pd.DataFrame(
        {
            "recipient": ["KAZ", "UZB"],
            "year": 2001,
            "lcu_million": [500.0, 300.0],
            "label": [labels["KAZ"], labels["UZB"]],
        }
    )


def made_of(gross: pd.DataFrame, repayments: pd.DataFrame) -> pd.DataFrame:
    rate = pd.Series({2000: 100.0, 2001: 100.0, 2002: 110.0})
    found = patterns.made_of(GRANTS, LOANS, gross, repayments, rate)
    return found.set_index(["recipient", "year"])


def test_parts_are_in_national_currency_and_sum_up():
    gross = wide(KAZ=[None, 1.0, None], UZB=[None, 2.0, None])
    found = made_of(gross, repaid(KAZ="extrapolated", UZB="converted"))
    assert found.grants["UZB", 2000] == 1000 and found.loans_net["KAZ", 2001] == -500
    assert found.grants["all", 2001] == 1000 and ("all", 2002) not in found.index
    assert found.repayments["all", 2001] == 800 and found.label["all", 2001] == "extrapolated"
    known = made_of(gross, repaid(KAZ="known", UZB="known"))
    assert known.label["all", 2001] == "known"


def test_repayments_of_the_sum_need_gross_for_every_recipient():
    gross = wide(KAZ=[None, 1.0, None], UZB=[None, None, None])
    found = made_of(gross, repaid(KAZ="known", UZB="known"))
    assert found.repayments["KAZ", 2001] == 500 and pd.isna(found.repayments["all", 2001])


def test_parts_without_any_repayment_have_none():
    columns = {"recipient": [], "year": [], "lcu_million": [], "label": []}
    found = made_of(GRANTS, pd.DataFrame(columns, dtype=object))
    assert found.repayments.isna().all() and len(found) == 7


def test_since_is_where_the_last_run_of_negative_years_begins():
    loans = wide(
        KAZ=[-1.0, 2.0, -3.0, None, -1.0],
        KGZ=[-1.0, -2.0, 0.0, 1.0, 1.0],
        TJK=[0.0, -0.01, 0.0, 0.0, 0.0],
    )
    found = patterns.repaying(loans, loans - 1)
    assert found.negative_years.to_dict() == {"KAZ": 3, "KGZ": 2, "TJK": 0}
    assert found.since["KAZ"] == 2002 and found["first"]["KAZ"] == 2000
    assert pd.isna(found.since["KGZ"]) and pd.isna(found["first"]["TJK"])
    assert found.net_loans["KAZ"] == -5 and found.negative_net["TJK"] == 5


def test_gross_in_the_sum_is_as_sure_as_its_least_sure_part():
    gross = wide(KAZ=[12.0, 1.0, None], UZB=[30.0, 9.0, None])
    labels = wide(
        KAZ=["known", "extrapolated", "bounded"], UZB=["known", "converted", "known"]
    )  # fmt: skip
    found = patterns.three_measures(NET, gross, GRANTS, labels)
    cells = found.set_index(["measure", "recipient", "year"])
    assert cells.label["gross"].to_dict() == {
        ("KAZ", 2000): "known", ("KAZ", 2001): "extrapolated", ("UZB", 2000): "known",
        ("UZB", 2001): "converted", ("all", 2000): "known", ("all", 2001): "extrapolated",
    }  # fmt: skip
    assert set(cells.label["net"]) == set(cells.label["grants"]) == {"reported"}
    assert cells.usd_million["gross", "all", 2001] == 10


def test_means_are_compared_over_the_same_years():
    found = patterns.means_in_same_years(NET, GRANTS)
    assert found.loc["UZB"].to_dict() == {"grants": 9.5, "net": 19.0, "n": 2}
    assert found.loc["KAZ"].to_dict() == {"grants": 2.5, "net": 3.0, "n": 2}
    assert found.grants["all"] == 12.0
    assert patterns.means_in_same_years(NET.loc[[2002]], GRANTS).empty


def test_gaps_are_repayments_and_the_widest_comes_first():
    gross = wide(KAZ=[10.0, 1.0, None], UZB=[30.01, 28.0, None], KGZ=[None, None, None])
    found = patterns.gross_above_net(gross, NET.assign(KGZ=1.0))
    assert list(found.index) == ["UZB", "KAZ"]
    assert found.loc["UZB"].to_dict() == {"years": 2, "above": 1, "gap": 20.0, "gap_year": 2001}
    assert found.above["KAZ"] == 1 and found.gap["KAZ"] == 5


def test_shares_of_mixed_signs_leave_their_bounds():
    found = patterns.mixed_years(NET)
    assert found.index.tolist() == [2001]
    assert found.largest_share[2001] == 2 and found.hhi[2001] == 5


def test_spread_counts_the_years_with_an_effective_number():
    found = patterns.spread(patterns.concentration(net=NET, grants=wide(KAZ=[1.0], UZB=[1.0])))
    assert found.loc["net"][["years", "first", "last"]].tolist() == [1, 2000, 2000]
    assert found["median"]["grants"] == 2


def test_shares_need_every_recipient():
    found = patterns.shares(NET)
    assert found.loc[2000].tolist() == [25, 75] and found.loc[2002].isna().all()


def test_volatility_is_compared_in_the_same_years():
    found = patterns.volatility(wide(first=1999, KAZ=[9.0, 1.0, 3.0]), wide(KAZ=[1.0, 5.0, 7.0]))
    assert found.measure.tolist() == ["net, 1999-2001", "net, 2000-2001", "grants, 2000-2001"]
    assert found["mean"].tolist() == [4.33, 2.0, 3.0] and found.n.tolist() == [3, 2, 2]
    once = patterns.volatility(wide(KAZ=[1.0, 3.0]), wide(KAZ=[1.0, 5.0]))
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
    assert figures.side_by_side(found[:0]) is None


def test_beside_china_a_year_without_a_sum_is_marked():
    committed = COMMITTED.assign(year=[2001, 2001, 2003])
    total = pd.Series({2001: 2.0, 2002: None, 2003: 3.0})
    drawn = figures.side_by_side(patterns.beside_china(total, committed))
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
