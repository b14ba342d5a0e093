"""Measures of aid and what follows from them: loans, repayments, gross flows, shares.

Wide frames have calendar years as index and recipients (ISO3) as columns, in US$ million. A
missing cell is "not reported" and stays missing in every result.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from oda_eras.flows import CELL, STATUSES, SURE
from oda_eras.naming import year_spans
from oda_eras.study import LISTED, Study

# Sums over recipients, as they stand in a column of recipients.
ALL, WITHOUT_UZB = "all", "without UZB"
# A printed flow is rounded to 0.01, so it may be 0.005 off; a difference of two, 0.01.
ROUNDING = 0.01
# Every window that "before 1998" can mean, both ends included: no flow is older than 1992.
BEFORE_1998 = [(first, last) for first in range(1992, 1998) for last in range(first, 1998)]


def wide(panel: pd.DataFrame, donor: str, measure: str) -> pd.DataFrame:
    """Flows of one donor in one measure as a wide frame.

    `panel` has the columns of `oda_eras.panel.PANEL_COLUMNS`. Raises ValueError where two rows
    claim one cell, as two sources of one measure would.
    """
    rows = panel[(panel.donor == donor) & (panel.measure == measure)]
    doubled = rows[rows.duplicated(["recipient", "year"])]
    if len(doubled):
        case = doubled.iloc[0]
        raise ValueError(
            f"two rows for {measure} from {donor} to {case.recipient} in {case.year}: "
            "pick one source first"
        )
    return rows.pivot(index="year", columns="recipient", values="usd_million")


def long(frame: pd.DataFrame, name: str = "usd_million") -> pd.DataFrame:
    """A wide frame as rows (recipient, year, `name`), cells that are missing left out."""
    stacked = frame.stack().rename_axis(["year", "recipient"]).rename(name).dropna().reset_index()
    order = ["recipient", "year"]
    return stacked[[*order, name]].sort_values(order, ignore_index=True)


def sum_of(frame: pd.DataFrame) -> pd.Series:
    """The sum over the columns of a wide frame, missing in years that lack one of them."""
    return frame.sum(axis=1, min_count=frame.shape[1]).rename(ALL)


def study_series(panel: pd.DataFrame, derived: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The series that breaks and eras are looked for in.

    Parameters
    ----------
    panel, derived : DataFrame
        Reported and derived rows, columns of `oda_eras.panel.PANEL_COLUMNS`.
    study : Study

    Returns
    -------
    DataFrame
        Index year; columns (measure, price_basis, recipient) for the study's series, the
        price bases that there are, and recipients plus `ALL` and, where there are others beside
        Uzbekistan, `WITHOUT_UZB`, US$ million. A sum is missing in years that lack one of its
        parts.
    """
    rows = pd.concat([panel, derived])
    rows = rows[rows.donor == study.donor]
    parts = {}
    for measure in study.series:
        for basis in rows[rows.measure == measure].price_basis.unique():
            flows = wide(rows[rows.price_basis == basis], study.donor, measure)
            sums = {ALL: flows.sum(axis=1, min_count=flows.shape[1])}
            rest = flows.drop(columns="UZB", errors="ignore")
            if 0 < rest.shape[1] < flows.shape[1]:
                sums[WITHOUT_UZB] = rest.sum(axis=1, min_count=rest.shape[1])
            parts[measure, basis] = flows.assign(**sums)
    series = pd.concat(parts, axis=1, names=["measure", "price_basis", "recipient"])
    return series.sort_index(axis=0).sort_index(axis=1)


def longest_run(series: pd.Series, first: int = LISTED) -> pd.Series:
    """The longest stretch of consecutive known years from `first` on, the latest of equals."""
    known = series.dropna().loc[first:]
    run = (known.index.to_series().diff() != 1).cumsum()
    sizes = run.value_counts()
    return known[run == sizes[sizes == sizes.max()].index.max()]


def tested_total(panel: pd.DataFrame, study: Study) -> pd.Series:
    """The sum over recipients of the measure that a study tests, current US$ million by year.

    Its longest run of years in which every recipient is known.
    """
    flows = wide(panel, study.donor, study.measure)
    return longest_run(flows.sum(axis=1, min_count=flows.shape[1])).rename("usd_million")


def loans_net(net: pd.DataFrame, grants: pd.DataFrame) -> pd.DataFrame:
    """Net loans: loan disbursements less repayments, as net flow less grants (wide, US$ million).

    Exact by definition, since net = grants + loan disbursements - repayments; rounded to 0.01,
    which is what both parts are printed to.
    """
    years = net.index.intersection(grants.index)
    return (net.loc[years] - grants.loc[years]).round(2)


def gross_cells(flows: pd.DataFrame) -> pd.DataFrame:
    """Gross flows in current US$, every cell with its bounds and status.

    `flows` has columns of `oda_eras.flows.FLOW_COLUMNS`, one donor's. Returns columns recipient,
    year, usd_million (missing where only bounds are known), low, high, label (the status), source,
    rule.
    """
    own = flows[(flows.measure == "gross") & (flows.price_basis == "current")]
    cells = own.rename(columns={"value": "usd_million", "status": "label"})
    columns = [*CELL, "usd_million", "low", "high", "label", "source", "rule"]
    return cells[columns].sort_values(CELL, ignore_index=True)


def repayments(flows: pd.DataFrame, rate: pd.Series) -> pd.DataFrame:
    """What was repaid, gross less net, in US$ and in the donor's currency, and the levels in it.

    Parameters
    ----------
    flows : DataFrame
        Columns of `oda_eras.flows.FLOW_COLUMNS`, one donor's.
    rate : Series
        National currency per US$ by year (the DAC exchange rate, at which flows are converted).

    Returns
    -------
    DataFrame
        Columns recipient, year, usd_million, lcu_million (million units of national currency),
        low, high (the same unit), band (how far rounding, or the conversion of a gross flow from
        constant prices, can move it either way), label (the status), level (see `levels`). A row
        for every recipient that borrows and year with a value or a bound.
    """
    own = flows[(flows.measure == "repayments") & (flows.status != "unknown")]
    current, yen = (own[own.price_basis == b].set_index(CELL) for b in ("current", "yen"))
    rounding = ROUNDING * yen.index.get_level_values("year").map(rate)
    rows = yen[["low", "high"]].assign(
        usd_million=current.value.round(2),
        lcu_million=yen.value,
        band=((yen.high - yen.low) / 2).clip(lower=rounding).where(yen.status.isin(SURE)),
        label=yen.status,
    )
    beyond = rows.lcu_million.abs() > rows.band
    rows = rows[beyond.groupby(level="recipient").transform("any")]
    rows = rows.sort_index().reset_index()
    rows["level"] = levels(rows)
    rows[["lcu_million", "low", "high"]] = rows[["lcu_million", "low", "high"]].round(1)
    rows["band"] = rows.band.round(2)
    return rows[[*CELL, "usd_million", "lcu_million", "low", "high", "band", "label", "level"]]


def levels(rows: pd.DataFrame) -> pd.Series:
    """Where one instalment fits what was repaid in two or more successive years.

    `rows` has columns recipient, year (both in order), lcu_million, band, label. From its first
    year on a run is continued as long as some amount above zero lies within lcu_million plus or
    minus band in all of its years; only years with a sure label count. Returns the middle of what
    a run allows, rounded to 0.1, missing for years outside runs.
    """
    found = pd.Series(np.nan, rows.index)
    run: list[int] = []
    least, most, last = -np.inf, np.inf, (None, None)
    for row in rows[rows.label.isin(SURE)].itertuples():
        low, high = row.lcu_million - row.band, row.lcu_million + row.band
        follows = (row.recipient, row.year - 1) == last
        if not follows or max(least, low) > min(most, high):
            run, least, most = [], -np.inf, np.inf
        run, least, most = [*run, row.Index], max(least, low), min(most, high)
        last = (row.recipient, row.year)
        if len(run) > 1 and least > 0:
            found[run] = round((least + most) / 2, 1)
    return found


def level_runs(repaid: pd.DataFrame) -> pd.DataFrame:
    """The runs of `levels`, a row each: recipient, first, last, smallest, largest, level, band.

    `repaid` is a result of `repayments`. The repayments, their level and the largest band of the
    years are in million units of national currency.
    """
    rows = repaid.dropna(subset="level")
    starts = (rows.year.diff() != 1) | (rows.level != rows.level.shift())
    runs = rows.groupby(["recipient", starts.cumsum()])
    found = runs.agg(
        first=("year", "min"),
        last=("year", "max"),
        smallest=("lcu_million", "min"),
        largest=("lcu_million", "max"),
        level=("level", "first"),
        band=("band", "max"),
    )
    return found.reset_index("recipient").reset_index(drop=True)


def years_by_status(cells: pd.DataFrame) -> pd.DataFrame:
    """The years of each status by recipient, as text such as "2012, 2016-2020".

    `cells` is a result of `gross_cells`. Returns a frame indexed by recipient with a column for
    every status that occurs, the surest first.
    """
    years = cells.groupby(["recipient", "label"]).year.agg(year_spans).unstack(fill_value="")
    return years[[status for status in STATUSES if status in years]]


def open_years(cells: pd.DataFrame, net: pd.DataFrame) -> pd.DataFrame:
    """What gross can have been in the years in which no source gives it, summed over runs of them.

    Parameters
    ----------
    cells : DataFrame
        Result of `gross_cells`.
    net : DataFrame
        Wide frame, current US$ million.

    Returns
    -------
    DataFrame
        Columns recipient, label (bounded or extrapolated), years (text such as "1992-2002"), and
        net, low and high: sums over the years, current US$ million.
    """
    rows = cells[cells.label.isin(["bounded", "extrapolated"])]
    rows = rows.merge(long(net, "net"), on=CELL)
    run = (rows.year.diff() != 1) | (rows.label != rows.label.shift())
    runs = rows.groupby(["recipient", "label", run.cumsum()], sort=False)
    sums = runs.agg(
        years=("year", year_spans),
        net=("net", "sum"),
        low=("low", "sum"),
        high=("high", "sum"),
    )
    return sums.reset_index(level=["recipient", "label"]).reset_index(drop=True)


def window_shares(
    flow: pd.Series, totals: dict[str, pd.Series], windows: Iterable[tuple[int, int]]
) -> pd.DataFrame:
    """A flow's share of several totals over several windows of years.

    Parameters
    ----------
    flow : Series
        US$ million by year.
    totals : dict of Series
        Denominators by name, US$ million by year.
    windows : iterable of (first, last)
        Windows of calendar years, both ends included.

    Returns
    -------
    DataFrame
        Columns first, last, denominator, flow, total, pooled_percent (sum over sum),
        mean_percent (mean of the yearly shares). A denominator that lacks a year of the window
        has no share there.
    """
    rows = []
    for first, last in windows:
        years = range(first, last + 1)
        part = flow.reindex(years)
        for name, series in totals.items():
            whole = series.reindex(years)
            pooled = 100 * part.sum(skipna=False) / whole.sum(skipna=False)
            mean = (100 * part / whole).mean(skipna=False)
            rows.append(
                (first, last, name, part.sum(skipna=False), whole.sum(skipna=False), pooled, mean)
            )
    columns = ["first", "last", "denominator", "flow", "total", "pooled_percent", "mean_percent"]
    return pd.DataFrame(rows, columns=columns).round(9).round(3)


def share_windows(flow: pd.Series, totals: dict[str, pd.Series]) -> pd.DataFrame:
    """A flow's share of several totals over every window of years before 1998.

    Takes flow and totals as `window_shares` does. Returns columns start, end, without_1997,
    denominator, share_percent (sum over sum; missing where the denominator lacks a year of the
    window), a row for every window of `BEFORE_1998` and denominator.
    """
    shares = window_shares(flow, totals, BEFORE_1998).rename(
        columns={"first": "start", "last": "end", "pooled_percent": "share_percent"}
    )
    shares["without_1997"] = shares.end < 1997
    return shares[["start", "end", "without_1997", "denominator", "share_percent"]]


def concentration(flows: pd.DataFrame) -> pd.DataFrame:
    """Herfindahl-Hirschman index and effective number of recipients, by year.

    HHI is the sum of squared shares, the effective number 1 / HHI (Laakso and Taagepera 1979,
    Comparative Political Studies 12, 3-27). Both need shares between 0 and 1, so a year in which
    a recipient is negative or not reported, or all flows are zero, has none.

    Returns a frame with columns year, hhi, effective_number.
    """
    usable = flows.notna().all(axis=1) & (flows >= 0).all(axis=1) & (flows.sum(axis=1) > 0)
    shares = flows[usable].div(flows[usable].sum(axis=1), axis=0)
    hhi = (shares**2).sum(axis=1).reindex(flows.index)
    return pd.DataFrame(
        {"year": flows.index, "hhi": hhi.round(4), "effective_number": (1 / hhi).round(3)}
    ).reset_index(drop=True)


def volatility(flows: pd.DataFrame) -> pd.DataFrame:
    """How lumpy each recipient's flow is.

    Returns a frame indexed by recipient with columns n, mean, sd, cv (standard deviation over
    mean; missing where a year is negative, since a mean near zero inflates it), largest_year,
    largest_share_percent (of the sum of the positive years), negative_years.
    """
    positive = flows.clip(lower=0)
    mean = flows.mean()
    return pd.DataFrame(
        {
            "n": flows.count(),
            "mean": mean.round(9).round(2),
            "sd": flows.std().round(9).round(2),
            "cv": (flows.std() / mean).round(9).where((flows.min() >= 0) & (mean > 0)).round(2),
            "largest_year": flows.idxmax(),
            "largest_share_percent": (100 * positive.max() / positive.sum()).round(1),
            "negative_years": (flows < 0).sum(),
        }
    )


def ranks(net: pd.DataFrame, donor: str, total: pd.DataFrame) -> pd.DataFrame:
    """A donor's rank and share among all donors that report, by recipient and year.

    Parameters
    ----------
    net : DataFrame
        Rows donor, recipient, year, usd_million of one measure.
    donor : str
        ISO3.
    total : DataFrame
        Rows recipient, year, usd_million: all donors together.

    Returns
    -------
    DataFrame
        Columns recipient, year, rank (1 = largest), donors (that report), share_percent (of the
        total; missing where the flow is negative or the total not positive).
    """
    place = net.groupby(["recipient", "year"]).usd_million
    ranked = net.assign(
        rank=place.rank(ascending=False, method="min").astype(int),
        donors=place.transform("size"),
    )
    own = ranked[ranked.donor == donor].merge(
        total.rename(columns={"usd_million": "total"}), on=["recipient", "year"]
    )
    usable = (own.usd_million >= 0) & (own.total > 0)
    own["share_percent"] = (100 * own.usd_million / own.total).where(usable).round(1)
    columns = ["recipient", "year", "rank", "donors", "share_percent"]
    return own[columns].sort_values(["recipient", "year"], ignore_index=True)


def revisions(older: pd.DataFrame, net: pd.DataFrame, world: pd.Series) -> pd.DataFrame:
    """Cells of older vintages of a donor's net ODA beside the present ones.

    `older` is data/vintages.csv, `net` a wide frame, `world` the flow to all recipients by year
    (WLD there). Returns columns vintage, last_year (of the vintage), recipient, year, older,
    present and revision (present less older), US$ million, for the cells that both print.
    """
    present = pd.concat([long(net), long(world.to_frame("WLD"))]).set_index(CELL).usd_million
    rows = older.rename(columns={"net_usd_million": "older"})
    rows = rows.join(present.rename("present"), on=CELL).dropna(subset="present")
    rows["revision"] = (rows.present - rows.older).round(2)
    return rows.sort_values(["last_year", "vintage", "recipient", "year"], ignore_index=True)


def revisions_by_series(rows: pd.DataFrame) -> pd.DataFrame:
    """How many cells of each vintage and recipient were revised, and by how much at most.

    `rows` is a result of `revisions`. Returns columns last_year, recipient, first, last (years),
    cells, moved, largest (US$ million, signed), largest_year and largest_percent of the older
    figure; the latter two are missing where nothing moved.
    """
    moved = rows.revision.abs() > ROUNDING / 2
    by = rows.assign(moved=moved).groupby(["vintage", "last_year", "recipient"], sort=False)
    counts = by.agg(
        first=("year", "min"), last=("year", "max"), cells=("year", "size"), moved=("moved", "sum")
    ).reset_index()
    most = rows.loc[by.revision.apply(lambda revision: revision.abs().idxmax())]
    counts["largest"] = most.revision.to_numpy()
    some = counts.moved > 0
    counts["largest_year"] = most.year.astype("Int64").reset_index(drop=True).where(some)
    percent = (100 * most.revision / most.older.abs()).reset_index(drop=True)
    counts["largest_percent"] = percent.round(1).where(some)
    return counts.drop(columns="vintage")
