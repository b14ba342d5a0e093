"""Contrasts between neighbouring eras under every treatment of years, and what of them stays.

A transition is named by the eras that meet in it, such as "E0 to E1".
"""

import numpy as np
import pandas as pd

from oda_eras.breaks import lag1, null_paths, rotation
from oda_eras.eras import SETTLED, era_weights, gaps_and_overlaps, moved_boundary, transitions
from oda_eras.measures import longest_run
from oda_eras.power import era_f
from oda_eras.study import BOUNDARIES, LEVEL

KEYS = ["measure", "price_basis", "recipient", "boundary", "lag", "era_before", "era_after"]
# simulated series of the AR(1) null
N_AR1 = 9_999
# what specifications are counted by
KINDS = ["transition", "measure", "recipient"]


def transition_of(rows: pd.DataFrame) -> pd.Series:
    """Names of transitions, from columns era_before and era_after."""
    return rows.era_before + " to " + rows.era_after


def omnibus(series: pd.DataFrame, era: pd.Series, tested: bool = True) -> pd.DataFrame:
    """The rotation test of all eras (`oda_eras.breaks.rotation`), series by series.

    Parameters
    ----------
    series : DataFrame
        Index year; columns (measure, price_basis, recipient), US$ million.
    era : Series
        Era by year.
    tested : bool
        Whether the eras may be tested; no rows where they can't.

    Returns
    -------
    DataFrame
        Index measure, price_basis, recipient; n (years in the series' longest run, and so the
        number of rotations), f (ratio of variance between eras to variance within), p, floor, rho
        (autocorrelation of the demeaned series) and p_ar1 (share of `N_AR1` Gaussian AR(1) series
        of that rho with as large an F; missing where a year of the run has no era).
    """
    rows = []
    for key, values in series.items():
        if tested:
            y = longest_run(values)
            own = era[y.index]
            test = rotation(y, own)
            rho, p_ar1 = float(lag1((y - y.mean()).to_numpy())), np.nan
            if own.notna().all():
                lengths = tuple(own.groupby((own != own.shift()).cumsum()).size())
                simulated = era_f(null_paths(len(y), rho, N_AR1, seed=0), lengths)
                p_ar1 = ((simulated >= test.statistic).sum() + 1) / (N_AR1 + 1)
            rows.append((*key, len(y), test.statistic, test.p, test.floor, rho, p_ar1))
    keys = KEYS[:3]
    columns = [*keys, "n", "f", "p", "floor", "rho", "p_ar1"]
    return pd.DataFrame(rows, columns=columns).set_index(keys)


def all_contrasts(
    series: pd.DataFrame, eras: pd.DataFrame, lags: list[int], tested: bool = True
) -> pd.DataFrame:
    """`oda_eras.eras.transitions` of every series under every boundary treatment and lag.

    Parameters
    ----------
    series : DataFrame
        Index year; columns (measure, price_basis, recipient), US$ million.
    eras : DataFrame
        One scheme with dates.
    lags : list of int
        Lags of disbursements, years.
    tested : bool
        As in `oda_eras.eras.contrast`.

    Returns
    -------
    DataFrame
        Columns measure, price_basis, recipient, boundary, lag, then those of `transitions`; Holm
        corrects over the transitions of one series, treatment and lag.
    """
    parts = []
    for boundary in BOUNDARIES:
        for lag in lags:
            weights = era_weights(eras, list(series.index), boundary, lag)
            for key, values in series.items():
                made_with = dict(zip(KEYS, (*key, boundary, lag), strict=False))
                parts.append(transitions(values, weights, tested).assign(**made_with))
    found = pd.concat(parts, ignore_index=True)
    return found[[*KEYS, *(column for column in found if column not in KEYS)]]


def by_rotation(y: pd.Series, era: pd.Series, rows: pd.DataFrame) -> pd.DataFrame:
    """Transitions tested by rotation of their two eras' labels, which keeps autocorrelation.

    `y` and `era` have the same years; `rows` has columns era_before and era_after. Returns
    transition, difference (US$ million), p and floor; transitions of which an era has no year are
    left out.
    """
    held = set(era.dropna())
    tests = [
        (f"{before} to {after}", rotation(y, era, groups=(after, before)))
        for before, after in zip(rows.era_before, rows.era_after, strict=True)
        if {before, after} <= held
    ]
    return pd.DataFrame(
        [(name, test.statistic, test.p, test.floor) for name, test in tests],
        columns=["transition", "difference", "p", "floor"],
    )


def over_specifications(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the specifications of each transition, measure and sum of recipients.

    `rows` is the result of `oda_eras.eras.specifications` with a column transition. Returns
    columns transition, measure, recipient, valid (both eras have enough years), positive, small
    (p of at most `LEVEL`) and smallest_floor; the last two are missing where nothing is tested.
    """
    valid = rows.dropna(subset="difference").assign(
        positive=lambda t: t.difference > 0, small=lambda t: (t.p <= LEVEL).where(t.p.notna())
    )
    return (
        valid.groupby(KINDS)
        .agg(
            valid=("difference", "size"),
            positive=("positive", "sum"),
            small=("small", lambda small: small.sum(min_count=1)),
            smallest_floor=("floor", "min"),
        )
        .reset_index()
    )


def either_way(
    eras: pd.DataFrame, schemes: dict[str, pd.DataFrame], before: str, after: str
) -> dict[str, pd.DataFrame]:
    """A scheme with the days between two eras that the article leaves unnamed in either of them.

    Parameters
    ----------
    eras : DataFrame
        One scheme without holes, in which the earlier era has these days.
    schemes : dict
        All schemes by title, as `oda_eras.eras.dated_schemes` returns them.
    before, after : str
        The two eras.

    Returns
    -------
    dict
        The scheme by the era that has the days; empty where there are no such days to give.
    """
    if "article" not in schemes or not {before, after} <= set(eras.era):
        return {}
    gaps = gaps_and_overlaps(schemes["article"])
    hole = gaps[(gaps.kind == "hole") & (gaps.between == f"{before} and {after}")]
    if hole.empty:
        return {}
    return {before: eras, after: moved_boundary(eras, after, hole.opens.iloc[0])}


def under_schemes(series: pd.DataFrame, schemes: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """`oda_eras.eras.transitions` by majority of days and without lag, scheme beside scheme.

    `series` has index year and columns (price_basis, recipient), US$ million; `schemes` gives the
    eras by a name. Returns the columns of `transitions` under an index of recipient, price_basis,
    scheme, transition.
    """
    index = ["recipient", "price_basis", "scheme", "transition"]
    parts = []
    for scheme, eras in schemes.items():
        weights = era_weights(eras, list(series.index))
        for (basis, recipient), values in series.items():
            table = transitions(values, weights).round(SETTLED)
            key = {"recipient": recipient, "price_basis": basis, "scheme": scheme}
            parts.append(table.assign(**key, transition=transition_of(table)))
    if not parts:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[]] * len(index), names=index))
    return pd.concat(parts).set_index(index).sort_index()
