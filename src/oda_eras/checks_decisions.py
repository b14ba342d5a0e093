"""Checks of the article's claims on what was decided: agreements, commitments, sectors, terms.

Flows draw on old decisions and repay older ones; where an era is about decisions, these come first.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from oda_eras.breaks import holm
from oda_eras.checks_flows import flow_table, total_net
from oda_eras.eras import contrast, era_weights
from oda_eras.findings import (
    CHANGE,
    DONOR,
    SIGN,
    TESTED,
    Finding,
    check,
    holds,
    verdict_of,
)
from oda_eras.naming import listed
from oda_eras.signing_tests import multinomial_p
from oda_eras.study import LEVEL, LISTED, RECIPIENTS
from oda_eras.words import equation

# The sectors and instruments of sectors_2012 in words.
SECTOR_NAMES = {
    "Agri & food": "agriculture and food",
    "Bank & business": "banking and business",
    "Education": "education",
    "Environment": "environment",
    "Gov & sec": "government and security",
    "Health": "health",
    "Humanitarian": "humanitarian aid",
    "Ind & trade": "industry and trade",
    "Infrastructure": "infrastructure",
    "Other": "other",
    "Other social serv": "other social services",
    "WASH": "water and sanitation",
}
INSTRUMENT_NAMES = {"cash loan/equity": "loan"}

# Sectors of sectors_2012 that serve production, trade or transport, and those of agreements.
ECONOMIC = ["Infrastructure", "Agri & food", "Ind & trade", "Bank & business"]
WORKS = ["transport", "communications", "energy", "energy and other", "water"]
# The last year that both commitments and China's official finance cover.
LAST_COMMITTED = 2017


def loans(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The loan agreements that were announced, the days between which they were signed as dates.

    Kyrgyzstan's before 2000, which are commitments of grants and loans together, are left out.
    """
    rows = tables["agreements"].query("basis != 'CRS commitments'")
    days = {c: pd.to_datetime(rows[c]) for c in ("signed_from", "signed_to")}
    return rows.assign(**days)


def era_days(tables: dict[str, pd.DataFrame], era: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first day of a filled era and the day after its last."""
    row = tables["eras"].query("scheme == 'filled' and era == @era").iloc[0]
    return pd.Timestamp(row.opens), pd.Timestamp(row.closes)


def signed_between(rows: pd.DataFrame, opens: pd.Timestamp, closes: pd.Timestamp) -> tuple:
    """Agreements that must, and that may, have been signed from `opens` to the day before
    `closes`, as two frames."""
    surely = rows[(rows.signed_from >= opens) & (rows.signed_to < closes)]
    perhaps = rows[(rows.signed_to >= opens) & (rows.signed_from < closes)]
    return surely, perhaps


def commitments(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The donor's ODA commitments by year and recipient, constant 2016 US$ million, as printed:
    without technical cooperation up to 2002."""
    return flow_table(tables, "commitments", "constant").pivot(
        index="year", columns="recipient", values="low"
    )


def _sectors(tables, sectors: list[str], works: list[str], has: Callable) -> Finding:
    """Some sectors' part of gross ODA in the one year that is known by sector, and of loans agreed.

    `has` says of gross ODA by sector whether the claim holds on it; loans hold where the sectors
    have more than half of what was agreed.
    """
    rows = tables["sectors_2012"]
    largest = rows.loc[rows.gross_usd_million.idxmax()]
    country = RECIPIENTS[largest.recipient]
    parts = {
        "the five together": rows,
        f"without {country}": rows[rows.recipient != largest.recipient],
        "without loans": rows[~rows.instrument.str.contains("loan")],
    } | {f"{RECIPIENTS[code]} alone": part for code, part in rows.groupby("recipient")}
    sums = {name: p.groupby("sector").gross_usd_million.sum() for name, p in parts.items()}
    share = {name: 100 * s[s.index.isin(sectors)].sum() / s.sum() for name, s in sums.items()}
    held = {name: bool(has(s)) for name, s in sums.items()}
    agreed = loans(tables).groupby("sector").amount_yen_million.sum()
    lent = 100 * agreed[agreed.index.isin(works)].sum() / agreed.sum()
    part = largest.gross_usd_million / rows.gross_usd_million.sum()
    named = listed([SECTOR_NAMES[sector] for sector in sectors])
    form = INSTRUMENT_NAMES.get(largest.instrument, largest.instrument)
    years = loans(tables).signed_from.dt.year
    return Finding(
        verdict_of(
            [held["the five together"] and lent > 50], [*held.values(), lent > 50], "plausible"
        ),
        share["the five together"],
        f"part of gross ODA to the five in one year (2012) that went to {named}; the "
        f"largest flow ({country}, {SECTOR_NAMES[largest.sector]}, {form}) is {part:.0%} of all; "
        f"of the yen agreed in loans of {years.min()}-{years.max()} {lent:.0f}% went to "
        f"{listed(sorted(set(works) & set(agreed.index)))}",
        f"loan agreements {lent:.0f}%: {holds(lent > 50)}; "
        + "; ".join(f"{name} {share[name]:.0f}%: {holds(yes)}" for name, yes in held.items()),
        "sectors_2012, agreements",
        unit="percent",
    )


@check(*SIGN)
def aid_infrastructure(tables, claimed):
    """Plausible where infrastructure is the largest sector of gross ODA to the five together in the
    one year that is known by sector and has more than half of the yen agreed in loans; imprecise
    where one of the two holds, or the first without the country of the largest flow, without loans
    or in one recipient only; else contradicted. The age of what is modernised is in no table."""
    return _sectors(
        tables, ["Infrastructure"], WORKS, lambda sums: sums.idxmax() == "Infrastructure"
    )


@check(*SIGN)
def economic_projects(tables, claimed):
    """Plausible where economic sectors hold more than half of gross ODA to the five together in the
    one year that is known by sector, and of the yen agreed in loans; imprecise where one of the two
    holds, or the first without the country of the largest flow, without loans or in one recipient
    only; else contradicted. Whether projects were gradual or prominent is in no table."""
    return _sectors(
        tables,
        ECONOMIC,
        [*WORKS, "agriculture"],
        lambda sums: sums[sums.index.isin(ECONOMIC)].sum() > sums.sum() / 2,
    )


@check(*SIGN)
def rise_after_speech(tables, claimed):
    """Three signs that aid rose after the speech of July 1997: net flows, where less than half of
    their rise from 1993 to 1998 came by the end of 1996; commitments, where their yearly mean of
    1998-2000 is above that of 1993-96 by more than a fifth; loans signed from the speech to
    September 2001, where the yen that must lie there exceed, by the year, all that may lie between
    the listing and the speech by more than a fifth. Plausible where all three hold, imprecise where
    one or two do, contradicted where none does."""
    flow = total_net(tables)
    rise = flow[1998] - flow[1993]
    by_1996, by_1997 = ((flow[y] - flow[1993]) / rise for y in (1996, 1997))
    pledged = commitments(tables).sum(axis=1)
    old, new = pledged.loc[LISTED:1996].mean(), pledged.loc[1998:2000].mean()
    eras = {era: era_days(tables, era) for era in ("E0", "E1")}
    rows = tables["agreements"]
    dated = rows.assign(**{c: pd.to_datetime(rows[c]) for c in ("signed_from", "signed_to")})
    yearly = {
        era: [
            part.amount_yen_million.sum() / (days[1] - days[0]).days * 365.25 / 1000
            for part in signed_between(dated, *days)
        ]
        for era, days in eras.items()
    }
    held = {
        f"net flows, {by_1996:.0%} of the rise by the end of 1996 and {by_1997:.0%} by 1997": bool(
            rise > 0 and by_1996 < 0.5
        ),
        f"commitments a year, {old:.0f} to {new:.0f} constant 2016 US$ million": bool(
            new > (1 + CHANGE) * old
        ),
        f"loans and Kyrgyz commitments signed a year, {yearly['E0'][0]:.1f} to "
        f"{yearly['E0'][1]:.1f} billion yen before, {yearly['E1'][0]:.1f} to "
        f"{yearly['E1'][1]:.1f} after": bool(yearly["E1"][0] > (1 + CHANGE) * yearly["E0"][1]),
    }
    return Finding(
        verdict_of([all(held.values())], held.values(), "plausible"),
        100 * by_1996,
        "part of the rise of net flows from 1993 to 1998 that came by the end of 1996, before the "
        "speech",
        "; ".join(f"{sign}: {holds(yes)}" for sign, yes in held.items()),
        "panel, flows, agreements, eras",
        unit="percent",
        facts={"old": old, "new": new},
    )


def _step(tables, before: str, after: str) -> dict:
    flow = total_net(tables)
    filled = tables["eras"].query("scheme == 'filled'")
    weights = era_weights(filled, list(flow.index))
    mean = (flow * weights[before]).sum() / weights[before].sum()
    return contrast(flow, weights[before], weights[after]) | {"mean_before": mean}


def _occasions(rows: pd.DataFrame) -> int:
    """Loans signed on one day, or not told apart by their days, are one occasion."""
    return len(rows[["signed_from", "signed_to"]].drop_duplicates())


def _interest(rows: pd.DataFrame) -> str:
    """The interest printed for the first part of each loan, in words."""
    rates = rows.terms.str.extract(r"^([\d.]+)%")[0].dropna()
    return f"{listed([f'{float(rate):g}%' for rate in rates])} (n = {len(rates)})"


@check(*TESTED)
def change_after_2001(tables, claimed):
    """Two signs of the eras before and after 11 September 2001: mean net flow, by a permutation
    test, and occasions on which loans were signed, by an exact binomial test on days of exposure,
    the larger p of those that day of signing allows. Plausible where one tells the eras apart after
    Holm's correction; contradicted where none does and the 95% interval of the difference of net
    flows lies within a fifth of the earlier mean, so that a change can be ruled out; else
    unverified. Terms are told beside them, too few for a test."""
    step = _step(tables, "E1", "E2")
    rows, days = loans(tables), [era_days(tables, era) for era in ("E1", "E2")]
    length = np.array([(closes - opens).days for opens, closes in days])
    (sure_before, may_before), (sure_after, may_after) = (signed_between(rows, *d) for d in days)
    pairs = [(may_before, sure_after), (sure_before, may_after)]
    counts = [tuple(map(_occasions, pair)) for pair in pairs]
    p_signed = max(multinomial_p([pair], length)[0] for pair in counts)
    adjusted = holm([step["p"], p_signed]).p_holm
    margin = CHANGE * abs(step["mean_before"])
    same = -margin <= step["low"] and step["high"] <= margin
    told = bool((adjusted <= LEVEL).any())
    return Finding(
        "plausible" if told else "contradicted" if same else "unverified",
        step["difference"],
        f"difference of mean net flow; {equation(step['p'])} against {LEVEL:g}, "
        f"interval {step['low']:.0f} to {step['high']:.0f} against {margin:.0f} either way",
        f"occasions on which loans were signed, {counts[0][0]} before and {counts[0][1]} after or "
        f"{counts[1][0]} and {counts[1][1]}: {equation(p_signed)}; interest of loans signed before "
        f"{_interest(sure_before)}, after {_interest(sure_after)}; visits are not in the data",
        "panel, agreements, eras",
        unit="US$ million",
    )


@check(*TESTED)
def arc_not_implemented(tables, claimed):
    """Decisions of Koizumi's era and of the one after it, since flows draw on older ones: plausible
    where neither the yen of loans signed nor commitments rise by the year, contradicted where
    both rise by more than a fifth, else unverified."""
    rows = loans(tables)
    signed = []
    for era in ("E2", "E2b"):
        opens, closes = era_days(tables, era)
        part = signed_between(rows, opens, closes)[era == "E2b"]  # in doubt, for a rise
        signed.append(part.amount_yen_million.sum() / (closes - opens).days * 365.25 / 1000)
    pledged = commitments(tables).sum(axis=1).loc[:LAST_COMMITTED]
    weights = era_weights(tables["eras"].query("scheme == 'filled'"), list(pledged.index))
    means = [(pledged * weights[era]).sum() / weights[era].sum() for era in ("E2", "E2b")]
    rises = [new > old for old, new in (signed, means)]
    much = [new > (1 + CHANGE) * old for old, new in (signed, means)]
    net = _step(tables, "E2", "E2b")
    return Finding(
        "contradicted" if all(much) else "unverified" if any(rises) else "plausible",
        means[1] - means[0],
        "difference of mean commitments a year, constant 2016 US$ million",
        f"loans signed a year, {signed[0]:.1f} to {signed[1]:.1f} billion yen: "
        f"{holds(not rises[0])}; commitments, {means[0]:.0f} to {means[1]:.0f} million: "
        f"{holds(not rises[1])}; net flow changes by {net['difference']:+.0f} million, "
        f"{equation(net['p'])}, drawn from older decisions",
        "flows, agreements, panel, eras",
        unit="constant 2016 US$ million",
    )


@check(*SIGN)
def alternative_to_neighbours(tables, claimed):
    """An alternative need not be as large, but half as large. Plausible where Japan's aid is at
    least half of Russia's grants and its commitments at least half of all China's official finance;
    imprecise where one of the two holds, or Japan's commitments are half of China's aid-like
    finance; else contradicted. Commitments are in prices of 2016, China's of 2021, which moves
    them by less than a half; grants are what each reports."""
    years = range(2000, LAST_COMMITTED + 1)
    japan = commitments(tables).reindex(years).sum().sum()
    china = tables["china_commitments"].query("year in @years")
    by_class = china.groupby("flow_class").constant_2021_usd_million.sum()
    grants = tables["panel"].query("measure == 'grants'").groupby("donor").usd_million.sum()
    each = {
        "Russia's grants": (grants[DONOR], grants["RUS"]),
        "all of China's official finance": (japan, by_class.sum()),
        "China's aid-like finance": (japan, by_class["ODA"]),
    }
    held = {name: own >= other / 2 for name, (own, other) in each.items()}
    return Finding(
        verdict_of(
            [held["Russia's grants"] and held["all of China's official finance"]],
            held.values(),
            "plausible",
        ),
        100 * japan / by_class.sum(),
        f"Japan's commitments over all of China's official finance, {years[0]}-{years[-1]}",
        "; ".join(
            f"{name}, {own:,.0f} against {other:,.0f} million: {holds(held[name])}"
            for name, (own, other) in each.items()
        )
        + "; Russia's loans are not in the data",
        "flows, china_commitments, panel",
        unit="percent",
        facts={"aid": japan / by_class["ODA"], "russia": grants[DONOR] / grants["RUS"]},
    )
