"""Other donors as controls, on small made-up panels."""

import logging

import numpy as np
import pandas as pd
import pytest
from conftest import OUT, ROOT

from oda_eras import figures
from oda_eras.donors import (
    ASINH,
    DOLLARS,
    DOTS,
    FITS,
    READINGS,
    RELATIVE,
    SCALES,
    WORLD_COLUMNS,
    base_era,
    by_transition,
    controls,
    donor_changes,
    donor_shares,
    donor_totals,
    effect_by_year,
    followed,
    gap_ratios,
    grant_cells,
    grant_years,
    logging_as_it_was,
    main_era,
    member_flows,
    neighbours,
    of_sum,
    placebo,
    placebos,
    places,
    poisson,
    poisson_effects,
    pooled_shares,
    ratios_by_fit,
    relative_changes,
    relative_effects,
    synthetic,
    synthetic_comparison,
    synthetic_gaps,
    years_compared,
)
from oda_eras.study import Study

YEARS = [2000, 2001]
# Japan reports every cell, the United States one in each year, Germany one in all; France gives
# nothing and says so, Greece is blank.
FLOWS = pd.DataFrame(
    [
        ("JPN", "KAZ", 2000, 1.0),
        ("JPN", "KAZ", 2001, 2.0),
        ("JPN", "UZB", 2000, 3.0),
        ("JPN", "UZB", 2001, 4.0),
        ("USA", "KAZ", 2000, 5.0),
        ("USA", "UZB", 2001, 6.0),
        ("DEU", "KAZ", 2000, -7.0),
        *(("FRA", recipient, year, 0.0) for recipient in ("KAZ", "UZB") for year in YEARS),
        ("GRC", "KAZ", 1999, 8.0),
    ],
    columns=["donor", "recipient", "year", "usd_million"],
)


def test_blanks_are_read_in_three_ways():
    cells = donor_totals(FLOWS, "missing", YEARS, "JPN")
    assert list(cells) == ["JPN"] and cells.JPN.tolist() == [4.0, 6.0]
    sums = donor_totals(FLOWS, "reported", YEARS, "JPN")
    assert list(sums) == ["JPN", "USA"] and sums.USA.tolist() == [5.0, 6.0]
    closed = donor_totals(FLOWS, "zero", YEARS, "JPN")
    assert list(closed) == ["DEU", "JPN", "USA"] and closed.DEU.tolist() == [-7.0, 0.0]
    with pytest.raises(ValueError, match="reading 'guess': expected one of missing, reported, ze"):
        donor_totals(FLOWS, "guess", YEARS, "JPN")


def test_one_recipient_needs_its_own_cells_only():
    kaz = FLOWS[FLOWS.recipient == "KAZ"]
    for reading in ("missing", "reported"):
        assert list(donor_totals(kaz, reading, [2000], "JPN")) == ["DEU", "JPN", "USA"]
        assert list(donor_totals(kaz, reading, YEARS, "JPN")) == ["JPN"]


@pytest.mark.parametrize("reading", READINGS)
def test_idle_donors_are_no_controls(reading):
    assert not {"FRA", "GRC"} & set(donor_totals(FLOWS, reading, YEARS, "JPN"))
    # the donor that is asked about stays
    assert "FRA" in donor_totals(FLOWS, reading, YEARS, "FRA")


def test_flows_that_cancel_are_no_idleness():
    flows = FLOWS.assign(usd_million=[1.0, 1.0, -1.0, -1.0, *FLOWS.usd_million[4:]])
    assert donor_totals(flows, "missing", YEARS, "USA").JPN.tolist() == [0.0, 0.0]


def test_placebo_ranks_by_size_and_states_its_floor():
    place = placebo(pd.Series({"JPN": -5.0, "USA": 4.0, "DEU": 6.0, "FRA": 0.0}), "JPN")
    assert place == {"n_controls": 3, "change": -5.0, "rank": 2, "p": 0.5, "floor": 0.25}


def test_no_p_where_the_data_chose_the_eras():
    place = placebo(pd.Series({"JPN": -5.0, "USA": 4.0}), "JPN", tested=False)
    assert place["rank"] == 1 and np.isnan(place["p"]) and np.isnan(place["floor"])


def long_flows(start: int, **by_donor: dict) -> pd.DataFrame:
    """Rows of flows from lists by recipient, a value a year; None is a blank."""
    rows = [
        (donor, recipient, year, "net", value)
        for donor, by_recipient in by_donor.items()
        for recipient, values in by_recipient.items()
        for year, value in enumerate(values, start)
        if value is not None
    ]
    return pd.DataFrame(rows, columns=["donor", "recipient", "year", "measure", "usd_million"])


def eras_of(*lengths: int, start: int = 2000) -> pd.DataFrame:
    """Weights of consecutive eras E0, E1, ... of so many years."""
    labels = [f"E{i}" for i, n in enumerate(lengths) for _ in range(n)]
    years = pd.Index(range(start, start + len(labels)), name="year")
    return pd.get_dummies(pd.Series(labels, index=years), dtype=float)


SIX = eras_of(3, 3)
# Japan moves most in dollars, Germany in proportion; France is idle, the United States has a blank
SIX_YEARS = long_flows(
    2000,
    JPN={"KAZ": [10.0] * 3 + [20.0] * 3, "UZB": [0.0] * 3 + [-2.0] * 3},
    DEU={"KAZ": [0.1] * 3 + [6.0] * 3, "UZB": [1.0] * 6},
    USA={"KAZ": [5.0] * 6, "UZB": [1.0, None, 1.0, 2.0, 2.0, 2.0]},
    FRA={"KAZ": [0.0] * 6},
)


def test_only_eras_of_three_years_are_compared():
    weights = eras_of(3, 2, 4, 3)
    assert list(neighbours(weights)) == ["E2 to E3"]
    assert years_compared(weights) == list(range(2005, 2012))
    assert not neighbours(eras_of(2, 2)) and not years_compared(eras_of(2, 2))
    # some days short of three years still count, as a boundary year's weight may be
    assert neighbours(eras_of(3, 3).replace({"E0": {1.0: 0.99}}))


def test_a_year_that_no_era_holds_has_none():
    weights = pd.DataFrame({"E0": [1.0, 0.5, 0.0], "E1": [0.0, 0.5, 0.6]}, index=[2000, 2001, 2002])
    assert main_era(weights).fillna("none").tolist() == ["E0", "none", "E1"]


def test_members_only_in_one_measure():
    panel = pd.DataFrame({"donor": ["JPN", "JPN", "ARE"], "measure": ["net", "grants", "net"]})
    donors = pd.DataFrame({"donor": ["JPN", "ARE"], "group": ["DAC", "other"]})
    assert member_flows(panel, donors, "net").index.tolist() == [0]


def test_a_negative_flow_has_no_share_but_counts_in_the_pool():
    flows = long_flows(2000, JPN={"KAZ": [1.0, -1.0, 3.0]}, USA={"KAZ": [3.0, 3.0, -3.0]})
    published = flows.groupby(["recipient", "year"], as_index=False).usd_million.sum()
    published.loc[0, "usd_million"] = 5.0  # as published, not as the members sum to
    weights = eras_of(2, 1)
    shares = donor_shares(flows, published, "JPN", weights)
    assert shares.share_percent.fillna(-1).tolist() == [20.0, -1, -1]
    assert shares.era.tolist() == ["E0", "E0", "E1"]
    pooled = pooled_shares(shares, weights)
    assert list(pooled) == ["all"]  # one recipient is its own sum
    assert pooled["all"].E0 == 0.0
    # of grants there is no published total
    grants = donor_shares(flows.assign(measure="grants"), published, "JPN", weights)
    assert grants.total.tolist() == [4.0, 2.0, 0.0]


def test_placebos_rank_each_recipient_and_their_sum():
    table = placebos(SIX_YEARS, SIX, "JPN").set_index(["recipient", "reading", "scale"])
    assert list(table.index.unique("recipient")) == ["all", "KAZ", "UZB"]
    assert list(table.index.unique("reading")) == list(READINGS)
    assert len(table) == 3 * len(READINGS) * len(SCALES)
    assert table.loc["all", "zero", DOLLARS].tolist() == ["E0 to E1", 2, 1, 2, 8.0, 1, 1 / 3, 1 / 3]
    assert table.loc["all", "zero", ASINH]["rank"] == 2
    assert table.loc["UZB", "missing", DOLLARS].n_controls == 1  # the United States has a blank
    assert table.loc["all", "reported", DOLLARS].n_controls == 2
    assert table.loc["UZB", "zero", DOLLARS].change == -2.0
    untested = placebos(SIX_YEARS, SIX, "JPN", tested=False)
    assert untested.p.isna().all() and untested["rank"].notna().all()


def test_every_change_is_that_of_the_placebos():
    dots = donor_changes(SIX_YEARS, SIX, "JPN")
    assert set(dots.donor) == {"JPN", "DEU", "USA"}
    own = dots[dots.donor == "JPN"].set_index("scale").change
    found = placebos(SIX_YEARS, SIX, "JPN")
    for scale in SCALES:
        assert of_sum(found, scale).change.tolist() == [own[scale]]


def test_tables_of_placebos_show_p_or_else_the_rank():
    table = places(placebos(SIX_YEARS, SIX, "JPN"))
    assert list(table)[-3:] == list(SCALES) and len(table) == 9
    zero = table[(table.recipient == "all") & (table.reading == "zero")].iloc[0]
    assert (zero[DOLLARS], zero[ASINH]) == (0.333, 0.667)
    ranks = places(placebos(SIX_YEARS, SIX, "JPN", tested=False))
    zero = ranks[(ranks.recipient == "all") & (ranks.reading == "zero")].iloc[0]
    assert (zero[DOLLARS], zero[ASINH]) == (1, 2)
    found = placebos(SIX_YEARS, SIX, "JPN")
    wide = by_transition(found[found.reading == "zero"]).set_index(["recipient", "scale"])
    assert wide["E0 to E1"]["all"].loc[[DOLLARS, ASINH]].tolist() == [0.333, 0.667]
    counted = controls(placebos(SIX_YEARS, SIX, "JPN"))
    assert list(counted) == ["recipient", "reading", "E0 to E1"]
    assert counted.set_index(["recipient", "reading"])["E0 to E1"]["all", "zero"] == 2


def test_nothing_to_compare_gives_empty_tables():
    short = eras_of(2, 2, 2)
    table, dots = placebos(SIX_YEARS, short, "JPN"), donor_changes(SIX_YEARS, short, "JPN")
    assert table.empty and dots.empty and places(table).empty and controls(table).empty
    assert by_transition(table).empty
    assert figures.placebo_changes(dots, dots, "JPN", {}, {}) is None
    step = followed(of_sum(table, DOLLARS).change, short)
    assert step is None
    compared = synthetic_comparison(SIX_YEARS, short, "JPN", step)
    assert compared.results.empty and compared.paths.empty and not compared.left_out
    assert ratios_by_fit(compared.paths).empty
    assert figures.synthetic_donor(compared.paths, "Japan") is None


def test_poisson_recovers_an_effect():
    rng = np.random.default_rng(1)
    levels = list(zip(range(2000, 2010), rng.uniform(1, 2, 10), strict=True))
    rows = [
        (donor, recipient, year, era, scale * size * year_level * effect)
        for donor, scale in zip("ABCDEFG", rng.uniform(1, 9, 7), strict=True)
        for recipient, size in zip(["KAZ", "KGZ"], [1.0, 3.0], strict=True)
        for year, year_level in levels
        for era in ["E1" if year < 2005 else "E2"]
        for effect in [2.0 if donor == "A" and era == "E2" else 1.0]
    ]
    cells = pd.DataFrame(rows, columns=["donor", "recipient", "year", "era", "usd_million"])
    found = poisson_effects(cells, "A", ["E2"])
    assert found.estimate["E2"] == pytest.approx(np.log(2), abs=1e-4)
    assert poisson_effects(cells, "B", ["E2"]).estimate["E2"] < 0


def test_poisson_says_missing_where_nothing_is_identified():
    rows = [
        (donor, "KAZ", year, "E1" if year < 2003 else "E2", 1.0 + year % 3)
        for donor in "ABC"
        for year in range(2000, 2006)
        if donor != "A" or year >= 2003  # A has no year in the base
    ]
    cells = pd.DataFrame(rows, columns=["donor", "recipient", "year", "era", "usd_million"])
    found = poisson_effects(cells, "A", ["E2"])
    assert list(found.index) == ["E2"] and found.isna().all(axis=None)


GRANTS = pd.concat(
    [
        # A doubles in E1, with nothing known in 2000; B and C are the same throughout
        long_flows(
            2000, A={"KAZ": [None, 1, 1, 2, 2, 2]}, B={"KAZ": [3] * 6}, C={"KAZ": [5] * 5 + [-1]}
        ),
        long_flows(2001, D={"KAZ": [0.0] * 5, "UZB": [4.0, 4.0, 4.0, 8.0, 8.0]}),
    ]
).assign(measure="grants")


def test_grants_that_are_blank_or_negative_are_nothing_in_the_model():
    cells = grant_cells(GRANTS, ["KAZ", "UZB"], SIX)
    table = cells.pivot(index=["donor", "recipient"], columns="year", values="usd_million")
    assert list(table.index) == [("A", "KAZ"), ("B", "KAZ"), ("C", "KAZ"), ("D", "UZB")]
    assert table.loc[("A", "KAZ"), 2000] == 0 and table.loc[("C", "KAZ"), 2005] == 0
    assert grant_years(cells, SIX).to_dict() == {"E0": 3, "E1": 3}
    assert list(grant_years(grant_cells(GRANTS, ["KAZ"], SIX[["E1"]]), SIX).index) == ["E1"]


def test_the_base_is_the_first_era_with_enough_grants():
    assert base_era(pd.Series({"E0": 2, "E1": 3, "E2": 9})) == "E1"
    assert base_era(pd.Series({"E0": 2, "E1": 1})) is None


def test_poisson_places_steady_donors_and_says_nothing_without_a_second_era():
    cells = grant_cells(GRANTS, ["KAZ", "UZB"], SIX)
    table = poisson(cells, grant_years(cells, SIX), "A").set_index(["reading", "era"])
    assert list(table.index) == [("zero", "E1"), ("missing", "E1")]
    assert (table.percent > 0).all() and table.n_controls.ge(2).all()
    assert table.p.tolist() == (table["rank"] / (table.n_controls + 1)).tolist()
    one = eras_of(6)
    assert poisson(cells.assign(era="E0"), grant_years(cells.assign(era="E0"), one), "A").empty


def aid_cells(**by_donor) -> pd.DataFrame:
    """A result of `studied_and_rest` from (studied, rest) by year from 2000 on."""
    rows = {
        (donor, year): values
        for donor, years in by_donor.items()
        for year, values in enumerate(years, 2000)
    }
    index = pd.MultiIndex.from_tuples(rows, names=["donor", "year"])
    return pd.DataFrame(rows.values(), index=index, columns=["studied", "rest"], dtype=float)


# two years before, two after; D gives to the recipients in the later era only
AID_CELLS = aid_cells(
    A=[(1, 10), (2, 30), (6, 20), (5, 25)],
    B=[(4, 40), (1, 60), (3, 50), (2, 90)],
    C=[(0, 5), (2, 9), (1, 4), (0, 8)],
    D=[(0, 7), (0, 8), (3, 9), (1, 6)],
)


def by_era(cells):
    late = cells.index.get_level_values("year") >= 2002
    return [cells[part].groupby("donor").sum() for part in (~late, late)]


def poisson_by_pyfixest(cells: pd.DataFrame, donor: str, time: str, later) -> float:
    """The effect with all three pairs of effects, as pyfixest fits it."""
    import pyfixest

    data = cells.rename_axis(columns="part").stack().rename("aid").reset_index()
    inside = (data.donor == donor) & (data.part == "studied") & data[time].isin(later)
    data = data.assign(effect=inside.astype(int), time=data[time].astype(str))
    data = data.assign(a=data.donor + data.time, b=data.part + data.time, c=data.donor + data.part)
    with logging_as_it_was():
        fit = pyfixest.fepois("aid ~ effect | a + b + c", data=data, vcov="iid")
    return float(fit.coef()["effect"])


@pytest.mark.filterwarnings("ignore:invalid value")  # of pyfixest's errors, which nothing uses
def test_relative_effects_are_those_of_the_poisson_model():
    before, after = by_era(AID_CELLS)
    effects = relative_effects(before, after)
    assert list(effects.index) == ["A", "B", "C"]  # that of D would be infinite
    sums = pd.concat({"E0": before, "E1": after}, names=["era"])
    for donor in effects.index:
        fitted = poisson_by_pyfixest(sums, donor, "era", ["E1"])
        assert effects.estimate[donor] == pytest.approx(fitted, abs=1e-5)


def test_with_one_other_donor_the_effect_is_a_ratio_of_ratios():
    before, after = by_era(AID_CELLS.loc[["A", "B"]])
    own, other = (11 / 45) / (3 / 40), (5 / 140) / (5 / 100)
    effects = relative_effects(before, after)
    assert np.exp(effects.own["A"]) == pytest.approx(own, rel=1e-5)
    assert np.exp(effects.others["A"]) == pytest.approx(other, rel=1e-5)
    assert effects.estimate.tolist() == pytest.approx([np.log(own / other), np.log(other / own)])


def test_donors_that_gave_in_one_era_only_are_not_ranked_but_count_for_others():
    before, after = by_era(AID_CELLS)
    without = relative_effects(before.drop("D"), after.drop("D"))
    assert (relative_effects(before, after).others > without.others).all()
    alone = relative_effects(before.loc[["A", "D"]], after.loc[["A", "D"]])
    assert alone.empty and list(alone) == ["own", "others", "estimate"]


@pytest.mark.parametrize("donor", ["A", "B"])
def test_years_apart_are_fitted_as_pyfixest_does(donor):
    cells = AID_CELLS.copy()
    cells.loc[("A", 2002), "studied"] = 0
    fitted = poisson_by_pyfixest(cells, donor, "year", [2002, 2003])
    assert effect_by_year(cells, donor, [2002, 2003]) == pytest.approx(fitted, abs=1e-5)


def test_a_year_without_aid_from_anybody_says_nothing():
    cells = AID_CELLS.copy()
    cells.loc[(slice(None), 2001), "studied"] = 0
    cells.loc[("C", 2000), "studied"] = 1
    rest = cells.drop(2001, level="year")
    assert effect_by_year(cells, "A", [2002, 2003]) == effect_by_year(rest, "A", [2002, 2003])


def test_an_infinite_effect_by_year_is_an_error():
    with pytest.raises(ValueError, match="the effect of D by year does not settle"):
        effect_by_year(AID_CELLS, "D", [2002, 2003])


LISTED_DONORS = pd.DataFrame(
    [("JPN", "DAC"), ("DEU", "DAC"), ("ARE", "non-DAC"), ("FRA", "DAC"), ("GRC", "DAC"),
     ("LUX", "DAC"), ("EUI", "EU institutions")],
    columns=["donor", "group"],
)  # fmt: skip


def made_up_world() -> pd.DataFrame:
    """Commitments and gross flows of 2000-2005 in both price bases; to KGZ, UZB, IND and IRQ."""
    given = {  # by recipient, a value for each era
        "JPN": {"KGZ": (1, 1), "UZB": (1, 9), "IND": (20, 20), "IRQ": (0, 900)},
        "DEU": {"KGZ": (1, 2), "UZB": (1, 2), "IND": (50, 50)},
        "ARE": {"KGZ": (2, 2), "UZB": (1, 1), "IND": (30, 30)},
        "FRA": {"IND": (40, 40)},  # idle
        "LUX": {"KGZ": (0, 1), "IND": (5, 5)},  # in one era only
        "EUI": {"KGZ": (9, 1), "IND": (9, 9)},  # no state
        "GRC": {"KGZ": (1, 9), "IND": (9, 9)},  # does not report in 2000
        "World Bank": {"KGZ": (1, 9), "IND": (9, 9)},
    }
    rows = [
        (donor, recipient, year, basis, values[year >= 2003] or None, "known")
        for basis in ("constant 2016", "constant 2022")
        for donor, by_recipient in given.items()
        for recipient, values in by_recipient.items()
        for year in range(2000 + (donor == "GRC"), 2006)
    ]
    world = pd.DataFrame(
        rows, columns=["donor", "recipient", "year", "price_basis", "commitments", "status"]
    )
    return world.assign(gross=2 * world.commitments.astype(float))[WORLD_COLUMNS]


STUDY = Study(recipients=("KGZ", "UZB"))


def test_relative_changes_place_a_donor_and_count_the_others():
    results, every = relative_changes(made_up_world(), LISTED_DONORS, STUDY, SIX)
    assert list(results) == RELATIVE and list(every) == DOTS
    table = results.set_index(["series", "recipient", "transition"])
    row = table.loc["commitments", "all", "E0 to E1"]
    # Iraq is left out; France is idle, Greece incomplete, Luxembourg infinite
    assert (row.per_100_before, row.per_100_after, row.own) == pytest.approx((10, 50, 5))
    assert (row.n_controls, row.n_idle, row.n_incomplete, row.n_zero) == (2, 1, 1, 1)
    # against Japan's and Germany's rise the Emirates, who stand still, moved most
    assert (row["rank"], row.p, row.floor) == (2, 2 / 3, 1 / 3)
    assert row.p_zeros == 3 / 4
    assert np.isnan(row.needed)  # of three donors none can reach 5%
    assert row.factor == pytest.approx(row.own / row.others, rel=1e-5)
    assert row.by_year == pytest.approx(row.factor, rel=1e-5)  # years of an era are alike
    assert row.years == "2000-2005" and (row.n_before, row.n_after) == (3, 3)
    shown = every[(every.series == "commitments") & (every.recipient == "all")]
    assert sorted(shown.donor) == ["ARE", "DEU", "JPN"]
    assert row.factor == shown.set_index("donor").factor.JPN
    # without Uzbekistan Japan stands still, and Uzbekistan is not among all others either
    rest = table.loc["commitments", "without UZB", "E0 to E1"]
    assert rest.per_100_before == rest.per_100_after == pytest.approx(5)


def gross(world: pd.DataFrame) -> pd.Series:
    """The relative change of gross flows to all recipients in a made-up world."""
    results = relative_changes(world, LISTED_DONORS, STUDY, SIX).results
    return results[(results.series == "gross") & (results.recipient == "all")].iloc[0]


def test_of_gross_flows_the_source_that_knows_more_years_is_taken():
    world = made_up_world()
    assert gross(world).source == "dac2a_world"
    early = (world.price_basis == "constant 2022") & (world.year == 2000)
    assert gross(world[~early]).source == "crs_world"
    # a year that lacks a part of Japan's is left out for all; of an era two must be left
    lacks = (world.price_basis == "constant 2016") & (world.year == 2001) & (world.donor == "JPN")
    bounded = world.assign(status=world.status.mask(lacks, "bounded"))
    assert gross(bounded[world.price_basis == "constant 2016"]).years == "2000, 2002-2005"
    assert gross(bounded[~early]).source == "dac2a_world"  # as many years, and the first of two


def test_technical_cooperation_that_lacks_is_said_of_japan_alone():
    world = made_up_world()
    found = relative_changes(world, LISTED_DONORS, STUDY, SIX).results
    assert set(found.status[found.series == "commitments"]) == {"bounded"}
    assert set(found.status[found.series == "gross"]) == {"known"}
    german = Study(donor="DEU", recipients=("KGZ",))
    of_germany = relative_changes(world, LISTED_DONORS, german, SIX).results
    assert set(of_germany.status) == {"known"} and set(of_germany.recipient) == {"all"}


def test_an_institution_is_compared_where_the_run_is_about_it():
    own = Study(donor="EUI", recipients=("KGZ", "UZB"))
    found = relative_changes(made_up_world(), LISTED_DONORS, own, SIX).results
    assert found.n_controls[0] == 3 and found.own[0] == pytest.approx(1 / 9)


def test_no_relative_change_where_nothing_can_be_compared():
    world = made_up_world()
    infinite = Study(donor="LUX", recipients=("KGZ", "UZB"))
    for study, weights in ((STUDY, eras_of(2, 2)), (infinite, SIX), (Study("KOR"), SIX)):
        results, every = relative_changes(world, LISTED_DONORS, study, weights)
        assert results.empty and every.empty and list(results) == RELATIVE
    assert figures.relative_changes(every, "KOR", {}, {}) is None


def test_no_p_of_relative_changes_where_the_data_chose_the_eras():
    found = relative_changes(made_up_world(), LISTED_DONORS, STUDY, SIX, tested=False).results
    assert found[["p", "floor", "needed", "p_zeros"]].isna().all(axis=None)
    assert found["rank"].notna().all()


def test_the_factor_that_p_takes_is_that_of_the_donor_at_its_rank():
    many = {f"D{i}": [(2, 100)] * 3 + [(2 + i, 100)] * 3 for i in range(1, 40)}
    world = aid_cells(JPN=[(2, 100)] * 6, **many).rename_axis(columns="recipient").stack()
    world = world.rename("commitments").reset_index()
    world = world.replace({"recipient": {"studied": "KGZ", "rest": "IND"}})
    world = world.assign(price_basis="constant 2016", gross=np.nan, status="known")
    listed = pd.DataFrame({"donor": ["JPN", *many], "group": "DAC"})
    found, every = relative_changes(world, listed, Study(recipients=("KGZ",)), SIX)
    sizes = np.exp(np.log(every.factor[every.donor != "JPN"]).abs()).sort_values()
    # of 40 donors two may be at 5%
    assert found.needed[0] == pytest.approx(sizes.iloc[-2])


def test_libraries_do_not_turn_on_logging_for_all():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with logging_as_it_was():
        logging.basicConfig(level=logging.DEBUG, force=True)
        assert root.handlers != before[0]
    assert (root.handlers, root.level) == before


@pytest.mark.parametrize("fit", FITS)
def test_synthetic_follows_a_mixture_and_finds_what_is_added(fit):
    years = pd.Index(range(2000, 2012), name="year")
    rng = np.random.default_rng(2)
    flows = pd.DataFrame(rng.uniform(0, 10, (12, 3)), index=years, columns=["A", "B", "C"])
    flows["JPN"] = 0.25 * flows.A + 0.75 * flows.B
    flows.loc[2008:, "JPN"] += 5
    gap, weights = synthetic(flows, "JPN", 2007, fit)
    assert weights.round(2).to_dict() == {"A": 0.25, "B": 0.75, "C": 0.0}
    assert gap.loc[:2007].abs().max() < 1e-4 and gap.loc[2008:].tolist() == pytest.approx(
        [5] * 4, abs=1e-4
    )
    gaps = synthetic_gaps(flows, "JPN", 2007, fit)
    assert gaps.JPN.equals(gap)
    table = gap_ratios(gaps, 2007)
    assert table.ratio.idxmax() == "JPN" and table.mean_gap_after["JPN"] == pytest.approx(
        5, abs=1e-4
    )


def test_years_are_weighed_as_the_fit_says():
    # Japan is like A in a year in which donors lie far apart, like B where they lie close
    flows = pd.DataFrame(
        {"A": [30.0, 3.0], "B": [0.0, 1.0], "JPN": [24.0, 1.2]}, index=[2000, 2001]
    )
    apart, wanted = flows.A - flows.B, flows.JPN - flows.B
    found = {fit: synthetic(flows, "JPN", 2001, fit)[1]["A"] for fit in FITS}
    # with two donors least squares has a closed form
    assert found["unscaled"] == pytest.approx((apart * wanted).sum() / (apart**2).sum(), abs=1e-6)
    by = flows.var(axis=1)
    scaled = (apart * wanted / by).sum() / (apart**2 / by).sum()
    assert found["scaled"] == pytest.approx(scaled, abs=1e-6)
    assert found["unscaled"] - found["scaled"] > 0.1
    with pytest.raises(ValueError, match="fit 'guess': expected one of scaled, unscaled"):
        synthetic(flows, "JPN", 2001, "guess")


LONG = eras_of(10, 4, 3, start=1990)
WAVE = [float(3 + year % 4) for year in range(17)]
LONG_YEARS = long_flows(
    1990,
    # a mixture of the others until the era of 2000, five more in it
    JPN={
        "UZB": [w + 5 * (10 <= i < 14) for i, w in enumerate(WAVE)],
        "KAZ": [1.0] * 10 + [-1.0] * 7,
        "TKM": [2.0] * 17,
    },
    A={"UZB": [w + 1 for w in WAVE], "KAZ": [1.0] * 17, "TKM": [3.0] * 17},
    B={"UZB": [w - 1 for w in WAVE], "KAZ": [2.0] * 17, "TKM": [None] + [1.0] * 16},
    C={"UZB": [2.0 * w for w in WAVE], "KAZ": [3.0] * 17, "TKM": [4.0] * 17},
)


def test_the_largest_change_with_years_enough_before_is_followed():
    changes = pd.Series({"E0 to E1": 2.0, "E1 to E2": -3.0})
    assert followed(changes, LONG) == ("E1 to E2", 1990, 2003, 2006)
    assert followed(changes[:1], LONG) == ("E0 to E1", 1990, 1999, 2003)
    assert followed(pd.Series({"E0 to E1": 9.0}), eras_of(9, 4)) is None


def test_synthetic_donors_are_compared_on_both_fits():
    step = followed(pd.Series({"E0 to E1": 5.0}), LONG)
    results, paths, left_out = synthetic_comparison(LONG_YEARS, LONG, "JPN", step)
    assert list(zip(results.recipient, results.fit, strict=True)) == [("UZB", f) for f in FITS]
    assert left_out == {
        "KAZ": "negative in every later year",
        "TKM": "2 other donors complete, fewer than 3",
    }
    assert results.mean_gap_after.tolist() == pytest.approx([5, 5], abs=0.1)
    assert (results.n_controls == 3).all() and (results["rank"] == 1).all()
    assert (results.p_of_gap == 0.25).all() and (results.years_outside == 0).all()
    assert results.mean_before.tolist() == pytest.approx([np.mean(WAVE[:10])] * 2)
    own = paths[paths.treated & (paths.fit == "scaled")].set_index("year")
    assert (own.own - own.synthetic - own.gap).abs().max() < 1e-9
    assert own.index[own.fitted].tolist() == list(range(1990, 2000)) and own.index[-1] == 2003
    table = ratios_by_fit(paths).set_index("donor")
    assert table.index[0] == "JPN" and len(table) == 4
    assert table.ratio_unscaled["JPN"] == pytest.approx(results.ratio[1])
    untested = synthetic_comparison(LONG_YEARS, LONG, "JPN", step, tested=False).results
    assert untested[["p", "floor", "p_of_gap"]].isna().all(axis=None)
    assert untested["rank"].tolist() == [1, 1]


def published(name):
    return pd.read_csv(ROOT / OUT / "data" / f"{name}.csv")


def test_published_placebos_count_the_donors_that_gave():
    panel, placebos, dots = map(published, ("panel", "placebos", "donor_changes"))
    era = published("donor_shares").drop_duplicates("year").set_index("year").era
    net = panel[panel.measure == "net"]
    closed = placebos.query("recipient == 'all' and reading == 'zero'")
    assert closed.n_idle.max() > 0
    for row in closed.itertuples():
        years = era.index[era.isin(row.transition.split(" to "))]
        gave = set(net.donor[net.year.isin(years) & (net.usd_million != 0)])
        shown = dots[(dots.transition == row.transition) & (dots.scale == row.scale)]
        assert set(shown.donor) == gave
        assert row.n_active == row.n_controls == len(gave) - 1
        assert row.n_idle == net.donor.nunique() - len(gave)
        assert row.floor == pytest.approx(1 / len(gave), abs=1e-4)


def test_ranks_among_synthetic_donors_are_given_for_both_fits():
    results = published("synthetic")
    assert all(fits == FITS for fits in results.groupby("recipient").fit.agg(tuple))
    alt = (ROOT / OUT / "figures" / "f11_synthetic_donor.txt").read_text(encoding="utf-8")
    for scaled, unscaled in results.pivot(index="recipient", columns="fit", values="rank").values:
        assert f"{scaled} (scaled) and {unscaled} (unscaled)" in alt
