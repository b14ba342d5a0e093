"""Verdicts on an article's claims, computed from the project's tables.

Every check is a function of the tables and of the claimed value; it tests the claim on each
reading that its words allow and returns a `Finding` for the fairest of them. Its docstring is its
rule and is shown beside the verdict; where a claim compares periods that it does not bound, all
choices of years are tried. A claim without a check takes its verdict from a named document, or
has none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda_eras.eras import contrast, era_weights
from oda_eras.measures import ROUNDING, wide
from oda_eras.naming import listed, sentence, year_spans
from oda_eras.study import LEVEL, LISTED, RECIPIENTS, Study

VERDICTS = [
    "supported",
    "plausible",
    "imprecise",
    "inconsistent",
    "contradicted",
    "unverified",
    "not checkable",
]
# What does not hold, from the worst on; and what does.
FAULTS = ["contradicted", "inconsistent", "imprecise"]
HOLDING = ["supported", "plausible"]
BASES = ["computed", "document", "article", "none"]
# Tables of the outputs that the checks read.
TABLES = (
    "panel", "japan_totals", "article_oda", "article_figures", "context", "sectors_2012",
    "gross_cells", "ranks", "donor_shares",
)  # fmt: skip
NOT_MADE = "the check could not be made"
# How numbers are printed with units that are not simply put after them.
WITH_UNIT = {
    "year": "{}",
    "count": "{}",
    "rank": "rank {}",
    "percent": "{}%",
    "percent of respondents": "{}% of respondents",
    "ratio": "{} times",
}
# The article's polls and resource shares, by how their ids in article_figures begin.
POLLS_AND_RESOURCES = (
    "poll_", "uranium", "oil", "gas", "coal_rank", "electricity_rank", "manganese", "chromium",
    "lead", "zinc", "titanium", "rare_earths",
)  # fmt: skip
DONOR = Study.donor
# The first and the last access date that the article prints for a web page.
FIRST_ACCESS, LATEST_ACCESS = pd.Timestamp("2025-02-01"), pd.Timestamp("2025-05-20")
# The recipients' printed flows and a printed sum of them, each half of the last digit off.
SUM_TOLERANCE = (len(RECIPIENTS) + 1) * ROUNDING / 2
# A moving quantity without a year may miss by this part of the claimed number.
NEAR = 0.05
# What moves by less than a fifth has not changed.
CHANGE = 0.2


@dataclass(frozen=True)
class Finding:
    """What a check finds: verdict, computed value, arithmetic in words, readings, source tables.

    `like` says whether the computed value measures the same as the claimed one, so that their
    difference means something; where it does not, `unit` is the computed value's own.
    """

    verdict: str
    computed: float
    arithmetic: str
    readings: str = ""
    table: str = "data/panel.csv"
    like: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Check:
    """A check with the verdicts that it can reach, and its rule in words.

    Calling it raises ValueError where the verdict is none of them.
    """

    find: Callable[[dict[str, pd.DataFrame], float], Finding]
    verdicts: tuple[str, ...]
    rule: str

    def __call__(self, tables: dict[str, pd.DataFrame], claimed: float) -> Finding:
        found = self.find(tables, claimed)
        if found.verdict not in self.verdicts:
            raise ValueError(f"{found.verdict}: expected {', '.join(self.verdicts)}")
        return found


CHECKS: dict[str, Check] = {}
# What a check can come to, by what the tables hold: the claimed thing itself; a sign of it; a sign
# whose test may leave it open.
MEASURED = ("supported", "imprecise", "contradicted")
SIGN = ("plausible", "imprecise", "contradicted")
TESTED = ("plausible", "unverified", "contradicted")


def check(*verdicts: str) -> Callable:
    """Enter a function in `CHECKS` under its name, with its docstring as the rule."""

    def enter(find: Callable) -> Callable:
        CHECKS[find.__name__] = Check(find, verdicts, " ".join(find.__doc__.split()))
        return find

    return enter


def verdict_of(words: Iterable[bool], others: Iterable[bool], full: str = "supported") -> str:
    """The full verdict where the claim holds on a reading that its words name or leave open,
    imprecise where it holds on another only, contradicted where it holds on none."""
    return full if any(words) else "imprecise" if any(others) else "contradicted"


def holds(yes: bool) -> str:
    """The word that a reading carries."""
    return "holds" if yes else "fails"


def five_net(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Net ODA of the donor by year and recipient, US$ million."""
    return wide(tables["panel"], DONOR, "net")


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
        "tables/t11_shares.csv",
        like=True,
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
        "tables/t11_shares.csv",
        like=True,
    )


@check("supported", "plausible", "contradicted")
def table_measure(tables, claimed):
    """The 25 cells as gross flows: contradicted where a cell is below the net flow or the grants
    of its year by more than rounding; supported where every cell equals grants or implies a
    constant yen repayment; else plausible."""
    cells = tables["article_oda"].set_index(["recipient", "year"]).gross_usd_million
    floor = pd.concat(
        [wide(tables["panel"], DONOR, m).T.stack() for m in ("net", "grants")], axis=1
    )
    floor = floor.max(axis=1).reindex(cells.index)
    below = int(((floor - cells).round(2) > ROUNDING).sum())
    evidence = tables["gross_cells"].dropna(subset="evidence").evidence
    counts = evidence.value_counts()
    verdict = "contradicted" if below else "plausible" if counts.get("open", 0) else "supported"
    return Finding(
        verdict,
        len(cells) - below,
        f"of {len(cells)} cells are no less than the net flow and the grants in them",
        ", ".join(f"{name}: {n}" for name, n in counts.items()),
        "data/gross_cells.csv",
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
        "data/article_oda.csv",
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
    )


@check(*SIGN)
def rise_after_speech(tables, claimed):
    """How much of a rise from 1993 to 1998 came before the speech of July 1997: plausible where up
    to a tenth came by the end of 1996, imprecise where less than half did; contradicted from a
    half on, or without a rise."""
    flow = total_net(tables)
    rise = flow[1998] - flow[1993]
    by_1996, by_1997 = ((flow[y] - flow[1993]) / rise for y in (1996, 1997))
    return Finding(
        verdict_of([rise > 0 and by_1996 <= 0.1], [rise > 0 and by_1996 < 0.5], "plausible"),
        100 * by_1996,
        f"part of the rise 1993-98 reached by the end of 1996; by 1997 {by_1997:.0%}",
        "yearly flows can't say which loans were agreed before the speech",
        unit="percent",
    )


def _step(tables, before: str, after: str) -> dict:
    flow = total_net(tables)
    filled = tables["eras"].query("scheme == 'filled'")
    weights = era_weights(filled, list(flow.index))
    mean = (flow * weights[before]).sum() / weights[before].sum()
    return contrast(flow, weights[before], weights[after]) | {"mean_before": mean}


@check(*TESTED)
def change_after_2001(tables, claimed):
    """Mean net flow of the eras before and after 11 September 2001: plausible where a permutation
    test tells them apart, contradicted where the 95% interval of their difference lies within a
    fifth of the earlier mean, so that a change can be ruled out; else unverified."""
    step = _step(tables, "E1", "E2")
    margin = CHANGE * abs(step["mean_before"])
    same = -margin <= step["low"] and step["high"] <= margin
    return Finding(
        "plausible" if step["p"] <= LEVEL else "contradicted" if same else "unverified",
        step["difference"],
        f"difference of mean net flow, US$ million; p = {step['p']:.2f} against {LEVEL:g}, "
        f"interval {step['low']:.0f} to {step['high']:.0f} against {margin:.0f} either way",
        "volumes only; visits are not in the data",
        "tables/t04_contrasts.csv",
        unit="US$ million",
    )


@check(*TESTED)
def arc_not_implemented(tables, claimed):
    """Mean net flow of Koizumi's era and of the one after it: plausible where it does not rise,
    contradicted where it rises and a permutation test tells the eras apart, else unverified."""
    step = _step(tables, "E2", "E2b")
    rises = step["difference"] > 0
    verdict = "contradicted" if rises and step["p"] <= LEVEL else "unverified"
    return Finding(
        verdict if rises else "plausible",
        step["difference"],
        f"difference of mean net flow, US$ million; p = {step['p']:.2f} against {LEVEL:g}",
        "volumes only; what the aid was for is not in the data",
        "tables/t04_contrasts.csv",
        unit="US$ million",
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
        "data/donor_shares.csv",
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
    grants (known up to 2022) and the four without Uzbekistan, is named beside them.
    """
    net, total = five_net(tables), total_net(tables)
    series = {
        "net, US$": total,
        "net, share of Japan's bilateral ODA": total / _denominators(tables)["bilateral ODA"],
        "net without Uzbekistan, US$": net.drop(columns="UZB").sum(axis=1, skipna=False),
        "grants, US$": wide(tables["panel"], DONOR, "grants").sum(axis=1, skipna=False),
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
        unit="ratio",
    )


@check(*SIGN)
def attention_increased(tables, claimed):
    """The words name no year since when, so the record since the listing is cut at every possible
    one: plausible where the mean from the cut on is higher for all cuts, in dollars or as a share
    of Japan's bilateral ODA; imprecise where it is for some; else contradicted. Volume is one sign
    of attention among several."""
    return _higher(tables, _cuts, "cuts", "least ratio of the mean from a cut on to that before")


def _opens(tables, era: str) -> pd.Timestamp:
    """The day on which an era opens by the article's own words."""
    return pd.to_datetime(tables["eras"].query("scheme == 'article' and era == @era").opens.iloc[0])


@check(*SIGN)
def attention_after_2022(tables, claimed):
    """Mean since the year of the invasion against the mean of the years before it, from every
    possible first year on, since the words name none: plausible where it is higher for all, in
    dollars or as a share of Japan's bilateral ODA; imprecise where it is for some; else
    contradicted. A fall counts as a rise would. Visits, trade and investment are not in the
    data."""
    means = _baselines(_opens(tables, "E6").year)
    return _higher(tables, means, "first years", "least ratio of the mean since the war to before")


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
    net, war = five_net(tables).UZB, _opens(tables, "E6").year
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
        "data/article_oda.csv",
        unit="percent",
    )


def _context(tables, indicator: str) -> pd.DataFrame:
    rows = tables["context"].query("indicator == @indicator and area in @RECIPIENTS.keys()")
    return rows.pivot(index="year", columns="area", values="value").dropna()


@check(*MEASURED)
def uzbekistan_most_developed(tables, claimed):
    """Supported where Uzbekistan leads the five in GDP per head in the latest year, as development
    is measured; imprecise where it leads in GDP only, which is size; else contradicted."""
    ranks = {}
    for label, indicator in {"GDP per head": "NY.GDP.PCAP.CD", "GDP": "NY.GDP.MKTP.CD"}.items():
        latest = _context(tables, indicator).iloc[-1]
        ranks[label] = int(latest.rank(ascending=False)["UZB"])
    per_head, size = (rank == 1 for rank in ranks.values())
    return Finding(
        verdict_of([per_head], [size]),
        ranks["GDP per head"],
        "rank of Uzbekistan among the five by GDP per head, latest year",
        "; ".join(f"{label}, rank {rank} of 5: {holds(rank == 1)}" for label, rank in ranks.items())
        + "; stability is not in the data",
        "data/context.csv",
        unit="rank",
    )


@check(*MEASURED)
def population(tables, claimed):
    """Supported where the five pass the claimed number in some year up to the article's date,
    imprecise where they come within 5% of it, else contradicted."""
    people = _context(tables, "SP.POP.TOTL").loc[: LATEST_ACCESS.year].sum(axis=1) / 1e6
    passed = people.index[people > claimed]
    since = f"; above {claimed:g} since {passed.min()}" if len(passed) else ""
    return Finding(
        verdict_of([len(passed) > 0], people > (1 - NEAR) * claimed),
        people.iloc[-1],
        f"sum of five, {people.index[-1]}{since}",
        table="data/context.csv",
        like=True,
    )


@check(*MEASURED)
def gdp_total(tables, claimed):
    """The words name no year: supported where the five's GDP of a year from 2020 to the article's
    date is within 5% of the claimed number, imprecise where within 15%, else contradicted."""
    gdp = _context(tables, "NY.GDP.MKTP.CD").loc[2020 : LATEST_ACCESS.year].sum(axis=1) / 1e9
    away = (gdp / claimed - 1).abs()
    best = int(away.idxmin())
    return Finding(
        verdict_of([away[best] <= NEAR], [away[best] <= 3 * NEAR]),
        gdp[best],
        f"sum of five in {best}, the nearest year",
        ", ".join(f"{year}: {value:.0f}" for year, value in gdp.items()),
        "data/context.csv",
        like=True,
    )


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


def _sectors(tables, sectors: list[str], has: Callable[[pd.Series], bool]) -> Finding:
    """Some sectors' part of gross ODA in the one year that is known by sector.

    `has` says of gross ODA by sector whether the claim holds on it. The five together decide.
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
    part = largest.gross_usd_million / rows.gross_usd_million.sum()
    named = listed([SECTOR_NAMES[sector] for sector in sectors])
    form = INSTRUMENT_NAMES.get(largest.instrument, largest.instrument)
    return Finding(
        verdict_of([held["the five together"]], held.values(), "plausible"),
        share["the five together"],
        f"percent of gross ODA to the five in one year (2012) that went to {named}; the "
        f"largest flow ({country}, {SECTOR_NAMES[largest.sector]}, {form}) is {part:.0%} of all; "
        f"without {country} {share[f'without {country}']:.0f}%; one year says nothing of others",
        "; ".join(f"{name} {share[name]:.0f}%: {holds(yes)}" for name, yes in held.items()),
        "data/sectors_2012.csv",
        unit="percent",
    )


@check(*SIGN)
def aid_infrastructure(tables, claimed):
    """Plausible where infrastructure is the largest sector of gross ODA to the five together in the
    one year that is known by sector; imprecise where it is so without the country of the largest
    flow, without loans or in one recipient only; else contradicted."""
    return _sectors(tables, ["Infrastructure"], lambda sums: sums.idxmax() == "Infrastructure")


# Sectors of sectors_2012 that serve production, trade or transport.
ECONOMIC = ["Infrastructure", "Agri & food", "Ind & trade", "Bank & business"]


@check(*SIGN)
def economic_projects(tables, claimed):
    """Plausible where economic sectors hold more than half of gross ODA to the five together in the
    one year that is known by sector; imprecise where they do so without the country of the largest
    flow, without loans or in one recipient only; else contradicted."""
    return _sectors(
        tables, ECONOMIC, lambda sums: sums[sums.index.isin(ECONOMIC)].sum() > sums.sum() / 2
    )


@check("supported", "imprecise", "inconsistent")
def war_dates(tables, claimed):
    """The span of the war that the article states against the first and the last of its own access
    dates: supported where both lie within half a year, imprecise where one does, else
    inconsistent."""
    begins = _opens(tables, "E6")
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
        "data/eras.csv",
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
        "data/eras.csv",
        unit="years",
    )


@check(*MEASURED)
def koizumi_in_period(tables, claimed):
    """Koizumi's first day against 11 September 2001: supported after it; imprecise up to a year
    before, since he governed in the period without coming to power in it; else contradicted."""
    begins, opens = _opens(tables, "E2"), _term(tables, "Koizumi").opens
    days = (opens - begins).days
    return Finding(
        verdict_of([days >= 0], [days >= -365]),
        days,
        f"from {begins.date()} to {opens.date()}, when he took office",
        f"the 2000s of the heading: {holds(opens.year >= 2000)}; after the attacks: "
        f"{holds(days >= 0)}",
        "data/eras.csv",
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
        table="data/eras.csv",
        like=True,
    )


def claimed_text(value: float, unit: str) -> str:
    """A claimed number with its unit as the article prints it, never rounded; a calendar year
    takes neither separator nor unit. Empty where there is none."""
    if pd.isna(value):
        return ""
    number = f"{value:.15g}" if unit == "year" else f"{value:,.15g}"
    return WITH_UNIT.get(unit, f"{{}} {unit}").format(number)


def computed_text(value: float, claimed: float, unit: str) -> str:
    """A computed number to four digits, or to as many as the claimed one needs, with its unit."""
    if pd.isna(value):
        return ""
    decimals = 0 if pd.isna(claimed) else len(f"{claimed:.15g}".partition(".")[2])
    digits = max(4, len(f"{abs(value):.0f}") + decimals)
    number = f"{value:.{digits}g}" if unit == "year" else f"{value:,.{digits}g}"
    return WITH_UNIT.get(unit, f"{{}} {unit}").format(number.replace("-", "−"))


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
        Columns id, section, claim, kind, claimed_value, unit, computed, computed_unit,
        difference, verdict, basis ("computed", "document", "none"), arithmetic, readings, rule (of
        the check),
        source, evidence. A check that raises, or whose input is missing, gives "unverified" with
        the reason.

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
                found = Finding("unverified", np.nan, f"{NOT_MADE} ({reason})", table="")
            row |= {
                "computed": found.computed,
                "computed_unit": claim["unit"] if found.like else found.unit,
                "difference": found.computed - claim["claimed_value"] if found.like else np.nan,
                "verdict": found.verdict,
                "basis": "computed",
                "arithmetic": found.arithmetic,
                "readings": found.readings,
                "rule": CHECKS[check].rule,
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
                "computed_unit": "",
                "difference": np.nan,
                "verdict": verdict,
                "basis": claim["evidence"],
                "arithmetic": f"needs: {needs}" if verdict == "unverified" and needs else note,
                "readings": "",
                "rule": "",
                "source": document,
            }
        rows.append(row | {"evidence": claim["evidence"]})
    return pd.DataFrame(rows)


def not_made(ledger: pd.DataFrame) -> list[str]:
    """The checks that could not be made, as "id: reason"; `ledger` is what `judge` returns."""
    rows = ledger[ledger.arithmetic.str.startswith(NOT_MADE)]
    return [f"{row.id}: {row.arithmetic}" for row in rows.itertuples()]


def by_basis(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count claims by verdict and by what it rests on.

    Returns columns verdict, one for each of `BASES`, and all; the last row is all verdicts.
    """
    counts = pd.crosstab(ledger.verdict, ledger.basis).reindex(
        index=VERDICTS, columns=BASES, fill_value=0
    )
    counts.loc["all verdicts"] = counts.sum()
    return counts.assign(all=counts.sum(axis=1)).reset_index()


def by_section(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count claims by section and verdict, zeros included, for the verdicts that occur.

    Returns columns section, verdict, claims: sections as the article has them within verdicts in
    the order of `VERDICTS`.
    """
    counts = pd.crosstab(ledger.section, ledger.verdict).reindex(
        index=ledger.section.unique(), columns=[v for v in VERDICTS if v in set(ledger.verdict)]
    )
    return counts.reset_index().melt("section", var_name="verdict", value_name="claims")


def shares_by_section(counts: pd.DataFrame, least: int = 5) -> pd.DataFrame:
    """The parts of each section's claims that hold and that stay open, from 0 to 1.

    Parameters
    ----------
    counts : DataFrame
        What `by_section` returns.
    least : int
        Sections with fewer claims are left out: a share of one or two says nothing.

    Returns
    -------
    DataFrame
        Index section; columns holding (supported or plausible) and unverified.
    """
    wide_counts = counts.pivot(index="section", columns="verdict", values="claims")
    wide_counts = wide_counts.reindex(columns=VERDICTS, fill_value=0)
    parts = wide_counts.div(wide_counts.sum(axis=1), axis=0)
    shares = pd.DataFrame({"holding": parts[HOLDING].sum(axis=1), "unverified": parts.unverified})
    return shares[wide_counts.sum(axis=1) >= least]


def faulted(ledger: pd.DataFrame) -> pd.DataFrame:
    """The claims that do not hold or hold only nearly, the worst first."""
    rows = ledger[ledger.verdict.isin(FAULTS)]
    return rows.sort_values("verdict", key=lambda v: v.map(FAULTS.index), kind="stable")


def borne_out(ledger: pd.DataFrame) -> pd.DataFrame:
    """The claims that hold, or do not fail, by a check of this run."""
    return ledger[(ledger.basis == "computed") & ledger.verdict.isin(HOLDING)]


def printed(ledger: pd.DataFrame) -> pd.DataFrame:
    """Rows of a ledger as tables print them: claimed and computed numbers as text, and a column
    why, which puts the readings that a check tried after its arithmetic."""
    numbers = ledger[["claimed_value", "computed", "unit", "computed_unit"]].to_dict("records")
    arithmetic = ledger.arithmetic.map(sentence)
    readings = (". " + ledger.readings.map(sentence)).where(ledger.readings != "", "")
    return ledger.assign(
        claimed_value=[claimed_text(row["claimed_value"], row["unit"]) for row in numbers],
        computed=[
            computed_text(row["computed"], row["claimed_value"], row["computed_unit"])
            for row in numbers
        ],
        arithmetic=arithmetic,
        why=arithmetic + readings,
    )


def polls_and_resources(
    figures: pd.DataFrame, claims: pd.DataFrame, ledger: pd.DataFrame
) -> pd.DataFrame:
    """The article's polls and resource shares with the verdicts on them.

    Parameters
    ----------
    figures, claims, ledger : DataFrame
        article_figures, data/claims.csv, and what `judge` returns.

    Returns
    -------
    DataFrame
        A row for each figure: figure, subject, quantity, period, value, unit, and id, verdict,
        arithmetic and source of the claim that gives it, missing where none does.

    Raises pandas' MergeError where two claims give one figure.
    """
    given = figures[figures.figure.str.startswith(POLLS_AND_RESOURCES)]
    judged = (
        claims[["id", "figure"]]
        .dropna()
        .merge(ledger[["id", "verdict", "arithmetic", "source"]], on="id")
    )
    columns = ["figure", "subject", "quantity", "period", "value", "unit"]
    return given[columns].merge(judged, on="figure", how="left", validate="one_to_one")
