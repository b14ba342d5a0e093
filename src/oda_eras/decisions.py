"""When loans were agreed, on which terms, how much was committed, and when it was drawn.

Agreements are rows of agreements.csv, in yen million; `eras` is one scheme of data/eras.csv with
dates. What is known only within a range carries `_low` and `_high`: a day within a range of dates,
an amount that is an upper bound (Kyrgyz commitments, which hold grants), a draw that no source
prints. A loan in dollars has no amount in yen, and no bound above.
"""

import numpy as np
import pandas as pd

from oda_eras import flows
from oda_eras.measures import ALL, WITHOUT_UZB
from oda_eras.patterns import SECTORS
from oda_eras.study import Study

# Of Japan's commitments to these recipients debt relief is so much that it moves the world's sum.
DEBT_RELIEF = ["IRQ", "NGA", "MMR"]
# the donors and banks that a run's own donor is set beside, all from the CRS
OTHERS = [
    "JPN", "KOR", "DEU", "Asian Development Bank", "International Development Association"
]  # fmt: skip
UPPER_BOUND = "CRS commitments"  # basis of a row whose amount holds grants too
CHINA = "China"
PARTS = [0.0, 0.5, 1.0]  # of an agreement: its first yen, half of it, its last
BILLION = 1000  # million


def of_study(agreements: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The agreements with a study's recipients; none where its donor is not Japan.

    Adds columns amount_low and amount_high, yen million: equal where the amount is known.
    """
    own = agreements[agreements.recipient.isin(study.recipients) & (study.donor == "JPN")]
    amount, bound = own.amount_yen_million, own.basis == UPPER_BOUND
    return own.assign(
        amount_low=amount.mask(bound).fillna(0.0), amount_high=amount.fillna(np.inf)
    ).reset_index(drop=True)


def signed_when(agreements: pd.DataFrame) -> pd.Series:
    """When each agreement was signed as text: a day, or the first and last that it can have."""
    one = agreements.signed_from == agreements.signed_to
    ends = agreements.signed_from + " to " + agreements.signed_to
    return agreements.signed_from.where(one, ends)


def era_of(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.Series:
    """The era in which each agreement was signed; "E1 to E2" where its dates reach from one into
    another, "" where they lie in none.
    """
    held = pd.DataFrame(index=agreements.index)
    for era, opens, closes in zip(eras.era, eras.opens, eras.closes, strict=True):
        # ISO dates compare as text
        before = agreements.signed_from < (closes if isinstance(closes, str) else "9999")
        held[era] = before & (agreements.signed_to >= opens)
    named = [list(held.columns[row]) for row in held.to_numpy(dtype=bool)]
    ends = [" to ".join(dict.fromkeys([some[0], some[-1]]) if some else []) for some in named]
    return pd.Series(ends, index=agreements.index, dtype=object)


def _in_order(found: pd.Series, eras: pd.DataFrame) -> list[str]:
    """Eras and pairs of them that occur, in the order of time."""
    order = list(eras.era)
    place = {e: [order.index(part) for part in e.split(" to ")] for e in found.unique() if e}
    return sorted(place, key=lambda era: (np.mean(place[era]), place[era]))


def signed_by_era(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """What was signed in each era, in all and by recipient.

    Returns era (see `era_of`), agreements, occasions (agreements of one recipient and date are
    one), amount_low and amount_high (billion yen; the loan in dollars is left out), largest (the
    largest occasion's share of the known amounts, percent), then amount_high by recipient, empty
    where no amount is known. Commitments that stand for Kyrgyz loans count in amount_high only.
    """
    rows = agreements.assign(era=era_of(agreements, eras))
    rows["finite"] = rows.amount_high.where(np.isfinite(rows.amount_high))
    by_era = rows.groupby("era")
    occasions = rows.groupby(["era", "recipient", "signed_from", "signed_to"]).amount_low.sum()
    known = by_era.amount_low.sum()
    table = pd.DataFrame(
        {
            "agreements": by_era.size(),
            "occasions": occasions.groupby("era").size(),
            "amount_low": known / BILLION,
            "amount_high": by_era.finite.sum(min_count=1) / BILLION,
            "largest": (100 * occasions.groupby("era").max() / known).where(known > 0),
        }
    )
    recipients = rows.dropna(subset="finite").pivot_table(
        index="era", columns="recipient", values="finite", aggfunc="sum"
    )
    recipients /= BILLION
    return table.join(recipients).reindex(_in_order(rows.era, eras)).rename_axis("era")


def by_sector(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """Yen million signed by sector (index, largest first) and era; sectors and amounts known."""
    rows = agreements.assign(era=era_of(agreements, eras))
    rows = rows[rows.amount_low > 0]
    wide = rows.pivot_table(index="sector", columns="era", values="amount_low", aggfunc="sum")
    wide = wide.reindex(columns=_in_order(rows.era, eras))
    return wide.assign(total=wide.sum(axis=1)).sort_values("total", ascending=False)


def with_terms(agreements: pd.DataFrame) -> pd.DataFrame:
    """Agreements with what is printed of their terms in columns of their own.

    Adds rate (percent a year, of the main part; missing for a floating one), maturity and grace
    (years) and tied ("tied", "untied" or "not printed"); numbers are missing where nothing is
    printed.
    """
    terms = agreements.terms.fillna("").astype(str)
    years = terms.str.extract(r"(?P<maturity>\d+)/(?P<grace>\d+) y").astype(float)
    untied = terms.str.contains(r"\buntied", regex=True)
    tied = terms.str.contains(r"\btied|STEP", regex=True) & ~untied
    return agreements.assign(
        rate=terms.str.extract(r"^(\d+\.?\d*)%")[0].astype(float),
        maturity=years.maturity,
        grace=years.grace,
        tied=np.select([tied, untied], ["tied", "untied"], "not printed"),
    )


def terms_by_era(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """Terms by era, over the agreements that print them.

    Returns era, agreements, rates (how many print one), then smallest and largest rate, maturity
    and grace (rate_low, rate_high and so on), and the counts tied, untied and not_printed. Rows
    that only stand for loans (`UPPER_BOUND`) are left out.
    """
    rows = with_terms(agreements[agreements.basis != UPPER_BOUND])
    rows = rows.assign(era=era_of(rows, eras))
    groups = rows.groupby("era")
    table = pd.DataFrame({"agreements": groups.size(), "rates": groups.rate.count()})
    for column in ("rate", "maturity", "grace"):
        table[f"{column}_low"] = groups[column].min()
        table[f"{column}_high"] = groups[column].max()
    for name in ("tied", "untied", "not printed"):
        table[name.replace(" ", "_")] = (rows.tied == name).groupby(rows.era).sum()
    return table.reindex(_in_order(rows.era, eras)).rename_axis("era").reset_index()


def loans_drawn(rows: pd.DataFrame) -> pd.DataFrame:
    """Loans drawn by recipient and year, yen million: columns recipient, year, low, high.

    `rows` is flows.csv. Ends with the last year that is known of every recipient. A difference
    that rounding takes below zero counts as nothing drawn; where a bound is missing anything from
    nothing on may have been drawn.
    """
    own = rows[(rows.measure == "gross_loans") & (rows.price_basis == "yen")]
    settled = own[own.value.notna()].groupby("recipient").year.max()
    last = settled.min() if len(settled) == own.recipient.nunique() else None
    kept = own[own.year <= last] if last is not None else own.iloc[:0]
    kept = kept.sort_values(["recipient", "year"], ignore_index=True)
    kept = kept.assign(
        low=kept.low.fillna(0).clip(lower=0), high=kept.high.fillna(np.inf).clip(lower=0)
    )
    return kept[["recipient", "year", "low", "high"]]


def signed_and_drawn(agreements: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Cumulative yen million signed and drawn at each year's end, for recipients with agreements.

    `drawn` is the result of `loans_drawn`. Returns recipient, year, signed_low, signed_high,
    drawn_low, drawn_high, undrawn_low and undrawn_high. The loan in dollars is not in signed; draws
    since its signing may be its own, which undrawn_high allows for. Undrawn includes what was
    cancelled.
    """
    parts = []
    for recipient, own in agreements.groupby("recipient"):
        flow = drawn[drawn.recipient == recipient].set_index("year")
        years = flow.index.to_numpy()
        in_yen = own[np.isfinite(own.amount_high)]
        others = own[~np.isfinite(own.amount_high)].signed_from.str[:4].astype(int)
        surely = flow.low.where(years < others.min(), 0) if len(others) else flow.low
        table = pd.DataFrame(
            {
                "recipient": recipient,
                "year": years,
                "signed_low": _signed_by(in_yen.amount_low, in_yen.signed_to, years),
                "signed_high": _signed_by(in_yen.amount_high, in_yen.signed_from, years),
                "drawn_low": flow.low.cumsum().to_numpy(),
                "drawn_high": flow.high.cumsum().to_numpy(),
            }
        )
        low = (table.signed_low - table.drawn_high).clip(lower=0)
        high = (table.signed_high - surely.cumsum().to_numpy()).clip(lower=0)
        parts.append(table.assign(undrawn_low=low, undrawn_high=high))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=DRAWN_COLUMNS)


DRAWN_COLUMNS = [
    "recipient", "year", "signed_low", "signed_high", "drawn_low", "drawn_high", "undrawn_low",
    "undrawn_high",
]  # fmt: skip


def _signed_by(amounts: pd.Series, dates: pd.Series, years: np.ndarray) -> np.ndarray:
    signed = dates.str[:4].astype(int).to_numpy()
    return np.array([amounts[signed <= year].sum() for year in years], dtype=float)


def first_in_first_out(agreements: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """When each agreement was drawn if a recipient draws its loans in the order of signing.

    `drawn` is the result of `loans_drawn`. Returns the agreements with an amount in yen that are no
    upper bounds: recipient, project, signed_from, signed_to, amount_yen_million, then the range
    of years in which its first yen, half of it and its last were drawn (first_from, first_to,
    half_from, half_to, last_from, last_to; missing where that is not reached by the last year
    known), and the lag to half of it in years (lag_from, lag_to: from day of signing to the year's
    first and last day). Earliest, older agreements are as small and draws as large as they can be;
    latest, the other way about.
    """
    parts = []
    for recipient, own in agreements.groupby("recipient", sort=False):
        own = own[np.isfinite(own.amount_high)]
        flow = drawn[drawn.recipient == recipient].set_index("year")
        before_low = own.amount_low.cumsum() - own.amount_low
        before_high = own.amount_high.cumsum() - own.amount_high
        table = own.copy()
        for name, part in zip(("first", "half", "last"), PARTS, strict=True):
            earliest = before_low + part * own.amount_low
            latest = before_high + part * own.amount_high
            own_part, signed = part * own.amount_low, own.signed_from.str[:4].astype(int)
            table[f"{name}_from"] = _reached(earliest, own_part, signed, flow.high)
            table[f"{name}_to"] = _reached(latest, own_part, signed, flow.low)
        parts.append(table[table.basis != UPPER_BOUND])
    if not parts:
        return pd.DataFrame(columns=FIFO_COLUMNS)
    rows = pd.concat(parts).sort_index()
    day = {side: pd.to_datetime(rows[f"signed_{side}"]) for side in ("from", "to")}
    position = {s: d.dt.year + (d.dt.day_of_year - 1) / 365.25 for s, d in day.items()}
    rows["lag_from"] = (rows.half_from - position["to"]).clip(lower=0)
    rows["lag_to"] = rows.half_to + 1 - position["from"]
    return rows[FIFO_COLUMNS].reset_index(drop=True)


FIFO_COLUMNS = [
    "recipient", "project", "signed_from", "signed_to", "amount_yen_million", "first_from",
    "first_to", "half_from", "half_to", "last_from", "last_to", "lag_from", "lag_to",
]  # fmt: skip


def _reached(amounts, own, signed, flow: pd.Series) -> pd.Series:
    """The first year in which the sum of a flow reaches each of `amounts`, and that since the year
    of signing reaches `own`: what was drawn before a loan was signed is not of it.
    """
    found = []
    for amount, part, year in zip(amounts, own, signed, strict=True):
        since = flow.loc[year:]
        there = (flow.cumsum().loc[year:] >= amount) & (since.cumsum() >= part) & (since > 0)
        found.append(since.index[there].min())
    return pd.Series(found, index=amounts.index, dtype=float)


def lags_by_recipient(queue: pd.DataFrame) -> pd.DataFrame:
    """Mean lag from signing to half drawn, weighted by amount (`first_in_first_out`).

    Over agreements half drawn for certain: recipient, agreements, half_drawn (how many of them
    that is), lag_from, lag_to (years).
    """
    rows = []
    for recipient, own in queue.groupby("recipient"):
        done = own[own.half_to.notna()]
        weights = done.amount_yen_million / done.amount_yen_million.sum()
        lags = {end: (done[end] * weights).sum(min_count=1) for end in ("lag_from", "lag_to")}
        rows.append(
            {"recipient": recipient, "agreements": len(own), "half_drawn": len(done)} | lags
        )
    columns = ["recipient", "agreements", "half_drawn", "lag_from", "lag_to"]
    return pd.DataFrame(rows, columns=columns)


def older_decisions(
    agreements: pd.DataFrame, drawn: pd.DataFrame, eras: pd.DataFrame, years: pd.Series
) -> pd.DataFrame:
    """How much of an era's loan draws can, and must, come from agreements older than the era.

    A draw can't be assigned to an agreement, but it can't exceed what is left of those that were
    signed: what was drawn up to some year beyond all that the era itself had signed by the end of
    that year must be older, and no more can be older than was left undrawn when it opened.

    Parameters
    ----------
    agreements : DataFrame
        Result of `of_study`.
    drawn : DataFrame
        Result of `loans_drawn`, yen million.
    eras : DataFrame
        One scheme with dates.
    years : Series
        Era by calendar year (`oda_eras.eras.majority_era`): a draw's day is not known.

    Returns
    -------
    DataFrame
        era, recipient (and `ALL`, where there are several), drawn_low and drawn_high, older_low
        and older_high (yen million), share_low and share_high (percent of the draws; missing where
        nothing need have been drawn). Only recipients with agreements, and eras with draws.
    """
    rows = []
    draws = drawn.assign(era=drawn.year.map(years))
    for era, opens in zip(eras.era, eras.opens, strict=True):
        inside = draws[draws.era == era]
        if inside.empty:
            continue
        first, last = years.index[years == era].min(), inside.year.max()
        parts = []
        for recipient, own in agreements.groupby("recipient"):
            flow = inside[inside.recipient == recipient]
            earlier = drawn[(drawn.recipient == recipient) & (drawn.year < first)].low.sum()
            # signed after the era opened, in a year that counts for the one before it
            between = own[(own.signed_to >= opens) & (own.signed_from < f"{first}")].amount_high
            left = own[own.signed_from < opens].amount_high.sum()
            left -= max(earlier - between.sum(), 0)
            within = own[(own.signed_to >= opens) & (own.signed_from <= f"{last}-12-31")]
            low, high = flow.low.sum(), flow.high.sum()
            through = flow.set_index("year").low.sort_index().cumsum()
            signed = [
                within.amount_high[within.signed_from <= f"{y}-12-31"].sum() for y in through.index
            ]
            older = max((through - signed).max(), 0), min(high, max(left, 0))
            parts.append((recipient, low, high, *older))
        if len(parts) > 1:
            parts.append((ALL, *np.sum([part[1:] for part in parts], axis=0)))
        rows += [(era, *part) for part in parts]
    columns = ["era", "recipient", "drawn_low", "drawn_high", "older_low", "older_high"]
    table = pd.DataFrame(rows, columns=columns)
    new_low = (table.drawn_low - table.older_high).clip(lower=0)
    new_high = table.drawn_high - table.older_low
    share_low = table.older_low / (table.older_low + new_high)
    share_high = table.older_high / (table.older_high + new_low)
    some = table.drawn_low > 0
    return table.assign(
        share_low=(100 * share_low).where(some), share_high=(100 * share_high).where(some)
    )


def commitments(world: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A donor's CRS commitments, constant 2016 US$ million, by year of the run.

    `world` is world.csv (donor, recipient, year, price_basis, commitments). Returns a column for
    each recipient, empty where none is recorded, and "world", the sum over all recipients without
    `DEBT_RELIEF`, regional aid in it. Ends with the last year of the CRS.
    """
    rows = world[
        (world.donor == study.donor)
        & (world.price_basis == f"constant {flows.CRS_BASE}")
        & ~world.recipient.isin(DEBT_RELIEF)
    ].dropna(subset="commitments")
    rows = rows[rows.year.between(study.first_year, study.last_year)]
    wide = rows[rows.recipient.isin(study.recipients)].pivot(
        index="year", columns="recipient", values="commitments"
    )
    wide = wide.reindex(columns=list(study.recipients))
    return wide.assign(world=rows.groupby("year").commitments.sum())


def _sums(committed: pd.DataFrame) -> pd.DataFrame:
    """A column for each recipient, their sum and that without Uzbekistan where it is another.

    What is not recorded adds nothing to a sum, which is missing only where nothing is recorded.
    """
    own = committed.drop(columns="world")
    sums = own.assign(**{ALL: own.sum(axis=1, min_count=1)}) if own.shape[1] > 1 else own
    if "UZB" in own and own.shape[1] > 1:
        sums = sums.assign(**{WITHOUT_UZB: own.drop(columns="UZB").sum(axis=1, min_count=1)})
    return sums


def commitment_shares(committed: pd.DataFrame, donor: str) -> pd.DataFrame:
    """Commitments by recipient and year, and their share of the donor's to all recipients.

    `committed` is the result of `commitments`. Returns recipient (also `ALL` and `WITHOUT_UZB`),
    year, usd_million (constant 2016), share_percent and status: "bounded" where the CRS lacks
    Japan's technical cooperation, so that the amount is a floor and the share that of the rest.
    """
    sums = _sums(committed)
    long = sums.rename_axis(columns="recipient").stack().dropna().rename("usd_million")
    rows = long.reset_index()[["recipient", "year", "usd_million"]]
    rows["share_percent"] = 100 * rows.usd_million / rows.year.map(committed.world)
    short = (donor == "JPN") & (rows.year < flows.FIRST_WHOLE)
    rows["status"] = short.map({True: "bounded", False: "known"})
    codes = pd.CategoricalDtype([*committed.columns.drop("world"), ALL, WITHOUT_UZB])
    rows = rows.sort_values(["recipient", "year"], key=lambda c: c.astype(codes)
                            if c.name == "recipient" else c, ignore_index=True)  # fmt: skip
    return rows.round({"usd_million": 4, "share_percent": 4})


def committed_by_era(committed: pd.DataFrame, years: pd.Series) -> pd.DataFrame:
    """Commitments by era: mean a year, pooled share of the donor's and largest year's share.

    `committed` is the result of `commitments`, `years` the era by year. Returns era, first, last,
    n, then for `ALL` (or the one recipient) and `WITHOUT_UZB`: mean (US$ million a year), share
    (percent, sum over sum) and largest (percent of the era's sum in its largest year), with
    suffixes "" and "_rest"; those are missing where there is no such sum.
    """
    sums = _sums(committed).assign(world=committed.world)
    total = ALL if ALL in sums else sums.columns[0]
    rows = []
    for era, own in sums.groupby(sums.index.map(years), sort=False):
        row = {"era": era, "first": own.index.min(), "last": own.index.max(), "n": len(own)}
        for ending, name in (("", total), ("_rest", WITHOUT_UZB)):
            flow = own[name] if name in own else pd.Series(np.nan, own.index)
            some = flow.notna().any()
            row |= {
                f"mean{ending}": flow.sum() / len(own) if some else np.nan,
                f"share{ending}": 100 * flow.sum() / own.world.sum() if some else np.nan,
                f"largest{ending}": 100 * flow.max() / flow.sum() if some else np.nan,
            }
        rows.append(row)
    sides = [f"{name}{end}" for end in ("", "_rest") for name in ("mean", "share", "largest")]
    return pd.DataFrame(rows, columns=["era", "first", "last", "n", *sides])


def grants_and_loans_by_era(rows: pd.DataFrame, years: pd.Series) -> pd.DataFrame:
    """Grants disbursed beside loans drawn by era, billion yen a year, sums over recipients.

    `rows` is flows.csv, `years` the era by year; years in which a recipient's grants are not known,
    or its draws not even within bounds, are left out. Returns era, first, last, n, grants,
    drawn_low and drawn_high.
    """
    own = rows[(rows.price_basis == "yen") & rows.measure.isin(["grants", "gross_loans"])]
    wide = own.pivot(
        index="year", columns=["measure", "recipient"], values=["value", "low", "high"]
    )
    parts = {
        "grants": wide["value", "grants"],
        "drawn_low": wide["low", "gross_loans"].clip(lower=0),
        "drawn_high": wide["high", "gross_loans"],
    }
    table = pd.DataFrame({n: part.sum(axis=1, skipna=False) for n, part in parts.items()}) / BILLION
    table = table.dropna().reset_index()
    table["era"] = table.year.map(years)
    means = {name: (name, "mean") for name in parts}
    spans = {"first": ("year", "min"), "last": ("year", "max"), "n": ("year", "size")}
    return table.groupby("era", sort=False).agg(**spans, **means).reset_index()


def marked_energy(marked: pd.DataFrame, rows: pd.DataFrame, years: pd.Series) -> pd.DataFrame:
    """Loans drawn, and what of them went to energy projects marked for climate, by era.

    `marked` is climate_marked.csv, `rows` flows.csv, `years` the era by year. Returns era and
    recipient, loans (drawn, current US$ million, known or converted), energy (the marked part, a
    lower bound of what energy received) and share (percent); only where there is a marked loan.
    """
    energy = marked[(marked.flow == "loans") & (marked.sector == "Energy")]
    energy = energy[energy.gross_usd_million > 0].set_index(["recipient", "year"])
    own = rows[(rows.measure == "gross_loans") & (rows.price_basis == "current")]
    drawn = own.set_index(["recipient", "year"]).value.dropna()
    table = pd.DataFrame({"loans": drawn, "energy": energy.gross_usd_million}).dropna(
        subset="loans"
    )
    table = table.reset_index()
    table["era"] = table.year.map(years)
    sums = table.groupby(["era", "recipient"], sort=False)[["loans", "energy"]].sum(min_count=1)
    sums = sums.dropna()
    return sums.assign(share=100 * sums.energy / sums.loans).reset_index()


def marked_budget_support(marked: pd.DataFrame, prices: pd.DataFrame) -> pd.Series:
    """General budget support that Japan lent, marked for climate, yen million by year.

    `marked` is climate_marked.csv, `prices` prices.csv (DAC exchange rates).
    """
    rows = marked[(marked.flow == "loans") & (marked.sector == "General Budget Support")]
    rate = prices[prices.donor == "JPN"].set_index("year").lcu_per_usd
    return (rows.groupby("year").gross_usd_million.sum() * rate).dropna()


def beside_others(world: pd.DataFrame, china: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What a donor, others and China committed to a study's recipients, as rows by year.

    Others are `OTHERS`, or, outside Central Asia, the providers that committed most. Returns
    provider, year, price_basis, usd_million: CRS commitments in constant 2016 prices, and China's
    ODA-like commitments (AidData) in constant 2021 ones, which are another measure.
    """
    crs = world[world.recipient.isin(study.recipients)]
    crs = crs[crs.price_basis == f"constant {flows.CRS_BASE}"]
    crs = crs[crs.year.between(study.first_year, study.last_year)]
    largest = crs.groupby("donor").commitments.sum().drop(study.donor, errors="ignore")
    others = OTHERS if study.in_central_asia else largest.nlargest(len(OTHERS)).index
    providers = list(dict.fromkeys([study.donor, *others]))
    sums = crs[crs.donor.isin(providers)].groupby(["donor", "year"]).commitments
    sums = sums.sum(min_count=1).dropna()
    own = sums.rename("usd_million").reset_index().rename(columns={"donor": "provider"})
    own = own.assign(price_basis=f"constant {flows.CRS_BASE}")
    alike = china[(china.flow_class == "ODA") & china.recipient.isin(study.recipients)]
    beside = alike.groupby("year").constant_2021_usd_million.sum().rename("usd_million")
    beside = beside.reset_index().assign(provider=CHINA, price_basis="constant 2021")
    rows = pd.concat([own, beside], ignore_index=True)
    rows = rows[rows.year.between(study.first_year, study.last_year)]
    order = pd.CategoricalDtype([*providers, CHINA])
    rows = rows.assign(provider=rows.provider.astype(order)).sort_values(["provider", "year"])
    rows = rows.astype({"provider": str})[["provider", "year", "price_basis", "usd_million"]]
    return rows.round({"usd_million": 4}).reset_index(drop=True)


def others_by_era(rows: pd.DataFrame, years: pd.Series) -> pd.DataFrame:
    """Mean commitments a year by era and provider (`beside_others`), over the years of the CRS.

    A year without a commitment counts as a year in which nothing was committed. Returns the era as
    index and a column for each provider of the CRS.
    """
    crs = rows[rows.price_basis == f"constant {flows.CRS_BASE}"]
    wide = crs.pivot(index="year", columns="provider", values="usd_million")[
        list(dict.fromkeys(crs.provider))
    ]
    wide = wide.fillna(0)  # a sum over the era, not a reported nothing
    return wide.groupby(wide.index.map(years), sort=False).mean().rename_axis("era")


def occasions(agreements: pd.DataFrame) -> pd.DataFrame:
    """Agreements of one recipient and date as one, in the order of signing.

    Returns recipient, signed_from, signed_to, amount_yen_million (missing in dollars) and kind:
    "known", "upper bound" or "in dollars".
    """
    kind = agreements.basis.map({UPPER_BOUND: "upper bound", "in US dollars": "in dollars"})
    keys = ["recipient", "signed_from", "signed_to", "kind"]
    rows = agreements.assign(kind=kind.fillna("known"))
    sums = rows.groupby(keys, sort=False).amount_yen_million.sum(min_count=1)
    return sums.reset_index()


def sectors_by_kind(sectors: pd.DataFrame) -> pd.DataFrame:
    """Loans and grants by sector of one year, largest first: sector, loans, grants (US$ million).

    `sectors` is sectors_2012.csv. Equity, which is not apart there, counts as loans.
    """
    loan = sectors.instrument.str.contains("loan")
    kind = loan.map({True: "loans", False: "grants"})
    wide = sectors.groupby(["sector", kind]).gross_usd_million.sum().unstack()
    wide = wide.reindex(columns=["loans", "grants"]).rename_axis(columns=None).rename(SECTORS)
    return wide.loc[wide.sum(axis=1).sort_values(ascending=False).index].reset_index()
