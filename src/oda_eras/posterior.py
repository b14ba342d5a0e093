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


def change_points(
    series: pd.Series, min_segment: int = 5, max_breaks: int = 3, seed: int = 1
) -> tuple[pd.Series, pd.Series]:
    """Posterior of breaks in a piecewise constant mean (Zhao et al. 2019, Remote Sensing of
    Environment 232, 111181).

    Parameters
    ----------
    series : Series
        Yearly values without gaps, index year.
    min_segment, max_breaks : int
        Smallest segment in years and largest number of breaks, equally likely beforehand.
    seed : int
        Seed of the sampler.

    Returns
    -------
    by_year : Series
        Probability of a break by the *last year of the old level* (Rbeast names the first of the
        new one), rounded to 0.01, which is about the sampler's own error.
    by_number : Series
        Probability of 0, 1, ..., max_breaks breaks.
    """
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
    probability = np.nan_to_num(np.asarray(result.trend.cpOccPr, dtype=float))
    by_year = pd.Series(probability[1:], index=series.index[:-1], name="probability")
    number = np.asarray(result.trend.ncpPr, dtype=float)[: max_breaks + 1]
    by_number = pd.Series(number, index=pd.RangeIndex(len(number), name="breaks"))
    return by_year.round(2), by_number.round(2)
