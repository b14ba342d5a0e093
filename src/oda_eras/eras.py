"""Policy eras as data: which era a calendar year belongs to, and how far neighbours differ."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import special

from oda_eras.breaks import bai_perron, holm, permutation
from oda_eras.study import BOUNDARIES, DATA_DRIVEN, Study

SMALLEST_ERA = 3
# Data-driven eras: segments of Bai and Perron's search, their number by BIC.
MIN_SEGMENT, MAX_BREAKS = 5, 3
SHORT_BY = 0.05  # years: an era that lacks some days of its third year still counts
N_SIM = 9_999
# Means of figures printed to 0.01 often end in a 5 that processors compute a hair above or below;
# settled to so many decimals first, they round the same everywhere.
SETTLED = 9
ESTIMATES = ["n_before", "n_after", "difference", "low", "high", "g", "p", "floor"]
# A year belongs to an era's core if the era holds this share of its days: six days of another
# government at a year's end, as in 2012, make no boundary year.
CORE_SHARE = 0.95


def data_driven_eras(total: pd.Series, donor: str) -> pd.DataFrame:
    """Eras as the segments that BIC finds in a series (`oda_eras.breaks.bai_perron`).

    `total` is a flow by year without gaps. Returns the form of data/eras.csv: scheme, donor, era,
    label, name, opens, closes. They describe the series; the data that made them can't test them.
    """
    fit = bai_perron(total, h=MIN_SEGMENT, max_breaks=MAX_BREAKS)
    ends = [*fit.labels(fit.choice("bic")).last_old, int(total.index[-1])]
    starts = [int(total.index[0]), *(end + 1 for end in ends[:-1])]
    labels = [f"{first}-{last % 100:02d}" for first, last in zip(starts, ends, strict=True)]
    return pd.DataFrame(
        {
            "scheme": DATA_DRIVEN,
            "donor": donor,
            "era": [f"D{i}" for i in range(1, len(ends) + 1)],
            "label": labels,
            "name": labels,
            "opens": [f"{first}-01-01" for first in starts],
            "closes": [*(f"{last + 1}-01-01" for last in ends[:-1]), None],
        }
    )


def study_eras(eras: pd.DataFrame, study: Study, total: pd.Series) -> pd.DataFrame:
    """The scheme of eras that a study compares.

    Parameters
    ----------
    eras : DataFrame
        data/eras.csv.
    study : Study
    total : Series
        Result of `oda_eras.measures.tested_total`, for a donor without a scheme of its own.

    Returns
    -------
    DataFrame
        One scheme, columns of data/eras.csv: the study's; else the first of a file of one's own,
        or the donor's filled eras; else its data-driven ones.
    """
    own = eras[(eras.donor == study.donor) & eras.opens.notna()]
    first = own.scheme.iloc[0] if study.eras else "filled"
    chosen = own[own.scheme == (study.scheme or first)]
    return chosen if len(chosen) else data_driven_eras(total, study.donor)


def moved_boundary(eras: pd.DataFrame, era: str, opens: str) -> pd.DataFrame:
    """A scheme in which an era opens, and the one before it closes, on another day.

    `eras` is one scheme of data/eras.csv, `era` not its first, `opens` an ISO date.
    """
    before = eras.era.shift(-1) == era
    return eras.assign(
        opens=eras.opens.mask(eras.era == era, opens), closes=eras.closes.mask(before, opens)
    )


def day_shares(eras: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """Share of each calendar year's days that an era holds.

    Parameters
    ----------
    eras : DataFrame
        One scheme of data/eras.csv: columns era, opens, closes (ISO dates; `closes` is the day
        after the last one, empty where the era is still open).
    years : list of int
        Calendar years.

    Returns
    -------
    DataFrame
        Index year, a column per era, and "none" for days that belong to no era. A day that two
        eras claim counts for both, so that a row may sum to more than 1.

    Raises ValueError where an era has no opening date.
    """
    if eras.opens.isna().any():
        raise ValueError(f"no opening date for {', '.join(eras.era[eras.opens.isna()])}")
    days = pd.date_range(f"{min(years)}-01-01", f"{max(years)}-12-31")
    opens = pd.to_datetime(eras.opens)
    closes = pd.to_datetime(eras.closes).fillna(days[-1] + pd.Timedelta(days=1))
    held = pd.DataFrame(
        {
            era: (days >= start) & (days < end)
            for era, start, end in zip(eras.era, opens, closes, strict=True)
        }
    )
    held["none"] = ~held.any(axis=1)
    return held.groupby(days.year).mean().rename_axis("year").loc[list(years)]


def majority_era(eras: pd.DataFrame, years: list[int]) -> pd.Series:
    """Give each year to the era that holds the most of its days.

    Takes what `day_shares` takes. Returns the era by year, missing where days that belong to no
    era outnumber those of every era; of two eras with as many days, the earlier gets the year.
    """
    shares = day_shares(eras, years)
    named = shares.drop(columns="none")
    return named.idxmax(axis=1).where(named.max(axis=1) > shares.none).rename("era").astype(object)


def era_weights(
    eras: pd.DataFrame, years: list[int], boundary: str = "majority", shift: int = 0
) -> pd.DataFrame:
    """Weight of each year in each era, under one treatment of boundary years.

    Parameters
    ----------
    eras, years
        As in `day_shares`.
    boundary : str
        "majority": a year counts for the era with most of its days. "dropped": only years of
        which an era holds at least `CORE_SHARE` count, for that era. "weighted": a year counts
        for each era by its share of days.
    shift : int
        Years by which all eras are moved: the flow of a year is set against the era of `shift`
        years before. A lag of disbursements is a positive shift.

    Returns
    -------
    DataFrame
        Index year, a column per era, weights from 0 to 1.

    Raises ValueError for an unknown boundary treatment.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary {boundary!r}: expected one of {', '.join(BOUNDARIES)}")
    moved = [year - shift for year in years]
    shares = day_shares(eras, moved)
    weights = shares.drop(columns="none")
    if boundary == "majority":
        chosen = majority_era(eras, moved)
        weights = pd.DataFrame({era: (chosen == era).astype(float) for era in weights})
    elif boundary == "dropped":
        core = weights >= CORE_SHARE
        # two eras that overlap can both hold a year: then it is neither's core
        weights = core.mul(core.sum(axis=1) == 1, axis=0).astype(float)
    return weights.set_axis(pd.Index(years, name="year"))


def contrast(
    values: pd.Series, before: pd.Series, after: pd.Series, tested: bool = True, seed: int = 0
) -> dict:
    """Difference of (weighted) means between two eras, with an interval and a permutation p.

    Parameters
    ----------
    values : Series
        A flow by year.
    before, after : Series
        Weights of the years in the two eras.
    tested : bool
        Whether the eras may be tested. Data that made them can't: then interval, p and floor are
        missing.
    seed : int
        For the random arrangements that fractional weights need.

    Returns
    -------
    dict
        n_before, n_after (sums of weights), difference (after less before), low and high (Welch
        1947's 95% interval, for weights of 0 and 1; it supposes independent years and is too
        narrow where they are not), g (Hedges 1981's standardised difference), p and floor
        (two-sided: arrangements with at least as large an absolute difference; see
        `oda_eras.breaks.permutation`; 1 where all years are equal; with fractional weights the
        arrangements are drawn at random and the floor is that of the simulation). Where an era has
        fewer than `SMALLEST_ERA` years, all but the counts are missing.
    """
    y, b, a = _known(values, pd.DataFrame({"before": before, "after": after}))
    return _contrast(y, b, a, tested, seed)


def _known(values: pd.Series, weights: pd.DataFrame) -> list[np.ndarray]:
    """A flow in the years in which it is known, then the eras' weights of these years."""
    known = values.dropna()
    return [known.to_numpy(), *weights.reindex(known.index).fillna(0).to_numpy(float).T.copy()]


def _contrast(y: np.ndarray, b: np.ndarray, a: np.ndarray, tested: bool, seed: int = 0) -> dict:
    """`contrast` of known years: flow, weights before and after."""
    result = dict.fromkeys(ESTIMATES, np.nan) | {"n_before": b.sum(), "n_after": a.sum()}
    if min(b.sum(), a.sum()) < SMALLEST_ERA - SHORT_BY:
        return result
    result["difference"] = _difference(y, b, a)
    used = (a + b) > 0
    whole_years = set(np.concatenate([a, b])) <= {0.0, 1.0} and not (a * b).any()
    if whole_years:
        first, second = y[b > 0], y[a > 0]
        n = len(first) + len(second)
        pooled = np.sqrt(
            ((len(first) - 1) * first.var(ddof=1) + (len(second) - 1) * second.var(ddof=1))
            / (n - 2)
        )
        small_sample = 1 - 3 / (4 * (n - 2) - 1)
        g = small_sample * result["difference"] / pooled if pooled > 0 else np.nan
        result["g"] = round(float(g), SETTLED)
    if not tested:
        return result
    if np.ptp(y[used]) == 0:  # then every arrangement gives the same difference
        return result | {"p": 1.0, "floor": 1.0}
    if whole_years:
        low, high = welch_interval(first, second)
        test = permutation(second, first)
        return result | {
            "low": round(low, SETTLED),
            "high": round(high, SETTLED),
            "p": test.p,
            "floor": test.floor,
        }
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.broadcast_to(y[used], (N_SIM, used.sum())), axis=1)
    spread = np.abs(shuffled @ (a[used] / a.sum() - b[used] / b.sum()))
    hits = (spread >= abs(result["difference"]) * (1 - 1e-9)).sum()
    return result | {"p": (hits + 1) / (N_SIM + 1), "floor": 1 / (N_SIM + 1)}


def welch_interval(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Welch's (1947) 95% interval of the difference of two means, after less before.

    `scipy.stats.ttest_ind` gives the same, in a millisecond each and half a second to import.
    """
    parts = [values.var(ddof=1) / len(values) for values in (before, after)]
    variance = sum(parts)
    divisors = len(before) - 1, len(after) - 1
    if variance == 0:
        df = 1  # any will do
    else:
        df = variance**2 / sum(part**2 / d for part, d in zip(parts, divisors, strict=True))
    half = special.stdtrit(df, 0.975) * np.sqrt(variance)
    difference = after.mean() - before.mean()
    return float(difference - half), float(difference + half)


def _difference(y: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    return round(float(y @ after / after.sum() - y @ before / before.sum()), SETTLED)


def transitions(values: pd.Series, weights: pd.DataFrame, tested: bool = True) -> pd.DataFrame:
    """Contrasts between neighbouring eras, corrected over the family by Holm.

    Parameters
    ----------
    values : Series
        A flow by year.
    weights : DataFrame
        Result of `era_weights`.
    tested : bool
        As in `contrast`.

    Returns
    -------
    DataFrame
        A row per pair of neighbours: era_before, era_after, the entries of `contrast`, p_holm,
        floor_holm, family (the number of pairs that could be compared, over which Holm corrects),
        and loo_low and loo_high: the smallest and largest difference when one year
        is left out. Pairs that can't be compared have missing values and do not count for Holm.
    """
    rows = []
    y, *by_era = _known(values, weights)
    for (before, after), (b, a) in zip(pairwise(weights), pairwise(by_era), strict=True):
        found = _contrast(y, b, a, tested)
        low = high = np.nan
        if np.isfinite(found["difference"]):
            others = ~np.eye(len(y), dtype=bool)
            without = [_difference(y[o], b[o], a[o]) for o in others[(b + a) > 0]]
            low, high = min(without), max(without)
        rows.append(
            {"era_before": before, "era_after": after, **found, "loo_low": low, "loo_high": high}
        )
    columns = ["era_before", "era_after", *ESTIMATES, "loo_low", "loo_high"]
    table = pd.DataFrame(rows, columns=columns)
    adjusted = holm(table.p, table.floor)
    return table.assign(
        p_holm=adjusted.p_holm,
        floor_holm=adjusted.floor_holm,
        family=int(table.difference.count()),
    )


def gaps_and_overlaps(eras: pd.DataFrame) -> pd.DataFrame:
    """Stretches of time that no era names, or that two claim.

    `eras` is one scheme with dates. Returns columns kind ("hole" or "overlap"), opens, closes,
    days, between.
    """
    opens, closes = pd.to_datetime(eras.opens), pd.to_datetime(eras.closes)
    rows = []
    for i in range(len(eras) - 1):
        end, start = closes.iloc[i], opens.iloc[i + 1]
        if end != start:
            kind = "hole" if end < start else "overlap"
            first, last = sorted([end, start])
            pair = f"{eras.era.iloc[i]} and {eras.era.iloc[i + 1]}"
            rows.append(
                (kind, first.date().isoformat(), last.date().isoformat(), (last - first).days, pair)
            )
    return pd.DataFrame(rows, columns=["kind", "opens", "closes", "days", "between"])


def describe(flows: pd.DataFrame, era: pd.Series) -> pd.DataFrame:
    """Describe flows by era.

    Parameters
    ----------
    flows : DataFrame
        Flows by year, a column per recipient or sum.
    era : Series
        Era by year.

    Returns
    -------
    DataFrame
        Columns era, recipient, n, median, mean, cv (missing where the mean is not positive),
        largest_year, largest_share_percent (of the era's sum; missing where a year is negative),
        negative_years.
    """
    rows = []
    for name in flows:
        table = pd.DataFrame({"flow": flows[name], "era": era}).dropna()
        for label, group in table.groupby("era", sort=False):
            y = group.flow
            rows.append(
                {
                    "era": label,
                    "recipient": name,
                    "n": len(y),
                    "median": y.median(),
                    "mean": y.mean(),
                    "cv": y.std() / y.mean() if len(y) > 1 and y.mean() > 0 else np.nan,
                    "largest_year": int(y.idxmax()),
                    "largest_share_percent": 100 * y.max() / y.sum()
                    if y.min() >= 0 < y.sum()
                    else np.nan,
                    "negative_years": int((y < 0).sum()),
                }
            )
    return pd.DataFrame(rows).round(SETTLED).round(2)


def dated_schemes(
    eras: pd.DataFrame, donor: str, data_driven: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """A donor's schemes that have dates, by title; the data-driven one comes last.

    `eras` is data/eras.csv, `data_driven` what `data_driven_eras` found.
    """
    own = eras[(eras.donor == donor) & eras.opens.notna()]
    schemes = {title_of(scheme): own[own.scheme == scheme] for scheme in own.scheme.unique()}
    return schemes | {title_of(DATA_DRIVEN): data_driven}


def title_of(scheme: str) -> str:
    """A scheme as text names it, such as "prime ministers"."""
    return "data-driven" if scheme == DATA_DRIVEN else scheme.replace("_", " ")


def events_of(events: pd.DataFrame, schemes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Dated events of a donor; none of one that the article is not on.

    `events` is data/events.csv, `schemes` the result of `dated_schemes`.
    """
    return events if "article" in schemes else events.iloc[:0]


def all_schemes(schemes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Schemes by title as one table, with the columns of data/eras.csv that tell the eras apart."""
    columns = ["scheme", "era", "label", "opens", "closes", "opening_event", "closing_event"]
    parts = [eras.assign(scheme=title) for title, eras in schemes.items()]
    return pd.concat(parts, ignore_index=True).reindex(columns=[*columns, "source", "note"])


def time_line(every_era: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Eras of all schemes and events as rows: scheme, era, label, opens, closes.

    `every_era` is the result of `all_schemes`, `events` that of `events_of`; an event, under the
    scheme "event", opens and closes on its day.
    """
    days = events.rename(columns={"event": "label", "date": "opens"})
    days = days.assign(scheme="event", closes=days.opens)
    columns = ["scheme", "era", "label", "opens", "closes"]
    return pd.concat([every_era, days], ignore_index=True)[columns]


def describe_schemes(
    flows: pd.DataFrame, schemes: dict[str, pd.DataFrame], measures: Iterable[str]
) -> pd.DataFrame:
    """`describe` for some measures under several schemes, by majority of days.

    `flows` has index year and columns (measure, recipient), US$ million; `schemes` gives the eras
    by title. Returns columns scheme, measure, era, recipient, then those of `describe`.
    """
    parts = [
        describe(flows[measure], majority_era(eras, list(flows.index))).assign(
            scheme=title, measure=measure
        )
        for title, eras in schemes.items()
        for measure in measures
    ]
    found = pd.concat(parts, ignore_index=True)
    keys = ["scheme", "measure", "era", "recipient"]
    return found[[*keys, *(column for column in found if column not in keys)]]


def specifications(
    series: pd.DataFrame, eras: pd.DataFrame, tested: bool = True, shifts: range = range(-2, 6)
) -> pd.DataFrame:
    """Contrasts between neighbouring eras over every distinct specification.

    Moving all boundaries by a year and lagging disbursements by a year are the same
    specification, so one total shift stands for both.

    Parameters
    ----------
    series : DataFrame
        Index year; columns (measure, price_basis, recipient).
    eras : DataFrame
        One scheme with dates.
    tested : bool
        As in `contrast`.
    shifts : range
        Years by which the eras are moved, see `era_weights`.

    Returns
    -------
    DataFrame
        A row per pair of neighbours, shift and series: transition ("E0 to E1"), shift, measure,
        price_basis, recipient, n_before, n_after, difference (US$ million), in_sd (difference
        over the series' standard deviation), p and floor; missing where an era has fewer than
        `SMALLEST_ERA` years of the series.
    """
    rows = []
    for shift in shifts:
        weights = era_weights(eras, list(series.index), shift=shift)
        for (measure, basis, recipient), values in series.items():
            y, *by_era = _known(values, weights)
            sd = values.std()
            for (before, after), (b, a) in zip(pairwise(weights), pairwise(by_era), strict=True):
                found = _contrast(y, b, a, tested)
                rows.append(
                    {
                        "transition": f"{before} to {after}",
                        "shift": shift,
                        "measure": measure,
                        "price_basis": basis,
                        "recipient": recipient,
                        "n_before": int(found["n_before"]),
                        "n_after": int(found["n_after"]),
                        "difference": found["difference"],
                        "in_sd": round(found["difference"] / sd, SETTLED),
                        "p": found["p"],
                        "floor": found["floor"],
                    }
                )
    columns = ["transition", "shift", "measure", "price_basis", "recipient"]
    estimates = ["n_before", "n_after", "difference", "in_sd", "p", "floor"]
    return pd.DataFrame(rows, columns=[*columns, *estimates])
