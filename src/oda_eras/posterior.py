"""Posterior of breaks in the mean of a short series, over all placements: nothing is sampled."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import logsumexp


def change_points(
    series: pd.Series, min_segment: int = 5, max_breaks: int = 3
) -> tuple[pd.Series, pd.Series]:
    """Posterior of breaks in a piecewise constant mean, exact.

    Prior: every number of breaks that fits is equally likely, and so is every placement of that
    many. Given the placement the errors are independent and Gaussian of one variance; the overall
    mean and the logarithm of the variance are flat, and the differences of the segments' means
    have Zellner's (1986) prior with g = n, which carries as much information as one observation
    (Kass and Wasserman 1995). A placement of m breaks that explains the share R^2 of the sum of
    squares then has, against no break, the Bayes factor (Liang et al. 2008, equation 6; numbering
    not verified)

        (1 + g)^((n - 1 - m) / 2) / (1 + g (1 - R^2))^((n - 1) / 2).

    Autocorrelation is not allowed for: it is taken for breaks.

    Parameters
    ----------
    series : Series
        Yearly values without gaps, index year; any unit, the posterior does not depend on it.
    min_segment, max_breaks : int
        Smallest segment in years and largest number of breaks.

    Returns
    -------
    by_year : Series
        Probability of a break by the last year of the old level.
    by_number : Series
        Probability of 0, 1, ..., max_breaks breaks; 0 where so many do not fit.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or all are equal.

    Notes
    -----
    Thirty years, segments of five and up to three breaks make some 500 placements; their number
    grows with n^max_breaks.

    References
    ----------
    Kass and Wasserman (1995), Journal of the American Statistical Association 90, 928-934.
    Liang, Paulo, Molina, Clyde and Berger (2008), Journal of the American Statistical Association
    103, 410-423. Zellner (1986), in Goel and Zellner (eds.), Bayesian Inference and Decision
    Techniques, 233-243.
    """
    y = series.to_numpy(dtype=float)
    if not np.isfinite(y).all() or np.ptp(y) == 0:
        raise ValueError("the series must be finite and must vary")
    n = g = len(y)
    sums = np.concatenate([[0.0], np.cumsum(y - y.mean())])
    placements, logs = [], []
    for m in range(max_breaks + 1):
        # m of the places that are left once every segment has its smallest length
        spare = list(combinations(range(n - (m + 1) * min_segment + m), m))
        at = np.array(spare, dtype=int).reshape(len(spare), m) + min_segment
        at += np.arange(m) * (min_segment - 1)
        edges = np.pad(at, ((0, 0), (1, 0)))
        edges = np.pad(edges, ((0, 0), (0, 1)), constant_values=n)
        explained = (np.diff(sums[edges], axis=1) ** 2 / np.diff(edges, axis=1)).sum(axis=1)
        r2 = explained / ((y - y.mean()) ** 2).sum()
        log = (n - 1 - m) / 2 * np.log1p(g) - (n - 1) / 2 * np.log1p(g * (1 - r2))
        placements.append(at)
        logs.append(log - np.log(max(len(at), 1)))
    total = logsumexp(np.concatenate(logs))
    weights = [np.exp(log - total) for log in logs]
    by_year = np.zeros(n)
    for at, weight in zip(placements, weights, strict=True):
        for i in range(at.shape[1]):
            by_year += np.bincount(at[:, i], weights=weight, minlength=n)
    return (
        pd.Series(by_year[1:], index=series.index[:-1], name="probability"),
        pd.Series([w.sum() for w in weights], index=pd.RangeIndex(max_breaks + 1, name="breaks")),
    )
