"""Other donors as controls: relative changes, shares, placebos, a Poisson model, a synthetic donor.

Flows are rows donor, recipient, year, usd_million of one measure, current US$ million; relative
changes are of commitments and gross disbursements in constant prices (world.csv). `weights` is
a result of `oda_eras.eras.era_weights`. Where `tested` is false the eras were chosen on the donor's
own series, so that p and floor are missing. A transition is named by its eras, as "E0 to E1".
"""

import logging
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from oda_eras.decisions import DEBT_RELIEF
from oda_eras.eras import SHORT_BY, SMALLEST_ERA
from oda_eras.flows import CRS_BASE, DAC2A_BASE, FIRST_WHOLE
from oda_eras.measures import ALL, WITHOUT_UZB
from oda_eras.naming import year_spans
from oda_eras.study import LEVEL, MEMBER_GROUPS, Study

# How a blank is read: see `donor_totals`.
READINGS = ("missing", "reported", "zero")
DOLLARS, ASINH = "US$ million", "asinh of US$ million"
# On an asinh scale proportions count; near zero the unit decides, hence two of them.
SCALES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    DOLLARS: lambda x: x,
    ASINH: np.arcsinh,
    "asinh of US$": lambda x: np.arcsinh(1e6 * x),
}
WORLD_COLUMNS = ["donor", "recipient", "year", "price_basis", "commitments", "gross", "status"]
# Donors that are states; the EU's institutions and the banks are none.
BILATERAL = ("DAC", "non-DAC")
# What world.csv has of every donor to every recipient, by source and price basis. Gross flows have
# two sources, which are never joined: a change is told by the one that knows more of its eras.
AID = {
    "commitments": {"crs_world": f"constant {CRS_BASE}"},
    "gross": {"dac2a_world": f"constant {DAC2A_BASE}", "crs_world": f"constant {CRS_BASE}"},
}
# Of an era so many years must be known.
KNOWN_YEARS = 2
STUDIED, REST = "studied", "rest"
# The common change of other donors lies within this, log points, either way; bisected so often.
WIDEST, HALVINGS = 20.0, 60
NEWTON_STEPS = 50
RELATIVE = [
    "series", "source", "recipient", "transition", "years", "n_before", "n_after", "per_100_before",
    "per_100_after", "own", "others", "factor", "by_year", "estimate", "rank", "n_controls", "p",
    "floor", "needed", "p_zeros", "n_zero", "n_idle", "n_incomplete", "status",
]  # fmt: skip
DOTS = ["series", "recipient", "transition", "donor", "factor"]
PLACE = ["n_controls", "change", "rank", "p", "floor"]
# Years without grants that a donor may have and still be compared in the Poisson model.
MAY_LACK = 3
# A synthetic donor is fitted on so many years, from so many other donors, or more.
YEARS_TO_FIT, FEWEST_CONTROLS = 10, 3
# A donor of a smaller weight is not named among those that make up a synthetic one.
LEAST_WEIGHT = 0.05
GAPS = ["before", "after", "ratio", "mean_gap_after"]
RESULTS = [
    "recipient", "fit", *GAPS, "n_controls", "rank", "p", "floor", "p_of_gap", "years_outside",
    "mean_before", "main_weights",
]  # fmt: skip
PATHS = [
    "recipient", "fit", "year", "donor", "gap", "treated", "own", "synthetic", "fitted"
]  # fmt: skip
# How the years of a synthetic donor's fit are weighed.
FITS = ("scaled", "unscaled")
# What optimisers find differs between processors in the last digits; settled to these decimals,
# everything that follows from it rounds the same everywhere.
SETTLED = 6


def member_flows(panel: pd.DataFrame, donors: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Flows of DAC members and EU Institutions in one measure; `donors` is data/donors.csv."""
    members = donors.donor[donors.group.isin(MEMBER_GROUPS)]
    return panel[(panel.measure == measure) & panel.donor.isin(members)]


def main_era(weights: pd.DataFrame) -> pd.Series:
    """The era that holds more than half of a year, missing where none does (index year)."""
    return weights.idxmax(axis=1).where(weights.max(axis=1) > 0.5)


def neighbours(weights: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Neighbouring eras of at least `SMALLEST_ERA` years each, by the name of the transition."""
    return {
        f"{before} to {after}": (before, after)
        for before, after in pairwise(weights)
        if weights[[before, after]].sum().min() >= SMALLEST_ERA - SHORT_BY
    }


def years_compared(weights: pd.DataFrame) -> list[int]:
    """The years of all eras that are compared with a neighbour."""
    eras = {era for pair in neighbours(weights).values() for era in pair}
    return _years_of(weights, sorted(eras))


def _years_of(weights: pd.DataFrame, eras) -> list[int]:
    return list(weights.index[weights[list(eras)].any(axis=1)])


def _targets(rows: pd.DataFrame) -> dict[str, list[str]]:
    """What is compared: the sum over recipients and, where there are several, each of them."""
    recipients = sorted(rows.recipient.unique())
    return {ALL: recipients} | ({r: [r] for r in recipients} if len(recipients) > 1 else {})


def aid_of_donors(
    world: pd.DataFrame, donors: pd.DataFrame, study: Study, series: str, basis: str
) -> pd.DataFrame:
    """What bilateral donors, and the study's, gave to each recipient in one series and price basis.

    Debt relief (`DEBT_RELIEF`) is left out; so is, of gross flows, every year in which the source
    lacks a part of any donor's (world.csv says "bounded").

    Parameters
    ----------
    world : DataFrame
        world.csv, its `WORLD_COLUMNS`.
    donors : DataFrame
        data/donors.csv.
    series, basis : str
        A series of `AID` and one of its price bases.

    Returns
    -------
    DataFrame
        Rows donor, recipient, year, usd_million (constant prices).
    """
    states = donors.donor[donors.group.isin(BILATERAL) | (donors.donor == study.donor)]
    rows = world[world.price_basis == basis].rename(columns={series: "usd_million"})
    if series == "gross":
        rows = rows[~rows.year.isin(rows.year[rows.status == "bounded"].unique())]
    rows = rows[rows.donor.isin(states) & ~rows.recipient.isin(DEBT_RELIEF)]
    return rows[["donor", "recipient", "year", "usd_million"]].dropna(subset="usd_million")


def studied_and_rest(aid: pd.DataFrame, some: list[str]) -> pd.DataFrame:
    """Each donor's aid to some recipients and to all others, by year.

    `aid` has rows donor, recipient, year, usd_million. Returns index donor, year; columns studied
    and rest. A donor that reports in a year and has no record of a recipient gave it nothing; a
    year in which it reports nothing is not known and has no row.
    """
    part = aid.recipient.isin(some).map({True: STUDIED, False: REST}).rename("part")
    sums = aid.groupby(["donor", "year", part]).usd_million.sum().unstack(fill_value=0.0)
    return sums.reindex(columns=[STUDIED, REST], fill_value=0.0)


def common_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """The change that all other donors have in common, for each donor.

    That is the log odds ratio of part by era that all others' tables share in a Poisson model with
    effects of donor and era, part and era, donor and part. Its equation: the cells that it fits sum
    to those observed, over all others, where a fitted cell keeps its table's margins and so is the
    root of a quadratic. The left-out donor's own effect fits its cells, not the others'.

    Parameters
    ----------
    before, after : DataFrame
        Index donor, columns studied and rest, US$ million in two eras, not negative; at least two
        donors with four positive sums.

    Returns
    -------
    Series
        Log points, by the donor that is left out.
    """
    early, late = (sums.sum(axis=1).to_numpy() for sums in (before, after))
    both = (before[STUDIED] + after[STUDIED]).to_numpy()
    others = ~np.eye(len(both), dtype=bool)
    observed = others @ after[STUDIED].to_numpy()
    low, high = np.full(len(both), -WIDEST), np.full(len(both), WIDEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        odds = np.exp(middle)[:, None]
        linear = early - both + odds * (late + both)
        root = np.sqrt(np.maximum(linear**2 + 4 * (1 - odds) * odds * late * both, 0))
        fitted = 2 * odds * late * both / (linear + root)
        more = (fitted * others).sum(axis=1) > observed
        low, high = np.where(more, low, middle), np.where(more, middle, high)
    return pd.Series((low + high) / 2, index=before.index)


def relative_effects(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """How each donor's aid to some recipients, relative to its other aid, moved against others'.

    The effect of a Poisson model of aid by donor, part (studied or rest) and era with effects of
    donor and era, part and era, donor and part, and of the donor in the studied part of the later
    era. As these fit the donor's own sums exactly, the effect is the log of its ratio of ratios,
    (studied / rest) after over before, less the others' `common_changes`.

    Takes what `common_changes` takes, for donors active in either era. Returns index donor, log
    points: own, others and estimate = own - others. Donors with a sum of zero are left out: their
    effect is infinite. No rows where fewer than two are left.
    """
    finite = (before > 0).all(axis=1) & (after > 0).all(axis=1)
    if finite.sum() < 2:
        return pd.DataFrame(columns=["own", "others", "estimate"], dtype=float)
    odds = [sums[STUDIED][finite] / sums[REST][finite] for sums in (before, after)]
    table = pd.DataFrame({"own": np.log(odds[1] / odds[0])})
    table["others"] = common_changes(before, after)[finite]
    return table.assign(estimate=table.own - table.others).round(SETTLED)


def effect_by_year(cells: pd.DataFrame, donor: str, after: list[int]) -> float:
    """The effect of `relative_effects` where each year's aid is fitted, not the sum of an era's.

    Effects are of donor and year, part and year, donor and part. The first make the Poisson model
    the same as a logit of the share that goes to the part studied, weighted by a donor's aid of the
    year, with effects of donor and year (Lee, Green and Ryan 2017, arXiv:1707.08538); it is fitted
    by Newton's method. A year without aid to the part from any donor says nothing.

    Takes a result of `studied_and_rest` for donors with aid to both parts, and the years of the
    later era. Returns log points. Raises ValueError where the search does not settle, as where an
    effect is infinite.
    """
    cells = cells[cells[STUDIED].groupby("year").transform("sum") > 0]
    who, year = (cells.index.get_level_values(name) for name in ("donor", "year"))
    effects = (
        pd.get_dummies(who),
        pd.get_dummies(year).iloc[:, 1:],
        (who == donor) & year.isin(after),
    )
    design = np.column_stack(effects).astype(float)
    studied, total = cells[STUDIED].to_numpy(), cells.sum(axis=1).to_numpy()
    sums = cells.groupby("donor").sum()
    found = np.zeros(design.shape[1])
    found[: len(sums)] = np.log(sums[STUDIED] / sums[REST])
    for _ in range(NEWTON_STEPS):
        share = 1 / (1 + np.exp(-design @ found))
        curvature = design.T @ (design * (total * share * (1 - share))[:, None])
        try:
            step = np.linalg.solve(curvature, design.T @ (studied - total * share))
        except np.linalg.LinAlgError:
            break
        found += step
        if np.abs(step).max() < 10**-SETTLED / 100:
            return round(float(found[-1]), SETTLED)
    raise ValueError(f"the effect of {donor} by year does not settle")


class Relative(NamedTuple):
    """Relative changes: the study's donor among all, and every donor's factor."""

    results: pd.DataFrame
    every: pd.DataFrame


def relative_changes(
    world: pd.DataFrame,
    donors: pd.DataFrame,
    study: Study,
    weights: pd.DataFrame,
    tested: bool = True,
) -> Relative:
    """Place a donor's `relative_effects` between eras among those of all bilateral donors.

    Parameters
    ----------
    world, donors
        As in `aid_of_donors`.
    weights : DataFrame
        Result of `oda_eras.eras.era_weights` by majority of days.
    tested : bool
        Whether p may be given.

    Returns
    -------
    Relative
        results: a row for each series of `AID`, sum over recipients (`ALL`, and `WITHOUT_UZB`
        where Uzbekistan is one of several; it is in neither part then) and transition of
        `neighbours` of which a source knows `KNOWN_YEARS` of each era: the columns of `RELATIVE`.
        per_100 is aid to the recipients per US$ 100 to all others; own, others and factor = own /
        others are multiples; by_year is the factor of `effect_by_year`; needed the factor (or one
        over it) beyond which p is at most `LEVEL`; p_zeros is p if donors with a sum of zero in one
        era count as larger changes. n_controls counts other donors compared, n_zero those with a
        sum of zero, n_idle those without aid to the recipients (or to no others) in both eras,
        n_incomplete those that do not report in every year. No row where the donor's own change is
        not finite.
        every: the columns of `DOTS`, every donor compared.
    """
    targets: dict[str, tuple[list[str], list[str]]] = {ALL: (list(study.recipients), [])}
    if "UZB" in study.recipients and len(study.recipients) > 1:
        rest = [code for code in study.recipients if code != "UZB"]
        targets[WITHOUT_UZB] = (rest, ["UZB"])
    rows, every = [], []
    for series, sources in AID.items():
        aid = {
            source: aid_of_donors(world, donors, study, series, basis)
            for source, basis in sources.items()
        }
        for recipient, (some, left_out) in targets.items():
            cells = {
                source: studied_and_rest(flows[~flows.recipient.isin(left_out)], some)
                for source, flows in aid.items()
            }
            for transition, pair in neighbours(weights).items():
                source, before, after = _most_known(cells, study.donor, weights, pair)
                if not source:
                    continue
                found = _relative(cells[source], study.donor, before, after, tested)
                if found is None:
                    continue
                row, factors = found
                key = dict(series=series, recipient=recipient, transition=transition)
                # of gross flows such years are left out
                short = series == "commitments" and study.donor == "JPN"
                short &= min(before) < FIRST_WHOLE
                row |= key | {"source": source, "status": "bounded" if short else "known"}
                rows.append(row)
                every.append(factors.reset_index().assign(**key)[DOTS])
    dots = pd.concat(every, ignore_index=True) if every else pd.DataFrame(columns=DOTS)
    return Relative(pd.DataFrame(rows, columns=RELATIVE), dots)


def _most_known(cells, donor: str, weights: pd.DataFrame, pair) -> tuple[str, list, list]:
    """The source that knows most of two eras of a donor's aid, and the years that it knows.

    Years of the era that is known less count first, then those of both; no source ("") where an
    era lacks `KNOWN_YEARS`.
    """
    best: tuple[str, list, list] = ("", [], [])
    for source, table in cells.items():
        known = table.index.get_level_values("year")[table.index.get_level_values("donor") == donor]
        before, after = (
            [year for year in weights.index[weights[era] > 0] if year in known] for era in pair
        )
        if min(len(before), len(after)) >= KNOWN_YEARS:
            best = max(best, (source, before, after), key=_years_known)
    return best


def _years_known(found: tuple[str, list, list]) -> tuple[int, int]:
    _, before, after = found
    return min(len(before), len(after)), len(before) + len(after)


def _relative(cells, donor: str, before: list, after: list, tested: bool):
    """A row of results, without its key, and every donor's factor; None where there is no effect.

    Only donors that report in all these years can be compared.
    """
    years = cells.index.get_level_values("year")
    seen = cells[years.isin(before + after)]
    reports = seen.groupby("donor").size() == len(before + after)
    seen = seen.loc[reports.index[reports]]
    active = (seen.groupby("donor").sum() > 0).all(axis=1)
    seen = seen.loc[active.index[active]]
    late = seen.index.get_level_values("year").isin(after)
    first, second = (seen[part].groupby("donor").sum() for part in (~late, late))
    effects = relative_effects(first, second)
    if donor not in effects.index:
        return None
    place = placebo(effects.estimate, donor, tested)
    zero = len(first) - len(effects)
    others = effects.estimate.drop(donor).abs().sort_values(ascending=False)
    enough = int(LEVEL * len(effects) + 1e-9)  # the rank that p needs
    factors = np.exp(effects)
    row = {
        "years": year_spans(before + after),
        "n_before": len(before),
        "n_after": len(after),
        "per_100_before": 100 * first[STUDIED][donor] / first[REST][donor],
        "per_100_after": 100 * second[STUDIED][donor] / second[REST][donor],
        "own": factors.own[donor],
        "others": factors.others[donor],
        "factor": factors.estimate[donor],
        "by_year": np.exp(effect_by_year(seen, donor, after)),
        "estimate": place.pop("change"),
        **place,
        "needed": np.exp(others.iloc[enough - 1]) if tested and enough else np.nan,
        "p_zeros": (place["rank"] + zero) / (len(effects) + zero) if tested else np.nan,
        "n_zero": zero,
        "n_idle": int((~active).sum()),
        "n_incomplete": int((~reports).sum()),
    }
    return row, factors.estimate.rename("factor")


def donor_shares(
    flows: pd.DataFrame, published: pd.DataFrame, donor: str, weights: pd.DataFrame
) -> pd.DataFrame:
    """One donor's share of what all members gave, by recipient and year.

    Parameters
    ----------
    flows : DataFrame
        Result of `member_flows`.
    published : DataFrame
        The published total of net ODA (recipient, year, usd_million). Of grants there is none: they
        are summed, a blank counted as nothing.
    weights : DataFrame
        For the column era.

    Returns
    -------
    DataFrame
        Columns recipient, year, usd_million, total (current US$ million), share_percent (missing
        where the flow is negative or the total not positive), era.
    """
    key = ["recipient", "year"]
    summed = flows.groupby(key, as_index=False).usd_million.sum()
    total = published if flows.measure.eq("net").all() else summed
    own = flows.loc[flows.donor == donor, [*key, "usd_million"]]
    shares = own.merge(total.rename(columns={"usd_million": "total"}), on=key)
    usable = (shares.usd_million >= 0) & (shares.total > 0)
    percent = (100 * shares.usd_million / shares.total).where(usable).round(1)
    return shares.assign(share_percent=percent, era=shares.year.map(main_era(weights)))


def pooled_shares(shares: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Percent of all members' flows, sum over sum of an era's years.

    `shares` is a result of `donor_shares`. Returns index era, a column for the sum over recipients
    and, where there are several, each of them. Negative where repayments exceed what was given.
    """
    parts = shares.pivot(index="year", columns="recipient", values=["usd_million", "total"])
    pooled = weights.T @ parts.loc[weights.index]
    percent = {
        name: 100 * pooled.usd_million[some].sum(axis=1) / pooled.total[some].sum(axis=1)
        for name, some in _targets(shares).items()
    }
    return pd.DataFrame(percent).dropna(how="all").rename_axis("era")


def donor_totals(flows: pd.DataFrame, reading: str, years: list[int], donor: str) -> pd.DataFrame:
    """Each active donor's flow to the recipients in `flows` together, where its sum is known.

    A donor is active if it has a flow other than zero in any of the years. Idle donors can't
    outrank anyone: counted as controls, they would only lower p and its floor.

    Parameters
    ----------
    flows : DataFrame
        Rows donor, recipient, year, usd_million of one measure, for donors inside a closed total
        (their flows and the published total agree with blanks counted as nothing).
    reading : str
        "missing": a blank is not known; a donor needs every cell in every year.
        "reported": a blank beside a reported cell of the same year is nothing; a donor needs one
        cell in every year.
        "zero": every blank is nothing; all active donors stay.
    years : list of int
        Calendar years.
    donor : str
        The donor that the others are compared with; stays even if idle.

    Returns
    -------
    DataFrame
        Index year, a column per donor, US$ million.

    Raises ValueError for an unknown reading.
    """
    if reading not in READINGS:
        raise ValueError(f"reading {reading!r}: expected one of {', '.join(READINGS)}")
    cells = flows.pivot(index="year", columns=["donor", "recipient"], values="usd_million")
    cells = cells.reindex(years)
    by_donor = cells.T.groupby("donor")
    needed = {"missing": flows.recipient.nunique(), "reported": 1, "zero": 0}[reading]
    known = (by_donor.count() >= needed).all(axis=1)
    active = cells.fillna(0).any().groupby("donor").any()
    active[donor] = True
    return by_donor.sum()[known & active].T


def era_change(by_year: pd.DataFrame, weights: pd.DataFrame, pair: tuple[str, str]) -> pd.Series:
    """Difference of (weighted) means between two eras, later less earlier, by column."""
    before, after = (weights.loc[by_year.index, era] for era in pair)
    return (by_year.T @ after / after.sum() - by_year.T @ before / before.sum()).round(9)


def placebo(changes: pd.Series, donor: str, tested: bool = True) -> dict:
    """Place one donor's change among all donors' changes.

    Returns n_controls, change, rank (1 = largest absolute change), p = rank / (controls + 1) and
    its floor 1 / (controls + 1) (Abadie, Diamond and Hainmueller 2010, Journal of the American
    Statistical Association 105, 493-505, use the same permutation of the treated unit); p and floor
    are missing where the change may not be tested.
    """
    rank = int((changes.abs() >= abs(changes[donor]) * (1 - 1e-12)).sum())
    return {
        "n_controls": len(changes) - 1,
        "change": round(float(changes[donor]), 9),
        "rank": rank,
        "p": rank / len(changes) if tested else np.nan,
        "floor": 1 / len(changes) if tested else np.nan,
    }


def placebos(
    flows: pd.DataFrame, weights: pd.DataFrame, donor: str, tested: bool = True
) -> pd.DataFrame:
    """Place one donor's era changes among all active donors', on each reading and scale.

    Returns columns recipient (or `ALL`), reading, transition, scale, n_active (other donors that
    are active), n_idle, and the entries of `placebo`; no rows where no two eras can be compared.
    """
    rows = []
    n_others = flows.donor.nunique() - 1
    steps = neighbours(weights).items()
    for (recipient, some), (transition, pair) in product(_targets(flows).items(), steps):
        part, years = flows[flows.recipient.isin(some)], _years_of(weights, pair)
        sums = {reading: donor_totals(part, reading, years, donor) for reading in READINGS}
        # where every blank is nothing all active donors are compared
        n_active = sums["zero"].shape[1] - 1
        for reading, scale in product(READINGS, SCALES):
            moved = era_change(SCALES[scale](sums[reading]), weights, pair)
            key = [recipient, reading, transition, scale, n_active, n_others - n_active]
            rows.append([*key, *placebo(moved, donor, tested).values()])
    key = ["recipient", "reading", "transition", "scale", "n_active", "n_idle"]
    return pd.DataFrame(rows, columns=[*key, *PLACE])


def donor_changes(flows: pd.DataFrame, weights: pd.DataFrame, donor: str) -> pd.DataFrame:
    """Every active donor's changes of the sum over recipients, blanks counted as nothing.

    Returns columns transition, scale, donor, change.
    """
    rows = []
    for transition, pair in neighbours(weights).items():
        sums = donor_totals(flows, "zero", _years_of(weights, pair), donor)
        for scale, scaled in SCALES.items():
            moved = era_change(scaled(sums), weights, pair)
            rows += [(transition, scale, who, change) for who, change in moved.items()]
    return pd.DataFrame(rows, columns=["transition", "scale", "donor", "change"])


def of_sum(rows: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Of `placebos`, the sum over recipients on one scale, blanks as nothing; index transition."""
    chosen = (rows.recipient == ALL) & (rows.reading == "zero") & (rows.scale == scale)
    return rows[chosen].set_index("transition")


def ranks_of_sum(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `placebos`, the donor's ranks for the sum over recipients, blanks as nothing.

    Returns index transition, a column for each scale as a reader would say it, and donors.
    """
    # asinh of millions takes small flows for nearly nothing, asinh of dollars for what they are
    ways = ("in dollars", "in proportion, small flows aside", "in proportion, small flows too")
    found = {way: of_sum(rows, scale) for way, scale in zip(ways, SCALES, strict=True)}
    ranks = pd.DataFrame({way: table["rank"] for way, table in found.items()})
    return ranks.assign(donors=found[ways[0]].n_controls + 1)


def controls(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `placebos`, the number of donors compared: recipient, reading, a column per transition."""
    some = rows[rows.scale == DOLLARS]
    table = some.pivot(index=["recipient", "reading"], columns="transition", values="n_controls")
    return table[list(some.transition.unique())].reset_index()


def places(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `placebos`, what a comparison rests on and its p, or rank where it has none, by scale.

    Returns columns recipient, transition, reading, n_active, n_idle, n_controls, floor, a column
    per scale.
    """
    key = ["recipient", "transition", "reading"]
    rests_on = rows[rows.scale == DOLLARS][[*key, "n_active", "n_idle", "n_controls", "floor"]]
    shown = rows.assign(shown=rows.p.fillna(rows["rank"])).set_index([*key, "scale"]).shown
    by_scale = shown.unstack("scale").reindex(columns=list(SCALES)).round(3)
    return rests_on.join(by_scale, on=key).reset_index(drop=True)


def by_transition(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `placebos`, p, or rank where it has none: columns recipient, scale, one per transition."""
    shown = rows.assign(shown=rows.p.fillna(rows["rank"]).round(3))
    wide = shown.pivot(index=["recipient", "scale"], columns="transition", values="shown")
    return wide[list(rows.transition.unique())].reset_index()


@contextmanager
def logging_as_it_was():
    """Undo what a library does to everybody's logging: pyfixest has all of them print."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def poisson_effects(cells: pd.DataFrame, donor: str, eras: list[str]) -> pd.DataFrame:
    """One donor's era effects on grants, from a Poisson model with two-way fixed effects.

    grants = exp(donor-recipient effect + recipient-year effect + donor x era effects), by
    pseudo maximum likelihood (Santos Silva and Tenreyro 2006, Review of Economics and Statistics
    88, 641-658), standard errors clustered by donor. With one treated donor these are unreliable;
    compare the estimates of every other donor (`placebo`).

    Parameters
    ----------
    cells : DataFrame
        Rows donor, recipient, year, era, usd_million (not negative).
    donor : str
        The donor whose eras get effects.
    eras : list of str
        Eras with an effect; the others are the base.

    Returns
    -------
    DataFrame
        Index era; columns estimate (log points against the base), se; missing where the data
        do not identify the effect, as for a donor without grants in the base.
    """
    import pyfixest

    data = cells.assign(
        pair=cells.donor + cells.recipient, cell=cells.recipient + cells.year.astype(str)
    )
    for era in eras:
        data[f"effect_{era}"] = ((data.donor == donor) & (data.era == era)).astype(int)
    formula = f"usd_million ~ {' + '.join(f'effect_{era}' for era in eras)} | pair + cell"
    with warnings.catch_warnings(), logging_as_it_was():
        # cells that their fixed effect explains fully carry no information and are dropped, as
        # are effects that no observation identifies; those come back missing
        warnings.simplefilter("ignore", UserWarning)
        try:
            fit = pyfixest.fepois(formula, data=data, vcov={"CRV1": "donor"})
        except ValueError as error:
            # pyfixest drops effects that are not identified, but stops where none is left
            if "All variables are collinear" not in str(error):
                raise
            return pd.DataFrame(np.nan, pd.Index(eras, name="era"), ["estimate", "se"])
    table = pd.DataFrame({"estimate": fit.coef(), "se": fit.se()})
    table.index = [str(name).removeprefix("effect_") for name in table.index]
    return table.reindex(eras).rename_axis("era").round(SETTLED)


def grant_cells(panel: pd.DataFrame, recipients: list[str], weights: pd.DataFrame) -> pd.DataFrame:
    """Grants of every donor, those outside the DAC included, in the years that an era holds.

    Returns rows donor, recipient, year, usd_million, era: every year of each donor and recipient
    with a grant in one of them. A blank is 0 here; so is a negative grant.
    """
    grants = panel[panel.measure == "grants"].set_index(["donor", "recipient", "year"]).usd_million
    donors, years = grants.index.unique("donor"), grants.index.unique("year")
    grid = [sorted(donors), recipients, range(years.min(), years.max() + 1)]
    cells = grants.reindex(pd.MultiIndex.from_product(grid, names=grants.index.names))
    cells = cells.fillna(0).clip(lower=0).reset_index()
    cells["era"] = cells.year.map(main_era(weights))
    cells = cells.dropna(subset="era")
    return cells[cells.groupby(["donor", "recipient"]).usd_million.transform("sum") > 0]


def grant_years(cells: pd.DataFrame, weights: pd.DataFrame) -> pd.Series:
    """Number of years of `grant_cells` by era, in the order of the eras."""
    years = cells.groupby("era").year.nunique()
    return years[[era for era in weights if era in years.index]]


def base_era(years: pd.Series) -> str | None:
    """The earliest era with at least `SMALLEST_ERA` years of grants, if there is one."""
    return next((era for era, n in years.items() if n >= SMALLEST_ERA), None)


def poisson(cells: pd.DataFrame, years: pd.Series, donor: str, tested: bool = True) -> pd.DataFrame:
    """Place one donor's era effects on grants among those of every steady donor.

    Parameters
    ----------
    cells : DataFrame
        Result of `grant_cells`.
    years : Series
        Result of `grant_years`; `base_era` of it is the base.

    Returns
    -------
    DataFrame
        Columns reading ("zero", or "missing": positive cells only), era, se_clustered, n_controls
        (other donors with an estimate, of those with grants in all but `MAY_LACK` years),
        estimate (log points), rank, p, floor, percent. No rows where no effect is identified.
    """
    base, rows = base_era(years), []
    eras = [era for era in years.index if era != base] if base else []
    for reading, some in {"zero": cells, "missing": cells[cells.usd_million > 0]}.items():
        given = some[some.usd_million > 0].groupby("donor").year.nunique()
        steady = given.index[given >= years.sum() - MAY_LACK] if eras else []
        effects = {who: poisson_effects(some, who, eras) for who in steady}
        for era in eras:
            estimates = pd.Series({who: t.estimate[era] for who, t in effects.items()}).dropna()
            if donor in estimates:
                place = placebo(estimates, donor, tested)
                rows.append([reading, era, effects[donor].se[era], *place.values()])
    table = pd.DataFrame(rows, columns=["reading", "era", "se_clustered", *PLACE])
    table["percent"] = 100 * (np.exp(table.change.astype(float)) - 1)
    return table.rename(columns={"change": "estimate"})


def synthetic(
    flows: pd.DataFrame, donor: str, last_before: int, fit: str
) -> tuple[pd.Series, pd.Series]:
    """A weighted mean of other donors that follows one donor before a date.

    The weights minimise the sum over the years of the fit of (flow less weighted mean)^2, each
    year weighed as `fit` says. They are exact: over weights that need not sum to 1, the least of
    that sum plus (1 less their sum)^2 lies on the same ray, since the first term grows with the
    square of their size and the second depends on nothing else; non-negative least squares
    (Lawson and Hanson) finds it without a tolerance.

    Parameters
    ----------
    flows : DataFrame
        Index year, a column per donor without gaps, US$ million.
    donor : str
        The donor to be followed.
    last_before : int
        Last year that the weights are fitted on; every such year is a predictor.
    fit : str
        "scaled": flows of a year are divided by their standard deviation over
        all donors in `flows`, so that a year counts less the further donors lie apart in it.
        "unscaled": a US$ million counts the same in every year.

    Returns
    -------
    gap : Series
        The donor less its synthetic counterpart, by year, US$ million.
    weights : Series
        Weights of the other donors, from 0 to 1, summing to 1.

    Raises ValueError for an unknown fit.
    """
    if fit not in FITS:
        raise ValueError(f"fit {fit!r}: expected one of {', '.join(FITS)}")
    before = flows.loc[:last_before]
    others = flows.columns.drop(donor)
    gaps = before[others].sub(before[donor], axis=0)
    if fit == "scaled":
        gaps = gaps.div(before.std(axis=1), axis=0)
    size = gaps.abs().to_numpy().max()
    rows = np.vstack([gaps / size, np.ones(len(others))])
    found, _ = nnls(rows, np.append(np.zeros(len(gaps)), 1.0))
    weights = pd.Series(found / found.sum(), index=others).round(SETTLED)
    return (flows[donor] - flows[others] @ weights).round(9), weights


def synthetic_gaps(flows: pd.DataFrame, donor: str, last_before: int, fit: str) -> pd.DataFrame:
    """The gap of every donor to its own synthetic counterpart: index year, a column per donor.

    `donor` serves as no other's control: its own change would show in their gaps.
    """
    others = flows.drop(columns=donor)
    return pd.DataFrame(
        {d: synthetic(flows if d == donor else others, d, last_before, fit)[0] for d in flows}
    )


def gap_ratios(gaps: pd.DataFrame, last_before: int) -> pd.DataFrame:
    """How much larger gaps are after a date than before it.

    Returns a frame indexed by donor with columns before, after (root mean squared gaps), ratio
    (after over before) and mean_gap_after, US$ million.
    """
    rows = {}
    for donor, gap in gaps.items():
        before = np.sqrt((gap.loc[:last_before] ** 2).mean())
        after = np.sqrt((gap.loc[last_before + 1 :] ** 2).mean())
        rows[donor] = {
            "before": before,
            "after": after,
            "ratio": after / before if before > 0 else np.inf,
            "mean_gap_after": gap.loc[last_before + 1 :].mean(),
        }
    return pd.DataFrame(rows).T.rename_axis("donor").round(9)


class Followed(NamedTuple):
    """The change of era that a synthetic donor is held against, and the years used."""

    transition: str
    first: int
    last_before: int
    last: int


def followed(changes: pd.Series, weights: pd.DataFrame) -> Followed | None:
    """The largest change with at least `YEARS_TO_FIT` years before it, if there is one.

    `changes` has a transition as index.
    """
    era = main_era(weights)
    years = era.index.to_series().groupby(era)
    first, opens, ends = int(era.index[0]), years.min(), years.max()
    late = [t for t in changes.index if opens[t.split(" to ")[1]] - first >= YEARS_TO_FIT]
    if not late:
        return None
    transition = changes[late].astype(float).abs().idxmax()
    after = transition.split(" to ")[1]
    return Followed(transition, first, int(opens[after]) - 1, int(ends[after]))


class Comparison(NamedTuple):
    """What synthetic donors show: a row per recipient and fit, every gap, and who is left out."""

    results: pd.DataFrame
    paths: pd.DataFrame
    left_out: dict[str, str]


def synthetic_comparison(
    flows: pd.DataFrame,
    weights: pd.DataFrame,
    donor: str,
    step: Followed | None,
    tested: bool = True,
) -> Comparison:
    """One donor against its synthetic counterpart, recipient by recipient, on both fits.

    Parameters
    ----------
    flows : DataFrame
        Result of `member_flows`.
    step : Followed or None
        The change that is followed; None gives empty frames.

    Returns
    -------
    Comparison
        results: recipients by the size of their change; recipient, fit, the entries of
        `gap_ratios`, n_controls (active donors complete in all years), rank, p and floor of the
        ratio, p_of_gap (of the later gap itself), years_outside (years of the fit outside the range
        of all controls), mean_before (mean flow in the years of the fit), main_weights.
        paths: recipient, fit, year, donor, gap, treated, own and synthetic (of the donor that is
        followed), fitted; US$ million. left_out: why, by recipient.
    """
    rows, paths = [], []
    left_out: dict[str, str] = {}
    if step is None:
        return Comparison(pd.DataFrame(columns=RESULTS), pd.DataFrame(columns=PATHS), left_out)
    for recipient in _by_size(flows[flows.donor == donor], weights, step):
        years = list(range(step.first, step.last + 1))
        cells = donor_totals(flows[flows.recipient == recipient], "missing", years, donor)
        why = _not_followed(cells, donor, step)
        if why:
            left_out[recipient] = why
            continue
        for fit in FITS:
            gaps = synthetic_gaps(cells, donor, step.last_before, fit)
            key = {"recipient": recipient, "fit": fit}
            rows.append(key | _result(cells, gaps, donor, step, fit, tested))
            paths.append(_paths(cells, gaps, donor, step).assign(**key))
    all_paths = pd.concat(paths, ignore_index=True)[PATHS] if paths else pd.DataFrame(columns=PATHS)
    return Comparison(pd.DataFrame(rows, columns=RESULTS), all_paths, left_out)


def _by_size(own: pd.DataFrame, weights: pd.DataFrame, step: Followed) -> pd.Index:
    """Recipients, that with the largest change first."""
    by_year = own.pivot(index="year", columns="recipient", values="usd_million").loc[weights.index]
    change = era_change(by_year, weights, neighbours(weights)[step.transition])
    return change.abs().sort_values(ascending=False).index


def _not_followed(cells: pd.DataFrame, donor: str, step: Followed) -> str:
    """Why no weighted mean of other donors can stand for a donor; "" where one can."""
    others = cells.shape[1] - 1
    if (cells[donor].loc[step.last_before + 1 :] < 0).all():
        return "negative in every later year"
    if others < FEWEST_CONTROLS:
        return f"{others} other donors complete, fewer than {FEWEST_CONTROLS}"
    return ""


def _result(cells, gaps, donor: str, step: Followed, fit: str, tested: bool) -> dict:
    table = gap_ratios(gaps, step.last_before)
    weights = synthetic(cells, donor, step.last_before, fit)[1].sort_values(ascending=False)
    own, others = cells[donor], cells.drop(columns=donor)
    outside = (own > others.max(axis=1)) | (own < others.min(axis=1))
    place = placebo(table.ratio, donor, tested)
    main = weights[weights >= LEAST_WEIGHT]
    return {
        **table.loc[donor],
        **{name: place[name] for name in ("n_controls", "rank", "p", "floor")},
        "p_of_gap": placebo(table.after, donor, tested)["p"],
        "years_outside": int(outside.loc[: step.last_before].sum()),
        "mean_before": own.loc[: step.last_before].mean(),
        "main_weights": ", ".join(f"{who} {weight:.2f}" for who, weight in main.items()),
    }


def _paths(cells, gaps, donor: str, step: Followed) -> pd.DataFrame:
    rows = gaps.melt(ignore_index=False, var_name="donor", value_name="gap").reset_index()
    return rows.assign(
        treated=rows.donor == donor,
        own=rows.year.map(cells[donor]),
        synthetic=rows.year.map(cells[donor] - gaps[donor]),
        fitted=rows.year <= step.last_before,
    )


def ratios_by_fit(paths: pd.DataFrame) -> pd.DataFrame:
    """Every donor's `gap_ratios` in the first recipient of `Comparison.paths`, on both fits.

    Returns columns donor, before_scaled, ..., mean_gap_after_unscaled, largest scaled ratio first.
    """
    tables = []
    some = paths[paths.recipient == paths.recipient.iloc[0]] if len(paths) else paths
    for fit in FITS:
        rows = some[some.fit == fit]
        gaps = rows.pivot(index="year", columns="donor", values="gap")
        table = gap_ratios(gaps, rows.year[rows.fitted.astype(bool)].max())
        tables.append(table.reindex(columns=GAPS).add_suffix(f"_{fit}"))
    joined = pd.concat(tables, axis=1).sort_values("ratio_scaled", ascending=False)
    return joined.rename_axis("donor").reset_index()
