"""What was decided, drawn and repaid: one donor's flows to its recipients, and all donors' to all.

Rows have FLOW_COLUMNS. `value`, `low` and `high` are US$ million, or million units of the donor's
currency where `price_basis` is "yen". `status` says how far a cell can be trusted:

known         a source prints it, or it is the sum or difference of what sources print
converted     printed in constant prices and turned into current ones; low and high allow for that
inferred      follows from a rule that holds in every year that can be compared
bounded       only low and high are known; one of them may be missing
extrapolated  the year after the last one known, from what was repaid before
unknown       nothing is known; the rule says why

Missing is never zero: the CRS and DAC2a have no row, or an empty cell, where nothing was reported.
"""

from collections.abc import Iterable

import pandas as pd

from oda_eras.study import (
    FIRST_WHOLE,
    FIRST_YEAR,
    LACKING,
    LAST_YEAR,
    RECIPIENTS,
    Study,
    whole_in_crs,
)

FLOW_COLUMNS = [
    "donor", "recipient", "year", "measure", "price_basis", "value", "low", "high", "status",
    "source", "rule",
]  # fmt: skip
# from the surest on
STATUSES = ["known", "converted", "inferred", "extrapolated", "bounded", "unknown"]
# what sources print, in current prices or in constant ones
SURE = ["known", "converted"]
MEASURES = ["commitments", "gross", "grants", "gross_loans", "repayments", "loans_net", "net"]
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
CELL = ["recipient", "year"]
CRS_BASE, DAC2A_BASE = 2016, 2022
# How far a converted flow may be off. DAC2a: US$ million, measured on Japan's flows of 2012-19,
# which the CRS prints in current prices. CRS: a share, with a cent for rounding; 0.2% in 2012-17 by
# the same measure, 0.35% in 2003-08, when Tajikistan, which draws no loans, shows it.
DAC2A_TOLERANCE = 0.08
CRS_TOLERANCE, CENT = 0.004, 0.01
# Other donors' deflators were revised more: their CRS flows of 2012-17 lie up to this share off,
# donor by donor in the median.
CRS_TOLERANCE_OTHERS = 0.032
# Grants to the five that are rounded to a cent pin down a year's prices if within this share.
PINNED_DOWN = 0.005
DAC2A_MEASURES = [
    "net", "gross", "grants", "gross_loans", "loans_net", "technical_cooperation"
]  # fmt: skip


def rebased(deflators: pd.DataFrame, donor: str, base: int) -> pd.Series:
    """A donor's DAC deflator by year, 1 in the base year (`deflators` is dac_deflators)."""
    own = deflators[deflators.donor == donor].set_index("year").deflator_2021
    return own / own[base] if base in own else own.iloc[:0]


def implied_factor(current: pd.Series, constant: pd.Series) -> pd.Series:
    """What turns constant prices into current ones: a year's sum in both, cell by cell matched.

    Both series are indexed by recipient and year; the result by year. It rests on flows of one
    donor that are known in both bases, and so needs no deflator of the same vintage.
    """
    both = pd.DataFrame({"current": current, "constant": constant}).dropna()
    sums = both.groupby(level="year").sum()
    return sums.current / sums.constant


def factor_rounding(current: pd.Series, constant: pd.Series) -> pd.Series:
    """How far rounding to a cent can move `implied_factor`, as a share, by year."""
    both = pd.DataFrame({"current": current, "constant": constant}).dropna()
    sums = both.groupby(level="year").agg(["sum", "size"])
    return sum(CENT / 2 * sums[side]["size"] / sums[side]["sum"] for side in both)


def at_year(cells: pd.Series, by_year: pd.Series) -> pd.Series:
    """A series by year spread over the recipients and years of `cells`."""
    years = cells.index.get_level_values("year")
    return pd.Series(by_year.reindex(years).to_numpy(), index=cells.index)


def crs_cells(tables: dict[str, pd.DataFrame], donor: str, measure: str) -> pd.Series:
    """A donor's CRS commitments or gross flows by recipient and year, constant 2016 US$ million."""
    crs = tables["crs_world"]
    own = crs[crs.donor == donor].astype({"recipient": str})
    return own.set_index(CELL)[f"{measure}_constant_2016_usd_million"].dropna()


def dac2a_cells(tables: dict[str, pd.DataFrame], donor: str, measure: str) -> pd.Series:
    """A donor's DAC2a flows by recipient and year, constant 2022 US$ million."""
    dac2a = tables["dac2a_world"]
    own = dac2a[dac2a.donor == donor].astype({"recipient": str})
    return own.set_index(CELL)[f"{measure}_constant_2022_usd_million"].dropna()


def printed_cells(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, donor: str, measure: str
) -> pd.Series:
    """A donor's net flows or grants to the five by recipient and year, current US$ million."""
    if measure == "net":
        own = tables["wdi_net_oda_by_donor"]
        return own[own.donor == donor].set_index(CELL).net_usd_million
    own, name = tables["dac2a_grants_by_donor"], donors.set_index("donor").name.get(donor)
    return own[own.donor_name == name].set_index(CELL).grants_usd_million


def crs_current(tables: dict[str, pd.DataFrame], donor: str, measure: str) -> pd.Series:
    """CRS flows to all recipients turned into current US$ million with the DAC deflator."""
    cells = crs_cells(tables, donor, measure)
    return (cells * at_year(cells, rebased(tables["dac_deflators"], donor, CRS_BASE))).dropna()


def dac2a_current(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, donor: str, measure: str
) -> pd.Series:
    """DAC2a flows turned into current US$ million by what the donor's grants to the five imply."""
    factor = implied_factor(
        printed_cells(tables, donors, donor, "grants"), dac2a_cells(tables, donor, "grants")
    )
    cells = dac2a_cells(tables, donor, measure)
    return (cells * at_year(cells, factor)).dropna()


def dac2a_prices(tables: dict[str, pd.DataFrame], donors: pd.DataFrame, donor: str) -> pd.DataFrame:
    """What turns a donor's DAC2a flows to any recipient into current ones, by year.

    Columns factor, off (how far it may be off, as a share) and rule: what the grants to the five
    imply where they are large enough to tell, else the DAC deflator.
    """
    current = printed_cells(tables, donors, donor, "grants")
    constant = dac2a_cells(tables, donor, "grants")
    deflator = rebased(tables["dac_deflators"], donor, DAC2A_BASE)
    prices = pd.DataFrame({"factor": deflator, "off": CRS_TOLERANCE_OTHERS})
    prices["rule"] = "constant 2022 prices, by the DAC deflator"
    off = factor_rounding(current, constant)
    told = off.index[off < PINNED_DOWN].intersection(prices.index)
    prices.loc[told, "factor"] = implied_factor(current, constant).reindex(told)
    prices.loc[told, "off"] = off.reindex(told)
    prices.loc[told, "rule"] = "constant 2022 prices, by what the grants to the five imply"
    return prices


def crs_tolerance(donor: str) -> float:
    """How far a donor's CRS flows may be off once turned into current prices, as a share."""
    return CRS_TOLERANCE if donor == "JPN" else CRS_TOLERANCE_OTHERS


def exchange_rate(tables: dict[str, pd.DataFrame], donor: str) -> pd.Series:
    """National currency per US$ by year: the DAC's rate, Japan's carried on by the World Bank's."""
    dac, context = tables["dac_deflators"], tables["wdi_context"]
    own = dac[dac.donor == donor].set_index("year").lcu_per_usd
    rates = context[(context.indicator == "PA.NUS.FCRF") & (context.area == donor)]
    return own.combine_first(rates.set_index("year").value)


def donor_flows(tables: dict[str, pd.DataFrame], donors: pd.DataFrame, donor: str) -> pd.DataFrame:
    """One donor's flows to the five in current US$, a row for every recipient, year and measure.

    Parameters
    ----------
    tables : dict of DataFrame
        The checked raw tables by id.
    donors : DataFrame
        data/donors.csv.
    donor : str
        ISO3.

    Returns
    -------
    DataFrame
        FLOW_COLUMNS; measures net, gross, grants, gross_loans, loans_net, repayments and
        commitments, in YEARS. Every row has a value, a bound, or status unknown and a rule that
        says why.
    """
    net = _known(printed_cells(tables, donors, donor, "net"), "wdi_net_oda_by_donor")
    grants = _known(printed_cells(tables, donors, donor, "grants"), "dac2a_grants_by_donor")
    gross = _gross(tables, donors, donor, net, grants)
    parts = {"net": net, "gross": gross} | _parts(net, gross, grants)
    parts["commitments"] = _commitments(tables, donor)
    rows = pd.concat(parts, names=["measure"]).reset_index()
    return rows.assign(donor=donor, price_basis="current")[FLOW_COLUMNS]


def in_basis(flows: pd.DataFrame, factor: pd.Series, price_basis: str) -> pd.DataFrame:
    """Flows in current US$ in another price basis: times a factor by year, or left out without it.

    In yen the factor is the exchange rate; in constant prices one over the deflator, 1 in the base
    year.
    """
    by = flows.year.map(factor)
    turned = flows.assign(price_basis=price_basis)
    turned[["value", "low", "high"]] = flows[["value", "low", "high"]].mul(by, axis=0)
    return turned[by.notna()].reset_index(drop=True)


AGREEMENT_COLUMNS = [
    "recipient", "project", "signed_from", "signed_to", "amount_yen_million", "sector", "terms",
    "basis", "source",
]  # fmt: skip


def agreements(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Japan's ODA loan agreements with the five, in the order of their signing.

    Returns AGREEMENT_COLUMNS. Kyrgyz loans before 2000 are in no list of agreements at hand: the
    CRS commitments of their years stand for them (basis "CRS commitments"), in yen and rounded to
    a million; these hold grants too, so that they are upper bounds. Years in which they are smaller
    than the smallest agreement of the list are taken to hold no loan.
    """
    loans = tables["yen_loans"].rename(columns={"url": "source"})
    current = crs_current(tables, "JPN", "commitments")
    yen = (current * at_year(current, exchange_rate(tables, "JPN"))).round()
    kyrgyz = yen.loc["KGZ"].loc[:1999]
    kyrgyz = kyrgyz[kyrgyz >= loans.amount_yen_million.min()]
    committed = pd.DataFrame(
        {
            "recipient": "KGZ",
            "project": [f"Commitments of {year}, loans and grants" for year in kyrgyz.index],
            "signed_from": [f"{year}-01-01" for year in kyrgyz.index],
            "signed_to": [f"{year}-12-31" for year in kyrgyz.index],
            "amount_yen_million": kyrgyz.to_numpy(),
            "sector": "not known",
            "basis": "CRS commitments",
            "source": "crs_world; dac_deflators",
        }
    )
    rows = pd.concat([loans, committed])[AGREEMENT_COLUMNS]
    return rows.sort_values(["signed_to", "signed_from", "recipient", "project"], ignore_index=True)


def world_flows(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, donor: str, recipients: Iterable[str]
) -> pd.DataFrame:
    """`donor_flows` to any recipients, from the tables that have all: DAC2a and the CRS."""
    recipients = list(recipients)
    parts, prices = {}, dac2a_prices(tables, donors, donor)
    for measure in ("net", "gross", "grants"):
        frame = _blank("zero, not reported, or before the table begins", recipients)
        if measure == "net":
            frame["rule"] = "not above zero, not reported, or before the table begins"
        cells = dac2a_cells(tables, donor, measure)
        at = {column: at_year(cells, prices[column]) for column in prices}
        turned = cells * at["factor"]
        slack = (turned * at["off"]).clip(lower=DAC2A_TOLERANCE)
        for rule in prices.rule.unique():
            some = turned[at["rule"] == rule]
            _put(frame, some, "converted", "dac2a_world", rule, some - slack, some + slack)
        parts[measure] = frame
    _put_crs_gross(parts["gross"], tables, donor, parts["net"], parts["grants"])
    parts |= _parts(parts["net"], parts["gross"], parts["grants"], "dac2a_world")
    parts["commitments"] = _commitments(tables, donor, recipients)
    rows = pd.concat(parts, names=["measure"]).reset_index()
    return rows.assign(donor=donor, price_basis="current")[FLOW_COLUMNS]


def _blank(rule: str, recipients: Iterable[str] = RECIPIENTS) -> pd.DataFrame:
    """A frame by recipient and year in which nothing is known, for the reason given."""
    index = pd.MultiIndex.from_product([recipients, YEARS], names=CELL)
    frame = pd.DataFrame(index=index, columns=["value", "low", "high"], dtype=float)
    return frame.assign(status="unknown", source="", rule=rule)


def _put(frame, value, status, source, rule, low=None, high=None) -> None:
    """Fill cells that are still unknown with those of `value` (by recipient and year)."""
    given = value if value is not None else (low if low is not None else high)
    at = frame.index[frame.status == "unknown"].intersection(given.dropna().index)
    for column, cells in (("value", value), ("low", low), ("high", high)):
        if cells is not None:
            frame.loc[at, column] = cells.reindex(at)
        elif value is not None:
            frame.loc[at, column] = value.reindex(at)
    frame.loc[at, ["status", "source", "rule"]] = status, source, rule


def _known(cells: pd.Series, source: str) -> pd.DataFrame:
    frame = _blank("not reported in these tables")
    _put(frame, cells, "known", source, "printed by the source")
    return frame


def _gross(tables, donors, donor, net, grants) -> pd.DataFrame:
    """Gross flows, the surest source first; what no source prints is bounded by repayments."""
    frame = _blank("no source prints it, and nothing here bounds it")
    dac2a, wdi = "dac2a_world", "wdi_net_oda_by_donor"
    if donor == "JPN":
        own = tables["crs_gross_current"]
        own = own[own.donor == donor].set_index(CELL).gross_usd_million
        _put(frame, own, "known", "crs_gross_current", "printed by the source")
        article = tables["article_oda_2016_2020"].set_index(CELL).gross_usd_million
        _put(frame, article, "known", "article_oda_2016_2020", "printed by the article")
    only = _grants_only(net.value, grants.value)
    _put(frame, grants.value[only], "known", "dac2a_grants_by_donor", "no loans: gross is grants")
    turned = dac2a_current(tables, donors, donor, "gross")
    slack = 0 * turned + DAC2A_TOLERANCE
    if donor != "JPN":
        off = factor_rounding(grants.value.dropna(), dac2a_cells(tables, donor, "grants"))
        slack = slack.clip(lower=turned * at_year(turned, off))
    _put(
        frame, turned, "converted", dac2a, "constant 2022 prices, by what the grants imply",
        turned - slack, turned + slack,
    )  # fmt: skip
    _put_crs_gross(frame, tables, donor, net, grants)
    _put(frame, net.value[only], "inferred", wdi, "no loan in any year that can be compared")
    if donor == "JPN":
        _bound_by_repayments(frame, net, grants, exchange_rate(tables, donor))
    return frame


def _put_crs_gross(frame, tables, donor, net, grants) -> None:
    turned = crs_current(tables, donor, "gross")
    years = turned.index.get_level_values("year")
    turned = turned[[whole_in_crs(donor, "gross", year) for year in years]]
    slack = turned * crs_tolerance(donor) + CENT
    # a gross flow below the net flow or the grants in it lacks something
    least = pd.concat([net.value, grants.value], axis=1).max(axis=1).reindex(turned.index)
    turned = turned[~(turned + slack < least)]
    _put(
        frame, turned, "converted", "crs_world", "constant 2016 prices, by the DAC deflator",
        turned - slack, turned + slack,
    )  # fmt: skip


def _grants_only(net: pd.Series, grants: pd.Series) -> pd.Series:
    """Where a recipient's net flow equals its grants in every year that can be compared."""
    loans = (net - grants).abs()
    most = loans.groupby(level="recipient").transform("max")
    return most <= CENT


def _bound_by_repayments(frame, net, grants, rate) -> None:
    """Bound gross flows where no source prints them: net plus what can have been repaid.

    In national currency: before the first year known, from nothing to what was repaid in that
    year, since instalments begin when a loan's grace is over and only add up from then on;
    between two known years, what was repaid in these; after the last one, what was repaid in it,
    give or take the largest rise and fall from one year to the next that the recipient has had.
    """
    yen = at_year(net.value, rate)
    source = "wdi_net_oda_by_donor; dac_deflators"
    for recipient, cells in frame.groupby(level="recipient"):
        known = cells[cells.value.notna()]
        years = known.index.get_level_values("year")
        repaid = {
            side: ((known[side] - net.value) * yen).dropna().loc[recipient]
            for side in ("low", "value", "high")
        }
        first, last = years.min(), years.max()
        steps = repaid["value"].diff().loc[last - 10 :]
        for cell in cells.index[cells.status == "unknown"]:
            year = cell[1]
            if year < first:
                low, middle, high = 0.0, None, max(repaid["high"][first], 0)
                rule = f"net, and at most what was repaid in {first}"
            elif year > last:
                middle = repaid["value"][last]
                low, high = max(middle + steps.min(), 0), middle + steps.max()
                rule = f"net, and what was repaid in {last}"
            else:
                ends = [max(years[years < year]), min(years[years > year])]
                low = max(repaid["low"].reindex(ends).min(), 0)
                middle, high = None, repaid["high"].reindex(ends).max()
                rule = f"net, and between what was repaid in {ends[0]} and {ends[1]}"
            flow, one = net.value[cell], yen[cell]
            least = pd.Series([flow + low / one, grants.value[cell], 0]).max()
            most = max(flow + high / one, least)
            value = float("nan") if middle is None else flow + middle / one
            status = "bounded" if middle is None else "extrapolated"
            frame.loc[cell] = [value, least, most, status, source, rule]


def _parts(net, gross, grants, source="wdi_net_oda_by_donor") -> dict[str, pd.DataFrame]:
    """Grants, loans and repayments from net and gross flows, bounds carried through."""
    grants = grants.copy()
    only = gross.status == "inferred"
    _put(grants, gross.value[only], "inferred", "wdi_net_oda_by_donor", "no loans: grants are net")
    rest = gross.high[gross.high.notna()]
    _put(
        grants, None, "bounded", source, "no more than the gross flow",
        0 * rest, rest,
    )  # fmt: skip
    return {
        "grants": grants,
        "gross_loans": _difference(gross, grants, "gross less grants", floor=0),
        "loans_net": _difference(net, grants, "net less grants"),
        "repayments": _difference(gross, net, "gross less net"),
    }


def _difference(whole: pd.DataFrame, part: pd.DataFrame, rule: str, floor=None) -> pd.DataFrame:
    """One flow less another, as trustworthy as the weaker of the two."""
    frame = pd.DataFrame(
        {
            "value": whole.value - part.value,
            "low": whole.low - part.high,
            "high": whole.high - part.low,
        }
    )
    # one factor has turned both where a table prints both: it scales the difference and makes none
    alike = (whole.status == "converted") & (whole.rule == part.rule)
    slack = frame.value.abs() * (whole.high - whole.value) / whole.value
    slack = slack.clip(lower=2 * CENT)
    frame["low"] = frame.low.mask(alike, frame.value - slack)
    frame["high"] = frame.high.mask(alike, frame.value + slack)
    rank = pd.concat([whole.status, part.status], axis=1).map(STATUSES.index).max(axis=1)
    frame["status"] = rank.map(dict(enumerate(STATUSES)))
    # what is known may fall below the floor by rounding; a bound need not
    frame["low"] = frame.low.mask(frame.status == "bounded", frame.low.clip(lower=floor))
    both = zip(whole.source.str.split("; "), part.source.str.split("; "), strict=True)
    frame["source"] = ["; ".join(sorted({*a, *b} - {""})) for a, b in both]
    frame["rule"] = rule
    return frame


def _commitments(tables, donor, recipients=RECIPIENTS) -> pd.DataFrame:
    """Commitments turned into current prices; Japan's before 2003 lack technical cooperation."""
    turned = crs_current(tables, donor, "commitments")
    slack = turned * crs_tolerance(donor) + CENT
    last = tables["crs_world"].year.max()
    frame = _blank(f"no commitment in the CRS, which ends in {last} here", recipients)
    years = turned.index.get_level_values("year")
    part = turned[[not whole_in_crs(donor, "commitments", year) for year in years]]
    _put(
        frame, None, "bounded", "crs_world",
        "at least: the CRS lacks Japan's technical cooperation up to 2002", part - slack, None,
    )  # fmt: skip
    _put(
        frame, turned, "converted", "crs_world", "constant 2016 prices, by the DAC deflator",
        turned - slack, turned + slack,
    )  # fmt: skip
    return frame


def in_all_bases(
    tables: dict[str, pd.DataFrame], donors: pd.DataFrame, study: Study
) -> pd.DataFrame:
    """A run's flows in current US$, in constant US$ and in the donor's currency ("yen").

    Constant prices take the DAC deflator, rebased to `CRS_BASE`; years without it or without an
    exchange rate are left out of that basis. Returns FLOW_COLUMNS, values rounded to 0.0001.
    """
    if study.from_world:
        flows = world_flows(tables, donors, study.donor, study.recipients)
    else:
        flows = donor_flows(tables, donors, study.donor)
    deflator = rebased(tables["dac_deflators"], study.donor, CRS_BASE)
    bases = [
        flows,
        in_basis(flows, 1 / deflator, "constant"),
        in_basis(flows, exchange_rate(tables, study.donor), "yen"),
    ]
    rows = pd.concat(bases, ignore_index=True)
    numbers = ["value", "low", "high"]
    rows[numbers] = rows[numbers].round(4)
    of_run = rows.recipient.isin(study.recipients)
    years = rows.year.between(study.first_year, study.last_year)
    return rows[of_run & years].reset_index(drop=True)


def world(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All donors' flows to all recipients as they are published, a column for each measure.

    Returns donor, recipient, year, price_basis, commitments, gross, grants, gross_loans, net (US$
    million) and status: "bounded" in the years in which the CRS lacks a part of Japan's flows, so
    that the row is a floor; else "known". An empty cell is not reported, or, for net flows beside
    gross ones, zero or negative.
    """
    parts = []
    for table, base in (("crs_world", CRS_BASE), ("dac2a_world", DAC2A_BASE)):
        ending = f"_constant_{base}_usd_million"
        frame = tables[table].rename(columns=lambda name, end=ending: name.removesuffix(end))
        parts.append(frame.assign(price_basis=f"constant {base}"))
    rows = pd.concat(parts, ignore_index=True)
    lacking = (rows.year < FIRST_WHOLE) | rows.year.isin(LACKING["JPN"])
    short = (rows.donor == "JPN") & lacking & (rows.price_basis == f"constant {CRS_BASE}")
    rows["status"] = short.map({True: "bounded", False: "known"})
    measures = ["commitments", "gross", "grants", "gross_loans", "net"]
    return rows[["donor", "recipient", "year", "price_basis", *measures, "status"]]


def by_status(flows: pd.DataFrame) -> pd.DataFrame:
    """How many cells of each measure have which status, current prices (measure, a column each)."""
    current = flows[flows.price_basis == "current"]
    counts = pd.crosstab(current.measure, current.status)
    return counts.reindex(index=MEASURES, columns=STATUSES, fill_value=0).reset_index()
