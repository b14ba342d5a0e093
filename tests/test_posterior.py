"""Rbeast's years are turned into the project's: the last year of the old level."""

import numpy as np
import pandas as pd
from conftest import OUT, ROOT

from oda_eras.posterior import STEP, change_points, posterior_means

YEARS = pd.Index(range(1990, 2020))


def test_a_clear_step_is_found_at_the_last_old_year():
    noise = np.random.default_rng(0).normal(size=30)
    series = pd.Series(np.where(YEARS <= 2004, 0.0, 30.0) + noise, index=YEARS)
    by_year, by_number = change_points(series)
    assert by_year.idxmax() == 2004 and by_year.max() > 0.9
    assert by_number.idxmax() == 1


def test_japans_total_is_rounded_the_same_in_every_process(capfd):
    totals = pd.read_csv(ROOT / OUT / "data/totals.csv").set_index("year").with_uzbekistan
    first, again = (posterior_means(totals.loc[1993:], 5, 3) for _ in range(2))
    assert capfd.readouterr() == ("", "")
    for one, other in zip(first, again, strict=True):
        assert (one - other).abs().max() < 0.001
        to_the_middle = (one / STEP - np.floor(one / STEP) - 0.5).abs() * STEP
        assert to_the_middle.min() > 0.002, "a value may be rounded either way: change STEP"
