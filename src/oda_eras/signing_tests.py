"""Were agreements signed more often, or larger, in some eras than in others?

An era is exposed to signings on each of its days. Where the day of an agreement is known only
within a range, it is put into every era that it can have, and results are given as ranges.
"""

from collections.abc import Iterable
from itertools import combinations, pairwise, product
from math import lgamma
from operator import add

import numpy as np
import pandas as pd

from oda_eras.breaks import permutation
from oda_eras.decisions import BILLION, UPPER_BOUND
from oda_eras.study import LEVEL, LISTED

# Beyond so many categories outcomes are too many to be enumerated; then so many are drawn.
MOST_ENUMERATED, N_DRAWN = 7, 49_999
# Rows of the list that hold two loans, by what their project says.
TWO = "two loans|one earlier loan"
UNITS = ("agreements", "loans", "occasions")
# What an alternative multiplies the rate of one era by.
FACTORS = (2.0, 3.0, 5.0)
# Loans count as ODA from then on.
START = f"{LISTED}-01-01"
# After 2021 the list of agreements has gaps (data/README.md): eras that close later are left out.
COMPLETE_UNTIL = "2021-12-31"
YEAR = 365.25
# log probabilities, and shares of a statistic, closer than this are equal
TIE = 1e-9


def complete(eras: pd.DataFrame) -> pd.DataFrame:
    """Eras over before `COMPLETE_UNTIL`, from `START` on; `eras` is one scheme of data/eras.csv."""
    own = eras[(eras.closes <= COMPLETE_UNTIL) & (eras.closes > START)]
    return own.assign(opens=own.opens.where(own.opens > START, START))


def days_of(eras: pd.DataFrame) -> pd.Series:
    """Days by era; a day that two eras claim counts for both."""
    days = (pd.to_datetime(eras.closes) - pd.to_datetime(eras.opens)).dt.days
    return pd.Series(days.to_numpy(), index=eras.era.to_numpy(), name="days")


def multinomial_p(counts: Iterable[tuple[int, ...]], days: np.ndarray, seed: int = 0) -> list:
    """Test that events fall on all days with equal probability.

    Parameters
    ----------
    counts : iterable of tuples of int
        Events by era, one tuple or several of the same sum.
    days : array of int
        Days of each era.
    seed : int
        For more than `MOST_ENUMERATED` eras.

    Returns
    -------
    list of float
        For each tuple the probability of all outcomes that are no likelier than it, given the
        number of events: exact for up to `MOST_ENUMERATED` eras, else from `N_DRAWN` random
        outcomes, it among them.

    Raises ValueError where sums differ or an era has no day.
    """
    counts = [tuple(map(int, c)) for c in counts]
    n = sum(counts[0])
    if any(sum(c) != n or len(c) != len(days) for c in counts) or min(days) <= 0:
        raise ValueError("expected as many counts as eras, one sum, and a day in every era")
    logs = np.log(np.asarray(days) / np.sum(days))
    factorial = log_factorials(n)
    observed = np.array(counts)
    limits = observed @ logs - factorial[observed].sum(axis=1) + TIE
    if len(days) > MOST_ENUMERATED:
        drawn = np.random.default_rng(seed).multinomial(n, np.exp(logs), size=N_DRAWN)
        found = np.sort(drawn @ logs - factorial[drawn].sum(axis=1))
        p = (np.searchsorted(found, limits, side="right") + 1) / (N_DRAWN + 1)
    else:
        found = np.sort(_outcomes(logs, factorial))
        cumulated = np.concatenate([[0.0], np.exp(found + factorial[n]).cumsum()])
        p = cumulated[np.searchsorted(found, limits, side="right")]
    return np.minimum(p, 1.0).tolist()


def log_factorials(n: int) -> np.ndarray:
    """Logarithms of 0!, 1!, ..., n!."""
    return np.array([lgamma(i + 1) for i in range(n + 1)])


def _outcomes(logs: np.ndarray, factorial: np.ndarray) -> np.ndarray:
    """The sum over eras of i log(p) - log(i!) for each way in which all events can fall on them."""
    n = len(factorial) - 1
    # by number of events, for the eras so far; with the last, of all events alone
    found = [np.zeros(1)] + [np.empty(0)] * n
    for era, x in enumerate(logs, start=1):
        found = [
            np.concatenate([found[t - i] + i * x - factorial[i] for i in range(t + 1)])
            for t in range(n if era == len(logs) else 0, n + 1)
        ]
    return found[-1]


def hazard_tests(agreements: pd.DataFrame, schemes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The test of equal hazard in every scheme, by agreement and by occasion, on all dates.

    Parameters
    ----------
    agreements : DataFrame
        Result of `oda_eras.decisions.of_study`.
    schemes : dict
        Eras by title; those that close after `COMPLETE_UNTIL` are left out.

    Returns
    -------
    DataFrame
        Columns scheme, kyrgyz ("in" or "out": commitments that stand for Kyrgyz loans), unit
        ("agreements", as listed; "loans", rows that hold two being two; or "occasions", those of
        one recipient and date being one), eras, events_low, events_high (events in these eras),
        p_low, p_high (over all eras that uncertain dates allow).
    """
    rows = []
    for scheme, eras in schemes.items():
        own = complete(eras)
        days = days_of(own)
        for kyrgyz, unit in product(("out", "in"), UNITS):
            by_number: dict[int, list] = {}
            for counts in possible_counts(_chosen(agreements, kyrgyz, unit), own):
                by_number.setdefault(sum(counts), []).append(counts)
            p = [value for some in by_number.values() for value in multinomial_p(some, days)]
            numbers = min(by_number), max(by_number)
            rows.append((scheme, kyrgyz, unit, len(own), *numbers, min(p), max(p)))
    columns = ["scheme", "kyrgyz", "unit", "eras", "events_low", "events_high", "p_low", "p_high"]
    return pd.DataFrame(rows, columns=columns)


def _chosen(agreements: pd.DataFrame, kyrgyz: str, unit: str = "agreements") -> pd.DataFrame:
    some = agreements if kyrgyz == "in" else agreements[agreements.basis != UPPER_BOUND]
    if unit == "loans":
        return some.loc[some.index.repeat(1 + some.project.str.contains(TWO))]
    same = ["recipient", "signed_from", "signed_to"]
    return some.drop_duplicates(same) if unit == "occasions" else some


def hazard_power(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """How often the exact test finds an era with a multiple of the others' rate, at 5%.

    With as many events as there are agreements that must lie in the eras, Kyrgyz commitments left
    out. Returns a frame indexed by era with a column for each of `FACTORS`.
    """
    own = complete(eras)
    days = days_of(own).to_numpy()
    places = possible_eras(_chosen(agreements, "out"), own)
    n, k = sum(None not in place for place in places), len(own)
    # every way to spread n events over k eras, as gaps between k - 1 bars
    bars = np.array(list(combinations(range(n + k - 1), k - 1)))
    ends = np.full((len(bars), 1), n + k - 1)
    outcomes = np.diff(np.hstack([-np.ones_like(ends), bars, ends]), axis=1) - 1
    found = outcomes[np.array(multinomial_p(outcomes, days)) <= LEVEL]
    factorial = log_factorials(n)
    ways = factorial[n] - factorial[found].sum(axis=1)
    power = {}
    for factor in FACTORS:
        share = days * np.where(np.eye(k, dtype=bool), factor, 1.0)
        share /= share.sum(axis=1, keepdims=True)
        power[factor] = np.exp(found @ np.log(share.T) + ways[:, None]).sum(axis=0)
    return pd.DataFrame(power, index=pd.Index(own.era, name="era"))


def possible_eras(agreements: pd.DataFrame, eras: pd.DataFrame) -> list[list[str | None]]:
    """For each agreement every era that its range of dates meets, and None among them where a day
    of the range belongs to no era.
    """
    # ISO dates compare as text
    spans = sorted(zip(eras.opens, eras.closes, eras.era, strict=True))
    found = []
    for first, last in zip(agreements.signed_from, agreements.signed_to, strict=True):
        places = [era for opens, end, era in spans if first < end and last >= opens]
        uncovered = first
        for opens, end, _ in spans:
            if opens <= uncovered:
                uncovered = max(uncovered, end)
        found.append([*places, None] if uncovered <= last else places)
    return found


def possible_counts(agreements: pd.DataFrame, eras: pd.DataFrame) -> set[tuple[int, ...]]:
    """Every vector of counts by era that the ranges of the agreements' dates allow."""
    vectors = {(0,) * len(eras)}
    for places in possible_eras(agreements, eras):
        added = [(eras.era == era).astype(int) for era in places]
        vectors = {tuple(map(add, vector, one)) for vector in vectors for one in added}
    return vectors


def rates(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """Agreements and amounts by era; ranges where dates are uncertain.

    Commitments that stand for Kyrgyz loans are left out. Returns, for the eras that close by
    `COMPLETE_UNTIL`, columns era, years (of exposure), agreements_low, agreements_high,
    occasions_low, occasions_high (numbers), yen_low, yen_high (known amounts, billion yen a year)
    and median (billion yen, of agreements whose amount is known and whose era is certain).
    """
    own = complete(eras)
    known = _chosen(agreements, "out")
    places = possible_eras(known, own)
    rows = []
    for era, days in days_of(own).items():
        sure = known[[place == [era] for place in places]]
        may = known[[era in place for place in places]]
        years = days / YEAR
        amounts = sure.amount_yen_million.dropna() / BILLION
        each = [len(sure), len(may)]
        each += [len(_chosen(some, "out", "occasions")) for some in (sure, may)]
        each += [some.amount_low.sum() / BILLION / years for some in (sure, may)]
        rows.append((era, years, *each, amounts.median()))
    columns = [
        "era", "years", "agreements_low", "agreements_high", "occasions_low", "occasions_high",
        "yen_low", "yen_high", "median",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def longest_gap(agreements: pd.DataFrame) -> tuple[str, str]:
    """The longest time that passed without an agreement, whatever their days: years of its ends.

    Up to `COMPLETE_UNTIL`, Kyrgyz commitments left out.
    """
    own = _chosen(agreements, "out")
    own = own[own.signed_from <= COMPLETE_UNTIL].sort_values(["signed_from", "signed_to"])
    first, last = pd.to_datetime(own.signed_from), pd.to_datetime(own.signed_to)
    # the latest day by which all so far had been signed is where a gap begins
    wait = first.to_numpy()[1:] - last.cummax().to_numpy()[:-1]
    at = int(wait.argmax())
    return own.signed_to.cummax().iloc[at][:4], own.signed_from.iloc[at + 1][:4]


def size_tests(agreements: pd.DataFrame, eras: pd.DataFrame) -> pd.DataFrame:
    """Are agreements of one era larger than those of the one before? Exact rank-sum tests.

    Of agreements whose amount is known and whose era is certain; an era without any is passed
    over. Returns transition, kyrgyz ("in" or "out"), n_before, n_after, ratio (of medians), p (of
    `oda_eras.breaks.permutation` on ranks: without ties that of Mann and Whitney, two-sided),
    floor (smallest p that these numbers allow).
    """
    own = complete(eras)
    rows = []
    for kyrgyz in ("in", "out"):
        some = _chosen(agreements, kyrgyz).dropna(subset="amount_yen_million")
        places = possible_eras(some, own)
        sizes = {
            era: some.amount_yen_million[[place == [era] for place in places]] for era in own.era
        }
        for before, after in pairwise(era for era, own_sizes in sizes.items() if len(own_sizes)):
            a, b = sizes[before], sizes[after]
            ranks = pd.concat([a, b]).rank().to_numpy()
            p = floor = 1.0  # where all are of one size
            if np.ptp(ranks) > 0:
                test = permutation(ranks[len(a) :], ranks[: len(a)])
                p, floor = test.p, test.floor
            ratio = b.median() / a.median()
            rows.append((f"{before} to {after}", kyrgyz, len(a), len(b), ratio, p, floor))
    columns = ["transition", "kyrgyz", "n_before", "n_after", "ratio", "p", "floor"]
    return pd.DataFrame(rows, columns=columns)


def amounts_by_rotation(agreements: pd.DataFrame, schemes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Are amounts spread over eras more unevenly than over the same eras turned through time?

    The statistic is the sum over eras of (share of amount - share of days)^2 / share of days. The
    dates are turned day by day through the span of the eras, the end wrapping round; agreements
    keep their distances, and so their clusters. Agreements stand on the first day of their ranges,
    on the middle, or on the last.

    Takes what `hazard_tests` takes. Returns scheme, kyrgyz, statistic (with agreements on the
    middle), p_low and p_high (share of turns with a statistic as large, over the three), floor
    (share of turns with the largest: neighbouring ones have the same, so that it is more than one
    over their number).
    """
    rows = []
    for scheme, kyrgyz in product(schemes, ("in", "out")):
        own = complete(schemes[scheme])
        some = _chosen(agreements, kyrgyz).dropna(subset="amount_yen_million")
        opens, closes = (pd.to_datetime(own[end]) for end in ("opens", "closes"))
        start, length = opens.min(), (closes.max() - opens.min()).days
        held = np.zeros((length, len(own)))
        for i, (first, end) in enumerate(zip(opens, closes, strict=True)):
            held[(first - start).days : (end - start).days, i] = 1
        first, last = (pd.to_datetime(some[end]) for end in ("signed_from", "signed_to"))
        found = []
        for part in (0, 0.5, 1):
            day = ((first + part * (last - first)) - start).dt.days
            inside = (day >= 0) & (day < length)
            amount = some.amount_yen_million[inside].to_numpy()
            turned = (day[inside].to_numpy() + np.arange(length)[:, None]) % length
            shares = amount @ held[turned] / amount.sum()
            exposed = held.mean(axis=0)
            statistic = ((shares - exposed) ** 2 / exposed).sum(axis=1)
            ends = statistic[0], statistic.max()
            found.append((statistic[0], *((statistic >= e * (1 - TIE)).mean() for e in ends)))
        (_, *low), (middle, *mid), (_, *high) = found
        p, floor = zip(low, mid, high, strict=True)
        rows.append((scheme, kyrgyz, middle, min(p), max(p), max(floor)))
    columns = ["scheme", "kyrgyz", "statistic", "p_low", "p_high", "floor"]
    return pd.DataFrame(rows, columns=columns)
