"""Checks of the article's claims on aid flows, eras and the context of the recipients.

Where a claim compares periods that it does not bound, all choices of years are tried.
"""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from oda_eras.findings import (
    CHANGE,
    DONOR,
    FIRST_ACCESS,
    LATEST_ACCESS,
    MEASURED,
    NEAR,
    SIGN,
    SUM_TOLERANCE,
    TESTED,
    Finding,
    check,
    holds,
    verdict_of,
)
from oda_eras.measures import ROUNDING, wide
from oda_eras.naming import listed, year_spans
from oda_eras.study import LISTED, RECIPIENTS


def five_net(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Net ODA of the donor by year and recipient, US$ million."""
    return wide(tables["panel"], DONOR, "net")


def gross_flows(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Gross ODA of the donor by year and recipient, US$ million, where it is known."""
    return flow_table(tables, "gross", "current").pivot(
        index="year", columns="recipient", values="value"
    )


def flow_table(tables: dict[str, pd.DataFrame], measure: str, price_basis: str) -> pd.DataFrame:
    """The donor's rows of `flows` in one measure and price basis."""
    return tables["flows"].query(
        "donor == @DONOR and measure == @measure and price_basis == @price_basis"
    )


def total_net(tables: dict[str, pd.DataFrame]) -> pd.Series:
    """Net ODA of the donor to all recipients by year, US$ million, missing where a part is."""
    return five_net(tables).sum(axis=1, skipna=False)


def _oda_total(year: int) -> None:
    def find(tables, claimed):
        """Sum of the recipients' net flows in the year: supported within half the last digit of
        each of them and of the printed sum, imprecise within 5%, else contradicted."""
        computed = total_net(tables)[year]
        away = abs(computed - claimed)
        return Finding(
            verdict_of([away <= SUM_TOLERANCE], [away <= NEAR * claimed]),
            computed,
            f"sum of five net flows in {year}; {away:.2f} off, {SUM_TOLERANCE:.2f} is rounding",
            "net disbursements",
            like=True,
        )

    find.__name__ = f"oda_total_{year}"
    check(*MEASURED)(find)


for _year in (1993, 1997, 1998):
    _oda_total(_year)


def _denominators(tables) -> dict[str, pd.Series]:
    rows = tables["japan_totals"].query(
        "source == 'wdi_japan_totals' and measure == 'net' and price_basis == 'current'"
    )
    by_item = rows.set_index(["item", "year"]).usd_million
    return {"total ODA": by_item["total"], "bilateral ODA": by_item["bilateral"]}


@check(*MEASURED)
def share_before_1998(tables, claimed):
    """The words name total ODA and 1997 as the last year, and no first year. Supported where the
    share, pooled or as the mean of yearly ones, rounds to the claimed one both from the first flow
    on and from the listing on, since 1992 precedes it; imprecise where it does so from one of them
    on, or pooled over any window of years up to 1997, of total or bilateral ODA; else
    contradicted."""
    flow = total_net(tables).loc[:1997]
    first_year = flow.index.min()
    shares = pd.Series(
        {
            (name, first, last): 100 * flow.loc[first:last].sum() / total.loc[first:last].sum()
            for name, total in _denominators(tables).items()
            for first in flow.index
            for last in flow.loc[first:].index
        }
    ).rename_axis(["of", "first", "last"])
    held = shares.round(1) == claimed
    counts = []
    for name in held.index.unique("of"):
        last = held[name].index.get_level_values("last")
        for side, part in (
            ("with", held[name][last == 1997]),
            ("without", held[name][last < 1997]),
        ):
            found = [f"{a}" if a == b else f"{a}-{b}" for a, b in part.index[part]]
            which = f" ({', '.join(found)})" if found else ""
            counts.append(f"{name} {side} 1997, {part.sum()} of {len(part)}{which}")
    firsts = [first_year, LISTED]
    pooled = shares["total ODA"].xs(1997, level="last")[firsts]
    yearly = (100 * flow / _denominators(tables)["total ODA"]).loc[:1997]
    mean = pd.Series({first: yearly.loc[first:].mean() for first in firsts})
    words = pd.DataFrame({"pooled": pooled, "mean": mean}).round(1) == claimed
    return Finding(
        verdict_of(words.all(), [words.any(axis=None), held.any()]),
        pooled[first_year],
        f"five net flows over total net ODA, pooled {first_year}-1997; without {first_year}, which "
        f"precedes the listing, {pooled[LISTED]:.2f}%; rounds to {claimed:g}% in {held.sum()} of "
        f"{len(held)} windows of years",
        f"windows that hold: {'; '.join(counts)}; 1997 alone is "
        f"{shares['total ODA', 1997, 1997]:.2f}% of total, "
        f"{shares['bilateral ODA', 1997, 1997]:.2f}% of bilateral ODA; mean of yearly shares of "
        + "; ".join(
            f"{'total ODA' if first == first_year else 'the same mean over'} {first}-1997 "
            f"{mean[first]:.3f}%: {holds(words['mean'][first])}"
            for first in firsts
        ),
        "panel, japan_totals",
        like=True,
        facts={"last": shares["total ODA", 1997, 1997]},
    )


@check(*MEASURED)
def share_1998(tables, claimed):
    """Supported where the share of 1998 rounds to the claimed one over total ODA, which the words
    name; imprecise where it does so over bilateral ODA only; else contradicted."""
    flow = total_net(tables)[1998]
    shares = {name: 100 * flow / total[1998] for name, total in _denominators(tables).items()}
    on_total, on_bilateral = (round(s, 1) == claimed for s in shares.values())
    return Finding(
        verdict_of([on_total], [on_bilateral]),
        shares["bilateral ODA" if on_bilateral and not on_total else "total ODA"],
        "five net flows of 1998 over Japan's net ODA",
        "; ".join(
            f"{name} {share:.2f}%: {holds(round(share, 1) == claimed)}"
            for name, share in shares.items()
        ),
        "panel, japan_totals",
        like=True,
        facts={"total": shares["total ODA"]},
    )


@check("supported", "plausible", "contradicted")
def table_measure(tables, claimed):
    """The 25 cells as gross flows: contradicted where a cell is below the net flow or the grants
    of its year by more than rounding, or off a gross flow that another source prints; supported
    where every cell of the years that another source prints in current prices equals it to the
    cent, and that is most of the table; else plausible."""
    cells = tables["article_oda"].set_index(["recipient", "year"]).gross_usd_million
    floor = pd.concat(
        [wide(tables["panel"], DONOR, m).T.stack() for m in ("net", "grants")], axis=1
    )
    below = int(((floor.max(axis=1).reindex(cells.index) - cells).round(2) > ROUNDING).sum())
    gross = flow_table(tables, "gross", "current").set_index(["recipient", "year"])
    others = gross[(gross.status == "known") & (gross.source != "article_oda_2016_2020")].value
    gap = (others.reindex(cells.index) - cells).abs().dropna()
    off = int((gap.round(2) > ROUNDING).sum())
    most = len(gap) > len(cells) / 2
    return Finding(
        "contradicted" if below or off else "supported" if most else "plausible",
        len(gap) - off,
        f"of the {len(gap)} cells that another source prints as gross flows in current prices "
        f"(of {len(cells)}) are the same to the cent",
        f"no less than the net flow and the grants: {holds(not below)}, "
        f"{len(cells) - below} of {len(cells)} cells; the same as in another source: "
        f"{holds(not off)}; the words 'total expenditures' name no measure",
        "article_oda, flows, panel",
        unit="cells",
    )


@check(*MEASURED)
def table_is_recent(tables, claimed):
    """Supported where the table has the claimed number of years and ends within two years of the
    latest date that the article carries, since statistics lag; imprecise where the number alone
    holds; else contradicted."""
    years = tables["article_oda"].year
    age = LATEST_ACCESS.year - int(years.max())
    number = years.nunique() == claimed
    return Finding(
        verdict_of([number and age <= 2], [number]),
        years.nunique(),
        f"years in the table; web pages were read up to {LATEST_ACCESS.date()}",
        f"{claimed:g} years: {holds(number)}; the last ones: {holds(age <= 2)}, it ends in "
        f"{years.max()}, {age} years before",
        "article_oda",
        like=True,
    )


@check(*MEASURED)
def growth_1990s(tables, claimed):
    """Supported where the net flow rises from 1993 to 1997 and on to 1998, imprecise where it does
    so in one of the two steps, else contradicted."""
    flow = total_net(tables)
    steps = {"1993 to 1997": flow[1993] < flow[1997], "1997 to 1998": flow[1997] < flow[1998]}
    return Finding(
        verdict_of([all(steps.values())], steps.values()),
        flow[1998] / flow[1993],
        f"net flow of 1993, 1997, 1998: {flow[1993]:.2f}, {flow[1997]:.2f}, {flow[1998]:.2f}; "
        "computed: 1998 over 1993",
        "; ".join(f"{step}: {holds(rise)}" for step, rise in steps.items()),
        unit="ratio",
    )


def _moved(before: pd.Series, after: pd.Series) -> float:
    """Half the sum of absolute differences of shares (Duncan and Duncan 1955's dissimilarity)."""
    return (before / before.sum() - after / after.sum()).abs().sum() / 2


@check(*SIGN)
def distribution_1990s(tables, claimed):
    """Recipients' shares of 1998-2000 against those of 1993-96: contradicted where less than a
    fifth of the flow changed recipient. Plausible where up to a tenth of the way from the shares
    of 1994 was made by the end of 1996, before the speech of July 1997; else imprecise. 1993 holds
    too little money for shares of its own."""
    net = five_net(tables)
    before, after = net.loc[1993:1996].sum(), net.loc[1998:2000].sum()
    moved = _moved(before, after)
    by_1996, by_1997 = (
        1 - _moved(net.loc[y], after) / _moved(net.loc[1994], after) for y in (1996, 1997)
    )
    changed, late = moved >= CHANGE, by_1996 <= 0.1
    top = [f"{RECIPIENTS[s.idxmax()]} {s.max() / s.sum():.0%}" for s in (before, after)]
    return Finding(
        verdict_of([changed and late], [changed], "plausible"),
        100 * moved,
        f"part of the flow that changed recipient; largest before {top[0]}, after {top[1]}",
        f"a change beside the speech: {holds(changed)}; a change after it: {holds(late)}, "
        f"{by_1996:.0%} of the way from the shares of 1994 was made by the end of 1996, "
        f"{by_1997:.0%} by 1997",
        unit="percent",
        facts={"by_1996": by_1996},
    )


@check(*MEASURED)
def major_donor(tables, claimed):
    """Years in which Japan is among the first three donors to the five together, the article's
    "region": supported from two thirds of the years on, contradicted below one third, else
    imprecise. Donors are the DAC members and the EU institutions, blanks counted as nothing; each
    recipient alone is another reading."""
    by = (tables["ranks"]["rank"] <= 3).groupby(tables["ranks"].recipient).mean()
    net = tables["panel"].query("measure == 'net' and price_basis == 'current'")
    flows = net.pivot_table(index="year", columns="donor", values="usd_million", aggfunc="sum")
    rank = flows.rank(axis=1, ascending=False, method="min")[DONOR]
    share = (rank <= 3).mean()
    return Finding(
        verdict_of([share >= 2 / 3], [share >= 1 / 3]),
        100 * share,
        f"part of the years {rank.index.min()}-{rank.index.max()} at rank 1 to 3 of net flows to "
        f"the five together; rank 1 in {(rank == 1).sum()}",
        f"the five together: {holds(share >= 2 / 3)}; each alone: "
        + ", ".join(f"{RECIPIENTS[r]} {s:.0%} {holds(s >= 2 / 3)}" for r, s in by.items()),
        "panel, ranks",
        unit="percent",
    )


@check(*TESTED)
def irregular_donor(tables, claimed):
    """Spread of Japan's yearly share of all DAC flows to the five: plausible where its ninth decile
    is three times the first or more, or the first is nothing; contradicted where it is no more
    than half above the first, which is a steady weight; else unverified."""
    rows = tables["donor_shares"].groupby("year")[["usd_million", "total"]].sum()
    share = 100 * rows.usd_million / rows.total
    low, high = share.quantile([0.1, 0.9])
    irregular = low <= 0 or high / low >= 3
    steady = not irregular and high / low <= 1.5
    return Finding(
        "plausible" if irregular else "contradicted" if steady else "unverified",
        high / low,
        f"ninth over first decile of the yearly share ({high:.0f}% and {low:.0f}%)",
        "weight as a donor only; its use is not in the data",
        "donor_shares",
        unit="ratio",
    )


def _cuts(y: pd.Series) -> pd.DataFrame:
    """Means before and from each possible year on."""
    return pd.DataFrame(
        {c: {"before": y.loc[: c - 1].mean(), "after": y.loc[c:].mean()} for c in y.index[1:]}
    ).T


def _baselines(war: int) -> Callable:
    """Means since the war, and from each possible first year up to it."""

    def means(y: pd.Series) -> pd.DataFrame:
        firsts = y.index[y.index < war]
        after = y.loc[war:].mean()
        return pd.DataFrame(
            {f: {"before": y.loc[f : war - 1].mean(), "after": after} for f in firsts}
        ).T

    return means


def _higher(tables, means: Callable, choice: str, arithmetic: str) -> Finding:
    """Whether later means are higher, over all choices of years that `means` gives.

    The five together in dollars and as a share of Japan's bilateral ODA decide; what covers less,
    grants (known up to 2022), gross flows (from 2003 on, without 2007) and the four without
    Uzbekistan, is named beside them.
    """
    net, total = five_net(tables), total_net(tables)
    series = {
        "net, US$": total,
        "net, share of Japan's bilateral ODA": total / _denominators(tables)["bilateral ODA"],
        "net without Uzbekistan, US$": net.drop(columns="UZB").sum(axis=1, skipna=False),
        "grants, US$": wide(tables["panel"], DONOR, "grants").sum(axis=1, skipna=False),
        "gross, US$": gross_flows(tables).sum(axis=1, skipna=False),
    }
    held, readings, ratios = [], [], []
    for name, flow in series.items():
        y = flow.loc[LISTED:].dropna()
        pairs = means(y)
        higher = pairs.after > pairs.before
        ratio = pairs.after / pairs.before
        fails = f", fails for {year_spans(higher.index[~higher])}" if not higher.all() else ""
        readings.append(
            f"{name}, {y.index.min()}-{y.index.max()}: holds for {higher.sum()} of {len(higher)} "
            f"{choice}{fails} (ratio {ratio.min():.2f} in {ratio.idxmin()} to {ratio.max():.2f} in "
            f"{ratio.idxmax()})"
        )
        held.append(higher)
        ratios.append(ratio)
    deciding = held[:2]
    return Finding(
        verdict_of([h.all() for h in deciding], [h.any() for h in deciding], "plausible"),
        ratios[0].min(),
        f"{arithmetic}, net US$; higher for {held[0].sum()} of {len(held[0])} {choice} in dollars, "
        f"for {held[1].sum()} of {len(held[1])} as a share of Japan's bilateral ODA, without "
        f"Uzbekistan for {held[2].sum()} of {len(held[2])} in dollars",
        "; ".join(readings),
        "panel, japan_totals, flows",
        unit="ratio",
        facts={"first": ratios[0].index[0], "held": held[0].sum(), "choices": len(held[0])},
    )


@check(*SIGN)
def attention_increased(tables, claimed):
    """The words name no year since when, so the record since the listing is cut at every possible
    one: plausible where the mean from the cut on is higher for all cuts, in dollars or as a share
    of Japan's bilateral ODA; imprecise where it is for some; else contradicted. Volume is one sign
    of attention among several."""
    return _higher(tables, _cuts, "cuts", "least ratio of the mean from a cut on to that before")


def era_opens(tables, era: str) -> pd.Timestamp:
    """The day on which an era opens by the article's own words."""
    return pd.to_datetime(tables["eras"].query("scheme == 'article' and era == @era").opens.iloc[0])


@check(*SIGN)
def attention_after_2022(tables, claimed):
    """Mean since the year of the invasion against the mean of the years before it, from every
    possible first year on, since the words name none: plausible where it is higher for all, in
    dollars or as a share of Japan's bilateral ODA; imprecise where it is for some; else
    contradicted. A fall counts as a rise would. Visits and trade are not in the data."""
    begins = era_opens(tables, "E6")
    means = _baselines(begins.year)
    found = _higher(tables, means, "first years", "least ratio of the mean since the war to before")
    loans = tables["agreements"]
    since = loans[pd.to_datetime(loans.signed_from) >= begins]
    signed = f"loan agreements found since {begins.date()}: {len(since)}"
    return replace(
        found, readings=f"{found.readings}; {signed}", rests=f"{found.rests}, agreements"
    )


@check(*MEASURED)
def uzbekistan_key(tables, claimed):
    """Uzbekistan's part of the article's table: contradicted where it is half or less; supported
    where it grew from below half within the table, or where the net flow since the war is above
    that of the table's years; else imprecise, since it is the key partner without becoming it."""
    cells = tables["article_oda"].pivot(
        index="year", columns="recipient", values="gross_usd_million"
    )
    share = 100 * cells.UZB / cells.sum(axis=1, skipna=False)
    pooled = 100 * cells.UZB.sum() / cells.sum().sum()
    net, war = five_net(tables).UZB, era_opens(tables, "E6").year
    first, last = cells.index.min(), cells.index.max()
    before, after = net.loc[first:last].mean(), net.loc[war:].mean()
    grew, grows, key = share.iloc[0] <= 50, after > before, pooled > 50
    return Finding(
        verdict_of([key and (grew or grows)], [key]),
        pooled,
        "Uzbekistan's percent of the table's sum",
        f"'becoming' within the table: {holds(grew)}, {share.iloc[0]:.0f}% in {first}; since the "
        f"war: {holds(grows)}, net flow a year {after:.0f} from {war} on, {before:.0f} in "
        f"{first}-{last}",
        "article_oda, panel",
        unit="percent",
    )


def context(tables: dict[str, pd.DataFrame], indicator: str, whole: bool = True) -> pd.DataFrame:
    """A WDI indicator by year and recipient; `whole` keeps the years in which all five have it."""
    rows = tables["context"].query("indicator == @indicator and area in @RECIPIENTS.keys()")
    values = rows.pivot(index="year", columns="area", values="value")
    return values.dropna() if whole else values


@check(*MEASURED)
def uzbekistan_most_developed(tables, claimed):
    """Supported where Uzbekistan leads the five in GDP per head in the latest year, as development
    is measured; imprecise where it leads in GDP only, which is size; else contradicted."""
    ranks = {}
    for label, indicator in {"GDP per head": "NY.GDP.PCAP.CD", "GDP": "NY.GDP.MKTP.CD"}.items():
        latest = context(tables, indicator).iloc[-1]
        ranks[label] = int(latest.rank(ascending=False)["UZB"])
        if label == "GDP per head":
            ahead = [RECIPIENTS[code] for code in latest.index[latest > latest.UZB]]
    per_head, size = (rank == 1 for rank in ranks.values())
    return Finding(
        verdict_of([per_head], [size]),
        ranks["GDP per head"],
        "rank of Uzbekistan among the five by GDP per head, latest year",
        "; ".join(f"{label}, rank {rank} of 5: {holds(rank == 1)}" for label, rank in ranks.items())
        + "; stability is not in the data",
        "context",
        unit="rank",
        facts={"ahead": listed(ahead)},
    )


@check(*MEASURED)
def population(tables, claimed):
    """Supported where the five pass the claimed number in some year up to the article's date,
    imprecise where they come within 5% of it, else contradicted."""
    people = context(tables, "SP.POP.TOTL").loc[: LATEST_ACCESS.year].sum(axis=1) / 1e6
    passed = people.index[people > claimed]
    since = f"; above {claimed:g} since {passed.min()}" if len(passed) else ""
    return Finding(
        verdict_of([len(passed) > 0], people > (1 - NEAR) * claimed),
        people.iloc[-1],
        f"sum of five, {people.index[-1]}{since}",
        rests="context",
        like=True,
    )


@check(*MEASURED)
def gdp_total(tables, claimed):
    """The words name no year: supported where the five's GDP of a year from 2020 to the article's
    date is within 5% of the claimed number, imprecise where within 15%, else contradicted."""
    gdp = context(tables, "NY.GDP.MKTP.CD").loc[2020 : LATEST_ACCESS.year].sum(axis=1) / 1e9
    away = (gdp / claimed - 1).abs()
    best = int(away.idxmin())
    return Finding(
        verdict_of([away[best] <= NEAR], [away[best] <= 3 * NEAR]),
        gdp[best],
        f"sum of five in {best}, the nearest year",
        ", ".join(f"{year}: {value:.0f}" for year, value in gdp.items()),
        "context",
        like=True,
    )


@check("supported", "imprecise", "inconsistent")
def war_dates(tables, claimed):
    """The span of the war that the article states against the first and the last of its own access
    dates: supported where both lie within half a year, imprecise where one does, else
    inconsistent."""
    begins = era_opens(tables, "E6")
    spans = {day.date(): (day - begins).days / 365.25 for day in (FIRST_ACCESS, LATEST_ACCESS)}
    near = {day: abs(years - claimed) <= 0.5 for day, years in spans.items()}
    closest = min(spans, key=lambda day: abs(spans[day] - claimed))
    return Finding(
        ("inconsistent", "imprecise", "supported")[sum(near.values())],
        spans[closest],
        f"years from {begins.date()} to {closest}, the nearer of the access dates that bound it",
        "; ".join(
            f"to {day} {years:.1f} years: {holds(near[day])}" for day, years in spans.items()
        ),
        "eras",
        like=True,
    )


def _term(tables, cabinet: str) -> pd.Series:
    row = tables["eras"].query("scheme == 'prime_ministers' and label == @cabinet").iloc[0]
    return pd.to_datetime(row[["opens", "closes"]])


@check(*MEASURED)
def successors(tables, claimed):
    """Supported where all four years are those that the article prints and each term follows the
    one before at once; imprecise where each year is off by one at most; else contradicted."""
    printed = {"Obuchi": (1998, 2000), "Mori": (2000, 2001)}
    terms = {name: _term(tables, name) for name in printed}
    off = [
        abs(day.year - year)
        for name in printed
        for day, year in zip(terms[name], printed[name], strict=True)
    ]
    follow = (
        _term(tables, "Hashimoto").closes == terms["Obuchi"].opens
        and terms["Obuchi"].closes == terms["Mori"].opens
    )
    return Finding(
        verdict_of([max(off) == 0 and follow], [max(off) <= 1]),
        off.count(0),
        "of the four years agree; "
        + ", ".join(f"{n}: {t.opens.date()} to {t.closes.date()}" for n, t in terms.items()),
        f"each follows at once: {holds(follow)}",
        "eras",
        unit="years",
    )


@check(*MEASURED)
def koizumi_in_period(tables, claimed):
    """Koizumi's first day against 11 September 2001: supported after it; imprecise up to a year
    before, since he governed in the period without coming to power in it; else contradicted."""
    begins, opens = era_opens(tables, "E2"), _term(tables, "Koizumi").opens
    days = (opens - begins).days
    return Finding(
        verdict_of([days >= 0], [days >= -365]),
        days,
        f"from {begins.date()} to {opens.date()}, when he took office",
        f"the 2000s of the heading: {holds(opens.year >= 2000)}; after the attacks: "
        f"{holds(days >= 0)}",
        "eras",
        unit="days",
    )


@check(*MEASURED)
def abe_returns(tables, claimed):
    """Supported where Abe takes office again in the claimed year, imprecise where in one beside it,
    else contradicted."""
    opens = _term(tables, "Abe (second)").opens
    return Finding(
        verdict_of([opens.year == claimed], [abs(opens.year - claimed) <= 1]),
        opens.year,
        f"he took office on {opens.date()}",
        rests="eras",
        like=True,
    )
