"""Rbeast's posterior of change points, by year and without its noise."""

import sys
from contextlib import contextmanager

import numpy as np
import pandas as pd
import Rbeast


@contextmanager
def _quiet_unraisable():
    """Keep an error that Rbeast raises and ignores on Python 3.13 off the notebook's stderr."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
    try:
        yield
    finally:
        sys.unraisablehook = hook


# Rbeast's sampler does not repeat exactly from process to process, seeded or not. The mean over so
# many seeds moves by less than 0.001; rounded to this step it is the same every time, unless a
# value lies that close to the middle between two steps (a test looks).
SEEDS, STEP = 25, 0.02


def change_points(
    series: pd.Series, min_segment: int = 5, max_breaks: int = 3
) -> tuple[pd.Series, pd.Series]:
    """Posterior of breaks in a piecewise constant mean (Zhao et al. 2019, Remote Sensing of
    Environment 232, 111181).

    Parameters
    ----------
    series : Series
        Yearly values without gaps, index year.
    min_segment, max_breaks : int
        Smallest segment in years and largest number of breaks, equally likely beforehand.

    Returns
    -------
    by_year : Series
        Probability of a break by the *last year of the old level* (Rbeast names the first of the
        new one), rounded to `STEP`.
    by_number : Series
        Probability of 0, 1, ..., max_breaks breaks, rounded likewise.
    """
    by_year, by_number = posterior_means(series, min_segment, max_breaks)
    return tuple(((values / STEP).round() * STEP).round(2) for values in (by_year, by_number))


def posterior_means(
    series: pd.Series, min_segment: int, max_breaks: int
) -> tuple[pd.Series, pd.Series]:
    """What `change_points` rounds: means over `SEEDS` runs of the sampler."""
    runs = [_sample(series, min_segment, max_breaks, seed) for seed in range(1, SEEDS + 1)]
    by_year, by_number = (sum(part) / SEEDS for part in zip(*runs, strict=True))
    return (
        pd.Series(by_year, index=series.index[:-1], name="probability"),
        pd.Series(by_number, index=pd.RangeIndex(len(by_number), name="breaks")),
    )


def _sample(series, min_segment, max_breaks, seed) -> tuple[np.ndarray, np.ndarray]:
    with _quiet_unraisable():
        result = Rbeast.beast(
            series.to_numpy(dtype=float),
            start=int(series.index[0]),
            deltat=1,
            season="none",
            torder_minmax=[0, 0],
            tcp_minmax=[0, max_breaks],
            tseg_minlength=min_segment,
            mcmc_seed=seed,
            print_progress=False,
            print_options=False,
            quiet=True,
        )
    by_year = np.nan_to_num(np.asarray(result.trend.cpOccPr, dtype=float))[1:]
    return by_year, np.asarray(result.trend.ncpPr, dtype=float)[: max_breaks + 1]
