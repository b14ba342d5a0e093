"""Levels and shares by era: floors and zeros of commitments, gaps, short eras, variants."""

import numpy as np
import pandas as pd
import pytest

from oda_eras import era_levels
from oda_eras.eras import moved_boundary
from oda_eras.flows import FLOW_COLUMNS
from oda_eras.measures import ALL, WITHOUT_UZB

GROUPS = {ALL: ["KAZ", "UZB"], WITHOUT_UZB: ["KAZ"], "UZB": ["UZB"]}
YEARS = list(range(1993, 2007))
# A has four years, B two, C five, D two; 2004 belongs to none
ERA = pd.Series(["A"] * 4 + ["B"] * 2 + ["C"] * 5 + [None] + ["D"] * 2, index=YEARS, dtype=object)


def row(measure, recipient, year, value=np.nan, low=np.nan, status="known", basis="current"):
    cells = dict(
        donor="JPN", recipient=recipient, year=year, measure=measure, price_basis=basis,
        value=value, low=low, status=status,
    )  # fmt: skip
    return {column: cells.get(column) for column in FLOW_COLUMNS}


def levels(*rows, groups=GROUPS):
    return era_levels.levels(pd.DataFrame(list(rows)), groups)


@pytest.mark.parametrize(
    ("recipients", "groups"),
    [
        (["KAZ", "UZB", "TJK"], {ALL: 3, WITHOUT_UZB: ["KAZ", "TJK"], "UZB": ["UZB"]}),
        (["KAZ", "TJK"], {ALL: 2}),
        (["UZB"], {ALL: 1}),
        (["KAZ"], {ALL: 1}),
    ],
)
def test_uzbekistan_is_left_out_only_where_something_remains(recipients, groups):
    assert era_levels.groups_of(recipients) == groups | {ALL: recipients}


def test_commitments_count_floors_and_nothing_recorded_as_nothing():
    found = levels(
        row("commitments", "KAZ", 1992, 99.0),
        row("commitments", "UZB", 1992, 99.0),
        row("commitments", "KAZ", 1993, low=2.0, status="bounded"),
        row("commitments", "UZB", 1993, 3.0),
        row("commitments", "KAZ", 1994, status="unknown"),
        row("commitments", "UZB", 1994, 5.0),
        # after the last year of the CRS nothing is known
        row("commitments", "KAZ", 1995, status="unknown"),
        row("commitments", "UZB", 1995, status="unknown"),
        row("net", "KAZ", 1995, 1.0),
        row("net", "UZB", 1995, 1.0),
        row("grants", "UZB", 1996, 1.0),
    )["commitments", "current"]
    assert list(found.index) == [1993, 1994, 1995]
    assert found.loc[1993].to_dict() == {ALL: 5, WITHOUT_UZB: 2, "UZB": 3}
    assert found.loc[1994].to_dict() == {ALL: 5, WITHOUT_UZB: 0, "UZB": 5}
    assert found.loc[1995].isna().all()


@pytest.mark.parametrize("measure", ["gross", "net"])
def test_flows_that_are_not_printed_are_missing_with_every_sum_they_are_in(measure):
    found = levels(
        row(measure, "KAZ", 1992, 1.0),
        row(measure, "UZB", 1992, 1.0),
        *(row(measure, "UZB", year, 10.0) for year in (2003, 2004, 2005, 2006, 2007)),
        row(measure, "KAZ", 2003, 4.0),
        row(measure, "KAZ", 2004, 4.0, status="converted"),
        row(measure, "KAZ", 2005, low=4.0, status="bounded"),
        row(measure, "KAZ", 2006, 4.0, status="inferred"),
        row(measure, "KAZ", 2007, 4.0, status="extrapolated"),
    )[measure, "current"]
    assert list(found.index) == [2003, 2004, 2005, 2006, 2007]  # 1992 precedes the listing
    assert found[ALL].tolist() == pytest.approx([14, 14, *[np.nan] * 3], nan_ok=True)
    assert found[WITHOUT_UZB].tolist() == pytest.approx([4, 4, *[np.nan] * 3], nan_ok=True)
    assert found["UZB"].tolist() == [10] * 5


def test_price_bases_are_kept_apart():
    found = levels(
        row("net", "UZB", 2000, 1.0),
        row("net", "UZB", 2000, 110.0, basis="yen"),
        groups={ALL: ["UZB"]},
    )
    assert found.loc[2000].to_dict() == {("net", "current", ALL): 1, ("net", "yen", ALL): 110}


def test_shares_are_of_all_that_was_given():
    years = [1992, 1993, 1994]
    panel = pd.DataFrame(
        {"UZB": [9.0, 1.0, 0.0], "XXX": [9.0, 2.0, 4.0], "region": [9.0, 1.0, 4.0]}, index=years
    )
    net = pd.DataFrame(
        {ALL: [1.0, 2.0, np.nan], WITHOUT_UZB: [1.0, -3.0, 1.0], "UZB": [0.0, 5.0, 1.0]},
        index=[1993, 1994, 1995],
    )
    bilateral = pd.Series({1993: 100.0, 1994: 50.0})
    rows = era_levels.shares({"commitments": panel}, net, bilateral, GROUPS)
    assert list(rows.columns) == [
        "measure", "group", "year", "usd_million", "total", "share_percent"
    ]  # fmt: skip
    found = {key: some.to_dict() for key, some in
             rows.set_index("year").groupby(["measure", "group"]).share_percent}  # fmt: skip
    assert found == {
        ("commitments", ALL): {1993: 25, 1994: 0},
        ("commitments", WITHOUT_UZB): {1993: 0, 1994: 0},  # Kazakhstan has no column: nothing given
        ("commitments", "UZB"): {1993: 25, 1994: 0},
        ("net", ALL): {1993: 1, 1994: 4},
        ("net", WITHOUT_UZB): {1993: 1, 1994: -6},
        ("net", "UZB"): {1993: 0, 1994: 10},
    }
    assert (rows.share_percent == 100 * rows.usd_million / rows.total).all()


def flow(values: dict, measure="net") -> pd.DataFrame:
    """What `levels` returns, of one series."""
    wide = pd.DataFrame({(measure, "current", ALL): pd.Series(values, dtype=float)})
    return wide.reindex(YEARS).rename_axis(columns=["measure", "price_basis", "group"])


def yearly(values: dict, totals: dict) -> pd.DataFrame:
    """What `shares` returns, of one series."""
    rows = pd.DataFrame({"usd_million": values, "total": totals}).rename_axis("year").reset_index()
    return rows.assign(measure="net", group=ALL)


NO_SHARES = yearly({}, {}).astype({"year": int})


def test_means_and_pooled_shares_by_era():
    values = {year: float(i) for i, year in enumerate(YEARS)}
    totals = dict.fromkeys(YEARS, 10.0) | {1994: 100.0}
    table = era_levels.by_era(flow(values), yearly(values, totals), ERA)
    assert list(table.era) == ["A", "B", "C", "D"] * 2
    assert list(table.price_basis) == ["current"] * 4 + ["share"] * 4
    assert list(table["first"]) == [1993, 1997, 1999, 2005] * 2
    assert list(table["last"]) == [1996, 1998, 2003, 2006] * 2
    assert list(table.n) == [4, 2, 5, 2] * 2
    # eras of two years have no value; the share is that of sums, not the mean of shares
    expected = [1.5, np.nan, 8.0, np.nan, 100 * 6 / 130, np.nan, 80.0, np.nan]
    assert table.value.tolist() == pytest.approx(expected, nan_ok=True)


def test_only_known_years_count():
    values = {1993: 5.0, 1995: 6.0, 1996: 10.0, 1999: 1.0, 2000: 1.0, 2004: 7.0}
    table = era_levels.by_era(flow(values), NO_SHARES, ERA).set_index("era")
    assert list(table.index) == ["A", "C"]  # B and D have no known year, 2004 no era
    assert table.loc["A", ["first", "last", "n", "value"]].tolist() == [1993, 1996, 3, 7]
    assert table.n["C"] == 2 and np.isnan(table.value["C"])


def test_eras_stand_in_the_order_of_time():
    era = ERA.replace({"A": "Z"})
    table = era_levels.by_era(flow(dict.fromkeys(YEARS, 1.0)), NO_SHARES, era)
    assert list(table.era) == ["Z", "B", "C", "D"]


def four_eras():
    """Four eras of three years, and a year in none between the last two."""
    names = ["A"] * 3 + ["B"] * 3 + ["C"] * 3 + [None] + ["D"] * 3
    return pd.Series(names, index=YEARS[:13], dtype=object)


def test_changes_are_between_neighbours():
    values = {year: float(i) for i, year in enumerate(YEARS[:13])}
    era = four_eras()
    table = era_levels.changes(
        era_levels.by_era(flow(values), yearly(values, dict.fromkeys(values, 50.0)), era), era
    )
    assert list(table.columns) == [
        "transition", "measure", "group", "price_basis", "n_before", "n_after", "before", "after",
        "difference",
    ]  # fmt: skip
    assert list(table.transition) == ["A to B", "B to C", "C to D"] * 2
    assert table.before.tolist() == [1, 4, 7, 2, 8, 14]
    assert table.after.tolist() == [4, 7, 11, 8, 14, 22]
    assert table.difference.tolist() == [3, 3, 4, 6, 6, 8]
    assert (table[["n_before", "n_after"]] == 3).all(axis=None)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_no_change_bridges_an_era_without_a_value(known):
    era = four_eras()
    values = dict.fromkeys(YEARS[:13], 1.0)
    for year in era.index[era == "B"][known:]:
        del values[year]
    rows = era_levels.by_era(flow(values), NO_SHARES, era)
    assert list(era_levels.changes(rows, era).transition) == ["C to D"]


DATED = pd.DataFrame(
    {
        "era": ["O", "A", "B", "C"],
        "opens": ["1990-01-01", "1999-01-01", "2001-09-11", "2005-06-01"],
        "closes": ["1992-01-01", "2001-09-11", "2005-06-01", None],
    }
)
PANEL = list(range(1999, 2009))


def years_of(weights):
    return {era: weights.index[weights[era] > 0].tolist() for era in weights}


def test_every_variant_by_hand():
    later = moved_boundary(DATED, "B", "2001-04-26")
    found = era_levels.variants(DATED, PANEL, later)
    assert list(found) == [
        "declared", "core_years", "day_weighted", "without_2002", "lag_1", "lag_2", "2001_later"
    ]  # fmt: skip
    assert {name: years_of(w) for name, w in found.items() if name != "day_weighted"} == {
        "declared": {
            "A": [1999, 2000, 2001], "B": [2002, 2003, 2004], "C": [2005, 2006, 2007, 2008]
        },
        "core_years": {"A": [1999, 2000], "B": [2002, 2003, 2004], "C": [2006, 2007, 2008]},
        "without_2002": {
            "A": [1999, 2000, 2001], "B": [2003, 2004], "C": [2005, 2006, 2007, 2008]
        },
        "lag_1": {"A": [2000, 2001, 2002], "B": [2003, 2004, 2005], "C": [2006, 2007, 2008]},
        "lag_2": {"A": [2001, 2002, 2003], "B": [2004, 2005, 2006], "C": [2007, 2008]},
        "2001_later": {
            "A": [1999, 2000], "B": [2001, 2002, 2003, 2004], "C": [2005, 2006, 2007, 2008]
        },
    }  # fmt: skip
    whole = [w for name, w in found.items() if name != "day_weighted"]
    assert all(w.isin([0.0, 1.0]).all(axis=None) for w in whole)
    weighted = found["day_weighted"]
    # 2001 has 253 days up to 10 September, 2005 has 151 up to the end of May
    assert weighted.loc[2001].tolist() == pytest.approx([253 / 365, 112 / 365, 0])
    assert weighted.loc[2005].tolist() == pytest.approx([0, 151 / 365, 214 / 365])
    others = weighted.drop(index=[2001, 2005])
    assert others.equals(found["declared"].drop(index=[2001, 2005]))
    # 2002 is no row, so that it is no year of the panel either
    assert list(found["without_2002"].index) == [year for year in PANEL if year != 2002]


def test_variants_that_need_a_year_are_left_out_without_it():
    later = moved_boundary(DATED, "B", "2001-04-26")
    assert "2001_later" not in era_levels.variants(DATED, PANEL)
    found = era_levels.variants(DATED, list(range(2003, 2012)), later)
    assert list(found) == ["declared", "core_years", "day_weighted", "lag_1", "lag_2"]
    assert list(found["declared"].columns) == ["B", "C"]


def test_a_variant_in_which_an_era_holds_no_year_is_left_out():
    # two years of C are none under a lag of two
    assert list(era_levels.variants(DATED, PANEL[:8])) == [
        "declared", "core_years", "day_weighted", "without_2002", "lag_1"
    ]  # fmt: skip
    assert list(era_levels.variants(DATED, PANEL[:7])) == [
        "declared", "day_weighted", "without_2002"
    ]  # fmt: skip
