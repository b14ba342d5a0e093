"""What each era amounts to: means a year in three price bases, and shares of all that was given.

Measures are kept apart: commitments (CRS), gross disbursements and net flows. Commitments of Japan
up to 2002 are floors, since the CRS lacks its technical cooperation. Groups are sums of recipients
by name: all of them, all but Uzbekistan, and Uzbekistan.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from oda_eras import flows
from oda_eras.decisions import BILLION
from oda_eras.eras import SMALLEST_ERA, era_weights
from oda_eras.measures import ALL, WITHOUT_UZB
from oda_eras.study import LISTED

MEASURES = ("commitments", "gross", "net")
SHARE = "share"
# What a share is a share of.
WHOLES = {
    "commitments": "all commitments", "gross": "gross disbursements", "net": "bilateral net ODA"
}  # fmt: skip
KEY = ["measure", "group", "price_basis"]
LAGS = (1, 2)


def groups_of(recipients: Sequence[str]) -> dict[str, list[str]]:
    """The sums that are compared: all recipients and, where there are others, with Uzbekistan
    left out and alone."""
    rest = [r for r in recipients if r != "UZB"]
    alone = {WITHOUT_UZB: rest, "UZB": ["UZB"]} if 0 < len(rest) < len(recipients) else {}
    return {ALL: list(recipients)} | alone


def levels(rows: pd.DataFrame, groups: dict[str, list[str]]) -> pd.DataFrame:
    """A donor's flows to each group by year.

    Parameters
    ----------
    rows : DataFrame
        flows.csv of a run (`oda_eras.flows.FLOW_COLUMNS`).
    groups : dict
        Result of `groups_of`.

    Returns
    -------
    DataFrame
        Index year from `LISTED` on, columns (measure, price_basis, group): million US$ or yen.
        Commitments: what the CRS has, floors included, 0 where it has nothing of a recipient, up
        to the last year in which it has something of one. Gross and net: the printed or converted
        values; missing where one of the recipients lacks one.
    """
    parts = {}
    for (measure, basis), some in rows[rows.measure.isin(MEASURES)].groupby(
        ["measure", "price_basis"]
    ):
        pledged = measure == "commitments"
        value = some.value.fillna(some.low) if pledged else some.value[some.status.isin(flows.SURE)]
        cells = some.assign(value=value)
        wide = cells.pivot(index="year", columns="recipient", values="value").loc[LISTED:]
        if pledged:
            wide = wide.loc[: wide.dropna(how="all").index.max()].fillna(0.0)
        for group, members in groups.items():
            parts[measure, basis, group] = wide[members].sum(axis=1, min_count=len(members))
    return pd.DataFrame(parts).rename_axis(columns=["measure", "price_basis", "group"])


def shares(
    panels: dict[str, pd.DataFrame],
    net: pd.DataFrame,
    bilateral: pd.Series,
    groups: dict[str, list[str]],
) -> pd.DataFrame:
    """Each group's share of a donor's aid by year.

    Parameters
    ----------
    panels : dict
        Results of `oda_eras.placebo_recipients.donor_panel` by measure: the whole is the sum over
        all recipients, regional aid in it, the countries of debt relief out of it.
    net : DataFrame
        Net flows by group, current US$ million, index year.
    bilateral : Series
        The donor's bilateral net ODA to all, current US$ million by year.
    groups : dict
        Result of `groups_of`.

    Returns
    -------
    DataFrame
        Columns measure, group, year, usd_million, total, share_percent; no row where a flow or the
        whole is not known.
    """
    parts = []
    for measure, panel in panels.items():
        total = panel.sum(axis=1)
        for group, members in groups.items():
            part = panel.reindex(columns=members, fill_value=0.0).sum(axis=1)
            both = pd.DataFrame({"usd_million": part, "total": total})
            parts.append(both.assign(measure=measure, group=group))
    for group in groups:
        part = pd.DataFrame({"usd_million": net[group], "total": bilateral}).dropna()
        parts.append(part.assign(measure="net", group=group))
    rows = pd.concat(parts).rename_axis("year").reset_index()
    rows = rows[rows.year >= LISTED]
    rows["share_percent"] = 100 * rows.usd_million / rows.total
    columns = ["measure", "group", "year", "usd_million", "total", "share_percent"]
    return rows[columns].reset_index(drop=True)


def by_era(levels: pd.DataFrame, shares: pd.DataFrame, era: pd.Series) -> pd.DataFrame:
    """Means a year and pooled shares by era.

    `levels` and `shares` are results of the functions of these names, `era` the era by year.
    Returns measure, group, price_basis (or `SHARE`), era, first, last, n (known years), value:
    mean a year in million US$ or yen, or 100 times the sum of the flows over that of the wholes;
    missing where fewer than `SMALLEST_ERA` years are known.
    """
    rows = []
    for (measure, basis, group), flow in levels.items():
        for name, own in flow.dropna().groupby(era):
            rows.append((measure, group, basis, name, *_span(own.index), own.mean()))
    for (measure, group), flow in shares.groupby(["measure", "group"], sort=False):
        for name, own in flow.set_index("year").groupby(era):
            share = 100 * own.usd_million.sum() / own.total.sum()
            rows.append((measure, group, SHARE, name, *_span(own.index), share))
    table = pd.DataFrame(rows, columns=[*KEY, "era", "first", "last", "n", "value"])
    table["value"] = table.value.where(table.n >= SMALLEST_ERA)
    order = {name: i for i, name in enumerate(era.dropna().unique())}
    return table.sort_values(
        [*KEY, "era"], key=lambda c: c.map(order) if c.name == "era" else c, ignore_index=True
    )


def _span(years: pd.Index) -> tuple[int, int, int]:
    return int(years.min()), int(years.max()), len(years)


def shares_and_eras(shares: pd.DataFrame, pooled: pd.DataFrame, era: pd.Series) -> pd.DataFrame:
    """Shares by year beside those pooled by era, of the sums with and without Uzbekistan.

    `shares` is the result of the function of this name, `pooled` the shares of `by_era`, `era` the
    era by year. Returns measure, group, year, share_percent, era, era_share_percent; years of eras
    with fewer than `SMALLEST_ERA` known ones have no pooled share.
    """
    rows = shares[shares.group.isin([ALL, WITHOUT_UZB])].assign(era=lambda t: t.year.map(era))
    keys = ["measure", "group", "era"]
    value = pooled.set_index(keys).value.rename("era_share_percent")
    columns = ["measure", "group", "year", "share_percent", "era", "era_share_percent"]
    return rows.join(value, on=keys)[columns].round(4).reset_index(drop=True)


def changes(rows: pd.DataFrame, era: pd.Series) -> pd.DataFrame:
    """Changes between neighbouring eras of which both have a value.

    `rows` is the result of `by_era`. Returns transition, measure, group, price_basis, n_before,
    n_after, before, after, difference (after less before; of shares in percentage points).
    """
    values = rows.set_index([*KEY, "era"])
    found = []
    for key, own in values.groupby(level=KEY):
        own = own.droplevel(KEY).reindex(era.dropna().unique())
        for before, after in pairwise(own.index):
            a, b = own.loc[before], own.loc[after]
            if np.isfinite(b.value - a.value):
                numbers = int(a.n), int(b.n), a.value, b.value, b.value - a.value
                found.append((f"{before} to {after}", *key, *numbers))
    columns = ["transition", *KEY, "n_before", "n_after", "before", "after", "difference"]
    return pd.DataFrame(found, columns=columns)


def side_by_side(changes: pd.DataFrame) -> pd.DataFrame:
    """The differences of `changes` by price basis, yen in billions.

    Returns an index of transition, measure and group, and columns current, constant, yen, `SHARE`.
    """
    wide = changes.pivot_table(
        index=["transition", "measure", "group"], columns="price_basis", values="difference",
        sort=False,
    )  # fmt: skip
    return wide.assign(yen=wide.yen / BILLION)[["current", "constant", "yen", SHARE]]


def variants(
    eras: pd.DataFrame, years: Sequence[int], later_2001: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """Weights of the years in the eras by the name of a variant, the declared one first.

    Parameters
    ----------
    eras : DataFrame
        One scheme with dates.
    years : sequence of int
        Years of a panel; eras that hold none by majority of days are left out, and so are variants
        in which another era would hold none: no change can be taken across it.
    later_2001 : DataFrame, optional
        The scheme with the unnamed days of 2001 in the later era.

    Returns
    -------
    dict
        "declared" (majority of days), "core_years" (years that an era holds to
        `oda_eras.eras.CORE_SHARE`), "day_weighted", "without_2002" (Japan's technical cooperation
        enters the CRS in 2003), "lag_1" and "lag_2" (years set against the eras of so many years
        before), "2001_later".
    """
    years = list(years)
    found = {
        "declared": era_weights(eras, years),
        "core_years": era_weights(eras, years, "dropped"),
        "day_weighted": era_weights(eras, years, "weighted"),
    }
    if 2002 in years:
        found["without_2002"] = found["declared"].drop(index=2002)
    found |= {f"lag_{lag}": era_weights(eras, years, shift=lag) for lag in LAGS}
    if later_2001 is not None and 2001 in years:
        found["2001_later"] = era_weights(later_2001, years)
    held = found["declared"].columns[found["declared"].any()]
    kept = {name: weights[held] for name, weights in found.items()}
    return {name: weights for name, weights in kept.items() if weights.any().all()}
