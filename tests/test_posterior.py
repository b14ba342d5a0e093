"""Rbeast's years are turned into the project's: the last year of the old level."""

import numpy as np
import pandas as pd

from oda_eras.posterior import change_points

YEARS = pd.Index(range(1990, 2020))


def test_a_clear_step_is_found_at_the_last_old_year():
    noise = np.random.default_rng(0).normal(size=30)
    series = pd.Series(np.where(YEARS <= 2004, 0.0, 30.0) + noise, index=YEARS)
    by_year, by_number = change_points(series)
    assert by_year.idxmax() == 2004 and by_year.max() > 0.9
    assert by_number.idxmax() == 1


def test_the_seed_repeats_and_nothing_is_printed(capfd):
    series = pd.Series(np.random.default_rng(1).normal(size=30), index=YEARS)
    first, again = change_points(series)[0], change_points(series)[0]
    assert first.equals(again)
    assert capfd.readouterr() == ("", "")
