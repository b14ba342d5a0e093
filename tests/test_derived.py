"""Derived flows: which there are, in which prices, and that nothing is derived from a gap."""

import numpy as np
import pandas as pd
import pytest

from oda_eras.derived import derived_flows
from oda_eras.naming import naming_of
from oda_eras.prices import FIXED_RATE, Prices
from oda_eras.study import Study

YEARS = pd.Index([2020, 2021], name="year")


def wide(**columns):
    return pd.DataFrame(columns, YEARS, dtype=float).rename_axis(columns="recipient")


NET = wide(KAZ=[3, 6], UZB=[np.nan, 8])
GRANTS = wide(KAZ=[1, 6], UZB=[2, 2])
GROSS = wide(KAZ=[5, np.nan])
CELLS = pd.DataFrame(
    {
        "recipient": ["KAZ", "KAZ", "UZB"],
        "year": [2020, 2021, 2021],
        "usd_million": [5.0, 6.0, np.nan],
        "label": ["known", "converted", "unknown"],
        "source": ["a", "b", ""],
        "rule": ["printed by the source", "converted", ""],
    }
)


def derived(currency, others=None):
    donors = pd.DataFrame({"donor": ["DEU"], "name": ["Germany"], "currency": [currency]})
    naming = naming_of(Study(donor="DEU"), donors)
    deflator, rate = pd.Series([80.0, 100.0], YEARS), pd.Series([2.0, 4.0], YEARS)
    prices = Prices(deflator, "dac_deflators", rate, rate.mean(), naming)
    return derived_flows(NET, GRANTS, GROSS, CELLS, prices, "DEU", others or {})


def test_flows_are_derived_once_in_each_price_basis():
    rows = derived("euro").set_index(["measure", "price_basis", "recipient", "year"])
    assert rows.index.is_unique and rows.index.is_monotonic_increasing
    value = rows.usd_million
    assert value["loans_net", "current", "KAZ", 2020] == 2
    assert value["net", "constant 2021", "KAZ", 2020] == 3.75
    assert value["net", FIXED_RATE, "KAZ", 2021] == 8
    assert value["loans_net", FIXED_RATE, "KAZ", 2020] == pytest.approx(4 / 3, abs=5e-5)
    assert rows.rule["net", FIXED_RATE, "KAZ", 2021] == "euro at 3.00 per US$"
    assert ("net", "constant 2021", "UZB", 2020) not in rows.index  # not reported
    assert ("net", "current", "KAZ", 2020) not in rows.index  # reported, so in the panel


def test_gross_flows_are_those_that_the_panel_lacks():
    rows = derived("euro").query("measure == 'gross'")
    assert rows[["recipient", "year", "status", "source", "rule"]].to_numpy().tolist() == [
        ["KAZ", 2021, "converted", "b", "converted"]
    ]


def test_a_donor_that_gives_in_dollars_has_no_rate_to_fix():
    assert FIXED_RATE in set(derived("euro").price_basis)
    assert set(derived("US dollar").price_basis) == {"current", "constant 2021"}


def test_commitments_are_derived_where_a_run_has_them():
    committed = pd.DataFrame({"KAZ": [8.0, 9.0]}, YEARS)
    rows = derived("euro", {"commitments": committed}).query("measure == 'commitments'")
    assert rows.set_index(["price_basis", "year"]).usd_million["constant 2021", 2020] == 10
    assert rows.source.str.startswith("dac2a_world; crs_world; ").all()
