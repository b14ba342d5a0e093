"""Size and power of every break method the notebooks use, on series as short as theirs.

`make power` (``python -m oda_eras.power``) writes data/power.csv. The seed is fixed and rates are
rounded, so a rerun gives the same bytes; it takes well under a minute on one core.

The series are Gaussian: independent, or AR(1) with a stationary start, scaled to a standard
deviation of 1. Nominal level 5% throughout.

Scenarios
---------
size
    No break: how often the method finds one that is not there.
power
    The mean shifts once, by ``shift_sd``, after ``break_after``.
power_eras
    Every era has its own mean, drawn with standard deviation ``shift_sd``: the alternative that
    the rotation test is made for. A single shift near an era's edge it hardly sees, because
    rotations that put an edge on the shift fit better still.

Methods
-------
sup_f_asymptotic
    sup-F, trim 0.15, with Hansen's asymptotic critical value.
sup_f_simulated_null, sup_f_simulated_break
    The same against the finite-sample critical value at the series' own rho, estimated from the
    demeaned series or with the best break removed (`oda_eras.breaks.lag1`). The critical value is
    interpolated on a grid of rho from -0.7 to 0.95 and held beyond it.
bic, lwz
    More than zero breaks in the mean chosen: smallest segment 5, at most 3 breaks.
ols_cusum
    OLS-CUSUM with its asymptotic critical value.
rotation
    Circular shift of the era labels, F ratio between all eras. No p below 1/n can occur.
newey_west_step, newey_west_level
    t test of a step after ``break_after``, fixed beforehand, with Newey-West (lag 2) errors,
    small-sample factor n / (n - k) and n - k degrees of freedom: the warning example. The
    regressors are constant and step, or those of a segmented regression (trend, change of slope).
permutation_4v3, permutation_3v4, permutation_7v4
    Exact permutation test of the last a observations up to ``break_after`` against the b that
    follow.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import special

from oda_eras.breaks import (
    _arrangements,
    _newey_west,
    _rotation_statistics,
    ar1,
    hansen_critical,
    lag1,
    simulate_sup_f,
    sup_f_paths,
)
from oda_eras.paths import project_root

# The filled scheme of data/eras.csv by majority of days, 1993-2023; 1992 precedes it.
ERAS = (5, 4, 5, 3, 3, 8, 1, 2)
YEARS = 32  # 1992-2023
RHOS = (0.0, 0.3, 0.5)
SHIFTS = (0.5, 1.0, 1.5, 2.0, 3.0)
NEIGHBOURS = ((4, 3), (3, 4), (7, 4))
LEVEL = 0.05


def simulate(
    seed: int = 20250521,
    n: int = YEARS,
    n_sim: int = 20_000,
    eras: tuple[int, ...] = ERAS,
    break_after: int = 12,
) -> pd.DataFrame:
    """Rejection rates of the methods in the module's docstring.

    Parameters
    ----------
    seed : int
        Seed; all shifts at one rho share their errors.
    n : int
        Observations.
    n_sim : int
        Series for each rho. 20,000 give a Monte Carlo error of at most 0.0035.
    eras : tuple of int
        Lengths of the eras in time order, ending with the last observation; the observations
        before them belong to no era. Default: the filled scheme, 5, 4, 5, 3, 3, 8, 1, 2.
    break_after : int
        Position of the shift, and of the fixed date of the step and permutation tests.

    Returns
    -------
    DataFrame
        A row per rho, scenario, shift and method; columns scenario ("size", "power",
        "power_eras"), errors ("iid" or "AR(1)"), rho, shift_sd (in standard deviations of the
        errors), break_after, method, rejection_rate (0..1), n_sim, mc_error (standard error of
        the rate), seed.

    Raises
    ------
    ValueError
        If the eras are longer than n, or break_after leaves fewer than 7 observations before or 4
        after it.
    """
    if sum(eras) > n:
        raise ValueError(f"eras sum to {sum(eras)}, more than n = {n}")
    if not 7 <= break_after <= n - 4:
        raise ValueError(f"break_after = {break_after} must lie between 7 and {n - 4}")
    battery = _battery(n, eras, break_after, seed)
    step = (np.arange(n) >= break_after)[:, None]
    codes = _era_codes(n, eras)
    rows = []
    for i, rho in enumerate(RHOS):
        rng = np.random.default_rng([seed, i])
        errors = ar1(n, rho, n_sim, rng) * math.sqrt(1 - rho**2)
        era_means = rng.standard_normal((len(eras), n_sim))[codes] * (codes >= 0)[:, None]
        signals = [("size", 0.0, step), *(("power", s, step) for s in SHIFTS)]
        signals += [("power_eras", s, era_means) for s in SHIFTS]
        for scenario, shift, signal in signals:
            y = errors + shift * signal
            for method, found in battery(y - y.mean(axis=0)).items():
                rate = float(found.mean())
                rows.append(
                    {
                        "scenario": scenario,
                        "errors": "AR(1)" if rho else "iid",
                        "rho": rho,
                        "shift_sd": shift,
                        "break_after": break_after,
                        "method": method,
                        "rejection_rate": round(rate, 4),
                        "n_sim": n_sim,
                        "mc_error": round(math.sqrt(rate * (1 - rate) / n_sim), 4),
                        "seed": seed,
                    }
                )
    return pd.DataFrame(rows)


def _era_codes(n: int, eras: tuple[int, ...]) -> np.ndarray:
    """Number of the era of each observation, -1 before the first."""
    return np.concatenate([np.full(n - sum(eras), -1), np.repeat(np.arange(len(eras)), eras)])


def _battery(
    n: int, eras: tuple[int, ...], break_after: int, seed: int
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """All methods as one function of mean-zero series (n, n_sim); True where one rejects."""
    codes = _era_codes(n, eras)
    time = np.arange(n)
    after = time >= break_after
    step = np.column_stack([np.ones(n), after])
    segmented = np.column_stack([np.ones(n), time, after * (time - break_after), after])
    grid = np.round(np.arange(-0.7, 0.951, 0.05), 2)
    critical = [np.quantile(simulate_sup_f(n, r, n_sim=20_000, seed=seed), 1 - LEVEL) for r in grid]

    def battery(y):
        sup, position = sup_f_paths(y)
        before = np.arange(n)[:, None] < position
        means = [np.sum(y, axis=0, where=side) / side.sum(axis=0) for side in (before, ~before)]
        rss = min_rss(y, 5, 3)
        n_breaks = np.arange(len(rss))[:, None]
        p = 2 * n_breaks + 1
        bic = n * np.log(rss) + 2 * np.log(n) * n_breaks
        lwz = np.log(rss / (n - p)) + 0.299 * p * np.log(n) ** 2.1 / n
        path = np.cumsum(y, axis=0) / (y.std(axis=0, ddof=1) * math.sqrt(n))
        turns = _rotation_statistics(y, codes)
        found = {
            "sup_f_asymptotic": sup >= hansen_critical(LEVEL, 1, math.floor(0.15 * n) / n),
            "sup_f_simulated_null": sup >= np.interp(lag1(y), grid, critical),
            "sup_f_simulated_break": sup
            >= np.interp(lag1(y - np.where(before, *means)), grid, critical),
            "bic": bic.argmin(axis=0) > 0,
            "lwz": lwz.argmin(axis=0) > 0,
            "ols_cusum": np.abs(path).max(axis=0) >= special.kolmogi(LEVEL),
            "rotation": (turns >= turns[0] * (1 - 1e-9)).mean(axis=0) <= LEVEL,
            "newey_west_step": np.abs(newey_west_t(y, step, 2)) >= _t_critical(n - 2),
            "newey_west_level": np.abs(newey_west_t(y, segmented, 2)) >= _t_critical(n - 4),
        }
        for a, b in NEIGHBOURS:
            neighbours = y[break_after - a : break_after + b]
            found[f"permutation_{a}v{b}"] = _permutation_p(neighbours, a) <= LEVEL
        return found

    return battery


def _t_critical(df: int) -> float:
    return float(special.stdtrit(df, 1 - LEVEL / 2))


def min_rss(y: np.ndarray, h: int, max_breaks: int) -> np.ndarray:
    """Smallest RSS with 0..max_breaks breaks in the mean, for many mean-zero series at once.

    Parameters
    ----------
    y : array, shape (n, n_sim)
    h : int
        Smallest segment.
    max_breaks : int

    Returns
    -------
    array, shape (max_breaks + 1, n_sim)

    Notes
    -----
    The search of `oda_eras.breaks.bai_perron` on differences of cumulated sums: fast for many
    series, and accurate enough for series without a large mean.
    """
    n, n_sim = y.shape
    sums = np.vstack([np.zeros(n_sim), np.cumsum(y, axis=0)])
    squares = np.vstack([np.zeros(n_sim), np.cumsum(y**2, axis=0)])
    best = np.full((max_breaks + 1, n + 1, n_sim), np.inf)
    for end in range(h, n + 1):
        start = np.arange(0, end - h + 1)
        length = (end - start)[:, None]
        cost = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / length
        best[0, end] = cost[0]
        for m in range(1, max_breaks + 1):
            best[m, end] = (best[m - 1, start] + cost).min(axis=0)
    return best[:, n]


def newey_west_t(y: np.ndarray, design: np.ndarray, lag: int) -> np.ndarray:
    """t of the last regressor with Newey and West's (1987) variance, for many series.

    Parameters
    ----------
    y : array, shape (n, n_sim)
    design : array, shape (n, k)
        Regressors, the constant among them.
    lag : int
        Lags, with Bartlett weights; the variance carries the small-sample factor n / (n - k).

    Returns
    -------
    array, shape (n_sim,)
    """
    n, k = design.shape
    weights = np.linalg.pinv(design)
    coefficients = weights @ y
    scores = weights[-1][:, None] * (y - design @ coefficients)
    variance = n * _newey_west(scores, lag) * n / (n - k)
    return coefficients[-1] / np.sqrt(variance)


def permutation_power(
    n_before: int, n_after: int, shift_sd: float, n_sim: int = 4_000, seed: int = 0
) -> float:
    """How often an exact permutation test of two groups finds a shift, at 5%.

    Parameters
    ----------
    n_before, n_after : int
        Sizes of the groups.
    shift_sd : float
        Difference of their means in standard deviations of the independent Gaussian values.
    n_sim, seed : int

    Returns
    -------
    float
        Share of ``n_sim`` pairs of groups with a two-sided p of 0.05 or less.
    """
    y = np.random.default_rng(seed).standard_normal((n_before + n_after, n_sim))
    y[:n_before] += shift_sd
    return float((_permutation_p(y, n_before) <= LEVEL).mean())


def _permutation_p(y: np.ndarray, size: int) -> np.ndarray:
    """Exact p of the first ``size`` rows against the others, for every column."""
    in_a = _arrangements(len(y), size)
    difference = np.abs((in_a / size - ~in_a / (len(y) - size)) @ y)
    return (difference >= difference[0] * (1 - 1e-9)).mean(axis=0)


if __name__ == "__main__":
    simulate().to_csv(project_root() / "data" / "power.csv", index=False, lineterminator="\n")
