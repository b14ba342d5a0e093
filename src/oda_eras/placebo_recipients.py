"""Placebo recipients: did aid to a group of recipients move between eras more than aid to others?

A donor's aid to the group is set against its aid to many other groups of as many recipients, which
no policy towards the group concerns. X_gt is the aid to group g in year t and T_t that to all
recipients, regional aid included. Shares of T take the donor's budget, its currency and its prices
out. The changes between eras of all groups are ranked; whatever moves aid in lumps moves the
others' too, so that nothing is supposed about years or their distribution. It is supposed that the
studied group could as well have been another one. Random groups overlap, and their members are no
neighbours, as the studied ones may be: regional groups stand beside them for that reason.

Randomisation over units follows Fisher (1935, The Design of Experiments, section 21; unverified);
the smallest p over several transitions, compared with the smallest p of every placebo, is the
single-step correction of Westfall and Young (1993, Resampling-Based Multiple Testing; unverified).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from math import comb
from typing import NamedTuple

import numpy as np
import pandas as pd

from oda_eras.decisions import DEBT_RELIEF
from oda_eras.study import LEVEL

N_GROUPS = 99_999
FEWEST_PLACEBOS = 20
# Added to the aid of a group before its logarithm is taken, US$ million.
LOG_OFFSET = 0.05
STATISTICS = ("sqrt_share", "log_share", "log_ratio")
OMNIBUS = "omnibus"
TABLE = ["transition", "change", "p", "p_adjusted", "floor", "placebos"]
INTERVAL = ["low", "high"]
# A positive flow in so many of the panel's years makes a recipient a possible placebo: 10 of 25,
# and 7 of 11.
FEWEST_YEARS, FEWEST_OF_FEW, FEW = 10, 7, 15
# Changes that differ in later decimals than this are ties, on every processor.
SETTLED = 11


# The form of data/placebo_recipients.csv.
COLUMNS = ["series", "group", "statistic", "matching", "variant", *TABLE]
# Permanent changes whose detection is computed, and the groups that they befall.
FACTORS = (1 / 5, 1 / 3, 1 / 2, 1.0, 2.0, 3.0, 5.0)
N_TESTED, N_COMPARED = 300, 4_999
# Groups of a test other than the one declared, of which p is a sensitivity.
N_SENSITIVITY = 19_999
REGIONS = "regions"
OTHERS = "other_donors"
# Draws of the declared test with which its p is computed again.
N_SEEDS = 4
# Variants and statistics as tables name them.
VARIANTS = {
    "declared": "declared", "core_years": "core years", "day_weighted": "years by their days",
    "without_2002": "2002 left out", "lag_1": "a lag of 1 year", "lag_2": "a lag of 2 years",
    "2001_later": "2001 in the later era", REGIONS: "regions as groups",
    OTHERS: "all other bilateral donors",
}  # fmt: skip
NAMES = {
    "sqrt_share": "root of share", "log_share": "log of share", "log_ratio": "log of ratio of sums"
}  # fmt: skip


class TooFewPlacebos(ValueError):
    """Fewer placebos than a test needs; `found` says how many there are."""

    def __init__(self, message: str, found: int):
        super().__init__(message)
        self.found = found


@dataclass(frozen=True)
class PlaceboTest:
    """Changes between eras of one group of recipients and of its placebos.

    table has columns `TABLE` and `INTERVAL`: a row for each transition ("E0 to E1") and one,
    `OMNIBUS`, for all together. changes has a row for each group compared, the studied one first,
    and a column for each transition. share is the studied group's mean share of the whole. The rest
    is what `detection` goes on from: pool (the possible placebos), sums (US$ million, the first
    `N_COMPARED` groups drawn by years), drawn (their members by place in the pool; empty where
    groups were given), total, weights, statistic and matched.
    """

    table: pd.DataFrame
    changes: np.ndarray
    share: float
    pool: list[str]
    sums: np.ndarray
    drawn: np.ndarray
    total: np.ndarray
    weights: pd.DataFrame
    statistic: str
    matched: bool


def placebo_test(
    panel: pd.DataFrame,
    group: Sequence[str],
    weights: pd.DataFrame,
    statistic: str = "sqrt_share",
    *,
    candidates: Sequence[str] | None = None,
    matched: bool = True,
    groups: Sequence[Sequence[str]] | None = None,
    n_groups: int = N_GROUPS,
    seed: int = 0,
) -> PlaceboTest:
    """Set a group's changes between eras against those of placebo groups.

    Parameters
    ----------
    panel : DataFrame
        A donor's aid, US$ million in constant prices: a row per year, a column per recipient and
        for aid that names none; no missing cells. Its sum over columns is T.
    group : sequence of str
        The studied recipients.
    weights : DataFrame
        Weight of each year in each era, such as `oda_eras.eras.era_weights` returns; its years are
        those used.
    statistic : str
        With D the value of an era less that of the era before, in which an era's value is
        "sqrt_share", the mean over its years of sqrt(X / T); "log_share", that of
        ln((X + 0.05) / T); "log_ratio", ln(sum of X / sum of (T - X)), so that D is the difference
        in differences of logarithms, which equals the Poisson estimate of a group effect beside
        group and period effects (both are the saturated model of four sums).
    candidates : sequence of str, optional
        Recipients that may be placebos; all columns by default. Of these the studied ones are left
        out, and those with a positive flow in fewer than 10 years (7 where the panel has at most
        15).
    matched : bool
        Keep only groups whose mean share over the years is between half and twice the studied
        group's.
    groups : sequence of sequences of str, optional
        Placebo groups to use in place of random ones; studied recipients and non-candidates are
        taken out of them, and groups that are then empty left out.
    n_groups : int
        Random groups; where there are no more distinct ones, every one is used once.
    seed : int

    Returns
    -------
    PlaceboTest
        With the observed group pooled with the n placebos kept: p = min(1, 2 min(#{D >= D_obs},
        #{D <= D_obs}) / (n + 1)) for a transition; with m the smallest p of a group over the
        transitions, #{m <= m_obs} / (n + 1) for all of them together and #{m <= p} / (n + 1) as a
        transition's adjusted p. floor is the smallest that p, or the omnibus p, can be. low and
        high, for the logarithmic statistics: had the group's aid moved by a factor beyond what
        moves placebos, its change less the factor's logarithm would be one of theirs; between low
        and high it lies within their central 95% (uncorrected for the number of transitions).

    Raises ValueError for an unknown statistic, a recipient that is not in the panel, years that
    it lacks, missing cells, an era without years, and, with "log_ratio", an era in which the
    studied group has nothing; TooFewPlacebos, one too, where fewer than 20 placebos are possible.
    """
    _check(panel, group, weights, statistic)
    used = panel.loc[weights.index]
    total = used.sum(axis=1).to_numpy()
    pool = _possible(used, group, candidates)
    cells = used[pool].to_numpy().T
    own = used[list(group)].sum(axis=1).to_numpy()
    if groups is None:
        drawn = draw(len(pool), len(group), n_groups, seed)
        every = np.empty((len(drawn) + 1, len(total)))  # large: filled in place
        every[0], every[1:] = own, cells[drawn[:, 0]]
        for i in range(1, drawn.shape[1]):
            every[1:] += cells[drawn[:, i]]
    else:
        drawn = np.empty((0, len(group)), dtype=int)
        place = {recipient: i for i, recipient in enumerate(pool)}
        members = [[place[r] for r in some if r in place] for some in groups]
        every = np.array([own, *(cells[some].sum(axis=0) for some in members if some)])
    sums = every[1:]
    values = _era_values(every, total, weights.to_numpy(), statistic)
    kept = np.isfinite(values).all(axis=1)
    if not kept[0]:
        empty = weights.columns[~np.isfinite(values[0])]
        raise ValueError(f"{statistic}: {', '.join(group)} received nothing in {', '.join(empty)}")
    share = float((own / total).mean())
    if matched:
        kept[1:] &= _alike((sums / total).mean(axis=1), share)
    changes = np.diff(values[kept], axis=1).round(SETTLED)
    n = len(changes) - 1
    if groups is None and n < FEWEST_PLACEBOS:
        alike = " and of a like share" if matched else ""
        raise TooFewPlacebos(
            f"{n} possible placebos for {', '.join(group)}, out of {len(pool)} recipients with "
            f"enough years{alike}: {FEWEST_PLACEBOS} are needed",
            n,
        )
    p = _two_sided(changes)
    ordered = np.sort(p.min(axis=1))
    least = min(2 / (n + 1), 1)
    of_all = np.searchsorted(ordered, [*p[0], least], side="right") / (n + 1)
    omnibus = of_all[:-1].min()
    quantiles = np.quantile(changes[1:], [1 - LEVEL / 2, LEVEL / 2], axis=0)
    low, high = (
        changes[0] - quantiles if statistic != "sqrt_share" else np.full_like(quantiles, np.nan)
    )
    table = pd.DataFrame(
        {
            "transition": [OMNIBUS, *_transitions(weights)],
            "change": [np.nan, *changes[0]],
            "p": [omnibus, *p[0]],
            "p_adjusted": [omnibus, *of_all[:-1]],
            "floor": [of_all[-1], *[least] * p.shape[1]],
            "placebos": n,
            "low": [np.nan, *low],
            "high": [np.nan, *high],
        }
    )
    sums, drawn = (some[:N_COMPARED].copy() for some in (sums, drawn))  # the rest is let go
    return PlaceboTest(table, changes, share, pool, sums, drawn, total, weights, statistic, matched)


def _transitions(weights: pd.DataFrame) -> list[str]:
    """Names of the transitions between neighbouring eras, such as "E0 to E1"."""
    return [f"{before} to {after}" for before, after in pairwise(weights)]


def _alike(shares: np.ndarray, share: float) -> np.ndarray:
    return (shares >= share / 2) & (shares <= 2 * share)


@lru_cache(maxsize=8)
def draw(size: int, members: int, n_groups: int, seed: int) -> np.ndarray:
    """Random groups of distinct members out of `size`, as rows of ascending numbers.

    All groups once where there are no more than `n_groups`; else `n_groups` of them, each drawn
    with equal probability, so that one may come twice. Raises ValueError for groups larger than
    `size`.
    """
    if members > size:
        raise ValueError(f"no group of {members} recipients out of {size} possible ones")
    if comb(size, members) <= n_groups:
        return np.array(list(combinations(range(size), members)))
    rng = np.random.default_rng(seed)
    parts, found = [], 0
    while found < n_groups:
        some = np.sort(rng.integers(0, size, (n_groups, members), dtype=np.int16), axis=1)
        parts.append(some[(np.diff(some, axis=1) > 0).all(axis=1)])
        found += len(parts[-1])
    return np.concatenate(parts)[:n_groups]


class Detection(NamedTuple):
    """What a test finds: power by transition and factor; of the groups as they are, p and members.

    power has columns transition, factor, power, groups (tested); p is the omnibus p of each group,
    members its recipients.
    """

    power: pd.DataFrame
    p: np.ndarray
    members: list[list[str]]


def detection(
    test: PlaceboTest,
    factors: Sequence[float] = FACTORS,
    n_groups: int = N_TESTED,
) -> Detection:
    """How often the test finds a change that befell a placebo group, or one that did not.

    Placebo groups are tested as the studied one was: against the first `N_COMPARED` drawn groups,
    those without a member of theirs, and of a like share where the test is matched. As they are, an
    omnibus p of at most 5% is a false find. A group with one recipient whose aid moves much stands
    out among groups without it, so that there can be more of them than 5%. Then aid is multiplied
    by a factor, in X and in T, from the first year on of which the later era of a transition has
    most; it is found where the adjusted p of that transition is at most `LEVEL`.

    Parameters
    ----------
    test : PlaceboTest
        Of random groups.
    factors : sequence of float
        2 for a doubling, 0.5 for a halving, 1 for no change.
    n_groups : int
        Groups tested, the first of those drawn that have a like share as the studied one (their
        order is random).
    """
    weights, sums, drawn = test.weights.to_numpy(), test.sums, test.drawn
    values = _era_values(sums, test.total, weights, test.statistic)
    changes = np.diff(values, axis=1).round(SETTLED)
    finite = np.isfinite(changes).all(axis=1)
    shares = (sums / test.total).mean(axis=1)
    chosen = np.flatnonzero(_alike(shares, test.share) & finite)[:n_groups]
    later = weights.argmax(axis=1) > np.arange(weights.shape[1] - 1)[:, None]
    # one row for the group as it is, then one for each transition and factor
    multiplied = [np.ones(len(test.total))]
    multiplied += [np.where(years, factor, 1.0) for years in later for factor in factors]
    befallen = np.repeat(np.arange(len(later)), len(factors))
    found = []
    for g in chosen:
        member = np.zeros(len(test.pool), dtype=bool)
        member[drawn[g]] = True
        others = finite & ~member[drawn].any(axis=1)
        if test.matched:
            others &= _alike(shares, shares[g])
        compared = changes[others]
        own = sums[g] * multiplied
        total = test.total + own - sums[g]
        moved = np.diff(_era_values(own, total, weights, test.statistic), axis=1).round(SETTLED)
        p = _against(np.sort(compared, axis=0), moved)
        least = [p[0].min(), *p[np.arange(1, len(p)), befallen]]
        found.append((_as_small(compared, moved, least) + 1) / (len(compared) + 1))
    adjusted = np.array(found)
    steps = _transitions(test.weights)
    power = pd.DataFrame(
        [(step, factor) for step in steps for factor in factors], columns=["transition", "factor"]
    )
    power["power"] = (adjusted[:, 1:] <= LEVEL).mean(axis=0)
    members = [[test.pool[i] for i in drawn[g]] for g in chosen]
    return Detection(power.assign(groups=len(chosen)), adjusted[:, 0], members)


def among_random(p: float, found: Detection) -> dict:
    """Place a group's omnibus p among those of random groups tested in the same way.

    Where a test has more false finds than its level says, its p is too small, and this is the one
    to read. Returns rank (groups whose p is at most as large), groups, p ((rank + 1) / (groups +
    1)), false_finds (share of groups with a p of at most `LEVEL`), shared (the recipient that most
    of the groups up to the rank have in common) and shared_by (how many have it).
    """
    small = [members for one, members in zip(found.p, found.members, strict=True) if one <= p]
    counts = pd.Series([r for members in small for r in members], dtype=object).value_counts()
    return {
        "rank": len(small),
        "groups": len(found.p),
        "p": (len(small) + 1) / (len(found.p) + 1),
        "false_finds": float((found.p <= LEVEL).mean()),
        "shared": counts.index[0] if len(counts) else "",
        "shared_by": int(counts.iloc[0]) if len(counts) else 0,
    }


def picked(
    panel: pd.DataFrame,
    group: Sequence[str],
    weights: pd.DataFrame,
    *,
    candidates: Sequence[str] | None = None,
    n_groups: int = N_GROUPS,
    seed: int = 0,
) -> pd.DataFrame:
    """Test the recipient of a group that moved most, corrected for having been picked.

    In each transition every recipient has a p among single recipients (change of sqrt(X / T)).
    The smallest of the group is compared with the smallest of random groups of as many.

    Takes what `placebo_test` takes. Returns columns transition, recipient (the one with the
    smallest p), change (its), p (its own), p_picked (corrected), floor (the smallest p_picked can
    be), placebos (random groups), rest_change (of the group without the one that rose most) and
    rest_median (the median of that of random groups, which lose their own). Raises ValueError as
    `placebo_test` does.
    """
    _check(panel, group, weights, "sqrt_share")
    used = panel.loc[weights.index]
    pool = _possible(used, group, candidates)
    drawn = draw(len(pool), len(group), n_groups, seed)
    names = [*group, *pool]
    cells, total, by_era = used[names].to_numpy().T, used.sum(axis=1).to_numpy(), weights.to_numpy()

    def moved(sums: np.ndarray) -> np.ndarray:
        return np.diff(_era_values(sums, total, by_era, "sqrt_share"), axis=1).round(SETTLED)

    changes = moved(cells)
    k, n = len(group), len(drawn)
    # a studied recipient is set against the possible placebos and itself, each of those likewise
    own = _against(np.sort(changes[k:], axis=0), changes[:k])
    least = _two_sided(changes[k:])[drawn].min(axis=1)
    every = np.vstack([np.arange(k), drawn + k])
    whole = sum(cells[every[:, j]] for j in range(k))
    rows = []
    for i, step in enumerate(_transitions(weights)):
        first = int(own[:, i].argmin())
        risen = every[np.arange(n + 1), changes[every, i].argmax(axis=1)]
        rest = moved(whole - cells[risen])[:, i]
        rows.append(
            {
                "transition": step,
                "recipient": group[first],
                "change": changes[first, i],
                "p": own[first, i],
                "p_picked": ((least[:, i] <= own[first, i]).sum() + 1) / (n + 1),
                "floor": ((least[:, i] <= 2 / (len(pool) + 1)).sum() + 1) / (n + 1),
                "placebos": n,
                "rest_change": rest[0],
                "rest_median": np.median(rest[1:]),
            }
        )
    return pd.DataFrame(rows)


def _check(panel, group, weights, statistic) -> None:
    if statistic not in STATISTICS:
        raise ValueError(f"statistic {statistic!r}: expected one of {', '.join(STATISTICS)}")
    lacking = [r for r in group if r not in panel]
    if lacking or not len(group):
        raise ValueError(
            f"{', '.join(lacking) or 'an empty group'} is not in the panel, which has "
            f"{panel.shape[1]} recipients, {panel.columns[0]} to {panel.columns[-1]}"
        )
    years = [year for year in weights.index if year not in panel.index]
    if years:
        raise ValueError(
            f"the panel ({panel.index[0]}-{panel.index[-1]}) lacks "
            f"{', '.join(map(str, years))}, which the eras use"
        )
    without = weights.columns[weights.sum() <= 0]
    if len(without):
        raise ValueError(
            f"no year in era {', '.join(without)} ({weights.index[0]}-{weights.index[-1]})"
        )
    missing = panel.loc[weights.index].isna()
    if missing.any(axis=None):
        year, recipient = missing.stack().idxmax()
        raise ValueError(f"the panel has no value for {recipient} in {year}: fill it, or leave out")


def _possible(used, group, candidates) -> list[str]:
    """Recipients that may be placebos, in the order of the panel."""
    fewest = FEWEST_OF_FEW if len(used) <= FEW else FEWEST_YEARS
    often = used.columns[(used > 0).sum() >= fewest]
    allowed = set(used.columns if candidates is None else candidates) - set(group)
    return [r for r in often if r in allowed]


def _era_values(sums, total, weights, statistic) -> np.ndarray:
    """An era's value of the statistic, groups by eras; infinite where a logarithm has none."""
    if statistic == "log_ratio":
        with np.errstate(divide="ignore"):
            return np.log((sums @ weights) / ((total - sums) @ weights))
    if statistic == "sqrt_share":
        yearly = sums / total
        np.sqrt(yearly, out=yearly)
    else:
        yearly = np.log((sums + LOG_OFFSET) / total)
    return yearly @ (weights / weights.sum(axis=0))


def _two_sided(changes: np.ndarray) -> np.ndarray:
    """p of every group among all groups, itself included, by column."""
    at_most, at_least = _ranks(changes)
    return np.minimum(1, 2 * np.minimum(at_most, at_least) / len(changes))


def _ranks(changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of a column's changes are at most, and at least, as large as each, itself too."""
    n = len(changes)
    at_most, at_least = np.empty((2, *changes.shape), dtype=int)
    for i, column in enumerate(changes.T):
        order = np.argsort(column)
        values = column[order]
        # where a run of equal changes begins, and which run a change is in
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
        run = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, n]))
        at_most[order, i], at_least[order, i] = np.r_[starts[1:], n][run], n - starts[run]
    return at_most, at_least


def _as_small(compared: np.ndarray, moved: np.ndarray, p: Sequence[float]) -> np.ndarray:
    """How many of the other groups have a smallest p over the transitions of at most `p`.

    Each moved group, a row with its p, is pooled with the others in turn, as the studied one is in
    the test. p is twice a rank over their number: groups of a lower rank keep it, and of those of
    just this rank the ones that the moved group does not push back.
    """
    n = len(compared) + 1
    at_most, at_least = _ranks(compared)
    rank = np.minimum(at_most, at_least).min(axis=1)
    ordered = np.sort(rank)
    counts = []
    for change, least in zip(moved, p, strict=True):
        k = round(least * n / 2)
        at = np.flatnonzero(rank == k)
        low = (at_most[at] == k) & (compared[at] < change)
        high = (at_least[at] == k) & (compared[at] > change)
        count = np.searchsorted(ordered, k) + (low | high).any(axis=1).sum()
        counts.append(n - 1 if least >= 1 else count)
    return np.array(counts)


def _against(ordered: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """p of each change among sorted ones of other groups, itself added to them, by column."""
    n = len(ordered) + 1
    p = np.empty(changes.shape)
    for i in range(changes.shape[1]):
        column = np.ascontiguousarray(ordered[:, i])
        at_most = np.searchsorted(column, changes[:, i], side="right") + 1
        at_least = n - np.searchsorted(column, changes[:, i], side="left")
        p[:, i] = np.minimum(1, 2 * np.minimum(at_most, at_least) / n)
    return p


def donor_panel(
    world: pd.DataFrame, donors: Sequence[str], measure: str, price_basis: str
) -> pd.DataFrame:
    """What some donors together gave to all recipients, years by recipients, US$ million.

    `world` has columns donor, recipient, year, price_basis and `measure`. `DEBT_RELIEF` is left
    out; a recipient and year without a row had no activity reported and is 0 here. From the first
    to the last year of the donors; no rows where they gave nothing.
    """
    rows = world[world.donor.isin(donors) & (world.price_basis == price_basis)]
    rows = rows[~rows.recipient.isin(DEBT_RELIEF)].dropna(subset=measure)
    wide = rows.pivot_table(index="year", columns="recipient", values=measure, aggfunc="sum")
    years = range(wide.index.min(), wide.index.max() + 1) if len(wide) else []
    return wide.reindex(pd.Index(years, name="year")).fillna(0.0)


def all_tests(
    panel: pd.DataFrame,
    groups: dict[str, Sequence[str]],
    variants: dict[str, pd.DataFrame],
    recipients: pd.DataFrame,
    series: str,
    made: dict[str, PlaceboTest],
    others: pd.DataFrame | None = None,
    n_groups: int = N_SENSITIVITY,
) -> pd.DataFrame:
    """`placebo_test` of every group, by each statistic, matched and not, and in every variant.

    Parameters
    ----------
    panel : DataFrame
        As in `placebo_test`.
    groups : dict
        Studied recipients by the name of the group.
    variants : dict
        Weights of the eras by the name of the variant. The first is the declared one, for which
        all statistics are computed, with and without matching; of the others those of the yearly
        shares, matched.
    recipients : DataFrame
        data/recipients.csv (recipient, kind, region): countries may be placebos, and the regions
        are the placebo groups of one more variant, `REGIONS`, unmatched.
    series : str
        What the panel holds, for the column series.
    made : dict
        Tests by the first statistic, matched, in the declared variant that have been made before,
        by group.
    others : DataFrame, optional
        The panel of all other donors, for the variant `OTHERS`: did they move with these eras?
    n_groups : int
        Random groups of each test.

    Returns
    -------
    DataFrame
        Columns `COLUMNS` and `INTERVAL`. Where fewer than 20 placebos are possible p, p_adjusted
        and floor are missing.
    """
    countries = recipients[recipients.kind == "country"]
    regional = countries.groupby("region").recipient.agg(list).tolist()
    declared, *further = variants
    yearly = STATISTICS[:2]
    cases = [(s, m, declared, None) for s in STATISTICS for m in (True, False)]
    cases += [(s, True, variant, None) for variant in further for s in yearly]
    cases += [(s, False, REGIONS, regional) for s in yearly]
    cases += [(s, True, OTHERS, None) for s in yearly if others is not None]
    rows = []
    for group, members in groups.items():
        for statistic, matched, variant, placebos in cases:
            weights = variants.get(variant, variants[declared])
            key = dict(series=series, group=group, statistic=statistic, variant=variant)
            key["matching"] = "matched" if matched else "unmatched"
            own = others if variant == OTHERS else panel
            case = statistic, matched, variant
            try:
                test = made.get(group) if case == cases[0][:3] else None
                test = test or placebo_test(
                    own, members, weights, statistic, candidates=list(countries.recipient),
                    matched=matched, groups=placebos, n_groups=n_groups,
                )  # fmt: skip
                table = test.table
            except TooFewPlacebos as few:
                steps = [OMNIBUS, *_transitions(weights)]
                table = pd.DataFrame({"transition": steps, "placebos": few.found})
            rows.append(table.assign(**key))
    return pd.concat(rows, ignore_index=True).reindex(columns=[*COLUMNS, *INTERVAL])


def histogram(tests: dict[str, PlaceboTest], bins: int = 36) -> pd.DataFrame:
    """Changes of several tests as they are drawn: placebos in bins, the studied group alone.

    `tests` are `PlaceboTest`s by the name of their group. Returns group, transition, lower and
    upper (edges of a bin, the same in all panels; of the studied group its change), percent (of the
    placebos; missing for the studied group) and p_adjusted (of the studied group alone).
    """
    every = np.concatenate([test.changes for test in tests.values()])
    low, high = np.quantile(every, [0.001, 0.999])
    own = [test.changes[0] for test in tests.values()]
    edges = np.linspace(min(low, np.min(own)), max(high, np.max(own)), bins + 1).round(4)
    rows = []
    for group, test in tests.items():
        table = test.table[test.table.transition != OMNIBUS]
        for i, step in enumerate(table.itertuples()):
            within = np.clip(test.changes[1:, i], edges[0], edges[-1])
            percent = 100 * np.histogram(within, edges)[0] / len(within)
            rows += [
                (group, step.transition, a, b, share, np.nan)
                for a, b, share in zip(edges[:-1], edges[1:], percent.round(3), strict=True)
            ]
            change = round(step.change, 4)
            rows.append((group, step.transition, change, change, np.nan, round(step.p_adjusted, 4)))
    columns = ["group", "transition", "lower", "upper", "percent", "p_adjusted"]
    return pd.DataFrame(rows, columns=columns)


def published(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `all_tests` in the form of data/placebo_recipients.csv: groups as one word."""
    return rows[COLUMNS].assign(group=rows.group.str.replace(" ", "_"))


def by_group(rows: pd.DataFrame) -> pd.DataFrame:
    """Omnibus p and floors of `all_tests`, a row for each test and columns by group.

    Returns columns series, variant and statistic (as `VARIANTS` and `NAMES` name them), matching,
    then p_ and floor_ for each group by its name, blanks as underscores, and smallest: the
    transition of the first group with the smallest p.
    """
    key = ["series", "variant", "statistic", "matching"]
    omnibus = rows[rows.transition == OMNIBUS]
    wide = omnibus.set_index([*key, "group"])[["p", "floor"]].unstack("group", sort=False)
    wide.columns = [f"{value}_{group.replace(' ', '_')}" for value, group in wide.columns]
    steps = rows[(rows.transition != OMNIBUS) & (rows.group == rows.group.iloc[0])]
    least = steps.loc[steps.groupby(key, sort=False).p.idxmin()].set_index(key).transition
    table = wide.join(least.rename("smallest")).reset_index()
    return table.replace({"variant": VARIANTS, "statistic": NAMES})
