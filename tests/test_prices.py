"""Price bases on small series: what a rate and a deflator do to a flow, and what they can't."""

import numpy as np
import pandas as pd
import pytest

from oda_eras import figures, prices
from oda_eras.naming import naming_of
from oda_eras.study import Study

YEARS = pd.Index([2020, 2021, 2022, 2023], name="year")
FLOW = pd.Series([10.0, 20.0, 30.0, 40.0], YEARS)
DONORS = pd.DataFrame(
    {"donor": ["JPN", "DEU"], "name": ["Japan", "Germany"], "currency": ["yen", "euro"]}
)
DAC = pd.DataFrame({"lcu_per_usd": [100.0, 110.0, 130.0], "deflator_2021": [95.0, 100.0, 90.0]},
                   YEARS[:3])  # fmt: skip
TOTALS = pd.DataFrame(
    {
        "source": ["wdi_japan_totals"] * 2 + ["wdi_constant_prices"] * 2,
        "item": "total",
        "measure": "net",
        "year": [2022, 2023] * 2,
        "usd_million": [90.0, 100.0, 120.0, 100.0],
    }
)


def prices_of(donor):
    study = Study(donor=donor)
    wdi_rate = pd.Series([999.0, 140.0], index=[2022, 2023])
    naming = naming_of(study, DONORS)
    return prices.prices_of(study, naming, DAC, wdi_rate, TOTALS, YEARS)


def test_a_rate_of_the_world_bank_fills_in_after_the_dacs():
    found = prices_of("DEU")
    assert found.rate.tolist() == [100, 110, 130, 140] and found.fixed == 120
    assert found.at_fixed_rate(FLOW).tolist() == pytest.approx([10 / 1.2, 22 / 1.2, 32.5, 56 / 1.2])


def test_japan_has_a_deflator_of_its_own_and_others_the_dacs():
    japan, germany = prices_of("JPN"), prices_of("DEU")
    assert japan.deflator.to_dict() == {2022: 75.0, 2023: 100.0}
    assert japan.deflator_source == "wdi_constant_prices"
    assert germany.deflator_source == "dac_deflators"
    assert list(japan.bases(FLOW)) == ["current US$", "constant 2023 US$", "fixed exchange rate"]
    assert list(germany.bases(FLOW))[1] == "constant 2021 US$"
    assert japan.constant(FLOW).loc[2022:].tolist() == [40.0, 40.0]
    assert japan.constant(FLOW).loc[:2021].isna().all()  # no deflator is not one of 100


def test_a_wide_frame_is_converted_by_year():
    flows = pd.DataFrame({"KAZ": FLOW, "UZB": 2 * FLOW})
    found = prices_of("JPN")
    for convert in (found.constant, found.at_fixed_rate):
        pd.testing.assert_series_equal(convert(flows).UZB, 2 * convert(FLOW), check_names=False)


def test_the_base_year_is_asserted():
    current = pd.Series({2022: 90.0, 2023: 100.0})
    constant = pd.Series({2022: 120.0, 2023: 100.0})
    assert prices.implied_deflator(current, constant, 2023)[2022] == 75.0
    with pytest.raises(ValueError, match=r"base year 2022: current 90\.00 and constant 120\.00"):
        prices.implied_deflator(current, constant, 2022)


def test_an_index_has_its_mean_over_the_years_with_all_bases():
    bases = pd.DataFrame({"current": FLOW, "constant": [1.0, 2.0, np.nan, np.nan]})
    rows = prices.indexed(bases)
    assert rows.price_basis.tolist() == ["current"] * 4 + ["constant"] * 4
    assert rows.year.tolist() == [*YEARS, *YEARS]
    wide = rows.pivot(index="year", columns="price_basis", values="index")
    assert wide.loc[:2021].mean().round(2).tolist() == [100, 100]
    assert wide.current.mean() != 100 and wide.constant.isna().sum() == 2
    above, below = figures.price_bases(rows).axes
    assert [line.get_label() for line in above.lines[:2]] == ["current", "constant"]
    ratio = below.lines[0].get_ydata()[:2]
    assert ratio == pytest.approx((wide.constant / wide.current).loc[:2021])


def test_rate_effect_sums_exactly():
    era = pd.Series(["A", "A", "B", None], index=YEARS)
    rows = prices.rate_effect(FLOW, prices_of("DEU"), era)
    assert len(rows) == 1
    row = rows.iloc[0]
    assert (row.era_before, row.era_after, row.n_before, row.n_after) == ("A", "B", 2, 1)
    assert row.change == 15.0 and row.at_fixed_rate + row.remainder == row.change
    assert row.at_fixed_rate == pytest.approx((30 * 130 - (10 * 100 + 20 * 110) / 2) / 120)
    assert row.remainder_low < row.remainder < row.remainder_high
    assert row.remainder_low == pytest.approx(15 - row.at_fixed_rate / 0.9)
    assert row.percent_usd == 100.0 and row.percent_currency == pytest.approx(143.75)


def test_a_change_from_a_negative_mean_has_no_percentage():
    era = pd.Series(["A", "B", "B", None], index=YEARS)
    rows = prices.rate_effect(FLOW - 15, prices_of("DEU"), era)
    assert rows.change[0] == 15.0
    assert rows[["percent_usd", "percent_currency"]].isna().all(axis=None)
    assert prices.rate_effect(FLOW, prices_of("DEU"), era.where(era == "B")).empty


def test_the_sign_of_a_change_can_depend_on_prices_and_on_the_first_year():
    flow = pd.Series([100.0, 60.0, 110.0, 130.0], index=[1998, 1999, 2016, 2017])
    rates = pd.DataFrame({"US$": 1.0, "yen": [130.0, 110.0, 100.0, 100.0]}, index=flow.index)
    found = prices.changes({"net": flow}, rates, [(1998, 1998), (1998, 1999)], (2016, 2017))
    change = found.set_index(["price_basis", "first", "last"]).change_percent
    assert change["US$", 1998, 1998] == 20 and change["US$", 1998, 1999] == 50
    assert change["yen", 1998, 1998] == pytest.approx(100 * (12 / 13 - 1), abs=0.005)
    assert change["yen", 1998, 1999] == pytest.approx(100 * (120 / 98 - 1), abs=0.01)
    gap = prices.changes({"net": flow.drop(1999)}, rates, [(1998, 1999)], (2016, 2017))
    assert gap.before.isna().all() and gap.change_percent.isna().all() and gap.after.notna().all()
