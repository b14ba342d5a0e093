"""Every cell of the five has a value, a bound or a reason; nothing missing becomes a zero."""

import pandas as pd
import pytest
from conftest import ROOT

from oda_eras.flows import (
    AGREEMENT_COLUMNS,
    CELL,
    FLOW_COLUMNS,
    STATUSES,
    YEARS,
    agreements,
    donor_flows,
    exchange_rate,
    factor_rounding,
    implied_factor,
    in_basis,
    world_flows,
)
from oda_eras.schemas import read_donors, read_raw_tables
from oda_eras.study import RECIPIENTS, Study, known_years

MEASURES = ["net", "gross", "grants", "gross_loans", "loans_net", "repayments", "commitments"]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return read_raw_tables(ROOT)


@pytest.fixture(scope="module")
def donors() -> pd.DataFrame:
    return read_donors(ROOT)


@pytest.fixture(scope="module")
def japan(tables, donors) -> pd.DataFrame:
    return donor_flows(tables, donors, "JPN")


def cell(flows: pd.DataFrame, measure: str, recipient: str, year: int) -> pd.Series:
    rows = flows[(flows.measure == measure) & (flows.recipient == recipient)]
    (row,) = rows.index[rows.year == year]
    return flows.loc[row]


@pytest.mark.parametrize("donor", ["JPN", "DEU", "KOR", "EUI"])
def test_every_cell_has_a_value_a_bound_or_a_reason(tables, donors, donor):
    flows = donor_flows(tables, donors, donor)
    assert list(flows.columns) == FLOW_COLUMNS
    assert len(flows) == len(flows.drop_duplicates([*CELL, "measure"]))
    assert len(flows) == len(MEASURES) * len(RECIPIENTS) * len(YEARS)
    assert set(flows.status) <= set(STATUSES) and (flows.rule != "").all()
    numbers = flows[["value", "low", "high"]].notna()
    assert (numbers.any(axis=1) == (flows.status != "unknown")).all()
    valued = flows.status.isin(["known", "converted", "inferred", "extrapolated"])
    assert (numbers.value == valued).all()
    inside = flows[valued]
    assert inside.value.between(inside.low - 1e-9, inside.high + 1e-9).all()
    both = flows[numbers.low & numbers.high]
    assert (both.low <= both.high + 1e-9).all()


def test_japans_gross_flow_is_known_or_bounded_everywhere(japan):
    gross = japan[japan.measure == "gross"]
    assert not (gross.status == "unknown").any()
    surest = gross[~gross.year.isin([2007, 2023]) & (gross.year >= 2003)]
    assert set(surest.status) == {"known", "converted"}
    assert set(gross[gross.year == 2023].status) <= {"extrapolated", "inferred"}


def test_where_the_crs_lacks_loans_gross_is_bounded_by_repayments(tables, japan):
    crs = tables["crs_world"]
    own = crs[(crs.donor == "JPN") & (crs.year == 2007)].set_index("recipient")
    for recipient in ("KAZ", "KGZ", "UZB"):
        found = cell(japan, "gross", recipient, 2007)
        net = cell(japan, "net", recipient, 2007).value
        assert found.status == "bounded" and net <= found.low < found.high
        assert own.gross_constant_2016_usd_million[recipient] < net
    assert cell(japan, "gross", "TJK", 2007).status == "known"  # grants only


def test_gross_is_net_and_repayments(japan):
    wide = japan.pivot(index=CELL, columns="measure", values="value")
    assert (wide.gross - wide.repayments - wide.net).abs().max() < 1e-9
    assert (wide.gross_loans + wide.grants - wide.gross).abs().max() < 1e-9
    assert (wide.loans_net + wide.grants - wide.net).abs().max() < 1e-9


def test_instalments_come_out_level_in_yen_without_being_assumed(tables, japan):
    repaid = japan[(japan.measure == "repayments") & japan.status.isin(["known", "converted"])]
    yen = in_basis(repaid, exchange_rate(tables, "JPN"), "yen").set_index(CELL).value
    assert yen.loc["TKM"].loc[2008:].between(217, 220).all()
    assert yen.loc["UZB"].loc[2016:2019].between(3_110, 3_112).all()
    assert yen.loc["KAZ"].loc[2013:2016].between(4_225, 4_227).all()
    assert yen.loc["TJK"].abs().max() < 6  # rounding


def test_a_changed_source_changes_its_own_cells_only(tables, donors, japan):
    spoiled = tables["crs_gross_current"].copy()
    spoiled.loc[
        (spoiled.donor == "JPN") & (spoiled.recipient == "UZB") & (spoiled.year == 2015),
        "gross_usd_million",
    ] += 5
    after = donor_flows(tables | {"crs_gross_current": spoiled}, donors, "JPN")
    changed = japan[(japan.value - after.value).abs() > 1e-9]
    assert set(changed.measure) == {"gross", "gross_loans", "repayments"}
    assert set(zip(changed.recipient, changed.year, strict=True)) == {("UZB", 2015)}


def test_a_lost_source_leaves_the_next_best_and_never_a_zero(tables, donors):
    nothing = {name: tables[name].iloc[:0] for name in ("crs_gross_current", "dac2a_world")}
    flows = donor_flows(tables | nothing, donors, "JPN")
    found = cell(flows, "gross", "UZB", 2015)
    assert (found.status, found.source) == ("converted", "crs_world")
    flows = donor_flows(
        tables | nothing | {"crs_world": tables["crs_world"].iloc[:0]}, donors, "DEU"
    )
    gross = flows[(flows.measure == "gross") & (flows.status == "unknown")]
    assert gross.value.isna().all() and len(gross) > 100


def test_the_implied_factor_uses_cells_known_in_both():
    index = pd.MultiIndex.from_tuples([("KAZ", 2010), ("UZB", 2010), ("UZB", 2011)], names=CELL)
    current = pd.Series([3.0, 9.0, None], index)
    constant = pd.Series([2.0, None, 4.0], index)
    assert implied_factor(current, constant).to_dict() == {2010: 1.5}


def test_rounding_weighs_more_on_small_grants():
    index = pd.MultiIndex.from_tuples([("KAZ", 2010), ("UZB", 2010)], names=CELL)
    large, small = pd.Series([30.0, 70.0], index), pd.Series([0.03, 0.07], index)
    assert factor_rounding(large, large)[2010] == pytest.approx(2 * 0.01 / 100)
    assert factor_rounding(small, small)[2010] == pytest.approx(2 * 0.01 / 0.1)


def test_another_basis_drops_years_without_a_factor(japan):
    turned = in_basis(japan, pd.Series({2000: 100.0}), "yen")
    assert set(turned.year) == {2000} and set(turned.price_basis) == {"yen"}
    assert cell(turned, "net", "UZB", 2000).value == pytest.approx(8220)


def test_agreements_keep_what_is_not_known_apart(tables):
    rows = agreements(tables)
    assert list(rows.columns) == AGREEMENT_COLUMNS
    assert rows.signed_to.is_monotonic_increasing and (rows.signed_from <= rows.signed_to).all()
    listed = rows[rows.basis != "CRS commitments"]
    assert len(listed) == len(tables["yen_loans"])
    assert listed[listed.amount_yen_million.isna()].basis.tolist() == ["in US dollars"]
    assert (listed.basis == "derived").sum() == 2
    standing_in = rows[rows.basis == "CRS commitments"]
    assert set(standing_in.recipient) == {"KGZ"} and standing_in.signed_to.max() < "2000"
    assert "TJK" not in set(rows.recipient)


CAUCASUS = ("ARM", "AZE", "GEO")


@pytest.mark.parametrize(
    ("donor", "codes", "measure"),
    [
        ("SWE", ("MOZ", "TZA"), "gross"),
        ("NOR", ("MWI",), "commitments"),
        ("JPN", CAUCASUS, "gross"),
        ("JPN", CAUCASUS, "commitments"),
        ("TUR", ("AFG", "KGZ"), "gross"),
    ],
)
def test_choices_are_checked_on_the_years_that_flows_have(tables, donors, donor, codes, measure):
    flows = world_flows(tables, donors, donor, codes)
    sure = flows[(flows.measure == measure) & flows.value.notna()]
    assert set(sure.status) == {"converted"} and sure.value.between(sure.low, sure.high).all()
    years = sure.groupby("recipient").year.agg(set).to_dict()
    assert known_years(ROOT, Study(donor, codes, measure=measure)) == years


def test_flows_from_the_tables_of_all_meet_those_in_current_prices(tables, donors, japan):
    world = world_flows(tables, donors, "JPN", RECIPIENTS)
    differences = ["gross_loans", "loans_net", "repayments"]
    of_world, of_five = (
        flows[flows.measure.isin(["gross", "grants", *differences])].set_index([*CELL, "measure"])
        for flows in (world, japan)
    )
    printed = of_five[of_five.status == "known"].query("2012 <= year <= 2019").value
    both = of_world.loc[printed.index].dropna(subset="value")
    assert both.groupby("measure").size().min() > 20
    assert printed[both.index].between(both.low, both.high).all()
    # one factor turns both flows, so that a difference is known as well as they are, not worse
    some = both.query("measure in @differences and value > 1")
    assert len(some) > 20 and ((some.high - some.low) / some.value).max() < 0.05
    lacking = world[(world.measure == "gross") & (world.year == 2007)]
    assert lacking.status.eq("unknown").all()  # the CRS lacks Japan's loans of that year
