"""Prices and exchange rates: one flow in several price bases, and what that does to a change."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from oda_eras.measures import ROUNDING
from oda_eras.naming import Naming
from oda_eras.study import Study

CURRENT, FIXED_RATE = "current US$", "fixed exchange rate"


@dataclass(frozen=True)
class Prices:
    """What a donor's dollars of a year are worth.

    deflator 100 in the base year of the donor's constant prices, and the raw table it comes from;
    rate national currency per US$; fixed the rate at which flows are shown at a fixed exchange
    rate, the mean of `rate`; naming how the run names currency and prices. Series by year.
    """

    deflator: pd.Series
    deflator_source: str
    rate: pd.Series
    fixed: float
    naming: Naming

    def bases(self, flow: pd.Series) -> pd.DataFrame:
        """A flow in current US$ (by year) in three price bases, US$ million: a column each."""
        return pd.DataFrame(
            {
                CURRENT: flow,
                f"{self.naming.constant} US$": self.constant(flow),
                FIXED_RATE: self.at_fixed_rate(flow),
            }
        )

    def constant(self, flows: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
        """Flows in current US$, by year, in constant US$ of the base year."""
        return flows.div(self.deflator.reindex(flows.index) / 100, axis=0)

    def at_fixed_rate(self, flows: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
        """Flows in current US$, by year: national currency, shown in US$ at the fixed rate."""
        return flows.mul(self.rate.reindex(flows.index) / self.fixed, axis=0)


def prices_of(
    study: Study,
    naming: Naming,
    dac: pd.DataFrame,
    wdi_rate: pd.Series,
    totals: pd.DataFrame,
    years: pd.Index,
) -> Prices:
    """A donor's prices: the DAC's exchange rate and deflator; for Japan a deflator of its own.

    Parameters
    ----------
    study, naming
        The run, and how it is named.
    dac : DataFrame
        Index year; columns lcu_per_usd and deflator_2021 of the donor.
    wdi_rate : Series
        The World Bank's exchange rate of the donor by year, used where the DAC has none.
    totals : DataFrame
        Japan's ODA to all recipients (data/japan_totals.csv), whose net total in current and in
        constant prices implies the deflator for Japan, up to its last year.
    years : Index
        The years of the flows.

    Raises ValueError where Japan's totals have another base year.
    """
    rate = dac.lcu_per_usd.combine_first(wdi_rate).reindex(years)
    deflator, source = dac.deflator_2021, "dac_deflators"
    if study.donor == "JPN":
        total = totals[(totals["item"] == "total") & (totals.measure == "net")]
        by_source = total.set_index(["source", "year"]).usd_million
        source = "wdi_constant_prices"
        deflator = implied_deflator(
            by_source["wdi_japan_totals"], by_source[source], naming.base_year
        )
    return Prices(deflator, source, rate, rate.mean(), naming)


def implied_deflator(current: pd.Series, constant: pd.Series, base: int) -> pd.Series:
    """Deflator implied by one flow in current and in constant prices, 100 in the base year.

    It combines the donor's inflation and its exchange rate, as DAC deflators do. Raises
    ValueError where the two series differ in the base year by more than rounding.
    """
    if not abs(current[base] - constant[base]) <= ROUNDING:
        raise ValueError(
            f"base year {base}: current {current[base]:.2f} and constant {constant[base]:.2f} "
            "prices differ, so it is not the base year"
        )
    return (100 * current / constant).dropna().rename("deflator")


def indexed(bases: pd.DataFrame) -> pd.DataFrame:
    """A flow in several price bases as an index: the mean of the years with all bases is 100.

    `bases` has years as index and a column per price basis. Returns columns year, price_basis,
    index, one basis after the other, years that a basis lacks left empty.
    """
    index = (100 * bases / bases.dropna().mean()).round(3)
    rows = index.rename_axis("year").reset_index()
    return rows.melt("year", var_name="price_basis", value_name="index")


def rate_effect(flow: pd.Series, prices: Prices, era: pd.Series) -> pd.DataFrame:
    """Split each change of the mean from era to era into flows and exchange rate.

    Parameters
    ----------
    flow : Series
        By year in current US$ million.
    prices : Prices
    era : Series
        Era by year; years without one are left out.

    Returns
    -------
    DataFrame
        Columns era_before, era_after, n_before, n_after, change (of the mean, current US$
        million), at_fixed_rate (the same at the fixed rate) and remainder, which sum to it
        exactly; remainder_low and remainder_high, the remainder with the rate fixed a tenth lower
        and higher; percent_usd and percent_currency, the change in percent in current US$ and in
        national currency, which no fixed rate enters; missing where the mean before is not
        positive.
    """
    table = pd.DataFrame({"usd": flow, "currency": flow * prices.rate, "era": era}).dropna()
    by_era = table.groupby("era", sort=False)
    means, n = by_era[["usd", "currency"]].mean(), by_era.size()
    change = means.diff()
    percent = 100 * means.pct_change().where(means.shift() > 0)
    remainder = {
        name: change.usd - change.currency / (share * prices.fixed)
        for name, share in (
            ("remainder", 1),
            ("remainder_low", 0.9),
            ("remainder_high", 1.1),
        )
    }
    effect = pd.DataFrame(
        {
            "era_before": pd.Series(means.index, means.index).shift(),
            "era_after": means.index,
            "n_before": n.shift(fill_value=0),
            "n_after": n,
            "change": change.usd,
            "at_fixed_rate": change.currency / prices.fixed,
            **remainder,
            "percent_usd": percent.usd,
            "percent_currency": percent.currency,
        }
    )
    return effect.iloc[1:].reset_index(drop=True)


def changes(
    flows: dict[str, pd.Series],
    prices: pd.DataFrame,
    starts: Iterable[tuple[int, int]],
    end: tuple[int, int],
) -> pd.DataFrame:
    """Change of the mean flow from earlier spans of years to a later one, in several prices.

    Parameters
    ----------
    flows : dict of Series
        Flows by name, current US$ million by year.
    prices : DataFrame
        Index year, a column per price basis: what a current dollar of that year is in it.
    starts, end : (first, last)
        Calendar years, both ends included; every start is compared with `end`.

    Returns
    -------
    DataFrame
        Columns flow, price_basis, first, last, before, after (means of the two spans, million of
        the price basis), change_percent. What lacks a year is missing.
    """

    def mean(flow: pd.Series, first: int, last: int) -> float:
        return flow.reindex(range(first, last + 1)).mean(skipna=False)

    rows = []
    for name, flow in flows.items():
        for basis, factor in prices.items():
            after = mean(flow * factor, *end)
            for first, last in starts:
                before = mean(flow * factor, first, last)
                change = 100 * (after / before - 1)
                rows.append((name, basis, first, last, before, after, change))
    columns = ["flow", "price_basis", "first", "last", "before", "after", "change_percent"]
    return pd.DataFrame(rows, columns=columns).round(9).round(2)
