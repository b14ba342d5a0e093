"""Measures of aid and what follows from them: loans, repayments, gross flows, shares.

Wide frames have calendar years as index and recipients (ISO3) as columns, in US$ million. A
missing cell is "not reported" and stays missing in every result.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from oda_eras.naming import year_spans
from oda_eras.study import LISTED, Study

# Sums over recipients, as they stand in a column of recipients.
ALL, WITHOUT_UZB = "all", "without UZB"
# A printed flow is rounded to 0.01, so it may be 0.005 off; a difference of two, 0.01.
ROUNDING = 0.01
# A repayment may rise from one year to the next by this share and still count as smooth. Inside
# the runs found for Japan the largest rise is 17%; the smallest step that ends one is 31%.
LARGEST_RISE = 0.20
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


def study_series(panel: pd.DataFrame, derived: pd.DataFrame, donor: str) -> pd.DataFrame:
    """The series that breaks and eras are looked for in.

    Parameters
    ----------
    panel, derived : DataFrame
        Reported and derived rows, columns of `oda_eras.panel.PANEL_COLUMNS`.
    donor : str
        ISO3.

    Returns
    -------
    DataFrame
        Index year; columns (measure, price_basis, recipient) for measures net and grants, the
        price bases that there are, and recipients plus `ALL` and, where there are others beside
        Uzbekistan, `WITHOUT_UZB`, US$ million. A sum is missing in years that lack one of its
        parts.
    """
    rows = pd.concat([panel, derived])
    parts = {}
    for measure in ("net", "grants"):
        for basis in rows[(rows.donor == donor) & (rows.measure == measure)].price_basis.unique():
            flows = wide(rows[rows.price_basis == basis], donor, measure)
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


def repayments(gross: pd.DataFrame, net: pd.DataFrame, rate: pd.Series) -> pd.DataFrame:
    """Repayments implied by gross less net, in US$ and in the donor's currency.

    Parameters
    ----------
    gross, net : DataFrame
        Wide frames, US$ million.
    rate : Series
        National currency per US$ by year (the DAC exchange rate, at which flows are converted).

    Returns
    -------
    DataFrame
        Columns recipient, year, usd_million, lcu_million, band: the repayment, the same in
        million units of national currency, and how far rounding alone can move it either way.
    """
    rows = long(gross.sub(net).reindex(gross.index))
    at = rows.year.map(rate)
    return rows.assign(
        usd_million=rows.usd_million.round(2),
        lcu_million=(rows.usd_million * at).round(1),
        band=(ROUNDING * at).round(2),
    )


def add_levels(rows: pd.DataFrame) -> pd.DataFrame:
    """Find runs of years in which a repayment stays the same to rounding.

    `rows` is a result of `repayments`. Returns it with a column `level`: the mean of the run (in
    national currency) for years whose neighbour differs by no more than rounding allows on both
    sides, missing for years without such a neighbour.
    """
    rows = rows.sort_values(["recipient", "year"], ignore_index=True)
    follows = (rows.recipient == rows.recipient.shift()) & (rows.year == rows.year.shift() + 1)
    same = rows.lcu_million.diff().abs() <= rows.band + rows.band.shift()
    run = (~(follows & same)).cumsum()
    by_run = rows.groupby(run).lcu_million
    return rows.assign(level=by_run.transform("mean").where(by_run.transform("size") > 1).round(1))


def is_smooth(before: float, after: float, band_before: float, band_after: float) -> bool:
    """Whether one year's repayment can follow another's without a loan drawn in either.

    A drawn loan lowers net repayments, so a fall beyond rounding is not smooth; a rise of up to
    `LARGEST_RISE` is, and so is a doubling, where the first year held half an instalment.
    """
    slack = band_before + band_after
    level = before - slack <= after <= before * (1 + LARGEST_RISE) + slack
    half = abs(2 * before - after) <= 2 * band_before + band_after
    return before > 0 and (level or half)


def gross_cells(
    net: pd.DataFrame, grants: pd.DataFrame, known: pd.DataFrame, rate: pd.Series
) -> pd.DataFrame:
    """Gross flows as far as they can honestly go, every cell labelled.

    Parameters
    ----------
    net, grants, known : DataFrame
        Wide frames, US$ million; `known` holds the gross flows that a source prints.
    rate : Series
        National currency per US$ by year.

    Returns
    -------
    DataFrame
        Columns recipient, year, usd_million, label, rule; a row for every cell of `net`. Label
        "known": a source prints it, or net equals grants in every year that can be compared, so
        that there is no loan and gross is net. "inferred": a run of smooth repayments, in
        national currency, that holds at least one year with known gross: then no loan was drawn
        and gross equals grants; or no loan before or after the years that can be compared.
        "unknown": neither, and usd_million is missing.
    """
    drawn = loans_net(net, grants)
    rows = []
    for recipient in net.columns:
        printed = known[recipient].dropna() if recipient in known else pd.Series(dtype=float)
        loans = drawn[recipient].dropna()
        without_loans = len(loans) > 0 and (loans.abs() <= ROUNDING).all()
        smooth = set() if without_loans else _smooth_years(recipient, net, loans, printed, rate)
        for year, flow in net[recipient].dropna().items():
            if year in printed.index:
                cell = printed[year], "known", "printed by a source"
            elif without_loans and year in loans.index:
                cell = flow, "known", "net equals grants: no loans, so gross is net"
            elif without_loans:
                cell = flow, "inferred", "no loan in any year that can be compared"
            elif year in smooth:
                cell = grants.loc[year, recipient], "inferred", "smooth repayments: gross is grants"
            else:
                cell = np.nan, "unknown", ""
            rows.append((recipient, int(year), *cell))
    return pd.DataFrame(rows, columns=["recipient", "year", "usd_million", "label", "rule"])


def _smooth_years(recipient, net, loans, printed, rate) -> set[int]:
    """Years in runs of smooth repayments that hold a year with printed gross."""
    # where gross is printed the repayment is known; elsewhere it is what no drawing would imply
    implied = (-loans).mask(loans.index.isin(printed.index), printed - net[recipient])
    yen = implied * rate.reindex(implied.index)
    band = ROUNDING * rate.reindex(implied.index)
    runs, run = [], []
    for year in implied.index:
        if run and not (
            year == run[-1] + 1 and is_smooth(yen[run[-1]], yen[year], band[run[-1]], band[year])
        ):
            runs.append(run)
            run = []
        run = [*run, year]
    runs.append(run)
    return {y for r in runs if len(r) > 1 and set(r) & set(printed.index) for y in r}


def implied_repayments(
    cells: pd.DataFrame, net: pd.DataFrame, grants: pd.DataFrame, rate: pd.Series
) -> pd.DataFrame:
    """What recipients of loans repaid wherever gross is known or inferred, and the levels in it.

    `cells` is a result of `gross_cells`, the others are its parameters. Returns the columns of
    `repayments`, label (known or inferred) and level.
    """
    loans = loans_net(net, grants)
    borrowers = loans.columns[loans.abs().max() > ROUNDING]
    some = cells[(cells.label != "unknown") & cells.recipient.isin(borrowers)]
    gross = some.pivot(index="year", columns="recipient", values="usd_million")
    rows = repayments(gross, net, rate)
    return add_levels(rows.merge(some[["recipient", "year", "label"]], on=["recipient", "year"]))


def level_runs(repaid: pd.DataFrame) -> pd.DataFrame:
    """The runs of `add_levels`, a row each: recipient, first, last, smallest, largest, band.

    The repayments and the largest band of their years in million units of national currency.
    """
    runs = repaid.dropna(subset="level").groupby(["recipient", "level"])
    return runs.agg(
        first=("year", "min"),
        last=("year", "max"),
        smallest=("lcu_million", "min"),
        largest=("lcu_million", "max"),
        band=("band", "max"),
    ).reset_index()


def with_evidence(
    cells: pd.DataFrame, table: pd.DataFrame, grants: pd.DataFrame, repaid: pd.DataFrame
) -> pd.DataFrame:
    """Say of each cell that the article's table prints what shows that it is gross.

    Parameters
    ----------
    cells : DataFrame
        Result of `gross_cells`.
    table, grants : DataFrame
        Wide frames, US$ million: the article's table and the grants.
    repaid : DataFrame
        Result of `implied_repayments`.

    Returns
    -------
    DataFrame
        `cells`, with rule and a column evidence for the table's cells: "equal to grants" to
        rounding, as gross is where no loan is drawn; else "level" where the implied repayment
        repeats a neighbour's; else "open". Elsewhere evidence is "".
    """

    def among(rows: pd.DataFrame) -> pd.Series:
        key = ["recipient", "year"]
        return cells.set_index(key).index.isin(rows.set_index(key).index)

    drawn = (table - grants.reindex_like(table)).round(2).abs()
    printed, equal = among(long(table)), among(long(drawn[drawn <= ROUNDING]))
    level = among(repaid.dropna(subset="level"))
    evidence = np.select([~printed, equal, level], ["", "equal to grants", "level"], "open")
    rule = cells.rule.mask(printed, "printed by the article, taken as gross")
    return cells.assign(rule=rule, evidence=evidence)


def labelled_years(cells: pd.DataFrame) -> pd.DataFrame:
    """The years in which gross is known, inferred and unknown, by recipient.

    `cells` is a result of `gross_cells`. Returns text such as "2012, 2016-2020" in columns
    recipient, known, inferred, unknown.
    """
    years = cells.groupby(["recipient", "label"]).year.agg(year_spans).unstack(fill_value="")
    return years.reindex(columns=["known", "inferred", "unknown"], fill_value="").reset_index()


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
