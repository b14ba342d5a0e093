"""Verdicts on an article's claims, computed from the project's tables.

Every check is a function of the tables and of the claimed value; it tests the claim on each
reading that its words allow and returns a `Finding` for the fairest of them. A claim without a
check takes its verdict from a named document, or has none.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda_eras.eras import contrast, era_weights
from oda_eras.measures import wide

VERDICTS = [
    "supported",
    "plausible",
    "imprecise",
    "inconsistent",
    "contradicted",
    "unverified",
    "not checkable",
]
DONOR = "JPN"
# The first and the last access date that the article prints for a web page.
FIRST_ACCESS, LATEST_ACCESS = pd.Timestamp("2025-02-01"), pd.Timestamp("2025-05-20")
# Five flows printed to 0.01 and a claimed sum printed to 0.01.
SUM_TOLERANCE = 0.03


@dataclass(frozen=True)
class Finding:
    """What a check finds: verdict, computed value, arithmetic in words, readings, source table.

    `like` says whether the computed value measures the same as the claimed one, so that their
    difference means something.
    """

    verdict: str
    computed: float
    arithmetic: str
    readings: str = ""
    table: str = "data/panel.csv"
    like: bool = False


def five_net(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Net ODA of the donor by year and recipient, US$ million."""
    return wide(tables["panel"], DONOR, "net")


def oda_total(year: int) -> Callable:
    """The five recipients' net ODA of one year; supported within rounding, imprecise within 5%."""

    def check(tables, claimed):
        computed = five_net(tables).loc[year].sum(skipna=False)
        away = abs(computed - claimed)
        verdict = "supported" if away <= SUM_TOLERANCE else "contradicted"
        if SUM_TOLERANCE < away <= 0.05 * claimed:
            verdict = "imprecise"
        return Finding(
            verdict, computed, f"sum of five net flows in {year}", "net disbursements", like=True
        )

    return check


def _denominators(tables) -> dict[str, pd.Series]:
    rows = tables["japan_totals"].query(
        "source == 'wdi_japan_totals' and measure == 'net' and price_basis == 'current'"
    )
    by_item = rows.set_index(["item", "year"]).usd_million
    return {"total ODA": by_item["total"], "bilateral ODA": by_item["bilateral"]}


def share_before_1998(tables, claimed):
    """Share of Japan's ODA before 1998, over every window; holds if it rounds to the claim.

    The article's words, "total volume", name total ODA; "before 1998" names no first year.
    """
    flow = five_net(tables).sum(axis=1, skipna=False)
    shares = {
        f"{first if first == last else f'{first}-{last}'} on {name}": 100
        * flow.loc[first:last].sum()
        / total.loc[first:last].sum()
        for name, total in _denominators(tables).items()
        for first in range(1992, 1998)
        for last in range(first, 1998)
    }
    holds = [name for name, share in shares.items() if round(share, 1) == claimed]
    fairest = "1992-1997 on total ODA"
    verdict = "supported" if fairest in holds else "imprecise" if holds else "contradicted"
    return Finding(
        verdict,
        shares[fairest],
        "five net flows over total net ODA, pooled 1992-97",
        f"holds: {', '.join(holds) or 'none'}; fails for 1997 alone "
        f"({shares['1997 on total ODA']:.2f}% of total, "
        f"{shares['1997 on bilateral ODA']:.2f}% of bilateral)"
        if "1997 on total ODA" not in holds
        else f"holds: {', '.join(holds)}",
        "tables/t11_shares.csv",
        like=True,
    )


def share_1998(tables, claimed):
    """Share of Japan's ODA in 1998: imprecise where it holds on bilateral ODA only, since the
    article names the total."""
    flow = five_net(tables).loc[1998].sum(skipna=False)
    shares = {name: 100 * flow / total[1998] for name, total in _denominators(tables).items()}
    on_total, on_bilateral = (round(s, 1) == claimed for s in shares.values())
    verdict = "supported" if on_total else "imprecise" if on_bilateral else "contradicted"
    return Finding(
        verdict,
        shares["bilateral ODA" if on_bilateral and not on_total else "total ODA"],
        "five net flows of 1998 over Japan's net ODA",
        "; ".join(
            f"{name} {share:.2f}%: {'holds' if round(share, 1) == claimed else 'fails'}"
            for name, share in shares.items()
        ),
        "tables/t11_shares.csv",
        like=True,
    )


def table_measure(tables, claimed):
    """The table of 2016-2020 as gross flows: contradicted where a cell is below net or grants;
    supported where every cell equals grants or implies a constant yen repayment, else plausible.
    """
    cells = tables["article_oda"].set_index(["recipient", "year"]).gross_usd_million
    floor = pd.concat(
        [wide(tables["panel"], DONOR, m).T.stack() for m in ("net", "grants")], axis=1
    )
    floor = floor.max(axis=1).reindex(cells.index)
    below = int((cells < floor - 0.015).sum())
    evidence = tables["gross_cells"].dropna(subset="evidence").evidence
    counts = evidence.value_counts()
    verdict = "contradicted" if below else "plausible" if counts.get("open", 0) else "supported"
    return Finding(
        verdict,
        len(cells) - below,
        "cells that are no less than the net flow and the grants in them",
        ", ".join(f"{name}: {n}" for name, n in counts.items()),
        "data/gross_cells.csv",
    )


def table_is_recent(tables, claimed):
    """Years in the table, and its end against the latest date that the article carries:
    contradicted where the number of years is not the claimed one, supported where it ends within
    two years, imprecise beyond."""
    years = tables["article_oda"].year
    age = LATEST_ACCESS.year - int(years.max())
    verdict = "supported" if age <= 2 else "imprecise"
    return Finding(
        verdict if years.nunique() == claimed else "contradicted",
        years.nunique(),
        f"years in the table; web pages were read up to {LATEST_ACCESS.date()}",
        f"five years: {'holds' if years.nunique() == claimed else 'fails'}; the last ones: "
        f"{'holds' if age <= 2 else 'fails'}, it ends in {years.max()}, {age} years before",
        "data/article_oda.csv",
        like=True,
    )


def growth_1990s(tables, claimed):
    """Growth from 1993 to 1997 and on to 1998: supported where each step is a rise."""
    flow = five_net(tables).sum(axis=1)
    rises = flow[1993] < flow[1997] < flow[1998]
    return Finding(
        "supported" if rises else "contradicted",
        flow[1998] / flow[1993],
        f"net flow of 1993, 1997, 1998: {flow[1993]:.2f}, {flow[1997]:.2f}, {flow[1998]:.2f}; "
        "computed: 1998 over 1993",
    )


def _moved(before: pd.Series, after: pd.Series) -> float:
    """Half the sum of absolute differences of shares (Duncan and Duncan 1955's dissimilarity)."""
    return (before / before.sum() - after / after.sum()).abs().sum() / 2


def distribution_1990s(tables, claimed):
    """Change of the recipients' shares from 1993-96 to 1998-2000: contradicted below a fifth,
    plausible where up to a tenth of the way from 1994 was made by the end of 1996, before the
    speech of July 1997, else imprecise. 1993 holds too little money for shares."""
    net = five_net(tables)
    before, after = net.loc[1993:1996].sum(), net.loc[1998:2000].sum()
    moved = _moved(before, after)
    by_1996, by_1997 = (
        1 - _moved(net.loc[y], after) / _moved(net.loc[1994], after) for y in (1996, 1997)
    )
    early = by_1996 > 0.1
    top = [f"{s.idxmax()} {100 * s.max() / s.sum():.0f}%" for s in (before, after)]
    return Finding(
        "contradicted" if moved < 0.2 else "imprecise" if early else "plausible",
        moved,
        f"share of the flow that changed recipient; largest before {top[0]}, after {top[1]}",
        f"a change beside the speech: {'holds' if moved >= 0.2 else 'fails'}; a change after it: "
        f"{'fails' if early else 'holds'}, {by_1996:.0%} of the way from the shares of 1994 was "
        f"made by the end of 1996, {by_1997:.0%} by 1997",
    )


def rise_after_speech(tables, claimed):
    """How much of the rise from 1993 to 1998 came before the speech of July 1997: plausible up to
    a tenth, contradicted from a half of it by the end of 1996 on, imprecise between."""
    flow = five_net(tables).sum(axis=1)
    by_1996, by_1997 = ((flow[y] - flow[1993]) / (flow[1998] - flow[1993]) for y in (1996, 1997))
    verdict = "plausible" if by_1996 <= 0.1 else "contradicted" if by_1996 >= 0.5 else "imprecise"
    return Finding(
        verdict,
        by_1996,
        f"share of the rise 1993-98 reached by the end of 1996; by 1997 {by_1997:.0%}",
        "yearly flows can't say which loans were agreed before the speech",
    )


def _step(tables, before: str, after: str) -> dict:
    flow = five_net(tables).sum(axis=1, skipna=False)
    filled = tables["eras"].query("scheme == 'filled'")
    weights = era_weights(filled, list(flow.index))
    return contrast(flow, weights[before], weights[after])


def change_after_2001(tables, claimed):
    """Volumes before and after 11 September 2001: plausible where the means differ at 5%,
    else unverified, since volumes do not decide on an approach."""
    step = _step(tables, "E1", "E2")
    return Finding(
        "plausible" if step["p"] <= 0.05 else "unverified",
        step["difference"],
        f"difference of mean net flow, US$ million, p = {step['p']:.2f}",
        "volumes only; agreements, visits and sectors are not in the data",
        "tables/t04_contrasts.csv",
    )


def arc_not_implemented(tables, claimed):
    """No rise after 2006: plausible where the mean does not rise, contradicted where it rises at
    5%, else unverified."""
    step = _step(tables, "E2", "E2b")
    rises = step["difference"] > 0
    verdict = "contradicted" if rises and step["p"] <= 0.05 else "unverified"
    return Finding(
        verdict if rises else "plausible",
        step["difference"],
        f"difference of mean net flow, US$ million, p = {step['p']:.2f}",
        table="tables/t04_contrasts.csv",
    )


def major_donor(tables, claimed):
    """Years in which Japan is among the first three donors to the five together, the article's
    "region": supported from two thirds on, contradicted below one third. DAC members and EU
    institutions, blanks counted as nothing; the single recipients are the other readings."""
    by = (tables["ranks"]["rank"] <= 3).groupby(tables["ranks"].recipient).mean()
    net = tables["panel"].query("measure == 'net' and price_basis == 'current'")
    flows = net.pivot_table(index="year", columns="donor", values="usd_million", aggfunc="sum")
    rank = flows.rank(axis=1, ascending=False, method="min")[DONOR]
    share = (rank <= 3).mean()
    verdict = "supported" if share >= 2 / 3 else "contradicted" if share < 1 / 3 else "imprecise"
    return Finding(
        verdict,
        share,
        f"share of the years {rank.index.min()}-{rank.index.max()} at rank 1 to 3 of net flows to "
        f"the five together; rank 1 in {(rank == 1).sum()}",
        "the five together: "
        + ("holds" if verdict == "supported" else "fails")
        + "; each alone: "
        + ", ".join(f"{r} {s:.0%} {'holds' if s >= 2 / 3 else 'fails'}" for r, s in by.items()),
    )


def irregular_donor(tables, claimed):
    """Spread of Japan's yearly share of all DAC flows to the five: plausible where the ninth decile
    is three times the first or more, else unverified, since a weight is not its use."""
    rows = tables["donor_shares"].groupby("year")[["usd_million", "total"]].sum()
    share = 100 * rows.usd_million / rows.total
    low, high = share.quantile([0.1, 0.9])
    return Finding(
        "plausible" if low <= 0 or high / low >= 3 else "unverified",
        high / low,
        f"ninth over first decile of the yearly share ({high:.0f}% and {low:.0f}%)",
        "weight as a donor only; its use is not in the data",
        "data/donor_shares.csv",
    )


def attention_increased(tables, claimed):
    """Mean of 2019-23 against 1993-2018: supported where net flows to all five have risen; the
    other readings are named."""
    net = five_net(tables)
    grants = wide(tables["panel"], DONOR, "grants")
    series = {
        "net, all five": net.sum(axis=1),
        "net, without Uzbekistan": net.drop(columns="UZB").sum(axis=1),
        "grants, all five": grants.sum(axis=1),
    }
    rises = {name: y.loc[2019:].mean() / y.loc[1993:2018].mean() for name, y in series.items()}
    held = {
        name: f"{name} {r:.1f} times: {'holds' if r > 1 else 'fails'}" for name, r in rises.items()
    }
    return Finding(
        "supported" if rises["net, all five"] > 1 else "contradicted",
        rises["net, all five"],
        "mean from 2019 on over mean of 1993-2018",
        "; ".join([*held.values(), "volume is one sign of attention among several"]),
    )


def attention_after_2022(tables, claimed):
    """Mean of 2022-23 against 2019-21: plausible where net flows rose, else unverified, since aid
    is one sign of attention among several and two years are few."""
    flow = five_net(tables).sum(axis=1)
    change = flow.loc[2022:].mean() - flow.loc[2019:2021].mean()
    return Finding(
        "plausible" if change > 0 else "unverified",
        change,
        f"mean net flow of 2022-{flow.index.max()} less that of 2019-21, US$ million",
        "visits, trade and investment are not in the data",
    )


def uzbekistan_key(tables, claimed):
    """Uzbekistan's part of the article's table: contradicted where it holds half or less, supported
    where that grew from below half or its net flow grew after 2020, else imprecise."""
    cells = tables["article_oda"].pivot(
        index="year", columns="recipient", values="gross_usd_million"
    )
    share = 100 * cells.UZB / cells.sum(axis=1)
    pooled = 100 * cells.UZB.sum() / cells.sum().sum()
    net = five_net(tables).UZB
    before, after = net.loc[2016:2020].mean(), net.loc[2022:].mean()
    grew, grows = share.iloc[0] <= 50, after > before
    verdict = "supported" if grew or grows else "imprecise"
    return Finding(
        verdict if pooled > 50 else "contradicted",
        pooled,
        "Uzbekistan's percent of the table's sum",
        f"'becoming' within the table: {'holds' if grew else 'fails'}, {share.iloc[0]:.0f}% in "
        f"{share.index[0]}; since the war: {'holds' if grows else 'fails'}, net flow a year "
        f"{after:.0f} from 2022 on, {before:.0f} in 2016-20",
        "data/article_oda.csv",
    )


def _context(tables, indicator: str) -> pd.DataFrame:
    rows = tables["context"].query("indicator == @indicator and area != 'JPN'")
    return rows.pivot(index="year", columns="area", values="value").dropna()


def uzbekistan_most_developed(tables, claimed):
    """GDP and GDP per head in the latest year: supported where Uzbekistan leads in either,
    contradicted where in neither."""
    ranks = {}
    for label, indicator in {"GDP": "NY.GDP.MKTP.CD", "GDP per head": "NY.GDP.PCAP.CD"}.items():
        latest = _context(tables, indicator).iloc[-1]
        ranks[label] = int(latest.rank(ascending=False)["UZB"])
    return Finding(
        "supported" if min(ranks.values()) == 1 else "contradicted",
        ranks["GDP per head"],
        "rank of Uzbekistan among the five by GDP per head, latest year",
        ", ".join(f"{label}: rank {rank} of 5" for label, rank in ranks.items())
        + "; stability is not in the data",
        "data/context.csv",
    )


def population(tables, claimed):
    """Population of the five, million: supported where some year up to the article's date passes
    the claimed number, else contradicted."""
    people = _context(tables, "SP.POP.TOTL").loc[: LATEST_ACCESS.year].sum(axis=1) / 1e6
    passed = people.index[people > claimed]
    return Finding(
        "supported" if len(passed) else "contradicted",
        people.iloc[-1],
        f"sum of five, {people.index[-1]}; above {claimed:g} since {passed.min()}"
        if len(passed)
        else f"sum of five, {people.index[-1]}",
        table="data/context.csv",
        like=True,
    )


def gdp_total(tables, claimed):
    """GDP of the five, billion US$: supported where a year from 2020 on lies within 5%, imprecise
    within 15%, else contradicted; the article gives no year."""
    gdp = _context(tables, "NY.GDP.MKTP.CD").loc[2020 : LATEST_ACCESS.year].sum(axis=1) / 1e9
    away = (gdp / claimed - 1).abs()
    best = int(away.idxmin())
    verdict = (
        "supported" if away[best] <= 0.05 else "imprecise" if away[best] <= 0.15 else "contradicted"
    )
    return Finding(
        verdict,
        gdp[best],
        f"sum of five in {best}, the nearest year",
        ", ".join(f"{year}: {value:.0f}" for year, value in gdp.items()),
        "data/context.csv",
        like=True,
    )


def demographic_growth(tables, claimed):
    """Population growth of the five over ten years; other regions are not in the data."""
    people = _context(tables, "SP.POP.TOTL").sum(axis=1)
    last = int(people.index.max())
    growth = 100 * ((people[last] / people[last - 10]) ** 0.1 - 1)
    return Finding(
        "unverified",
        growth,
        f"percent a year, {last - 10}-{last}",
        "no other region to rank it against",
        "data/context.csv",
    )


def china_alternative(tables, claimed):
    """Japan beside China: commitments and disbursements can't be compared, so unverified."""
    years = tables["china_commitments"].year
    first, last = years.min(), years.max()
    china = tables["china_commitments"].query("flow_class == 'ODA'").constant_2021_usd_million
    return Finding(
        "unverified",
        china.sum() / (last - first + 1),
        f"China's ODA-like commitments a year, {first}-{last}, constant 2021 US$ million",
        "commitments against disbursements: no ratio is formed",
        "data/china_commitments.csv",
    )


def aid_infrastructure(tables, claimed):
    """Infrastructure's part of the one year of sectors: plausible where it is the largest sector,
    else unverified."""
    by_sector = tables["sectors_2012"].groupby("sector").gross_usd_million.sum()
    share = 100 * by_sector["Infrastructure"] / by_sector.sum()
    largest = by_sector.idxmax() == "Infrastructure"
    return Finding(
        "plausible" if largest else "unverified",
        share,
        "percent of gross ODA to the five, one year (2012)",
        "one year says nothing of the others",
        "data/sectors_2012.csv",
    )


# Sectors of sectors_2012 that serve production, trade or transport.
ECONOMIC = ["Infrastructure", "Agri & food", "Ind & trade", "Bank & business"]


def economic_projects(tables, claimed):
    """Economic sectors' part of the one year of sectors: plausible where they hold more than half,
    else unverified."""
    by_sector = tables["sectors_2012"].groupby("sector").gross_usd_million.sum()
    share = 100 * by_sector[ECONOMIC].sum() / by_sector.sum()
    return Finding(
        "plausible" if share > 50 else "unverified",
        share,
        f"percent of gross ODA to the five in one year (2012) that went to {', '.join(ECONOMIC)}",
        f"infrastructure alone {100 * by_sector['Infrastructure'] / by_sector.sum():.0f}%; one "
        "year says nothing of the others",
        "data/sectors_2012.csv",
    )


def war_dates(tables, claimed):
    """The span of the war that the article states against the first and the last of its own access
    dates: supported where both lie within half a year, imprecise where one does, else
    inconsistent."""
    begins = pd.to_datetime(
        tables["eras"].query("scheme == 'article' and era == 'E6'").opens.iloc[0]
    )
    spans = {day.date(): (day - begins).days / 365.25 for day in (FIRST_ACCESS, LATEST_ACCESS)}
    near = {day: abs(years - claimed) <= 0.5 for day, years in spans.items()}
    closest = min(spans, key=lambda day: abs(spans[day] - claimed))
    return Finding(
        ("inconsistent", "imprecise", "supported")[sum(near.values())],
        spans[closest],
        f"years from {begins.date()} to {closest}, the nearer of the access dates that bound it",
        "; ".join(
            f"to {day} {years:.1f} years: {'holds' if near[day] else 'fails'}"
            for day, years in spans.items()
        ),
        "data/eras.csv",
        like=True,
    )


def _term(tables, cabinet: str) -> pd.Series:
    row = tables["eras"].query("scheme == 'prime_ministers' and label == @cabinet").iloc[0]
    return pd.to_datetime(row[["opens", "closes"]])


def successors(tables, claimed):
    """Terms of the two prime ministers after Hashimoto: supported where all four years are those
    the article prints and each follows at once, else contradicted."""
    printed = {"Obuchi": (1998, 2000), "Mori": (2000, 2001)}
    terms = {name: _term(tables, name) for name in printed}
    years = {name: (t.opens.year, t.closes.year) for name, t in terms.items()}
    follow = (
        _term(tables, "Hashimoto").closes == terms["Obuchi"].opens
        and terms["Obuchi"].closes == terms["Mori"].opens
    )
    return Finding(
        "supported" if years == printed and follow else "contradicted",
        sum(a == b for name in printed for a, b in zip(years[name], printed[name], strict=True)),
        "of the four dates agree; "
        + ", ".join(f"{n}: {t.opens.date()} to {t.closes.date()}" for n, t in terms.items()),
        table="data/eras.csv",
    )


def koizumi_in_period(tables, claimed):
    """Koizumi's first day against 11 September 2001: supported after it, imprecise up to a year
    before, since he governed in the period without coming to power in it, else contradicted."""
    begins = pd.to_datetime(
        tables["eras"].query("scheme == 'article' and era == 'E2'").opens.iloc[0]
    )
    opens = _term(tables, "Koizumi").opens
    days = (opens - begins).days
    return Finding(
        "supported" if days >= 0 else "imprecise" if days >= -365 else "contradicted",
        days,
        f"days from {begins.date()} to {opens.date()}, when he took office",
        f"the 2000s of the heading: {'holds' if opens.year >= 2000 else 'fails'}; after the "
        f"attacks: {'holds' if days >= 0 else 'fails'}",
        "data/eras.csv",
    )


def abe_returns(tables, claimed):
    """Year in which Abe takes office again: supported where it is the claimed one."""
    opens = _term(tables, "Abe (second)").opens
    return Finding(
        "supported" if opens.year == claimed else "contradicted",
        opens.year,
        f"he took office on {opens.date()}",
        table="data/eras.csv",
        like=True,
    )


def japanese_investment(tables, claimed):
    """FDI into the five; Japan's part is not in the data, so unverified."""
    inflow = _context(tables, "BX.KLT.DINV.CD.WD").sum(axis=1) / 1e9
    return Finding(
        "unverified",
        inflow.iloc[-1],
        f"FDI inflow from all countries to the five in {inflow.index[-1]}, billion US$",
        "Japan's part of it is not in the data",
        "data/context.csv",
    )


CHECKS: dict[str, Callable] = {
    **{f"oda_total_{year}": oda_total(year) for year in (1993, 1997, 1998)},
    **{
        check.__name__: check
        for check in (
            share_before_1998,
            share_1998,
            table_measure,
            table_is_recent,
            growth_1990s,
            distribution_1990s,
            rise_after_speech,
            change_after_2001,
            arc_not_implemented,
            major_donor,
            irregular_donor,
            attention_increased,
            attention_after_2022,
            uzbekistan_key,
            uzbekistan_most_developed,
            population,
            gdp_total,
            demographic_growth,
            china_alternative,
            aid_infrastructure,
            war_dates,
            economic_projects,
            successors,
            koizumi_in_period,
            abe_returns,
            japanese_investment,
        )
    },
}


def judge(claims: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give every claim its verdict.

    Parameters
    ----------
    claims : DataFrame
        data/claims.csv.
    tables : dict of DataFrame
        Tables by name, as the checks read them.

    Returns
    -------
    DataFrame
        Columns id, section, claim, kind, claimed_value, unit, computed, difference, verdict,
        basis ("computed", "document", "none"), arithmetic, readings, evidence, source. A check
        that raises, or whose input is missing, gives "unverified" with the reason.

    Raises ValueError for a check or verdict that does not exist.
    """
    rows = []
    for claim in claims.to_dict("records"):
        check, told = claim["check"], claim["document_verdict"]
        row = {k: claim[k] for k in ("id", "section", "claim", "kind", "claimed_value", "unit")}
        if isinstance(check, str):
            if check not in CHECKS:
                raise ValueError(f"claim {claim['id']}: no check {check!r}")
            try:
                found = CHECKS[check](tables, claim["claimed_value"])
            except Exception as error:  # whatever it is, the claim stays open and says why
                reason = f"{type(error).__name__}: {error}"
                found = Finding(
                    "unverified", np.nan, f"the check could not be made ({reason})", table=""
                )
            row |= {
                "computed": found.computed,
                "difference": found.computed - claim["claimed_value"] if found.like else np.nan,
                "verdict": found.verdict,
                "basis": "computed",
                "arithmetic": found.arithmetic,
                "readings": found.readings,
                "source": found.table,
            }
        else:
            verdict = told if isinstance(told, str) else "unverified"
            if verdict not in VERDICTS:
                raise ValueError(f"claim {claim['id']}: no verdict {verdict!r}")
            document, needs, note = (
                claim[k] if isinstance(claim[k], str) else "" for k in ("document", "needs", "note")
            )
            row |= {
                "computed": np.nan,
                "difference": np.nan,
                "verdict": verdict,
                "basis": claim["evidence"],
                "arithmetic": f"needs: {needs}" if verdict == "unverified" and needs else note,
                "readings": "",
                "source": document,
            }
        rows.append(row | {"evidence": claim["evidence"]})
    return pd.DataFrame(rows)
