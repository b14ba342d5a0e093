"""Size and power of every break method the notebooks use, on series as short as theirs.

`make power` (``python -m oda_eras.power``) writes data/power.csv. The seed is fixed and rates are
rounded, so a rerun gives the same bytes; it takes about a minute on one core.

The series are Gaussian: independent, or AR(1) with a stationary start, scaled to a standard
deviation of 1. They have the years and the eras of the filled scheme of data/eras.csv, and a step
comes where the scheme has a boundary. Nominal level 5% throughout.

Scenarios
---------
size
    No break: how often the method finds one that is not there.
power
    The mean shifts once, by ``shift_sd``, at the boundary ``break_after``.
power_eras
    Every era has its own mean, drawn with standard deviation ``shift_sd``: the alternative that
    the rotation test is made for. A single step it sees less well: many rotations put some
    other edge on the step and fit it as well.

Methods
-------
sup_f_asymptotic
    sup-F, trim 0.15, with Hansen's asymptotic critical value.
sup_f_simulated_null, sup_f_simulated_break
    The same against the finite-sample critical value at the series' own rho, estimated from the
    demeaned series or with the best break removed (`oda_eras.breaks.lag1`). The critical value is
    interpolated on a grid of rho from -0.7 to 0.95 and held beyond it.
ud_max_simulated_null, ud_max_simulated_break
    UDmax over 1 to 3 breaks, segments of 5 or more, against its critical values at the same two
    rhos.
bic, lwz
    More than zero breaks in the mean chosen: smallest segment 5, at most 3 breaks.
ols_cusum
    OLS-CUSUM with its asymptotic critical value.
rotation
    Circular shift of the era labels, F ratio between all eras. No p below 1/n can occur.
era_f_ar1
    The same F against its finite-sample critical value in AR(1) series at the series' own rho,
    estimated from the demeaned series, interpolated like that of sup-F.
newey_west_step, newey_west_level
    t test of a step at the boundary, which is known beforehand, with Newey-West (lag 2) errors,
    small-sample factor n / (n - k) and n - k degrees of freedom: the warning example. The
    regressors are constant and step, or those of a segmented regression (trend, change of slope).
permutation
    Exact permutation test of the two eras that meet at the boundary.

The last three are told the boundary, and missing where one of its eras has fewer than 3 years.
"""

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from oda_eras.breaks import (
    ar1,
    hansen_critical,
    lag1,
    min_rss,
    simulate_sup_f,
    simulate_ud_max,
    sup_f_of_m,
    sup_f_paths,
)
from oda_eras.eras import MAX_BREAKS, MIN_SEGMENT, SMALLEST_ERA, majority_era
from oda_eras.paths import project_root
from oda_eras.study import LAST_YEAR, LEVEL, LISTED

RHOS = (0.0, 0.3, 0.6)
SHIFTS = (0.5, 1.0, 1.5, 2.0, 3.0)


def era_lengths(eras: pd.DataFrame) -> tuple[int, ...]:
    """Years that each era of the filled scheme of data/eras.csv holds by majority of days."""
    era = majority_era(eras[eras.scheme == "filled"], list(range(LISTED, LAST_YEAR + 1)))
    return tuple(int(size) for size in era.groupby(era, sort=False).size())


def simulate(lengths: tuple[int, ...], n_sim: int = 4_000, seed: int = 20250521) -> pd.DataFrame:
    """Rejection rates of the methods in the module's docstring.

    Parameters
    ----------
    lengths : tuple of int
        Observations of each era, in time order; together the length n of the series.
    n_sim : int
        Series for each rho and boundary. 4,000 give a Monte Carlo error of at most 0.008, and of
        at most 0.003 to a mean over seven boundaries.
    seed : int
        Seed; all scenarios and shifts at one rho and boundary share their errors.

    Returns
    -------
    DataFrame
        A row per rho, boundary, scenario, shift and method; columns scenario ("size", "power",
        "power_eras"), n, rho, shift_sd (in standard deviations of the errors), break_after (the
        boundary: last observation of the old era), method, rejection_rate (0..1), n_sim, mc_error
        (standard error of the rate), seed.
    """
    n, boundaries = sum(lengths), np.cumsum(lengths)[:-1]
    battery = _battery(lengths, seed)
    rows = []
    for i, rho in enumerate(RHOS):
        for position, boundary in enumerate(boundaries):
            rng = np.random.default_rng([seed, i, position])
            errors = ar1(n, rho, n_sim, rng) * math.sqrt(1 - rho**2)
            step = (np.arange(n) >= boundary)[:, None]
            means = rng.standard_normal((len(lengths), n_sim)).repeat(lengths, axis=0)
            signals = [("size", 0.0, step), *(("power", s, step) for s in SHIFTS)]
            signals += [("power_eras", s, means) for s in SHIFTS]
            for scenario, shift, signal in signals:
                y = errors + shift * signal
                for method, found in battery(y - y.mean(axis=0), position).items():
                    rate = float(found.mean())
                    rows.append(
                        {
                            "scenario": scenario,
                            "n": n,
                            "rho": rho,
                            "shift_sd": shift,
                            "break_after": int(boundary),
                            "method": method,
                            "rejection_rate": round(rate, 4),
                            "n_sim": n_sim,
                            "mc_error": round(math.sqrt(rate * (1 - rate) / n_sim), 4),
                            "seed": seed,
                        }
                    )
    return pd.DataFrame(rows)


def _battery(
    lengths: tuple[int, ...], seed: int
) -> Callable[[np.ndarray, int], dict[str, np.ndarray]]:
    """All methods as one function of mean-zero series (n, n_sim) and the number of the boundary,
    from 0, that the last three are told; True where one rejects."""
    n = sum(lengths)
    time = np.arange(n)
    grid = np.round(np.arange(-0.7, 0.951, 0.05), 2)

    def critical(simulated) -> np.ndarray:
        return np.array([np.quantile(simulated(rho), 1 - LEVEL) for rho in grid])

    sup_critical = critical(lambda rho: simulate_sup_f(n, rho, n_sim=20_000, seed=seed))
    several = dict(h=MIN_SEGMENT, max_breaks=MAX_BREAKS)
    ud_critical = critical(lambda rho: simulate_ud_max(n, rho, **several, n_sim=20_000, seed=seed))
    era_critical = critical(
        lambda rho: era_f(ar1(n, rho, 20_000, np.random.default_rng(seed)), lengths)
    )

    def battery(y, position):
        sup, at = sup_f_paths(y)
        before = time[:, None] < at
        means = [np.sum(y, axis=0, where=side) / side.sum(axis=0) for side in (before, ~before)]
        rho, rho_break = lag1(y), lag1(y - np.where(before, *means))
        rss = min_rss(y, **several)
        largest = sup_f_of_m(rss, n).max(axis=0)
        n_breaks = np.arange(len(rss))[:, None]
        p = 2 * n_breaks + 1
        bic = n * np.log(rss) + 2 * np.log(n) * n_breaks
        lwz = np.log(rss / (n - p)) + 0.299 * p * np.log(n) ** 2.1 / n
        path = np.cumsum(y, axis=0) / (y.std(axis=0, ddof=1) * math.sqrt(n))
        turns = era_f(y, lengths, turned=True)
        found = {
            "sup_f_asymptotic": sup >= hansen_critical(LEVEL, 1, math.floor(0.15 * n) / n),
            "sup_f_simulated_null": sup >= np.interp(rho, grid, sup_critical),
            "sup_f_simulated_break": sup >= np.interp(rho_break, grid, sup_critical),
            "ud_max_simulated_null": largest >= np.interp(rho, grid, ud_critical),
            "ud_max_simulated_break": largest >= np.interp(rho_break, grid, ud_critical),
            "bic": bic.argmin(axis=0) > 0,
            "lwz": lwz.argmin(axis=0) > 0,
            "ols_cusum": np.abs(path).max(axis=0) >= special.kolmogi(LEVEL),
            "rotation": (turns >= turns[0] * (1 - 1e-9)).mean(axis=0) <= LEVEL,
            "era_f_ar1": turns[0] >= np.interp(rho, grid, era_critical),
        }
        a, b = lengths[position : position + 2]
        if min(a, b) >= SMALLEST_ERA:
            boundary = sum(lengths[: position + 1])
            after = time >= boundary
            step = np.column_stack([np.ones(n), after])
            segmented = np.column_stack([np.ones(n), time, after * (time - boundary), after])
            found |= {
                "newey_west_step": np.abs(newey_west_t(y, step, 2)) >= _t_critical(n - 2),
                "newey_west_level": np.abs(newey_west_t(y, segmented, 2)) >= _t_critical(n - 4),
                "permutation": _permutation_p(y[boundary - a : boundary + b], a) <= LEVEL,
            }
        return found

    return battery


def _t_critical(df: int) -> float:
    return float(special.stdtrit(df, 1 - LEVEL / 2))


def era_f(y: np.ndarray, lengths: tuple[int, ...], turned: bool = False) -> np.ndarray:
    """F ratio between eras, mean square between over mean square within, for many series.

    Parameters
    ----------
    y : array, shape (n, n_sim)
    lengths : tuple of int
        Observations of each era, in time order, n together.
    turned : bool
        Whether for every circular shift of the eras, too; the first is none.

    Returns
    -------
    array, shape (n_sim,), or (n, n_sim) if turned
    """
    y = y - y.mean(axis=0)
    n, eras = len(y), len(lengths)
    # each era's sum over the root of its length, as a product: (shifts, eras, n) by (n, n_sim)
    weights = np.repeat(np.diag(np.array(lengths) ** -0.5), lengths, axis=1)
    shifts = np.stack([np.roll(weights, -shift, axis=1) for shift in range(n if turned else 1)])
    sums = (shifts.reshape(-1, n) @ y).reshape(-1, eras, y.shape[1])
    between = (sums**2).sum(axis=1)
    within = (y**2).sum(axis=0) - between
    f = between / (eras - 1) / (within / (n - eras))
    return f if turned else f[0]


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
    variance = (scores**2).sum(axis=0)
    for step in range(1, lag + 1):
        bartlett = 1 - step / (lag + 1)
        variance += 2 * bartlett * (scores[step:] * scores[:-step]).sum(axis=0)
    return coefficients[-1] / np.sqrt(variance * n / (n - k))


def _permutation_p(y: np.ndarray, size: int) -> np.ndarray:
    """Exact p of the first ``size`` rows against the others, for every column."""
    chosen = list(combinations(range(len(y)), size))
    in_a = np.zeros((len(chosen), len(y)), dtype=bool)
    np.put_along_axis(in_a, np.array(chosen), True, axis=1)
    difference = np.abs((in_a / size - ~in_a / (len(y) - size)) @ y)
    return (difference >= difference[0] * (1 - 1e-9)).mean(axis=0)


if __name__ == "__main__":
    from oda_eras.commands import one_line

    with one_line():
        data = project_root() / "data"
        rates = simulate(era_lengths(pd.read_csv(data / "eras.csv")))
        rates.to_csv(data / "power.csv", index=False, lineterminator="\n")
