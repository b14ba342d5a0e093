"""Checks of the article's claims on energy, people, investment, votes, and what documents print."""

import pandas as pd

from oda_eras.checks_flows import context, era_opens, flow_table
from oda_eras.eras import majority_era
from oda_eras.findings import (
    CHANGE,
    DONOR,
    MEASURED,
    NEAR,
    SIGN,
    Finding,
    check,
    claimed_text,
    holds,
    verdict_of,
)
from oda_eras.naming import listed
from oda_eras.study import RECIPIENTS

# Where an economy rank or a share of reserves is one country's, it is named by it.
POWERS = {"USA": "the USA", "RUS": "Russia", "CHN": "China"}


def _energy(tables, item: str) -> pd.DataFrame:
    rows = tables["energy"]
    return rows[(rows["item"] == item) & rows.area.isin(list(RECIPIENTS))]


def _world_share(name: str, item: str) -> None:
    def find(tables, claimed):
        """The shares of world reserves of the countries that the source lists by name: supported
        where their sum is within 5% of the claimed share, imprecise where it is within a fifth or
        the share of one country alone is within 5%, else contradicted."""
        rows = _energy(tables, item)
        shares = rows.set_index("area").share_percent
        total, largest = shares.sum(), shares.idxmax()
        exact, near = (abs(total / claimed - 1) <= part for part in (NEAR, CHANGE))
        alone = bool(((shares / claimed - 1).abs() <= NEAR).any())
        each = listed([f"{RECIPIENTS[code]} {share:.2f}%" for code, share in shares.items()])
        return Finding(
            verdict_of([exact], [near, alone]),
            total,
            f"world {item} at the end of {rows.year.max()}: {each}; others are not listed by name; "
            f"the claimed figure with its decimal point one place to the left is "
            f"{claimed / 10:.2f}%",
            f"{RECIPIENTS[largest]} alone {shares[largest]:.2f}%: {holds(alone)}; "
            f"the countries listed together {total:.2f}%: {holds(exact)}",
            "energy",
            like=True,
            facts={
                "largest": RECIPIENTS[largest],
                "alone": shares[largest],
                "year": int(rows.year.max()),
                "shifted": claimed / 10,
            },
        )

    find.__name__ = name
    check(*MEASURED)(find)


_world_share("oil_reserves", "oil reserves")
_world_share("gas_reserves", "gas reserves")


def _world_rank(name: str, item: str) -> None:
    def find(tables, claimed):
        """Ranks are of countries that the source lists by name, and a region ranks at least as high
        as its first country. Supported where only one of the five is listed and has the claimed
        rank in every year at hand; imprecise where several are and one of them has it;
        contradicted where one of them ranks higher, so that the region does too; else unverified,
        since the region could have the rank, as other countries' output is not at hand."""
        rows = _energy(tables, item)
        by_year = rows.pivot(index="year", columns="area", values="rank")
        best = by_year.min(axis=1)
        one = by_year.shape[1] == 1
        has = bool((best == claimed).all())
        higher = bool((best < claimed).all())
        latest = rows[rows.year == rows.year.max()].set_index("area")
        lists = listed([f"{RECIPIENTS[a]} {r:.0f}" for a, r in latest["rank"].items()])
        first = RECIPIENTS[latest["rank"].idxmin()]
        total, unit = latest.value.sum(), latest.unit.iloc[0]
        verdict = "contradicted" if higher else "imprecise" if has else "unverified"
        return Finding(
            "supported" if has and one else verdict,
            best.iloc[-1],
            f"rank of {first}, the first of the five, in {rows.year.max()}",
            f"{first} alone: {holds(has)}; the countries that the source lists singly are {lists}; "
            f"the region, {total:.0f} {unit} or more, ranks between 1 and {best.iloc[-1]:.0f}: "
            "not told, other countries' output is not at hand",
            "energy",
            like=True,
            facts={"first": first},
        )

    find.__name__ = name
    check("supported", "imprecise", "contradicted", "unverified")(find)


_world_rank("coal_rank", "coal production")
_world_rank("electricity_rank", "electricity generation")


@check(*MEASURED)
def population_growth(tables, claimed):
    """Growth of the five's population against that of the world's regions in the year that a
    document gives: supported where at most one region grows faster, imprecise where fewer than half
    do, else contradicted."""
    regions = tables["excerpts"].set_index("reading").value
    year = int(tables["excerpts"].period.iloc[0])
    people = context(tables, "SP.POP.TOTL").sum(axis=1)
    growth = 100 * (people[year] / people[year - 1] - 1)
    faster = int((regions > growth).sum())
    return Finding(
        verdict_of([faster <= 1], [faster < len(regions) / 2]),
        growth,
        f"growth of the five's population in {year}; {faster} of {len(regions)} regions faster",
        "; ".join(
            f"faster than {name} ({value:g}%): {holds(value < growth)}"
            for name, value in regions.items()
        ),
        "context, excerpts",
        unit="percent",
    )


def _positions(tables) -> pd.Series:
    """The donor's direct investment in each partner, US$ million, in the last year at hand."""
    outward = tables["direct_investment"].query("direction == 'outward'")
    return outward.sort_values("year").groupby("partner").position_usd_million.last()


@check(*MEASURED)
def investment_modest(tables, claimed):
    """Modest against the weight that Japan has as a donor, which the sentence names: supported
    where its direct investment position is, as a part of all inflows since 1992, no more than half
    of its part of all net ODA of DAC donors, in every partner at hand; imprecise where it is
    smaller in some; else contradicted."""
    positions = _positions(tables)
    inflows = context(tables, "BX.KLT.DINV.CD.WD", whole=False)[positions.index].sum() / 1e6
    aid = tables["donor_shares"].groupby("recipient")[["usd_million", "total"]].sum()
    aid = (aid.usd_million / aid.total)[positions.index]
    invested = positions / inflows
    each = invested <= aid / 2
    names = positions.index.map(RECIPIENTS)
    return Finding(
        verdict_of([each.all()], [(invested < aid).any()]),
        100 * positions.sum() / inflows.sum(),
        "Japan's direct investment position over all inflows since 1992, "
        f"{listed(list(names))} together; the positions are what the partners report",
        "; ".join(
            f"{name}, {invested[code]:.1%} of investment and {aid[code]:.0%} of aid: "
            f"{holds(each[code])}"
            for code, name in zip(positions.index, names, strict=True)
        ),
        "direct_investment, context, donor_shares",
        unit="percent",
    )


@check(*SIGN)
def oda_main_instrument(tables, claimed):
    """ODA against direct investment, the other money of which a table is at hand: plausible where
    all gross ODA that is known is larger than Japan's direct investment position in most partners
    at hand, imprecise where it is in one, else contradicted. Investment is firms' and not the
    state's; other official flows and trade are in no table."""
    positions = _positions(tables)
    gross = flow_table(tables, "gross", "current").groupby("recipient").low.sum()
    larger = gross[positions.index] > positions
    return Finding(
        verdict_of([larger.mean() > 0.5], [larger.any()], "plausible"),
        int(larger.sum()),
        f"of {len(larger)} partners in which Japan's gross ODA of 1992-2023 exceeds its direct "
        "investment position",
        "; ".join(
            f"{RECIPIENTS[code]}, ODA {gross[code]:,.0f} or more and investment "
            f"{positions[code]:,.0f} million: {holds(larger[code])}"
            for code in positions.index
        ),
        "flows, direct_investment",
        unit="partners",
    )


def agreement(tables: dict[str, pd.DataFrame], country: str | list[str]) -> pd.DataFrame:
    """Part of the votes of the UN General Assembly that one country, or the mean of several, cast
    as each of `POWERS` did, by year."""
    rows = tables["ideal_points"]
    rows = rows[rows.country.isin([country] if isinstance(country, str) else country)]
    columns = {
        "agrees_with_usa": "USA", "agrees_with_russia": "RUS", "agrees_with_china": "CHN"
    }  # fmt: skip
    return rows.groupby("year")[list(columns)].mean().rename(columns=columns)


def alignment(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """`agreement` of Japan and of the five in the mean, in percent.

    Returns columns who, year, and one for each power by its name, in the order of `POWERS`.
    """
    parts = {"Japan": agreement(tables, DONOR), "the five": agreement(tables, list(RECIPIENTS))}
    names = {code: name.removeprefix("the ") for code, name in POWERS.items()}
    return pd.concat(
        [
            (100 * votes[list(POWERS)].rename(columns=names)).round(1).reset_index().assign(who=who)
            for who, votes in parts.items()
        ],
        ignore_index=True,
    )[["who", "year", *names.values()]]


def alignment_by_era(votes: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """Means of `alignment` by era, each year in the era that holds most of its days.

    Returns columns who, era, n (years) and one for each power; years without an era are left out.
    """
    era = majority_era(eras, sorted(votes.year.unique()))
    powers = [c for c in votes if c not in ("who", "year")]
    grouped = votes.assign(era=votes.year.map(era)).groupby(["who", "era"], sort=False)
    return pd.concat([grouped.size().rename("n"), grouped[powers].mean()], axis=1).reset_index()


@check(*SIGN)
def ties_with_russia(tables, claimed):
    """Votes in the UN General Assembly as a sign of ties, 1992-99: plausible where the five voted
    with Russia more often than with the USA and with China, in the mean and in two thirds of the
    years; imprecise where in the mean only, or more than with one of the two; else contradicted.
    Trade and treaties are in no table."""
    votes = agreement(tables, list(RECIPIENTS)).loc[1992:1999]
    mean = votes.mean()
    others = [code for code in POWERS if code != "RUS"]
    first = (votes.idxmax(axis=1) == "RUS").sum()
    most = {code: bool(mean[code] < mean.RUS) for code in others}
    often = first >= len(votes) * 2 / 3
    return Finding(
        verdict_of([all(most.values()) and often], most.values(), "plausible"),
        100 * mean.RUS,
        f"part of votes that the five cast as Russia did, mean of {len(votes)} years; with Russia "
        f"most often in {first} of them",
        "; ".join(
            f"more than with {POWERS[code]} ({mean[code]:.0%}): {holds(yes)}"
            for code, yes in most.items()
        ),
        "ideal_points",
        unit="percent",
        facts={"first": first, "years": len(votes)},
    )


@check(*SIGN)
def relations_with_russia(tables, claimed):
    """Votes in the UN General Assembly as a sign of relations, of which the table knows the years
    from 1991 on: plausible where Japan voted with Russia less often in each year since the invasion
    than in any before, imprecise where in the mean only, else contradicted."""
    votes, war = agreement(tables, DONOR).RUS, era_opens(tables, "E6").year
    before, since = votes.loc[: war - 1], votes.loc[war:]
    lowest, lower = since.max() < before.min(), since.mean() < before.mean()
    return Finding(
        verdict_of([lowest], [lower], "plausible"),
        100 * since.mean(),
        f"part of votes that Japan cast as Russia did, mean of {len(since)} years from {war} on; "
        f"{before.mean():.0%} in the {len(before)} years before",
        f"the lowest of all years: {holds(lowest)}, {since.max():.0%} at most since and "
        f"{before.min():.0%} at least before; lower than the mean before: {holds(lower)}; the "
        "years before 1991 are not in the data",
        "ideal_points, eras",
        unit="percent",
    )


@check(*SIGN)
def western_camp(tables, claimed):
    """Votes in the UN General Assembly as a sign of a camp, 1992-96: plausible where Japan's ideal
    point lies nearer to that of the USA than to those of Russia and China in most years; imprecise
    where it only lies nearer to the USA's than Russia's, China's and the five's points do, in the
    mean; else contradicted. Alliances are in no table."""
    rows = tables["ideal_points"]
    points = rows.pivot(index="year", columns="country", values="ideal_point").loc[1992:1996]
    away = {code: (points[DONOR] - points[code]).abs() for code in POWERS}
    nearest = pd.DataFrame(away).idxmin(axis=1)
    near = int((nearest == "USA").sum())
    mean = points.mean()
    closest = mean[DONOR] > mean[["RUS", "CHN", *RECIPIENTS]].max()
    return Finding(
        verdict_of([near > len(points) / 2], [closest], "plausible"),
        mean[DONOR],
        f"Japan's ideal point, mean of {len(points)} years; the USA {mean.USA:.2f}, Russia "
        f"{mean.RUS:.2f}, China {mean.CHN:.2f}",
        f"nearer to the USA than Russia, China and each of the five: {holds(closest)}; nearer to "
        f"the USA than to Russia and China: {holds(near > len(points) / 2)}, in {near} of "
        f"{len(points)} years",
        "ideal_points",
        unit="points",
        facts={"usa": mean.USA, "russia": mean.RUS},
    )


@check("supported", "plausible", "imprecise", "contradicted")
def document_figure(tables, claimed):
    """What documents print on the readings that the words name: supported where all of them are the
    claimed number within half its last digit, or within 5% where the quantity moves and the claim
    names no year; plausible where they are but no document is by the body that made the number;
    imprecise where some are, or a reading named or not is within a fifth (a year, a rank: within
    one); else contradicted. A figure that a document does not print fails its reading."""
    rows = tables["excerpts"]
    decimals = len(f"{claimed:.15g}".partition(".")[2])
    single = rows.unit.isin(["year", "rank"]).all()
    half = 0.5 * 10**-decimals
    within = (NEAR * abs(claimed) if (rows.moves == "yes").all() else 0) or half
    away = (rows.value - claimed).abs()
    named = rows.named == "yes"
    exact = away <= within + 1e-9
    near = away <= (1 if single else CHANGE * abs(claimed)) + 1e-9
    own = (rows.first_hand == "yes").any()
    whole = bool(exact[named].all() and named.any())
    best = rows.value[away.idxmin()] if away.notna().any() else float("nan")
    verdict = verdict_of([whole], [exact.any(), near.any()], "supported" if own else "plausible")
    each = len(rows) > 1
    return Finding(
        verdict,
        best,
        f"the nearest of the {len(rows)} readings" if each else "the figure that a document prints",
        "; ".join(
            f"{row.reading}, no such figure is printed: fails"
            if pd.isna(row.value)
            else f"{row.reading}, {claimed_text(row.value, row.unit)}: "
            f"{holds(exact[row.Index]) if exact[row.Index] or not near[row.Index] else 'near'}"
            for row in rows.itertuples()
        ),
        "excerpts",
        like=True,
        facts=dict(zip("abcdef", rows.value, strict=False)),
    )
