"""What the article's figures are set against: Japan's totals, and shares of them."""

import numpy as np
import pandas as pd

from oda_eras.flows import CELL, CENT, DAC2A_BASE, DAC2A_TOLERANCE, at_year, implied_factor
from oda_eras.measures import BEFORE_1998, ROUNDING, share_windows, window_shares
from oda_eras.naming import year_spans

BILATERAL, BILATERAL_DAC1, TOTAL = "bilateral, WDI", "bilateral, DAC1 1015", "total, WDI"
# Series that the article's table is held against, and how far a cell may lie from them: the table
# is rounded to a cent, as net flows and grants are too
CRS, DAC2A, NET, GRANTS = "gross, CRS", "gross, DAC2a", "net", "grants"
ALLOWED = {CRS: CENT / 2, DAC2A: DAC2A_TOLERANCE, NET: ROUNDING, GRANTS: ROUNDING}
# Windows beside those before 1998, and the ones of all that are printed.
LATER = [(1998, 1998), (1998, 2000), (2010, 2023), (2016, 2020)]
PRINTED = {(1992, 1997), (1993, 1996), (1994, 1996), (1997, 1997), *LATER}
# Measure, what it means, the tables that print it, and which of the article's figures are in it.
DEFINITIONS = [
    ("net", "gross less repayments and less offsets for debt relief", "DAC1, WDI", "1990s totals"),
    ("gross", "grants and loans drawn", "DAC1, CRS", "table of 2016-2020"),
    ("grants", "transfers without repayment, technical cooperation included", "DAC1, DAC2a", ""),
    (
        "loans_net",
        "net less grants: loans and equity drawn, less repayments and offsets for debt relief",
        "derived",
        "",
    ),
    ("commitments", "firm obligations, in the year they are entered into", "DAC1", ""),
    (
        "grant_equivalent",
        "grants and the grant element of loans; headline measure from 2018 data on",
        "DAC1",
        "",
    ),
    ("total ODA, net", "bilateral and multilateral", "WDI, DAC1", "denominator"),
    ("bilateral ODA, net, WDI", "the World Bank's World column", "WDI", "denominator"),
    ("bilateral ODA, net, DAC1", "item 1015", "DAC1", "denominator"),
]


def beside(
    panel: pd.DataFrame, flows: pd.DataFrame, world: pd.DataFrame, donor: str
) -> pd.DataFrame:
    """The article's table less what other tables say of its cells.

    Parameters
    ----------
    panel, flows, world : DataFrame
        data/panel.csv, data/flows.csv and data/world.csv.gz. DAC2a's gross flows are turned into
        current prices by what the donor's grants imply.
    donor : str
        ISO3; the table is Japan's, so that no other donor has rows.

    Returns
    -------
    DataFrame
        Columns series (CRS, DAC2A, NET or GRANTS), recipient, year, less: the article's cell less
        the series', current US$ million, rounded to 0.0001; missing where that has none.
    """
    own = panel[panel.donor == donor]
    cells = own[own.source == "article_oda_2016_2020"].set_index(CELL).usd_million
    net, grants = (own[own.measure == m].set_index(CELL).usd_million for m in (NET, GRANTS))
    crs = flows[(flows.measure == "gross") & (flows.source == "crs_gross_current")]
    crs = crs[crs.price_basis == "current"].set_index(CELL).value
    constant = (world.donor == donor) & (world.price_basis == f"constant {DAC2A_BASE}")
    dac2a = world[constant].set_index(CELL)
    dac2a = dac2a.gross * at_year(dac2a, implied_factor(grants, dac2a.grants))
    series = {CRS: crs, DAC2A: dac2a, NET: net, GRANTS: grants}
    less = {name: cells - other.reindex(cells.index) for name, other in series.items()}
    return pd.concat(less, names=["series"]).round(4).rename("less").reset_index()


def nearness(less: pd.DataFrame) -> pd.DataFrame:
    """How near the article's table comes to each series (`less` is a result of `beside`).

    Returns a frame indexed by series with columns first, last (years), cells (that both have),
    largest (distance, current US$ million), allowed and equal (cells within it).
    """
    rows = less.dropna(subset="less")
    rows = rows.assign(away=rows.less.abs(), allowed=rows.series.map(ALLOWED))
    rows["equal"] = rows.away <= rows.allowed
    by_series = rows.groupby("series", sort=False)
    return by_series.agg(
        first=("year", "min"),
        last=("year", "max"),
        cells=("away", "size"),
        largest=("away", "max"),
        allowed=("allowed", "first"),
        equal=("equal", "sum"),
    )


def with_evidence(cells: pd.DataFrame, less: pd.DataFrame) -> pd.DataFrame:
    """Say of each cell of the article's table which gross series it equals.

    `cells` is a result of `oda_eras.measures.gross_cells`, `less` one of `beside`. Returns `cells`
    with a column evidence: "equal to the CRS", else "equal to DAC2a", else "open"; "" for cells
    that are not the table's.
    """
    away = less.pivot(index=CELL, columns="series", values="less").abs()
    near = [away[name] <= ALLOWED[name] for name in (CRS, DAC2A) if name in away]
    found = np.select(near, ["equal to the CRS", "equal to DAC2a"], "open") if len(near) else ""
    evidence = pd.Series(found, away.index, name="evidence")
    return cells.join(evidence, on=CELL).fillna({"evidence": ""})


def denominators(totals: pd.DataFrame) -> dict[str, pd.Series]:
    """Japan's net ODA to all recipients by year, current US$ million, in three figures.

    `totals` is data/japan_totals.csv.
    """
    own = totals[(totals.measure == "net") & (totals.price_basis == "current")]
    by_source = own.set_index(["source", "item", "year"]).usd_million.sort_index()
    return {
        BILATERAL: by_source["wdi_japan_totals", "bilateral"],
        BILATERAL_DAC1: by_source["dac1_japan_totals", "bilateral"],
        TOTAL: by_source["wdi_japan_totals", "total"],
    }


def definitions(totals: pd.DataFrame) -> pd.DataFrame:
    """Measures of ODA and denominators of shares side by side, in the last year with all of them.

    `totals` is data/japan_totals.csv. Returns columns measure, definition, japan_usd_million,
    year, tables, in_the_article.
    """
    dac1 = totals[(totals.source == "dac1_japan_totals") & (totals["item"] == "bilateral")]
    year = int(dac1[dac1.measure == "grant_equivalent"].year.max())
    value = dac1[dac1.year == year].set_index("measure").usd_million
    of_all = denominators(totals)
    value["loans_net"] = value.net - value.grants
    value["total ODA, net"] = of_all[TOTAL][year]
    value["bilateral ODA, net, WDI"] = of_all[BILATERAL][year]
    value["bilateral ODA, net, DAC1"] = of_all[BILATERAL_DAC1][year]
    table = pd.DataFrame(DEFINITIONS, columns=["measure", "definition", "tables", "in_the_article"])
    table.insert(2, "japan_usd_million", table.measure.map(value).round(2))
    table.insert(3, "year", year)
    return table


def claimed_shares(
    flow: pd.Series, totals: dict[str, pd.Series], before_1998: float, in_1998: float
) -> pd.DataFrame:
    """A flow's shares of several totals beside what the article says of them.

    Parameters
    ----------
    flow, totals
        As in `oda_eras.measures.window_shares`.
    before_1998, in_1998 : float
        The article's shares, percent, with one decimal.

    Returns
    -------
    DataFrame
        The columns of `window_shares`, claimed_percent and holds: whether the pooled share rounds
        to it, empty where there is no claim or no share.
    """
    shares = window_shares(flow, totals, [*BEFORE_1998, *LATER])
    first, last = shares["first"], shares["last"]
    claimed = pd.Series(float("nan"), shares.index).mask(last < 1998, before_1998)
    claimed = claimed.mask((first == 1998) & (last == 1998), in_1998)
    both = claimed.notna() & shares.pooled_percent.notna()
    holds = (shares.pooled_percent.round(1) == claimed).where(both)
    return shares.assign(claimed_percent=claimed, holds=holds)


def printed_shares(shares: pd.DataFrame) -> pd.DataFrame:
    """The rows of `claimed_shares` that are printed: some windows, known shares."""
    window = pd.Series(list(zip(shares["first"], shares["last"], strict=True)), shares.index)
    return shares[window.isin(PRINTED)].dropna(subset="pooled_percent")


def windows_that_hold(
    flow: pd.Series, totals: dict[str, pd.Series], claimed: float
) -> pd.DataFrame:
    """How many windows of years before 1998 have a share that rounds to the claimed one.

    Takes flow and totals as `oda_eras.measures.window_shares` does, and a percentage with one
    decimal. Returns columns denominator, with_1997, windows, hold and which, the windows by name.
    """
    windows = share_windows(flow, totals).dropna()
    holds = windows.share_percent.round(1) == claimed
    name = [year_spans(range(a, b + 1)) for a, b in zip(windows.start, windows.end, strict=True)]
    windows = windows.assign(
        with_1997=~windows.without_1997, hold=holds, which=pd.Series(name, windows.index)[holds]
    )
    groups = windows.groupby(["denominator", "with_1997"], as_index=False)
    return groups.agg(
        windows=("hold", "size"),
        hold=("hold", "sum"),
        which=("which", lambda names: ", ".join(names.dropna())),
    )
